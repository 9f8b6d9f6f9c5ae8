"""The queue: who may go next, who waits for a time, whose claim is given back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, literal_column, not_, or_, select, text, union_all, update

from modemgw.store import tables
from modemgw.store.prepared import Prepared, Record, given, literally, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_messages, _parts = tables.messages, tables.parts
_m = _messages.c

RECIPIENT_IN_DOUBT, UNDER_REVIEW = tables.FOR_RECIPIENT
_NO_LANE = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message at the head of a lane, with what decides whether it may go on this line."""

    message: Record
    opted_out: bool  # of whatever scope
    any_erased: bool  # whether there are opt-outs of which only a hash is kept
    in_doubt: bool
    last_inbound_at: float | None
    review_due_at: (
        float | None
    )  # the recipient may have refused: when that is decided at the latest


def heads(connection: Connection, lanes: Sequence[str], limit: int) -> list[Record]:
    """The most urgent messages of each of some lanes, by priority, then age; in no order otherwise:
    `id`, `priority`, `lane`.

    Each lane is asked for its head alone, so the cost does not grow with the queue.
    """
    if not lanes:
        return []
    # For few numbers of lanes: to make a statement costs much more than to look into no lane.
    named = [*lanes, *[_NO_LANE] * ((1 << (len(lanes) - 1).bit_length()) - len(lanes))]
    values = values_of(**{f"lane_{i}": lane for i, lane in enumerate(named)})
    return _heads(len(named), limit).rows(connection, values)


# From one lane to the next by the index, however many messages wait in each.
_LANES = text("""
    WITH RECURSIVE found(lane) AS (
        SELECT min(lane) FROM messages WHERE lane IS NOT NULL
        UNION ALL
        SELECT (SELECT min(lane) FROM messages WHERE lane > found.lane)
        FROM found WHERE found.lane IS NOT NULL
    )
    SELECT lane, (
        SELECT priority FROM messages WHERE lane = found.lane ORDER BY priority DESC LIMIT 1
    ) AS priority
    FROM found WHERE lane IS NOT NULL
""")


def lanes(connection: Connection) -> Sequence[Record]:
    """The lanes in which something waits: `lane`, and the `priority` of the most urgent there."""
    return connection.execute(_LANES).all()


def candidate(connection: Connection, message_id: str, line_id: str) -> Candidate | None:
    """A message that waits in a lane; None where another host looks at it or has taken it."""
    row = _CANDIDATE.row(connection, values_of(id=message_id, line=line_id))
    if row is None:
        return None
    return Candidate(
        row,
        bool(row.opted_out),
        bool(row.any_erased),
        bool(row.recipient_in_doubt),
        row.last_inbound_at,
        row.review_due_at,
    )


@lru_cache(maxsize=256)
def _heads(lanes: int, limit: int) -> Prepared:
    """The statement for so many lanes."""
    first = [
        select(
            select(_m.id, _m.priority, _m.lane)
            .where(_m.lane == given(f"lane_{i}"))
            .order_by(_m.priority.desc(), _m.id)
            .limit(literal_column(str(limit)))
            .subquery()
        )
        for i in range(lanes)
    ]
    return Prepared(union_all(*first))


