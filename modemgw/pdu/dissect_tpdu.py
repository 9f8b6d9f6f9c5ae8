"""The six TPDUs, octet by octet (23.040 §9.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.dissect_bits import FIRST_OCTET, RESERVED_TYPE
from modemgw.pdu.dissect_fields import (
    walk_address,
    walk_cause,
    walk_coding,
    walk_indicator,
    walk_optional,
    walk_protocol,
    walk_reference,
    walk_time,
)
from modemgw.pdu.dissect_userdata import walk_user_data
from modemgw.pdu.dissect_walk import LostError
from modemgw.pdu.dissect_words import command_type, counted, status, validity
from modemgw.pdu.optional import PI_RESERVED
from modemgw.pdu.tpdu import MTI_MASK, UDHI, TpduType
from modemgw.pdu.validity import VPF_ABSOLUTE, VPF_ENHANCED, VPF_MASK, VPF_RELATIVE, read_validity

if TYPE_CHECKING:
    from modemgw.pdu.dissect_walk import Walk

_SCTS: Final = "23.040 §9.2.3.11"

# The octets of TP-VP by its format, and the clause (§9.2.3.12).
_PERIOD: Final = {
    VPF_RELATIVE: (1, "23.040 §9.2.3.12.1"),
    VPF_ABSOLUTE: (7, "23.040 §9.2.3.12.2"),
    VPF_ENHANCED: (7, "23.040 §9.2.3.12.3"),
}


def walk_tpdu(walk: Walk, *, to_network: bool) -> None:
    """The TPDU that begins where `walk` stands. Raises LostError where it makes no sense."""
    if walk.at == len(walk.octets):
        raise LostError
    mti = walk.octets[walk.at] & MTI_MASK
    if not to_network:
        _FROM_NETWORK[mti](walk)
    elif mti < len(_TO_NETWORK):
        _TO_NETWORK[mti](walk)
    else:
        walk.take(1, "first", "23.040 §9.2.3.1", lambda _: "reserved type", RESERVED_TYPE)
        raise LostError


def _first(walk: Walk, kind: TpduType, clause: str) -> int:
    words = f"SMS-{kind.value.upper()}"
    return walk.take(1, "first", clause, lambda _: words, FIRST_OCTET[kind])[0]


def _walk_deliver(walk: Walk) -> None:
    first = _first(walk, TpduType.DELIVER, "23.040 §9.2.2.1")
    walk_address(walk, "TP-OA")
    walk_protocol(walk)
    dcs = walk_coding(walk)
    walk_time(walk, "TP-SCTS", _SCTS)
    walk_user_data(walk, dcs, udhi=bool(first & UDHI))


def _walk_deliver_report(walk: Walk) -> None:
    first = _first(walk, TpduType.DELIVER_REPORT, "23.040 §9.2.2.1a")
    walk_cause(walk)
    indicator = walk_indicator(walk)
    walk_optional(walk, indicator, udhi=bool(first & UDHI))


def _walk_submit(walk: Walk) -> None:
    first = _first(walk, TpduType.SUBMIT, "23.040 §9.2.2.2")
    walk_reference(walk)
    walk_address(walk, "TP-DA")
    walk_protocol(walk)
    dcs = walk_coding(walk)
    if first & VPF_MASK:
        size, clause = _PERIOD[first & VPF_MASK]
        walk.take(
            size, "TP-VP", clause, lambda octets: validity(read_validity(octets, 0, first)[0])
        )
    walk_user_data(walk, dcs, udhi=bool(first & UDHI))


def _walk_submit_report(walk: Walk) -> None:
    first = _first(walk, TpduType.SUBMIT_REPORT, "23.040 §9.2.2.2a")
    walk_cause(walk)
    indicator = walk_indicator(walk)
    walk_time(walk, "TP-SCTS", _SCTS)
    walk_optional(walk, indicator, udhi=bool(first & UDHI))


def _walk_status_report(walk: Walk) -> None:
    first = _first(walk, TpduType.STATUS_REPORT, "23.040 §9.2.2.3")
    walk_reference(walk)
    walk_address(walk, "TP-RA")
    walk_time(walk, "TP-SCTS", _SCTS)
    walk_time(walk, "TP-DT", "23.040 §9.2.3.13")
    walk.take(1, "TP-ST", "23.040 §9.2.3.15", lambda octets: status(octets[0]))
    # An indicator with reserved bits is none, but the filling of a SIM record.
    if walk.at < len(walk.octets) and not walk.octets[walk.at] & PI_RESERVED:
        indicator = walk_indicator(walk)
        walk_optional(walk, indicator, udhi=bool(first & UDHI))


def _walk_command(walk: Walk) -> None:
    _first(walk, TpduType.COMMAND, "23.040 §9.2.2.4")
    walk_reference(walk)
    walk_protocol(walk)
    walk.take(1, "TP-CT", "23.040 §9.2.3.19", lambda octets: command_type(octets[0]))
    walk.take(1, "TP-MN", "23.040 §9.2.3.18", lambda octets: f"the text with reference {octets[0]}")
    walk_address(walk, "TP-DA")
    length = walk.take(1, "TP-CDL", "23.040 §9.2.3.20", lambda o: counted(o[0], "octet"))[0]
    walk.take(length, "TP-CD", "23.040 §9.2.3.21", lambda _: "command data")


# By TP-MTI (§9.2.3.1); type 3 from the network is to be taken as a DELIVER.
_FROM_NETWORK: Final = (_walk_deliver, _walk_submit_report, _walk_status_report, _walk_deliver)
_TO_NETWORK: Final = (_walk_deliver_report, _walk_submit, _walk_command)
