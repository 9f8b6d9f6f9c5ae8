"""API keys. Only a SHA-256 of each is kept: a key is 256 random bits, which nobody can try out.

So a digest may be looked up in an index: how long that takes tells nothing of a key.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, or_, select, update

from modemgw.ids import new_id
from modemgw.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from sqlalchemy.sql import ColumnElement

    from modemgw.store.prepared import Record

_keys = tables.keys

PREFIX = "mgw_"
SCOPES = ("send", "read", "admin")
KINDS = ("conversational", "transactional", "marketing")
LONGEST_GRACE_S = 30 * 86_400.0
GRACE_S = 86_400.0


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
    pools: Sequence[str] | None = None,
    per_minute: int | None = None,
    per_day: int | None = None,
    expires_at: float | None = None,
    now: float,
) -> str:
    """Make a key and return it; it cannot be read again. `pools` None: it is bound to none."""
    key = _new_secret()
    connection.execute(
        insert(_keys).values(
            id=new_id("key"),
            name=name,
            digest=digest(key),
            scopes=list(scopes),
            kinds=list(kinds),
            default_kind=default_kind,
            urgent=urgent,
            pools=None if pools is None else list(pools),
            per_minute=per_minute,
            per_day=per_day,
            expires_at=expires_at,
            created_at=now,
        )
    )
    return key


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def find(connection: Connection, key: str, now: float) -> Record | None:
    """The row of a key that is in force: not revoked, not over, and not rotated too long ago."""
    wanted = digest(key)
    former = and_(_keys.c.former_digest == wanted, _keys.c.former_until > now)
    return connection.execute(
        select(_keys).where(or_(_keys.c.digest == wanted, former), _in_force(now))
    ).one_or_none()


def was_issued(connection: Connection, key: str) -> bool:
    """Whether this is, or was before it was rotated, the secret of a key, in force or not."""
    wanted = digest(key)
    issued = or_(_keys.c.digest == wanted, _keys.c.former_digest == wanted)
    return connection.execute(select(_keys.c.id).where(issued)).first() is not None


def get(connection: Connection, key_id: str) -> Record | None:
    """One key, in force or not."""
    return connection.execute(select(_keys).where(_keys.c.id == key_id)).one_or_none()


def of_secret(connection: Connection, key: str) -> Record:
    """The row of a key that is there, in force or not."""
    return connection.execute(select(_keys).where(_keys.c.digest == digest(key))).one()


def all_keys(connection: Connection) -> Sequence[Record]:
    """Every key, oldest first."""
    return connection.execute(select(_keys).order_by(_keys.c.id)).all()


def count(connection: Connection) -> int:
    """How many there are, in force or not."""
    return connection.execute(select(func.count()).select_from(_keys)).scalar_one()


def page(connection: Connection, *, after: str | None, limit: int) -> Sequence[Record]:
    """Keys, oldest first, behind the key `after`."""
    statement = select(_keys).order_by(_keys.c.id).limit(limit)
    if after is not None:
        statement = statement.where(_keys.c.id > after)
    return connection.execute(statement).all()


def named(connection: Connection, name_or_id: str) -> Sequence[Record]:
    """Keys of this name or id that were not revoked, oldest first."""
    return connection.execute(
        select(_keys)
        .where(_is_called(name_or_id), _keys.c.revoked_at.is_(None))
        .order_by(_keys.c.id)
    ).all()


def change(connection: Connection, key_id: str, **values: Any) -> None:
    """Set columns of a key."""
    connection.execute(update(_keys).where(_keys.c.id == key_id).values(**values))


def rotate(connection: Connection, key_id: str, *, grace_s: float, now: float) -> str | None:
    """Give a key a new secret, which is returned; the old one is good for `grace_s` more seconds.

    None when there is no such key, or it was revoked. An older one is no longer good.
    """
    key = _new_secret()
    done = connection.execute(
        update(_keys)
        .where(_keys.c.id == key_id, _keys.c.revoked_at.is_(None))
        .values(digest=digest(key), former_digest=_keys.c.digest, former_until=now + grace_s)
    )
    return key if done.rowcount else None


def revoke(connection: Connection, name_or_id: str, now: float) -> int:
    """End keys of this name or id, with both their secrets; how many."""
    done = connection.execute(
        update(_keys)
        .where(_is_called(name_or_id), _keys.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return done.rowcount


def revoke_one(connection: Connection, key_id: str, now: float) -> None:
    """End the key of this id, whatever others are called."""
    connection.execute(
        update(_keys)
        .where(_keys.c.id == key_id, _keys.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _is_called(name_or_id: str) -> ColumnElement[bool]:
    return or_(_keys.c.id == name_or_id, _keys.c.name == name_or_id)


def note_use(connection: Connection, key_id: str, now: float) -> None:
    """Remember when a key was last used."""
    connection.execute(update(_keys).where(_keys.c.id == key_id).values(last_used_at=now))


def any_key(connection: Connection, now: float) -> bool:
    """Whether a key is in force."""
    return bool(
        connection.execute(
            select(func.count()).select_from(_keys).where(_in_force(now))
        ).scalar_one()
    )


def _in_force(now: float) -> ColumnElement[bool]:
    unending = or_(_keys.c.expires_at.is_(None), _keys.c.expires_at > now)
    return and_(_keys.c.revoked_at.is_(None), unending)