# By the index of what is in doubt; the other one of a line's parts has its whole history.
_IN_DOUBT = exists().where(
    _parts.c.line_id == given("line"),
    _parts.c.recipient == _m.recipient,
    _parts.c.status == literally("in_doubt"),
)
_REVIEW_DUE_AT = (
    select(tables.reviews.c.due_at)
    .where(tables.reviews.c.number == _m.recipient, tables.reviews.c.decided_at.is_(None))
    .scalar_subquery()
)
_CANDIDATE = Prepared(
    select(
        _m.id,
        _m.status,
        _m.recipient,
        _m.text,
        _m.encoding,
        _m.parts,
        _m.reference_number,
        _m.kind,
        _m.pool,
        _m.permit,
        _m.urgent,
        _m.time_zone,
        _m.want_report,
        _m.expires_at,
        _m.lane,
        _m.priority,
        exists().where(tables.opt_outs.c.number == _m.recipient).label("opted_out"),
        exists().where(tables.opt_outs.c.erased_at.is_not(None)).label("any_erased"),
        _IN_DOUBT.label("recipient_in_doubt"),
        _REVIEW_DUE_AT.label("review_due_at"),
        tables.conversations.c.last_inbound_at,
    )
    .outerjoin(tables.conversations, tables.conversations.c.id == _m.conversation_id)
    .where(_m.id == given("id"), _m.lane.is_not(None))
    .with_for_update(of=_messages, skip_locked=True)
)
_CLAIM = Prepared(update(_messages).where(_m.id == given("id"), _m.lane.is_not(None)))
_PARK = Prepared(update(_messages).where(_m.id == given("id")))
_DUE = Prepared(
    select(
        _messages,
        tables.conversations.c.line_id.label("last_line_id"),
        tables.conversations.c.spoken_at,
    )
    .outerjoin(tables.conversations, tables.conversations.c.id == _m.conversation_id)
    .where(_m.ready_at <= given("now"), _m.lane.is_(None))
    .order_by(_m.ready_at)
    .limit(given("limit"))
    .with_for_update(of=_messages, skip_locked=True)
)
_MAY_BEGIN = update(_messages).where(
    _m.id == given("id"),
    _m.claimed_by == given("host"),
    _m.line_id == given("line"),  # it may have been given back and claimed by another since
    or_(_m.status == "queued", _m.status == "sending"),
    exists().where(
        _parts.c.message_id == given("id"),
        _parts.c.seq == given("seq"),
        _parts.c.status == "queued",
    ),
)
_BEGIN = Prepared(_MAY_BEGIN)
# As it is nearly always: what the claim has set is right, and is not set again.
_BEGIN_AS_CLAIMED = Prepared(
    _MAY_BEGIN.where(
        _m.sender.is_not_distinct_from(given("sender")),
        _m.hold_reason.is_(None),
    ).values(status=literally("sending"))
)
_BEGIN_PART = Prepared(
    update(_parts)
    .where(_parts.c.message_id == given("id"), _parts.c.seq == given("seq"))
    .values(
        status="submitting",
        line_id=given("line"),
        modem_id=given("modem"),
        submitting_at=given("now"),
        mr=None,
        tpdu=given("tpdu"),
        attempts=_parts.c.attempts + 1,
    )
)


def claim(
    connection: Connection, message_id: str, host: str, line_id: str, sender: str | None
) -> bool:
    """Take a message out of its lane for a line; false when it is no longer there."""
    changes = {
        "lane": None,
        "ready_at": None,
        "claimed_by": host,
        "line_id": line_id,
        "sender": sender,
    }
    return bool(_CLAIM.run(connection, values_of(id=message_id) | changes))


def put_back(
    connection: Connection,
    message_id: str,
    todo: Sequence[int],
    host: str,
    line_id: str,
    *,
    lane: str | None = None,
    ready_at: float | None = None,
) -> Record | None:
    """Give a message that a line has claimed for its parts `todo` back: to a lane, or to wait for a
    time. The message then, None where something else became of it: the line may have claimed it
    again since, and begun.
    """
    begun = exists().where(
        _parts.c.message_id == message_id, _parts.c.seq.in_(todo), _parts.c.status != "queued"
    )
    return connection.execute(
        update(_messages)
        .where(_m.id == message_id, _m.claimed_by == host, _m.line_id == line_id, not_(begun))
        .values(lane=lane, claimed_by=None, ready_at=ready_at)
        .returning(_messages)
    ).one_or_none()


