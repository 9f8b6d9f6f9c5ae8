"""Lists of opt-outs and consents that are brought in: each row with its own outcome.

A list never lifts an opt-out, and never gives a consent that its person has since withdrawn. The
same list again changes nothing. Rows are written some at a time, so that texts go in between.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from modemgw.consent.numbers import NumberError, recipient_key
from modemgw.consent.scopes import OptOut
from modemgw.gateway import consenting, opting
from modemgw.gateway.requests import RefusalError
from modemgw.store import optouts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modemgw.clock import Clock
    from modemgw.gateway.consenting import Consent
    from modemgw.gateway.refusals import Refusals
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

AT_ONCE: Final = 50  # rows of a transaction: texts must not wait long for it

Outcome: TypeAlias = bool | RefusalError  # whether something was recorded that was not known


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of a list of opt-outs; `reason` is what the audit keeps of its source and evidence, and
    `leaves` the kinds of texts that it leaves, with a space between, which may be none.
    """

    number: str
    scope: str
    reason: str
    leaves: str = ""


class Bulk:
    """Brings lists in."""

    def __init__(
        self, writer: Writer, settings: GatewaySettings, refusals: Refusals, clock: Clock
    ) -> None:
        self._writer, self._settings = writer, settings
        self._refusals, self._clock = refusals, clock

    async def opt_out(self, rows: Sequence[Refused]) -> list[Outcome]:
        """Record opt-outs; what came of each row.

        Raises StoreUnavailableError; what was recorded before stays.
        """
        found = await asyncio.to_thread(self._faults, rows)
        good = [at for at, outcome in enumerate(found) if outcome is False]
        for some in _batches(good):
            numbers = {at: self._number(rows[at].number) for at in some}
            with ExitStack() as stack:
                for number in set(numbers.values()):
                    stack.enter_context(self._refusals.hold(number))
                done, standing = await self._writer.run(
                    partial(self._opt_out, rows=rows, numbers=numbers)
                )
                for number, opt_outs in standing.items():
                    self._refusals.replace(number, opt_outs)
            for at, is_new in done.items():
                found[at] = is_new
        return found

    def _opt_out(
        self, tx: Transaction, rows: Sequence[Refused], numbers: dict[int, str]
    ) -> tuple[dict[int, bool], dict[str, tuple[OptOut, ...]]]:
        now, rules = self._clock(), self._settings.optouts
        optouts.lock_all(tx.connection, numbers.values())
        done = {
            at: opting.opt_out(
                tx,
                numbers[at],
                now,
                OptOut.parse(rows[at].scope, rows[at].leaves),
                rules,
                source=opting.LIST,
                reason=rows[at].reason,
            )
            for at in sorted(numbers)
        }
        connection = tx.connection
        return done, {
            number: opting.standing(connection, number, tx.erased_as(number))
            for number in numbers.values()
        }

    async def consent(self, rows: Sequence[Consent]) -> list[Outcome]:
        """Record consents; what came of each row. Raises as `opt_out`."""
        found: list[Outcome] = [False] * len(rows)
        for some in _batches(sorted(range(len(rows)), key=lambda at: (rows[at].number, at))):
            done = await self._writer.run(partial(self._consent, rows=rows, some=some))
            for at, outcome in done.items():
                found[at] = outcome
        return found

    def _consent(
        self, tx: Transaction, rows: Sequence[Consent], some: Sequence[int]
    ) -> dict[int, Outcome]:
        now, rules = self._clock(), self._settings.optouts
        optouts.lock_all(tx.connection, (rows[at].number for at in some))
        return {at: consenting.give_from_list(tx, rows[at], now, rules) for at in some}

    def _number(self, raw: str) -> str:
        return recipient_key(raw, self._settings.default_region)

    def _faults(self, rows: Sequence[Refused]) -> list[Outcome]:
        return [self._fault(row.number, row.scope) or False for row in rows]

    def _fault(self, number: str, scope: str) -> RefusalError | None:
        try:
            self._number(number)
        except NumberError as error:
            return RefusalError("invalid-number", str(error), field="number")
        if not self._settings.optouts.knows(scope):
            words = f"{scope!r} is neither all nor a pool or a brand that is configured"
            return RefusalError("unknown-scope", words, field="scope")
        return None


def _batches(places: Sequence[int]) -> Iterator[Sequence[int]]:
    return (places[first : first + AT_ONCE] for first in range(0, len(places), AT_ONCE))
