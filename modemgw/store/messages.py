"""Messages and their parts: written, found, listed, moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, literal_column, or_, select, text, update

from modemgw.ids import new_id
from modemgw.store import ages, tables
from modemgw.store.narrow import narrowed
from modemgw.store.prepared import Prepared, Record, given, literally, values_of
from modemgw.store.sql import fitted, insert_unless_there

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

NOT_OVER = ("scheduled", "queued", "sending", "in_doubt")  # statuses

_messages, _parts, _conversations = tables.messages, tables.parts, tables.conversations

_INSERT = Prepared(insert(_messages).returning(_messages))
_INSERT_MANY, _INSERT_PARTS = Prepared(insert(_messages)), Prepared(insert(_parts))
_ONE = select(_messages).where(_messages.c.id == given("id"))
_GET, _GET_ALONE = Prepared(_ONE), Prepared(_ONE.with_for_update())
_GET_PARTS = Prepared(
    select(_parts)
    .where(_parts.c.message_id == given("id"), _parts.c.seq > 0)
    .order_by(_parts.c.seq)
)
_UPDATE = update(_messages).where(_messages.c.id == given("id"))
_CHANGE, _CHANGED = Prepared(_UPDATE), Prepared(_UPDATE.returning(_messages))
# No column is set that is as it shall be: each that stands in an index costs a change of that.
_ADVANCED = Prepared(
    _UPDATE.where(
        _messages.c.status == given("was"),
        _messages.c.parts == 1,
        _messages.c.lane.is_(None),
        _messages.c.ready_at.is_(None),
        _messages.c.hold_reason.is_(None),
        _messages.c.error_code.is_(None),
    ).returning(_messages)
)
_UPDATE_PART = update(_parts).where(
    _parts.c.message_id == given("id"), _parts.c.seq == given("seq")
)
_CHANGE_PART = Prepared(_UPDATE_PART)
_SENT = Prepared(
    _UPDATE_PART.where(
        _parts.c.status == literally("submitting"), _parts.c.modem_id == given("modem")
    )
    .values(status=literally("sent"))
    .returning(_parts)
)
_CONVERSATION = Prepared(
    select(_conversations).where(
        _conversations.c.number == given("number"), _conversations.c.pool == given("pool")
    )
)
_THIS_CONVERSATION = update(_conversations).where(_conversations.c.id == given("id"))
_CHANGE_CONVERSATION = Prepared(_THIS_CONVERSATION)
_MAKE_CONVERSATION = {
    dialect: Prepared(insert_unless_there(dialect, _conversations).returning(_conversations))
    for dialect in ("sqlite", "postgresql")
}
_NEXT_SEQUENCE = Prepared(
    _THIS_CONVERSATION.values(last_sequence=_conversations.c.last_sequence + 1).returning(
        _conversations.c.last_sequence
    )
)
_AWAITING_REPORT = Prepared(
    select(_parts)
    .where(
        _parts.c.line_id == given("line"),
        _parts.c.mr == given("mr"),
        _parts.c.recipient == given("recipient"),
        _parts.c.submitting_at >= given("since"),
    )
    .order_by(_parts.c.submitting_at.desc())
    .limit(2)
)

_OF_UNKNOWN_MR = Prepared(
    select(_parts.c.seq)
    .where(
        _parts.c.line_id == given("line"),
        _parts.c.recipient == given("recipient"),
        _parts.c.submitting_at >= given("since"),
        _parts.c.mr.is_(None),
        _parts.c.code.is_(None),
        or_(_parts.c.status == "sent", _parts.c.status == "failed"),
    )
    .limit(1)
)
_IN_DOUBT = Prepared(
    select(_parts).where(
        _parts.c.line_id == given("line"),
        _parts.c.recipient == given("recipient"),
        _parts.c.status == literally("in_doubt"),
    )
)

# By the index of MRs, of which a line has few, however long its history is.
_LAST_BEGUN = text("""
    WITH RECURSIVE mrs(mr) AS (SELECT 0 UNION ALL SELECT mr + 1 FROM mrs WHERE mr < 255)
    SELECT mr, begun_at FROM (
        SELECT mr, (
            SELECT max(submitting_at) FROM parts WHERE line_id = :line AND mr = mrs.mr
        ) AS begun_at FROM mrs
        UNION ALL
        SELECT NULL, max(submitting_at) FROM parts WHERE line_id = :line AND mr IS NULL
    ) AS newest
    WHERE begun_at IS NOT NULL ORDER BY begun_at DESC LIMIT 1
