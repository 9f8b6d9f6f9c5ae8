"""Information elements in words (23.040 §9.2.3.24)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.dissect_words import WAITING, counted
from modemgw.pdu.element_names import element_name
from modemgw.pdu.elements import (
    ControlParameters,
    EmailHeader,
    FontSize,
    HeaderSource,
    Hyperlink,
    ReplyAddress,
    SpecialIndication,
    TextFormat,
    Wcmp,
    typed_element,
)
from modemgw.pdu.header import Element, read_header
from modemgw.pdu.languages import LANGUAGES
from modemgw.pdu.voicemail import VoiceMailNotification

if TYPE_CHECKING:
    from modemgw.pdu.elements import TypedElement
    from modemgw.pdu.header import Concat, Ports

_CLAUSE: Final = "23.040 §9.2.3.24"

# The last number of the clause, by identifier.
_CLAUSES: Final = {
    0x00: 1,
    0x01: 2,
    0x04: 3,
    0x05: 4,
    0x06: 5,
    0x07: 6,
    **dict.fromkeys(range(0x70, 0x80), 7),
    0x08: 8,
    0x09: 9,
    **dict.fromkeys(range(0x0A, 0x20), 10),
    0x20: 11,
    0x21: 12,
    0x23: 13,
    0x22: 14,
    0x24: 15,
    0x25: 16,
}

_PORTS: Final = {
    226: "vCard",
    228: "vCalendar",
    2948: "WAP push",
    2949: "WAP push, secure",
    5505: "ring tone",
    5506: "operator logo",
    5507: "group logo",
    9200: "WAP",
    9204: "vCard",
    9205: "vCalendar",
}


def element_clause(iei: int) -> str:
    """The clause that defines the element."""
    last = _CLAUSES.get(iei)
    return _CLAUSE if last is None else f"{_CLAUSE}.{last}"


def element_words(octets: bytes) -> str:
    """What an element says; `octets` are its identifier, its length and its data."""
    header = read_header(bytes((len(octets),)) + octets, 0, len(octets) + 1)
    if header.concat is not None:
        return _concat(header.concat)
    if header.ports is not None:
        return _ports(header.ports)
    if header.locking is not None:
        return f"locking shift: {_language(header.locking)}"
    if header.single is not None:
        return f"single shift: {_language(header.single)}"
    element = typed_element(header.elements[0])
    name = element_name(octets[0])
    return name if isinstance(element, Element) else _typed(element)


def _concat(concat: Concat) -> str:
    return f"part {concat.seq} of {concat.total}, reference {concat.ref}"


def _ports(ports: Ports) -> str:
    use = _PORTS.get(ports.dst)
    to = f"{ports.dst} ({use})" if use else str(ports.dst)
    return f"to port {to}, from port {ports.src}"


def _language(identifier: int) -> str:
    language = LANGUAGES.get(identifier)
    return f"unknown language {identifier}" if language is None else language.name


def _typed(element: TypedElement) -> str:
    match element:
        case SpecialIndication():
            return _special_indication(element)
        case ControlParameters():
            return _control(element)
        case HeaderSource():
            return f"what follows is of the {element.source.value.replace('-', ' ')}"
        case Wcmp():
            return f"WAP control message, type {element.type}, code {element.code}"
        case TextFormat():
            return _text_format(element)
        case EmailHeader():
            return f"e-mail header of {counted(element.length, 'character')}"
        case Hyperlink():
            return _hyperlink(element)
        case ReplyAddress():
            return f"answers go to {element.address.number}"
        case VoiceMailNotification():
            return _notification(element)
        case _:
            deleted = counted(len(element.deleted), "voice message")
            return f"{deleted} deleted; mailbox {element.mailbox.address.number}"


def _special_indication(indication: SpecialIndication) -> str:
    keep = "text to be kept" if indication.store else "text to be thrown away"
    return f"{WAITING[indication.type]}: {indication.count} waiting; {keep}"


def _control(parameters: ControlParameters) -> str:
    wanted = _those_set(
        (parameters.completed, "completion"),
        (parameters.permanent_error, "permanent errors"),
        (parameters.given_up, "giving up"),
        (parameters.trying, "temporary errors"),
    )
    return f"reports wanted on {wanted or 'nothing'}"


def _text_format(text: TextFormat) -> str:
    span = f"{counted(text.length, 'character')} from {text.start}" if text.length else "the rest"
    style = _those_set(
        (text.bold, "bold"),
        (text.italic, "italic"),
        (text.underlined, "underlined"),
        (text.struck, "struck"),
        (text.size is not FontSize.NORMAL, text.size.value),
    )
    return f"{span}: {style or 'plain'}"


def _those_set(*named: tuple[bool, str]) -> str:
    return ", ".join(name for is_set, name in named if is_set)


def _hyperlink(link: Hyperlink) -> str:
    title, url = link.title_length, counted(link.url_length, "character")
    return f"link at {link.position}: title of {title}, URL of {url}"


def _notification(notification: VoiceMailNotification) -> str:
    mailbox = notification.mailbox
    unread = counted(mailbox.unread, "voice message")
    return f"{unread} unread, {len(notification.messages)} listed; mailbox {mailbox.address.number}"
