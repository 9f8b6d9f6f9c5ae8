"""What is forgotten with time: texts that are long over, and the raw reports on them.

Identifiers sort by age: the oldest come first, and nothing is looked through but what is old. All
look at so many rows behind a place, and tell up to which; None where no older ones follow.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, delete, exists, func, literal_column, not_, or_, select, update

from modemgw.store import tables
from modemgw.store.messages import NOT_OVER
from modemgw.store.prepared import Prepared, given, values_of

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Connection, Table

_m, _i, _r = tables.messages.c, tables.inbound_parts.c, tables.reports.c
_c = tables.conversations.c


def _oldest(column: Column[str], at: Column[float]) -> Prepared:
    """The first rows of a table behind one, with the time of each."""
    return Prepared(
        select(column, at.label("at"))
        .where(column > given("after"))
        .order_by(column)
        .limit(given("limit"))
    )


def _evidence(table: Table, *columns: str) -> ColumnElement[bool]:
    """Whether a row about the other side of a message rests on it."""
    other = case((_m.direction == "inbound", _m.sender), else_=_m.recipient)
    rests = or_(*(table.c[column] == _m.id for column in columns))
    return exists().where(table.c.number == other, rests)


_OLD_TPDUS, _OLD_REPORTS = _oldest(_i.id, _i.received_at), _oldest(_r.id, _r.received_at)
_OLD_MESSAGES = _oldest(_m.id, _m.created_at)
_FORGET_TPDUS = Prepared(
    delete(tables.inbound_parts).where(
        _i.id > given("after"), _i.id <= given("last"), _i.kind == "report"
    )
)
_FORGET_REPORTS = Prepared(
    delete(tables.reports).where(_r.id > given("after"), _r.id <= given("last"))
)
_OVER = Prepared(
    select(_m.id, _m.direction, _m.conversation_id).where(
        _m.id > given("after"),
        _m.id <= given("last"),
        and_(*(_m.status != status for status in NOT_OVER)),
        not_(_evidence(tables.opt_outs, "message_id")),
        not_(_evidence(tables.consents, "message_id", "request_id")),
        not_(_evidence(tables.reviews, "message_id")),
    )
)
# Locked first, so that a text that comes in meanwhile is in the count of the next statement.
_UNREAD = Prepared(
    select(_c.id)
    .where(_c.id == given("conversation"), _c.unread > literal_column("0"))
    .with_for_update()
)
_LEFT = (
    select(func.count())
    .where(
        _m.conversation_id == given("conversation"),
        _m.id > func.coalesce(_c.read_up_to, ""),
        literal_column("direction = 'inbound'"),
    )
    .correlate(tables.conversations)
    .scalar_subquery()
)
_COUNT_AGAIN = Prepared(
    update(tables.conversations)
    .where(_c.id == given("conversation"), _c.unread > _LEFT)
    .values(unread=_LEFT)
)
_OF_MESSAGE = tuple(
    Prepared(delete(column.table).where(column == given("id")))
    for column in (
        tables.part_attempts.c.message_id, tables.parts.c.message_id, _i.message_id, _m.id
    )
)  # fmt: skip


def forget_tpdus_of_reports(
    connection: Connection, before: float, limit: int, after: str = ""
) -> str | None:
    """Forget status reports, as they came in before a time; TPDUs of texts stay with their texts.

    A copy of one that comes after that counts as new; what it told was applied, and is again.
    """
    return _forget(connection, _OLD_TPDUS, _FORGET_TPDUS, before, limit, after)


def forget_reports(
    connection: Connection, before: float, limit: int, after: str = ""
) -> str | None:
    """Forget what status reports told that came in before a time; what it changed stays."""
    return _forget(connection, _OLD_REPORTS, _FORGET_REPORTS, before, limit, after)


def forget_messages(
    connection: Connection, before: float, limit: int, after: str = ""
) -> str | None:
    """Forget messages that were made before a time and are over, with their parts and TPDUs.

    Those stay on which an opt-out, a consent or a review rests.
    """
    last, more = _last_old(connection, _OLD_MESSAGES, before, limit, after)
    if last is None:
        return None
    over = _OVER.rows(connection, values_of(after=after, last=last))
    if over:
        for statement in _OF_MESSAGE:
            statement.run_many(connection, [values_of(id=row.id) for row in over])
    read_in = {row.conversation_id for row in over if row.direction == "inbound"}
    for conversation_id in sorted(read_in - {None}):
        if _UNREAD.row(connection, values_of(conversation=conversation_id)) is not None:
            _COUNT_AGAIN.run(connection, values_of(conversation=conversation_id))
    return last if more else None


def _forget(
    connection: Connection,
    oldest: Prepared,
    statement: Prepared,
    before: float,
    limit: int,
    after: str,
) -> str | None:
    last, more = _last_old(connection, oldest, before, limit, after)
    if last is not None:
        statement.run(connection, values_of(after=after, last=last))
    return last if more else None


def _last_old(
    connection: Connection, oldest: Prepared, before: float, limit: int, after: str
) -> tuple[str | None, bool]:
    """The last of the rows that are old, and whether there may be more."""
    rows = oldest.rows(connection, values_of(after=after, limit=limit))
    old = list(takewhile(lambda row: row.at < before, rows))
    return (old[-1].id if old else None), len(old) == limit
