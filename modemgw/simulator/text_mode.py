"""Messages as text mode tells them (27.005 §3.1, §3.4): fields in words, user data as characters.

User data is printed as characters where it is in the default alphabet and has no header, else as
hex of its octets (§3.1 `<data>`). Strings are in the character set of `+CSCS`; what stands in
brackets in the standard is there where `+CSDH=1`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw import pdu
from modemgw.simulator import charset
from modemgw.simulator.storage import Stat

if TYPE_CHECKING:
    from datetime import datetime

    from modemgw.simulator.storage import Stored

STATUS_WORDS = {
    Stat.RECEIVED_UNREAD: "REC UNREAD",
    Stat.RECEIVED_READ: "REC READ",
    Stat.STORED_UNSENT: "STO UNSENT",
    Stat.STORED_SENT: "STO SENT",
}
STATUSES = {word: stat for stat, word in STATUS_WORDS.items()}
ALL_WORD = "ALL"
_UNKNOWN_TYPE = 129


@dataclass(frozen=True, slots=True)
class View:
    """How the user wants to see messages: `+CSCS` and `+CSDH`."""

    charset: str
    details: bool


def listed(index: int, stored: Stored, view: View) -> list[str]:
    """The lines of `+CMGL` on one message (27.005 §3.4.2)."""
    head = f'+CMGL: {index},"{STATUS_WORDS[stored.stat]}",'
    if stored.is_page:
        return _page(head, stored.pdu, view, with_dcs=False)
    message = _decoded(stored)
    match message:
        case pdu.Deliver():
            head += f"{_number(message.address, view)},,{_time(message.scts)}"
        case pdu.Submit():
            head += f"{_number(message.address, view)},,"
        case pdu.StatusReport():
            return [head + report_fields(message, view)]
        case _:
            return [f"{head},,", stored.pdu]
    if view.details:
        head += f",{_type(message.address)},{_length(message)}"
    return [head, _data(message, view)]


def shown(stored: Stored, view: View) -> list[str]:
    """The lines of `+CMGR` (27.005 §3.4.3)."""
    head = f'+CMGR: "{STATUS_WORDS[stored.stat]}",'
    if stored.is_page:
        return _page(head, stored.pdu, view, with_dcs=True)
    message = _decoded(stored)
    match message:
        case pdu.Deliver():
            return [head + _deliver_fields(message, view), _data(message, view)]
        case pdu.Submit():
            return [head + _submit_fields(message, view), _data(message, view)]
        case pdu.StatusReport():
            return [head + report_fields(message, view)]
        case _:
            return [f"{head},,", stored.pdu]


def printed(raw: str, view: View) -> list[str]:
    """The lines of `+CMT` or `+CDS` on what is not stored (27.005 §3.4.1)."""
    message = _decoded_hex(raw, to_network=False)
    match message:
        case pdu.StatusReport():
            return ["+CDS: " + report_fields(message, view)]
        case pdu.Deliver():
            return ["+CMT: " + _deliver_fields(message, view), _data(message, view)]
        case _:
            return ["+CMT: ,,", raw]


def printed_page(page: str, view: View) -> list[str]:
    """The lines of `+CBM` (27.005 §3.4.1)."""
    return _page("+CBM: ", page, view, with_dcs=True)


def report_fields(report: pdu.StatusReport, view: View) -> str:
    """`<fo>,<mr>,[<ra>],[<tora>],<scts>,<dt>,<st>`."""
    return (
        f"{report.first},{report.mr},{_number(report.address, view)},{_type(report.address)},"
        f"{_time(report.scts)},{_time(report.discharge)},{report.st}"
    )


def _deliver_fields(message: pdu.Deliver, view: View) -> str:
    fields = f"{_number(message.address, view)},,{_time(message.scts)}"
    if view.details:
        fields += (
            f",{_type(message.address)},{message.first},{message.pid},{message.dcs},"
            f"{_centre(message.sca, view)},{_length(message)}"
        )
    return fields


def _submit_fields(message: pdu.Submit, view: View) -> str:
    fields = f"{_number(message.address, view)},"
    if view.details:
        fields += (
            f",{_type(message.address)},{message.first},{message.pid},{message.dcs},"
            f"{_validity(message.vp)},{_centre(message.sca, view)},{_length(message)}"
        )
    return fields


def _page(head: str, raw: str, view: View, *, with_dcs: bool) -> list[str]:
    octets = bytes.fromhex(raw)
    page = pdu.decode_broadcast(raw)
    serial = int.from_bytes(octets[:2], "big")
    dcs = f"{page.dcs}," if with_dcs else ""
    is_septets = page.text is not None and not _is_ucs2_page(page)
    data = charset.written(page.text or "", view.charset) if is_septets else page.content.hex()
    fields = f"{serial},{page.message_id},{dcs}{page.page},{page.pages}"
    return [head + fields, data if is_septets else data.upper()]


def _is_ucs2_page(page: pdu.BroadcastPage) -> bool:
    """23.038 §5: the general group with UCS-2, or UCS-2 behind a language."""
    return page.dcs & 0xCC == 0x48 or page.dcs == 0x11


def _decoded(stored: Stored) -> pdu.Tpdu | None:
    to_network = stored.stat in (Stat.STORED_UNSENT, Stat.STORED_SENT)
    return _decoded_hex(stored.pdu, to_network=to_network)


def _decoded_hex(raw: str, *, to_network: bool) -> pdu.Tpdu | None:
    try:
        return pdu.decode(raw, to_network=to_network, lenient=True)
    except pdu.PduError:
        return None


def _data(message: pdu.Deliver | pdu.Submit, view: View) -> str:
    is_text = message.user_data.alphabet is pdu.Alphabet.GSM7 and message.text is not None
    if is_text and not message.udh:
        return charset.written(message.text or "", view.charset)
    return message.user_data.octets.hex().upper()


def _length(message: pdu.Deliver | pdu.Submit) -> int:
    """`<length>`: characters of the default alphabet, else octets."""
    return message.user_data.length


def _number(address: pdu.Address, view: View) -> str:
    return f'"{charset.written(address.number, view.charset)}"'


def _type(address: pdu.Address) -> int:
    return 0x80 | address.ton << 4 | address.npi


def _centre(address: pdu.Address | None, view: View) -> str:
    return (
        f'"",{_UNKNOWN_TYPE}' if address is None else f"{_number(address, view)},{_type(address)}"
    )


def _validity(validity: pdu.Validity | None) -> str:
    match validity:
        case None:
            return ""
        case pdu.RelativeValidity(octet):
            return str(octet)
        case pdu.AbsoluteValidity(time):
            return _time(time)
        case pdu.EnhancedValidity(octets):
            return f'"{octets.hex().upper()}"'


def _time(time: datetime | None) -> str:
    return f'"{time_string(time)}"' if time else ""


def time_string(time: datetime) -> str:
    """A time of 27.005 and 27.007: local, with its zone in quarters of an hour."""
    offset = time.utcoffset()
    quarters = round(offset.total_seconds() / 900) if offset else 0
    return f"{time:%y/%m/%d,%H:%M:%S}{quarters:+03d}"
