"""Voice calls that come in: each told once, and hung up where that is wanted.

A call is a row of `RING` (V.250 §6.3.7) or `+CRING` (27.007 §6.11), each with a `+CLIP` behind it
(§7.11) where network and subscription show the caller. It ends by `NO CARRIER`, by a silence that
no two rings of one call have between them, or where another caller is shown. The first ring waits
a moment for its `+CLIP`, which some networks never send.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.at import answers, commands
from modemgw.at.parameters import prefix_of
from modemgw.modem.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modemgw.modem.channel import Channel

_log = logging.getLogger(__name__)

_GAP_S: Final = 8.0  # 22.001 lets rings be up to 6 s apart
_CALLER_WAIT_S: Final = 2.5  # +CLIP comes within the ring that it belongs to
_HANG_UP_S: Final = 15.0
_END: Final = re.compile(
    r"NO CARRIER|MISSED_CALL\b.*|VOICE CALL: END\b.*|\^CEND\b.*", re.IGNORECASE
)


@dataclass(slots=True)
class _Call:
    """The call that rings."""

    heard_at: float
    caller: str | None = None
    told: bool = False
    unwanted: bool = False


class Calls:
    """The calls of one opening of a modem's port.

    `told` gets the caller once a call and says whether to hang up; `wake` is called when there is
    something to hang up. Both must return at once.
    """

    def __init__(self, told: Callable[[str | None], bool], wake: Callable[[], None]) -> None:
        self.shows_caller = False
        """Whether the modem agreed to show callers."""
        self._told = told
        self._wake = wake
        self._call: _Call | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._rings_unwanted = False

    @property
    def to_hang_up(self) -> bool:
        """Whether a call rings that is not wanted."""
        return self._rings_unwanted and self._current() is not None

    def hear(self, line: str) -> bool:
        """Take in an announcement; false where it is about something else."""
        prefix = prefix_of(line)
        if prefix == "+CLIP":
            self._show(answers.caller(line))
        elif prefix == "+CRING" or line.upper() == "RING":
            self._ring()
        elif _END.fullmatch(line):
            self.end()
        else:
            return False
        return True

    def end(self) -> None:
        """The call is over, or the port is: what is known of the call is told."""
        self._tell()
        self._call = None
        self._rings_unwanted = False

    async def hang_up(self, channel: Channel, lines: Iterable[str]) -> None:
        """Try the commands until one is accepted; for who holds the channel's lock.

        Raises CommandTimeoutError, UnresponsiveError, PortError.
        """
        self._rings_unwanted = False
        for line in lines:
            try:
                await channel.run(commands.plain(line, _HANG_UP_S))
            except CommandError as error:
                _log.info("a call is not hung up: %s", error)
            else:
                return

    def _ring(self) -> None:
        call = self._current()
        if call is None:
            self._begin(None)
        else:
            self._ring_again(call)

    def _show(self, caller: str | None) -> None:
        call = self._current()
        if call is None or (call.told and _differ(call.caller, caller)):
            self._begin(caller)
        elif not call.told:
            call.caller = caller
            self._tell()

    def _begin(self, caller: str | None) -> None:
        self.end()
        self._call = _Call(self._now(), caller)
        if caller is not None or not self.shows_caller:
            self._tell()
        else:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(_CALLER_WAIT_S, self._tell)

    def _ring_again(self, call: _Call) -> None:
        call.heard_at = self._now()
        if call.unwanted:  # it was not ended by what was tried
            self._rings_unwanted = True
            self._wake()

    def _tell(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        call = self._call
        if call is None or call.told:
            return
        call.told = True
        call.unwanted = self._rings_unwanted = self._told(call.caller)
        if call.unwanted:
            self._wake()

    def _current(self) -> _Call | None:
        call = self._call
        return call if call is not None and self._now() - call.heard_at <= _GAP_S else None

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _differ(before: str | None, now: str | None) -> bool:
    """Whether two callers are two; one that is not shown may be either."""
    return None not in (before, now) and before != now
