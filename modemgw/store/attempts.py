"""Attempts at a part that did not simply succeed: the last few of each, for who asks why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from modemgw.store import tables
from modemgw.store.sql import fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

_attempts = tables.part_attempts


def note(connection: Connection, message_id: str, seq: int, *, keep: int, **values: Any) -> None:
    """Add an attempt at a part; of each part the last `keep` are kept."""
    of_part = (_attempts.c.message_id == message_id) & (_attempts.c.seq == seq)
    last: int | None = connection.execute(
        select(func.max(_attempts.c.number)).where(of_part)
    ).scalar_one()
    number = (last or 0) + 1
    row = {"message_id": message_id, "seq": seq, "number": number, **fitted(_attempts, values)}
    connection.execute(insert(_attempts).values(row))
    connection.execute(delete(_attempts).where(of_part, _attempts.c.number <= number - keep))


def of_message(connection: Connection, message_id: str) -> Sequence[Record]:
    """The attempts at all parts of a message, the oldest of each part first."""
    return connection.execute(
        select(_attempts)
        .where(_attempts.c.message_id == message_id)
        .order_by(_attempts.c.seq, _attempts.c.number)
    ).all()
