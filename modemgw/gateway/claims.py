"""Claims: a free line takes the next message that it may send.

A claim is nothing more than a name in a row; it is given back at a restart, or when something more
urgent arrives. What heads a lane and may not go now is moved out of it here, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from modemgw.consent.gate import Block, Defer, Kind, Permit, Question, decide
from modemgw.gateway import acts
from modemgw.gateway.status import ACCEPTED, MessageStatus, PartStatus
from modemgw.store import messages, optouts, queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.gateway.roster import Line
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.prepared import Record
    from modemgw.store.queue import Candidate
    from modemgw.store.writer import Transaction

HEADS = (1, 20)  # looked at: the first may go, as a rule; where it may not, many may not
IN_DOUBT_RECHECK_S = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed message: what a line is to send now. `todo` holds the parts still to go."""

    message_id: str
    recipient: str
    text: str
    encoding: str
    parts: int
    reference_number: int | None
    todo: tuple[int, ...]
    lane: str  # where it returns to when it is given back
    priority: int
    permit: str | None
    expires_at: float | None
    want_report: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """The outcome of a claim. `job` is None when nothing may go; `more`: ask again at once."""

    job: Job | None
    more: bool = False


def claim(
    tx: Transaction, lanes: Sequence[str], line: Line, settings: GatewaySettings, now: float
) -> Claimed:
    """Claim the most urgent message of these lanes that may go on this line now."""
    for heads in HEADS:
        found = queue.heads(tx.connection, lanes, heads)
        for message_id in found:
            candidate = queue.candidate(tx.connection, message_id, line.id)
            if candidate is None or _stays_behind(tx, candidate, line, settings, now):
                continue
            if queue.claim(tx.connection, message_id, settings.host, line.id, line.number):
                return Claimed(_job(tx, candidate.message))
        if len(found) < heads:
            return Claimed(None)
    return Claimed(None, more=True)


def _stays_behind(
    tx: Transaction, candidate: Candidate, line: Line, settings: GatewaySettings, now: float
) -> bool:
    """Move a message out of its lane if it may not go now; whether it was."""
    row = candidate.message
    if row.expires_at is not None and row.expires_at <= now:
        acts.end(tx, row, MessageStatus.EXPIRED, now, "expired", "Its validity ended unsent.")
        return True
    if candidate.in_doubt:
        reason = queue.RECIPIENT_IN_DOUBT
        queue.park(tx.connection, row.id, now + IN_DOUBT_RECHECK_S, reason)
        return True
    match decide(question(row, candidate, line, settings, now)):
        case Block(rule, words):
            acts.end(tx, row, MessageStatus.BLOCKED, now, rule, words)
            return True
        case Defer(until, rule, _):
            queue.park(tx.connection, row.id, until.timestamp(), rule)
            return True
    return False


def question(
    row: Record, candidate: Candidate, line: Line, settings: GatewaySettings, now: float
) -> Question:
    """What the gate is asked about a queued message."""
    last_inbound = candidate.last_inbound_at
    return Question(
        recipient=row.recipient,
        kind=Kind(row.kind),
        default_region=settings.default_region,
        now=datetime.fromtimestamp(now, UTC),
        policy=settings.policy,
        pool=row.pool,
        opted_out=candidate.opted_out,
        permit=Permit(row.permit) if row.permit else None,
        line_country=line.country,
        urgent=row.urgent,
        last_inbound_at=(
            None if last_inbound is None else datetime.fromtimestamp(last_inbound, UTC)
        ),
    )


def _job(tx: Transaction, row: Record) -> Job:
    todo: tuple[int, ...] = (1,)
    if row.parts > 1 or row.status == MessageStatus.SENDING:
        todo = tuple(
            part.seq
            for part in messages.get_parts(tx.connection, row.id)
            if PartStatus(part.status) not in ACCEPTED
        )
    return Job(
        message_id=row.id,
        recipient=row.recipient,
        text=row.text,
        encoding=row.encoding,
        parts=row.parts,
        reference_number=row.reference_number,
        todo=todo,
        lane=row.lane,
        priority=row.priority,
        permit=row.permit,
        expires_at=row.expires_at,
        want_report=row.want_report,
    )


def begin_part(
    tx: Transaction, job: Job, seq: int, line: Line, modem_id: str, host: str, now: float
) -> bool:
    """The write-ahead behind the prompt: record `submitting`, unless the recipient has opted out.

    The lock makes a STOP of this recipient, on whichever host it arrives, come wholly before or
    wholly after.
    """
    if not _may_begin(tx, job):
        return False
    return queue.begin_part(
        tx.connection,
        message_id=job.message_id,
        seq=seq,
        line_id=line.id,
        modem_id=modem_id,
        sender=line.number,
        host=host,
        now=now,
    )


def ask_again(tx: Transaction, job: Job, seq: int, host: str) -> bool:
    """Whether a part recorded as `submitting` a while ago may still begin."""
    return _may_begin(tx, job) and queue.still_begun(tx.connection, job.message_id, seq, host)


def _may_begin(tx: Transaction, job: Job) -> bool:
    optouts.lock(tx.connection, job.recipient)
    return job.permit is not None or optouts.get(tx.connection, job.recipient) is None


def put_back(tx: Transaction, job: Job, line: Line, host: str) -> None:
    """Give the claim of a line back."""
    queue.put_back(tx.connection, job.message_id, job.lane, host, line.id)
