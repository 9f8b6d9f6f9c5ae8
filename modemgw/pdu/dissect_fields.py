"""The fields that several TPDUs share, octet by octet (23.040 §9.1.2.5, §9.2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.address import MAX_DIGITS, MAX_SCA_OCTETS, read_address, read_service_centre
from modemgw.pdu.dissect_bits import PARAMETER_INDICATOR
from modemgw.pdu.dissect_userdata import walk_user_data
from modemgw.pdu.dissect_walk import LostError
from modemgw.pdu.dissect_words import cause, coding, counted, protocol, time, type_of_address
from modemgw.pdu.optional import MAX_REPORT_OCTETS, PI_DCS, PI_PID, PI_USER_DATA
from modemgw.pdu.timestamp import read_timestamp

if TYPE_CHECKING:
    from modemgw.pdu.dissect_walk import Walk

_SCA: Final = "24.011 §8.2.5.1"
_ADDRESS: Final = "23.040 §9.1.2.5"


def walk_service_centre(walk: Walk) -> None:
    """The service-centre address. Its length counts octets, the type of address included."""
    length = walk.take(1, "SCA", _SCA, lambda octets: _following(octets[0]))[0]
    if length > MAX_SCA_OCTETS:
        raise LostError
    if length:
        walk.take(1, "SCA", _SCA, lambda octets: type_of_address(octets[0]))
        walk.take(length - 1, "SCA", _SCA, lambda _: _service_centre(walk.octets))


def _following(length: int) -> str:
    return counted(length, "octet") if length else "not given"


def _service_centre(octets: bytes) -> str:
    address, _ = read_service_centre(octets)
    return address.number if address and address.number else "no digits"


def walk_address(walk: Walk, name: str) -> None:
    """TP-OA, TP-DA or TP-RA. Its length counts the half octets of the value."""
    start = walk.at
    length = walk.take(1, name, _ADDRESS, lambda octets: counted(octets[0], "half octet"))[0]
    walk.take(1, name, _ADDRESS, lambda octets: type_of_address(octets[0]))
    if length > MAX_DIGITS:
        raise LostError

    def number(_octets: bytes) -> str:
        return read_address(walk.octets, start, name)[0].number or "no digits"

    walk.take((length + 1) // 2, name, _ADDRESS, number)


def walk_reference(walk: Walk) -> None:
    """TP-MR."""
    walk.take(1, "TP-MR", "23.040 §9.2.3.6", lambda octets: f"reference {octets[0]}")


def walk_protocol(walk: Walk) -> None:
    """TP-PID."""
    walk.take(1, "TP-PID", "23.040 §9.2.3.9", lambda octets: protocol(octets[0]))


def walk_coding(walk: Walk) -> int:
    """TP-DCS, and its value."""
    return walk.take(1, "TP-DCS", "23.040 §9.2.3.10", lambda octets: coding(octets[0]))[0]


def walk_time(walk: Walk, name: str, clause: str) -> None:
    """A time stamp: TP-SCTS or TP-DT."""
    walk.take(7, name, clause, lambda octets: time(read_timestamp(octets, 0, name)))


def walk_cause(walk: Walk) -> None:
    """TP-FCS, where there is one: its values begin at 80 hex, those of TP-PI end before."""
    if walk.octets[walk.at : walk.at + 1] >= b"\x80":
        walk.take(1, "TP-FCS", "23.040 §9.2.3.22", lambda octets: cause(octets[0]))


def walk_indicator(walk: Walk) -> int:
    """TP-PI, and its value."""
    clause = "23.040 §9.2.3.27"
    return walk.take(1, "TP-PI", clause, lambda _: "optional fields", PARAMETER_INDICATOR)[0]


def walk_optional(walk: Walk, indicator: int, *, udhi: bool) -> None:
    """The fields that TP-PI announces; without a TP-DCS, user data is in the default alphabet."""
    if indicator & PI_PID:
        walk_protocol(walk)
    dcs = walk_coding(walk) if indicator & PI_DCS else 0
    if indicator & PI_USER_DATA:
        walk_user_data(walk, dcs, udhi=udhi, most=MAX_REPORT_OCTETS)
