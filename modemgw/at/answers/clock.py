"""Times: `+CCLK` (27.007 §8.15) and what the network's time is announced as."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from modemgw.at.errors import AtError
from modemgw.at.parameters import information, prefix_of

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines

# yy/MM/dd,hh:mm:ss and a zone in quarters of an hour, which may be missing or stand apart.
_TIME = re.compile(
    r'"?(\d{2}|\d{4})/(\d{1,2})/(\d{1,2}),(\d{1,2}):(\d{2}):(\d{2})"?,?\s*"?([+-]\d{1,3})?',
    re.ASCII,
)
# SIMCom's *PSUTTZ: year, month, day, hour, minute, second, zone.
_LIST = re.compile(
    r'(\d{4}),\s*(\d{1,2}),\s*(\d{1,2}),\s*(\d{1,2}),\s*(\d{1,2}),\s*(\d{1,2}),\s*"?([+-]\d{1,3})?',
    re.ASCII,
)
_ZONE = re.compile(r'"?([+-]\d{1,3})"?', re.ASCII)


def clock(lines: Lines) -> datetime:
    """`+CCLK?`: with its zone where the modem gives one, else without.

    Raises AtError for what is no time: many say so before the network has told them.
    """
    for line in lines:
        if prefix_of(line) == "+CCLK":
            return _time_in(line)
    raise AtError(f"no +CCLK in the answer {lines[:2]!r}")


def network_time(line: str) -> datetime:
    """`+CTZU`, `+CTZV`, `+CTZE`, `^NWTIME` or `*PSUTTZ` with a time in it. Raises AtError."""
    information(line)
    return _time_in(line)


def network_zone(line: str) -> timedelta:
    """`+CTZV: +04` and its like: how far local time is from UTC. Raises AtError."""
    values = line.split(":", 1)[1].split(",") if prefix_of(line) and ":" in line else []
    zone = next((found for value in values if (found := _ZONE.fullmatch(value.strip()))), None)
    if zone is None:
        raise AtError(f"no zone in {line[:40]!r}")
    return _quarters(zone[1])


def _time_in(line: str) -> datetime:
    found = _TIME.search(line) or _LIST.search(line)
    if found is None:
        raise AtError(f"no time in {line[:40]!r}")
    year, month, day, hour, minute, second = (int(group) for group in found.groups()[:6])
    zone = found[7]
    try:
        return datetime(
            year if year > 99 else 2000 + year,
            month,
            day,
            hour,
            minute,
            second,
            tzinfo=None if zone is None else timezone(_quarters(zone)),
        )
    except ValueError as error:
        raise AtError(f"no time in {line[:40]!r}: {error}") from None


def _quarters(zone: str) -> timedelta:
    return timedelta(minutes=15 * int(zone))