""")

_LAST_TEXTS = Prepared(
    select(_messages.c.text)
    .where(_messages.c.recipient == given("number"), _messages.c.direction == "outbound")
    .order_by(_messages.c.id.desc())
    .limit(given("limit"))
)

EMPTY_MESSAGE: Mapping[str, Any] = {
    column.name: None for column in _messages.columns if column.nullable
} | {
    "partial": False,
    "metadata": {},
    "urgent": False,
    "want_report": False,
    "priority": 0,
    "resends": 0,
    "restarts": 0,
    "transliterated": False,
}


def insert_message(connection: Connection, values: Mapping[str, Any]) -> Record:
    """Write one message; what is left out is empty. The message then."""
    return _INSERT.row(connection, {**EMPTY_MESSAGE, **values})


def new_message(values: Mapping[str, Any]) -> Record:
    """A message that is to be written; what is left out is empty."""
    return SimpleNamespace(**{**EMPTY_MESSAGE, **values})


def insert_queued(connection: Connection, rows: Sequence[Record]) -> None:
    """Write new outbound messages with their parts, all queued."""
    if rows:
        _INSERT_MANY.run_many(connection, [vars(row) for row in rows])
        _INSERT_PARTS.run_many(connection, [part for row in rows for part in _queued_parts(row)])


def _queued_parts(row: Record) -> Iterator[dict[str, Any]]:
    for seq in range(1, row.parts + 1):
        yield _new_part(row.id, seq, row.recipient)


def _new_part(message_id: str, seq: int, recipient: str) -> dict[str, Any]:
    return {
        "message_id": message_id,
        "seq": seq,
        "status": "queued",
        "recipient": recipient,
        "attempts": 0,
    }


def get(connection: Connection, message_id: str, *, alone: bool = False) -> Record | None:
    """One message; `alone`: no other host changes it until the transaction ends."""
    statement = _GET_ALONE if alone else _GET
    return statement.row(connection, values_of(id=message_id))


def get_parts(connection: Connection, message_id: str) -> Sequence[Record]:
    """The parts of an outbound message, in order; not those of a sending that was given up."""
    return _GET_PARTS.rows(connection, values_of(id=message_id))


def former_parts(connection: Connection, message_id: str) -> Sequence[Record]:
    """The parts that had gone of a sending that was given up for another, in order."""
    return connection.execute(
        select(_parts)
        .where(_parts.c.message_id == message_id, _parts.c.seq < 0)
        .order_by(_parts.c.seq.desc())
    ).all()


def renew_part(connection: Connection, part: Record) -> None:
    """Let a part that has gone be another sending's, and a new one take its place.

    Its report finds it all the same.
    """
    connection.execute(
        update(_parts)
        .where(_parts.c.message_id == part.message_id, _parts.c.seq == part.seq)
        .values(seq=-part.seq)
    )
    _INSERT_PARTS.run(connection, _new_part(part.message_id, part.seq, part.recipient))


def change(connection: Connection, message_id: str, **values: Any) -> None:
    """Set columns of one message."""
    _CHANGE.run(connection, values_of(id=message_id) | fitted(_messages, values))


def changed(connection: Connection, message_id: str, **values: Any) -> Record:
    """Set columns of one message; the message then."""
    return _CHANGED.row(connection, values_of(id=message_id) | fitted(_messages, values))


def advanced(connection: Connection, message_id: str, was: str, **values: Any) -> Record | None:
    """Set columns of a message of one part that has this status, waits for nothing and has had no
    error; the message then, None where it is another.
    """
    return _ADVANCED.row(connection, values_of(id=message_id, was=was) | values)


def part_sent(
    connection: Connection, message_id: str, seq: int, modem_id: str, mr: int | None, now: float
) -> Record | None:
    """Settle a part that this modem was submitting as sent; the part then, if it was."""
    values = values_of(id=message_id, seq=seq, modem=modem_id)
    return _SENT.row(connection, values | {"settled_at": now, "mr": mr})


def change_part(connection: Connection, message_id: str, seq: int, **values: Any) -> None:
    """Set columns of one part."""
    _CHANGE_PART.run(connection, values_of(id=message_id, seq=seq) | fitted(_parts, values))


_DIRECTIONS = {"inbound": "'inbound'", "outbound": "'outbound'"}


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of messages is narrowed to; None: not narrowed."""

    direction: str | None = None
    status: str | None = None
    recipient: str | None = None
    sender: str | None = None
    line_id: str | None = None
    conversation_id: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    pool: str | None = None
    pools: frozenset[str] | None = None

    @property
    def equal(self) -> dict[str, str]:
        """The columns that have one value, by name; but for the direction."""
        values = {
            "status": self.status,
            "recipient": self.recipient,
            "sender": self.sender,
            "line_id": self.line_id,
            "conversation_id": self.conversation_id,
            "pool": self.pool,
        }
        return {name: value for name, value in values.items() if value is not None}

    @property
    def is_void(self) -> bool:
        """Whether no message can be so: what came in is received, and nothing else is."""
        if self.direction is None or self.status is None:
            return False
        return (self.direction == "inbound") != (self.status == "received")


