"""The other hosts on one database: what one leaves behind that has died, the others take over.

Theory of operation
-------------------
A daemon holds its tenure, a lock of the server, for as long as it lives and reaches the server.
Where it was missing whenever we looked, for `host_wait_s`, the host has gone. Then, in one
transaction that looks once more:

- what it had claimed and not begun goes back into the queue. Should it live after all, it can begin
  none of that: the write-ahead asks whose claim it is, and takes the row that the takeover takes;
- what it had recorded as `submitting` may have left: it is in doubt, and settled by evidence alone,
  such as its own answer where it lives after all;
- its modems are absent, which is told as any change of theirs is, and so are its lines: a text that
  names one waits for it, and says so.

What only prefers one of its lines is sent by others once that has been away for `sticky_wait_s`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog

from modemgw.gateway import settle, views
from modemgw.store import hosts, lines, pauses
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from modemgw.clock import Clock
    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

AWAY = "its host is away"  # what is told of its modems
LOOK_S = 5.0
LOOKS_A_WAIT = 4  # at least, or a host would be judged by a single look


class Neighbours:
    """Watches the other hosts, and takes over what the dead leave."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        settings: GatewaySettings,
        dispatcher: Dispatcher,
        move_home: Callable[[str], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """`move_home` lets others send what waits for a line."""
        self._writer, self._reader = writer, reader
        self._settings, self._dispatcher, self._clock = settings, dispatcher, clock
        self._move_home = move_home
        self._stuck: frozenset[str] = frozenset()  # lines whose texts have been moved
        self._every_s = min(LOOK_S, settings.host_wait_s / LOOKS_A_WAIT)
        self._looked_at = float("-inf")
        self._absent_since: Mapping[str, float] = {}  # by the monotonic clock

    async def run(self) -> None:
        """Look now and then, until cancelled. A database that is away is waited for."""
        while True:
            try:
                await self.look()
            except StoreUnavailableError as error:
                log.warning("neighbours_not_seen", error=str(error))
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """See who is absent; take over from who has been for long. Raises StoreUnavailableError."""
        own, now = self._settings.host, self._clock.elapsed()
        absent = await self._reader.run(lambda c: hosts.absent(c, own))
        # Who has not looked for a while, for want of a server, starts anew: they had none either.
        known = self._absent_since if now - self._looked_at < 3 * self._every_s else {}
        self._looked_at = now
        self._absent_since = {host: known.get(host, now) for host in absent}
        gone = {
            host: since
            for host, since in self._absent_since.items()
            if now - since >= self._settings.host_wait_s
        }
        missed: dict[str, float] = {}
        for host, since in gone.items():
            wall = self._clock()
            has_left, line_ids = await self._reader.run(partial(_left_by, host=host))
            if has_left:
                line_ids = await self._take_over(host, wall)
            missed |= dict.fromkeys(line_ids, wall - (now - since))
        self._dispatcher.miss(missed)
        stuck = frozenset(filter(self._dispatcher.is_stuck, missed))
        for line_id in stuck - self._stuck:  # what comes later, the upkeep moves
            await self._move_home(line_id)
        self._stuck = stuck

    async def _take_over(self, host: str, now: float) -> Sequence[str]:
        """What a host has left; the lines that it had."""
        settings = self._settings

        def operation(tx: Transaction) -> tuple[int, int, list[str]]:
            if host not in hosts.absent(tx.connection, settings.host):
                return 0, 0, []
            for row in lines.forget_ports(tx.connection, host, now, AWAY):
                view = views.modem(row, None, pauses.of_modem(tx.connection, row.id))
                tx.emit(Event("modem.state", now, view))
            left = settle.recover(tx, settings, now, of_host=host)
            return *left, lines.lines_of(tx.connection, host)

        returned, doubtful, line_ids = await self._writer.run(operation)
        if returned or doubtful:
            log.warning("host_gone", host=host, returned=returned, in_doubt=doubtful)
        return line_ids


def _left_by(connection: Connection, host: str) -> tuple[bool, Sequence[str]]:
    """Whether there is something to take over from a host, and the lines that it had."""
    return hosts.has_left(connection, host, AWAY), lines.lines_of(connection, host)
