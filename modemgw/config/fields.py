"""What fields of the configuration have in common: types, and checks in words."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from modemgw.consent.country_hours import Hours
from modemgw.consent.gate import Policy
from modemgw.consent.hours import parse_window
from modemgw.consent.lists import NumberList
from modemgw.consent.replies import Replies
from modemgw.modem import patterns
from modemgw.store.engine import parse_url
from modemgw.store.errors import StoreError

ICCID = r"^89\d{16,18}$"
_ICCID = re.compile(ICCID, re.ASCII)
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[1-9]\d{0,4})?")
CLOCK_PREFIX = "unix:"

Kind = Literal["conversational", "transactional", "marketing"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Seconds = Annotated[float, Field(gt=0, le=366 * 86_400)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def as_list(value: object) -> object:
    """A lone value, or several with commas between, as the environment has them."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return value


Strings = Annotated[list[str], BeforeValidator(as_list)]


def check_address(value: str) -> str:
    """A host and a port to listen on."""
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError('an address is HOST:PORT, such as "127.0.0.1:8080" or "[::1]:8080"')
    return value


def check_network(value: str) -> str:
    """An address, or a network in CIDR notation."""
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError('a network is such as "10.0.0.7" or "10.0.0.0/8"') from None
    return value


def check_origin(value: str) -> str:
    """An origin as browsers write it (RFC 6454 §6.2)."""
    if _ORIGIN.fullmatch(value) is None:
        raise ValueError('an origin is such as "https://crm.example", in lower case, no path')
    return value


def check_clock(value: str) -> str:
    """Nothing, or where a clock for tests is told."""
    if value and not value.startswith(f"{CLOCK_PREFIX}/"):
        raise ValueError('a clock is "unix:" and a path, such as "unix:/srv/bank/clock.sock"')
    return value


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_database(value: str) -> str:
    """A URL that `store.engine` can open."""
    try:
        parse_url(value)
    except StoreError as error:
        raise ValueError(str(error).removeprefix("database_url: ")) from None
    return value


def port_name(value: str) -> str:
    """A path, a glob, a URL or a USB identity."""
    patterns.check(value)
    return value


def usb_name(value: str) -> str:
    """A USB identity."""
    patterns.UsbSelector.parse(value)
    return value


def check_window(value: str) -> str:
    """Hours of a day."""
    parse_window(value)
    return value


def check_place(value: str) -> str:
    """What hours are of."""
    Hours(value, None)
    return value


def check_destinations(value: list[str]) -> list[str]:
    """Where texts may go."""
    Policy.parse("off", value)
    return value


def check_numbers(value: list[str]) -> list[str]:
    """Numbers, and beginnings of numbers."""
    NumberList.parse(value)
    return value


def check_zone(value: str) -> str:
    """A time zone of the IANA database."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError('a time zone is a name such as "Europe/Berlin"') from None
    return value


def check_brand(value: str) -> str:
    """A name that fits into an automatic answer."""
    Replies(value)
    return value


def check_iccids(value: list[str]) -> list[str]:
    """Which SIMs."""
    wrong = next((iccid for iccid in value if _ICCID.fullmatch(iccid) is None), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no ICCID, as `modemgw lines` shows them")
    return value


def check_region(value: str) -> str:
    """A country."""
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError('a region is a country code in capitals, such as "US"')
    return value
