"""Giving and withdrawing consent, whoever does it: a person at the API, an import, a text.

Theory of operation
-------------------
A consent is one row by number, kind and scope, and is never deleted: withdrawn, it stays with its
evidence, and the audit has every change. All changes happen under the lock of the recipient that
each write-ahead takes: what begins after the commit has seen it.

An opt-out ends the consents that lie wholly in what it covers: one of all pools those to all pools
and to each, one of a pool or brand those to its pools; none to kinds that it leaves. A consent to
all pools outlives the opt-out of one, which by itself keeps that pool's texts back.

A START brings back what an opt-out has ended, where no other opt-out still covers it, for that is
what our confirmation of the STOP promises, with the START as the new evidence; it does not bring
back what was withdrawn by itself. Where `gate.start_gives` names kinds, that START is also consent
to those, as widely as the opt-outs reached that it lifts, where nothing was on record. A START of
somebody who has not opted out is an ordinary text and gives nothing. To lift an opt-out by hand
brings no consent back: whoever does so records the new consent that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.consent.scopes import OptOut
from modemgw.gateway import views
from modemgw.store import consents, optouts
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from modemgw.consent.scopes import OptOutRules
    from modemgw.store.prepared import Record
    from modemgw.store.writer import Transaction

BY_OPT_OUT: Final = "opt_out"
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


def give(tx: Transaction, consent: Consent, now: float) -> Record:
    """Record a consent; what stands then.

    One that stands is left as it is where it says the same: a repeat changes nothing.
    """
    connection = tx.connection
    optouts.lock(connection, consent.number)
    before = consents.get(connection, consent.number, consent.kind, consent.scope)
    if before is not None and before.state == consents.GIVEN and _says_the_same(before, consent):
        return before
    values = {
        "number": consent.number,
        "kind": consent.kind,
        "scope": consent.scope,
        "state": consents.GIVEN,
        "source": consent.source,
        "obtained_at": now if consent.obtained_at is None else consent.obtained_at,
        "wording": consent.wording,
        "evidence": consent.evidence,
        "message_id": consent.message_id,
        "recorded_by": consent.by,
        "created_at": now if before is None else before.created_at,
        "changed_at": now,
        "ended_by": None,
    }
    consents.put(connection, values)
    row = consents.get(connection, consent.number, consent.kind, consent.scope)
    assert row is not None
    _tell(tx, "given", row, now, by=consent.by)
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
    """Withdraw the consents of a number, of one kind or scope where these are named; which."""
    optouts.lock(tx.connection, number)
    return [
        _end(tx, row, now, BY_REQUEST, by=by, reason=reason)
        for row in _given(tx, number)
        if kind in (None, row.kind) and scope in (None, row.scope)
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
    for row in _given(tx, number):
        if _lies_in(row.kind, row.scope, opt_out, number, rules):
            _end(tx, row, now, BY_OPT_OUT, by=by, reason=reason)


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
    known = consents.of_number(tx.connection, number)
    left = [OptOut.parse(row.scope, row.leaves) for row in _opt_outs(tx, number)]
    wanted = {(row.kind, row.scope): row.wording for row in known if row.ended_by == BY_OPT_OUT}
    there = {(row.kind, row.scope) for row in known}
    for kind in kinds:
        for scope in _scopes_of(lifted, rules):
            is_there = any(k == kind and _overlap(s, scope) for k, s in there)
            if not is_there:
                wanted[kind, scope] = None
    for (kind, scope), wording in wanted.items():
        if any(_lies_in(kind, scope, opt_out, number, rules) for opt_out in left):
            continue
        consent = Consent(number, kind, scope, KEYWORD, KEYWORD, now, wording, reason, message_id)
        give(tx, consent, now)


def _opt_outs(tx: Transaction, number: str) -> list[Record]:
    return optouts.of(tx.connection, number, tx.erased_as(number))


def _overlap(one: str, other: str) -> bool:
    """Whether there are texts in both scopes."""
    return one == other or consents.EVERYWHERE in (one, other)


def _lies_in(kind: str, scope: str, opt_out: OptOut, number: str, rules: OptOutRules) -> bool:
    """Whether all texts of a consent are covered by an opt-out."""
    pool = consents.pool_of(scope)
    if pool is None and not rules.is_of_all(opt_out):
        return False
    return rules.covers(opt_out, number, kind, pool)


def _scopes_of(lifted: Collection[OptOut], rules: OptOutRules) -> Iterator[str]:
    """The scopes of consent that opt-outs reach."""
    if any(rules.is_of_all(opt_out) for opt_out in lifted):
        yield consents.EVERYWHERE
        return
    for pool in sorted(rules.pools):
        if any(rules.is_lifted_at(opt_out, (pool,)) for opt_out in lifted):
            yield consents.pool_scope(pool)


def _given(tx: Transaction, number: str) -> list[Record]:
    rows = consents.of_number(tx.connection, number)
    return [row for row in rows if row.state == consents.GIVEN]


def _end(
    tx: Transaction, row: Record, now: float, ended_by: str, *, by: str, reason: str
) -> Record:
    gone = consents.end(tx.connection, (row.number, row.kind, row.scope), now, ended_by)
    _tell(tx, "withdrawn", gone, now, by=by, reason=reason)
    return gone


def _tell(
    tx: Transaction, what: str, row: Record, now: float, *, by: str, reason: str = ""
) -> None:
    tx.record(
        f"consent_{what}",
        row.number,
        now,
        kind=row.kind,
        scope=row.scope,
        source=row.source,
        obtained_at=row.obtained_at,
        wording=row.wording,
        evidence=row.evidence,
        message=row.message_id,
        by=by,
        reason=reason or None,
    )
    tx.emit(Event(f"consent.{what}", now, views.consent(row)))
