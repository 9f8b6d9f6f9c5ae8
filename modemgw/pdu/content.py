"""What was sent to an application on the phone: pushes, MMS notifications, cards and dates.

The ports of the header say whose it is (23.040 §9.2.3.24.3, .4; the numbers: WAP-259-WDP §B, and
Smart Messaging for those of 8 bits).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from modemgw.pdu.errors import PduError
from modemgw.pdu.media_types import MMS_MESSAGE
from modemgw.pdu.mms import MmsNotification, is_notification, read_notification
from modemgw.pdu.push import WapPush, read_push
from modemgw.pdu.value import value
from modemgw.pdu.wsp import decode_loosely

if TYPE_CHECKING:
    from modemgw.pdu.header import Ports

_PUSH_PORTS: Final = (2948, 2949)  # the second is the secure one, often used without security
_CARD_PORTS: Final = (226, 9204, 9206)
_CALENDAR_PORTS: Final = (228, 9205, 9207)


@value
class VCard:
    """An address card: the text from `BEGIN:VCARD` on."""

    text: str


@value
class VCalendar:
    """Dates: the text from `BEGIN:VCALENDAR` on."""

    text: str


Content: TypeAlias = WapPush | MmsNotification | VCard | VCalendar


def content_of(ports: Ports | None, data: bytes | str | None) -> Content | None:
    """What the whole `data` of a message means to the application at its destination port.

    `data` is that of a single message or of all parts joined; some senders use text for cards, so
    text will do. None where the ports mean nothing to us. Raises PduError where they do, and
    `data` is damaged or something else.
    """
    if ports is None or data is None:
        return None
    if ports.dst in _PUSH_PORTS:
        return _pushed(data)
    if ports.dst in _CARD_PORTS:
        return VCard(_lines(data, "BEGIN:VCARD"))
    if ports.dst in _CALENDAR_PORTS:
        return VCalendar(_lines(data, "BEGIN:VCALENDAR"))
    return None


def _pushed(data: bytes | str) -> WapPush | MmsNotification:
    if isinstance(data, str):
        raise PduError("a WAP push is 8-bit data", field="WAP push", clause="WAP-259 §B")
    push = read_push(data)
    if push.media_type == MMS_MESSAGE and is_notification(push.body):
        return read_notification(push.body)
    return push


def _lines(data: bytes | str, begin: str) -> str:
    text = data if isinstance(data, str) else decode_loosely(data)
    if not text.lstrip().upper().startswith(begin):
        raise PduError(f"{begin} expected", at=0, field="content", clause="WAP-259 §B")
    return text
