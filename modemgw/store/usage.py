"""What lines and pools have sent, parts in buckets of time, and to whom; what people have got."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import bindparam, delete, select, tuple_, update

from modemgw.store import tables
from modemgw.store.prepared import Prepared, given, values_of
from modemgw.store.sql import insert_new, insert_or_add

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Table

_usage, _recipients = tables.usage, tables.usage_recipients

_COUNTED = Prepared(
    select(_usage.c.begins, _usage.c.parts)
    .where(
        _usage.c.scope == given("scope"),
        _usage.c.span == given("span"),
        _usage.c.begins >= given("begins"),
    )
    .order_by(_usage.c.begins)
)
_KNOWN = Prepared(
    select(_recipients.c.recipient).where(
        _recipients.c.scope == given("scope"),
        _recipients.c.span == given("span"),
        _recipients.c.begins == given("begins"),
        _recipients.c.recipient == given("recipient"),
    )
)

_TAKE_BACK = Prepared(
    update(_usage)
    .where(
        _usage.c.scope == given("scope"),
        _usage.c.span == given("span"),
        _usage.c.begins == given("begins"),
        _usage.c.parts >= given("parts"),
    )
    .values(parts=_usage.c.parts - given("parts"))
)

TEXTS = "text"  # the span of texts to one person
_MONTHS_S = 70 * 86_400


@lru_cache(maxsize=2)
def _add(dialect: str) -> Prepared:
    return Prepared(insert_or_add(dialect, _usage, ("scope", "span", "begins"), "parts"))


def counted(
    connection: Connection, scope: str, span: str, begins: float
) -> list[tuple[float, int]]:
    """The buckets of a span that begin at a time or later, the oldest first, with their parts."""
    rows = _COUNTED.rows(connection, values_of(scope=scope, span=span, begins=begins))
    return [(row.begins, row.parts) for row in rows]


def add(connection: Connection, scope: str, span: str, begins: float, parts: int) -> None:
    """Count parts in a bucket."""
    values = {"scope": scope, "span": span, "begins": begins, "parts": parts}
    _add(connection.dialect.name).run(connection, values)


def take_back(connection: Connection, scope: str, span: str, begins: float, parts: int) -> None:
    """Count parts in a bucket no more, if it is still kept and holds as many."""
    values = values_of(scope=scope, span=span, begins=begins, parts=parts)
    _TAKE_BACK.run(connection, values)


def knows(connection: Connection, scope: str, span: str, begins: float, recipient: str) -> bool:
    """Whether this recipient is among those that were written to in a span."""
    values = values_of(scope=scope, span=span, begins=begins, recipient=recipient)
    return _KNOWN.row(connection, values) is not None


def note_recipient(
    connection: Connection, scope: str, span: str, begins: float, recipient: str
) -> None:
    """Remember that this recipient was written to in a span, and count the different ones."""
    values = {"scope": scope, "span": span, "begins": begins, "recipient": recipient}
    if insert_new(connection, _recipients, values):
        add(connection, scope, recipients_of(span), begins, 1)


def recipients_of(span: str) -> str:
    """The span under which the different recipients of a span are counted."""
    return f"{span}/to"


def bring_back(connection: Connection, now: float) -> None:
    """Count now what was counted in a time that is to come: by a clock that was put back since."""
    ahead = _usage.c.begins > now
    gone = delete(_usage).where(ahead).returning(_usage.c.scope, _usage.c.span, _usage.c.parts)
    parts: Counter[tuple[str, str]] = Counter()
    for row in connection.execute(gone):
        parts[row.scope, row.span] += row.parts
    for (scope, span), count in parts.items():
        add(connection, scope, span, now, count)


# For how long a bucket is kept after its begin, by its span; longer than any limit looks back.
_KEPT_S = {
    "minute": 600,
    "hour": 2 * 3_600,
    "day": 3 * 86_400,
    "day/to": 3 * 86_400,
    TEXTS: 8 * 86_400,
}
Place: TypeAlias = tuple[Any, ...]
"""A key of a table; the rows behind it have not been looked at."""


def prune(
    connection: Connection, now: float, places: Mapping[str, Place], limit: int
) -> dict[str, Place]:
    """Forget what no limit counts any more: of so many rows of each table, from the places on at
    which it was left the last time. The places now; a table that was looked through has none.
    """
    found = {
        table.name: _prune(connection, table, now, places.get(table.name), limit)
        for table in (_usage, _recipients)
    }
    return {name: place for name, place in found.items() if place is not None}


def _prune(
    connection: Connection, table: Table, now: float, place: Place | None, limit: int
) -> Place | None:
    key = list(table.primary_key.columns)
    some = select(*key).order_by(*key).limit(limit)
    if place is not None:
        some = some.where(tuple_(*key) > place)
    rows = connection.execute(some).all()
    old = [row for row in rows if row.begins < now - _KEPT_S.get(row.span, _MONTHS_S)]
    if old:
        this = (column == bindparam(f"old_{column.name}") for column in key)
        connection.execute(
            delete(table).where(*this),
            [
                {f"old_{column.name}": value for column, value in zip(key, row, strict=True)}
                for row in old
            ],
        )
    return tuple(rows[-1]) if len(rows) == limit else None
