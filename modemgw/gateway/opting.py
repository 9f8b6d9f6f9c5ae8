"""Opting out and in, whoever asks for it: a text, a person at the API, a review that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from modemgw.consent.order import UNKNOWN, Sent, refusal
from modemgw.consent.scopes import OptOut, OptOutRules
from modemgw.gateway import acts, consenting, reviews
from modemgw.gateway.reviews import Decision
from modemgw.store import optouts
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction


LIST: Final = "import"  # the source of what a list tells


def of_row(row: Record) -> OptOut:
    """An opt-out as the rules see it."""
    return OptOut.parse(row.scope, row.leaves)


def standing(connection: Connection, number: str, erased_as: str = "") -> tuple[OptOut, ...]:
    """The opt-outs of a number, those included that are kept as its hash alone."""
    return tuple(of_row(row) for row in optouts.of(connection, number, erased_as))


def refuses(
    connection: Connection,
    rules: OptOutRules,
    number: str,
    kind: str,
    pool: str | None,
    erased_as: str = "",
) -> bool:
    """Whether an opt-out of the number covers a text of this kind and pool."""
    known = standing(connection, number, erased_as)
    return any(rules.covers(opt_out, number, kind, pool) for opt_out in known)


def opt_out(
    tx: Transaction,
    number: str,
    now: float,
    asked: OptOut,
    rules: OptOutRules,
    *,
    source: str,
    reason: str,
    message_id: str | None = None,
    line_id: str | None = None,
    sent: Sent = UNKNOWN,
    by: str | None = None,
) -> bool:
    """Record an opt-out and cancel what it covers of what is queued; false when there was one
    already that covered as much of the same scope.

    That one is then as of now, and consents that were recorded since are ended. One that is merely
    told again (`_is_repeat`) ends none; but no START from before lifts it, unless a list tells it.
    `sent` is known of texts; an act of our own is done now. `by` is who decided, where that was not
    the source itself. One of all pools closes an open review.
    The lock is the one that each write-ahead takes: what begins after this commit has seen it.
    """
    optouts.lock_all(tx.connection, (number,))
    if rules.is_of_all(asked):
        reviews.decide(tx, number, now, Decision.OPT_OUT, by=by or source, reason=reason)
    refused = refusal(sent, now)
    rows = optouts.of(tx.connection, number, tx.erased_as(number))
    row = next((row for row in rows if row.scope == asked.scope), None)
    before = None if row is None else of_row(row)
    if before is not None:
        asked = OptOut(asked.scope, asked.leaves & before.leaves)
    says = {"source": source, "reason": reason, "message_id": message_id, "line_id": line_id}
    if row is not None and asked == before and _is_repeat(row, says):
        if source != LIST:  # when they refused last is all that it may tell
            known = {name: getattr(row, name) for name in says}
            optouts.renew(tx.connection, row, row.leaves, refused.sent_at, refused.centre, known)
        return False
    consenting.end_by_opt_out(tx, number, now, asked, rules, by=by or source, reason=reason)
    told = {"source": source, "reason": reason, **_told(asked)}
    if row is None:
        times = {"created_at": now, "sent_at": refused.sent_at, "centre": refused.centre}
        leaves = asked.kept_leaves
        optouts.add(
            tx.connection,
            {"number": number, "scope": asked.scope, "leaves": leaves, **says, **times},
        )
    else:
        optouts.renew(tx.connection, row, asked.kept_leaves, refused.sent_at, refused.centre, says)
        if asked == before:
            tx.record("opted_out_again", number, now, **told)
            return False
    canceled = acts.cancel_for_opt_out(tx, number, now, asked, rules)
    tx.record("opted_out", number, now, **told, canceled=canceled)
    tx.emit(Event("optout.created", now, {"number": number, **told}))
    return True


def _is_repeat(row: Record, says: Mapping[str, Any]) -> bool:
    """Whether it says nothing new of an opt-out that stands.

    A text of the customer's is news whenever it comes, and so is what a person notes with words of
    its own. A list says of no row when that was said, and most are older than what we know; and the
    same words from the same source are the same act once more, by a caller that heard no answer
    or copies its list every night. Of an erased one the words are not kept.
    """
    if says["message_id"] is not None:
        return False
    if says["source"] == LIST:
        return True
    is_same = row.erased_at is not None or row.reason == says["reason"]
    return bool(is_same and row.source == says["source"])


def opt_in(
    tx: Transaction,
    number: str,
    now: float,
    lifted: Collection[OptOut],
    *,
    source: str,
    reason: str,
) -> bool:
    """Lift some opt-outs; false when there is none of them."""
    optouts.lock(tx.connection, number)
    done = False
    for opt_out in lifted:
        if not optouts.remove(tx.connection, number, opt_out.scope, tx.erased_as(number)):
            continue
        done = True
        told = {"source": source, "reason": reason, "scope": opt_out.scope}
        tx.record("opted_in", number, now, **told)
        tx.emit(Event("optout.removed", now, {"number": number, **told}))
    return done


def _told(opt_out: OptOut) -> dict[str, object]:
    return {"scope": opt_out.scope, "leaves": sorted(opt_out.leaves)}
