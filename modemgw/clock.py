"""The time that policy goes by: quiet hours, validity, backoff, timeouts of hours, retention.

What waits for a modem, a port, a database or an HTTP peer takes real time and never asks here. A
clock is handed in; it is the system's, but for a test that has the daemon follow somebody else's.

Theory of operation. A shared clock is a straight line: it was `now` at a moment `t` of
CLOCK_MONOTONIC, which is one for all processes of a machine, and it runs `scale` times as fast. So
nothing is asked and nothing drifts; the server of the clock tells of a new line, and whoever waits
looks again how long. Time never goes back: a line that would begin earlier begins at the present.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

CONNECT_LIMIT_S: Final = 5.0
RECONNECT_S: Final = 1.0
SCALE_LIMIT: Final = 100_000.0
LEAST_S: Final = 0.02  # of real time: however fast it runs, nobody who waits for it spins
_LINE_LIMIT: Final = 4096


class ClockError(Exception):
    """There is no clock to follow; the words say where it was looked for."""


class Clock(Protocol):
    """What time it is, and how to wait for another.

    `warning` says what a person has to know of it; empty for real time.
    """

    warning: str

    def __call__(self) -> float:
        """Seconds of the epoch."""

    def elapsed(self) -> float:
        """Seconds since some moment; they never go back, whoever sets the system's time."""

    async def pause(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Wait for so long, or until the event is set."""


class SystemClock:
    """Real time."""

    warning = ""

    def __call__(self) -> float:
        """As `Clock` has it."""
        return time.time()

    def elapsed(self) -> float:
        """As `Clock` has it."""
        return time.monotonic()

    async def pause(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """As `Clock` has it."""
        if until is None:
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await until.wait()


SYSTEM: Final = SystemClock()


def moment(seconds: float | None) -> datetime | None:
    """A time of the epoch as a datetime in UTC; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True)
class _Course:
    now: float
    t: float
    scale: float

    def at(self, t: float) -> float:
        return self.now + (t - self.t) * self.scale


class SharedClock:
    """A clock that others set; see the module. Use on the event loop's thread."""

    def __init__(self, path: Path) -> None:
        """`path` is the Unix socket where it is told how time runs."""
        self._path = path
        self.warning = f"time is not real: the daemon follows the test clock at {path}"
        self._course = _Course(time.time(), time.monotonic(), 1.0)
        self._is_told = False
        self._changed = asyncio.Event()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    def __call__(self) -> float:
        """As `Clock` has it."""
        return self._course.at(time.monotonic())

    elapsed = __call__

    async def pause(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """As `Clock` has it; it ends early where the clock is set on meanwhile."""
        due = self() + seconds
        until = until or asyncio.Event()
        while (left := due - self()) > 0 and not until.is_set():
            scale = self._course.scale
            await self._first_of(until, max(left / scale, LEAST_S) if scale else None)

    async def _first_of(self, until: asyncio.Event, limit_s: float | None) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (until, self._changed)]
        try:
            await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def connect(self) -> None:
        """Begin to follow. Raises ClockError where nobody tells the time."""
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                self._reader, self._writer = await asyncio.open_unix_connection(
                    self._path, limit=_LINE_LIMIT
                )
                self._take(await self._reader.readline())
        except (OSError, ValueError) as error:
            raise ClockError(
                f"test.clock: nobody tells the time at {self._path} ({error}); `modemgw simulate` "
                "serves it as DIR/clock.sock"
            ) from None

    async def run(self) -> None:
        """Follow until cancelled; while nobody tells the time, it runs on as it did."""
        try:
            while True:
                await self._follow()
                log.warning("clock_lost", path=str(self._path))
                await self._reconnect()
        finally:
            self._hang_up()

    async def _follow(self) -> None:
        assert self._reader is not None
        with contextlib.suppress(OSError, ValueError):
            while line := await self._reader.readline():
                self._take(line)
        self._hang_up()

    async def _reconnect(self) -> None:
        while True:
            await asyncio.sleep(RECONNECT_S)
            with contextlib.suppress(ClockError):
                await self.connect()
                return

    def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _take(self, line: bytes) -> None:
        """Raises ValueError for what says nothing of a clock."""
        told = json.loads(line)
        try:
            now, t, scale = (float(told[name]) for name in ("now", "t", "scale"))
        except (TypeError, KeyError) as error:
            raise ValueError(f"no time is told: {error}") from None
        if not (math.isfinite(now) and math.isfinite(t) and 0 <= scale <= SCALE_LIMIT):
            raise ValueError(f"no time is told: {told}")
        course, here = _Course(now, t, scale), time.monotonic()
        behind_s = self() - course.at(here) if self._is_told else 0.0
        if behind_s > 0:
            course = _Course(self(), here, scale)
        self._course, self._is_told = course, True
        log.info("clock_set", scale=scale, behind_s=round(max(behind_s, 0.0), 3))
        self._changed.set()
        self._changed = asyncio.Event()
