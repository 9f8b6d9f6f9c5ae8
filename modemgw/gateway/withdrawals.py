"""Withdrawals of consent, in memory: for the gate's last look, between the commit and the write to
the modem, where there is no time for a database.

Only what happens after a part got its permit matters, and a permit is good for a second or so: a
withdrawal is remembered as long as one may be under way, and then forgotten.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEMBERED_S = 600.0


class Withdrawals:
    """Who has withdrawn a consent lately."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._withdrawn: dict[str, float] = {}  # when, by the monotonic clock; the oldest first

    def note(self, number: str) -> None:
        """Note a withdrawal that is committed, here or by another host."""
        now = time.monotonic()
        self._withdrawn.pop(number, None)
        self._withdrawn[number] = now
        while (oldest := next(iter(self._withdrawn))) and (
            self._withdrawn[oldest] < now - REMEMBERED_S
        ):
            del self._withdrawn[oldest]

    def since(self, number: str, at: float) -> bool:
        """Whether one was committed after a time of the monotonic clock, or may be right now."""
        return number in self._under_way or self._withdrawn.get(number, float("-inf")) >= at

    @contextmanager
    def hold(self, number: str) -> Iterator[None]:
        """Let nothing begin that needs this number's consent; enter before the transaction is
        queued, and `note` it before leaving where it was committed."""
        self._under_way[number] += 1
        try:
            yield
        finally:
            self._under_way[number] -= 1
            if not self._under_way[number]:
                del self._under_way[number]
