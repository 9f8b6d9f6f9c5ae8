"""Giving and withdrawing consent, whoever does it: a person at the API, an import, a text.

Theory of operation
-------------------
A consent is one row by number, kind and scope, and is not deleted: withdrawn, it stays with its
evidence, and without that where its person's data are erased. The audit has every change. All
changes happen under the lock of the recipient that each write-ahead takes: what begins after the
commit has seen it.

An opt-out ends the consents that lie wholly in what it covers: one of all pools those to all pools
and to each, one of a pool or brand those to its pools; none to kinds that it leaves. A consent to
all pools, or to a brand, outlives the opt-out of one of them, which by itself keeps that pool's
texts back.

Double opt-in: a consent may be *pending*. Then one text, the question, is let go without it: that
whose id the row names, while the row is pending; all other rules of the gate hold for it. A YES on
the line that asked, sent after the question and in time, makes it given. Nobody is asked twice
within the configured time, whatever it is about. Where the consent is recorded another way while
its question waits, that is canceled, and so are questions about a part of it.

A START brings back what the opt-outs that it lifts have ended, where no other opt-out still covers
it, for that is what our confirmation of the STOP promises, with the START as the new evidence; it
does not bring back what was withdrawn by itself. Where `gate.start_gives` names kinds, that START
is also consent to those, as widely as the opt-outs reached that it lifts, where nothing was on
record. A START of somebody who has not opted out is an ordinary text and gives nothing. To lift an
opt-out by hand brings no consent back: whoever does so records the new consent that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from modemgw.consent.agreement import is_in_time
from modemgw.consent.scopes import OptOut
from modemgw.gateway import cancels, views
from modemgw.gateway.acts import Reason
from modemgw.gateway.requests import RefusalError
from modemgw.gateway.views import timestamp
from modemgw.store import consents, messages, optouts
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from modemgw.consent.agreement import DoubleOptIn
    from modemgw.consent.order import Sent
    from modemgw.consent.scopes import OptOutRules
    from modemgw.gateway.outbound import Outcome, Taken
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

BY_OPT_OUT: Final = "opt_out"
DECLINED: Final = "declined"  # what was asked for, and answered by an opt-out
NEEDLESS: Final = Reason("consent_recorded", "The consent that it asks for was recorded meanwhile.")
BY_REQUEST: Final = "request"
KEYWORD: Final = "keyword"


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody has agreed to. `obtained_at` in seconds of the epoch; None: now. `by` is the
    key that records it, or `keyword`; `message_id` is the text by which it was given.
    """

    number: str
    kind: str
    scope: str
    source: str
    by: str
    obtained_at: float | None = None
    wording: str | None = None
    evidence: str | None = None
    message_id: str | None = None


def give(tx: Transaction, consent: Consent, now: float, rules: OptOutRules) -> Record:
    """Record a consent; what stands then.

    One that stands is left as it is where it says the same: a repeat changes nothing.
    """
    connection = tx.connection
    optouts.lock(connection, consent.number)
    before = _before(tx, consent)
    if before is not None and before.state == consents.GIVEN and _says_the_same(before, consent):
        return before
    return _give(tx, consent, now, before, rules)


def give_from_list(
    tx: Transaction, consent: Consent, now: float, rules: OptOutRules
) -> bool | RefusalError:
    """Record a consent that a list tells of, which says when it was obtained; whether it is news.

    RefusalError where they have withdrawn it since, or opted out: a list may be an old one.
    """
    number, obtained_at = consent.number, consent.obtained_at
    assert obtained_at is not None
    optouts.lock(tx.connection, number)
    before = _before(tx, consent)
    if before is not None and before.state == consents.GIVEN and before.obtained_at >= obtained_at:
        return False
    for row in _known(tx, number):  # whoever has withdrawn a wider one meant this, too
        is_part = row.kind == consent.kind and rules.includes(row.scope, consent.scope)
        if is_part and row.state == consents.WITHDRAWN and row.changed_at >= obtained_at:
            return RefusalError("withdrawn-since", "it was withdrawn after it was obtained")
    for row in _opt_outs(tx, number):
        opt_out = OptOut.parse(row.scope, row.leaves)
        said_at = max(row.created_at, row.sent_at)  # they may have said so again since the first
        is_later = said_at >= obtained_at
        if is_later and _lies_in(consent.kind, consent.scope, opt_out, number, rules):
            return RefusalError("opted-out", "they have opted out after it was obtained")
    _give(tx, consent, now, before, rules)
    return True


