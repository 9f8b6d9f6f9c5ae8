"""What the less common information elements say (23.040 §9.2.3.24).

`header.py` reads what every message needs; this is for those who want to know the rest, and it
works on demand. An element that is not known here, or is not as long as it should be, stays an
`Element`: nothing in a header is worth losing a text over.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from modemgw.pdu.address import Address, read_address
from modemgw.pdu.coding import Indication
from modemgw.pdu.errors import PduError
from modemgw.pdu.header import Element
from modemgw.pdu.value import value
from modemgw.pdu.voicemail import (
    IEI_VOICE_MAIL,
    VoiceMailDeletion,
    VoiceMailNotification,
    read_voice_mail,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

IEI_SPECIAL_INDICATION: Final = 0x01
IEI_CONTROL: Final = 0x06
IEI_SOURCE: Final = 0x07
IEI_WCMP: Final = 0x09
IEI_TEXT_FORMAT: Final = 0x0A
IEI_EMAIL_HEADER: Final = 0x20
IEI_HYPERLINK: Final = 0x21
IEI_REPLY_ADDRESS: Final = 0x22

_INDICATIONS: Final = tuple(Indication)


@value
class SpecialIndication:
    """Messages of a kind wait somewhere (§9.2.3.24.2); it overrules what the TP-DCS says of them.

    `store` asks to keep the text too. `count` is how many wait, 0 for none any more, 255 for as
    many or more. `extended` tells more of the type OTHER: 1 is video, 0 nothing, the rest is
    reserved. `profile` is the subscriber's profile, 1 to 4.
    """

    iei: ClassVar[int] = IEI_SPECIAL_INDICATION

    store: bool
    type: Indication
    count: int
    extended: int = 0
    profile: int = 1


@value
class ControlParameters:
    """Which status reports a sender wants (§9.2.3.24.5), one flag for each outcome of TP-ST.

    `cancel_rest`: a report of a failure cancels the reports for the other parts of the message.
    `include_header`: the report brings the header of the text back.
    """

    iei: ClassVar[int] = IEI_CONTROL

    completed: bool
    permanent_error: bool
    given_up: bool
    trying: bool
    cancel_rest: bool
    include_header: bool


class ElementSource(StrEnum):
    """Who made a part of a header."""

    SENDER = "sender"
    RECEIVER = "receiver"
    SERVICE_CENTRE = "service-centre"


@value
class HeaderSource:
    """Who made the elements that follow, up to the next of this kind (§9.2.3.24.6)."""

    iei: ClassVar[int] = IEI_SOURCE

    source: ElementSource


@value
class Wcmp:
    """A message of WAP's control protocol (§9.2.3.24.9; WAP-202 §5): its type, code and data."""

    iei: ClassVar[int] = IEI_WCMP

    type: int
    code: int
    data: bytes