def send_home(connection: Connection, message_id: str) -> str | None:
    """Move a message that waits for one line to the lane where others may take it; which that is,
    None where no other may."""
    home: str | None = connection.execute(
        update(_messages)
        .where(_m.id == message_id, _m.lane.is_not(None), _m.home_lane != _m.lane)
        .where(_m.status != "sending")
        .values(lane=_m.home_lane, line_id=None)
        .returning(_m.lane)
    ).scalar_one_or_none()
    return home


def park(connection: Connection, message_id: str, until: float, reason: str | None) -> None:
    """Take a message out of its lane until a time."""
    changes = {"lane": None, "claimed_by": None, "ready_at": until, "hold_reason": reason}
    _PARK.run(connection, values_of(id=message_id) | changes)


def due(connection: Connection, now: float, limit: int) -> Sequence[Record]:
    """Parked messages whose time has come, the earliest first; `last_line_id` is the line that the
    two last spoke on, `spoken_at` when."""
    return _DUE.rows(connection, values_of(now=now, limit=limit))


def look_again(
    connection: Connection, now: float, status: str, after_id: str, limit: int
) -> str | None:
    """Make due what waits for a time among the messages of a status, so many, later than one: who
    claims it decides anew. The last of them, None where there are no more.
    """
    of_status = (_m.status == status, _m.id > after_id)
    last: str | None = connection.execute(
        select(_m.id).where(*of_status).order_by(_m.id).offset(limit - 1).limit(1)
    ).scalar_one_or_none()
    these = of_status if last is None else (*of_status, _m.id <= last)
    connection.execute(
        update(_messages).where(*these, _m.ready_at > now, _m.lane.is_(None)).values(ready_at=now)
    )
    return last


