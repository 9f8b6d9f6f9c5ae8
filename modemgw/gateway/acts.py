"""What is done to a message inside a transaction, whoever asks for it.

Every change of a status passes here, and so through the table in `status`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modemgw.gateway import reservations, views
from modemgw.gateway.lanes import Lane, lane_of
from modemgw.gateway.status import (
    ACCEPTED,
    UNFINISHED,
    MessageStatus,
    PartStatus,
    moved,
    part_moved,
    summarise,
)
from modemgw.store import messages, queue
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.consent.scopes import OptOut, OptOutRules
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

OPTED_OUT = "opted_out"
FEW = 5  # texts that end within a millisecond

_IDLE: dict[str, Any] = {"lane": None, "ready_at": None, "claimed_by": None, "hold_reason": None}


def announce(tx: Transaction, row: Record, now: float, type_: str = "message.status") -> None:
    """Emit the event that tells how a message stands now."""
    sequence = None
    if row.conversation_id:
        spoken = row.status == MessageStatus.SENT
        values = {"line_id": row.line_id, "spoken_at": now} if spoken else {}
        sequence = messages.next_sequence(tx.connection, row.conversation_id, **values)
    tx.emit(Event(type_, now, views.message(row), row.conversation_id, sequence))


def end(tx: Transaction, row: Record, to: MessageStatus, now: float, code: str, words: str) -> None:
    """End a message for a reason; its parts that have not begun never will."""
    status = moved(MessageStatus(row.status), to)
    ended = messages.changed(
        tx.connection, row.id, **_IDLE, status=status, error_code=code, error_message=words
    )
    reservations.give_back(tx.connection, ended)
    announce(tx, ended, now)


def own_lane(row: Record, sticky_line_id: str | None) -> str:
    """The lane that a message waits in: its line's once a part has gone or where it names one, else
    that of the line it sticks to, if any, or where any line takes it from.
    """
    line_id = row.line_id if row.status == MessageStatus.SENDING else sticky_line_id
    if line_id is None or Lane.parse(row.home_lane).line is not None:
        return str(row.home_lane)
    return lane_of(line_id, row.pool, row.key_id, kind=row.kind, send_at=row.send_at)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a message ended badly: a word for programs and a sentence for people."""

    code: str
    words: str


def settle_part(
    tx: Transaction,
    part: Record,
    to: PartStatus,
    now: float,
    reason: Reason | None = None,
    **details: Any,
) -> MessageStatus:
    """Bring a part to a status and its message to what follows; the message's new status.

    `reason` is told of the message where that ends it.
    """
    was = PartStatus(part.status)
    messages.change_part(
        tx.connection,
        part.message_id,
        part.seq,
        status=part_moved(was, to),
        settled_at=now,
        **details,
    )
    if was is PartStatus.IN_DOUBT:
        queue.release_recipient(tx.connection, part.recipient, now)
    return follow_part(tx, part.message_id, to, now, reason)


@dataclass(frozen=True, slots=True)
class _Step:
    """What becomes of a message of one part; `when` is the column that tells when."""

    was: MessageStatus
    to: MessageStatus
    when: str
    also: Mapping[str, Any]


# What becomes of nearly every message, by the status of its part.
_USUAL_STEPS = {
    PartStatus.SENT: _Step(
        MessageStatus.SENDING, MessageStatus.SENT, "sent_at", {"claimed_by": None, "reserved": None}
    ),
    PartStatus.DELIVERED: _Step(MessageStatus.SENT, MessageStatus.DELIVERED, "delivered_at", {}),
}


def follow_part(
    tx: Transaction, message_id: str, to: PartStatus, now: float, reason: Reason | None = None
) -> MessageStatus:
    """Bring a message to what follows from the status that one of its parts has got."""
    usual = _USUAL_STEPS.get(to)
    if usual is not None:
        changes = {"status": moved(usual.was, usual.to), usual.when: now, **usual.also}
        row = messages.advanced(tx.connection, message_id, usual.was, **changes)
        if row is not None:
            announce(tx, row, now)
            return usual.to
    return follow_parts(tx, message_id, now, reason, to)


