"""The one error of this room."""

from __future__ import annotations


class AtError(Exception):
    """An answer that does not have the form it must have, or a dialogue used out of turn."""
