"""The text of a cell broadcast or USSD string, with the language that may stand in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.alphabet import text_of
from modemgw.pdu.broadcast_coding import Prefix
from modemgw.pdu.header import NO_HEADER
from modemgw.pdu.septets import unpack
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from modemgw.pdu.broadcast_coding import BroadcastCoding
    from modemgw.pdu.header import Header

_LETTERS: Final = 2  # of a language, in ISO 639


@value
class LanguageText:
    """A text and its language, None where that is not said."""

    text: str
    language: str | None


def septets_text(
    septets: bytes, coding: BroadcastCoding, header: Header = NO_HEADER
) -> LanguageText:
    """What unpacked `septets` say, with the national tables of `header`."""
    language = coding.language
    if coding.prefix is Prefix.SEPTETS and septets[_LETTERS : _LETTERS + 1] == b"\r":
        language, septets = text_of(septets[:_LETTERS]), septets[_LETTERS + 1 :]
    return LanguageText(text_of(septets, header.locking or 0, header.single or 0), language)


def ucs2_text(octets: bytes, coding: BroadcastCoding) -> LanguageText:
    """What `octets` say; half a character at their end is dropped."""
    language = coding.language
    if coding.prefix is Prefix.PACKED_LETTERS:
        letters, octets = octets[:_LETTERS], octets[_LETTERS:]
        language = text_of(unpack(letters, len(letters)))
    whole = octets[: len(octets) & ~1]
    return LanguageText(whole.decode("utf-16-be", "surrogatepass"), language)
