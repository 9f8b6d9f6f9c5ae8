"""From a text to frames for a modem, and, for a simulated network, the other way round."""

from __future__ import annotations

from random import getrandbits
from typing import TYPE_CHECKING, Final

from modemgw.pdu.address import Address, address_octets, service_centre_octets
from modemgw.pdu.coding import Alphabet, dcs_of
from modemgw.pdu.errors import PduError
from modemgw.pdu.header import (
    IEI_LOCKING_SHIFT,
    IEI_SINGLE_SHIFT,
    Concat,
    Element,
    concat_element,
    header_octets,
    ports_element,
)
from modemgw.pdu.segment import Cut, National, cut_data, cut_text
from modemgw.pdu.septets import pack
from modemgw.pdu.status_report import StatusReport
from modemgw.pdu.timestamp import timestamp_octets
from modemgw.pdu.tpdu import NO_MORE, RD, REPORT, UDHI, TextTpdu
from modemgw.pdu.validity import VPF_RELATIVE, relative_validity, validity_octets
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from modemgw.pdu.decoder import Tpdu
    from modemgw.pdu.header import Ports

_DELIVER: Final = 0x00
_SUBMIT: Final = 0x01
_STATUS_REPORT: Final = 0x02


@value
class Frame:
    """One PDU for a modem.

    `hex` has the service-centre address in front; `length` is the n of `AT+CMGS=n` (27.005
    §3.5.1): the octets of the TPDU, without that address. `encoding` is how a text is coded.
    """

    hex: str
    length: int
    encoding: Alphabet = Alphabet.GSM7


def encode(
    to: str | Address,
    text: str = "",
    *,
    sca: str | Address | None = None,
    srr: bool = False,
    vp_minutes: int | None = None,
    message_class: int | None = None,
    rd: bool = False,
    ref: int | None = None,
    ref_bits: int = 8,
    encoding: str = "auto",
    national: National | None = None,
    data: bytes | None = None,
    ports: Ports | None = None,
    pid: int = 0,
    mr: int = 0,
) -> list[Frame]:
    """SUBMITs (23.040 §9.2.2.2) for `text`, or for 8-bit `data`, in order.

    `to` and `sca` with `+` are international numbers, without it unknown ones (TON 1 and 0).
    `srr` asks for a status report, `vp_minutes` (1 to 635040) is rounded up to what can be said,
    `message_class` is 0 to 3, `rd` rejects duplicates. `ref` is the reference that joins the
    parts, random if not given; `encoding` is auto, gsm7, ucs2 or 8bit. Raises PduError.
    """
    address = address_octets(Address.of(to) if isinstance(to, str) else to, "to")
    service_centre = Address.of(sca, field="sca") if isinstance(sca, str) else sca
    content = _Content(
        text, data, encoding, message_class, ref, ref_bits, national or National(), ports
    )
    validity = b""
    first = _SUBMIT | (REPORT if srr else 0) | (RD if rd else 0)
    if vp_minutes is not None:
        first |= VPF_RELATIVE
        validity = validity_octets(relative_validity(vp_minutes))
    before = bytes((_octet(mr, "mr"),)) + address
    after = bytes((_octet(pid, "pid"), content.dcs)) + validity
    return _frames(first, before, after, content, service_centre_octets(service_centre))


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
    data: bytes | None = None,
    ports: Ports | None = None,
    pid: int = 0,
    more: bool = False,
    sri: bool = False,
) -> list[Frame]:
    """DELIVERs (23.040 §9.2.2.1) as a network would send them, one for each part.

    A `sender` that is no number is an alphanumeric one. `scts` needs an offset; `more` says that
    more messages wait, `sri` that the sender gets a report. The rest is as in `encode`.
    """
    address = Address.of_sender(sender) if isinstance(sender, str) else sender
    service_centre = Address.of(smsc, field="smsc") if isinstance(smsc, str) else smsc
    content = _Content(
        text, data, encoding, message_class, ref, ref_bits, national or National(), ports
    )
    first = _DELIVER | (0 if more else NO_MORE) | (REPORT if sri else 0)
    after = bytes((_octet(pid, "pid"), content.dcs)) + timestamp_octets(scts, "scts")
    before = address_octets(address, "sender")
    return _frames(first, before, after, content, service_centre_octets(service_centre))


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


