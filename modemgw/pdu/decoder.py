"""From the hex of PDU mode to a TPDU (27.005 §3.1, 23.040 §9.2.3.1)."""

from __future__ import annotations

from binascii import Error as HexError
from binascii import unhexlify

from modemgw.pdu.acknowledgement import (
    DeliverReport,
    SubmitReport,
    read_deliver_report,
    read_submit_report,
)
from modemgw.pdu.address import read_service_centre
from modemgw.pdu.command import Command, read_command
from modemgw.pdu.deliver import Deliver, read_deliver
from modemgw.pdu.errors import PduError, truncated
from modemgw.pdu.status_report import StatusReport, read_status_report
from modemgw.pdu.submit import Submit, read_submit
from modemgw.pdu.tpdu import MTI_MASK

Tpdu = Deliver | DeliverReport | Submit | SubmitReport | StatusReport | Command


def decode(pdu: str, *, sca: bool = True, to_network: bool = False, lenient: bool = False) -> Tpdu:
    """The TPDU that `pdu`, hex digits of either case, stands for.

    A service-centre address stands in front as modems have it, unless `sca` is false. The two
    bits of TP-MTI mean one thing from the network and another towards it: `to_network`. Octets
    behind the TPDU are ignored. `lenient` takes user data that is shorter than announced as it
    is and notes that in `user_data.defects`.

    Raises PduError, and nothing else, for whatever is no such PDU.
    """
    octets = _octets_of(pdu)
    service_centre, at = read_service_centre(octets) if sca else (None, 0)
    if len(octets) <= at:
        raise truncated(octets, "TP-MTI", "23.040 §9.2.3.1")
    mti = octets[at] & MTI_MASK
    if to_network:
        if mti == 1:
            return read_submit(octets, at, service_centre, lenient=lenient)
        if mti == 0:
            return read_deliver_report(octets, at, service_centre, lenient=lenient)
        if mti == 2:
            return read_command(octets, at, service_centre)
        raise PduError(
            "message type 3 is reserved", at=at, field="TP-MTI", clause="23.040 §9.2.3.1"
        )
    if mti == 2:
        return read_status_report(octets, at, service_centre, lenient=lenient)
    if mti == 1:
        return read_submit_report(octets, at, service_centre, lenient=lenient)
    # Type 3 is reserved, and to be taken as a DELIVER (§9.2.3.1).
    return read_deliver(octets, at, service_centre, lenient=lenient)


def _octets_of(pdu: str) -> bytes:
    try:
        return unhexlify(pdu)
    except (HexError, ValueError):
        pass
    for i, character in enumerate(pdu):
        if character not in "0123456789ABCDEFabcdef":
            raise PduError(f"not a hex digit: {character!r}", at=i // 2, field="hex")
    raise PduError(f"an odd number of hex digits: {len(pdu)}", at=len(pdu) // 2, field="hex")
