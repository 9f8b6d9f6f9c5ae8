"""What people have paused: lines, pools, or everything. Scopes: `line:ID`, `pool:NAME`, `all`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from modemgw.store import tables
from modemgw.store.sql import insert_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

_pauses = tables.pauses


def every(connection: Connection) -> Sequence[Record]:
    """All pauses: `scope`, `reason`, `since`."""
    return connection.execute(select(_pauses).order_by(_pauses.c.scope)).all()


def begin(connection: Connection, scope: str, reason: str, now: float) -> bool:
    """Pause; false where it was paused before, for the reason given then."""
    return insert_new(connection, _pauses, {"scope": scope, "reason": reason, "since": now})


def lift(connection: Connection, scope: str) -> bool:
    """End a pause; false where there was none."""
    return bool(connection.execute(delete(_pauses).where(_pauses.c.scope == scope)).rowcount)
