"""The string of `+CUSD` as a text, and a text as the string that a modem wants (27.007 §7.15).

27.007 leaves it to `+CSCS` and `<dcs>` how a string is printed; makers print what they please:
text, octets in hex of packed septets, or hex of UCS-2, with `<dcs>` right, wrong or missing. So
`<dcs>` is believed where the string has the shape for it, else the shape decides. What is text by
its shape is never taken for hex: short rows of digits are codes and prices.
"""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from modemgw import pdu
from modemgw.at.answers import UssdForm

if TYPE_CHECKING:
    from modemgw.at.answers import UssdString

DEFAULT_DCS: Final = 0x0F
_MOSTLY: Final = 0.8
_SAY_LITTLE: Final = (None, 0x00, DEFAULT_DCS)  # what modems print for want of the right one
_BEHIND: Final = re.compile("[\0\uffff]")


class UssdStyle(StrEnum):
    """How a modem wants the strings that it is to send."""

    TEXT = "text"  # as they are read
    PACKED = "packed"  # the septets, packed, in hex


class UnsayableError(ValueError):
    """The text cannot be sent as a USSD string. The words say why."""


def write(text: str, style: UssdStyle) -> str:
    """The string for `AT+CUSD=1,"…",15`. Raises UnsayableError."""
    try:
        octets = pdu.encode_ussd(text)
    except pdu.PduError as error:
        raise UnsayableError(f"this cannot be a USSD string: {error}") from None
    if style is UssdStyle.PACKED:
        return octets.hex().upper()
    if not (text.isascii() and text.isprintable() and '"' not in text):
        raise UnsayableError("this modem is told USSD strings in plain ASCII, without quotes")
    return text


def read(said: UssdString) -> str:
    """What the network said; "" where it said nothing. Never raises."""
    string = said.string or ""
    if said.form is not UssdForm.HEX:
        return _plain(string)
    octets = bytes.fromhex(string)
    if said.dcs in _SAY_LITTLE and len(octets) % 2 == 0 and _is_in_one_script(_wide(octets)):
        return _wide(octets)
    text = _decoded(octets, said.dcs)
    if text is None or (string.isdigit() and not (_is_wordy(text) or _is_in_one_script(text))):
        return string
    return text


def _plain(string: str) -> str:
    """Text; control codes in it are letters of the GSM alphabet that were not converted."""
    return "".join(
        pdu.decode_ussd(_septet(character)).text or "" if _is_raw(character) else character
        for character in string
    )


def _is_raw(character: str) -> bool:
    return character < " " and character not in "\r\n\t"


def _septet(character: str) -> bytes:
    return bytes((ord(character),))


def _decoded(octets: bytes, dcs: int | None) -> str | None:
    try:
        text = pdu.decode_ussd(octets, dcs=DEFAULT_DCS if dcs is None else dcs).text
    except pdu.PduError:
        return None
    return None if text is None else _cut(text)


def _wide(octets: bytes) -> str:
    return _cut(octets.decode("utf-16-be", "replace"))


def _cut(text: str) -> str:
    """Without what some print behind the end: their buffer, as long as it is."""
    return _BEHIND.split(text, 1)[0]


def _is_in_one_script(text: str) -> bool:
    """Whether UCS-2 was meant: letters of one script, with the ASCII that every script borrows."""
    if not text or not all(character.isprintable() or character in "\r\n\t" for character in text):
        return False
    pages = Counter(ord(character) >> 8 for character in text)
    borrowed = pages.pop(0, 0) + pages.pop(0x20, 0)
    commonest = max(pages.values(), default=0)
    alone = commonest > 1 or not pages  # one strange letter may as well be two octets
    return alone and (borrowed + commonest) / len(text) >= _MOSTLY


def _is_wordy(text: str) -> bool:
    """Whether packed septets were meant: what people read is mostly letters, digits and blanks."""
    common = sum(
        character.isascii() and (character.isalnum() or character in " \r\n.,:;-*#/+$")
        for character in text
    )
    return bool(text) and common / len(text) >= _MOSTLY
