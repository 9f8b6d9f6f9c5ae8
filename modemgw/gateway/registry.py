"""What is known of all lines and of what people have paused, in memory.

The database is read anew every other second, so that what another host decides is known soon, and
at once after a decision of our own. What is read is told to the dispatcher and the roster; what
sticks to a line that sends nothing for long is moved to where others take it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from modemgw.gateway.line_state import BARRED, Facts, Pauses, Standing, standing_of
from modemgw.gateway.roster import NOT_THERE
from modemgw.store import lines, pauses
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.roster import Roster
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader

log = structlog.get_logger(__name__)

REFRESH_S = 2.0


class Registry:
    """All lines of the database, by their ids, and the pauses."""

    def __init__(
        self,
        reader: Reader,
        roster: Roster,
        dispatcher: Dispatcher,
        move_home: Callable[[str], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        """`move_home` lets others send what waits for a line."""
        self._reader, self._roster, self._dispatcher = reader, roster, dispatcher
        self._move_home, self._clock = move_home, clock
        self._rows: dict[str, Record] = {}
        self._own_numbers: dict[str, str] = {}  # to the line's id
        self._one_at_a_time = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._barring: set[str] = set()  # lines whose quarantine is being written
        self.pauses = Pauses()

    async def run(self) -> None:
        """Read now and then, until cancelled. A database that is away is waited for."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.refresh()
            except StoreUnavailableError as error:
                log.warning("lines_not_read", error=str(error))

    def soon(self) -> None:
        """Something has changed: read without delay."""
        self._wanted.set()

    def bar(self, line_id: str) -> None:
        """Let a line begin nothing more, from now until its quarantine is `written`."""
        self._barring.add(line_id)
        self._tell_dispatcher()

    def written(self, line_id: str) -> None:
        """The quarantine of a line is committed."""
        self._barring.discard(line_id)
        self.soon()

    async def refresh(self) -> None:
        """Read. What was committed before is known afterwards. Raises StoreUnavailableError."""
        async with self._one_at_a_time:  # or what was read first could be told last
            rows, paused = await self._reader.run(_read)
            self._rows = {row.id: row for row in rows}
            self._own_numbers = {
                number: row.id
                for row in rows
                for number in (row.sim_number, row.typed_number)
                if number is not None and row.retired_at is None
            }
            self.pauses = Pauses({row.scope: row.reason for row in paused})
            self._roster.learn(rows)
            newly_barred = self._tell_dispatcher()
        for line_id in newly_barred:
            await self._move_home(line_id)

    def _tell_dispatcher(self) -> frozenset[str]:
        now, before = self._clock(), self._dispatcher.barred
        barred = {
            line_id
            for line_id, row in self._rows.items()
            if standing_of(line_id, Facts.of(row), Pauses(), now).state in BARRED
        }
        self._dispatcher.pause(self.pauses.reasons, barred | self._barring)
        return self._dispatcher.barred - before

    # -- what is asked ----------------------------------------------------------------------------

    @property
    def rows(self) -> Mapping[str, Record]:
        """The lines, each with the `modem_state` of its modem."""
        return self._rows

    def standing(self, line_id: str) -> Standing:
        """How a line stands."""
        row = self._rows.get(line_id)
        facts = Facts() if row is None else Facts.of(row)
        return standing_of(line_id, facts, self.pauses, self._clock())

    def modem_is_paused(self, line_id: str) -> bool:
        """Whether a line sits in a modem that a person has paused, on whichever host."""
        row = self._rows.get(line_id)
        if row is None or row.modem_state is None:  # it sits in none
            return False
        return self.pauses.of_modem(row.modem_id) is not None

    def own_line(self, number: str) -> str | None:
        """The line of ours that has this number."""
        return self._own_numbers.get(number)

    def is_present(self, line_id: str) -> bool:
        """Whether a line sits in a modem that is there, on whichever host."""
        row = self._rows.get(line_id)
        return row is not None and row.modem_state is not None and row.modem_state not in NOT_THERE


def _read(connection: Connection) -> tuple[Sequence[Record], Sequence[Record]]:
    return lines.lines_with_modems(connection), pauses.every(connection)