def overdue(connection: Connection, now: float, limit: int) -> Sequence[Record]:
    """Waiting messages whose validity is over."""
    waiting = (_m.lane.is_not(None), _m.lane.is_(None) & _m.ready_at.is_not(None))
    return [
        row
        for condition in waiting
        for row in connection.execute(
            select(_messages)
            .where(_m.expires_at <= now, condition)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    ]


def claimed_by(
    connection: Connection, host: str, line_id: str | None = None, *, is_other: bool = False
) -> Sequence[Record]:
    """What a host has claimed, for one line or for all: after a start, what its last run left.

    Nobody changes it until the transaction ends. Of another host, which may live after all
    (`is_other`), only what it does not change just now; of this one what is left to it, should
    another be taking it over.
    """
    found = select(_messages).where(_m.claimed_by == host)
    rows = connection.execute(found.with_for_update(skip_locked=is_other)).all()
    # Few are claimed at a time, but a line may have many messages: not a matter for its index.
    return [row for row in rows if line_id in (None, row.line_id)]


def move_home(connection: Connection, lane: str, limit: int) -> list[Record]:
    """Send messages of a lane that may go elsewhere back to their home lanes: which ones (`lane`,
    `priority`).

    A message of which a part has gone stays: its rest waits for that line.
    """
    found = (
        select(_m.id)
        .where(_m.lane == lane, _m.home_lane != _m.lane, _m.status != "sending")
        .limit(limit)
    )
    changed = connection.execute(
        update(_messages)
        .where(_m.id.in_(found), _m.lane.is_not(None))
        .values(lane=_m.home_lane, line_id=None)
        .returning(_m.lane, _m.priority)
    )
    return list(changed)


def begin_part(
    connection: Connection,
    *,
    message_id: str,
    seq: int,
    line_id: str,
    modem_id: str,
    sender: str | None,
    host: str,
    now: float,
    tpdu: str,
) -> bool:
    """The write-ahead: record that a part is about to begin, and that its message is `sending`.

    False when it may not: the message was canceled, or is another's by now. The message comes
    first: its row is what a cancel on another host takes, too.
    """
    part = values_of(id=message_id, seq=seq, line=line_id)
    claim = part | values_of(host=host)
    if not _BEGIN_AS_CLAIMED.run(connection, claim | values_of(sender=sender)):
        changes = {"status": "sending", "sender": sender, "hold_reason": None}
        if not _BEGIN.run(connection, claim | changes):
            return False
    _BEGIN_PART.run(connection, part | values_of(modem=modem_id, now=now, tpdu=tpdu))
    return True


def still_begun(connection: Connection, message_id: str, seq: int, host: str) -> bool:
    """Whether a part that was recorded as about to begin still may."""
    found = connection.execute(
        select(_parts.c.seq)
        .join(_messages, _m.id == _parts.c.message_id)
        .where(
            _parts.c.message_id == message_id,
            _parts.c.seq == seq,
            _parts.c.status == "submitting",
            _m.claimed_by == host,
            _m.hold_reason.is_(None),
        )
    ).first()
    return found is not None


def in_doubt(connection: Connection, limit: int) -> Sequence[Record]:
    """Parts in doubt, the oldest first."""
    return connection.execute(
        select(_parts)
        .where(_parts.c.status == literally("in_doubt"))
        .order_by(_parts.c.submitting_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def waiting_for_line(connection: Connection, before: float, limit: int) -> Sequence[Record]:
    """Messages of which a part was accepted before a time and the rest still waits for its line."""
    accepted = exists().where(_parts.c.message_id == _m.id, _parts.c.settled_at < before)
    return connection.execute(
        select(_messages)
        .where(_m.status == "sending", _m.claimed_by.is_(None), accepted)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def release_recipient(
    connection: Connection, recipient: str, now: float, reason: str = RECIPIENT_IN_DOUBT
) -> None:
    """Let the messages to this recipient go on that waited for this reason, one of
    `tables.FOR_RECIPIENT`.
    """
    assert reason in tables.FOR_RECIPIENT
    held = text(tables.HELD_FOR_RECIPIENT)  # in these words SQLite knows the index by it
    connection.execute(
        update(_messages)
        .where(_m.recipient == recipient, _m.hold_reason == reason, held)
        .values(ready_at=now, hold_reason=None)
    )


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages wait in each lane, and how many for a time."""

    lanes: Mapping[str, int]
    parked: int

    @property
    def waiting(self) -> int:
        """How many wait in lanes."""
        return sum(self.lanes.values())

    def of_pool(self, pool: str) -> int:
        """How many wait in the lanes of a pool; "" is that of none."""
        return sum(count for lane, count in self.lanes.items() if lane.split("|")[1] == pool)


def depth(connection: Connection) -> Depth:
    """How much waits. It costs what there is: not for every request."""
    lanes = connection.execute(
        select(_m.lane, func.count()).where(_m.lane.is_not(None)).group_by(_m.lane)
    )
    parked = select(func.count()).where(_m.ready_at.is_not(None), _m.lane.is_(None))
    return Depth({row.lane: row[1] for row in lanes}, connection.execute(parked).scalar_one())


@dataclass(frozen=True, slots=True)
class Load:
    """What waits in a lane."""

    messages: int
    parts: int


def loads(connection: Connection) -> dict[str, Load]:
    """What waits in each lane. It costs what there is: not for every request."""
    rows = connection.execute(
        select(_m.lane, func.count(), func.sum(_m.parts))
        .where(_m.lane.is_not(None))
        .group_by(_m.lane)
    )
    return {lane: Load(messages, parts) for lane, messages, parts in rows}


def ahead_of(connection: Connection, row: Record, limit: int) -> int | None:
    """The parts of what is before a message in its lane; None: more than `limit` messages."""
    ahead = 0
    mine = _m.lane == row.lane
    for condition in (_m.priority > row.priority, (_m.priority == row.priority) & (_m.id < row.id)):
        some = select(_m.parts).where(mine, condition).limit(limit + 1).subquery()
        count, parts = connection.execute(select(func.count(), func.sum(some.c.parts))).one()
        if count > limit:
            return None
        ahead += parts or 0
    return ahead
