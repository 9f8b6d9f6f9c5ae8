"""The modem's clock, as `+CCLK` shows and sets it (27.007 §8.15)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemgw.simulator.clock import Clock

_TIME = re.compile(r"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)(?:([+-]\d\d))?")
_QUARTER = timedelta(minutes=15)


def time_of(text: str) -> datetime:
    """The time of `26/11/28,14:00:00+04`; UTC where it tells no zone. ValueError for others."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:24]!r} is no time")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    zone = timezone(int(match[7] or 0) * _QUARTER)
    return datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)


class ModemClock:
    """The clock of one modem: the bank's time until the user sets it. It runs on through
    restarts."""

    def __init__(self, bank: Clock) -> None:
        self._bank = bank
        self._ahead = timedelta()
        self._zone: timezone = UTC

    def now(self) -> datetime:
        return self._bank.date().astimezone(self._zone) + self._ahead

    def set(self, time: datetime) -> None:
        """From now on it is `time`, in its zone."""
        self._ahead = time - self._bank.date()
        self._zone = timezone(time.utcoffset() or timedelta())