def _give(
    tx: Transaction, consent: Consent, now: float, before: Record | None, rules: OptOutRules
) -> Record:
    """Write a consent, and take back the questions about it that have not begun."""
    for row in _known(tx, consent.number):
        is_part = row.kind == consent.kind and rules.includes(consent.scope, row.scope)
        if row.state != consents.PENDING or not is_part:
            continue
        question = messages.get(tx.connection, row.request_id, alone=True)
        if question is not None and cancels.cancel(tx, question, now, NEEDLESS):
            consents.close(tx.connection, (row.number, row.kind, row.scope), now)
    return _put(tx, "given", consent, now, before, state=consents.GIVEN)


def ask(
    tx: Transaction,
    consent: Consent,
    now: float,
    rules: DoubleOptIn,
    take: Callable[[Transaction], Outcome],
) -> tuple[Record, Taken | None] | RefusalError:
    """Have somebody asked for a consent: what is on record then, and the question if one goes.

    One that stands is left, and so is one that was asked for and can still be answered. `take`
    accepts the question. RefusalError where the gate refuses that, or they were asked lately.
    """
    optouts.lock(tx.connection, consent.number)
    known = _known(tx, consent.number)
    key = (consent.kind, consent.scope)
    before = next((row for row in known if (row.kind, row.scope) == key), None)
    if before is not None and (before.state == consents.GIVEN or _is_open(before, now)):
        return before, None
    asked_at = max((row.asked_at for row in known if row.asked_at is not None), default=None)
    if now < (again_at := rules.asks_again_at(asked_at)):
        words = f"they were asked for a consent lately; they may be again at {timestamp(again_at)}"
        return RefusalError("asked-lately", words, field="double")
    question = take(tx)
    if isinstance(question, RefusalError):
        return question
    asked = {
        "state": consents.PENDING,
        "request_id": question.row.id,
        "asked_at": now,
        "due_at": (question.row.ready_at or now) + rules.answer_within_s,
    }
    return _put(tx, "requested", consent, now, before, **asked), question


def give_by_answer(
    tx: Transaction,
    number: str,
    now: float,
    rules: OptOutRules,
    *,
    sent: Sent,
    line_id: str | None,
    message_id: str,
) -> None:
    """Record the YES of somebody whom that line asked."""
    connection = tx.connection
    optouts.lock(connection, number)
    for row in consents.of_number(connection, number):
        question = messages.get(connection, row.request_id) if _is_open(row, now) else None
        if question is None or question.sent_at is None or question.line_id != line_id:
            continue
        if is_in_time(sent, question.sent_at, row.due_at, now):
            wording = row.wording or question.text
            what = (row.source, row.recorded_by, now, wording, row.evidence, message_id)
            give(tx, Consent(number, row.kind, row.scope, *what), now, rules)


def _is_open(row: Record, now: float) -> bool:
    """Whether it was asked for and can still be answered."""
    return bool(row.state == consents.PENDING and now < row.due_at)


def _put(
    tx: Transaction,
    what: str,
    consent: Consent,
    now: float,
    before: Record | None,
    **state: Any,
) -> Record:
    """Write a consent and tell of it; when somebody was asked is kept."""
    values = {
        "number": consent.number,
        "kind": consent.kind,
        "scope": consent.scope,
        "source": consent.source,
        "obtained_at": now if consent.obtained_at is None else consent.obtained_at,
        "wording": consent.wording,
        "evidence": consent.evidence,
        "message_id": consent.message_id,
        "recorded_by": consent.by,
        "created_at": now if before is None else before.created_at,
        "changed_at": now,
        "ended_by": None,
        "asked_at": None if before is None else before.asked_at,
        **state,
    }
    consents.put(tx.connection, values)
    row = consents.get(tx.connection, consent.number, consent.kind, consent.scope)
    assert row is not None
    _tell(tx, what, consent.number, row, now, by=consent.by)
    return row


def _says_the_same(row: Record, consent: Consent) -> bool:
    said = (consent.source, consent.wording, consent.evidence, consent.message_id)
    same = (row.source, row.wording, row.evidence, row.message_id) == said
    return same and consent.obtained_at in (None, row.obtained_at)


def withdraw(
    tx: Transaction,
    number: str,
    now: float,
    *,
    by: str,
    reason: str,
    kind: str | None = None,
    scope: str | None = None,
) -> list[Record]:
    """Withdraw the consents of a number, of one kind or scope where these are named; which.

    Those, too, that an opt-out has ended: a START does not bring them back any more.
    """
    optouts.lock(tx.connection, number)
    return [
        _end(tx, number, row, now, BY_REQUEST, by=by, reason=reason)
        for row in _known(tx, number)
        if (row.state != consents.WITHDRAWN or row.ended_by == BY_OPT_OUT)
        and kind in (None, row.kind)
        and scope in (None, row.scope)
    ]


