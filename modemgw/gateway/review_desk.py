"""The desk at which people decide about doubtful texts, and the clock that decides when nobody did.

An undecided review becomes an opt-out, and nobody is texted about it. In the United States a
refusal in any words that a reasonable person would understand counts (47 CFR 64.1200(a)(10)), so
the time is for a person to rule a refusal out, not to put one off. The one confirmation that may
follow is presumed to be covered within five minutes of the refusal (64.1200(a)(12)); a day later it
would be one more text to somebody who has refused, in answer to what was no plain STOP.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

import structlog

from modemgw.consent.scopes import EVERYTHING
from modemgw.gateway import opting, views
from modemgw.gateway.duty import attend
from modemgw.gateway.requests import RefusalError
from modemgw.gateway.reviews import Decision, decide
from modemgw.store import optouts, reviews
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event

if TYPE_CHECKING:
    from modemgw.clock import Clock
    from modemgw.consent.scopes import OptOutRules
    from modemgw.gateway.refusals import Refusals
    from modemgw.gateway.requests import Caller
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

WAITING: Final = "reviews_waiting"
DUTY: Final = "reviews"
SOURCE: Final = "review"
TIMEOUT: Final = "timeout"
BATCH: Final = 500


class ReviewDesk:
    """Decides reviews, for people or by the clock; the latter on one host of a database."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        refusals: Refusals,
        rules: OptOutRules,
        clock: Clock,
    ) -> None:
        self._writer, self._reader = writer, reader
        self._refusals, self._rules, self._clock = refusals, rules, clock
        self._alerted = False

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        await attend(self._reader.turn(DUTY), self.look, self._clock, "reviews_not_read")

    async def look(self) -> None:
        """End what nobody has decided in time, and tell when the time of some runs out.

        Raises StoreUnavailableError.
        """
        now = self._clock()
        for row in await self._reader.run(lambda c: reviews.overdue(c, now, BATCH)):
            await self._end(row, now)
        waiting = await self._reader.run(lambda c: reviews.count_half_over(c, now))
        if self._alerted != bool(waiting):
            await self._alert(waiting, now)

    async def _end(self, row: Record, now: float) -> None:
        """Make an opt-out of a review, unless somebody decides it at this moment."""

        def operation(tx: Transaction) -> bool:
            optouts.lock(tx.connection, row.number)
            latest = reviews.get(tx.connection, row.id)
            if latest is None or latest.decided_at is not None:
                return False
            words = f"nobody decided in time; {row.reason}"
            _refuse(tx, latest, now, self._rules, TIMEOUT, words)
            return True

        with self._refusals.hold(row.number):
            try:
                ended = await self._writer.run(operation)
            except StoreUnavailableError:
                raise
            except Exception:  # one review that fails must not keep the others open
                log.exception("review_not_ended", review=row.id)
                return
            if ended:
                self._refusals.add(row.number)

    async def _alert(self, waiting: int, now: float) -> None:
        kind = "alert.raised" if waiting else "alert.cleared"
        words = "doubtful texts have waited for half their time: decide, or they become opt-outs"
        event = Event(kind, now, views.bank_alert(WAITING, words))
        await self._writer.run(lambda tx: tx.emit(event))
        self._alerted = bool(waiting)

    async def decide(
        self, review_id: str, decision: Decision, reason: str, caller: Caller
    ) -> dict[str, Any]:
        """Decide a review; what it is then. The same decision once more changes nothing.

        Raises RefusalError (`not-found`, `already-decided`).
        """
        now = self._clock()
        row = await self._reader.run(lambda c: reviews.get(c, review_id))
        if row is None:
            raise RefusalError("not-found", f"there is no review {review_id}")
        number, refuses = row.number, decision is Decision.OPT_OUT

        def operation(tx: Transaction) -> tuple[Record, bool]:
            optouts.lock(tx.connection, number)
            latest = reviews.get(tx.connection, review_id)
            assert latest is not None
            if latest.decided_at is not None:
                _demand_same(latest, decision)
                return latest, False
            if refuses:
                _refuse(tx, latest, now, self._rules, caller.key_id, reason)
            else:
                decide(tx, number, now, decision, by=caller.key_id, reason=reason)
            decided = reviews.get(tx.connection, review_id)
            assert decided is not None
            return decided, True

        with self._refusals.hold(number) if refuses else nullcontext():
            decided, is_new = await self._writer.run(operation)
            if is_new and refuses:
                self._refusals.add(number)
            elif is_new:
                self._refusals.review_ended(number)
        return views.review(decided)


def _refuse(
    tx: Transaction, row: Record, now: float, rules: OptOutRules, by: str, reason: str
) -> None:
    """Record the opt-out that a review has come to, of everything; that closes it."""
    opting.opt_out(
        tx,
        row.number,
        now,
        EVERYTHING,
        rules,
        source=SOURCE,
        reason=reason,
        message_id=row.message_id,
        line_id=row.line_id,
        by=by,
    )


def _demand_same(row: Record, decision: Decision) -> None:
    if row.decision != decision:
        words = f"the review was decided as {row.decision} by {row.decided_by}"
        if row.decision == Decision.OPT_OUT:
            words += "; DELETE /v1/optouts/{number} lifts an opt-out on documented consent"
        else:
            words += "; PUT /v1/optouts/{number} records an opt-out"
        raise RefusalError("already-decided", words, field="decision")
