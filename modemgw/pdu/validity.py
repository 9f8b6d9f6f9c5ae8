"""TP-VP: how long the service centre shall try (23.040 §9.2.3.12)."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from modemgw.pdu.errors import PduError, truncated
from modemgw.pdu.semioctets import digits_of
from modemgw.pdu.timestamp import time_of, timestamp_octets
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from datetime import datetime

_CLAUSE: Final = "23.040 §9.2.3.12"
_HOUR: Final = 60
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY

#: TP-VPF, bits 4 and 3 of the first octet (§9.2.3.3).
VPF_MASK: Final = 0x18
VPF_NONE: Final = 0x00
VPF_ENHANCED: Final = 0x08
VPF_RELATIVE: Final = 0x10
VPF_ABSOLUTE: Final = 0x18

#: The length of TP-VP by its format.
VALIDITY_OCTETS: Final = {VPF_NONE: 0, VPF_ENHANCED: 7, VPF_RELATIVE: 1, VPF_ABSOLUTE: 7}


@value
class RelativeValidity:
    """One octet, from the time when the service centre has the text (§9.2.3.12.1)."""

    octet: int

    @property
    def minutes(self) -> int:
        """5 minutes to 63 weeks."""
        return _MINUTES[self.octet]


@value
class AbsoluteValidity:
    """Until then (§9.2.3.12.2); None where the time is impossible."""

    time: datetime | None


@value
class EnhancedValidity:
    """Seven octets, kept as they are (§9.2.3.12.3)."""

    octets: bytes

    @property
    def single_shot(self) -> bool:
        """The service centre shall try only once."""
        return bool(self.octets[0] & 0x40)

    @property
    def seconds(self) -> int | None:
        """The time asked for; None for none, and for a format or a value that is reserved."""
        value = self._value()
        match self.octets[0] & 0x07:
            case 1 if value:
                return _MINUTES[value[0]] * 60
            case 2 if value:
                return value[0] or None
            case 3:
                return _clock_seconds(digits_of(value[:3], 6))
            case _:
                return None

    def _value(self) -> bytes:
        """What stands behind the functionality indicator, and behind octets that extend it."""
        at = 0
        while at < len(self.octets) and self.octets[at] & 0x80:
            at += 1
        return self.octets[at + 1 :]


Validity = RelativeValidity | AbsoluteValidity | EnhancedValidity


def _clock_seconds(digits: str) -> int | None:
    """Seconds of `hhmmss`."""
    if len(digits) != 6 or not digits.isdecimal():
        return None
    return int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])


def _minutes(octet: int) -> int:
    if octet <= 143:
        return (octet + 1) * 5
    if octet <= 167:
        return 12 * _HOUR + (octet - 143) * 30
    if octet <= 196:
        return (octet - 166) * _DAY
    return (octet - 192) * _WEEK


_MINUTES: Final = tuple(_minutes(octet) for octet in range(256))


def relative_validity(minutes: int) -> RelativeValidity:
    """The shortest period that is not shorter than `minutes`, 1 to 635040 (63 weeks)."""
    if not 1 <= minutes <= _MINUTES[-1]:
        raise PduError(
            f"a validity of {minutes} minutes: 1 to {_MINUTES[-1]} can be said",
            field="vp_minutes",
            clause=_CLAUSE,
        )
    return RelativeValidity(bisect_left(_MINUTES, minutes))


def read_validity(octets: bytes, at: int, first: int) -> tuple[Validity | None, int]:
    """TP-VP at `at` in the format that the first octet of the TPDU tells, and the offset behind.

    Raises PduError for a PDU that ends too early.
    """
    form = first & VPF_MASK
    if not form:
        return None, at
    end = at + VALIDITY_OCTETS[form]
    if len(octets) < end:
        raise truncated(octets, "TP-VP", _CLAUSE)
    if form == VPF_RELATIVE:
        return RelativeValidity(octets[at]), end
    if form == VPF_ABSOLUTE:
        return AbsoluteValidity(time_of(*octets[at:end])), end
    return EnhancedValidity(octets[at:end]), end


def validity_octets(validity: Validity | None) -> bytes:
    """TP-VP; nothing for None."""
    match validity:
        case None:
            return b""
        case RelativeValidity(octet):
            return bytes((octet,))
        case AbsoluteValidity(time):
            return timestamp_octets(time, "TP-VP")
        case _:
            return validity.octets
