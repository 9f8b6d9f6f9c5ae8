"""The value forms of WAP's session protocol (WAP-230-WSP §8.4.2), as pushes and MMS use them.

All read from a `Cursor`, so that nothing runs past its end, and nothing is read twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from modemgw.pdu.cursor import Cursor

_QUOTE: Final = 0x7F  # in front of a text whose first octet would look like something else
_LENGTH_QUOTE: Final = 31
_MAX_UINTVAR_OCTETS: Final = 5
_MAX_INTEGER_OCTETS: Final = 30
SHORT: Final = 0x80  # this bit makes an octet a short integer, or a token


def read_uintvar(cursor: Cursor) -> int:
    """A number in groups of seven bits, highest first, five octets at most (§8.1.2)."""
    number = 0
    for _ in range(_MAX_UINTVAR_OCTETS):
        octet = cursor.octet()
        number = number << 7 | octet & 0x7F
        if octet < 0x80:
            return number
    raise cursor.error("a number without an end")


def read_value_length(cursor: Cursor) -> int:
    """How many octets a value has (§8.4.2.2)."""
    length = cursor.octet()
    if length < _LENGTH_QUOTE:
        return length
    if length == _LENGTH_QUOTE:
        return read_uintvar(cursor)
    raise cursor.error("a length expected")


def read_value(cursor: Cursor) -> Cursor:
    """A value with its length in front."""
    return cursor.part(read_value_length(cursor))


def read_long_integer(cursor: Cursor) -> int:
    """A number with its count of octets in front (§8.4.2.1)."""
    length = cursor.octet()
    if not 1 <= length <= _MAX_INTEGER_OCTETS:
        raise cursor.error("a number expected")
    return int.from_bytes(cursor.take(length), "big")


def read_integer(cursor: Cursor) -> int:
    """A number in one octet or in several (§8.4.2.3)."""
    return cursor.octet() & 0x7F if cursor.peek() & SHORT else read_long_integer(cursor)


def read_text(cursor: Cursor) -> str:
    """A text that ends with NUL (§8.4.2.1): UTF-8, or else Latin-1."""
    octets = cursor.until_nul()
    if octets[:1] == bytes((_QUOTE,)):
        octets = octets[1:]
    return decode_loosely(octets)


def decode_loosely(octets: bytes) -> str:
    """Text whose character set nobody said: UTF-8, or else Latin-1, which can be anything."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("iso-8859-1")


def skip_value(cursor: Cursor) -> None:
    """Pass over a value of whatever form (§8.4.1.2)."""
    first = cursor.peek()
    if first <= _LENGTH_QUOTE:
        read_value(cursor)
    elif first < SHORT:
        cursor.until_nul()
    else:
        cursor.octet()
