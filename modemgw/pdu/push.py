"""WAP push: what came to the ports 2948 and 2949 (WAP-230-WSP §8.2.4, WAP-235-PushOTA)."""

from __future__ import annotations

from typing import Final

from modemgw.pdu.cursor import Cursor
from modemgw.pdu.media_types import read_media_type
from modemgw.pdu.value import value
from modemgw.pdu.wsp import SHORT, read_integer, read_text, read_uintvar, skip_value

_PUSH: Final = 0x06
_APPLICATION: Final = 0x2F | SHORT  # X-Wap-Application-Id
_PAGE_SHIFT: Final = 0x7F
_LAST_SHORT_SHIFT: Final = 0x1F


@value
class WapPush:
    """A push without connection.

    `application` is who it is for, a number of the WAP name registry (4: MMS) or a URI, None
    where it is not said.
    """

    transaction_id: int
    media_type: str
    application: int | str | None
    body: bytes


def read_push(data: bytes) -> WapPush:
    """The push in `data`. Raises PduError for what is none, or is damaged before its body."""
    cursor = Cursor(data, "WAP push", "WAP-230 §8.2.4")
    transaction_id = cursor.octet()
    if cursor.octet() != _PUSH:
        raise cursor.error("not a push")
    headers = cursor.part(read_uintvar(cursor))
    media_type = read_media_type(headers)
    return WapPush(transaction_id, media_type, _application(headers), cursor.rest())


def _application(headers: Cursor) -> int | str | None:
    """What X-Wap-Application-Id says; all other headers are passed over."""
    application: int | str | None = None
    while headers:
        name = headers.peek()
        if name <= _LAST_SHORT_SHIFT:  # to another page of header names
            headers.octet()
        elif name == _PAGE_SHIFT:
            headers.take(2)
        elif name < SHORT:  # a name in letters
            headers.until_nul()
            skip_value(headers)
        elif headers.octet() != _APPLICATION:
            skip_value(headers)
        elif headers.peek() & SHORT or headers.peek() < 0x20:
            application = read_integer(headers)
        else:
            application = read_text(headers)
    return application
