"""How long a service centre tries to deliver a submit (TP-VP, 23.040 §9.2.3.12)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from modemgw.simulator.tpdu import Submit

_FORMAT: Final = 0x18  # TP-VPF, §9.2.3.3
_RELATIVE: Final = 0x10
_ABSOLUTE: Final = 0x18
_ENHANCED: Final = 0x08
_MINUTE_S: Final = 60.0
_HOUR_S: Final = 60 * _MINUTE_S
_DAY_S: Final = 24 * _HOUR_S
_WEEK_S: Final = 7 * _DAY_S


def validity_s(submit: Submit, at: datetime) -> float | None:
    """Seconds from `at`, when the service centre took it; None where nothing, or nonsense, is said.

    A time in the past gives 0.
    """
    form = submit.first & _FORMAT
    if form == _RELATIVE:
        return _relative_s(submit.validity[0])
    if form == _ABSOLUTE:
        return _until_s(submit.validity, at)
    if form == _ENHANCED:
        return _enhanced_s(submit.validity)
    return None


def _relative_s(octet: int) -> float:
    if octet <= 143:
        return (octet + 1) * 5 * _MINUTE_S
    if octet <= 167:
        return 12 * _HOUR_S + (octet - 143) * 30 * _MINUTE_S
    if octet <= 196:
        return (octet - 166) * _DAY_S
    return (octet - 192) * _WEEK_S


def _until_s(octets: bytes, at: datetime) -> float | None:
    year, month, day, hour, minute, second = (_swapped(octet) for octet in octets[:6])
    quarters = _swapped(octets[6] & 0xF7) * (-1 if octets[6] & 0x08 else 1)
    try:
        zone = timezone(timedelta(minutes=15 * quarters))
        until = datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return max(0.0, (until - at).total_seconds())


def _enhanced_s(octets: bytes) -> float | None:
    at = next((at for at, octet in enumerate(octets) if not octet & 0x80), len(octets) - 1)
    value = octets[at + 1 :] + bytes(3)
    match octets[at] & 0x07:
        case 1:
            return _relative_s(value[0])
        case 2:
            return float(value[0]) or None  # 0 is reserved
        case 3:
            hours, minutes, seconds = (_swapped(octet) for octet in value[:3])
            return hours * _HOUR_S + minutes * _MINUTE_S + seconds
        case _:
            return None


def _swapped(octet: int) -> int:
    return (octet & 0x0F) * 10 + (octet >> 4)