class _Content:
    """What the parts say, and the header elements that all of them share."""

    __slots__ = ("cut", "dcs", "elements", "ref", "ref_bits")

    def __init__(
        self,
        text: str,
        data: bytes | None,
        encoding: str,
        message_class: int | None,
        ref: int | None,
        ref_bits: int,
        national: National,
        ports: Ports | None,
    ) -> None:
        if message_class is not None and not 0 <= message_class <= 3:
            raise PduError(f"a class is 0 to 3, not {message_class}", field="message_class")
        shared = [] if ports is None else [ports_element(ports)]
        self.cut = _cut(text, data, encoding, ref_bits, national, _size(shared))
        if self.cut.alphabet is Alphabet.GSM7:
            shared += _national_elements(national)
        self.elements = tuple(shared)
        self.dcs = dcs_of(self.cut.alphabet, message_class)
        self.ref_bits = ref_bits
        self.ref = getrandbits(ref_bits) if ref is None else ref
        if not 0 <= self.ref < 1 << ref_bits:
            raise PduError(f"a reference of {ref_bits} bits is not {ref}", field="ref")

    def user_data(self) -> Iterator[tuple[bool, int, bytes]]:
        """For each part: whether it has a header, TP-UDL, TP-UD."""
        total = len(self.cut.parts)
        for seq, part in enumerate(self.cut.parts, 1):
            elements = self.elements
            if total > 1:
                elements = (
                    concat_element(Concat(self.ref, total, seq, self.ref_bits)),
                    *elements,
                )
            header = header_octets(elements)
            if self.cut.alphabet is Alphabet.GSM7:
                covered = (len(header) * 8 + 6) // 7
                packed = pack(bytes(covered) + part)
                yield bool(header), covered + len(part), header + packed[len(header) :]
            else:
                octets = header + part
                yield bool(header), len(octets), octets


def _cut(
    text: str,
    data: bytes | None,
    encoding: str,
    ref_bits: int,
    national: National,
    reserved: int,
) -> Cut:
    if data is not None:
        if text or encoding not in ("auto", Alphabet.EIGHT_BIT):
            raise PduError("data goes alone, and as 8bit", field="data")
        return cut_data(data, ref_bits=ref_bits, reserved=reserved)
    return cut_text(text, encoding=encoding, ref_bits=ref_bits, tables=national, reserved=reserved)


def _national_elements(national: National) -> list[Element]:
    """The elements that announce national tables; the default ones need none."""
    chosen = ((IEI_LOCKING_SHIFT, national.locking), (IEI_SINGLE_SHIFT, national.single))
    return [Element(iei, bytes((_octet(table, "national"),))) for iei, table in chosen if table]


def _size(elements: list[Element]) -> int:
    return sum(2 + len(element.data) for element in elements)


def _octet(number: int, field: str) -> int:
    if not 0 <= number <= 255:
        raise PduError(f"one octet holds 0 to 255, not {number}", field=field)
    return number


def _frames(
    first: int, before: bytes, after: bytes, content: _Content, service_centre: bytes
) -> list[Frame]:
    """The frames of all parts: they differ in their user data only."""
    frames = []
    for has_header, length, octets in content.user_data():
        opening = first | UDHI if has_header else first
        tpdu = b"".join((bytes((opening,)), before, after, bytes((length,)), octets))
        text = (service_centre + tpdu).hex().upper()
        frames.append(Frame(text, len(tpdu), content.cut.alphabet))
    return frames
