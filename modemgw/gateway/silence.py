"""Silent drop: a line's texts are accepted, and arrive no longer.

Of each line it is counted how many texts were accepted for which a report was asked, and for how
many of them the network reported delivery soon, by the time of the submit. Only texts old enough
for that are looked at, so that those of the last hour and those of the day before had the same
time. A line is silent when its share of the last hour is half of its own or less, by more than
chance, and the other lines are not: where all fall, it is the network, or a list of bad numbers.
Networks that report seldom or never are not judged. Kept in memory: after a restart the comparison
begins when there is a day before. Pure but for the counts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

BUCKET_S: Final = 300.0
SOON_S: Final = 600.0  # a report that comes later does not count
RECENT_S: Final = 3_600.0
BEFORE_S: Final = 86_400.0
LEAST_RECENT: Final = 20
LEAST_BEFORE: Final = 50
LEAST_SHARE: Final = 0.2  # below it the network reports too seldom to tell
_Z: Final = 3.0  # both shares are taken three standard errors to their disadvantage


@dataclass(frozen=True, slots=True)
class Share:
    """So many texts, of which so many were soon reported as delivered."""

    sent: int = 0
    delivered: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.sent + other.sent, self.delivered + other.delivered)

    @property
    def value(self) -> float:
        """From 0 to 1; 0 where there is nothing."""
        return self.delivered / self.sent if self.sent else 0.0

    def bounds(self) -> tuple[float, float]:
        """Between what the true share lies nearly certainly (Wilson's interval)."""
        if not self.sent:
            return 0.0, 1.0
        square, n, p = _Z * _Z, self.sent, min(self.value, 1.0)
        middle = (p + square / (2 * n)) / (1 + square / n)
        half = _Z * math.sqrt(p * (1 - p) / n + square / (4 * n * n)) / (1 + square / n)
        return max(middle - half, 0.0), min(middle + half, 1.0)


def has_fallen(recent: Share, before: Share) -> bool:
    """Whether a share is half of what it was or less, and that is no chance."""
    if recent.sent < LEAST_RECENT or before.sent < LEAST_BEFORE or before.value < LEAST_SHARE:
        return False
    if recent.value > before.value / 2:
        return False
    return recent.bounds()[1] <= before.bounds()[0]


@dataclass(frozen=True, slots=True)
class Silence:
    """What is said of a line that has fallen silent."""

    recent: Share
    before: Share

    @property
    def words(self) -> str:
        """For a person."""
        return (
            f"{self.recent.value:.0%} of {self.recent.sent} texts of an hour were reported as "
            f"delivered, {self.before.value:.0%} of {self.before.sent} of the day before: the "
            "operator seems to drop them silently"
        )


class Shares:
    """The counts of all lines of this host, by the time of the submit. Bounded by the lines and a
    day.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, dict[int, Share]] = defaultdict(dict)

    def accepted(self, line_id: str, at: float) -> None:
        """A text was accepted that a report was asked for."""
        self._add(line_id, at, Share(1, 0))

    def delivered(self, line_id: str, submitted_at: float, at: float) -> None:
        """Delivery was reported."""
        known = int(submitted_at // BUCKET_S) in self._buckets.get(line_id, ())
        if known and at - submitted_at <= SOON_S:
            self._add(line_id, submitted_at, Share(0, 1))

    def forget(self, line_id: str) -> None:
        """Begin anew with a line."""
        self._buckets.pop(line_id, None)

    def silent(self, now: float) -> dict[str, Silence]:
        """The lines that have fallen silent, and nearly alone."""
        self._prune(now)
        # To a whole bucket: all that is counted has had its time for a report.
        until = (now - SOON_S) // BUCKET_S * BUCKET_S
        recent = {line: self._sum(line, until - RECENT_S, until) for line in self._buckets}
        before = {line: self._sum(line, 0.0, until - RECENT_S) for line in self._buckets}
        fallen = {line for line in recent if has_fallen(recent[line], before[line])}
        return {
            line: Silence(recent[line], before[line])
            for line in fallen
            if not has_fallen(_others(recent, line), _others(before, line))
        }

    def _add(self, line_id: str, at: float, more: Share) -> None:
        buckets, bucket = self._buckets[line_id], int(at // BUCKET_S)
        buckets[bucket] = buckets.get(bucket, Share()) + more

    def _sum(self, line_id: str, begin: float, end: float) -> Share:
        found = self._buckets[line_id].items()
        return _total(share for bucket, share in found if begin <= bucket * BUCKET_S < end)

    def _prune(self, now: float) -> None:
        oldest = (now - SOON_S - RECENT_S - BEFORE_S) // BUCKET_S
        for line_id, buckets in list(self._buckets.items()):
            for bucket in [bucket for bucket in buckets if bucket < oldest]:
                del buckets[bucket]
            if not buckets:
                del self._buckets[line_id]


def _others(shares: dict[str, Share], line_id: str) -> Share:
    return _total(share for other, share in shares.items() if other != line_id)


def _total(shares: Iterable[Share]) -> Share:
    total = Share()
    for share in shares:
        total += share
    return total