def end_by_opt_out(
    tx: Transaction,
    number: str,
    now: float,
    opt_out: OptOut,
    rules: OptOutRules,
    *,
    by: str,
    reason: str,
) -> None:
    """Withdraw the consents that lie in what somebody has opted out of."""
    for row in _standing(tx, number):
        if _lies_in(row.kind, row.scope, opt_out, number, rules):
            ended_by = BY_OPT_OUT if row.state == consents.GIVEN else DECLINED
            _end(tx, number, row, now, ended_by, by=by, reason=reason)


def give_by_start(
    tx: Transaction,
    number: str,
    now: float,
    lifted: Collection[OptOut],
    rules: OptOutRules,
    *,
    message_id: str,
    reason: str,
    kinds: Collection[str],
) -> None:
    """Record what the START means that has lifted some opt-outs: consents that these had ended
    stand again, and those of `kinds` stand where nothing was on record."""
    optouts.lock(tx.connection, number)
    known = _known(tx, number)
    left = [OptOut.parse(row.scope, row.leaves) for row in _opt_outs(tx, number)]
    wanted = {
        (row.kind, row.scope): row.wording
        for row in known
        if row.ended_by == BY_OPT_OUT
        and any(_lies_in(row.kind, row.scope, opt_out, number, rules) for opt_out in lifted)
    }
    there = {(row.kind, row.scope) for row in known}
    for kind in kinds:
        for scope in _scopes_of(lifted, rules):
            is_there = any(k == kind and rules.overlap(s, scope) for k, s in there)
            if not is_there:
                wanted[kind, scope] = None
    for (kind, scope), wording in wanted.items():
        if any(_lies_in(kind, scope, opt_out, number, rules) for opt_out in left):
            continue
        consent = Consent(number, kind, scope, KEYWORD, KEYWORD, now, wording, reason, message_id)
        give(tx, consent, now, rules)


def _known(tx: Transaction, number: str) -> list[Record]:
    return consents.of_number(tx.connection, number, tx.erased_as(number))


def _before(tx: Transaction, consent: Consent) -> Record | None:
    hashed = tx.erased_as(consent.number)
    return consents.get(tx.connection, consent.number, consent.kind, consent.scope, hashed)


def _opt_outs(tx: Transaction, number: str) -> list[Record]:
    return optouts.of(tx.connection, number, tx.erased_as(number))


def _lies_in(kind: str, scope: str, opt_out: OptOut, number: str, rules: OptOutRules) -> bool:
    """Whether all texts of a consent are covered by an opt-out."""
    pools = rules.pools_in(scope)
    if pools is None:
        return rules.is_of_all(opt_out) and rules.covers(opt_out, number, kind, None)
    return all(rules.covers(opt_out, number, kind, pool) for pool in pools)


def _scopes_of(lifted: Collection[OptOut], rules: OptOutRules) -> Iterator[str]:
    """The scopes of consent that opt-outs reach."""
    if any(rules.is_of_all(opt_out) for opt_out in lifted):
        yield consents.EVERYWHERE
        return
    for pool in sorted(rules.pools):
        if any(rules.is_lifted_at(opt_out, (pool,)) for opt_out in lifted):
            yield rules.around(pool)[0]


def _standing(tx: Transaction, number: str) -> list[Record]:
    return [row for row in _known(tx, number) if row.state != consents.WITHDRAWN]


def _end(
    tx: Transaction, number: str, row: Record, now: float, ended_by: str, *, by: str, reason: str
) -> Record:
    gone = consents.end(tx.connection, (row.number, row.kind, row.scope), now, ended_by)
    _tell(tx, "withdrawn", number, gone, now, by=by, reason=reason)
    return gone


def _tell(
    tx: Transaction,
    what: str,
    number: str,
    row: Record,
    now: float,
    *,
    by: str,
    reason: str = "",
) -> None:
    tx.record(
        f"consent_{what}",
        number,
        now,
        kind=row.kind,
        scope=row.scope,
        source=row.source,
        obtained_at=row.obtained_at,
        wording=row.wording,
        evidence=row.evidence,
        message=row.message_id,
        request=row.request_id,
        by=by,
        reason=reason or None,
    )
    tx.emit(Event(f"consent.{what}", now, views.consent(row)))
