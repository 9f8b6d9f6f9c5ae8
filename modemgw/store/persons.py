"""What is kept about a number: found, and deleted.

Events and answers to requests are looked through from end to end, so that is done by a reader; the
writer then deletes by their keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, cast, delete, exists, or_, select, update

from modemgw.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Column, Connection, Table

    from modemgw.store.prepared import Record

_AT_ONCE = 500
_m, _i, _r = tables.messages.c, tables.inbound_parts.c, tables.reports.c


@dataclass(frozen=True, slots=True)
class Traces:
    """Where a number stands: positions of events, keys and tokens of kept answers, and the raw
    TPDUs of its status reports."""

    events: tuple[int, ...]
    answers: tuple[tuple[str, str], ...]
    reports: tuple[str, ...]


def texts(connection: Connection, number: str, *, before: str | None, limit: int) -> Sequence[Any]:
    """Messages to a number and from it, the newest first, those older than `before`."""
    statement = select(tables.messages).where(_of(number)).order_by(_m.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(_m.id < before)
    return connection.execute(statement).all()


def conversations(connection: Connection, number: str) -> Sequence[Record]:
    """Its conversations."""
    row = tables.conversations.c
    return connection.execute(
        select(tables.conversations).where(row.number == number).order_by(row.id)
    ).all()


def reviews(connection: Connection, number: str) -> Sequence[Record]:
    """Its reviews, the oldest first."""
    row = tables.reviews.c
    return connection.execute(
        select(tables.reviews).where(row.number == number).order_by(row.id)
    ).all()


def traces(connection: Connection, number: str) -> Traces:
    """What has to be looked for from end to end."""
    told = tables.events.c
    talks = select(tables.conversations.c.id).where(tables.conversations.c.number == number)
    found = select(told.position).where(
        or_(told.conversation_id.in_(talks), _names(told.data, number))
    )
    kept = tables.idempotency.c
    answers = select(kept.key_id, kept.token).where(_names(kept.answer, number))
    same = exists().where(
        _r.recipient == number,
        _r.line_id.is_not_distinct_from(_i.line_id),
        _r.received_at == _i.received_at,
    )
    reports = select(_i.id).where(_i.kind == "report", same)
    return Traces(
        tuple(connection.execute(found).scalars()),
        tuple((row.key_id, row.token) for row in connection.execute(answers)),
        tuple(connection.execute(reports).scalars()),
    )


def erase(connection: Connection, number: str, found: Traces) -> dict[str, int]:
    """Delete what is kept about a number, but for the audit and what is under its hash; how much.

    Answers are kept without what they tell of it: the same request again must not text anybody.
    """
    theirs = select(_m.id).where(_of(number))
    for table in (tables.parts, tables.part_attempts):
        connection.execute(delete(table).where(table.c.message_id.in_(theirs)))
    raw = _count(
        connection, tables.inbound_parts, or_(_i.sender == number, _i.message_id.in_(theirs))
    )
    raw += _by_key(connection, _i.id, found.reports)
    _count(connection, tables.reports, _r.recipient == number)
    _count(connection, tables.reviews, tables.reviews.c.number == number)
    _count(connection, tables.confirmations, tables.confirmations.c.number == number)
    counted = tables.usage.c.scope.startswith(f"to:{number}|", autoescape=True)
    _count(connection, tables.usage, counted)
    _count(connection, tables.usage_recipients, tables.usage_recipients.c.recipient == number)
    _by_key(connection, tables.deliveries.c.position, found.events)
    deleted = {
        "events": _by_key(connection, tables.events.c.position, found.events),
        "raw": raw,
        "messages": _count(connection, tables.messages, _of(number)),
        "conversations": _count(
            connection, tables.conversations, tables.conversations.c.number == number
        ),
        "consents": _count(connection, tables.consents, tables.consents.c.number == number),
    }
    for key_id, token in found.answers:
        _blank(connection, key_id, token, number)
    return deleted


def _of(number: str) -> Any:
    """A person's messages: to them, or from them."""
    return or_(
        and_(_m.direction == "outbound", _m.recipient == number),
        and_(_m.direction == "inbound", _m.sender == number),
    )


def _names(column: Column[Any], number: str) -> Any:
    """Whether some JSON has the number for a value; in a text other marks are around it."""
    return cast(column, Text).contains(f'"{number}"', autoescape=True)


def _count(connection: Connection, table: Table, condition: Any) -> int:
    return connection.execute(delete(table).where(condition)).rowcount


def _by_key(connection: Connection, column: Column[Any], keys: Iterable[Any]) -> int:
    return sum(_count(connection, column.table, column.in_(some)) for some in _batches(keys))


def _batches(keys: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(keys)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _blank(connection: Connection, key_id: str, token: str, number: str) -> None:
    """Take what an answer tells of a person out of it."""
    kept = tables.idempotency
    here = and_(kept.c.key_id == key_id, kept.c.token == token)
    answer = connection.execute(select(kept.c.answer).where(here)).scalar_one_or_none()
    if answer is not None:
        blanked = [_without(item, number) for item in answer]
        connection.execute(update(kept).where(here).values(answer=blanked))


def _without(item: dict[str, Any], number: str) -> dict[str, Any]:
    message = item.get("message")
    if message is None or message.get("to") != number:
        return item
    return {"message": message | {"to": None, "text": "", "reference": None, "metadata": {}}}
