"""The time of a bank and of who follows it: the system's, until somebody hurries it or sets it on.

Everything that is a matter of hours goes by it: timetables, validity, scripts, time stamps of the
network. What passes between a modem and its user takes real time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SCALE_LIMIT: Final = 100_000.0
_END: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Course:
    """How time runs: it was `now` (seconds of the epoch) at `t` (seconds of CLOCK_MONOTONIC), and
    runs `scale` times as fast as that clock; 0 stands still."""

    now: float
    t: float
    scale: float

    def at(self, t: float) -> float:
        """What time it is at a time of CLOCK_MONOTONIC."""
        return self.now + (t - self.t) * self.scale


class Clock:
    """One time for all. Use on the event loop's thread."""

    def __init__(self) -> None:
        self._course = Course(time.time(), time.monotonic(), 1.0)
        self._told: list[Callable[[], None]] = []

    @property
    def course(self) -> Course:
        return self._course

    def time(self) -> float:
        """Seconds of the epoch."""
        return self._course.at(time.monotonic())

    def date(self) -> datetime:
        """The same as a date, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def on_change(self, told: Callable[[], None]) -> None:
        """Tell somebody whenever it runs otherwise or was set."""
        self._told.append(told)

    def set(self, *, scale: float | None = None, advance_s: float = 0.0) -> None:
        """Run `scale` times as fast as real time, and be so much later at once; never earlier.

        ValueError otherwise, and beyond 2099, which no time stamp can say (23.040 §9.2.3.11).
        """
        if advance_s < 0:
            raise ValueError("the clock does not go back")
        if self.time() + advance_s >= _END:
            raise ValueError("the clock goes to the end of 2099")
        self._course = Course(
            now=self.time() + advance_s,
            t=time.monotonic(),
            scale=self._course.scale if scale is None else scale,
        )
        for told in self._told:
            told()