def find(
    connection: Connection,
    wanted: Filter,
    *,
    before: str | None,
    limit: int,
    oldest_first: bool = False,
) -> Sequence[Record]:
    """Messages, the newest first, older than the message `before`; or the other way round."""
    if wanted.pools is not None:
        return _find_in_pools(connection, wanted, before, limit, oldest_first=oldest_first)
    if wanted.is_void:
        return []
    m = _messages.c
    # One bound at each end: of two, SQLite looks up the one that stands first and reads on to the
    # other.
    above = [before] if before is not None and oldest_first else []
    below = [before] if before is not None and not oldest_first else []
    conditions = []
    if wanted.created_after is not None:
        conditions.append(m.created_at > wanted.created_after)
        above.append(ages.first_id(connection, wanted.created_after))
    if wanted.created_before is not None:
        conditions.append(m.created_at < wanted.created_before)
        below.append(ages.end_id(connection, wanted.created_before))
    within = [m.id > max(above)] if above else []
    within += [m.id < min(below)] if below else []
    if wanted.direction is not None:  # literally: the index of inbound ones has this very condition
        conditions.append(m.direction == literal_column(_DIRECTIONS[wanted.direction]))
    conditions += narrowed(connection, wanted.equal, within)
    order = m.id if oldest_first else m.id.desc()
    return connection.execute(
        select(_messages).where(and_(True, *conditions, *within)).order_by(order).limit(limit)
    ).all()


def _find_in_pools(
    connection: Connection, wanted: Filter, before: str | None, limit: int, *, oldest_first: bool
) -> Sequence[Record]:
    """The same of several pools: each has its own place in the index of pools."""
    found = [
        row
        for pool in wanted.pools or ()
        for row in find(
            connection,
            replace(wanted, pool=pool, pools=None),
            before=before,
            limit=limit,
            oldest_first=oldest_first,
        )
    ]
    return sorted(found, key=attrgetter("id"), reverse=not oldest_first)[:limit]


def unfinished_to(
    connection: Connection, number: str, statuses: Collection[str]
) -> Sequence[Record]:
    """Outbound messages to a number that are in one of these statuses."""
    return connection.execute(
        select(_messages).where(
            _messages.c.recipient == number,
            _messages.c.direction == "outbound",
            _messages.c.status.in_(statuses),
        )
    ).all()


def last_texts_to(connection: Connection, number: str, limit: int = 3) -> list[str]:
    """The texts that we last sent to a number, the newest first."""
    rows = _LAST_TEXTS.rows(connection, values_of(number=number, limit=limit))
    return [row.text for row in rows]


def last_to(connection: Connection, number: str, since: float, limit: int) -> Sequence[Record]:
    """What we last sent to a number since a time, the newest first."""
    return connection.execute(
        select(_messages)
        .where(
            _messages.c.recipient == number,
            _messages.c.direction == "outbound",
            _messages.c.created_at >= since,
        )
        .order_by(_messages.c.id.desc())
        .limit(limit)
    ).all()


