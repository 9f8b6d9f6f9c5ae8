"""What the store raises."""

from __future__ import annotations


class StoreError(Exception):
    """The database cannot be used as configured; the words say what to do."""


class StoreUnavailableError(StoreError):
    """The database could not be read or written just now; nothing was changed. Try again later."""


class StoreOverloadedError(StoreUnavailableError):
    """More changes wait than the writer may hold; nothing was changed. Try again later."""
