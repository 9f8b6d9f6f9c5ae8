"""The little that SQLite and PostgreSQL say differently."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, text
from sqlalchemy.dialects import postgresql, sqlite

from modemgw.store.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Table


def _insert(dialect: str, table: Table) -> Any:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def insert_unless_there(dialect: str, table: Table) -> Any:
    """An INSERT that does nothing where a row with one of its keys is there."""
    return _insert(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=64)
def _insert_new(dialect: str, table: Table) -> Prepared:
    return Prepared(insert_unless_there(dialect, table).returning(literal(1)))


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there; whether it was new."""
    return _insert_new(connection.dialect.name, table).row(connection, values) is not None


def insert_or_add(dialect: str, table: Table, key: tuple[str, ...], amount: str) -> Any:
    """An INSERT that adds its `amount` to that of the row with the same key where there is one."""
    statement = _insert(dialect, table)
    total = table.c[amount] + statement.excluded[amount]
    return statement.on_conflict_do_update(index_elements=list(key), set_={amount: total})


def upsert(
    connection: Connection, table: Table, key: tuple[str, ...], values: Mapping[str, Any]
) -> None:
    """Insert a row, or bring the one with the same key to these values."""
    changes = {name: value for name, value in values.items() if name not in key}
    statement = _insert(connection.dialect.name, table).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changes))


def fitted(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with texts cut to the size of their columns and without NUL.

    For what devices tell, which has no bounds. PostgreSQL would refuse the row, SQLite take it.
    """
    lengths = _lengths(table)
    return {
        name: value.replace("\0", "\ufffd")[: lengths[name]] if isinstance(value, str) else value
        for name, value in values.items()
    }


@lru_cache(maxsize=64)
def _lengths(table: Table) -> dict[str, int | None]:
    return {column.name: getattr(column.type, "length", None) for column in table.columns}


def lock_name(connection: Connection, name: str) -> None:
    """Let nobody else decide about what has this name, a recipient's number or the scope of a
    limit, until the transaction ends.

    SQLite has one writer and needs no lock. Two names may share a lock, which only costs time.
    """
    if connection.dialect.name == "postgresql":
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        connection.execute(_LOCK, {"value": int.from_bytes(digest, signed=True)})


_LOCK = text("SELECT pg_advisory_xact_lock(:value)")
