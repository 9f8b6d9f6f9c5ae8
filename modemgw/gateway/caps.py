"""Frequency caps: how many texts one person gets in a day and in a week, by kind and pool.

A text is counted in the transaction of its first claim, and stays counted whatever becomes of it;
only where a claim ends before anything began it is counted no more. So no crash and no second host
sends one more. A day is any
twenty-four hours, a week any seven of those, in buckets of five minutes that count whole. Replies
and texts with a permit are neither counted nor held back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.gateway import limits
from modemgw.gateway.plans import Limit, rolling
from modemgw.store import usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from modemgw.gateway.limits import Count, Wait

_DAY_S, _BUCKET_S = 86_400, 300


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many texts to a person: of one kind or all (None), of one pool or all (None)."""

    kind: str | None = None
    pool: str | None = None
    per_day: int | None = None
    per_week: int | None = None

    def fits(self, kind: str, pool: str | None) -> bool:
        """Whether texts of a kind and a pool are counted."""
        return self.kind in (None, kind) and self.pool in (None, pool)

    def limits(self, now: float) -> list[Limit]:
        """The limits that hold at a moment."""
        most_in = (
            ("cap_per_day", self.per_day, _DAY_S),
            ("cap_per_week", self.per_week, 7 * _DAY_S),
        )
        return [
            Limit(rule, most, rolling(usage.TEXTS, width_s, _BUCKET_S, now))
            for rule, most, width_s in most_in
            if most is not None
        ]

    def scope(self, recipient: str) -> str:
        """Where texts to a person are counted; the same whatever the numbers of the cap."""
        digest = hashlib.blake2b(f"{self.kind}|{self.pool}".encode(), digest_size=8)
        return f"to:{recipient}|{digest.hexdigest()}"


def fitting(caps: Iterable[Cap], kind: str, pool: str | None) -> list[Cap]:
    """The caps that texts of a kind and a pool are held to."""
    return [cap for cap in caps if cap.fits(kind, pool)]


def wait(connection: Connection, caps: Iterable[Cap], recipient: str, now: float) -> Wait | None:
    """What one more text to a person has to wait for; None: it may go now.

    Until the transaction ends no other host counts texts to anybody.
    """
    limits.lock(connection)
    return limits.longest(
        limits.wait_for(connection, cap.scope(recipient), limit, 1, now)
        for cap in caps
        for limit in cap.limits(now)
    )


def reserve(connection: Connection, caps: Iterable[Cap], recipient: str, now: float) -> list[Count]:
    """Count a text that is about to go; what was counted."""
    begins = now // _BUCKET_S * _BUCKET_S
    counts = [(cap.scope(recipient), usage.TEXTS, begins, 1) for cap in caps]
    for count in counts:
        usage.add(connection, *count)
    return counts
