"""A command under way: what its modem has said of it so far, and who waits for more.

One future at a time, made when somebody begins to wait: `asyncio.wait` over a future for each thing
that may come costs several times as much.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from modemgw.modem.errors import CommandError, CommandTimeoutError, PortError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.at.command import Command
    from modemgw.at.dialogue import Response
    from modemgw.modem.channel import Channel


class Exchange:
    """A command that is answered in one step, its final result, or has a prompt before it.

    One task waits for it at a time.
    """

    def __init__(self, channel: Channel, command: Command[Any]) -> None:
        self.command = command
        self.restarted = False
        """Whether the modem has started anew meanwhile: a prompt that it gave is gone."""
        self._channel = channel
        self._prompted = False
        self._end: Response | PortError | None = None
        self._has_come = _nothing_awaited
        self._waiter: asyncio.Future[None] | None = None

    # -- what the modem says, noted by the channel ----------------------------------------------

    def note_prompt(self) -> None:
        """The modem waits for the payload."""
        self._prompted = True
        self._look()

    def note_restart(self) -> None:
        """The modem says that it has started anew."""
        self.restarted = True
        self._look()

    def note_end(self, end: Response | PortError) -> None:
        """The final result, or why there will be none; the first one counts."""
        self._end = self._end or end
        self._look()

    # -- what its owner asks --------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Whether the modem waits at the prompt in this moment."""
        return self._channel.waits_at_prompt(self)

    def send(self, payload: str) -> None:
        """Answer the prompt, in one write, now. Raises AtError where it is no longer open."""
        self._channel.send_payload(payload)

    def result(self) -> Response:
        """The answer that has come. Raises PortError where it was the end of the port."""
        assert self._end is not None
        if isinstance(self._end, PortError):
            raise self._end
        return self._end

    async def prompt(self, limit_s: float) -> None:
        """Wait for the prompt.

        Raises CommandError for a final result instead of it, CommandTimeoutError, PortError.
        """
        await self._until(lambda: self._prompted or self._has_ended(), limit_s)
        if self._prompted:
            return
        if not self._has_ended():
            raise CommandTimeoutError(self.command, limit_s, ())
        raise CommandError(self.command, self.result().final)

    async def final(self, limit_s: float) -> Response:
        """Wait for the final result. Raises CommandTimeoutError, PortError."""
        await self._until(self._has_ended, limit_s)
        if not self._has_ended():
            raise CommandTimeoutError(self.command, limit_s, ())
        return self.result()

    async def final_unless_restarted(self, limit_s: float, grace_s: float) -> Response:
        """As `final`; a modem that starts anew meanwhile gets `grace_s` more to answer."""
        await self._until(lambda: self.restarted or self._has_ended(), limit_s)
        return await self.final(grace_s if self.restarted else 0)

    def _has_ended(self) -> bool:
        return self._end is not None

    async def _until(self, has_come: Callable[[], bool], limit_s: float) -> None:
        """Wait until this holds, for so long at most."""
        assert self._waiter is None
        if has_come() or limit_s <= 0:
            return
        alarm = self._channel.alarm
        self._has_come, self._waiter = has_come, asyncio.get_running_loop().create_future()
        alarm.set(limit_s, self._wake)
        try:
            await self._waiter
        finally:
            alarm.clear()
            # And no cycle stays: an answer may be somebody's text.
            self._has_come, self._waiter = _nothing_awaited, None

    def _look(self) -> None:
        if self._has_come():
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _nothing_awaited() -> bool:
    return False
