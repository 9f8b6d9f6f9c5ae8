"""The data coding scheme of cell broadcast and USSD (23.038 §5), which is not that of texts."""

from __future__ import annotations

from enum import Enum
from typing import Final

from modemgw.pdu.coding import Alphabet
from modemgw.pdu.value import value


class Prefix(Enum):
    """How a text begins with its language, where its coding scheme leaves that to the text."""

    NONE = 0
    SEPTETS = 1  # two letters and a carriage return, part of the septets
    PACKED_LETTERS = 2  # two letters as two packed septets, in two octets


@value
class BroadcastCoding:
    """What a coding scheme of cell broadcast or USSD says.

    `language` is the language in ISO 639's two letters, None where it is not said or stands in
    the text (`prefix`). `header`: a user-data header stands in front. `compressed` text and the
    data of other protocols (`foreign`) are data to us.
    """

    alphabet: Alphabet
    message_class: int | None = None
    language: str | None = None
    prefix: Prefix = Prefix.NONE
    header: bool = False
    compressed: bool = False
    foreign: bool = False

    @property
    def plain(self) -> bool:
        """Nothing but text, so that we can write it."""
        return (
            self.alphabet is not Alphabet.EIGHT_BIT
            and self.prefix is Prefix.NONE
            and not self.header
            and not self.compressed
        )


_LANGUAGES: Final = (
    *("de", "en", "it", "fr", "es", "nl", "sv", "da"),
    *("pt", "fi", "no", "el", "tr", "hu", "pl", None),
)
_MORE_LANGUAGES: Final = ("cs", "he", "ar", "ru", "is")

_ALPHABETS: Final = (Alphabet.GSM7, Alphabet.EIGHT_BIT, Alphabet.UCS2, Alphabet.GSM7)
_UNSPECIFIED: Final = BroadcastCoding(Alphabet.GSM7)  # what is reserved is to be read as this


def _coding(dcs: int) -> BroadcastCoding:
    """One octet, by its coding group (bits 7 to 4)."""
    group, low = dcs >> 4, dcs & 0x0F
    alphabet = _ALPHABETS[dcs >> 2 & 3]
    if group == 0b0000:
        return BroadcastCoding(Alphabet.GSM7, language=_LANGUAGES[low])
    if group == 0b0010 and low < len(_MORE_LANGUAGES):
        return BroadcastCoding(Alphabet.GSM7, language=_MORE_LANGUAGES[low])
    if 0b0100 <= group <= 0b0111:
        message_class = dcs & 3 if dcs & 0x10 else None
        return BroadcastCoding(alphabet, message_class, compressed=bool(dcs & 0x20))
    if group == 0b1001:
        return BroadcastCoding(alphabet, dcs & 3, header=True)
    if group in (0b1101, 0b1110):
        return BroadcastCoding(Alphabet.EIGHT_BIT, foreign=True)
    if group == 0b1111:
        return BroadcastCoding(Alphabet.EIGHT_BIT if dcs & 4 else Alphabet.GSM7, dcs & 3)
    return _PREFIXED.get(dcs, _UNSPECIFIED)


_PREFIXED: Final = {
    0x10: BroadcastCoding(Alphabet.GSM7, prefix=Prefix.SEPTETS),
    0x11: BroadcastCoding(Alphabet.UCS2, prefix=Prefix.PACKED_LETTERS),
}

#: By data coding scheme.
BROADCAST_CODINGS: Final = tuple(_coding(dcs) for dcs in range(256))
