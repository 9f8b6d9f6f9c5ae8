"""Claims: a free line takes the next message that it may send.

A claim is a name in a row, and what it counts against the limits of the line and the pool; it is
given back at a restart, or when something more urgent arrives. Of the heads of the line's lanes the
most urgent is looked at first, of those as urgent the one whose pool and key have had least. What
may not go now is moved out of its lane here, with the reason. Where a limit is reached, the line or
the pool is left alone until there is room, and its texts stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from modemgw.clock import moment
from modemgw.consent.gate import Block, Defer, Kind, Permit, Question, closing, decide
from modemgw.gateway import acts, caps, limits, opting, reservations
from modemgw.gateway.lanes import Lane, is_of
from modemgw.gateway.limits import Account, Wait
from modemgw.gateway.status import ACCEPTED, MessageStatus, PartStatus
from modemgw.store import consents, messages, optouts, queue, reviews

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modemgw.consent.scopes import OptOutRules
    from modemgw.gateway.cancels import Cancels
    from modemgw.gateway.caps import Cap
    from modemgw.gateway.lanes import Flow
    from modemgw.gateway.limits import Count
    from modemgw.gateway.roster import Line
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.gateway.turns import Turns
    from modemgw.store.prepared import Record
    from modemgw.store.queue import Candidate
    from modemgw.store.transaction import Transaction

HEADS = (1, 20)  # of each lane: the first may go, as a rule; where it may not, many may not
FEW = 3  # that may not go: as many as a glance finds time for
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
    kind: str
    pool: str | None
    needs_consent: bool
    expires_at: float | None
    want_report: bool

    @property
    def is_marketing(self) -> bool:
        """Whether a review holds it."""
        return self.kind == Kind.MARKETING

    @property
    def flow(self) -> Flow:
        """Whose turn it was."""
        return Lane.parse(self.lane).flow


@dataclass(frozen=True, slots=True)
class Claimed:
    """The outcome of a claim.

    `job` is None when nothing may go; `more`: ask again at once. `empty` are lanes in which nothing
    waits; into those of `moved`, each with its priority, something was put that others are to send.
    `wait`: the line has reached a limit. `pool_waits`: these pools have; `line_pools_wait`: the
    line may take nothing more that any line of these pools could send.
    """

    job: Job | None
    more: bool = False
    empty: tuple[str, ...] = ()
    moved: tuple[tuple[str, int], ...] = ()
    wait: Wait | None = None
    pool_waits: Mapping[str, Wait] = field(default_factory=dict)
    line_pools_wait: Mapping[str, Wait] = field(default_factory=dict)

    @property
    def has_pool_waits(self) -> bool:
        """Whether there may be something for the line once it leaves these pools alone."""
        return bool(self.pool_waits or self.line_pools_wait)


def claim(
    tx: Transaction,
    lanes: Sequence[str],
    line: Line,
    turns: Turns,
    settings: GatewaySettings,
    now: float,
    cancels: Cancels | None = None,
    *,
    at_a_glance: bool = False,
) -> Claimed:
    """Claim the next message of these lanes that may go on this line now.

    `at_a_glance`: take no time for many that may not; there may be `more` then.
    """
    if not lanes:
        return Claimed(None)
    choice = _Choice(tx, line, settings, now, cancels)
    if choice.account is not None and (wait := choice.account.wait(tx.connection, 1, now)):
        return Claimed(None, wait=wait)
    empty: tuple[str, ...] = ()
    for per_lane in HEADS:
        found = queue.heads(tx.connection, lanes, per_lane)
        if per_lane == HEADS[0]:
            with_something = {head.lane for head in found}
            empty = tuple(lane for lane in lanes if lane not in with_something)
        inspected = sorted(found, key=lambda head: _order(head, turns))
        for head in inspected[:FEW] if at_a_glance else inspected:
            job = choice.consider(head)
            if job is not None or choice.wait is not None:
                return choice.outcome(job, empty)
        if len(found) < per_lane:
            break
        if at_a_glance:
            return replace(choice.outcome(None, empty), more=True)
    else:
        nothing = choice.outcome(None, empty)
        return replace(nothing, more=not nothing.has_pool_waits)
    return choice.outcome(None, empty)


def _order(head: Record, turns: Turns) -> tuple[int, int, str]:
    return -head.priority, turns.standing(Lane.parse(head.lane).flow), head.id


class _Choice:
    """One look at the heads of some lanes on behalf of a line."""

    def __init__(
        self,
        tx: Transaction,
        line: Line,
        settings: GatewaySettings,
        now: float,
        cancels: Cancels | None,
    ) -> None:
        self._tx, self._line, self._settings, self._now = tx, line, settings, now
        self._cancels = cancels
        self.account = None if line.plan.is_empty else Account.of_line(line)
        self.wait: Wait | None = None
        self._moved: list[tuple[str, int]] = []
        self._pool_waits: dict[str, Wait] = {}
        self._line_pools_wait: dict[str, Wait] = {}
        self._looked_into = ""  # the message whose parts were read last
        self._parts: Sequence[Record] = ()

    def outcome(self, job: Job | None, empty: tuple[str, ...]) -> Claimed:
        """What the line is told."""
        return Claimed(
            job,
            empty=empty,
            moved=tuple(self._moved),
            wait=self.wait,
            pool_waits=self._pool_waits,
            line_pools_wait=self._line_pools_wait,
        )

    def consider(self, head: Record) -> Job | None:
        """Claim this message if it may go on this line now."""
        lane, connection = Lane.parse(head.lane), self._tx.connection
        if lane.pool in self._pool_waits or (
            lane.line is None and lane.pool in self._line_pools_wait
        ):
            return None
        candidate = queue.candidate(connection, head.id, self._line.id)
        if candidate is None:
            return None
        if self._cancels is not None and self._cancels.catches(self._tx, head.id, self._now):
            return None
        if candidate.opted_out or candidate.any_erased:
            row, rules = candidate.message, self._settings.optouts
            covered = _is_covered(self._tx, rules, row.recipient, row.kind, row.pool)
            candidate = replace(candidate, opted_out=covered)
        asked = question(candidate.message, candidate, self._line, self._settings, self._now)
        if asked.needs_consent:
            asked = replace(asked, consented=self._has_consented(asked))
        if _stays_behind(self._tx, candidate, asked, self._now):
            return None
        if not is_of(lane.pool, self._line.pools) and self._sends_home(head):
            return None  # the line has left the pool; what names the line does not mind
        row = candidate.message
        job = _job(row, self._todo(row), needs_consent=asked.needs_consent)
        pool = Account.of_pool(lane.pool, self._settings, self._line.cost)
        held_to = self._caps(asked)
        if not self._has_room(job, head, lane, pool) or self._is_enough(job, held_to):
            return None
        line, host = self._line, self._settings.host
        if not queue.claim(connection, head.id, host, line.id, line.number):
            return None
        accounts = [account for account in (self.account, pool) if account is not None]
        counts = _reserve(self._tx, accounts, job, self._now)
        counts += caps.reserve(connection, held_to, job.recipient, self._now)
        if counts:
            attempts = {part.seq: part.attempts for part in self._parts_of(head.id)}
            todo = {seq: attempts[seq] for seq in job.todo}
            reservations.keep(connection, head.id, todo, counts)
        return _within_hours(job, asked)

    def _todo(self, row: Record) -> tuple[int, ...]:
        if row.parts == 1 and row.status != MessageStatus.SENDING:
            return (1,)
        parts = self._parts_of(row.id)
        return tuple(part.seq for part in parts if PartStatus(part.status) not in ACCEPTED)

    def _parts_of(self, message_id: str) -> Sequence[Record]:
        """The parts of the message that is considered, read once."""
        if self._looked_into != message_id:
            self._parts = messages.get_parts(self._tx.connection, message_id)
            self._looked_into = message_id
        return self._parts

    def _caps(self, asked: Question) -> list[Cap]:
        """The caps under which a text is to be counted: none where it was already."""
        if asked.permit is not None or asked.is_reply or not self._settings.caps:
            return []
        assert asked.message_id is not None
        if any(part.attempts for part in self._parts_of(asked.message_id)):
            return []
        return caps.fitting(self._settings.caps, asked.kind, asked.pool)

    def _is_enough(self, job: Job, held_to: Sequence[Cap]) -> bool:
        """Put a text off whose recipient has had as many as may be; whether it was."""
        if not held_to:
            return False
        wait = caps.wait(self._tx.connection, held_to, job.recipient, self._now)
        if wait is None:
            return False
        queue.park(self._tx.connection, job.message_id, wait.until, wait.rule)
        return True

    def _has_consented(self, asked: Question) -> bool:
        scopes = self._settings.optouts.around(asked.pool)
        message_id, connection = asked.message_id or "", self._tx.connection
        return consents.stands(connection, asked.recipient, asked.kind, scopes, message_id)

    def _sends_home(self, head: Record) -> bool:
        """Let others send a message that waits for this line; false where no other may."""
        home = queue.send_home(self._tx.connection, head.id)
        if home is not None:
            self._moved.append((home, head.priority))
        return home is not None

    def _has_room(self, job: Job, head: Record, lane: Lane, pool: Account | None) -> bool:
        connection, parts, now = self._tx.connection, len(job.todo), self._now
        if pool is not None and (wait := _pool_wait(self._tx, pool, job, now)):
            self._pool_waits[lane.pool] = wait
            return False
        if self.account is None:
            return True
        # That there is room for one was seen before. A longer text waits for its own, or shorter
        # ones would always be first.
        if parts > 1 and (longer := self.account.wait(connection, parts, now)):
            self.wait = replace(longer, priority=job.priority)
            return False
        wait = self.account.recipient_wait(connection, job.recipient, now)
        if wait is None:
            return True
        if lane.line is None:
            # Another line may know the recipient, and this one that of another text.
            self._line_pools_wait[lane.pool] = replace(wait, priority=job.priority)
        elif not self._sends_home(head):
            queue.park(connection, job.message_id, wait.until, wait.rule)
        return False


def _pool_wait(tx: Transaction, pool: Account, job: Job, now: float) -> Wait | None:
    limits.lock(tx.connection)  # lines of other hosts count there, too
    wait = pool.wait(tx.connection, 1, now)
    if wait is not None:
        return wait
    if len(job.todo) > 1:
        wait = pool.wait(tx.connection, len(job.todo), now)
    wait = wait or pool.recipient_wait(tx.connection, job.recipient, now)
    return replace(wait, priority=job.priority) if wait else None


def _reserve(tx: Transaction, accounts: Sequence[Account], job: Job, now: float) -> list[Count]:
    return [
        count
        for account in accounts
        for count in account.reserve(tx.connection, len(job.todo), job.recipient, now)
    ]


def _is_covered(
    tx: Transaction, rules: OptOutRules, number: str, kind: str, pool: str | None
) -> bool:
    """Whether one of the recipient's opt-outs, be it kept as a hash alone, covers such a text."""
    return opting.refuses(tx.connection, rules, number, kind, pool, tx.erased_as(number))


