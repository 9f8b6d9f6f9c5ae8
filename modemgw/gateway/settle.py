"""What follows from the answer to a submit."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from modemgw.gateway import acts, causes, reservations
from modemgw.gateway.acts import Reason
from modemgw.gateway.causes import Fault
from modemgw.gateway.lanes import Lane
from modemgw.gateway.reports import apply_early_reports, settle_doubt
from modemgw.gateway.status import ACCEPTED, MessageStatus, PartStatus, moved, part_moved
from modemgw.modem.interface import Outcome
from modemgw.store import attempts, messages, queue

if TYPE_CHECKING:
    from modemgw.gateway.causes import Cause
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.modem.interface import SubmitResult
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

WITHDRAWN_WAIT_S = 1.0
LOST = "its record ended while it was on the air"

# Where a part can stand when the answer to it is recorded. Anywhere else the answer was recorded
# before (by an attempt whose outcome nobody learned), or something stronger has settled it.
_OPEN = {
    Outcome.ACCEPTED: frozenset({PartStatus.SUBMITTING, PartStatus.IN_DOUBT, PartStatus.FAILED}),
    Outcome.UNKNOWN: frozenset({PartStatus.QUEUED, PartStatus.SUBMITTING}),
    # In doubt where another host took this one for dead: what is certain settles it.
    Outcome.WITHDRAWN: frozenset({PartStatus.QUEUED, PartStatus.SUBMITTING, PartStatus.IN_DOUBT}),
    Outcome.REFUSED: frozenset({PartStatus.QUEUED, PartStatus.SUBMITTING, PartStatus.IN_DOUBT}),
}


class Step(Enum):
    """What the line does next."""

    NEXT_PART = auto()
    DONE = auto()  # the message is finished with, for now
    REST = auto()  # done, and the line is ill


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a part; `begun`: its write-ahead may have been committed."""

    message_id: str
    seq: int
    line_id: str
    modem_id: str
    begun: bool


def record(
    tx: Transaction, attempt: Attempt, result: SubmitResult, settings: GatewaySettings, now: float
) -> Step:
    """Record what became of a part that a modem was handed, and decide what follows.

    What the modem did not begin is not taken from the one that did, nor a message from another line
    that has claimed it since. Nor does an attempt that never began say anything of an earlier one.
    """
    message_id, seq, modem_id = attempt.message_id, attempt.seq, attempt.modem_id
    if result.outcome is Outcome.ACCEPTED:
        part_moved(PartStatus.SUBMITTING, PartStatus.SENT)
        part = messages.part_sent(tx.connection, message_id, seq, modem_id, result.mr, now)
        if part is not None:
            now_is = acts.follow_part(tx, message_id, PartStatus.SENT, now)
            return _accepted(tx, part, result.mr, now_is, now)
    part = next((p for p in messages.get_parts(tx.connection, message_id) if p.seq == seq), None)
    if part is None:  # it was claimed and had not begun when its recipient's data were erased
        return Step.DONE
    status = PartStatus(part.status)
    if status not in _OPEN[result.outcome]:
        return Step.DONE
    if status is PartStatus.QUEUED:
        if not _is_claimed(tx, attempt, settings.host):
            return Step.DONE
        if result.outcome in (Outcome.WITHDRAWN, Outcome.UNKNOWN):  # of it nothing has begun
            _return(tx, message_id, now + WITHDRAWN_WAIT_S)
            return Step.DONE
    elif not attempt.begun:
        if status is PartStatus.SUBMITTING and _is_claimed(tx, attempt, settings.host):
            _doubt(tx, part, now, LOST, settings)  # nobody else waits for the earlier one
        return Step.DONE
    elif part.modem_id != modem_id:
        return Step.DONE
    match result.outcome:
        case Outcome.ACCEPTED:
            now_is = acts.settle_part(tx, part, PartStatus.SENT, now, mr=result.mr)
            return _accepted(tx, part, result.mr, now_is, now)
        case Outcome.UNKNOWN:
            _doubt(tx, part, now, result.detail, settings)
            return Step.DONE
        case Outcome.WITHDRAWN:  # recorded, but it does not count as an attempt
            _note(tx, part, now, Outcome.WITHDRAWN, settings, detail=result.detail)
            before = part.attempts - 1
            _requeue(tx, part, now, now + WITHDRAWN_WAIT_S, None, attempts=before)
            return Step.DONE
        case Outcome.REFUSED:
            return _refused(tx, part, result, settings, now, modem_id)


def _is_claimed(tx: Transaction, attempt: Attempt, host: str) -> bool:
    row = messages.get(tx.connection, attempt.message_id, alone=True)
    return row is not None and (row.claimed_by, row.line_id) == (host, attempt.line_id)


