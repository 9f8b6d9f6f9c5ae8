"""Answers kept under the Idempotency-Key of their request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, tuple_

from modemgw.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

_table = tables.idempotency


def find(connection: Connection, key_id: str, token: str) -> Record | None:
    """The answer that an API key got for this token."""
    return connection.execute(
        select(_table).where(_table.c.key_id == key_id, _table.c.token == token)
    ).one_or_none()


def keep(
    connection: Connection, *, key_id: str, token: str, digest: str, answer: Any, now: float
) -> None:
    """Keep an answer, in the transaction of what it tells."""
    connection.execute(
        insert(_table).values(
            key_id=key_id, token=token, digest=digest, answer=answer, created_at=now
        )
    )


def prune(connection: Connection, before: float, limit: int) -> int:
    """Forget at most `limit` answers that are older than `before`, the oldest first; how many."""
    old = (
        select(_table.c.key_id, _table.c.token)
        .where(_table.c.created_at < before)
        .order_by(_table.c.created_at)
        .limit(limit)
    )
    key = tuple_(_table.c.key_id, _table.c.token)
    return connection.execute(delete(_table).where(key.in_(old))).rowcount
