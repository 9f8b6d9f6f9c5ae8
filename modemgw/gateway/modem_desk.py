"""The desk at which people ask about modems, and act on them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from modemgw.gateway import decisions, views
from modemgw.gateway.requests import RefusalError
from modemgw.gateway.views import timestamp
from modemgw.modem.interface import PinError, PinFault, Reset, ResetError
from modemgw.store import lines, modem_history, pauses
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from modemgw.gateway.registry import Registry
    from modemgw.gateway.requests import Caller
    from modemgw.gateway.roster import Roster
    from modemgw.modem.interface import Modem
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer


log = structlog.get_logger(__name__)


class ModemDesk:
    """Tells of the modems of all hosts; acts on those that this one drives."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        host: str,
        registry: Registry,
        roster: Roster,
        clock: Callable[[], float],
    ) -> None:
        self._writer, self._reader, self._host = writer, reader, host
        self._registry, self._roster, self._clock = registry, roster, clock

    # -- what is asked ----------------------------------------------------------------------------

    async def modems(self) -> list[dict[str, Any]]:
        """Every modem, by host and port."""

        def query(connection: Connection) -> list[dict[str, Any]]:
            return [self._view(connection, row) for row in lines.all_modems(connection)]

        return await self._reader.run(query)

    async def modem(self, modem_id: str) -> dict[str, Any]:
        """One modem. Raises RefusalError (`not-found`)."""

        def query(connection: Connection) -> dict[str, Any]:
            return self._view(connection, _row(connection, modem_id))

        return await self._reader.run(query)

    async def history(
        self, modem_id: str, *, before: str | None, limit: int
    ) -> Sequence[dict[str, Any]]:
        """The states that a modem was in, the newest first. Raises RefusalError (`not-found`)."""

        def query(connection: Connection) -> list[dict[str, Any]]:
            _row(connection, modem_id)
            rows = modem_history.page(connection, modem_id, before=before, limit=limit)
            return [views.stage(row) for row in rows]

        return await self._reader.run(query)

    async def driven(self, modem_id: str) -> Modem:
        """The modem of this id. Raises RefusalError (`not-found`, `not-here`)."""
        modem = self._roster.modem_by_id(modem_id)
        if modem is not None:
            return modem
        row = await self._reader.run(lambda c: _row(c, modem_id))
        words = f"the modem was last seen by {row.host}; ask the daemon there"
        if row.host == self._host:
            words = f"the modem was not seen since the daemon was started; it was at {row.port}"
        raise RefusalError("not-here", words)

    # -- acts -------------------------------------------------------------------------------------

    async def pause(self, modem_id: str, caller: Caller, reason: str) -> dict[str, Any]:
        """Let nothing be sent through a modem until it is resumed, whichever SIM sits in it.

        Of any host's. Raises RefusalError (`not-found`).
        """
        now = self._clock()
        return await self._decide(
            modem_id, lambda tx: decisions.pause_modem(tx, modem_id, reason, caller.key_id, now)
        )

    async def resume(self, modem_id: str, caller: Caller) -> dict[str, Any]:
        """Let it send again. Raises RefusalError (`not-found`)."""
        now = self._clock()
        return await self._decide(
            modem_id, lambda tx: decisions.resume_modem(tx, modem_id, caller.key_id, now)
        )

    async def reset(self, modem_id: str, caller: Caller, rung: str) -> dict[str, Any]:
        """Begin recovery of a modem at a rung, a word of `Reset`; the modem, as it is now.

        Raises RefusalError (`not-found`, `not-here`, `cannot-reset`).
        """
        modem = await self.driven(modem_id)
        try:
            modem.reset(Reset(rung))
        except ResetError as error:
            raise RefusalError("cannot-reset", str(error)) from None
        await self._note(decisions.note_reset, modem_id, caller, rung)
        return await self.modem(modem_id)

    async def enter_pin(self, modem_id: str, caller: Caller, pin: str) -> dict[str, Any]:
        """Open the SIM of a modem that waits for its PIN, which is kept nowhere; the modem then.

        Raises RefusalError (`not-found`, `not-here`, and the words of `PinFault`).
        """
        modem, outcome = await self.driven(modem_id), "unknown"
        try:
            await modem.enter_pin(pin)
        except PinError as error:
            outcome = error.fault.value
            at_fault = "pin" if error.fault is PinFault.REFUSED else None
            raise RefusalError(outcome, str(error), field=at_fault) from None
        else:
            outcome = "opened"
        finally:
            await self._note(decisions.note_pin, modem_id, caller, outcome)
        now = modem.status  # what is written of it may be a moment older
        view = await self.modem(modem_id)
        return view | {"state": now.state, "reason": now.reason, "since": timestamp(now.since)}

    async def _note(
        self,
        note: Callable[[Transaction, str, str, str, float], None],
        modem_id: str,
        caller: Caller,
        word: str,
    ) -> None:
        """Tell the audit. A bank in trouble is where these acts are wanted: they do not need it."""
        now = self._clock()
        try:
            await self._writer.run(lambda tx: note(tx, modem_id, word, caller.key_id, now))
        except StoreUnavailableError:
            log.warning("act_not_in_audit", modem=modem_id, act=word, key=caller.key_id)

    async def _decide(
        self, modem_id: str, decision: Callable[[Transaction], bool]
    ) -> dict[str, Any]:
        """Decide, tell of it, and let the dispatcher know; the modem then."""
        now = self._clock()

        def operation(tx: Transaction) -> dict[str, Any]:
            row = _row(tx.connection, modem_id)
            changed = decision(tx)
            view = self._view(tx.connection, row)
            if changed:
                tx.emit(Event("modem.state", now, view))
            return view

        view = await self._writer.run(operation)
        with suppress(StoreUnavailableError):  # it is written: known within seconds
            await self._registry.refresh()
        return view

    def _view(self, connection: Connection, row: Record) -> dict[str, Any]:
        driven = self._roster.modem_by_id(row.id)
        guaranteed = driven.guaranteed if driven is not None else None
        return views.modem(row, guaranteed, pauses.of_modem(connection, row.id))


def _row(connection: Connection, modem_id: str) -> Record:
    row = lines.modem_by_id(connection, modem_id) if "\0" not in modem_id else None
    if row is None:
        raise RefusalError("not-found", "there is no modem with this id")
    return row