def follow_parts(
    tx: Transaction,
    message_id: str,
    now: float,
    reason: Reason | None = None,
    lone: PartStatus | None = None,
) -> MessageStatus:
    """Bring a message to the status that its parts give it; what that is.

    `lone` is the status of a part, known to the caller, which is all there is to know where it is
    the only one.
    """
    row = messages.get(tx.connection, message_id)
    assert row is not None
    states = [lone] if row.parts == 1 and lone else _states(tx, message_id)
    was, to = MessageStatus(row.status), summarise(states)
    if was in (MessageStatus.CANCELED, MessageStatus.EXPIRED, MessageStatus.BLOCKED):
        return was  # ended as a whole; what its parts still learn stays with the parts
    if to is MessageStatus.SENDING and was is not MessageStatus.FAILED:
        return _go_on(tx, row, states, now)
    if to is was or to in UNFINISHED:
        return was
    reservations.give_back(tx.connection, row)
    changes: dict[str, Any] = {"lane": None, "ready_at": None, "claimed_by": None}
    if to is not MessageStatus.IN_DOUBT:  # a message in doubt remembers that its rest must not go
        changes["hold_reason"] = None
    if row.sent_at is None and ACCEPTED.issuperset(states):
        changes["sent_at"] = now
    if to is MessageStatus.DELIVERED:
        changes["delivered_at"] = now
    if to is MessageStatus.UNDELIVERED and reason is None:
        reason = _told_before(tx, message_id)
    if to in (MessageStatus.SENT, MessageStatus.DELIVERED):
        changes |= {"error_code": None, "error_message": None}
    elif reason is not None:
        changes |= {"error_code": reason.code, "error_message": reason.words}
    announce(tx, messages.changed(tx.connection, message_id, status=moved(was, to), **changes), now)
    return to


def undelivered(tp_st: int) -> Reason:
    """Why a message did not arrive, by the TP-ST (3GPP TS 23.040 §9.2.3.15) of one of its parts."""
    return Reason("undelivered", f"The network could not deliver it (TP-ST {tp_st:#04x}).")


def _told_before(tx: Transaction, message_id: str) -> Reason:
    """What a report told of a part while others were still to go."""
    parts = messages.get_parts(tx.connection, message_id)
    return undelivered(next(p.report_status for p in parts if p.status == PartStatus.UNDELIVERED))


def _states(tx: Transaction, message_id: str) -> list[PartStatus]:
    return [PartStatus(part.status) for part in messages.get_parts(tx.connection, message_id)]


def _go_on(tx: Transaction, row: Record, states: list[PartStatus], now: float) -> MessageStatus:
    """What a message of which a part has gone does with the rest."""
    was = MessageStatus(row.status)
    if row.hold_reason == OPTED_OUT and PartStatus.SUBMITTING not in states:
        _end_at_opt_out(tx, row, states, now)
        return MessageStatus.CANCELED
    if was is MessageStatus.IN_DOUBT:
        status = moved(was, MessageStatus.SENDING)
        announce(tx, messages.changed(tx.connection, row.id, status=status, ready_at=now), now)
    return MessageStatus.SENDING


def _end_at_opt_out(tx: Transaction, row: Record, states: list[PartStatus], now: float) -> None:
    gone = sum(state in ACCEPTED for state in states)
    words = "The recipient opted out."
    if gone:
        words += f" {gone} of {len(states)} parts had gone before."
    end(tx, row, MessageStatus.CANCELED, now, OPTED_OUT, words)


def cancel_for_opt_out(
    tx: Transaction, number: str, now: float, opt_out: OptOut, rules: OptOutRules
) -> int:
    """Cancel what is queued for a recipient and covered by their opt-out; how many messages.

    What is on the air at this moment cannot be called back: it is noted in the audit as in flight,
    and the rest of its message ends when its answer is there.
    """
    canceled = 0
    rows = messages.unfinished_to(tx.connection, number, [*UNFINISHED, MessageStatus.IN_DOUBT])
    if len(rows) > FEW:
        tx.takes_long()
    for row in rows:
        if row.permit is not None or not rules.covers(opt_out, number, row.kind, row.pool):
            continue
        states = _states(tx, row.id)
        in_flight = PartStatus.SUBMITTING in states
        if in_flight or row.status == MessageStatus.IN_DOUBT:
            messages.change(tx.connection, row.id, hold_reason=OPTED_OUT, lane=None, ready_at=None)
            if in_flight:
                tx.record("in_flight_at_opt_out", number, now, message=row.id)
            continue
        _end_at_opt_out(tx, row, states, now)
        canceled += 1
    return canceled
