"""Limits: what a line and a pool may still send, reserved in the transaction of a claim.

What is reserved counts as sent, whatever becomes of it: refused or in doubt, it may have cost. Only
what had not begun when its claim ends is counted no more (`reservations`). So a limit is never
passed, not by a crash either; a text that it defers stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from modemgw.gateway.line_state import line_scope, pool_scope
from modemgw.gateway.plans import MOST_MONEY, THOUSANDTHS, money
from modemgw.store import sql, usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from modemgw.gateway.plans import Limit, Plan
    from modemgw.gateway.roster import Line
    from modemgw.gateway.settings import GatewaySettings


Count: TypeAlias = tuple[str, str, float, int]  # scope, span, bucket, how many


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when a limit holds back, and which: its rule's name.

    `priority`: what is more urgent than this may have room all the same, being shorter or for
    another recipient; None: nothing has.
    """

    until: float
    rule: str
    priority: int | None = None

    def holds(self, priority: int) -> bool:
        """Whether nothing of this priority needs to be tried."""
        return self.priority is None or priority <= self.priority

    def earlier(self, seconds: float) -> Wait:
        """The same by a clock that was put back."""
        return replace(self, until=self.until - seconds)


def longest(waits: Iterable[Wait | None]) -> Wait | None:
    """The one that lasts longest; None where there is none."""
    return max((wait for wait in waits if wait), key=lambda wait: wait.until, default=None)


def holding(waits: Mapping[str, Wait], priority: int) -> dict[str, Wait]:
    """Those that hold back what is of this priority, too."""
    return {name: wait for name, wait in waits.items() if wait.holds(priority)}


@dataclass(frozen=True, slots=True)
class Used:
    """How far a limit is used, in parts, recipients or money. `renews_at`: when some or all of it
    is free again; None: all is.
    """

    rule: str
    used: float
    most: float
    renews_at: float | None


@dataclass(frozen=True, slots=True)
class Account:
    """What one line, or the lines of one pool together, are held to. `cost` is that of a part on
    the line that is to send.
    """

    scope: str
    plan: Plan
    since: float
    cost: float = 0.0

    @classmethod
    def of_line(cls, line: Line) -> Account:
        """A line's own."""
        return cls(line_scope(line.id), line.plan, line.since, line.cost)

    @classmethod
    def of_pool(
        cls, name: str | None, settings: GatewaySettings, cost: float = 0.0
    ) -> Account | None:
        """A pool's; None where it has none."""
        pool = settings.pool(name)
        if pool is None or pool.plan is None:
            return None
        return cls(pool_scope(pool.name), pool.plan, 0.0, cost)

    def wait(self, connection: Connection, parts: int, now: float) -> Wait | None:
        """What so many parts have to wait for; None: they may go now."""
        waits = [
            wait_for(connection, self.scope, limit, parts, now)
            for limit in self.plan.parts(now, self.since)
        ]
        limit = self.plan.cost(now)
        if limit is not None and self.cost:
            waits.append(wait_for(connection, self.scope, limit, self._price(parts), now))
        return longest(waits)

    def _price(self, parts: int) -> int:
        return min(parts * money(self.cost), MOST_MONEY)

    def recipient_wait(self, connection: Connection, recipient: str, now: float) -> Wait | None:
        """What a text to this recipient has to wait for; None: he is known, or one more may be."""
        return longest(
            Wait(limit.span.ends, limit.rule)
            for limit in self.plan.recipients(now)
            if not usage.knows(
                connection, self.scope, limit.span.name, limit.span.begins, recipient
            )
            and self._recipients(connection, limit).used >= limit.most
        )

    def usage(self, connection: Connection, now: float) -> list[Used]:
        """How far each limit is used at a moment."""
        return [
            *(
                _used(limit, _buckets(connection, self.scope, limit))
                for limit in self.plan.parts(now, self.since)
            ),
            *(self._recipients(connection, limit) for limit in self.plan.recipients(now)),
            *self._money(connection, now),
        ]

    def _money(self, connection: Connection, now: float) -> Iterator[Used]:
        limit = self.plan.cost(now)
        if limit is not None:
            used = _used(limit, _buckets(connection, self.scope, limit))
            yield replace(used, used=used.used / THOUSANDTHS, most=used.most / THOUSANDTHS)

    def _recipients(self, connection: Connection, limit: Limit) -> Used:
        """How far a limit of recipients is used."""
        to = usage.recipients_of(limit.span.name)
        return _used(limit, usage.counted(connection, self.scope, to, limit.span.begins))

    def reserve(
        self, connection: Connection, parts: int, recipient: str, now: float
    ) -> Sequence[Count]:
        """Count parts that are about to go; what was counted."""
        spans = {limit.span.name: limit.span for limit in self.plan.parts(now, self.since)}
        for span in spans.values():
            usage.add(connection, self.scope, span.name, span.bucket, parts)
        for limit in self.plan.recipients(now):
            span = limit.span
            usage.note_recipient(connection, self.scope, span.name, span.begins, recipient)
        counts = [(self.scope, span.name, span.bucket, parts) for span in spans.values()]
        cost = self.plan.cost(now)
        if cost is not None and self.cost:
            counts.append((self.scope, cost.span.name, cost.span.bucket, self._price(parts)))
            usage.add(connection, *counts[-1])
        return counts


def lock(connection: Connection) -> None:
    """Count alone what several hosts count together, until the transaction ends.

    One lock for all pools and people: claims share transactions, in any order, and with a lock for
    each two hosts would wait for each other.
    """
    sql.lock_name(connection, "limits")


def _buckets(connection: Connection, scope: str, limit: Limit) -> list[tuple[float, int]]:
    return usage.counted(connection, scope, limit.span.name, limit.span.begins)


def _used(limit: Limit, buckets: Sequence[tuple[float, int]]) -> Used:
    counted = [(begins, count) for begins, count in buckets if count]
    renews_at = None
    if counted:
        width = limit.span.rolling
        renews_at = limit.span.ends if width is None else counted[0][0] + width
    return Used(limit.rule, sum(count for _, count in counted), limit.most, renews_at)


def wait_for(
    connection: Connection, scope: str, limit: Limit, parts: int, now: float
) -> Wait | None:
    """What so many more have to wait for under one limit; None: they may go now."""
    span, buckets = limit.span, _buckets(connection, scope, limit)
    used = sum(count for _, count in buckets)
    # A text longer than the limit would never go: it may where nothing else is counted.
    room = max(limit.most, parts)
    if used + parts <= room:
        return None
    if span.rolling is None:
        return Wait(span.ends, limit.rule)
    until = now
    for begins, count in buckets:
        used -= count
        until = begins + span.rolling
        if used + parts <= room:
            break
    return Wait(until, limit.rule)
