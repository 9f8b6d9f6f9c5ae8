"""The hosts that share a database: whose daemon has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from modemgw.store import tables

if TYPE_CHECKING:
    from sqlalchemy import Connection

# The lock of `engine.Tenure`; its two keys are shown as oids.
_TENURE = text("""
    SELECT 1 FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = hashtext('modemgw')::oid AND objid = hashtext(:host)::oid
""")


def absent(connection: Connection, own: str) -> list[str]:
    """The other hosts that had modems or have claims, and of which no daemon runs at this moment,
    as far as the server knows: it lets go of the tenure of one that has died, or is out of reach.

    SQLite serves one host; whatever others are named there are former names of it.
    """
    modems, messages = tables.modems.c, tables.messages.c
    known = select(modems.host).union(
        select(messages.claimed_by).where(messages.claimed_by.is_not(None))
    )
    others = sorted(host for host in connection.execute(known).scalars() if host != own)
    if connection.dialect.name == "sqlite":
        return others
    return [host for host in others if not connection.execute(_TENURE, {"host": host}).first()]


def has_left(connection: Connection, host: str, reason: str) -> bool:
    """Whether a host that is away has claims, or modems of which another reason is told."""
    modems, messages = tables.modems.c, tables.messages.c
    claims = select(messages.id).where(messages.claimed_by == host)
    driven = select(modems.id).where(modems.host == host, modems.reason != reason)
    return any(connection.execute(left.limit(1)).first() for left in (claims, driven))
