"""Keys as callers describe them and as they are shown; the secret is shown once."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from modemgw.api.answers import Shape
from modemgw.api.fields import Kind, Timestamp
from modemgw.api.schemas import Body
from modemgw.gateway.views import timestamp
from modemgw.store.keys import GRACE_S, LONGEST_GRACE_S
from modemgw.store.prepared import Record

ScopeName = Literal["send", "read", "admin"]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=3)]
Pools = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]],
    Field(
        min_length=1,
        max_length=100,
        description="It sends to these alone and is told of these alone. Null: it is not bound.",
    ),
]
Messages = Annotated[int, Field(ge=1, le=10_000_000, description="Messages. Null: no limit.")]


class NewKey(Body):
    """A key to make."""

    name: Name = Field(description="Who uses it.")
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=3)] = Field(
        ["send", "read"], description="`admin` is not for a key that is bound to pools."
    )
    kinds: Kinds = Field(
        ["conversational", "transactional", "marketing"],
        description="Kinds of texts that it may send.",
    )
    default_kind: Kind | None = Field(None, description="What its texts are that name no kind.")
    urgent: bool = Field(False, description="Its texts go out at night, too.")
    pools: Pools | None = None
    per_minute: Messages | None = None
    per_day: Messages | None = None
    expires_at: Timestamp | None = Field(None, description="From then on it is refused.")


class KeyChange(Body):
    """What is to be different of a key; what is left out stays, null takes away."""

    name: Name | None = None
    kinds: Kinds | None = None
    default_kind: Kind | None = None
    pools: Pools | None = None
    per_minute: Messages | None = None
    per_day: Messages | None = None
    expires_at: Timestamp | None = None


class KeyRotation(Body):
    """How a key gets a new secret."""

    grace: Annotated[float, Field(ge=0, le=LONGEST_GRACE_S, allow_inf_nan=False)] = Field(
        GRACE_S, description="Seconds for which the old secret is good, too."
    )


class Key(Shape):
    """A key, without its secret."""

    id: str
    name: str
    state: Literal["in_force", "expired", "revoked"]
    scopes: list[ScopeName]
    kinds: list[Kind]
    default_kind: Kind | None
    urgent: bool
    pools: list[str] | None = Field(description="Null: it is not bound to pools.")
    per_minute: int | None
    per_day: int | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute.")
    expires_at: datetime | None
    revoked_at: datetime | None
    old_secret_until: datetime | None = Field(
        description="So long the secret before the last rotation is good, too."
    )


class MadeKey(Key):
    """A key with its secret, which cannot be read again."""

    key: str


class KeyPage(Shape):
    """One page of keys."""

    items: list[Key]
    next: str | None


def shown(row: Record, now: float) -> dict[str, Any]:
    """A key as `Key` has it."""
    return {
        "id": row.id,
        "name": row.name,
        "state": _state(row, now),
        "scopes": row.scopes,
        "kinds": row.kinds,
        "default_kind": row.default_kind,
        "urgent": row.urgent,
        "pools": row.pools,
        "per_minute": row.per_minute,
        "per_day": row.per_day,
        "created_at": timestamp(row.created_at),
        "last_used_at": timestamp(row.last_used_at),
        "expires_at": timestamp(row.expires_at),
        "revoked_at": timestamp(row.revoked_at),
        "old_secret_until": timestamp(row.former_until),
    }


def _state(row: Record, now: float) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "in_force"
