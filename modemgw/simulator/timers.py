"""What is to happen later, of one owner: bounded, and over when the owner is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.simulator.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

_LIMIT = 200_000


class Timer:
    """Something that is to happen at a time of the bank's clock."""

    __slots__ = ("action", "due", "handle")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due, self.action = due, action
        self.handle: asyncio.TimerHandle | None = None


class Timers:
    """Those of one owner, by the bank's clock. Use on the event loop's thread."""

    def __init__(self, clock: Clock | None = None, limit: int = _LIMIT) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock or Clock()
        self._clock.on_change(self._again)
        self._limit = limit
        self._running: set[Timer] = set()

    def __len__(self) -> int:
        return len(self._running)

    def now(self) -> float:
        """Seconds of the epoch."""
        return self._clock.time()

    def date(self) -> datetime:
        """The same as a date, in UTC."""
        return self._clock.date()

    def after(self, seconds: float, action: Callable[[], None]) -> Timer | None:
        """Act in so many seconds; None, and never, where too much is to happen already."""
        if len(self._running) >= self._limit:
            return None
        timer = Timer(self._clock.time() + seconds, action)
        self._running.add(timer)
        self._start(timer)
        return timer

    def cancel(self, timer: Timer | None) -> None:
        """It is not to happen after all; nothing where it did, or was never to."""
        if timer is not None:
            self._running.discard(timer)
            if timer.handle is not None:
                timer.handle.cancel()

    def close(self) -> None:
        """Nothing happens any more."""
        for timer in tuple(self._running):
            self.cancel(timer)

    def _start(self, timer: Timer) -> None:
        course = self._clock.course
        wait_s = timer.due - self._clock.time()
        if course.scale or wait_s <= 0:  # what is overdue happens, even where the clock stands
            real_s = wait_s / (course.scale or 1)
            timer.handle = self._loop.call_at(self._loop.time() + real_s, self._act, timer)

    def _act(self, timer: Timer) -> None:
        self._running.discard(timer)
        timer.action()

    def _again(self) -> None:
        """The clock runs otherwise now. What is overdue happens in its order."""
        for timer in sorted(self._running, key=lambda timer: timer.due):
            if timer.handle is not None:
                timer.handle.cancel()
                timer.handle = None
            self._start(timer)
