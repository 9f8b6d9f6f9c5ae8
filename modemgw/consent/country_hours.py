"""The hours of countries and kinds: those that laws set for marketing, and those configured.

The laws' are data, `country_hours.toml`. A place is a country, a state of one, or `EVERYWHERE`;
the nearest place that has hours for a kind decides: a state, else its country, else everywhere.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import phonenumbers

from modemgw.consent.hours import ALL_DAY, Timetable, Window, parse_window
from modemgw.consent.places import home_country

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

EVERYWHERE: Final = "*"
MARKETING: Final = "marketing"
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TABLE: Final = Path(__file__).with_name("country_hours.toml")


@dataclass(frozen=True, slots=True)
class Hours:
    """When texts of a kind may go to a place, on some weekdays; no `window`: at any time.

    Raises ValueError for a place or a weekday that is none.
    """

    place: str
    window: Window | None
    kind: str = MARKETING
    weekdays: tuple[str, ...] = WEEKDAYS

    def __post_init__(self) -> None:
        known = self.place == EVERYWHERE or self.place in phonenumbers.SUPPORTED_REGIONS
        if not known and self.place not in set(_areas().values()):
            raise ValueError(
                f'hours are of a country such as "FR", of a state that has its own such as '
                f'"US-TX", or of "{EVERYWHERE}"; got {self.place!r}'
            )
        wrong = next((day for day in self.weekdays if day not in WEEKDAYS), None)
        if wrong is not None:
            raise ValueError(f"weekdays are {', '.join(WEEKDAYS)}; got {wrong!r}")

    @classmethod
    def parse(
        cls, place: str, window: str, kind: str = MARKETING, weekdays: Sequence[str] = WEEKDAYS
    ) -> Hours:
        """Read hours as a file has them. Raises ValueError, saying what is expected."""
        return cls(place, parse_window(window), kind, tuple(weekdays))


@dataclass(frozen=True, slots=True)
class CountryHours:
    """A timetable for each place and kind that has hours; None: any time, whatever is wider."""

    timetables: Mapping[tuple[str, str], Timetable | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    holidays: Mapping[str, frozenset[date]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls,
        configured: Iterable[Hours] = (),
        holidays: Iterable[tuple[str, Iterable[date]]] = (),
        *,
        legal: bool = True,
    ) -> CountryHours:
        """Hours as configured, and, with `legal`, those of the laws for all other places.

        What is configured for a country replaces what the laws say for it and its states. On the
        `holidays` of a country no marketing goes there. Raises ValueError where two entries of a
        place give one weekday two windows.
        """
        own = list(configured)
        replaced = {(hours.place, hours.kind) for hours in own}
        inherited = [
            hours
            for hours in (_laws() if legal else ())
            if not {(hours.place, hours.kind), (_country(hours.place), hours.kind)} & replaced
        ]
        grouped: defaultdict[tuple[str, str], list[Hours]] = defaultdict(list)
        for hours in (*own, *inherited):
            grouped[hours.place, hours.kind].append(hours)
        closed: defaultdict[str, set[date]] = defaultdict(set)
        for country, days in holidays:
            closed[country].update(days)
        return cls(
            MappingProxyType({key: _timetable(entries) for key, entries in grouped.items()}),
            MappingProxyType({country: frozenset(days) for country, days in closed.items()}),
        )

    def for_number(self, number: str, kind: str) -> Timetable | None:
        """The timetable of a kind of texts to an E.164 number; None: it has none."""
        country = home_country(number)
        places = [country, EVERYWHERE]
        area = _areas().get(number[2:5]) if country == "US" else None
        if area is not None:
            places.insert(0, area)
        keys = ((place, kind) for place in places)
        found = next((self.timetables[key] for key in keys if key in self.timetables), None)
        closed = self.holidays.get(country) if kind == MARKETING else None
        if not closed:
            return found
        return replace(found or Timetable.daily(ALL_DAY), holidays=closed)


NO_HOURS: Final = CountryHours()


def _timetable(entries: Sequence[Hours]) -> Timetable | None:
    """The windows of one place and kind; None where they are lifted."""
    if any(hours.window is None for hours in entries):
        return None
    windows: dict[str, Window | None] = {}
    for hours in entries:
        twice = windows.keys() & set(hours.weekdays)
        if twice:
            raise ValueError(
                f"hours of {hours.place} for {hours.kind}: two windows on {', '.join(twice)}"
            )
        windows |= dict.fromkeys(hours.weekdays, hours.window)
    return Timetable(tuple(windows.get(day) for day in WEEKDAYS))


def _country(place: str) -> str:
    return place.partition("-")[0]


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


@cache
def _areas() -> Mapping[str, str]:
    """Of the states that have hours of their own: which state an area code is in."""
    return MappingProxyType(
        {str(code): state for state, codes in _file()["areas"].items() for code in codes}
    )


@cache
def _laws() -> tuple[Hours, ...]:
    return tuple(
        Hours.parse(entry["place"], entry["window"], weekdays=entry.get("weekdays", WEEKDAYS))
        for entry in _file()["hours"]
    )