def _doubt(
    tx: Transaction, part: Record, now: float, detail: str, settings: GatewaySettings
) -> None:
    """Nobody can say whether a part went; unless the report on it is here already."""
    _note(tx, part, now, Outcome.UNKNOWN, settings, detail=detail)
    reason = Reason("in_doubt", f"Nobody can say whether it went: {detail}.")
    acts.settle_part(tx, part, PartStatus.IN_DOUBT, now, reason, detail=detail)
    settle_doubt(tx, part, now)


def _note(
    tx: Transaction,
    part: Record,
    now: float,
    outcome: Outcome,
    settings: GatewaySettings,
    **values: Any,
) -> None:
    """Keep an attempt that did not simply succeed; `values` are columns of it."""
    where = {"line_id": part.line_id, "modem_id": part.modem_id}
    attempts.note(
        tx.connection,
        part.message_id,
        part.seq,
        keep=settings.max_attempts,
        at=now,
        outcome=outcome.value,
        **where | values,
    )


def _accepted(
    tx: Transaction, part: Record, mr: int | None, message: MessageStatus, now: float
) -> Step:
    if mr is not None:
        apply_early_reports(tx, part, mr, now)
    return Step.NEXT_PART if message is MessageStatus.SENDING else Step.DONE


def _refused(
    tx: Transaction,
    part: Record,
    result: SubmitResult,
    settings: GatewaySettings,
    now: float,
    modem_id: str,
) -> Step:
    cause = causes.of_refusal(result.family, result.code)
    code = f"{result.family} {result.code}".strip() if result.code is not None else "error"
    if part.status == PartStatus.QUEUED:  # refused at the prompt, before the record was asked for
        part = _attempted(tx, part)
    wait_s = causes.retry_wait_s(cause.fault, part.attempts, random.random())
    if wait_s is not None:
        wait_s *= settings.retry_patience
    row = messages.get(tx.connection, part.message_id)
    assert row is not None
    last = (
        wait_s is None
        or part.attempts >= settings.max_attempts
        or (row.expires_at is not None and now + wait_s >= row.expires_at)
    )
    details = {"code": code, "detail": result.detail or cause.words}
    where = {"line_id": row.line_id, "modem_id": modem_id}
    _note(tx, part, now, Outcome.REFUSED, settings, **where, **details)
    if last or wait_s is None:
        reason = _final_reason(tx, part, cause, code)
        acts.settle_part(tx, part, PartStatus.FAILED, now, reason, **details)
    else:
        _requeue(tx, part, now, now + wait_s, cause.code, **details)
    return Step.REST if cause.fault is Fault.LINE else Step.DONE


def _attempted(tx: Transaction, part: Record) -> Record:
    messages.change_part(
        tx.connection,
        part.message_id,
        part.seq,
        attempts=part.attempts + 1,
        status=part_moved(PartStatus(part.status), PartStatus.SUBMITTING),
    )
    return next(p for p in messages.get_parts(tx.connection, part.message_id) if p.seq == part.seq)


def _final_reason(tx: Transaction, part: Record, cause: Cause, code: str) -> Reason:
    siblings = messages.get_parts(tx.connection, part.message_id)
    gone = sum(PartStatus(p.status) in ACCEPTED for p in siblings)
    if gone:
        return Reason(
            "partly_sent", f"{gone} of {len(siblings)} parts went; then: {cause.words} ({code})"
        )
    return Reason(cause.code, f"{cause.words} ({code}, attempt {part.attempts})")


def _requeue(
    tx: Transaction, part: Record, now: float, at: float, reason: str | None, **details: Any
) -> None:
    """Take a part back into the queue: it has not gone, for certain."""
    messages.change_part(
        tx.connection,
        part.message_id,
        part.seq,
        status=part_moved(PartStatus(part.status), PartStatus.QUEUED),
        settled_at=None,
        **details,
    )
    if part.status == PartStatus.IN_DOUBT:
        queue.release_recipient(tx.connection, part.recipient, now)
    row = messages.get(tx.connection, part.message_id)
    assert row is not None
    if row.hold_reason == acts.OPTED_OUT:
        words = "The recipient opted out."
        acts.end(tx, row, MessageStatus.CANCELED, now, acts.OPTED_OUT, words)
        return
    _resume(tx, row, now)
    _return(tx, row.id, at, reason)


