"""Hours of the day in which a text may go, in the recipient's own time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

# How far ahead an opening is looked for. Hours common to all zones that do not come in a week, a
# change of daylight saving included, will not come at all.
HORIZON: Final = timedelta(days=7)

_WINDOW = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*[-–]\s*([0-9]{1,2}):([0-9]{2})")
_MINUTES_OF_A_DAY: Final = 24 * 60
_DAYS_OF_A_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Window:
    """Open from `opens` until just before `closes` by the wall clock.

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


ALL_DAY: Final = Window(0, _MINUTES_OF_A_DAY)


@dataclass(frozen=True, slots=True)
class Timetable:
    """The window of each day of the week, Monday first; None: closed that day.

    On `holidays` it is closed whatever the day.
    """

    days: tuple[Window | None, ...]
    holidays: frozenset[date] = frozenset()
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.days, self.holidays)))
        if len(self.days) != _DAYS_OF_A_WEEK:
            raise ValueError(f"a week has {_DAYS_OF_A_WEEK} days, not {len(self.days)}")

    def __hash__(self) -> int:
        """Each is asked for often, and there are few."""
        return self._hash

    @staticmethod
    @lru_cache(maxsize=256)
    def daily(window: Window) -> Timetable:
        """The same window every day."""
        return Timetable((window,) * _DAYS_OF_A_WEEK)

    def on(self, day: date) -> Window | None:
        """The window of a day; None: closed."""
        return None if day in self.holidays else self.days[day.weekday()]


@dataclass(frozen=True, slots=True)
class Clock:
    """A timetable, by the wall clock of a zone."""

    timetable: Timetable
    zone: ZoneInfo

    def is_open(self, at: datetime) -> bool:
        """Say whether it is open at this instant."""
        local = at.astimezone(self.zone)
        window = self.timetable.on(local.date())
        return window is not None and window.opens <= local.hour * 60 + local.minute < window.closes

    def next_opening(self, at: datetime) -> datetime | None:
        """Find the first instant, not before `at`, at which it is open; None: not in a week."""
        return at if self.is_open(at) else self._next_change(at, open_then=True)

    def next_closing(self, at: datetime) -> datetime | None:
        """Find the first instant, not before `at`, at which it is closed; None: not in a week."""
        return self._next_change(at, open_then=False) if self.is_open(at) else at

    def _next_change(self, at: datetime, *, open_then: bool) -> datetime | None:
        today = at.astimezone(self.zone).date()
        # Two days more than a week: today has begun, and a zone that crosses the date line skips
        # one.
        for days in range(HORIZON.days + 2):
            day = today + timedelta(days=days)
            found = min(
                (
                    moment
                    for moment in self._boundaries(day)
                    if moment > at and self.is_open(moment) is open_then
                ),
                default=None,
            )
            if found is not None:
                return found
        return None

    def _boundaries(self, day: date) -> Iterator[datetime]:
        """Every instant of a day, and perhaps others, at which it may open or close."""
        yield _midnight(day, self.zone)
        window = self.timetable.on(day)
        if window is not None:
            yield from _instants(day, window.opens, self.zone)
            yield from _instants(day, window.closes, self.zone)
        shift = _shift(day, self.zone)
        if shift is not None:
            yield shift


@dataclass(frozen=True, slots=True)
class _Stretch:
    """From when until when some clocks were seen not to change together, open or not all open."""

    begins: datetime
    ends: datetime
    is_open: bool


# The last two of the same clocks: thousands of texts wait for one morning, and for its evening.
_SEEN: Final[dict[tuple[Clock, ...], tuple[_Stretch, ...]]] = {}
_MOST_SEEN: Final = 4_096


def _stretch(at: datetime, clocks: tuple[Clock, ...]) -> _Stretch | None:
    """The stretch that an instant lies in; None where it does not end within a week."""
    seen = _seen(at, clocks)
    if seen is not None:
        return seen
    opened = all(clock.is_open(at) for clock in clocks)
    ends = _first_closing(at, clocks) if opened else _first_opening(at, clocks)
    if ends is None:
        return None
    if len(_SEEN) >= _MOST_SEEN:
        _SEEN.clear()
    found = _Stretch(at.astimezone(UTC), ends, opened)
    _SEEN[clocks] = (found, *_SEEN.get(clocks, ())[:1])
    return found


def _seen(at: datetime, clocks: tuple[Clock, ...]) -> _Stretch | None:
    for seen in _SEEN.get(clocks, ()):
        if seen.begins <= at < seen.ends:
            return seen
    return None


def is_open(at: datetime, clocks: Sequence[Clock]) -> bool:
    """Say whether all are open at this instant."""
    seen = _seen(at, tuple(clocks))
    return seen.is_open if seen is not None else all(clock.is_open(at) for clock in clocks)


def next_opening(at: datetime, clocks: Sequence[Clock]) -> datetime | None:
    """Find the first instant, not before `at`, at which all are open; aware, UTC.

    None where there is none within `HORIZON`: what they allow has no hour in common.
    """
    stretch = _stretch(at, tuple(clocks))
    if stretch is None:
        return at.astimezone(UTC) if all(clock.is_open(at) for clock in clocks) else None
    return at.astimezone(UTC) if stretch.is_open else stretch.ends


def next_closing(at: datetime, clocks: Sequence[Clock]) -> datetime | None:
    """Find the first instant, not before `at`, at which one of them is closed; aware, UTC.

    None where none of them closes within a week.
    """
    stretch = _stretch(at, tuple(clocks))
    if stretch is None:
        return None if all(clock.is_open(at) for clock in clocks) else at.astimezone(UTC)
    return stretch.ends if stretch.is_open else at.astimezone(UTC)


def _first_opening(at: datetime, clocks: Sequence[Clock]) -> datetime | None:
    moment = at.astimezone(UTC)
    latest = moment + HORIZON
    while moment <= latest:
        furthest = moment
        for clock in clocks:
            # None is open before its own next opening, so not all are before the last.
            opening = clock.next_opening(moment)
            if opening is None:
                return None
            furthest = max(furthest, opening)
        if furthest == moment:
            return moment
        moment = furthest
    return None


def _first_closing(at: datetime, clocks: Sequence[Clock]) -> datetime | None:
    moment = at.astimezone(UTC)
    closings = (clock.next_closing(moment) for clock in clocks)
    return min((closing for closing in closings if closing is not None), default=None)


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


def _instants(day: date, minutes: int, zone: ZoneInfo) -> Iterator[datetime]:
    """When the wall clock shows a time of a day: twice where daylight saving repeats it.

    For a time that is skipped, two that nobody needs: what opens or closes then does so at the
    moment of the skip, see `_shift`.
    """
    days, minutes = divmod(minutes, _MINUTES_OF_A_DAY)
    clock = time(minutes // 60, minutes % 60, tzinfo=zone)
    for fold in (0, 1):
        local = datetime.combine(day + timedelta(days=days), clock.replace(fold=fold))
        yield local.astimezone(UTC)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(tzinfo=zone)).astimezone(UTC)


@lru_cache(maxsize=4_096)
def _shift(day: date, zone: ZoneInfo) -> datetime | None:
    """The moment of a day, to the second, at which the clock of a zone is put; None: it is not."""
    before, after = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    offset = after.astimezone(zone).utcoffset()
    if before.astimezone(zone).utcoffset() == offset:
        return None
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after.replace(microsecond=0)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
