"""Giving and withdrawing consent, whoever does it: a person at the API, an import, a text.

Theory of operation
-------------------
A consent is one row by number, kind and scope, and is never deleted: withdrawn, it stays with its
evidence, and the audit has every change. All changes happen under the lock of the recipient that
each write-ahead takes: what begins after the commit has seen it.

An opt-out ends every consent of the number. A START brings back those which an opt-out has ended,
for that is what our confirmation of the STOP promises, with the START as the new evidence; it does
not bring back what was withdrawn by itself. Where `gate.start_gives` names kinds, that START is
also consent to those where none was on record. A START of somebody who has not opted out is an
ordinary text and gives nothing. To lift an opt-out by hand brings no consent back:
whoever does so records the new consent that it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.gateway import views
from modemgw.store import consents, optouts
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    ended_by: str = BY_REQUEST,
) -> list[Record]:
    """Withdraw the consents of a number, of one kind or scope where these are named; which."""
    optouts.lock(tx.connection, number)
    ended = []
    for row in consents.of_number(tx.connection, number):
        fits = kind in (None, row.kind) and scope in (None, row.scope)
        if row.state != consents.GIVEN or not fits:
            continue
        gone = consents.end(tx.connection, (number, row.kind, row.scope), now, ended_by)
        _tell(tx, "withdrawn", gone, now, by=by, reason=reason)
        ended.append(gone)
    return ended


def end_by_opt_out(tx: Transaction, number: str, now: float, *, by: str, reason: str) -> None:
    """Withdraw all consents of somebody who has opted out."""
    withdraw(tx, number, now, by=by, reason=reason, ended_by=BY_OPT_OUT)


def give_by_start(
    tx: Transaction, number: str, now: float, *, message_id: str, reason: str, kinds: Iterable[str]
) -> None:
    """Record what the START that lifts an opt-out means: consents that an opt-out has ended stand
    again, and those of `kinds` stand where there were none."""
    optouts.lock(tx.connection, number)
    known = consents.of_number(tx.connection, number)
    wanted = {(row.kind, row.scope): row for row in known if row.ended_by == BY_OPT_OUT}
    there = {row.kind for row in known}
    for kind in kinds:
        if kind not in there:
            wanted[kind, consents.EVERYWHERE] = None
    for (kind, scope), row in wanted.items():
        wording = None if row is None else row.wording
        consent = Consent(number, kind, scope, KEYWORD, KEYWORD, now, wording, reason, message_id)
        give(tx, consent, now)


def _tell(
    tx: Transaction, what: str, row: Record, now: float, *, by: str, reason: str = ""
) -> None:
    optouts.record(
        tx.connection,
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