def last_automatic_at(connection: Connection, number: str, permit: str) -> float | None:
    """When the last automatic answer of this kind to a number was made."""
    last: float | None = connection.execute(
        select(func.max(_messages.c.created_at)).where(
            _messages.c.recipient == number, _messages.c.permit == permit
        )
    ).scalar_one()
    return last


def find_conversation(connection: Connection, number: str, pool: str) -> Record | None:
    """The conversation with a number, if there is one."""
    return _CONVERSATION.row(connection, values_of(number=number, pool=pool))


def open_conversation(connection: Connection, number: str, pool: str, now: float) -> Record:
    """The conversation with a number, made when there is none."""
    found = find_conversation(connection, number, pool)
    return found if found is not None else make_conversation(connection, number, pool, now)


def make_conversation(connection: Connection, number: str, pool: str, now: float) -> Record:
    """The conversation with a number, made now unless another host was faster."""
    conversation = {
        "id": new_id("cnv"),
        "number": number,
        "pool": pool,
        "last_sequence": 0,
        "created_at": now,
    }
    made = _MAKE_CONVERSATION[connection.dialect.name].row(connection, conversation)
    if made is None:
        made = find_conversation(connection, number, pool)
    assert made is not None
    return made


def next_sequence(connection: Connection, conversation_id: str, **values: Any) -> int:
    """The next number of an event in a conversation; gap-free, because it commits with it.

    `values` are columns of the conversation to set with it.
    """
    row = _NEXT_SEQUENCE.row(connection, values_of(id=conversation_id) | values)
    assert row is not None
    return int(row.last_sequence)


def note_conversation(connection: Connection, conversation_id: str, **values: Any) -> None:
    """Set columns of a conversation."""
    _CHANGE_CONVERSATION.run(connection, values_of(id=conversation_id) | values)


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many messages stand in each (direction, status)."""
    rows = connection.execute(
        select(_messages.c.direction, _messages.c.status, func.count()).group_by(
            _messages.c.direction, _messages.c.status
        )
    )
    return {(direction, status): count for direction, status, count in rows}


def last_part_on(connection: Connection, modem_id: str) -> Record | None:
    """The part that a modem was last asked to submit."""
    return connection.execute(
        select(_parts)
        .where(_parts.c.modem_id == modem_id)
        .order_by(_parts.c.submitting_at.desc())
        .limit(1)
    ).one_or_none()


def last_sent_on(connection: Connection, line_id: str) -> float | None:
    """When a line ended its last submit, or began it where no more is kept; None: it has had none.

    Where that cannot be told from the report on it, later, not earlier, than it was.
    """
    last = connection.execute(_LAST_BEGUN, {"line": line_id}).one_or_none()
    if last is None:
        return None
    mr = _parts.c.mr.is_(None) if last.mr is None else _parts.c.mr == last.mr
    ended = connection.execute(
        select(_messages.c.sent_at, _parts.c.settled_at)
        .join(_messages, _messages.c.id == _parts.c.message_id)
        .where(_parts.c.line_id == line_id, mr, _parts.c.submitting_at == last.begun_at)
        .limit(1)
    ).one_or_none()
    times = () if ended is None else (ended.sent_at, ended.settled_at)
    later = (at for at in times if at is not None and at >= last.begun_at)
    return float(next(later, last.begun_at))


def parts_awaiting_report(
    connection: Connection, line_id: str, mr: int, recipient: str, since: float
) -> Sequence[Record]:
    """Accepted parts to a recipient whose submit bore this MR on this line, the newest first."""
    values = values_of(line=line_id, mr=mr, recipient=recipient, since=since)
    return _AWAITING_REPORT.rows(connection, values)


def has_part_of_unknown_mr(
    connection: Connection, line_id: str, recipient: str, since: float
) -> bool:
    """Whether a part to a recipient went, or may have gone, whose MR was never told; those in doubt
    are not meant, nor those that were refused, which bear a code.
    """
    values = values_of(line=line_id, recipient=recipient, since=since)
    return _OF_UNKNOWN_MR.row(connection, values) is not None


def parts_in_doubt(connection: Connection, line_id: str, recipient: str) -> Sequence[Record]:
    """Parts to a recipient on a line of which nobody knows whether they were accepted."""
    return _IN_DOUBT.rows(connection, values_of(line=line_id, recipient=recipient))
