"""A time limit for one exchange after the other.

Nearly every exchange ends long before its limit. A timer for each would go into the loop's heap
and out of it again; an alarm keeps the one that it has, and looks at the limit that holds when that
rings.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Alarm:
    """Rings once, for the last time that it was set, unless it is cleared before."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ring: Callable[[], None] | None = None
        self._at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, after_s: float, ring: Callable[[], None]) -> None:
        """Call `ring` after so many seconds; what was set before is forgotten."""
        self._at, self._ring = self._loop.time() + after_s, ring
        if self._timer is None or self._timer.when() > self._at:
            self._start()

    def clear(self) -> None:
        """Ring no more."""
        self._ring = None

    def close(self) -> None:
        """Ring no more, and let the loop forget it."""
        self._ring = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._at, self._look)

    def _look(self) -> None:
        timer, self._timer = self._timer, None
        ring = self._ring
        if ring is None:
            return
        assert timer is not None
        if timer.when() < self._at:  # set anew since
            self._start()
            return
        self._ring = None
        ring()
