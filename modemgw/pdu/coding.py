"""TP-DCS: which alphabet a text is in, and how it wants to be treated (23.038 §4)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from modemgw.pdu.value import value


class Alphabet(StrEnum):
    """How user data is coded. Equal to its string, and so of the same hash."""

    __hash__ = str.__hash__  # that of `Enum` is another, and a function of Python

    GSM7 = "gsm7"
    EIGHT_BIT = "8bit"
    UCS2 = "ucs2"


class Indication(StrEnum):
    """What a message-waiting indication tells of."""

    VOICE = "voice"
    FAX = "fax"
    EMAIL = "email"
    OTHER = "other"


@value
class MessageWaiting:
    """A message-waiting indication: `store` the text too, waiting messages are there (`active`)."""

    store: bool
    active: bool
    type: Indication


@value
class Coding:
    """What a data coding scheme says.

    `message_class` is 0 (show at once) to 3, or None; `compressed` user data is not text to us;
    `autodelete` texts are to be deleted when read.
    """

    alphabet: Alphabet
    message_class: int | None = None
    compressed: bool = False
    autodelete: bool = False
    waiting: MessageWaiting | None = None


_ALPHABETS: Final = (Alphabet.GSM7, Alphabet.EIGHT_BIT, Alphabet.UCS2, Alphabet.GSM7)
_INDICATIONS: Final = tuple(Indication)


def _coding(dcs: int) -> Coding:
    """One octet, by its coding group (bits 7 to 4)."""
    group = dcs >> 4
    if group < 0b1000:
        return Coding(
            _ALPHABETS[dcs >> 2 & 3],
            message_class=dcs & 3 if dcs & 0x10 else None,
            compressed=bool(dcs & 0x20),
            autodelete=bool(dcs & 0x40),
        )
    if group == 0b1111:
        alphabet = Alphabet.EIGHT_BIT if dcs & 0x04 else Alphabet.GSM7
        return Coding(alphabet, message_class=dcs & 3)
    if group >= 0b1100:
        return Coding(
            Alphabet.UCS2 if group == 0b1110 else Alphabet.GSM7,
            waiting=MessageWaiting(
                store=group != 0b1100, active=bool(dcs & 0x08), type=_INDICATIONS[dcs & 3]
            ),
        )
    return Coding(Alphabet.GSM7)  # reserved groups are to be read as the default alphabet


#: By TP-DCS.
CODINGS: Final = tuple(_coding(dcs) for dcs in range(256))

_PLAIN: Final = {Alphabet.GSM7: 0x00, Alphabet.EIGHT_BIT: 0x04, Alphabet.UCS2: 0x08}
_WITH_CLASS: Final = 0x10


def dcs_of(alphabet: Alphabet, message_class: int | None) -> int:
    """The TP-DCS of the general group for `alphabet`, with class 0 to 3 or None."""
    plain = _PLAIN[alphabet]
    return plain if message_class is None else plain | _WITH_CLASS | message_class
