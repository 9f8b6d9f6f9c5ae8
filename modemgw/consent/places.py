"""Where a number lives: its country and the time zones in which its owner may be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import PhoneNumber
from phonenumbers.timezone import (
    UNKNOWN_TIMEZONE,
    time_zones_for_geographical_number,
    time_zones_for_number,
)

# A decision is taken up to three times for a text (accept, claim, submit) and for a conversation
# again and again; looking a number up costs as much as ten decisions.
_REMEMBERED_NUMBERS: Final = 65_536


class UnknownZoneError(LookupError):
    """This machine's time-zone data lacks a zone that a number needs."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number belongs.

    `country` is an ISO 3166 code, or "001" where the calling code is of no country (satellite,
    universal freephone). `zones` holds every zone that the number may be in, at least one.
    """

    country: str
    zones: tuple[ZoneInfo, ...]


@lru_cache(maxsize=_REMEMBERED_NUMBERS)
def place_of(number: str, default_region: str) -> Place:
    """Say where an E.164 number lives.

    The zones come from the number's prefix. A number that no plan knows may be anywhere in its
    calling code, so all zones of that code count; where the code has none (satellite), those of
    `default_region`'s code.

    Raises UnknownZoneError where the machine's time-zone data is incomplete, and
    `phonenumbers.NumberParseException` for what is no E.164 number.
    """
    parsed = phonenumbers.parse(number, None)
    return Place(country_of(parsed), _zones(parsed, default_region))


def country_of(number: PhoneNumber) -> str:
    """Say which country a number belongs to: the calling code's main one where no plan tells."""
    return phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )


def _zones(number: PhoneNumber, default_region: str) -> tuple[ZoneInfo, ...]:
    home = PhoneNumber(phonenumbers.country_code_for_region(default_region), 0)
    for names in (
        time_zones_for_number(number),
        time_zones_for_geographical_number(number),
        time_zones_for_geographical_number(home),
    ):
        if names != (UNKNOWN_TIMEZONE,):
            return tuple(_zone(name) for name in names)
    raise UnknownZoneError(f"no time zone is known for region {default_region}")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        raise UnknownZoneError(
            f"this machine does not know the time zone {name}: install the tzdata package"
        ) from error
