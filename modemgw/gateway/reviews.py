"""Reviews: what follows from a text that may be a refusal, and from a person's decision about it.

A number has one open review; it holds marketing to that number, and nothing else. Both happen under
the lock of the recipient that each write-ahead takes: what begins after the commit has seen it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from modemgw.consent.scopes import OptOut, OptOutRules
from modemgw.gateway import views
from modemgw.ids import new_id
from modemgw.store import optouts, queue, reviews
from modemgw.store.events import Event

if TYPE_CHECKING:
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction


class Decision(StrEnum):
    """What a doubtful text was taken for."""

    OPT_OUT = "opt_out"
    KEEP = "keep"  # no refusal: marketing goes on


def open_review(
    tx: Transaction,
    number: str,
    now: float,
    rules: OptOutRules,
    *,
    within_s: float,
    message_id: str,
    line_id: str | None,
    reason: str,
) -> Record | None:
    """Have a person look at a text; the review that is open then, which may be of an earlier text.

    None where the number has opted out of all pools: no more marketing could be held, and nothing
    is to be decided.
    """
    connection = tx.connection
    optouts.lock(connection, number)
    known = optouts.of(connection, number, tx.erased_as(number))
    if any(rules.is_of_all(OptOut.parse(row.scope, row.leaves)) for row in known):
        return None
    values = {
        "id": new_id("rev"),
        "number": number,
        "message_id": message_id,
        "line_id": line_id,
        "reason": reason,
        "created_at": now,
        "due_at": now + within_s,
    }
    is_new = reviews.add(connection, values)
    row = reviews.open_of(connection, number)
    assert row is not None
    action = "review_opened" if is_new else "review_joined"
    tx.record(action, number, now, review=row.id, message=message_id, reason=reason)
    if is_new:
        tx.emit(Event("review.opened", now, views.review(row)))
    return row


def decide(
    tx: Transaction, number: str, now: float, decision: Decision, *, by: str, reason: str
) -> bool:
    """Close the open review of a number; false when there is none.

    The caller has the lock of the number, and records the opt-out where it is one.
    """
    connection = tx.connection
    row = reviews.open_of(connection, number)
    if row is None:
        return False
    decided = reviews.decide(
        connection, row.id, now, decision=decision, decided_by=by, decision_reason=reason
    )
    tx.record(
        "review_decided",
        number,
        now,
        review=row.id,
        decision=decision,
        by=by,
        reason=reason,
    )
    if decision is Decision.KEEP:
        queue.release_recipient(connection, number, now, queue.UNDER_REVIEW)
    tx.emit(Event("review.decided", now, views.review(decided)))
    return True
