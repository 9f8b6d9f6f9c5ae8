"""The little that SQLite and PostgreSQL say differently."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import literal, text
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Table


def _insert(connection: Connection, table: Table) -> Any:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there; whether it was new."""
    statement = _insert(connection, table).values(**values).on_conflict_do_nothing()
    return connection.execute(statement.returning(literal(1))).first() is not None


def upsert(
    connection: Connection, table: Table, key: tuple[str, ...], values: Mapping[str, Any]
) -> None:
    """Insert a row, or bring the one with the same key to these values."""
    changes = {name: value for name, value in values.items() if name not in key}
    statement = _insert(connection, table).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changes))


def fitted(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with texts cut to the size of their columns and without NUL.

    For what devices tell, which has no bounds. PostgreSQL would refuse the row, SQLite take it.
    """
    return {name: _fitted(table, name, value) for name, value in values.items()}


def _fitted(table: Table, name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    length = getattr(table.c[name].type, "length", None)
    return value.replace("\0", "\ufffd")[:length]


def lock_number(connection: Connection, number: str) -> None:
    """Let nobody else decide about this recipient until the transaction ends.

    SQLite has one writer and needs no lock. Two numbers may share a lock, which only costs time.
    """
    if connection.dialect.name == "postgresql":
        digest = hashlib.blake2b(number.encode(), digest_size=8).digest()
        value = int.from_bytes(digest, signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:value)"), {"value": value})
