"""What ends the tour."""

from __future__ import annotations


class StepFailedError(Exception):
    """A step of the tour did not hold; the words say which promise was broken."""
