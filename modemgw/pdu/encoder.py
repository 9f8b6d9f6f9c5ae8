"""From a text to frames for a modem, and, for a simulated network, the other way round."""

from __future__ import annotations

from binascii import unhexlify
from typing import TYPE_CHECKING, Any, Final

from modemgw.pdu.address import Address, address_octets, service_centre_octets
from modemgw.pdu.alphabet import FROM_LATIN, septets_of
from modemgw.pdu.coding import Alphabet, dcs_of
from modemgw.pdu.dialled import INTERNATIONAL, dialled_octets
from modemgw.pdu.errors import PduError
from modemgw.pdu.outgoing import FIRST_BEYOND_LATIN, OCTET, outgoing, whole_text
from modemgw.pdu.semioctets import SWAPPED
from modemgw.pdu.septets import HIGH_7, HIGH_14, HIGH_28
from modemgw.pdu.status_report import StatusReport
from modemgw.pdu.timestamp import timestamp_octets
from modemgw.pdu.tpdu import NO_MORE, RD, REPLY_PATH, REPORT, TextTpdu
from modemgw.pdu.userdata import MAX_SEPTETS
from modemgw.pdu.validity import (
    VPF_ABSOLUTE,
    VPF_ENHANCED,
    VPF_RELATIVE,
    AbsoluteValidity,
    RelativeValidity,
    relative_validity,
    validity_octets,
)
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from modemgw.pdu.careful import Tpdu
    from modemgw.pdu.header import Element, Ports
    from modemgw.pdu.national import National
    from modemgw.pdu.outgoing import Outgoing
    from modemgw.pdu.validity import Validity

_DELIVER: Final = 0x00
_SUBMIT: Final = 0x01
_STATUS_REPORT: Final = 0x02
_NO_SERVICE_CENTRE: Final = b"\0"
_GSM7: Final = Alphabet.GSM7
_OPENING: Final = tuple(bytes((0, first, 0)) for first in range(256))  # no SCA, and TP-MR 0
_NO_PID_PLAIN_DCS: Final = b"\0\0"
_SEPTETS: Final = tuple(bytes((septets,)) for septets in range(MAX_SEPTETS + 1))

_new: Final = object.__new__
_number_from: Final = int.from_bytes
_PLAIN_DCS: Final = {alphabet: OCTET[dcs_of(alphabet, None)] for alphabet in Alphabet}


@value
class Frame:
    """One PDU for a modem.

    `hex` has the service-centre address in front; `length` is the n of `AT+CMGS=n` (27.005
    §3.5.1): the octets of the TPDU, without that address. `encoding` is how a text is coded.
    """

    hex: str
    length: int
    encoding: Alphabet = Alphabet.GSM7


