"""Hours of the day in which a text may go, in the recipient's own time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

# How far ahead an opening is looked for. A window common to all zones that does not open in a
# week, a change of daylight saving included, will not open at all.
HORIZON: Final = timedelta(days=7)

_WINDOW = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*[-–]\s*([0-9]{1,2}):([0-9]{2})")
_MINUTES_OF_A_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """Open from `opens` until just before `closes`, every day, by the wall clock.

    Both are minutes after midnight, 0 <= opens < closes <= 1440.
    """

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= _MINUTES_OF_A_DAY:
            raise ValueError(
                f"a window must open before it closes, within one day, which {self} does not"
            )

    def __str__(self) -> str:
        return f"{_clock(self.opens)}-{_clock(self.closes)}"

    def is_open(self, at: datetime, zones: Sequence[ZoneInfo]) -> bool:
        """Say whether the window is open at this instant in every one of the zones."""
        return all(self._open_by_clock(at.astimezone(zone)) for zone in zones)

    def next_opening(self, at: datetime, zones: Sequence[ZoneInfo]) -> datetime | None:
        """Find the first instant, not before `at`, that is open in every zone; aware, UTC.

        None where there is none within `HORIZON`: the zones lie too far apart for the window.
        """
        moment = at.astimezone(UTC)
        latest = moment + HORIZON
        while moment <= latest:
            # No zone is open before its own next opening, so none of them is before the last.
            openings = [self._next_in_zone(moment, zone) for zone in zones]
            furthest = max(openings, default=moment)
            if furthest == moment:
                return moment
            moment = furthest
        return None

    def _open_by_clock(self, local: datetime) -> bool:
        return self.opens <= local.hour * 60 + local.minute < self.closes

    def _next_in_zone(self, at: datetime, zone: ZoneInfo) -> datetime:
        local = at.astimezone(zone)
        if self._open_by_clock(local):
            return at
        # Three days, because a zone that crosses the date line skips one.
        openings = (
            opening
            for days in range(3)
            for opening in _instants(local.date() + timedelta(days=days), self.opens, zone)
        )
        return min(
            opening
            for opening in openings
            if opening > at and self._open_by_clock(opening.astimezone(zone))
        )


def parse_window(text: str) -> Window | None:
    """Read "08:00-21:00", or "off" for no window at all (None).

    24:00 is the end of the day. A window may not run past midnight: it would open and close on
    different days. Raises ValueError, saying what is expected.
    """
    trimmed = text.strip()
    if trimmed.casefold() == "off":
        return None
    match = _WINDOW.fullmatch(trimmed)
    if match is None:
        raise ValueError(f'a window is written like "08:00-21:00", or "off"; got {text!r}')
    opens_hour, opens_minute, closes_hour, closes_minute = (int(field) for field in match.groups())
    if opens_minute > 59 or closes_minute > 59:
        raise ValueError(f"an hour has minutes 00 to 59; got {text!r}")
    return Window(opens_hour * 60 + opens_minute, closes_hour * 60 + closes_minute)


def _instants(day: date, minutes: int, zone: ZoneInfo) -> Sequence[datetime]:
    """When the wall clock shows a time of a day, or would if it did not skip it.

    What daylight saving repeats is shown twice. What it skips is no time: the moment of the skip
    stands for it, when the clock goes on with a later one.
    """
    clock = time(minutes // 60, minutes % 60, tzinfo=zone)
    first, second = (
        datetime.combine(day, clock.replace(fold=fold)).astimezone(UTC) for fold in (0, 1)
    )
    return (first, second) if first <= second else (_skip_between(second, first, zone),)


def _skip_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The moment, to the second, at which the clock of a zone skips ahead."""
    ahead = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == ahead:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
