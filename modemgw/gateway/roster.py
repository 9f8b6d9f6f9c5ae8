"""The roster: which line sits in which modem, kept in the database as it changes."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from modemgw.gateway.countries import country_of
from modemgw.gateway.plans import Plan
from modemgw.modem.interface import ModemState
from modemgw.store import lines, modem_history, pauses
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event
from modemgw.store.modem_history import Stage

from . import alerts, views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modemgw.gateway.settings import GatewaySettings
    from modemgw.modem.interface import Modem, ModemStatus
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

RETRY_S = 2.0
SIGNALS_EVERY_S = 10.0

# The modem is not there, or the SIM that it had may be in another one by now.
NOT_THERE = frozenset(
    {ModemState.ABSENT, ModemState.LOCKED, ModemState.NO_SIM, ModemState.QUARANTINED}
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that sits in a modem now."""

    id: str
    iccid: str
    number: str | None
    country: str | None
    pools: tuple[str, ...]
    plan: Plan = field(default_factory=lambda: Plan("default"))
    since: float = 0.0  # first seen, seconds of the epoch
    tags: frozenset[str] = frozenset()
    cost: float = 0.0  # of a part, in whatever money


class Roster:
    """Notes each change of a modem, in order, and says which line and row it has."""

    def __init__(
        self,
        writer: Writer,
        settings: GatewaySettings,
        clock: Callable[[], float],
        noted: Callable[[Modem, ModemStatus], None],
    ) -> None:
        """`noted` is called when a status is committed."""
        self._writer, self._settings, self._clock = writer, settings, clock
        self._noted = noted
        self._lines: dict[str, Line] = {}  # by ICCID
        self._tags: dict[str, frozenset[str]] = {}  # of all lines that are known, by ICCID
        self._learned: dict[str, Record] = {}  # their rows, likewise
        self._elsewhere: dict[str, Line] = {}  # by id, those that were ready on other hosts
        self.ready_elsewhere: frozenset[str] = frozenset()  # their ids, as long as they are
        self._modem_ids: dict[int, str] = {}  # by the modem's identity in this process
        self._modems: dict[int, Modem] = {}
        self._written: dict[int, ModemStatus] = {}
        self._changed: dict[int, Modem] = {}
        self._fading: dict[int, Modem] = {}
        self._former: dict[str, Line] = {}  # by IMEI
        self._owners: dict[str, Modem] = {}  # by IMEI
        self._alerts: dict[int, dict[str, str]] = {}  # what is raised, by kind
        self._stages: dict[int, deque[Stage]] = {}  # what is not written yet
        self._last_stage: dict[int, tuple[ModemState, str]] = {}
        self._wake = asyncio.Event()

    async def load(self, reader: Reader) -> None:
        """Learn which line was in each modem when it was last seen; before any modem tells."""
        for row in await reader.run(lines.seated):
            self._former[row.imei] = self.as_line(row)

    def learn(self, rows: Sequence[Record]) -> None:
        """What is kept of all lines now: a person, or another host, may have changed it."""
        self._tags = {row.iccid: frozenset(row.tags) for row in rows}
        before, self._learned = self._learned, {row.iccid: row for row in rows}
        theirs = [row for row in rows if self._is_ready_elsewhere(row)]
        self.ready_elsewhere = frozenset(row.id for row in theirs)
        for row in theirs:
            if row.id not in self._elsewhere or before.get(row.iccid) != row:
                self._elsewhere[row.id] = self.as_line(row)
        for row in rows:
            known = self._lines.get(row.iccid)
            if known is None or before.get(row.iccid) == row:  # nearly always: it has to be cheap
                continue
            if row.modem_state == ModemState.ABSENT:
                self._note_again(row.iccid)
            fresh = self.as_line(row)
            if known == fresh:
                continue
            self._lines[row.iccid] = fresh
            for modem in self.modems:
                if modem.status.iccid == row.iccid and id(modem) in self._modem_ids:
                    self._noted(modem, modem.status)

    def _is_ready_elsewhere(self, row: Record) -> bool:
        is_theirs = row.modem_host not in (None, self._settings.host)
        return is_theirs and bool(row.modem_state == ModemState.READY)

    def _note_again(self, iccid: str) -> None:
        """Contradict whoever took this host for gone."""
        for modem in self.modems:
            if modem.status.iccid == iccid and is_present(modem):
                self._written.pop(id(modem), None)
                self.changed(modem)

    def former_line(self, modem: Modem) -> Line | None:
        """The line that was in a modem before this run, until `forget_former`."""
        return self._former.get(modem.status.imei or "")

    def forget_former(self, modem: Modem) -> None:
        """What lay in the modem from before this run is taken in."""
        self._former.pop(modem.status.imei or "", None)

    @property
    def modems(self) -> list[Modem]:
        """All modems that have told of themselves."""
        return list(self._modems.values())

    def line_of(self, modem: Modem) -> Line | None:
        """The line that sits in a modem, once it is committed."""
        iccid = modem.status.iccid
        return self._lines.get(iccid) if iccid else None

    def line_by_iccid(self, iccid: str | None) -> Line | None:
        """The line of a SIM that was seen in this run."""
        return self._lines.get(iccid) if iccid else None

    @property
    def lines(self) -> list[Line]:
        """The lines that were seen in this run."""
        return list(self._lines.values())

    def find(self, line_id: str) -> Line | None:
        """A line that was seen in this run, here or on another host."""
        own = next((line for line in self._lines.values() if line.id == line_id), None)
        return own or self._elsewhere.get(line_id)

    def modem_id(self, modem: Modem) -> str | None:
        """The modem's row, once it is committed."""
        return self._modem_ids.get(id(modem))

    def modem_by_id(self, modem_id: str) -> Modem | None:
        """The modem of a row, where this host drives it."""
        found = (key for key, known in self._modem_ids.items() if known == modem_id)
        candidates = [self._modems[key] for key in found]
        # A modem that went to another port left its row to the one that is there.
        return next(filter(is_present, candidates), candidates[0] if candidates else None)

    def changed(self, modem: Modem) -> None:
        """Take note; the newest status of each modem is written soon, or later where nothing but
        its signal has changed.
        """
        self._modems[id(modem)] = modem
        self._note_stage(modem)
        before = self._written.get(id(modem))
        if before is not None and replace(before, rssi_dbm=modem.status.rssi_dbm) == modem.status:
            self._fading[id(modem)] = modem
            return
        self._changed[id(modem)] = modem
        self._wake.set()

    def _note_stage(self, modem: Modem) -> None:
        """Keep each state and reason for the history: several may go by before one is written."""
        key, status = id(modem), modem.status
        stage = (status.state, status.reason)
        if self._last_stage.get(key) != stage:
            self._last_stage[key] = stage
            self._stages.setdefault(key, _no_stages()).append(Stage(*stage, self._clock()))

    async def run(self) -> None:
        """Write what changes, until cancelled. A database that is away is waited for."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run_signals(), name="signals")
            while True:
                await self._wake.wait()
                self._wake.clear()
                batch, self._changed = self._changed, {}
                await asyncio.gather(*(self._note(modem) for modem in batch.values()))

    async def _run_signals(self) -> None:
        """Write the signals that have changed, all at once and now and then."""
        while True:
            await asyncio.sleep(SIGNALS_EVERY_S)
            batch, self._fading = self._fading, {}
            now = self._clock()
            seen = [
                (self._modem_ids[key], modem.status.rssi_dbm)
                for key, modem in batch.items()
                if key in self._modem_ids
            ]
            if seen:
                try:
                    await self._writer.run(partial(_note_signals, seen=seen, now=now), patient=True)
                except StoreUnavailableError as error:
                    log.warning("signals_not_noted", error=str(error))

    async def _note(self, modem: Modem) -> None:
        status = modem.status
        before = self._written.get(id(modem))
        if status == before:
            return
        now, namesake = self._clock(), self._namesake_of(modem)
        # The port stands for a modem whose IMEI is taken, or the two would share one row.
        noted = status if namesake is None else replace(status, imei=None)
        raised = self._alerts.get(id(modem), {})
        alerted = alerts.alerts_of(status, raised, namesake.status.port if namesake else None)
        changed = before is None or (before.state, before.iccid) != (status.state, status.iccid)
        stages = self._stages.pop(id(modem), None) or _no_stages()

        def write(tx: Transaction) -> tuple[Record, Record | None]:
            row, line = self._write(tx, noted, now)
            modem_history.note(tx.connection, row.id, list(stages))
            if changed:
                paused = pauses.of_modem(tx.connection, row.id)
                tx.emit(Event("modem.state", now, views.modem(row, modem.guaranteed, paused)))
            for event in alerts.changes(row, now, raised, alerted):
                tx.emit(event)
            return row, line

        try:
            row, line = await self._writer.run(write)
        except (StoreUnavailableError, SQLAlchemyError) as error:
            # Away, or two ports or hosts told of one modem at once: the next attempt sees both.
            log.warning("modem_not_noted", port=status.port, error=str(error))
            stages.extend(self._stages.pop(id(modem), ()))
            self._stages[id(modem)] = stages
            await asyncio.sleep(RETRY_S)
            self.changed(modem)
            return
        self._written[id(modem)] = status
        self._modem_ids[id(modem)] = row.id
        self._alerts[id(modem)] = alerted
        if line is not None:
            self._tags[line.iccid] = frozenset(line.tags)
            self._lines[status.iccid or line.iccid] = self.as_line(line)
        if before is None or (before.state, before.reason) != (status.state, status.reason):
            log.info("modem", port=status.port, state=status.state, reason=status.reason)
        self._noted(modem, status)

    def _namesake_of(self, modem: Modem) -> Modem | None:
        """Another modem that is there and bears the same IMEI, as in pools that are cloned."""
        imei = modem.status.imei
        if imei is None:
            return None
        owner = self._owners.get(imei)
        if owner is None or owner.status.imei != imei or not is_present(owner):
            owner = self._owners[imei] = modem
        if owner is modem:
            return None
        log.warning("imei_twice", port=modem.status.port, other=owner.status.port)
        return owner

    def as_line(self, row: Record) -> Line:
        """A line as its row tells it."""
        tags = frozenset(row.tags)
        return Line(
            row.id,
            row.iccid,
            row.number,
            country_of(row.number),
            self._pools(row.iccid, row.number, tags),
            self._settings.plan_of(row.iccid, row.number),
            row.created_at,
            tags,
            row.cost or 0.0,
        )

    def pools_of(self, iccid: str, number: str | None) -> tuple[str, ...]:
        """The pools that a line belongs to."""
        return self._pools(iccid, number, self._tags.get(iccid, frozenset()))

    def _pools(self, iccid: str, number: str | None, tags: frozenset[str]) -> tuple[str, ...]:
        pools = self._settings.pools.values()
        return tuple(pool.name for pool in pools if pool.has(iccid, number, tags))

    def _write(
        self, tx: Transaction, status: ModemStatus, now: float
    ) -> tuple[Record, Record | None]:
        line = None
        if status.iccid and status.state not in NOT_THERE:
            line = lines.see_line(
                tx.connection,
                status.iccid,
                now,
                imsi=status.imsi,
                number=status.number,
                operator=status.operator,
                smsc=status.smsc,
            )
        known = {
            "imei": status.imei,
            "maker": status.maker,
            "model": status.model,
            "revision": status.revision,
        }
        row = lines.see_modem(
            tx.connection,
            self._settings.host,
            status.port,
            now,
            **{name: value for name, value in known.items() if value is not None},
            **({"line_id": line.id} if line is not None else {}),
            state=status.state,
            reason=status.reason,
            since=status.since or now,
            operator=status.operator,
            rssi_dbm=status.rssi_dbm,
        )
        if line is not None:
            lines.seat(tx.connection, line.id, row.id)
        return row, line


def _no_stages() -> deque[Stage]:
    return deque(maxlen=modem_history.KEPT)


def _note_signals(tx: Transaction, seen: Sequence[tuple[str, int | None]], now: float) -> None:
    lines.note_signals(tx.connection, seen, now)


def is_present(modem: Modem) -> bool:
    """Whether a modem is there and may hold texts that nobody has read."""
    return modem.status.state not in NOT_THERE
