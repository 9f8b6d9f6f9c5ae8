"""Opt-outs and their confirmations.

Theory of the locks
-------------------
With several hosts, what waits for a lock holds others. Each operation takes them in this order, all
of a kind before the first of the next: recipients, by number (`lock`, `lock_all`); rows of
messages, by id; the limits that hosts count together (`gateway.limits`). A claim takes the rows
that nobody holds, and waits for the limits alone. Operations share transactions: two hosts may
still wait for each other over what several do; the server ends that after a second, and the writer
runs it again.

Where a person's data were erased their opt-outs stay under a hash of the number, `erased_as`, which
everybody who looks for the number gives, too: so one look-up finds all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, or_, select, tuple_, update

from modemgw.store import tables
from modemgw.store.messages import NOT_OVER
from modemgw.store.prepared import Prepared, Record, given, values_of
from modemgw.store.sql import insert_new, lock_name, upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

_opt_outs, _confirmations = tables.opt_outs, tables.confirmations
_OF = Prepared(
    select(_opt_outs)
    .where(or_(_opt_outs.c.number == given("number"), _opt_outs.c.number == given("erased_as")))
    .order_by(_opt_outs.c.scope)
)


def lock(connection: Connection, number: str) -> None:
    """Decide alone about this recipient until the transaction ends."""
    lock_name(connection, number)


def lock_all(connection: Connection, numbers: Iterable[str]) -> None:
    """Decide alone about these recipients, and about what is on its way to them, until the
    transaction ends. With SQLite, where one writes at a time, each transaction does."""
    if connection.dialect.name == "sqlite":
        return
    several = sorted(set(numbers))
    for number in several:
        lock(connection, number)
    message = tables.messages.c
    connection.execute(
        select(message.id)
        .where(
            message.recipient.in_(several),
            message.direction == "outbound",
            message.status.in_(NOT_OVER),
        )
        .order_by(message.id)
        .with_for_update()
    )


def add(connection: Connection, values: dict[str, Any]) -> bool:
    """Record an opt-out; false when the number has one of this scope already."""
    return insert_new(connection, _opt_outs, values)


def renew(
    connection: Connection,
    known: Record,
    leaves: str,
    sent_at: float,
    centre: str | None,
    says: Mapping[str, Any],
) -> None:
    """Note that an opt-out was asked for once more: it is as of the latest time, and leaves these
    kinds.

    `says` are its columns of who asked for it, and how; what is not known of that leaves what is:
    the text of the first stays its proof. `centre` stays only where all were stamped by the same.
    One that was erased takes in nothing that tells of a person.
    """
    row = _opt_outs.c
    values: dict[str, Any] = {"leaves": leaves}
    if centre != known.centre:
        values["centre"] = None
    if sent_at >= known.sent_at:
        values |= {"sent_at": sent_at, "source": says["source"]}
        if known.erased_at is None:
            values |= {name: value for name, value in says.items() if value is not None}
    connection.execute(
        update(_opt_outs)
        .where(row.number == known.number, row.scope == known.scope)
        .values(**values)
    )


def remove(connection: Connection, number: str, scope: str, erased_as: str = "") -> bool:
    """Lift an opt-out; false when there is none."""
    row = _opt_outs.c
    its = row.number.in_((number, erased_as))
    found = delete(_opt_outs).where(its, row.scope == scope)
    return bool(connection.execute(found).rowcount)


def of(connection: Connection, number: str, erased_as: str = "") -> list[Record]:
    """The opt-outs of a number, by scope: `all` is first, brands before pools."""
    return _OF.rows(connection, values_of(number=number, erased_as=erased_as))


def hide(connection: Connection, number: str, erased_as: str, now: float) -> bool:
    """Let opt-outs stay under the hash of their number alone; whether there are any."""
    values = {
        "number": erased_as,
        "reason": "",
        "message_id": None,
        "line_id": None,
        "erased_at": now,
    }
    connection.execute(update(_opt_outs).where(_opt_outs.c.number == number).values(values))
    return bool(of(connection, number, erased_as))


def page(connection: Connection, *, after: tuple[str, str] | None, limit: int) -> Sequence[Record]:
    """Opt-outs by number and scope, those behind the number and scope `after`."""
    row = _opt_outs.c
    statement = select(_opt_outs).order_by(row.number, row.scope).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(row.number, row.scope) > after)
    return connection.execute(statement).all()


def every(connection: Connection) -> list[tuple[str, str, str]]:
    """Number, or its hash, scope and what it leaves of every opt-out."""
    row = _opt_outs.c
    return [tuple(found) for found in connection.execute(select(row.number, row.scope, row.leaves))]


def count(connection: Connection) -> int:
    """How many numbers have opted out."""
    return connection.execute(select(func.count(_opt_outs.c.number.distinct()))).scalar_one()


def confirmed_at(connection: Connection, number: str) -> float | None:
    """When an opt-out of this number was last confirmed."""
    return connection.execute(
        select(_confirmations.c.confirmed_at).where(_confirmations.c.number == number)
    ).scalar_one_or_none()


def note_confirmation(connection: Connection, number: str, now: float) -> None:
    """Remember that a confirmation is on its way."""
    upsert(connection, _confirmations, ("number",), {"number": number, "confirmed_at": now})
