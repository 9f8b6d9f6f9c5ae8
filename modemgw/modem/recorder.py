"""The flight recorder: the last kilobytes of a dialogue, with times.

It keeps what a replay needs (`replay`): the bytes of both sides, and what no byte tells, that a
port was opened and that a command was given up. It holds people's numbers and texts, which are
masked when it is shown (`masking`). A PIN never gets in: from the moment that one is written until
the dialogue has gone on, all digits are stars, of an echo too.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable


class Direction(StrEnum):
    """Whose bytes they are, or what happened."""

    WRITTEN = ">"
    READ = "<"
    NOTE = "#"
    OPENED = "|"  # a new dialogue begins
    GAVE_UP = "~"  # whoever waited for the pending command stopped


@dataclass(frozen=True, slots=True)
class Entry:
    """Some bytes at a time, in seconds of a monotonic clock."""

    at: float
    direction: Direction
    data: bytes


_OVERHEAD: Final = 100  # octets that an entry costs beyond its data, roughly
_DIGITS: Final = bytes(range(ord("0"), ord("9") + 1))
_STARRED: Final = bytes.maketrans(_DIGITS, b"*" * len(_DIGITS))
_ERRORS: Final = (b"+CME", b"+CMS")  # their digits are no echo


class Recorder:
    """A ring of entries, bounded in bytes."""

    __slots__ = ("_clock", "_dropped", "_entries", "_head", "_limit", "_secret", "_size")

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: deque[Entry] = deque()
        self._limit = limit
        self._size = 0
        self._clock = clock
        self._dropped = False
        self._secret = False
        self._head = b""  # of the line that is being read, while something is secret

    def record(self, direction: Direction, data: bytes = b"", *, secret: bool = False) -> None:
        """Keep some bytes; the oldest go where there is no room. See `reveal` on `secret`."""
        if secret:
            self._secret = True
            self._head = b""
        if self._secret:
            data = data.translate(_STARRED) if secret else self._without_echo(data)
        self._entries.append(Entry(self._clock(), direction, data))
        self._size += len(data) + _OVERHEAD
        while self._size > self._limit and self._entries:
            self._size -= len(self._entries.popleft().data) + _OVERHEAD
            self._dropped = True

    def reveal(self) -> None:
        """What was secret has been answered: nothing of it can be echoed any more."""
        self._secret = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that is kept, unmasked, oldest first."""
        return tuple(self._entries)

    @property
    def dropped(self) -> bool:
        """Whether something older is gone."""
        return self._dropped

    def _without_echo(self, data: bytes) -> bytes:
        kept = bytearray(data)
        for position, octet in enumerate(data):
            if octet in b"\r\n":
                self._head = b""
                continue
            if octet in _DIGITS and not self._head.startswith(_ERRORS):
                kept[position] = ord("*")
            if len(self._head) < len(_ERRORS[0]):
                self._head += data[position : position + 1]
        return bytes(kept)
