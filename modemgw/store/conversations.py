"""Conversations as people read them: listed, and read up to a message."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import and_, func, literal_column, select, tuple_, update

from modemgw.store import tables
from modemgw.store.narrow import without_index
from modemgw.store.prepared import Prepared, Record, given, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection

_conversations, _messages = tables.conversations, tables.messages
_c, _m = _conversations.c, _messages.c

Key: TypeAlias = tuple[float, str]
"""Where a page of conversations ended: when the last one was active, and its id."""

_active_at = func.coalesce(_c.spoken_at, _c.created_at)
_LAST_MESSAGE = select(func.max(_m.id)).where(_m.conversation_id == _c.id).correlate(_conversations)
_SHOWN = select(
    _conversations,
    _active_at.label("active_at"),
    _LAST_MESSAGE.scalar_subquery().label("last_message_id"),
)
_ONE_MORE = Prepared(
    update(_conversations)
    .where(_c.id == given("id"))
    .values(unread=_c.unread + literal_column("1"))
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of conversations is narrowed to; None: not narrowed.

    `pool` "" is the default; `pools` are those alone that somebody may see.
    """

    number: str | None = None
    pool: str | None = None
    line_id: str | None = None
    unread: bool | None = None
    pools: frozenset[str] | None = None


def get(connection: Connection, conversation_id: str) -> Record | None:
    """One conversation, with `active_at` and `last_message_id`."""
    return connection.execute(_SHOWN.where(_c.id == conversation_id)).one_or_none()


def find(
    connection: Connection, wanted: Filter, *, before: Key | None, limit: int
) -> Sequence[Record]:
    """Conversations as `get` has them, the one that was active last first, those behind `before`.

    Active is a conversation when a text comes in or has gone out; else since it began.
    """
    if wanted.pools is not None:
        pools = wanted.pools if wanted.pool is None else wanted.pools & {wanted.pool}
        found = [
            row
            for pool in pools
            for row in find(
                connection, replace(wanted, pool=pool, pools=None), before=before, limit=limit
            )
        ]
        return sorted(found, key=attrgetter("active_at", "id"), reverse=True)[:limit]
    conditions = [
        column == value
        for column, value in ((_c.number, wanted.number), (_c.line_id, wanted.line_id))
        if value is not None
    ]
    if wanted.pool is not None:
        conditions += _of_pool(connection, wanted.pool, by_index=not wanted.unread)
    if wanted.unread is not None:  # literally: the index of these has this very condition
        conditions.append(literal_column("unread > 0" if wanted.unread else "unread = 0"))
    if before is not None:
        # SQLite looks up the first of these in the index; the pair it would try on every row.
        before_at, _ = before
        conditions.append(_active_at <= before_at)
        conditions.append(tuple_(_active_at, _c.id) < tuple_(*before))
    return connection.execute(
        _SHOWN.where(and_(True, *conditions)).order_by(_active_at.desc(), _c.id.desc()).limit(limit)
    ).all()


def _of_pool(connection: Connection, pool: str, *, by_index: bool) -> list[ColumnElement[bool]]:
    """The conditions that a conversation is of a pool.

    `by_index` False: SQLite, which has no statistics of values, does not read a whole pool for it.
    """
    if not by_index and connection.dialect.name == "sqlite":
        return [without_index(_c.pool) == pool]
    if not pool:
        return [_c.pool == pool]
    return [_c.pool == pool, literal_column("pool <> ''")]  # literally: the index has this, too


def messages_by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Record]:
    """Messages by their ids."""
    rows = connection.execute(select(_messages).where(_m.id.in_(list(ids))))
    return {row.id: row for row in rows}


def has_come_in(connection: Connection, conversation_id: str) -> None:
    """Count one more text that nobody has read."""
    _ONE_MORE.run(connection, values_of(id=conversation_id))


def mark_read(connection: Connection, conversation_id: str, message_id: str) -> None:
    """Note that everything up to a message of it was read; an earlier one changes nothing.

    The conversation's row is locked first: a text that comes in meanwhile is counted behind it.
    """
    up_to: str | None = connection.execute(
        select(_c.read_up_to).where(_c.id == conversation_id).with_for_update()
    ).scalar_one()
    if up_to is not None and up_to >= message_id:
        return
    unread = (
        select(func.count())
        .where(
            _m.conversation_id == conversation_id,
            _m.id > message_id,
            literal_column("direction = 'inbound'"),
        )
        .scalar_subquery()
    )
    connection.execute(
        update(_conversations)
        .where(_c.id == conversation_id)
        .values(read_up_to=message_id, unread=unread)
    )