def _stays_behind(tx: Transaction, candidate: Candidate, asked: Question, now: float) -> bool:
    """Move a message out of its lane if it may not go now; whether it was."""
    row = candidate.message
    if row.expires_at is not None and row.expires_at <= now:
        acts.end(tx, row, MessageStatus.EXPIRED, now, "expired", "Its validity ended unsent.")
        return True
    if candidate.in_doubt:
        reason = queue.RECIPIENT_IN_DOUBT
        queue.park(tx.connection, row.id, now + IN_DOUBT_RECHECK_S, reason)
        return True
    match decide(asked):
        case Block(rule, words):
            acts.end(tx, row, MessageStatus.BLOCKED, now, rule, words)
            tx.record("blocked", row.recipient, now, rule=rule, message=row.id)
            return True
        case Defer(until, rule, _):
            queue.park(tx.connection, row.id, until.timestamp(), rule)
            return True
    return False


def question(
    row: Record, candidate: Candidate, line: Line, settings: GatewaySettings, now: float
) -> Question:
    """What the gate is asked about a queued message."""
    return Question(
        recipient=row.recipient,
        kind=Kind(row.kind),
        default_region=settings.default_region,
        now=datetime.fromtimestamp(now, UTC),
        policy=settings.gate,
        pool=row.pool,
        opted_out=candidate.opted_out,
        permit=Permit(row.permit) if row.permit else None,
        line_country=line.country,
        urgent=row.urgent,
        last_inbound_at=moment(candidate.last_inbound_at),
        under_review=moment(candidate.review_due_at),
        time_zone=ZoneInfo(row.time_zone) if row.time_zone else None,
        message_id=row.id,
        text=row.text,
    )


