"""Messages by their age: identifiers sort by it, so no index of times is needed.

An identifier is made in the moment of `created_at`, but not by the same clock where that is a
test's, and a clock that is put back leaves identifiers ahead of it for as long. So the place of a
time among them is looked up in what is there, and left `SLACK_MS` of room.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from modemgw.store import tables
from modemgw.store.prepared import Prepared, given, values_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

SLACK_MS = 120_000
_LATEST_MS = (1 << 48) - 1

_m = tables.messages.c
_NEXT = Prepared(select(_m.created_at).where(_m.id >= given("id")).order_by(_m.id).limit(1))
_AROUND = Prepared(
    select(
        select(_m.created_at)
        .where(_m.id < given("id"))
        .order_by(_m.id.desc())
        .limit(1)
        .scalar_subquery()
        .label("before"),
        select(_m.created_at)
        .where(_m.id >= given("id"))
        .order_by(_m.id)
        .limit(1)
        .scalar_subquery()
        .label("after"),
    )
)
# Each by itself: SQLite finds one of them in the index, but reads all of it for both.
_ENDS = select(
    select(func.min(_m.id)).scalar_subquery().label("first"),
    select(func.max(_m.id)).scalar_subquery().label("last"),
)


def first_id(connection: Connection, created_at: float) -> str:
    """An identifier at which, or before which, messages of this time or later begin."""
    return _id_of(max(_place(connection, created_at) - SLACK_MS, 0))


def end_id(connection: Connection, created_at: float) -> str:
    """An identifier behind all messages that are older than this time."""
    return _id_of(min(_place(connection, created_at) + SLACK_MS, _LATEST_MS))


def _place(connection: Connection, created_at: float) -> int:
    """A millisecond of identifiers from which on messages are of this time or later.

    By halving, thirty looks, unless it is the millisecond of the time itself.
    """
    same = min(max(int(created_at * 1000), 0), _LATEST_MS)
    around = _AROUND.row(connection, values_of(id=_id_of(same)))
    assert around is not None
    if (around.before is None or around.before < created_at) and (
        around.after is None or around.after >= created_at
    ):
        return same
    ends = connection.execute(_ENDS).one()
    if ends.first is None:
        return 0
    first, last = _ms_of(ends.first), _ms_of(ends.last)

    def next_created_at(ms: int) -> float:
        row = _NEXT.row(connection, values_of(id=_id_of(ms)))
        return float("inf") if row is None else float(row.created_at)

    return first + bisect_left(range(first, last + 1), created_at, key=next_created_at)


def _ms_of(message_id: str) -> int:
    return int(message_id[4:16], 16)


def _id_of(ms: int) -> str:
    return f"msg_{ms:012x}{0:020x}"