class Alignment(StrEnum):
    """Where a formatted text stands."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    BY_LANGUAGE = "by-language"


class FontSize(StrEnum):
    """How large a formatted text is."""

    NORMAL = "normal"
    LARGE = "large"
    SMALL = "small"
    RESERVED = "reserved"


@value
class TextFormat:
    """How `length` characters from position `start` on look (§9.2.3.24.10.1.1).

    A length of 0 makes it the default for what follows. Colours are 0 to 15 of the standard's
    table, None where the element says nothing of them.
    """

    iei: ClassVar[int] = IEI_TEXT_FORMAT

    start: int
    length: int
    alignment: Alignment
    size: FontSize
    bold: bool
    italic: bool
    underlined: bool
    struck: bool
    foreground: int | None = None
    background: int | None = None


@value
class EmailHeader:
    """The text begins with an e-mail header of `length` characters (§9.2.3.24.11)."""

    iei: ClassVar[int] = IEI_EMAIL_HEADER

    length: int


@value
class Hyperlink:
    """A link in the text (§9.2.3.24.12).

    At `position` stand a title of `title_length` characters, a space, and a URL of `url_length`.
    """

    iei: ClassVar[int] = IEI_HYPERLINK

    position: int
    title_length: int
    url_length: int


@value
class ReplyAddress:
    """Where an answer is to go instead of to the sender (§9.2.3.24.14)."""

    iei: ClassVar[int] = IEI_REPLY_ADDRESS

    address: Address


TypedElement: TypeAlias = (
    SpecialIndication
    | ControlParameters
    | HeaderSource
    | Wcmp
    | TextFormat
    | EmailHeader
    | Hyperlink
    | ReplyAddress
    | VoiceMailNotification
    | VoiceMailDeletion
)

# Of these a header may have several that all count; of any other the last holds (§9.2.3.24).
_SEVERAL: Final = (IEI_SOURCE, IEI_TEXT_FORMAT, IEI_HYPERLINK)


def read_elements(elements: Iterable[Element]) -> tuple[TypedElement | Element, ...]:
    """The elements of a header in order, typed where we know them.

    What was overruled by a later element of its kind is left out; of special indications there
    may be one for each type and profile. Raises nothing.
    """
    kept: dict[object, TypedElement | Element] = {}
    for place, element in enumerate(elements):
        typed = typed_element(element)
        kind: object = place
        if isinstance(typed, SpecialIndication):
            kind = typed.iei, typed.type, typed.extended, typed.profile
        elif not isinstance(typed, Element) and typed.iei not in _SEVERAL:
            kind = "the last", typed.iei
        kept.pop(kind, None)
        kept[kind] = typed
    return tuple(kept.values())


def typed_element(element: Element) -> TypedElement | Element:
    """`element` typed, or as it is where we do not know it or its length is wrong."""
    read = _READERS.get(element.iei)
    if read is None:
        return element
    return read(element.data) or element


def _special_indication(data: bytes) -> SpecialIndication | None:
    if len(data) != 2:
        return None
    kind, count = data
    return SpecialIndication(
        store=bool(kind & 0x80),
        type=_INDICATIONS[kind & 3],
        count=count,
        extended=kind >> 2 & 7,
        profile=(kind >> 5 & 3) + 1,
    )


def _control(data: bytes) -> ControlParameters | None:
    if len(data) != 1:
        return None
    flags = (bool(data[0] & 1 << bit) for bit in (0, 1, 2, 3, 6, 7))
    return ControlParameters(*flags)


def _source(data: bytes) -> HeaderSource | None:
    if len(data) != 1 or not 1 <= data[0] <= len(ElementSource):
        return None
    return HeaderSource(tuple(ElementSource)[data[0] - 1])


def _wcmp(data: bytes) -> Wcmp | None:
    return Wcmp(data[0], data[1], data[2:]) if len(data) >= 2 else None


def _text_format(data: bytes) -> TextFormat | None:
    if len(data) not in (3, 4):
        return None
    start, length, mode = data[:3]
    colour = data[3] if len(data) == 4 else None
    return TextFormat(
        start,
        length,
        alignment=tuple(Alignment)[mode & 3],
        size=tuple(FontSize)[mode >> 2 & 3],
        bold=bool(mode & 0x10),
        italic=bool(mode & 0x20),
        underlined=bool(mode & 0x40),
        struck=bool(mode & 0x80),
        foreground=None if colour is None else colour & 0x0F,
        background=None if colour is None else colour >> 4,
    )


def _email_header(data: bytes) -> EmailHeader | None:
    return EmailHeader(data[0]) if len(data) == 1 else None


def _hyperlink(data: bytes) -> Hyperlink | None:
    if len(data) != 4:
        return None
    return Hyperlink(int.from_bytes(data[:2], "big"), data[2], data[3])


def _reply_address(data: bytes) -> ReplyAddress | None:
    try:
        address, end = read_address(data, 0, "reply address")
    except PduError:
        return None
    return ReplyAddress(address) if end == len(data) else None


def _voice_mail(data: bytes) -> VoiceMailNotification | VoiceMailDeletion | None:
    try:
        return read_voice_mail(data)
    except PduError:
        return None


_READERS: Final[dict[int, Callable[[bytes], TypedElement | None]]] = {
    IEI_SPECIAL_INDICATION: _special_indication,
    IEI_CONTROL: _control,
    IEI_SOURCE: _source,
    IEI_WCMP: _wcmp,
    IEI_TEXT_FORMAT: _text_format,
    IEI_EMAIL_HEADER: _email_header,
    IEI_HYPERLINK: _hyperlink,
    IEI_REPLY_ADDRESS: _reply_address,
    IEI_VOICE_MAIL: _voice_mail,
}