def _within_hours(job: Job, asked: Question) -> Job:
    """The job with its validity ending when the hours of marketing do: a service centre that cannot
    deliver it before must not do so at night."""
    closes = closing(asked) if asked.kind is Kind.MARKETING else None
    if closes is None:
        return job
    ends = (at for at in (job.expires_at, closes.timestamp()) if at is not None)
    return replace(job, expires_at=min(ends))


def _job(row: Record, todo: tuple[int, ...], *, needs_consent: bool) -> Job:
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
        kind=row.kind,
        pool=row.pool,
        needs_consent=needs_consent,
        expires_at=row.expires_at,
        want_report=row.want_report,
    )


def begin_part(
    tx: Transaction,
    job: Job,
    seq: int,
    line: Line,
    modem_id: str,
    settings: GatewaySettings,
    now: float,
    tpdu: str,
) -> bool:
    """The write-ahead behind the prompt: record `submitting`, unless the recipient has opted out of
    such texts, may have and it is marketing, or has not consented where that is needed.

    The lock makes a text of this recipient, on whichever host it arrives, come wholly before or
    wholly after.
    """
    if not _may_begin(tx, job, settings.optouts):
        return False
    begun = queue.begin_part(
        tx.connection,
        message_id=job.message_id,
        seq=seq,
        line_id=line.id,
        modem_id=modem_id,
        sender=line.number,
        host=settings.host,
        now=now,
        tpdu=tpdu,
    )
    if begun and job.permit is not None:
        _note_permit(tx, job, seq, now)
    return begun


