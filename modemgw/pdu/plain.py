"""TPDUs as plain dictionaries, for JSON: the fields of `modemgw pdu decode --json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.acknowledgement import SubmitReport
from modemgw.pdu.coding import CODINGS
from modemgw.pdu.command import Command
from modemgw.pdu.content import VCalendar, VCard, content_of
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.element_names import element_name
from modemgw.pdu.elements import read_elements
from modemgw.pdu.errors import PduError
from modemgw.pdu.failure import FAILURES
from modemgw.pdu.header import Element
from modemgw.pdu.mms import MmsNotification
from modemgw.pdu.plain_value import plain_fields, plain_value
from modemgw.pdu.protocol import PROTOCOLS, ProtocolKind
from modemgw.pdu.push import WapPush
from modemgw.pdu.status import STATUSES
from modemgw.pdu.status_report import StatusReport
from modemgw.pdu.submit import Submit
from modemgw.pdu.validity import AbsoluteValidity, RelativeValidity

if TYPE_CHECKING:
    from datetime import datetime

    from modemgw.pdu.acknowledgement import DeliverReport
    from modemgw.pdu.address import Address
    from modemgw.pdu.careful import Tpdu
    from modemgw.pdu.header import Header, Ports
    from modemgw.pdu.optional import OptionalFields
    from modemgw.pdu.userdata import UserData
    from modemgw.pdu.validity import Validity

Fields = dict[str, object]

_CONTENT_TYPES: Final = {
    WapPush: "wap-push",
    MmsNotification: "mms-notification",
    VCard: "vcard",
    VCalendar: "vcalendar",
}


def as_dict(tpdu: Tpdu) -> Fields:
    """The fields of `tpdu`; those that do not apply are left out, unusable times are None.

    Beside the fields stand what they mean, where there is more to say: `protocol` (of `pid`),
    `status` (of `st`), `failure` (of `fcs`), `elements` (of `udh`, those that we know) and
    `content` (of `ports` and `data`, where no part is missing).
    """
    fields: Fields = {"type": tpdu.type.value, "sca": tpdu.sca and _address(tpdu.sca)}
    match tpdu:
        case Deliver():
            fields |= _deliver(tpdu)
        case Submit():
            fields |= _submit(tpdu)
        case StatusReport():
            fields |= _status_report(tpdu)
        case Command():
            fields |= _command(tpdu)
        case _:
            fields |= _acknowledgement(tpdu)
    if tpdu.defects:
        fields["defects"] = [str(defect) for defect in tpdu.defects]
    return fields


def _deliver(tpdu: Deliver) -> Fields:
    return {
        "mms": tpdu.mms,
        "sri": tpdu.sri,
        "rp": tpdu.rp,
        "udhi": tpdu.udhi,
        "address": _address(tpdu.address),
        "scts": _time(tpdu.scts),
        **_protocol(tpdu.pid),
        **_coding(tpdu.dcs),
        **_user_data(tpdu.user_data),
    }


def _submit(tpdu: Submit) -> Fields:
    fields: Fields = {
        "rd": tpdu.rd,
        "srr": tpdu.srr,
        "rp": tpdu.rp,
        "udhi": tpdu.udhi,
        "mr": tpdu.mr,
        "address": _address(tpdu.address),
        **_protocol(tpdu.pid),
        **_coding(tpdu.dcs),
    }
    if tpdu.vp is not None:
        fields["vp"] = _validity(tpdu.vp)
    return fields | _user_data(tpdu.user_data)


def _status_report(tpdu: StatusReport) -> Fields:
    fields: Fields = {
        "mms": tpdu.mms,
        "srq": tpdu.srq,
        "udhi": tpdu.udhi,
        "mr": tpdu.mr,
        "address": _address(tpdu.address),
        "scts": _time(tpdu.scts),
        "discharge": _time(tpdu.discharge),
        "st": tpdu.st,
        "status": plain_value(STATUSES[tpdu.st]),
    }
    return fields if tpdu.optional is None else fields | _optional(tpdu.optional)


def _command(tpdu: Command) -> Fields:
    return {
        "srr": tpdu.srr,
        "udhi": tpdu.udhi,
        "mr": tpdu.mr,
        **_protocol(tpdu.pid),
        "ct": tpdu.ct,
        "mn": tpdu.mn,
        "address": _address(tpdu.address),
        "data": _hex(tpdu.data),
    }


def _acknowledgement(tpdu: DeliverReport | SubmitReport) -> Fields:
    fields: Fields = {"udhi": tpdu.udhi}
    if tpdu.fcs is not None:
        fields["fcs"] = tpdu.fcs
        fields["failure"] = FAILURES[tpdu.fcs]
    if isinstance(tpdu, SubmitReport):
        fields["scts"] = _time(tpdu.scts)
    return fields | _optional(tpdu.optional)


def _optional(optional: OptionalFields) -> Fields:
    fields: Fields = {"pi": optional.pi}
    if optional.pid is not None:
        fields |= _protocol(optional.pid)
    if optional.dcs is not None or optional.user_data is not None:
        fields |= {"dcs": 0} if optional.dcs is None else _coding(optional.dcs)
    if optional.user_data is not None:
        fields |= _user_data(optional.user_data)
    return fields


def _address(address: Address) -> Fields:
    return {"number": address.number, "ton": address.ton, "npi": address.npi}


def _time(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()


def _hex(octets: bytes) -> str:
    return octets.hex().upper()


def _protocol(pid: int) -> Fields:
    protocol = PROTOCOLS[pid]
    if protocol.kind is ProtocolKind.PLAIN:
        return {"pid": pid}
    return {"pid": pid, "protocol": plain_value(protocol)}


def _coding(dcs: int) -> Fields:
    coding = CODINGS[dcs]
    fields: Fields = {"dcs": dcs, "alphabet": coding.alphabet.value}
    if coding.message_class is not None:
        fields["class"] = coding.message_class
    if coding.compressed:
        fields["compressed"] = True
    if coding.autodelete:
        fields["autodelete"] = True
    if coding.waiting is not None:
        waiting = coding.waiting
        fields["mwi"] = {
            "store": waiting.store,
            "active": waiting.active,
            "type": waiting.type.value,
        }
    return fields


def _validity(validity: Validity) -> Fields:
    match validity:
        case RelativeValidity():
            return {"format": "relative", "octet": validity.octet, "minutes": validity.minutes}
        case AbsoluteValidity():
            return {"format": "absolute", "time": _time(validity.time)}
        case _:
            fields: Fields = {"format": "enhanced", "raw": _hex(validity.octets)}
            if validity.single_shot:
                fields["single_shot"] = True
            if validity.seconds is not None:
                fields["seconds"] = validity.seconds
            return fields


def _user_data(user_data: UserData) -> Fields:
    header = user_data.header
    fields: Fields = {"alphabet": user_data.alphabet.value}
    if header.length:
        fields["udh"] = [{"iei": e.iei, "data": _hex(e.data)} for e in header.elements]
        if elements := _elements(header):
            fields["elements"] = elements
    if header.concat is not None:
        concat = header.concat
        fields["concat"] = {
            "ref": concat.ref,
            "total": concat.total,
            "seq": concat.seq,
            "bits": concat.bits,
        }
    if header.ports is not None:
        ports = header.ports
        fields["ports"] = {"dst": ports.dst, "src": ports.src, "bits": ports.bits}
    if header.locking is not None:
        fields["locking"] = header.locking
    if header.single is not None:
        fields["single"] = header.single
    if user_data.data is not None:
        fields["data"] = _hex(user_data.data)
    else:
        fields["text"] = user_data.text
    if header.ports is not None and (header.concat is None or header.concat.total == 1):
        fields |= _content(header.ports, user_data)
    return fields


def _elements(header: Header) -> list[object]:
    return [
        {"iei": typed.iei, "name": element_name(typed.iei), **plain_fields(typed)}
        for typed in read_elements(header.elements)
        if not isinstance(typed, Element)
    ]


def _content(ports: Ports, user_data: UserData) -> Fields:
    """What was sent to an application; damaged content is a defect of its own."""
    try:
        content = content_of(ports, user_data.text if user_data.data is None else user_data.data)
    except PduError as error:
        return {"content": {"error": str(error)}}
    if content is None:
        return {}
    return {"content": {"type": _CONTENT_TYPES[type(content)], **plain_fields(content)}}
