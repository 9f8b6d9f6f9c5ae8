"""Opting out and in, whoever asks for it: a text, a person at the API, a review that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.consent.order import UNKNOWN, Sent, refusal
from modemgw.gateway import acts, consenting, reviews
from modemgw.gateway.reviews import Decision
from modemgw.store import optouts
from modemgw.store.events import Event

if TYPE_CHECKING:
    from modemgw.store.writer import Transaction


def opt_out(
    tx: Transaction,
    number: str,
    now: float,
    *,
    source: str,
    reason: str,
    message_id: str | None = None,
    line_id: str | None = None,
    sent: Sent = UNKNOWN,
    by: str | None = None,
) -> bool:
    """Record an opt-out and cancel what is queued; false when there was one already.

    `sent` is known of texts; an act of our own is done now. `by` is who decided, where that was not
    the source itself. An open review is closed.
    The lock is the one that each write-ahead takes: what begins after this commit has seen it.
    """
    optouts.lock(tx.connection, number)
    reviews.decide(tx, number, now, Decision.OPT_OUT, by=by or source, reason=reason)
    consenting.end_by_opt_out(tx, number, now, by=by or source, reason=reason)
    refused = refusal(sent, now)
    values = {
        "number": number,
        "scope": "all",
        "source": source,
        "reason": reason,
        "message_id": message_id,
        "line_id": line_id,
        "created_at": now,
        "sent_at": refused.sent_at,
        "centre": refused.centre,
    }
    if not optouts.add(tx.connection, values):
        optouts.renew(tx.connection, number, refused.sent_at, refused.centre)
        return False
    canceled = acts.cancel_for_opt_out(tx, number, now)
    optouts.record(
        tx.connection, "opted_out", number, now, source=source, reason=reason, canceled=canceled
    )
    tx.emit(Event("optout.created", now, {"number": number, "source": source, "reason": reason}))
    return True


def opt_in(tx: Transaction, number: str, now: float, *, source: str, reason: str) -> bool:
    """Lift an opt-out; false when there is none."""
    optouts.lock(tx.connection, number)
    if not optouts.remove(tx.connection, number):
        return False
    optouts.record(tx.connection, "opted_in", number, now, source=source, reason=reason)
    tx.emit(Event("optout.removed", now, {"number": number, "source": source, "reason": reason}))
    return True
