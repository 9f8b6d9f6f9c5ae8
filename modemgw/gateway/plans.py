"""What a SIM's plan allows: parts in a time, different recipients in a time, money, and pauses.

A minute and an hour are any sixty seconds or minutes (counted in buckets, of which one that lies
across the edge counts whole: never more than the limit, at times a little less). A day and a month
are the calendar's, in the plan's time zone; a month begins on the billing day. Pure functions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

UTC = ZoneInfo("UTC")

# Money is counted in thousandths of its unit, so much at the most at once: it fits into 32 bits.
THOUSANDTHS = 1_000
MOST_MONEY = 1_000_000_000
COST = "cost"  # the span of money; its buckets hold thousandths and not parts


def money(amount: float) -> int:
    """Thousandths, rounded up: less is never counted than is spent."""
    return min(math.ceil(round(amount * THOUSANDTHS, 6)), MOST_MONEY)


@dataclass(frozen=True, slots=True)
class Span:
    """The times that a limit counts together at one moment.

    Counted are the buckets of `name` (as `store.usage` keeps them) that begin at `begins` or later;
    what is sent now goes into the one that begins at `bucket`. Seconds of the epoch. `rolling` is
    the width, after which what was counted at a time counts no more; None: it all ends at `ends`.
    """

    name: str
    begins: float
    bucket: float
    ends: float
    rolling: float | None = None


_MINUTE_S, _MINUTE_BUCKET_S = 60, 5
_HOUR_S, _HOUR_BUCKET_S = 3_600, 60


def rolling(name: str, width: float, bucket_s: int, now: float) -> Span:
    """The time of a width that ends now, in buckets."""
    bucket = now // bucket_s * bucket_s
    # A bucket that began just before may hold what was sent until `bucket_s` after that.
    begins = (now - width) // bucket_s * bucket_s
    return Span(name, begins, bucket, bucket + bucket_s + width, width + bucket_s)


def minute(now: float) -> Span:
    """The sixty seconds that end now."""
    return rolling("minute", _MINUTE_S, _MINUTE_BUCKET_S, now)


def hour(now: float) -> Span:
    """The sixty minutes that end now."""
    return rolling("hour", _HOUR_S, _HOUR_BUCKET_S, now)


def _midnight(now: float, zone: ZoneInfo) -> datetime:
    """The first of a day that has two, as where clocks are put back from one o'clock."""
    at = datetime.fromtimestamp(now, zone)
    return at.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def day(now: float, zone: ZoneInfo) -> Span:
    """The calendar day, which may have 23 or 25 hours."""
    today = _midnight(now, zone)
    begins = today.timestamp()
    return Span("day", begins, begins, (today + timedelta(days=1)).timestamp())


def month(now: float, zone: ZoneInfo, billing_day: int) -> Span:
    """The billing month. `billing_day` is 1 to 28: every month has that day."""
    today = _midnight(now, zone)
    first = today.replace(day=billing_day)
    if first > today:
        first = (first.replace(day=1) - timedelta(days=1)).replace(day=billing_day)
    after = (first.replace(day=1) + timedelta(days=32)).replace(day=billing_day)
    begins = first.timestamp()
    return Span("month", begins, begins, after.timestamp())


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many parts in a span. `rule` is its word for programs."""

    rule: str
    most: int
    span: Span


@dataclass(frozen=True, slots=True)
class Plan:
    """What a line, or the lines of a pool together, may send. None: no limit.

    `min_gap_s` is the least pause between two messages, of which up to `gap_jitter` (0 to 1) is
    added at random. `warm_up` are the parts that a line may send on its first, second … day; after
    the last of them `per_day` alone counts. `cost_per_day` is in the money of the lines' costs.
    """

    name: str
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    per_month: int | None = None
    recipients_per_day: int | None = None
    recipients_per_month: int | None = None
    min_gap_s: float = 0.0
    gap_jitter: float = 0.0
    time_zone: ZoneInfo = UTC
    billing_day: int = 1
    warm_up: Sequence[int] = ()
    cost_per_day: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing has to be counted."""
        limits = (
            self.per_minute, self.per_hour, self.per_day, self.per_month,
            self.recipients_per_day, self.recipients_per_month, self.cost_per_day,
        )  # fmt: skip
        return not self.warm_up and all(limit is None for limit in limits)

    def parts(self, now: float, since: float) -> list[Limit]:
        """The limits on parts that hold at a moment, for a line that was first seen at `since`."""
        today = day(now, self.time_zone)
        found = []
        if self.per_minute is not None:
            found.append(Limit("per_minute", self.per_minute, minute(now)))
        if self.per_hour is not None:
            found.append(Limit("per_hour", self.per_hour, hour(now)))
        if self.per_day is not None:
            found.append(Limit("per_day", self.per_day, today))
        age = self._age_days(now, since)
        if age < len(self.warm_up):
            found.append(Limit("warm_up", self.warm_up[age], today))
        if self.per_month is not None:
            found.append(Limit("per_month", self.per_month, self._month(now)))
        return found

    def cost(self, now: float) -> Limit | None:
        """The limit on money that holds at a moment, in thousandths."""
        if self.cost_per_day is None:
            return None
        most = min(int(round(self.cost_per_day * THOUSANDTHS, 6)), MOST_MONEY)
        return Limit("cost_per_day", most, replace(day(now, self.time_zone), name=COST))

    def recipients(self, now: float) -> list[Limit]:
        """The limits on different recipients that hold at a moment."""
        found = []
        if self.recipients_per_day is not None:
            today = day(now, self.time_zone)
            found.append(Limit("recipients_per_day", self.recipients_per_day, today))
        if self.recipients_per_month is not None:
            limit = Limit("recipients_per_month", self.recipients_per_month, self._month(now))
            found.append(limit)
        return found

    def _month(self, now: float) -> Span:
        return month(now, self.time_zone, self.billing_day)

    def _age_days(self, now: float, since: float) -> int:
        first, today = (datetime.fromtimestamp(at, self.time_zone).date() for at in (since, now))
        return max((today - first).days, 0)
