"""From the hex of PDU mode to a TPDU, in one go where nothing is unusual about it.

Nearly all that comes from a network is a DELIVER or STATUS-REPORT with a service centre that was
seen before, an international number of plain digits, a date that exists, text of the default
alphabet or UCS-2 that is wholly there, no national tables and no optional fields. That is read
here from its first octet to its last, in about two thirds of the time that the readers field by
field take (`careful`): their tables are used without the calls between them, and the values are
filled in without the class calls, each of which would go through one more function of Python. What
turns out to be unusual costs a tenth to a third more than if it had been read with care at once.

Nothing is decided here. Whatever is unusual raises one of `_UNUSUAL`, by itself (an index, a key
or a date that does not exist, too few octets, spare bits that are set) or as `_UnusualError`, and
is then read with care from the start; or is so at once, where that is seen. A property test holds
both ways against each other.
"""

from __future__ import annotations

import struct
from binascii import unhexlify
from codecs import charmap_decode, utf_16_be_decode
from datetime import datetime
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from modemgw.pdu.address import MAX_DIGITS, NPI_ISDN, TON_INTERNATIONAL, Address
from modemgw.pdu.alphabet import DEFAULT_TABLE, ESCAPE, without_escapes
from modemgw.pdu.careful import decode_with_care
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.header import NO_HEADER, header_of
from modemgw.pdu.semioctets import SWAPPED
from modemgw.pdu.septets import COVERED, HIGH_7, HIGH_14, HIGH_28, SPLIT, packed_length
from modemgw.pdu.status_report import StatusReport
from modemgw.pdu.timestamp import DECIMAL, YEAR, ZONES
from modemgw.pdu.tpdu import MTI_MASK, UDHI
from modemgw.pdu.userdata import IS_GSM7, IS_UCS2, MAX_OCTETS, MAX_SEPTETS, UserData

if TYPE_CHECKING:
    from modemgw.pdu.careful import Tpdu


class _UnusualError(Exception):
    """Read it with care."""


_UNUSUAL: Final = (_UnusualError, LookupError, ValueError, OverflowError, struct.error)

_MTI_STATUS_REPORT: Final = 2
_INTERNATIONAL: Final = 0x80 | TON_INTERNATIONAL << 4 | NPI_ISDN
_GSM7: Final = Alphabet.GSM7
_UCS2: Final = Alphabet.UCS2

# By the digits of its address: a DELIVER behind the length of TP-OA, and where its TP-UD begins; a
# STATUS-REPORT behind the length of TP-RA, and its octets.
_HALF: Final = tuple((digits + 1) >> 1 for digits in range(MAX_DIGITS + 1))
_TOA_TO_UDL: Final = tuple(Struct(f"B {octets}s 10B").unpack_from for octets in _HALF)
_TO_UD: Final = tuple(13 + octets for octets in _HALF)
_TOA_TO_ST: Final = tuple(Struct(f"B {octets}s 15B").unpack_from for octets in _HALF)
_TO_END: Final = tuple(19 + octets for octets in _HALF)
# The octets of so many septets.
_PACKED: Final = tuple(packed_length(septets) for septets in range(MAX_SEPTETS + 1))

_new: Final = object.__new__
_number_from: Final = int.from_bytes

# The service centres that were read last, by their fields. A bank has a few dozen.
_CENTRES: Final[dict[bytes, Address | None]] = {}
_MAX_CENTRES: Final = 256


