"""When so many parts will have gone on these lines: hour by hour, as their plans let them.

An estimate, from what is known now. In each hour a line sends as fast as it did lately until one of
its limits is reached, as it does in truth, then waits for the next. Not counted are limits on
different recipients, the hours of recipients, refusals, what comes meanwhile, and lines that come
or go. Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from modemgw.gateway.plans import day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modemgw.gateway.plans import Limit, Plan

HORIZON_S = 31 * 86_400.0
STEP_S = 3_600.0

Used: TypeAlias = "Mapping[tuple[str, float], float]"
"""Parts by the name of a span and the beginning of a bucket in it, seconds of the epoch."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A line, or the lines of a pool together: what it is held to and what of that is used.

    `since` is when the line was first seen; `part_s` are the seconds that a part takes, 0 where
    only the limits count.
    """

    plan: Plan
    since: float = 0.0
    part_s: float = 0.0
    used: Used = field(default_factory=lambda: MappingProxyType({}))


def done_at(
    parts: float, senders: Sequence[Sender], now: float, together: Sender | None = None
) -> float | None:
    """When so many parts will have gone, seconds of the epoch; None: not within `HORIZON_S`.

    `together` is what all senders are held to in sum.
    """
    if parts <= 0:
        return now
    calendar = _Calendar()
    lines = [_Course(sender, calendar) for sender in senders]
    group = None if together is None else _Course(together, calendar)
    left, at = parts, now
    while lines and at < now + HORIZON_S:
        ends = min(course.next_turn(at) for course in ([*lines, group] if group else lines))
        rooms = [line.room(at, ends) for line in lines]
        most = sum(rooms) if group is None else min(sum(rooms), group.room(at, ends))
        if most >= left:
            return at + _time_for(left, lines, rooms, ends - at)
        for line, room in zip(lines, rooms, strict=True):
            line.send(at, room * most / sum(rooms) if most else 0.0)
        if group is not None:
            group.send(at, most)
        left, at = left - most, ends
    return None


def _time_for(
    parts: float, lines: Sequence[_Course], rooms: Sequence[float], longest_s: float
) -> float:
    """The least seconds in which lines that have this room send so many parts, side by side."""
    shortest_s = 0.0
    for _ in range(40):  # by halves: to less than a microsecond of an hour
        middle_s = (shortest_s + longest_s) / 2
        sent = sum(
            min(line.parts_in(middle_s), room) for line, room in zip(lines, rooms, strict=True)
        )
        if sent < parts:
            shortest_s = middle_s
        else:
            longest_s = middle_s
    return longest_s


class _Calendar:
    """The limits of plans at a time, worked out once for all lines that have the same."""

    def __init__(self) -> None:
        self._at = float("-inf")
        self._limits: dict[tuple[int, float], Sequence[Limit]] = {}
        self._ends: dict[int, float] = {}

    def limits(self, sender: Sender, at: float) -> Sequence[Limit]:
        """Those that hold, but for that of a minute, which shows in the speed."""
        self._turn_to(at)
        plan = sender.plan
        key = id(plan), sender.since if plan.warm_up else 0.0
        if key not in self._limits:
            found = [] if plan.is_empty else plan.parts(at, sender.since)
            self._limits[key] = [limit for limit in found if limit.span.name != "minute"]
        return self._limits[key]

    def day_ends(self, plan: Plan, at: float) -> float:
        """When the day of a plan is over."""
        self._turn_to(at)
        if id(plan) not in self._ends:
            self._ends[id(plan)] = day(at, plan.time_zone).ends
        return self._ends[id(plan)]

    def _turn_to(self, at: float) -> None:
        if at != self._at:
            self._at = at
            self._limits.clear()
            self._ends.clear()


class _Course:
    """What a sender may still send as the hours go by."""

    def __init__(self, sender: Sender, calendar: _Calendar) -> None:
        self._sender, self._calendar, plan = sender, calendar, sender.plan
        rolling = {key: parts for key, parts in sender.used.items() if key[0] == "hour"}
        self._used = {key: parts for key, parts in sender.used.items() if key not in rolling}
        self._lately = [(begins, parts) for (_, begins), parts in rolling.items()]
        gap_s = plan.min_gap_s * (1 + plan.gap_jitter / 2)
        slowest_s = 60 / plan.per_minute if plan.per_minute else 0.0
        self._part_s = max(sender.part_s + gap_s, slowest_s)
        self._by_days = plan.per_day is not None or plan.per_month is not None or plan.warm_up

    def next_turn(self, at: float) -> float:
        """When what it may send has to be looked at anew."""
        if not self._by_days:
            return at + STEP_S
        return min(at + STEP_S, self._calendar.day_ends(self._sender.plan, at))

    def parts_in(self, seconds: float) -> float:
        """How many parts it sends in a time, but for its limits."""
        return seconds / self._part_s if self._part_s else float("inf")

    def room(self, at: float, ends: float) -> float:
        """How many parts it may send between two times."""
        if self._sender.plan.per_minute == 0:
            return 0.0
        self._lately = [(begins, parts) for begins, parts in self._lately if begins > at - STEP_S]
        limits = self._calendar.limits(self._sender, at)
        rooms = (max(limit.most - self._counted(limit), 0.0) for limit in limits)
        return min(self.parts_in(ends - at), *rooms, float("inf"))

    def _counted(self, limit: Limit) -> float:
        span = limit.span
        if span.rolling is not None:
            return sum(parts for _, parts in self._lately)
        return self._used.get((span.name, span.begins), 0.0)

    def send(self, at: float, parts: float) -> None:
        """So many go at a time."""
        spans = {limit.span.name: limit.span for limit in self._calendar.limits(self._sender, at)}
        for span in spans.values():
            if span.rolling is not None:
                self._lately.append((at, parts))
            else:
                key = span.name, span.begins
                self._used[key] = self._used.get(key, 0.0) + parts
