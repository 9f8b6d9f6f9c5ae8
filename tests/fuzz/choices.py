"""Octets as a row of choices, for targets that need more than octets."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Takes choices from the front of some octets; behind their end all are the first one."""

    __slots__ = ("_at", "_octets")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def octet(self) -> int:
        """0 to 255."""
        octet = self._octets[self._at] if self._at < len(self._octets) else 0
        self._at += 1
        return octet

    def flag(self) -> bool:
        """Yes or no."""
        return bool(self.octet() & 1)

    def one_of(self, *things: T) -> T:
        """One of up to 256."""
        return things[self.octet() % len(things)]

    def taken(self, count: int) -> bytes:
        """The next `count` octets, or as many as are left."""
        at, self._at = self._at, self._at + count
        return self._octets[at : self._at]

    def rest(self) -> bytes:
        """All that are left."""
        return self._octets[self._at :]

    def __bool__(self) -> bool:
        """Octets are left."""
        return self._at < len(self._octets)
