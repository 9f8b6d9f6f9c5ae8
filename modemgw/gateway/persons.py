"""The desk at which a person's data are shown and erased.

Erasing cancels first what is queued, and waits for what is on the air: its answer has to be
recorded somewhere. What is in doubt is given up with the rest. An open review ends as an opt-out,
for nobody could decide it any more; and an opt-out stays, under a hash of the number, as do
consents that were withdrawn.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from modemgw.consent.scopes import EVERYTHING
from modemgw.gateway import acts, opting, views
from modemgw.gateway.requests import RefusalError
from modemgw.gateway.status import UNFINISHED, MessageStatus, PartStatus
from modemgw.store import consents, messages, optouts, persons, reviews
from modemgw.store.events import Event

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modemgw.clock import Clock
    from modemgw.consent.scopes import OptOutRules
    from modemgw.gateway.refusals import Refusals
    from modemgw.gateway.requests import Caller
    from modemgw.store.persons import Traces
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

ERASED: Final = "erased"
AUDIT_LIMIT: Final = 10_000
WAIT_S: Final = 30.0
LOOK_EVERY_S: Final = 0.2
_WORDS: Final = "The data of its recipient were erased."


class Persons:
    """Shows and erases what is kept about a number."""

    def __init__(
        self, writer: Writer, reader: Reader, refusals: Refusals, rules: OptOutRules, clock: Clock
    ) -> None:
        self._writer, self._reader = writer, reader
        self._refusals, self._rules, self._clock = refusals, rules, clock

    async def show(self, number: str, *, before: str | None, limit: int) -> dict[str, Any]:
        """Everything about a number; of its messages those before the id `before`.

        `next` is the id to go on with, None at the end.
        """
        ledger = self._writer.ledger

        def query(connection: Connection) -> dict[str, Any]:
            rows = persons.texts(connection, number, before=before, limit=limit + 1)
            hashed = self._refusals.erased_as(number)
            kept = optouts.of(connection, number, hashed)
            agreed = consents.of_number(connection, number, hashed)
            entries = ledger.entries(connection, number, AUDIT_LIMIT) if ledger else []
            return {
                "number": number,
                "opt_outs": [views.opt_out(row) for row in kept],
                "consents": [views.consent(row) for row in agreed],
                "reviews": [views.review(row) for row in persons.reviews(connection, number)],
                "conversations": [
                    views.conversation(row) for row in persons.conversations(connection, number)
                ],
                "audit": [views.audit_entry(entry) for entry in entries],
                "messages": [views.message(row) for row in rows[:limit]],
                "next": rows[limit - 1].id if len(rows) > limit else None,
            }

        return await self._reader.run(query)

    async def erase(self, number: str, reason: str, caller: Caller) -> dict[str, Any]:
        """Erase what is kept about a number; how much that was.

        Raises RefusalError (`in-flight`) when something to it stays on the air.
        """
        until = asyncio.get_running_loop().time() + WAIT_S
        with self._refusals.hold(number):
            while True:
                if await self._canceled(number):
                    found = await self._reader.run(lambda c: persons.traces(c, number))
                    told = await self._finished(number, found, reason, caller)
                    if told is not None:
                        await self._clear_up(number)
                        return told
                if asyncio.get_running_loop().time() >= until:
                    words = "a text to this number is on the air; nothing was erased: try again"
                    raise RefusalError("in-flight", words, field="number")
                await asyncio.sleep(LOOK_EVERY_S)

    async def _canceled(self, number: str) -> bool:
        """Cancel what is queued; false while something is on the air."""
        now = self._clock()
        return await self._writer.run(lambda tx: _cancel(tx, self._rules, number, now))

    async def _clear_up(self, number: str) -> None:
        """Delete what has come between the search and the deletion."""
        late = await self._reader.run(lambda c: persons.traces(c, number))
        await self._writer.run(lambda tx: persons.erase(tx.connection, number, late))

    async def _finished(
        self, number: str, found: Traces, reason: str, caller: Caller
    ) -> dict[str, Any] | None:
        """Delete everything; None where something was queued meanwhile."""
        now = self._clock()
        told = await self._writer.run(lambda tx: _erase(tx, number, found, reason, caller, now))
        if told is not None:
            hashed = self._refusals.erased_as(number)
            standing = await self._writer.run(lambda tx: opting.standing(tx.connection, hashed))
            self._refusals.forget(number)
            self._refusals.replace(hashed, standing)
        return told


def _cancel(tx: Transaction, rules: OptOutRules, number: str, now: float) -> bool:
    optouts.lock_all(tx.connection, (number,))
    if reviews.open_of(tx.connection, number) is not None:
        why = "erased undecided"
        opting.opt_out(tx, number, now, EVERYTHING, rules, source="review", reason=why)
    on_air = False
    for row in messages.unfinished_to(tx.connection, number, UNFINISHED):
        states = {part.status for part in messages.get_parts(tx.connection, row.id)}
        if PartStatus.SUBMITTING in states:
            on_air = True
            rest: dict[str, Any] = {"lane": None, "ready_at": None}
            messages.change(tx.connection, row.id, hold_reason=acts.OPTED_OUT, **rest)
        else:
            acts.end(tx, row, MessageStatus.CANCELED, now, ERASED, _WORDS)
    return not on_air


def _erase(
    tx: Transaction, number: str, found: Traces, reason: str, caller: Caller, now: float
) -> dict[str, Any] | None:
    """Delete everything under the lock that each write-ahead takes."""
    optouts.lock(tx.connection, number)
    if messages.unfinished_to(tx.connection, number, UNFINISHED):
        return None
    assert tx.ledger is not None
    hashed = tx.ledger.erased_as(number)
    opted_out = optouts.hide(tx.connection, number, hashed, now)
    withdrawn = consents.hide(tx.connection, number, hashed, now)
    deleted = persons.erase(tx.connection, number, found)
    deleted["consents"] += withdrawn
    entries = tx.ledger.forget(tx.connection, number)
    tx.record(
        ERASED,
        None,
        now,
        entries=entries,
        reason=reason,
        key=caller.key_id,
        deleted=deleted,
        opted_out=opted_out,
    )
    tx.emit(Event("person.erased", now, {"opted_out": opted_out, "hash": hashed}))
    return {**deleted, "audit": len(entries), "opted_out": opted_out}
