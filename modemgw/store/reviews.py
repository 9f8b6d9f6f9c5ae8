"""Reviews: texts that may be a refusal, and what was decided about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from modemgw.store import tables
from modemgw.store.prepared import Prepared, Record, given, values_of
from modemgw.store.sql import insert_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select

_reviews = tables.reviews
_r = _reviews.c
_OPEN_OF = Prepared(select(_reviews).where(_r.number == given("number"), _r.decided_at.is_(None)))

_COUNT_OPEN = select(func.count()).select_from(_reviews).where(_r.decided_at.is_(None))


def add(connection: Connection, values: dict[str, Any]) -> bool:
    """Open a review; false when one of the number is open already."""
    return insert_new(connection, _reviews, values)


def open_of(connection: Connection, number: str) -> Record | None:
    """The open review of a number."""
    return _OPEN_OF.row(connection, values_of(number=number))


def get(connection: Connection, review_id: str) -> Record | None:
    """A review, open or decided."""
    return connection.execute(select(_reviews).where(_r.id == review_id)).first()


def decide(
    connection: Connection,
    review_id: str,
    now: float,
    *,
    decision: str,
    decided_by: str,
    decision_reason: str,
) -> Record:
    """Close an open review; what it is then."""
    return connection.execute(
        update(_reviews)
        .where(_r.id == review_id, _r.decided_at.is_(None))
        .values(
            decided_at=now,
            decision=decision,
            decided_by=decided_by,
            decision_reason=decision_reason,
        )
        .returning(*_reviews.c)
    ).one()


def every_open(connection: Connection) -> dict[str, float]:
    """The numbers under review, and when each review ends by itself."""
    rows = connection.execute(select(_r.number, _r.due_at).where(_r.decided_at.is_(None)))
    return {row.number: row.due_at for row in rows}


def overdue(connection: Connection, now: float, limit: int) -> Sequence[Record]:
    """Open reviews whose time is over, the oldest first."""
    return connection.execute(
        select(_reviews)
        .where(_r.decided_at.is_(None), _r.due_at <= now)
        .order_by(_r.due_at)
        .limit(limit)
    ).all()


def count_open(connection: Connection) -> int:
    """How many reviews wait for a decision."""
    return connection.execute(_COUNT_OPEN).scalar_one()


def count_half_over(connection: Connection, now: float) -> int:
    """How many of them have waited for more than half their time."""
    half_over = _COUNT_OPEN.where(_r.created_at + _r.due_at <= 2 * now)
    return connection.execute(half_over).scalar_one()


def page_open(
    connection: Connection, *, number: str | None, after: str | None, limit: int
) -> Sequence[Record]:
    """Open reviews, the oldest first, those behind the review `after`."""
    statement = select(_reviews).where(_r.decided_at.is_(None)).order_by(_r.id).limit(limit)
    if after is not None:
        statement = statement.where(_r.id > after)
    return connection.execute(_of(statement, number)).all()


def page_decided(
    connection: Connection, *, number: str | None, before: str | None, limit: int
) -> Sequence[Record]:
    """Decided reviews, the newest first, those before the review `before`."""
    statement = (
        select(_reviews).where(_r.decided_at.is_not(None)).order_by(_r.id.desc()).limit(limit)
    )
    if before is not None:
        statement = statement.where(_r.id < before)
    return connection.execute(_of(statement, number)).all()


def _of(statement: Select[Any], number: str | None) -> Select[Any]:
    return statement if number is None else statement.where(_r.number == number)
