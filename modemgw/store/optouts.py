"""Opt-outs and their confirmations.

Where a person's data were erased the opt-out stays under a hash of the number, `erased_as`, which
everybody who looks for the number gives, too: so one look-up finds both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, or_, select, update

from modemgw.store import tables
from modemgw.store.prepared import Prepared, Record, given, values_of
from modemgw.store.sql import insert_new, lock_name, upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_opt_outs, _confirmations = tables.opt_outs, tables.confirmations
_GET = Prepared(
    select(_opt_outs).where(
        or_(_opt_outs.c.number == given("number"), _opt_outs.c.number == given("erased_as"))
    )
)


def lock(connection: Connection, number: str) -> None:
    """Decide alone about this recipient until the transaction ends."""
    lock_name(connection, number)


def add(connection: Connection, values: dict[str, Any]) -> bool:
    """Record an opt-out; false when the number has one already."""
    return insert_new(connection, _opt_outs, values)


def renew(
    connection: Connection, number: str, sent_at: float, centre: str | None, erased_as: str = ""
) -> None:
    """Note that an opt-out was asked for once more: it is as of the latest time.

    `centre` stays only where all were stamped by the same.
    """
    row = _opt_outs.c
    connection.execute(
        update(_opt_outs)
        .where(row.number.in_((number, erased_as)))
        .values(
            sent_at=case((row.sent_at < sent_at, sent_at), else_=row.sent_at),
            centre=case((row.centre == centre, row.centre), else_=None),
        )
    )


def remove(connection: Connection, number: str, erased_as: str = "") -> bool:
    """Lift an opt-out; false when there is none."""
    its = _opt_outs.c.number.in_((number, erased_as))
    return bool(connection.execute(delete(_opt_outs).where(its)).rowcount)


def get(connection: Connection, number: str, erased_as: str = "") -> Record | None:
    """The opt-out of a number."""
    return _GET.row(connection, values_of(number=number, erased_as=erased_as))


def hide(connection: Connection, number: str, erased_as: str, now: float) -> bool:
    """Let an opt-out stay under the hash of its number alone; whether there is one."""
    values = {
        "number": erased_as,
        "reason": "",
        "message_id": None,
        "line_id": None,
        "erased_at": now,
    }
    connection.execute(update(_opt_outs).where(_opt_outs.c.number == number).values(values))
    return get(connection, number, erased_as) is not None


def page(connection: Connection, *, after: str | None, limit: int) -> Sequence[Record]:
    """Opt-outs by number, those behind the number `after`."""
    statement = select(_opt_outs).order_by(_opt_outs.c.number).limit(limit)
    if after is not None:
        statement = statement.where(_opt_outs.c.number > after)
    return connection.execute(statement).all()


def numbers(connection: Connection) -> list[str]:
    """Every number with an opt-out, or its hash."""
    return list(connection.execute(select(_opt_outs.c.number)).scalars())


def count(connection: Connection) -> int:
    """How many numbers have opted out."""
    return connection.execute(select(func.count()).select_from(_opt_outs)).scalar_one()


def confirmed_at(connection: Connection, number: str) -> float | None:
    """When an opt-out of this number was last confirmed."""
    return connection.execute(
        select(_confirmations.c.confirmed_at).where(_confirmations.c.number == number)
    ).scalar_one_or_none()


def note_confirmation(connection: Connection, number: str, now: float) -> None:
    """Remember that a confirmation is on its way."""
    upsert(connection, _confirmations, ("number",), {"number": number, "confirmed_at": now})
