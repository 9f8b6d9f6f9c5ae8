"""Octets read from front to back within their bounds, for content that nests lengths."""

from __future__ import annotations

from typing import Final

from modemgw.pdu.errors import PduError


class Cursor:
    """A place in some octets that only moves forward, and never past their end.

    Every read moves at least one octet or raises PduError, so what loops `while cursor` ends.
    `field` and `clause` go into the errors; `at` counts from the start of the outermost octets.
    """

    __slots__ = ("_clause", "_end", "_field", "_octets", "at")

    def __init__(
        self, octets: bytes, field: str, clause: str, *, at: int = 0, end: int | None = None
    ) -> None:
        self._octets: Final = octets
        self._field: Final = field
        self._clause: Final = clause
        self._end: Final = len(octets) if end is None else end
        self.at = at

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self.at < self._end

    @property
    def left(self) -> int:
        """How many octets are left."""
        return self._end - self.at

    def peek(self) -> int:
        """The next octet, without moving."""
        if self.at >= self._end:
            raise self.error("ends too early")
        return self._octets[self.at]

    def octet(self) -> int:
        """The next octet."""
        octet = self.peek()
        self.at += 1
        return octet

    def take(self, count: int) -> bytes:
        """The next `count` octets."""
        if count > self.left:
            raise self.error(f"ends too early, {count} octets announced and {self.left} left")
        self.at += count
        return self._octets[self.at - count : self.at]

    def part(self, count: int) -> Cursor:
        """A cursor over the next `count` octets, behind which this one goes on."""
        start = self.at
        self.take(count)
        return Cursor(self._octets, self._field, self._clause, at=start, end=self.at)

    def until_nul(self) -> bytes:
        """The octets up to the next NUL, which is passed over."""
        nul = self._octets.find(0, self.at, self._end)
        if nul < 0:
            raise self.error("a text without an end")
        octets = self._octets[self.at : nul]
        self.at = nul + 1
        return octets

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(self.left)

    def error(self, what: str) -> PduError:
        """The error that says `what` is wrong at this place."""
        return PduError(
            f"{self._field}: {what}", at=self.at, field=self._field, clause=self._clause
        )
