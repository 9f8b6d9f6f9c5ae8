"""The flight recorder: the last kilobytes of a dialogue, with times.

Numbers and texts are people's, so what is shown is masked unless asked for (`masked=False`).
"""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Direction(StrEnum):
    """Whose bytes they are."""

    WRITTEN = ">"
    READ = "<"
    NOTE = "#"


@dataclass(frozen=True, slots=True)
class Entry:
    """Some bytes at a time, in seconds of the epoch."""

    at: float
    direction: Direction
    data: bytes


_OVERHEAD = 100  # octets that an entry costs beyond its data, roughly
_LONG_HEX = re.compile(r"[0-9A-Fa-f]{16,}")
_NUMBER = re.compile(r"(?<![0-9A-Fa-f])\+?\d{5,}")
# Quoted strings that are names of storages, operators and the like are short or have no digits;
# what stands behind +CUSD or +CPIN is somebody's.
_PRIVATE = re.compile(r'(\+(?:CUSD|CPIN)[=:][^"]*)"[^"]*"?')


class Recorder:
    """A ring of entries, bounded in bytes."""

    __slots__ = ("_clock", "_entries", "_limit", "_size")

    def __init__(self, limit: int, clock: Callable[[], float] = time.time) -> None:
        self._entries: deque[Entry] = deque()
        self._limit = limit
        self._size = 0
        self._clock = clock

    def record(self, direction: Direction, data: bytes) -> None:
        """Keep some bytes; the oldest go where there is no room."""
        self._entries.append(Entry(self._clock(), direction, data))
        self._size += len(data) + _OVERHEAD
        while self._size > self._limit and self._entries:
            self._size -= len(self._entries.popleft().data) + _OVERHEAD

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that is kept, unmasked, oldest first: what a replay needs."""
        return tuple(self._entries)

    def lines(self, *, masked: bool = True) -> list[str]:
        """All that is kept, a line an entry, for a person."""
        return [
            f"{entry.at:.3f} {entry.direction} {_readable(entry.data, masked=masked)}"
            for entry in self._entries
        ]


def _readable(data: bytes, *, masked: bool) -> str:
    text = data.decode("latin-1")
    text = mask(text) if masked else text
    return text.encode("unicode_escape").decode("ascii")


def mask(text: str) -> str:
    """A text without PDUs, numbers, and USSD strings: their lengths and last digits stay."""
    text = _PRIVATE.sub(r'\1"…"', text)
    text = _LONG_HEX.sub(lambda found: f"<{len(found[0])} hex>", text)
    return _NUMBER.sub(lambda found: "…" + found[0][-2:], text)
