"""By which index a list of messages is read that is narrowed in several ways.

PostgreSQL keeps statistics and knows that few texts have failed and most were delivered. SQLite
keeps none of values: it may read a hundred thousand texts of a busy line to find that none of them
is of a pool that is hardly used. So the rows of each condition are counted first, as far as that is
cheaper than to read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, literal_column, select

from modemgw.store import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

COUNTED: Final = 20_000  # entries of an index: a millisecond

_m = tables.messages.c


def narrowed(
    connection: Connection, equal: Mapping[str, Any], within: Sequence[ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    """The conditions that these columns, each of which has an index that goes on by identifier,
    have these values. `within` bounds the identifiers.
    """
    if connection.dialect.name != "sqlite" or len(equal) < 2:
        return [_m[name] == value for name, value in equal.items()]
    counts = {name: _count(connection, _m[name] == value, *within) for name, value in equal.items()}
    fewest = min(counts, key=counts.__getitem__)
    if counts[fewest] == COUNTED:
        fewest = ""  # whatever SQLite would take
    return [
        (_m[name] if name == fewest or not fewest else without_index(_m[name])) == value
        for name, value in equal.items()
    ]


def _count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    rows = select(_m.id).where(*conditions).limit(COUNTED).subquery()
    found: int = connection.execute(select(func.count()).select_from(rows)).scalar_one()
    return found


def without_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column so that SQLite looks for no index of it (sqlite.org/optoverview, "unary +")."""
    return literal_column(f"+{column}", column.type)