# The options are for keywords, as everywhere. But CPython looks each that is keyword-only and left
# out up by its name, which took a twentieth of the time of a short text.
def decode(pdu: str, sca: bool = True, to_network: bool = False, lenient: bool = False) -> Tpdu:
    """The TPDU that `pdu`, hex digits of either case, stands for.

    A service-centre address stands in front as modems have it, unless `sca` is false. The two
    bits of TP-MTI mean one thing from the network and another towards it: `to_network`. Octets
    behind the TPDU are ignored.

    Raises PduError, and nothing else, for whatever is no such PDU. A `lenient` reading gives what
    could be read of it all the same, with what was wrong in `defects`: user data, headers and
    fields behind the address may be cut short, and the digits may have white space or quotes
    around them, or half an octet at their end. What a field says is never guessed: one that is
    not wholly there is None, 0 or empty. Addresses must be right, and so must TP-ST, which says
    what became of a text.
    """
    if to_network or not sca:
        return decode_with_care(pdu, sca=sca, to_network=to_network, lenient=lenient)
    try:
        octets = unhexlify(pdu)
        at = octets[0] + 1
        centre = _CENTRES[octets[:at]]
        first = octets[at]
        if first & MTI_MASK:
            return _status_report(octets, at, first, centre)
        digits = octets[at + 1]
        toa, oa, pid, dcs, year, month, day, hour, minute, second, zone, length = _TOA_TO_UDL[
            digits
        ](octets, at + 2)
        number = oa.translate(SWAPPED).hex()[:digits]
        if toa != _INTERNATIONAL or not number.isdecimal():
            return decode_with_care(pdu, lenient=lenient)
        at += _TO_UD[digits]
        header = NO_HEADER
        if IS_GSM7[dcs]:
            alphabet = _GSM7
            body = octets[at : at + _PACKED[length]]
            # `septets.unpack`, where the steps are explained.
            x = _number_from(b"\0".join(SPLIT[length](body)), "little")
            x += (x & HIGH_28) * 15
            x += (x & HIGH_14) * 3
            x += x & HIGH_7
            septets: bytes | bytearray = x.to_bytes(length, "little")
            if first & UDHI:
                header, broken = header_of(body[: body[0] + 1])
                covered = COVERED[header.length]
                if broken or header.length <= body[0] or header.locking or header.single:
                    return decode_with_care(pdu, lenient=lenient)
                if length < covered:
                    return decode_with_care(pdu, lenient=lenient)
                septets = septets[covered:]
            if ESCAPE in septets:
                septets = without_escapes(septets)
            text = charmap_decode(septets, "strict", DEFAULT_TABLE)[0]
        elif IS_UCS2[dcs] and length <= MAX_OCTETS:
            alphabet = _UCS2
            body = content = octets[at : at + length]
            if len(body) != length:
                return decode_with_care(pdu, lenient=lenient)
            if first & UDHI:
                header, broken = header_of(body[: body[0] + 1])
                if broken or header.length <= body[0]:
                    return decode_with_care(pdu, lenient=lenient)
                content = body[header.length :]
            text = utf_16_be_decode(content, "surrogatepass", True)[0]
        else:
            return decode_with_care(pdu, lenient=lenient)
        deliver = _new(Deliver)
        draft: Any = deliver
        draft.scts = datetime(
            YEAR[year],
            DECIMAL[month],
            DECIMAL[day],
            DECIMAL[hour],
            DECIMAL[minute],
            DECIMAL[second],
            0,
            ZONES[zone],
        )
    except _UNUSUAL:
        return _with_care(pdu, lenient)
    address: Any = _new(Address)
    address.number = "+" + number
    address.ton = TON_INTERNATIONAL
    address.npi = NPI_ISDN
    user_data: Any = _new(UserData)
    user_data.alphabet = alphabet
    user_data.length = length
    user_data.octets = body
    user_data.text = text
    user_data.data = None
    user_data.header = header
    draft.sca = centre
    draft.first = first
    draft.address = address
    draft.pid = pid
    draft.dcs = dcs
    draft.user_data = user_data
    draft.defects = ()
    return deliver


def _status_report(octets: bytes, at: int, first: int, centre: Address | None) -> StatusReport:
    """A STATUS-REPORT with nothing behind TP-ST."""
    if first & MTI_MASK != _MTI_STATUS_REPORT:
        raise _UnusualError
    digits = octets[at + 2]
    toa, ra, y, mo, d, h, mi, s, zone, y2, mo2, d2, h2, mi2, s2, zone2, st = _TOA_TO_ST[digits](
        octets, at + 3
    )
    number = ra.translate(SWAPPED).hex()[:digits]
    if toa != _INTERNATIONAL or not number.isdecimal() or len(octets) != at + _TO_END[digits]:
        raise _UnusualError
    report = _new(StatusReport)
    draft: Any = report
    draft.sca = centre
    draft.first = first
    draft.mr = octets[at + 1]
    address: Any = _new(Address)
    address.number = "+" + number
    address.ton = TON_INTERNATIONAL
    address.npi = NPI_ISDN
    draft.address = address
    draft.scts = datetime(
        YEAR[y], DECIMAL[mo], DECIMAL[d], DECIMAL[h], DECIMAL[mi], DECIMAL[s], 0, ZONES[zone]
    )
    draft.discharge = datetime(
        YEAR[y2], DECIMAL[mo2], DECIMAL[d2], DECIMAL[h2], DECIMAL[mi2], DECIMAL[s2], 0, ZONES[zone2]
    )
    draft.st = st
    draft.optional = None
    draft.defects = ()
    return report


def _with_care(pdu: str, lenient: bool) -> Tpdu:
    """What is unusual; its service centre is remembered where nothing was wrong."""
    tpdu = decode_with_care(pdu, lenient=lenient)
    if not tpdu.defects:
        field = bytes.fromhex(pdu[: 2 * int(pdu[:2], 16) + 2])
        if field not in _CENTRES:
            if len(_CENTRES) >= _MAX_CENTRES:
                _CENTRES.clear()
            _CENTRES[field] = tpdu.sca
    return tpdu
