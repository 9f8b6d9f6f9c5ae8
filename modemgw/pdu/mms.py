"""The notification that a picture message waits: M-Notification.ind (OMA-TS-MMS-ENC §6.2, §7).

It comes as the body of a WAP push, as fields in any order but for the first, which says the type.
Fields that are not read here are passed over by their form, so that newer ones do no harm.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, TypedDict

from modemgw.pdu.cursor import Cursor
from modemgw.pdu.value import value
from modemgw.pdu.wsp import (
    SHORT,
    decode_loosely,
    read_integer,
    read_long_integer,
    read_text,
    read_value,
    skip_value,
)

_CLAUSE: Final = "OMA-TS-MMS-ENC §6.2"
_NOTIFICATION: Final = b"\x8c\x82"  # X-Mms-Message-Type: m-notification-ind
_ADDRESS_PRESENT: Final = 0x80
_ABSOLUTE: Final = 0x80
_LAST_INSTANT: Final = 253_402_300_799  # of the year 9999
_CLASSES: Final = ("personal", "advertisement", "informational", "auto")

# IANA's MIBenum to Python's codecs; what is not here is read loosely.
_CHARSETS: Final = {
    3: "ascii",
    **{number + 3: f"iso-8859-{number}" for number in range(1, 10)},
    17: "shift_jis",
    18: "euc_jp",
    38: "euc_kr",
    106: "utf-8",
    113: "gbk",
    114: "gb18030",
    1000: "utf-16-be",
    1013: "utf-16-be",
    1014: "utf-16-le",
    1015: "utf-16-be",
    2025: "gb2312",
    2026: "big5",
    2084: "koi8-r",
    **{1000 + page: f"windows-{page}" for page in range(1250, 1259)},
}


@value
class MmsNotification:
    """A message waits to be fetched from `url`.

    `sender` is a number or an e-mail address, None where it is hidden; `sender_type` says what
    kind (`PLMN`: a number). `size_octets` is the message's size, `message_class` `personal`,
    `advertisement`, `informational`, `auto` or a word of the operator's. It can be fetched until
    `expires_at`, or for `expires_in_s` seconds after the service centre's time stamp; at most one
    of the two is known. `version` is that of MMS, as in `1.2`. All but `transaction_id` and `url`
    are None where they were left out, which the rules allow for sender and subject only.
    """

    transaction_id: str
    url: str
    version: str | None = None
    sender: str | None = None
    sender_type: str | None = None
    subject: str | None = None
    message_class: str | None = None
    size_octets: int | None = None
    expires_at: datetime | None = None
    expires_in_s: int | None = None


class _Known(TypedDict, total=False):
    """The fields that have come, by their names in the value."""

    transaction_id: str
    url: str
    version: str
    sender: str | None
    sender_type: str | None
    subject: str
    message_class: str
    size_octets: int
    expires_at: datetime | None
    expires_in_s: int | None


def is_notification(body: bytes) -> bool:
    """Whether an MMS message, the body of a push, begins as a notification does."""
    return body.startswith(_NOTIFICATION)


def read_notification(body: bytes) -> MmsNotification:
    """The notification in `body`; of fields that come twice the last holds.

    Raises PduError for what is none, is damaged, or does not say where the message is.
    """
    cursor = Cursor(body, "m-notification-ind", _CLAUSE)
    if not is_notification(body):
        raise cursor.error("not a notification")
    cursor.take(len(_NOTIFICATION))
    known: _Known = {}
    while cursor:
        _read_field(cursor, known)
    if not known.get("transaction_id") or not known.get("url"):
        raise cursor.error("no transaction identifier, or no place to fetch the message from")
    return MmsNotification(**known)


def _read_field(cursor: Cursor, known: _Known) -> None:
    """The next field, by its number (§7.4, table 25)."""
    match cursor.octet():
        case 0x83:  # X-Mms-Content-Location
            known["url"] = read_text(cursor)
        case 0x88:  # X-Mms-Expiry
            known["expires_at"], known["expires_in_s"] = _expiry(cursor)
        case 0x89:  # From
            known["sender"], known["sender_type"] = _sender(cursor)
        case 0x8A:  # X-Mms-Message-Class
            known["message_class"] = _message_class(cursor)
        case 0x8D:  # X-Mms-MMS-Version
            version = read_integer(cursor)
            known["version"] = f"{version >> 4}.{version & 0x0F}"
        case 0x8E:  # X-Mms-Message-Size
            known["size_octets"] = read_long_integer(cursor)
        case 0x96:  # Subject
            known["subject"] = _encoded_string(cursor)
        case 0x98:  # X-Mms-Transaction-Id
            known["transaction_id"] = read_text(cursor)
        case first if first < SHORT:  # of a name in letters
            cursor.until_nul()
            skip_value(cursor)
        case _:
            skip_value(cursor)


def _expiry(cursor: Cursor) -> tuple[datetime | None, int | None]:
    """When, or after how many seconds (§7.3.20)."""
    expiry = read_value(cursor)
    token = expiry.octet()
    seconds = read_long_integer(expiry)
    if token != _ABSOLUTE:
        return None, seconds
    if seconds > _LAST_INSTANT:
        raise expiry.error("an expiry beyond all times")
    return datetime.fromtimestamp(seconds, UTC), None


def _sender(cursor: Cursor) -> tuple[str | None, str | None]:
    """An address and its type (§7.3.22; the type: §8)."""
    sender = read_value(cursor)
    if sender.octet() != _ADDRESS_PRESENT:
        return None, None
    address, _, kind = _encoded_string(sender).partition("/TYPE=")
    return address, kind or None


def _message_class(cursor: Cursor) -> str:
    """A class of the standard's, or a word (§7.3.27)."""
    if cursor.peek() < SHORT:
        return read_text(cursor)
    number = cursor.octet() - SHORT
    return _CLASSES[number] if number < len(_CLASSES) else f"0x{number:02X}"


def _encoded_string(cursor: Cursor) -> str:
    """A text, or a character set and a text (§7.3.19). What a character set lacks is U+FFFD."""
    if cursor.peek() not in range(1, 0x20):  # no length; 0 is the end of an empty text
        return read_text(cursor)
    encoded = read_value(cursor)
    charset = _CHARSETS.get(read_integer(encoded))
    octets = encoded.rest()
    if charset is not None and charset.startswith("utf-16"):
        return _wide_text(octets, charset)
    octets = octets.partition(b"\0")[0].removeprefix(b"\x7f")
    return decode_loosely(octets) if charset is None else octets.decode(charset, "replace")


def _wide_text(octets: bytes, charset: str) -> str:
    """Text of 16-bit characters up to a NUL; a byte order mark knows better than the charset."""
    if octets.startswith(b"\xff\xfe"):
        charset = "utf-16-le"
    whole = octets[: len(octets) & ~1]
    return whole.decode(charset, "replace").partition("\0")[0].removeprefix("\ufeff")
