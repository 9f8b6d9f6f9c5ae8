"""From the hex of PDU mode to a TPDU, field by field (27.005 §3.1, 23.040 §9.2.3.1).

These readers can say what is wrong with a PDU, and where. `decoder` reads in one go what has
nothing unusual about it, and leaves all else to them.
"""

from __future__ import annotations

from binascii import unhexlify
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

from modemgw.pdu.acknowledgement import (
    DeliverReport,
    SubmitReport,
    read_deliver_report,
    read_submit_report,
)
from modemgw.pdu.address import service_centre_of
from modemgw.pdu.command import Command, read_command
from modemgw.pdu.deliver import Deliver, read_deliver
from modemgw.pdu.errors import Defects, PduError, note, truncated
from modemgw.pdu.status_report import StatusReport, read_status_report
from modemgw.pdu.submit import Submit, read_submit
from modemgw.pdu.tpdu import MTI_MASK

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.pdu.address import Address

    _Reader = Callable[[bytes, int, Address | None, Defects], "Tpdu"]

Tpdu = Deliver | DeliverReport | Submit | SubmitReport | StatusReport | Command

_CLAUSE: Final = "23.040 §9.2.3.1"
_HEX_DIGITS: Final = frozenset("0123456789ABCDEFabcdef")
_EXTENSION: Final = 0x80  # of the type of an address: no more octets of it follow


def decode_with_care(
    pdu: str, *, sca: bool = True, to_network: bool = False, lenient: bool = False
) -> Tpdu:
    """As `decode` of the package, for every PDU."""
    defects: Defects = [] if lenient else None
    try:
        octets = unhexlify(pdu)
    except ValueError:
        octets = _octets_of(pdu, defects)
    at = 0
    service_centre = None
    try:
        if sca:
            at = octets[0] + 1
            service_centre = service_centre_of(octets[:at])
        mti = octets[at] & MTI_MASK
    except IndexError:
        raise truncated(octets, "TP-MTI" if octets or not sca else "SCA", _CLAUSE) from None
    if to_network:
        tpdu = _TO_NETWORK[mti](octets, at, service_centre, defects)
    else:
        if service_centre is not None and octets[1] < _EXTENSION:
            note(_no_service_centre(octets[1]), defects)
        tpdu = _FROM_NETWORK[mti](octets, at, service_centre, defects)
    return replace(tpdu, defects=tuple(defects)) if defects else tpdu


def _refuse(octets: bytes, at: int, sca: Address | None, defects: Defects) -> NoReturn:
    raise PduError("message type 3 is reserved", at=at, field="TP-MTI", clause=_CLAUSE)


# By TP-MTI.
_TO_NETWORK: Final[tuple[_Reader, ...]] = (read_deliver_report, read_submit, read_command, _refuse)
# Type 3 is reserved, and to be taken as a DELIVER (§9.2.3.1).
_FROM_NETWORK: Final[tuple[_Reader, ...]] = (
    read_deliver,
    read_submit_report,
    read_status_report,
    read_deliver,
)


def _octets_of(pdu: str, defects: Defects) -> bytes:
    """The octets of what is not purely hex, or half an octet too long."""
    digits = pdu
    if defects is not None:
        digits = "".join(pdu.split()).strip("\"'")
        if digits != pdu:
            defects.append(PduError("white space or quotes in the hex", at=0, field="hex"))
    for i, character in enumerate(digits):
        if character not in _HEX_DIGITS:
            raise PduError(f"not a hex digit: {character!r}", at=i // 2, field="hex")
    if len(digits) & 1:
        note(_half_octet(len(digits)), defects)
    return bytes.fromhex(digits[: len(digits) & ~1])


def _half_octet(digits: int) -> PduError:
    return PduError(f"an odd number of hex digits: {digits}", at=digits // 2, field="hex")


def _no_service_centre(type_of_address: int) -> PduError:
    return PduError(
        f"{type_of_address:02X} is no type of address: is this a TPDU without service centre?",
        at=1,
        field="SCA",
        clause="24.011 §8.2.5.1",
    )
