"""The statuses of messages and parts, and every way from one to another.

Theory of operation
-------------------
A message's status follows from what became of its parts: `summarise` reads it off them. Beside
that, a few acts move a message as a whole (cancel, expiry, a refusal of the gate). Whatever the
reason, a change goes through `MOVES`: a step that is not in the table is a mistake of ours and
raises, so no status is ever left twice or reached from nowhere. Nothing else changes a status.

    scheduled ─► queued ─► sending ─► sent ─► delivered | undelivered
                   ▲          │  ▲
                   └── retry ─┘  └──► in_doubt ─► sent | queued | failed …

A message waits as `queued` again between attempts. `in_doubt` is left by evidence (an answer read
late, a report) or by its time-out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class MessageStatus(StrEnum):
    """Where a message stands."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"
    BLOCKED = "blocked"
    IN_DOUBT = "in_doubt"
    RECEIVED = "received"


class PartStatus(StrEnum):
    """Where one part of a message stands."""

    QUEUED = "queued"
    SUBMITTING = "submitting"  # recorded as about to begin; may or may not have left
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"  # refused for certain, or given up
    IN_DOUBT = "in_doubt"


_S, _P = MessageStatus, PartStatus

_ENDED = {_S.FAILED, _S.EXPIRED, _S.CANCELED, _S.BLOCKED}

MOVES: dict[MessageStatus, frozenset[MessageStatus]] = {
    _S.SCHEDULED: frozenset({_S.QUEUED} | _ENDED),
    _S.QUEUED: frozenset({_S.SENDING} | _ENDED),
    _S.SENDING: frozenset({_S.QUEUED, _S.SENT, _S.DELIVERED, _S.UNDELIVERED, _S.IN_DOUBT} | _ENDED),
    # A report may tell that a part in doubt, or of a message given up, went out after all.
    _S.IN_DOUBT: frozenset({_S.QUEUED, _S.SENDING, _S.SENT, _S.DELIVERED, _S.UNDELIVERED} | _ENDED),
    _S.SENT: frozenset({_S.DELIVERED, _S.UNDELIVERED}),
    _S.FAILED: frozenset({_S.SENT, _S.DELIVERED, _S.UNDELIVERED}),
    _S.DELIVERED: frozenset(),
    _S.UNDELIVERED: frozenset({_S.SENT, _S.DELIVERED}),  # a failure was reported, then success
    _S.EXPIRED: frozenset(),
    _S.CANCELED: frozenset(),
    _S.BLOCKED: frozenset(),
    _S.RECEIVED: frozenset(),
}

CANCELABLE = frozenset({_S.SCHEDULED, _S.QUEUED})
UNFINISHED = frozenset({_S.SCHEDULED, _S.QUEUED, _S.SENDING})

PART_MOVES: dict[PartStatus, frozenset[PartStatus]] = {
    _P.QUEUED: frozenset({_P.SUBMITTING, _P.FAILED}),
    _P.SUBMITTING: frozenset(
        {_P.QUEUED, _P.SENT, _P.DELIVERED, _P.UNDELIVERED, _P.FAILED, _P.IN_DOUBT}
    ),
    _P.IN_DOUBT: frozenset({_P.QUEUED, _P.SENT, _P.DELIVERED, _P.UNDELIVERED, _P.FAILED}),
    _P.SENT: frozenset({_P.DELIVERED, _P.UNDELIVERED}),
    _P.UNDELIVERED: frozenset({_P.DELIVERED}),
    _P.FAILED: frozenset({_P.SENT, _P.DELIVERED, _P.UNDELIVERED}),
    _P.DELIVERED: frozenset(),
}


class IllegalMoveError(Exception):
    """A status was to be changed in a way that the table does not know."""


def moved(now: MessageStatus, to: MessageStatus) -> MessageStatus:
    """The new status; raises IllegalMoveError where the table has no such step."""
    if to not in MOVES[now]:
        raise IllegalMoveError(f"a message cannot go from {now} to {to}")
    return to


def part_moved(now: PartStatus, to: PartStatus) -> PartStatus:
    """The new status of a part; raises IllegalMoveError where the table has no such step."""
    if to not in PART_MOVES[now]:
        raise IllegalMoveError(f"a part cannot go from {now} to {to}")
    return to


ACCEPTED = frozenset({_P.SENT, _P.DELIVERED, _P.UNDELIVERED})


def summarise(parts: Collection[PartStatus]) -> MessageStatus:
    """The status that a message has by its parts alone.

    One part in doubt puts the whole in doubt; one that failed fails it; it is `delivered` when
    every part is, and `undelivered` when all were accepted and one will never arrive.
    """
    states = set(parts)
    if _P.IN_DOUBT in states:
        return _S.IN_DOUBT
    if _P.FAILED in states:
        return _S.FAILED
    if states == {_P.QUEUED}:
        return _S.QUEUED
    if states & {_P.QUEUED, _P.SUBMITTING}:
        return _S.SENDING
    if states == {_P.DELIVERED}:
        return _S.DELIVERED
    if _P.UNDELIVERED in states:
        return _S.UNDELIVERED
    return _S.SENT
