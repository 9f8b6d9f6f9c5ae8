"""What ends a command, in words for the person who typed it."""

from __future__ import annotations


class CommandError(Exception):
    """The command cannot go on; its words are the last line on standard error."""
