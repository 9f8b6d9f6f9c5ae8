"""What became of events at endpoints, and events that are posted late: once more, in no order.

A delivery is `pending` until the endpoint has it (`delivered`) or it is given up (`dead`). One that
is dead, or is to be posted again (`replay`), is late: it is due at `next_at`, if that is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, and_, select, true

from modemgw.store import tables
from modemgw.store.prepared import Prepared, Record, given, literally, values_of
from modemgw.store.sql import upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_deliveries, _events = tables.deliveries, tables.events
_EVENT: Final = (
    _events.c.type,
    _events.c.created_at,
    _events.c.data,
    _events.c.sequence,
)
_LATE = Prepared(
    select(_deliveries, *_EVENT)
    .join(_events, _events.c.position == _deliveries.c.position)
    .where(
        _deliveries.c.webhook_id == given("id"),
        _deliveries.c.status != literally("pending"),
        _deliveries.c.next_at <= given("now"),
    )
    .order_by(_deliveries.c.next_at)
    .limit(given("limit"))
)


@dataclass(frozen=True, slots=True)
class Range:
    """Which events: one, or those of a time; `dead`: those alone that were given up."""

    event_id: str | None = None
    after: float | None = None
    before: float | None = None
    dead: bool = True


def log(
    connection: Connection,
    webhook_id: str,
    *,
    before: int | None,
    limit: int,
    status: str | None = None,
) -> Sequence[Record]:
    """Deliveries of an endpoint, the newest first."""
    d = _deliveries.c
    statement = select(_deliveries).where(d.webhook_id == webhook_id)
    if before is not None:
        statement = statement.where(d.position < before)
    if status is not None:
        statement = statement.where(d.status == status)
    return connection.execute(statement.order_by(d.position.desc()).limit(limit)).all()


def get(connection: Connection, webhook_id: str, event_id: str) -> Record | None:
    """What became of one event at one endpoint."""
    d = _deliveries.c
    found = connection.execute(
        select(_deliveries)
        .join(_events, _events.c.position == d.position)
        .where(_events.c.id == event_id, d.webhook_id == webhook_id)
    )
    return found.one_or_none()


def late(connection: Connection, webhook_id: str, now: float, limit: int) -> Sequence[Record]:
    """What is due to be posted late, with the events themselves."""
    return _LATE.rows(connection, values_of(id=webhook_id, now=now, limit=limit))


def replay(
    connection: Connection, webhook: Record, wanted: Range, now: float, limit: int
) -> tuple[int, bool]:
    """Let events be posted once more; how many, and whether more fit than `limit`.

    What an endpoint waits for anyway is left as it is. With `dead` unset events count that it was
    never owed, too, if they are of its types.
    """
    d, e = _deliveries.c, _events.c
    status = d.status == "dead" if wanted.dead else _settled_or_never_owed()
    found = connection.execute(
        select(e.position, e.id, e.conversation_id)
        .outerjoin(_deliveries, and_(d.position == e.position, d.webhook_id == webhook.id))
        .where(_fits(wanted), _of_types(webhook.events), status)
        .order_by(e.position)
        .limit(limit + 1)
    ).all()
    for row in found[:limit]:
        upsert(connection, _deliveries, ("webhook_id", "position"), _again(webhook.id, row, now))
    return min(len(found), limit), len(found) > limit


def _settled_or_never_owed() -> ColumnElement[bool]:
    return _deliveries.c.status.is_(None) | (_deliveries.c.status != "pending")


def _fits(wanted: Range) -> ColumnElement[bool]:
    e = _events.c
    conditions: list[ColumnElement[bool]] = [true()]
    if wanted.event_id is not None:
        conditions.append(e.id == wanted.event_id)
    if wanted.after is not None:
        conditions.append(e.created_at >= wanted.after)
    if wanted.before is not None:
        conditions.append(e.created_at < wanted.before)
    return and_(*conditions)


def _of_types(types: Sequence[str]) -> ColumnElement[bool]:
    return true() if "*" in types else _events.c.type.in_(types)


def _again(webhook_id: str, event: Record, now: float) -> dict[str, Any]:
    """`settled_at` is set, so that it is forgotten with the others of its age."""
    return {
        "webhook_id": webhook_id,
        "position": event.position,
        "event_id": event.id,
        "conversation_id": event.conversation_id,
        "status": "replay",
        "attempts": 0,
        "next_at": now,
        "first_tried_at": None,
        "settled_at": now,
    }