# The options are for keywords; see `decode`.
def encode(
    to: str | Address,
    text: str = "",
    sca: str | Address | None = None,
    srr: bool = False,
    vp_minutes: int | None = None,
    vp: Validity | None = None,
    message_class: int | None = None,
    rd: bool = False,
    rp: bool = False,
    ref: int | None = None,
    ref_bits: int = 8,
    encoding: str = "auto",
    national: National | None = None,
    allowed: Sequence[int] = (),
    cut: str = "character",
    data: bytes | None = None,
    ports: Ports | None = None,
    elements: Sequence[Element] = (),
    pid: int = 0,
    mr: int = 0,
) -> list[Frame]:
    """SUBMITs (23.040 §9.2.2.2) for `text`, or for 8-bit `data`, in order.

    `to` and `sca` with `+` are international numbers, without it unknown ones (TON 1 and 0).
    `srr` asks for a status report, `rd` rejects duplicates, `rp` sets a reply path. `vp_minutes`
    (1 to 635040) is rounded up to what one octet can say; `vp` says any other validity.
    `message_class` is 0 to 3, `pid` and `mr` are octets. `encoding` is auto, gsm7, ucs2 or 8bit;
    `national`, `allowed` and `cut` are as in `segment`. `ref` is the reference of `ref_bits` that
    joins the parts, random if not given. `elements` stand in every header, behind those that the
    other options put there.

    Raises PduError for what cannot be said. What a SUBMIT can say beyond these options goes as a
    `Submit` through `frame`.
    """
    first = _SUBMIT
    if srr:
        first |= REPORT
    if rd:
        first |= RD
    if rp:
        first |= REPLY_PATH
    validity = b""
    if vp_minutes is not None or vp is not None:
        vp = _validity(vp_minutes, vp)
        first |= _validity_format(vp)
        validity = validity_octets(vp)
    usual = (
        data is None
        and national is None
        and ports is None
        and ref is None
        and ref_bits == 8
        and cut == "character"
        and not (allowed or elements)
        and len(text) <= MAX_SEPTETS
    )
    if (
        usual
        and sca is None
        and message_class is None
        and encoding == "auto"
        and mr == 0
        and pid == 0
        and text < FIRST_BEYOND_LATIN
    ):
        try:
            # `dialled_octets`, `septets_of` and `pack` in one go, for what most texts are.
            digits = to[1:]  # type: ignore[index]
            count = len(digits)
            semioctets = unhexlify(digits + "F" if count & 1 else digits).translate(SWAPPED)
            compact = text.encode("latin-1").translate(FROM_LATIN)
            septets = compact if compact.isascii() else septets_of(text)
            if digits.isdecimal() and to[0] == "+" and septets:  # type: ignore[index]
                length = len(septets)
                x = _number_from(septets, "little")
                x -= x >> 1 & HIGH_7
                x -= (x >> 2 & HIGH_14) * 3
                x -= (x >> 4 & HIGH_28) * 15
                packed = bytearray(x.to_bytes(length, "little"))
                del packed[7::8]
                octets = b"".join(
                    (
                        _OPENING[first],
                        INTERNATIONAL[count],
                        semioctets,
                        _NO_PID_PLAIN_DCS,
                        validity,
                        _SEPTETS[length],
                        packed,
                    )
                )
                frame = _new(Frame)
                draft: Any = frame
                draft.hex = octets.hex().upper()
                draft.length = len(octets) - 1
                draft.encoding = _GSM7
                return [frame]
        except (ValueError, IndexError, TypeError):
            pass  # said below, or not wrong at all
    address = dialled_octets(to) if isinstance(to, str) else address_octets(to, "to")
    service_centre = _NO_SERVICE_CENTRE if sca is None else _service_centre(sca, "sca")
    _octet(mr, "mr")
    _octet(pid, "pid")
    if usual:
        alphabet, user_data = whole_text(text, encoding)
        if user_data is not None:
            dcs = _PLAIN_DCS[alphabet] if message_class is None else _dcs(alphabet, message_class)
            tpdu = b"".join(
                (OCTET[first], OCTET[mr], address, OCTET[pid], dcs, validity, user_data)
            )
            return [Frame((service_centre + tpdu).hex().upper(), len(tpdu), alphabet)]
    parts = outgoing(text, data, encoding, ref, ref_bits, national, allowed, cut, ports, elements)
    dcs = _dcs(parts.alphabet, message_class)
    before = b"".join((OCTET[mr], address, OCTET[pid], dcs, validity))
    return _frames(service_centre, first, before, parts)


