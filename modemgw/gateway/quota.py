"""How many messages a key may send, by the minute and by the day.

They are counted in the transaction that takes them, in the buckets of the minute and of the day in
UTC: exact over hosts and through restarts, at the price that twice as many may come within a minute
around the turn of two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.gateway.requests import RateLimitedError
from modemgw.store import sql, usage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modemgw.gateway.requests import Caller

SPANS_S = {"minute": 60.0, "day": 86_400.0}


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit of a key and how it stands. `span` is minute or day, `renews_in_s` seconds."""

    span: str
    most: int
    used: int
    renews_in_s: float

    @property
    def left(self) -> int:
        """How many messages may still be sent; a limit may have been lowered below what was."""
        return max(0, self.most - self.used)

    @property
    def span_s(self) -> float:
        """How long the span is."""
        return SPANS_S[self.span]


def standing(connection: Connection, caller: Caller, now: float) -> tuple[Quota, ...]:
    """The limits of a key as they stand; none: it has none."""
    return tuple(
        Quota(span, most, _used(connection, caller, span, now), _begins(span, now) + length - now)
        for (span, length), most in zip(
            SPANS_S.items(), (caller.per_minute, caller.per_day), strict=True
        )
        if most is not None
    )


def reserve(connection: Connection, caller: Caller, messages: int, now: float) -> None:
    """See that so many messages may be sent, and let nobody else decide until the commit.

    Raises RateLimitedError.
    """
    if caller.per_minute is None and caller.per_day is None:
        return
    sql.lock_name(connection, _scope(caller))
    for quota in standing(connection, caller, now):
        if messages > quota.left:
            words = f"the key may send {quota.most} messages a {quota.span}; {quota.left} are left"
            if messages > quota.most:
                words += f", and {messages} that are taken at once never fit: send fewer at once"
            raise RateLimitedError(words, quota.renews_in_s)


def count(connection: Connection, caller: Caller, messages: int, now: float) -> None:
    """Count messages that were taken."""
    if not messages or (caller.per_minute is None and caller.per_day is None):
        return
    for span in SPANS_S:  # both: a limit that is set later then knows
        usage.add(connection, _scope(caller), span, _begins(span, now), messages)


def _used(connection: Connection, caller: Caller, span: str, now: float) -> int:
    buckets = usage.counted(connection, _scope(caller), span, _begins(span, now))
    return sum(messages for _, messages in buckets)


def _begins(span: str, now: float) -> float:
    return now - now % SPANS_S[span]


def _scope(caller: Caller) -> str:
    return f"key:{caller.key_id}"
