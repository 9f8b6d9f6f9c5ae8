"""Where a number lives: its country and the time zones in which its owner may be."""

from __future__ import annotations

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

# A decision is taken up to three times for a text (accept, claim, submit) and for a conversation
# again and again; looking a number up costs as much as ten decisions.
_REMEMBERED_NUMBERS: Final = 65_536

NO_COUNTRY: Final = "001"


class UnknownZoneError(LookupError):
    """This machine's time-zone data lacks a zone that a number needs."""


@lru_cache(maxsize=_REMEMBERED_NUMBERS)
def home_country(number: str) -> str:
    """Say which country an E.164 number belongs to, see `country_of`.

    Raises `phonenumbers.NumberParseException` for what is no E.164 number.
    """
    return country_of(phonenumbers.parse(number, None))


@lru_cache(maxsize=_REMEMBERED_NUMBERS)
def zones_of(number: str, default_region: str) -> tuple[ZoneInfo, ...]:
    """Name every time zone that the owner of an E.164 number may be in, at least one.

    They come from the number's prefix. A number that no plan knows may be anywhere in its
    calling code, so all zones of that code count; where the code has none (satellite), those of
    `default_region`'s code.

    Raises UnknownZoneError where the machine's time-zone data is incomplete, and
    `phonenumbers.NumberParseException` for what is no E.164 number.
    """
    parsed = phonenumbers.parse(number, None)
    home = PhoneNumber(phonenumbers.country_code_for_region(default_region), 0)
    for names in (
        time_zones_for_number(parsed),
        time_zones_for_geographical_number(parsed),
        time_zones_for_geographical_number(home),
    ):
        if names != (UNKNOWN_TIMEZONE,):
            return tuple(_zone(name) for name in names)
    raise UnknownZoneError(f"no time zone is known for {number}, nor for region {default_region!r}")


@lru_cache(maxsize=_REMEMBERED_NUMBERS)
def is_service(number: str) -> bool:
    """Whether an E.164 number is of a service that costs more than a text to a person: premium
    rate, shared cost, and what belongs to no country (satellite, universal numbers).

    Raises `phonenumbers.NumberParseException` for what is no E.164 number.
    """
    parsed = phonenumbers.parse(number, None)
    return country_of(parsed) == NO_COUNTRY or phonenumbers.number_type(parsed) in (
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
    )


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
