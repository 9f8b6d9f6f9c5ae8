"""Time stamps of seven octets: TP-SCTS, TP-DT and the absolute TP-VP (23.040 §9.2.3.11)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from modemgw.pdu.errors import PduError, truncated

_CLAUSE: Final = "23.040 §9.2.3.11"
_QUARTER: Final = timedelta(minutes=15)
_IMPOSSIBLE: Final = 255  # for any part of a date or time

TIMESTAMP_OCTETS: Final = 7
#: Fillers: what reads as None.
NO_TIME: Final = b"\xff" * TIMESTAMP_OCTETS


def _decimal(octet: int) -> int:
    """The two digits of a semi-octet pair, the first in the lower half."""
    tens, units = octet & 0x0F, octet >> 4
    return tens * 10 + units if tens < 10 and units < 10 else _IMPOSSIBLE


def _year(two_digits: int) -> int:
    """GSM is of the nineties: 90 to 99 are 19xx. 0 is no year to `datetime` either."""
    if two_digits == _IMPOSSIBLE:
        return 0
    return two_digits + (1900 if two_digits >= 90 else 2000)


def _zone(octet: int) -> timezone | None:
    """Quarters of an hour east of Greenwich; bit 3 is the sign. None: not decimal."""
    tens, units = octet & 0x07, octet >> 4
    if units > 9:
        return None
    quarters = tens * 10 + units
    return timezone(-quarters * _QUARTER if octet & 0x08 else quarters * _QUARTER)


#: What the octets of a date say, by octet; 255 and year 0 are in no date.
DECIMAL: Final = tuple(_decimal(octet) for octet in range(256))
YEAR: Final = tuple(_year(_decimal(octet)) for octet in range(256))
#: By octet; those that say no offset are not in it.
ZONES: Final = {octet: zone for octet in range(256) if (zone := _zone(octet))}


def read_timestamp(octets: bytes, at: int, field: str) -> datetime | None:
    """As `time_of` for the octets at `at`. Raises PduError for a PDU that ends too early."""
    stamp = octets[at : at + TIMESTAMP_OCTETS]
    if len(stamp) < TIMESTAMP_OCTETS:
        raise truncated(octets, field, _CLAUSE)
    return time_of(*stamp)


def time_of(
    year: int, month: int, day: int, hour: int, minute: int, second: int, zone: int
) -> datetime | None:
    """The time, with its offset, that these octets say, or None where they say none.

    Networks send all zeros, fillers and 30 February; a text is not lost for that.
    """
    tz = ZONES.get(zone)
    if tz is None:
        return None
    try:
        # By position, microseconds and all: `tzinfo=` alone would take as long as the rest.
        return datetime(
            YEAR[year],
            DECIMAL[month],
            DECIMAL[day],
            DECIMAL[hour],
            DECIMAL[minute],
            DECIMAL[second],
            0,
            tz,
        )
    except ValueError:
        return None


def timestamp_octets(when: datetime | None, field: str) -> bytes:
    """`when` in seven octets; None is seven zeros. Fractions of a second are cut off.

    Raises PduError where the year is not 1990 to 2089 or the offset is missing or no multiple of
    a quarter of an hour below twenty.
    """
    if when is None:
        return bytes(7)
    if not 1990 <= when.year < 2090:
        raise PduError("a time stamp has years 1990 to 2089", field=field, clause=_CLAUSE)
    quarters, sign = _quarters(when.utcoffset(), field)
    fields = (when.year % 100, when.month, when.day, when.hour, when.minute, when.second, quarters)
    octets = bytearray(value % 10 << 4 | value // 10 for value in fields)
    octets[6] |= sign
    return bytes(octets)


def _quarters(offset: timedelta | None, field: str) -> tuple[int, int]:
    """How many quarters of an hour, and the bit for their sign."""
    if offset is None:
        raise PduError("a time stamp needs an offset from UTC", field=field, clause=_CLAUSE)
    quarters, rest = divmod(abs(offset), _QUARTER)
    if rest or quarters > 79:
        raise PduError(
            f"an offset is whole quarters of an hour: {offset}", field=field, clause=_CLAUSE
        )
    return quarters, 0x08 if offset < timedelta(0) else 0