def _resume(tx: Transaction, row: Record, now: float) -> None:
    """Bring a message to what its parts say, of which one is to go again."""
    was = MessageStatus(row.status)
    if was not in (MessageStatus.SENDING, MessageStatus.IN_DOUBT):
        return
    states = {PartStatus(part.status) for part in messages.get_parts(tx.connection, row.id)}
    to = MessageStatus.QUEUED if states.isdisjoint(ACCEPTED) else MessageStatus.SENDING
    if to is was or PartStatus.IN_DOUBT in states:
        return
    error: dict[str, None] = {"error_code": None, "error_message": None}
    resumed = messages.changed(tx.connection, row.id, status=moved(was, to), **error)
    if was is MessageStatus.IN_DOUBT:
        acts.announce(tx, resumed, now)


def _return(tx: Transaction, message_id: str, at: float, reason: str | None = None) -> None:
    """Let a message that is still alive wait until a time."""
    row = messages.get(tx.connection, message_id)
    if row is not None and row.status in (MessageStatus.QUEUED, MessageStatus.SENDING):
        reservations.give_back(tx.connection, row)
        queue.park(tx.connection, message_id, at, reason)


def fail(tx: Transaction, message_id: str, now: float, code: str, words: str) -> None:
    """End a message that can never be sent."""
    row = messages.get(tx.connection, message_id)
    if row is not None and row.status in (MessageStatus.QUEUED, MessageStatus.SENDING):
        acts.end(tx, row, MessageStatus.FAILED, now, code, words)


def settle_late(tx: Transaction, modem_id: str, mr: int | None, now: float) -> str | None:
    """A modem still had the OK to its last submit: that part was accepted.

    Returns the message's identifier, or None where the last part is not in doubt.
    """
    part = messages.last_part_on(tx.connection, modem_id)
    if part is None or part.status != PartStatus.IN_DOUBT:
        return None
    acts.settle_part(tx, part, PartStatus.SENT, now, mr=mr, detail="the answer was read late")
    if mr is not None:
        apply_early_reports(tx, part, mr, now)
    return str(part.message_id)


def recover(
    tx: Transaction,
    settings: GatewaySettings,
    now: float,
    line_id: str | None = None,
    *,
    of_host: str | None = None,
) -> tuple[int, int]:
    """Settle claims that nobody holds any more: after a start all of this host's, after the death
    of a worker its line's, after that of another host all of `of_host`. How many messages went
    back, how many parts are in doubt.

    A part that was `submitting` may or may not have left; nothing else can have.
    """
    returned = doubtful = 0
    host = of_host or settings.host
    for row in queue.claimed_by(tx.connection, host, line_id, is_other=host != settings.host):
        begun = [
            part
            for part in messages.get_parts(tx.connection, row.id)
            if part.status == PartStatus.SUBMITTING
        ]
        for part in begun:
            _doubt(tx, part, now, LOST, settings)
            doubtful += 1
        if not begun:
            messages.change(tx.connection, row.id, claimed_by=None)
            _return(tx, row.id, now)
            returned += 1
    return returned, doubtful


def give_up_doubt(tx: Transaction, part: Record, now: float) -> None:
    """A part has been in doubt for as long as it may: end it, or send it once more if wished."""
    row = messages.get(tx.connection, part.message_id)
    assert row is not None
    expired = row.expires_at is not None and row.expires_at <= now
    refused = row.hold_reason == acts.OPTED_OUT
    if row.if_in_doubt == "resend" and not row.resends and not expired and not refused:
        messages.change(tx.connection, row.id, resends=1)
        _requeue(tx, part, now, now, None, detail="sent again, as the sender chose")
        return
    reason = Reason("outcome_unknown", "Nobody can say whether it went, and no report came.")
    acts.settle_part(tx, part, PartStatus.FAILED, now, reason)


def may_restart(row: Record, now: float) -> bool:
    """Whether a message whose line stays away for the rest of its parts goes whole on another: its
    sender chose so, it has not done so before, and it is bound to no line.
    """
    expired = row.expires_at is not None and row.expires_at <= now
    wished = row.if_partly_sent == "resend" and not row.restarts
    return wished and not expired and Lane.parse(row.home_lane).line is None


def restart(tx: Transaction, row: Record, now: float) -> None:
    """Let a message of which some parts have gone begin anew, as a whole, on whichever line takes
    it: with another reference, or handsets would join what they have of both.
    """
    for part in messages.get_parts(tx.connection, row.id):
        if PartStatus(part.status) in ACCEPTED:
            messages.renew_part(tx.connection, part)
        else:
            messages.change_part(tx.connection, row.id, part.seq, attempts=0)
    reference = (row.reference_number + random.randrange(1, 256)) % 256
    begun = messages.changed(
        tx.connection,
        row.id,
        status=moved(MessageStatus.SENDING, MessageStatus.QUEUED),
        restarts=row.restarts + 1,
        reference_number=reference,
        line_id=None,
        sender=None,
        sticky="off",
        lane=None,
        ready_at=now,
        hold_reason=None,
    )
    acts.announce(tx, begun, now)
