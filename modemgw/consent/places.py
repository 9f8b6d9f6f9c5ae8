"""Where a number lives: its country and the time zones in which its owner may be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType
from phonenumbers.timezone import (
    UNKNOWN_TIMEZONE,
    time_zones_for_geographical_number,
    time_zones_for_number,
)

from modemgw.consent.number_plan import decisive_part

# A decision is taken up to three times for a text (accept, claim, submit) and for a conversation
# again and again; looking a number up costs as much as ten decisions.
_REMEMBERED_NUMBERS: Final = 65_536
_REMEMBERED_PLACES: Final = 65_536
_REMEMBERED_ZONES: Final = 1_024

NO_COUNTRY: Final = "001"


_PLACES: Final[dict[tuple[str, int], Place]] = {}  # by what decides of a number, and its length


class UnknownZoneError(LookupError):
    """This machine's time-zone data lacks a zone that a number needs."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a number's beginning tells: its country, whether it is of a service, and the names of
    its time zones; none: they are not known.
    """

    country: str
    is_service: bool
    zone_names: tuple[str, ...]


def home_country(number: str) -> str:
    """Say which country an E.164 number belongs to, see `country_of`.

    Raises `phonenumbers.NumberParseException` for what is no E.164 number.
    """
    return place_of(number).country


def is_service(number: str) -> bool:
    """Whether an E.164 number is of a service that costs more than a text to a person: premium
    rate, shared cost, and what belongs to no country (satellite, universal numbers).

    Raises `phonenumbers.NumberParseException` for what is no E.164 number.
    """
    return place_of(number).is_service


def zones_of(number: str, default_region: str) -> tuple[ZoneInfo, ...]:
    """Name every time zone that the owner of an E.164 number may be in, at least one.

    They come from the number's prefix. A number that no plan knows may be anywhere in its
    calling code, so all zones of that code count; where the code has none (satellite), those of
    `default_region`'s code.

    Raises UnknownZoneError where the machine's time-zone data is incomplete, and
    `phonenumbers.NumberParseException` for what is no E.164 number.
    """
    names = place_of(number).zone_names or _names_at_home(default_region)
    if not names:
        raise UnknownZoneError(
            f"no time zone is known for {number}, nor for region {default_region!r}"
        )
    return zones_called(names)


@lru_cache(maxsize=_REMEMBERED_NUMBERS)
def place_of(number: str) -> Place:
    """Where an E.164 number lives.

    Raises `phonenumbers.NumberParseException` for what is no E.164 number.
    """
    key = decisive_part(number), len(number)
    place = _PLACES.get(key)
    if place is None:
        place = look_up(number)
        if len(_PLACES) >= _REMEMBERED_PLACES:
            _PLACES.clear()
        _PLACES[key] = place
    return place


def look_up(number: str) -> Place:
    """The same, by all of the number."""
    parsed = phonenumbers.parse(number, None)
    country = country_of(parsed)
    is_costly = phonenumbers.number_type(parsed) in (
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
    )
    names = _known(time_zones_for_number(parsed)) or _known(
        time_zones_for_geographical_number(parsed)
    )
    return Place(country, country == NO_COUNTRY or is_costly, names)


@lru_cache(maxsize=_REMEMBERED_ZONES)
def zones_called(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    """The time zones of these names. Raises UnknownZoneError."""
    return tuple(map(_zone, names))


@lru_cache(maxsize=_REMEMBERED_ZONES)
def _names_at_home(region: str) -> tuple[str, ...]:
    home = PhoneNumber(phonenumbers.country_code_for_region(region), 0)
    return _known(time_zones_for_geographical_number(home))


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    return () if tuple(names) == (UNKNOWN_TIMEZONE,) else tuple(names)


def country_of(number: PhoneNumber) -> str:
    """Say which country a number belongs to: ISO 3166, the calling code's main one in doubt.

    "001" where the calling code is of no country (satellite, universal freephone).
    """
    return phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise UnknownZoneError(
            f"this machine does not know the time zone {name}: install the tzdata package"
        ) from error