def encode_deliver(
    sender: str | Address,
    text: str = "",
    *,
    scts: datetime,
    smsc: str | Address | None = None,
    ref: int | None = None,
    ref_bits: int = 8,
    encoding: str = "auto",
    message_class: int | None = None,
    national: National | None = None,
    allowed: Sequence[int] = (),
    cut: str = "character",
    data: bytes | None = None,
    ports: Ports | None = None,
    elements: Sequence[Element] = (),
    pid: int = 0,
    more: bool = False,
    sri: bool = False,
    rp: bool = False,
) -> list[Frame]:
    """DELIVERs (23.040 §9.2.2.1) as a network would send them, one for each part.

    A `sender` that is no number is an alphanumeric one. `scts` needs an offset; `more` says that
    more messages wait, `sri` that the sender gets a report, `rp` that an answer may go through
    the sender's service centre. The rest is as in `encode`.
    """
    address = Address.of_sender(sender) if isinstance(sender, str) else sender
    parts = outgoing(text, data, encoding, ref, ref_bits, national, allowed, cut, ports, elements)
    first = _DELIVER | (0 if more else NO_MORE)
    if sri:
        first |= REPORT
    if rp:
        first |= REPLY_PATH
    if not 0 <= pid <= 255:
        raise _no_octet(pid, "pid")
    before = b"".join(
        (
            address_octets(address, "sender"),
            OCTET[pid],
            _dcs(parts.alphabet, message_class),
            timestamp_octets(scts, "scts"),
        )
    )
    service_centre = _NO_SERVICE_CENTRE if smsc is None else _service_centre(smsc, "smsc")
    return _frames(service_centre, first, before, parts)


def encode_status_report(
    mr: int,
    recipient: str | Address,
    *,
    scts: datetime,
    discharge: datetime,
    st: int,
    smsc: str | Address | None = None,
) -> Frame:
    """A STATUS-REPORT (23.040 §9.2.2.3) on the text with reference `mr` to `recipient`."""
    return frame(
        StatusReport(
            sca=Address.of(smsc, field="smsc") if isinstance(smsc, str) else smsc,
            first=_STATUS_REPORT | NO_MORE,
            mr=_octet(mr, "mr"),
            address=Address.of(recipient) if isinstance(recipient, str) else recipient,
            scts=scts,
            discharge=discharge,
            st=_octet(st, "st"),
        )
    )


def frame(tpdu: Tpdu) -> Frame:
    """Any TPDU as a frame: `decode` gives it back. Raises PduError for impossible values."""
    try:
        octets = tpdu.octets()
    except PduError:
        raise
    except ValueError as error:
        raise PduError(f"a field of the {tpdu.type} does not fit its octet: {error}") from None
    encoding = tpdu.alphabet if isinstance(tpdu, TextTpdu) else Alphabet.GSM7
    service_centre = service_centre_octets(tpdu.sca)
    return Frame((service_centre + octets).hex().upper(), len(octets), encoding)


def _frames(service_centre: bytes, first: int, before: bytes, parts: Outgoing) -> list[Frame]:
    """The frames of all parts: they differ in their user data only."""
    opening = service_centre + OCTET[first | parts.udhi] + before
    length = len(opening) - len(service_centre)
    encoding = parts.alphabet
    frames = []
    for user_data in parts.user_data:
        frame = _new(Frame)
        draft: Any = frame
        draft.hex = (opening + user_data).hex().upper()
        draft.length = length + len(user_data)
        draft.encoding = encoding
        frames.append(frame)
    return frames


def _service_centre(address: str | Address, field: str) -> bytes:
    return service_centre_octets(
        Address.of(address, field=field) if isinstance(address, str) else address
    )


def _validity(minutes: int | None, vp: Validity | None) -> Validity:
    """The one of both that is given."""
    if minutes is None:
        assert vp is not None, "one is given"
        return vp
    if vp is not None:
        raise PduError("a validity is said once", field="vp")
    return relative_validity(minutes)


def _validity_format(vp: Validity) -> int:
    """TP-VPF."""
    match vp:
        case RelativeValidity():
            return VPF_RELATIVE
        case AbsoluteValidity():
            return VPF_ABSOLUTE
        case _:
            return VPF_ENHANCED


def _dcs(alphabet: Alphabet, message_class: int | None) -> bytes:
    if message_class is None:
        return _PLAIN_DCS[alphabet]
    if not 0 <= message_class <= 3:
        raise PduError(f"a class is 0 to 3, not {message_class}", field="message_class")
    return OCTET[dcs_of(alphabet, message_class)]


def _octet(number: int, field: str) -> int:
    if not 0 <= number <= 255:
        raise _no_octet(number, field)
    return number


def _no_octet(number: int, field: str) -> PduError:
    return PduError(f"one octet holds 0 to 255, not {number}", field=field)
