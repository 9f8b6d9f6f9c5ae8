"""What a person asks for: that a modem is reset, from a rung of the ladder on.

Between the asking and the doing stands whatever the modem is at. `Wish` keeps what is asked for
until the driver comes to it; `Errands` waits for the modem's turn at an open port, so that no
submit whose Ctrl-Z is out is cut off from its answer.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from modemgw.at.errors import AtError
from modemgw.modem.errors import ModemError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from modemgw.modem.channel import Channel
    from modemgw.modem.interface import Reset

_log = logging.getLogger(__name__)


class Wish:
    """What is to be done about a modem, until its driver does it."""

    def __init__(self) -> None:
        self._rung: Reset | None = None
        self._made = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether there is one."""
        return self._rung is not None

    def make(self, rung: Reset) -> None:
        """Ask for a reset."""
        self._rung = rung
        self._made.set()

    def take(self) -> Reset | None:
        """What is to be done now; it is nobody's wish any more."""
        rung, self._rung = self._rung, None
        self._made.clear()
        return rung

    async def wait(self, limit_s: float | None = None, other: asyncio.Event | None = None) -> None:
        """Wait until there is one, or something else happens, or the time is over."""
        events = [self._made] if other is None else [self._made, other]
        waiting = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(waiting, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()


class Errands:
    """What is done from outside with a port that is open; one thing at a time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._task: asyncio.Task[None] | None = None
        self.ending = False
        """Whether the port is to be closed as soon as it is its turn: nothing begins any more."""

    @property
    def busy(self) -> bool:
        """Whether something is asked for that is not done."""
        return self._task is not None and not self._task.done()

    def synchronise(self, limit_s: float, then: Callable[[], None]) -> None:
        """Bring the dialogue into step; not at all where the turn does not come in time."""
        self._start(self._synchronise(limit_s, then))

    def end(self, reason: str, limit_s: float) -> None:
        """Give the port up; without waiting for the turn any longer than that."""
        self.ending = True
        self._start(self._end(reason, limit_s))

    async def close(self) -> None:
        """Drop what is not done."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.create_task(work, name="asked for")

    async def _synchronise(self, limit_s: float, then: Callable[[], None]) -> None:
        if not await self._turn(limit_s):
            _log.warning("no resynchronising: the modem is busy for more than %g s", limit_s)
            return
        try:
            await self._channel.resynchronise()
        except (ModemError, AtError) as error:
            _log.info("while resynchronising: %s", error)  # the session's own next command fails
        finally:
            self._channel.lock.release()
        then()

    async def _end(self, reason: str, limit_s: float) -> None:
        has_turn = await self._turn(limit_s)
        self._channel.abandon(reason)
        if has_turn:
            self._channel.lock.release()

    async def _turn(self, limit_s: float) -> bool:
        """Take the channel's lock, which who has taken it gives back; false: not in time."""
        try:
            async with asyncio.timeout(limit_s):
                return await self._channel.lock.acquire()
        except TimeoutError:
            return False
