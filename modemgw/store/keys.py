"""API keys. Only a SHA-256 of each is kept: a key is 256 random bits, which nobody can try out."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from modemgw.store import tables
from modemgw.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

_keys = tables.keys

PREFIX = "mgw_"
SCOPES = ("send", "read", "admin")
KINDS = ("conversational", "transactional", "marketing")


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def create(
    connection: Connection,
    *,
    name: str,
    scopes: Sequence[str],
    kinds: Sequence[str] = KINDS,
    default_kind: str | None = None,
    urgent: bool = False,
    now: float,
) -> str:
    """Make a key and return it; it cannot be read again."""
    key = PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        insert(_keys).values(
            id=new_id("key"),
            name=name,
            digest=digest(key),
            scopes=list(scopes),
            kinds=list(kinds),
            default_kind=default_kind,
            urgent=urgent,
            created_at=now,
        )
    )
    return key


def find(connection: Connection, key: str) -> Record | None:
    """The row of a key that is in force."""
    return connection.execute(
        select(_keys).where(_keys.c.digest == digest(key), _keys.c.revoked_at.is_(None))
    ).one_or_none()


def all_keys(connection: Connection) -> Sequence[Record]:
    """Every key, oldest first."""
    return connection.execute(select(_keys).order_by(_keys.c.id)).all()


def revoke(connection: Connection, name_or_id: str, now: float) -> int:
    """End keys of this name or id; how many."""
    done = connection.execute(
        update(_keys)
        .where(
            (_keys.c.id == name_or_id) | (_keys.c.name == name_or_id), _keys.c.revoked_at.is_(None)
        )
        .values(revoked_at=now)
    )
    return done.rowcount


def note_use(connection: Connection, key_id: str, now: float) -> None:
    """Remember when a key was last used."""
    connection.execute(update(_keys).where(_keys.c.id == key_id).values(last_used_at=now))


def any_key(connection: Connection) -> bool:
    """Whether a key is in force."""
    return bool(
        connection.execute(
            select(func.count()).select_from(_keys).where(_keys.c.revoked_at.is_(None))
        ).scalar_one()
    )