def _note_permit(tx: Transaction, job: Job, seq: int, now: float) -> None:
    """Tell the audit of a permit that lets a part pass an opt-out."""
    if optouts.of(tx.connection, job.recipient, tx.erased_as(job.recipient)):
        told = {"permit": job.permit, "message": job.message_id, "part": seq}
        tx.record("permit_used", job.recipient, now, **told)


def ask_again(tx: Transaction, job: Job, seq: int, settings: GatewaySettings) -> bool:
    """Whether a part recorded as `submitting` a while ago may still begin."""
    return _may_begin(tx, job, settings.optouts) and queue.still_begun(
        tx.connection, job.message_id, seq, settings.host
    )


def _may_begin(tx: Transaction, job: Job, rules: OptOutRules) -> bool:
    optouts.lock(tx.connection, job.recipient)
    if job.permit is not None:
        return True
    if _is_covered(tx, rules, job.recipient, job.kind, job.pool):
        return False
    if job.needs_consent and not consents.stands(
        tx.connection, job.recipient, job.kind, rules.around(job.pool), job.message_id
    ):
        return False
    return not job.is_marketing or reviews.open_of(tx.connection, job.recipient) is None


def put_back(
    tx: Transaction, job: Job, line: Line, host: str, *, ready_at: float | None = None
) -> None:
    """Give the claim of a line back, of whose `todo` nothing has begun: to its lane or, as the rest
    of a text that waits for its line, until a time."""
    lane = job.lane if ready_at is None else None
    row = queue.put_back(
        tx.connection, job.message_id, job.todo, host, line.id, lane=lane, ready_at=ready_at
    )
    if row is not None:
        reservations.give_back(tx.connection, row)
