"""USSD strings: the octets of `AT+CUSD` and of the network (23.038 §5, §6.1.2.3).

Nothing says how many septets a string has; it ends with its octets. So where packing leaves
seven spare bits, which zeros would make an "@", a carriage return fills them; and where a text
itself ends with a carriage return on the last bit, a second one follows, lest it be taken for
filling. Reading drops a carriage return that ends on the last bit.
"""

from __future__ import annotations

from typing import Final

from modemgw.pdu.alphabet import septets_of
from modemgw.pdu.broadcast_coding import BROADCAST_CODINGS
from modemgw.pdu.broadcast_text import septets_text, ucs2_text
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.errors import PduError
from modemgw.pdu.septets import pack, unpack
from modemgw.pdu.value import value

MAX_OCTETS: Final = 160
MAX_SEPTETS: Final = 182
DEFAULT_DCS: Final = 0x0F  # default alphabet, language not said

_CLAUSE: Final = "23.038 §6.1.2.3"


@value
class Ussd:
    """A USSD string as read: one of `text` and `data` is None.

    `language` is ISO 639's two letters, where the coding scheme or the text itself says it.
    """

    text: str | None
    data: bytes | None = None
    language: str | None = None


def encode_ussd(text: str, *, dcs: int = DEFAULT_DCS) -> bytes:
    """`text` as the octets of a USSD string, for a coding scheme of GSM-7 or UCS-2 text.

    Raises PduError for another coding scheme, for a character that it cannot say, and beyond 182
    septets or 160 octets.
    """
    if not 0 <= dcs <= 255:
        raise PduError(f"not an octet: {dcs}", field="dcs", clause=_CLAUSE)
    coding = BROADCAST_CODINGS[dcs]
    if not coding.plain:
        raise PduError(f"no plain text with coding scheme {dcs:02X}", field="dcs", clause=_CLAUSE)
    octets = _ucs2(text) if coding.alphabet is Alphabet.UCS2 else _packed(text)
    if len(octets) > MAX_OCTETS:
        raise _too_long(len(octets), MAX_OCTETS, "octets")
    return octets


def decode_ussd(octets: bytes, *, dcs: int = DEFAULT_DCS) -> Ussd:
    """The USSD string in `octets`. Half a UCS-2 character at its end is dropped.

    Raises PduError beyond 160 octets, or if `dcs` is not an octet.
    """
    if not 0 <= dcs <= 255:
        raise PduError(f"not an octet: {dcs}", field="dcs", clause=_CLAUSE)
    if len(octets) > MAX_OCTETS:
        raise _too_long(len(octets), MAX_OCTETS, "octets")
    coding = BROADCAST_CODINGS[dcs]
    if coding.alphabet is Alphabet.EIGHT_BIT or coding.header or coding.compressed:
        return Ussd(None, octets, coding.language)
    if coding.alphabet is Alphabet.UCS2:
        said = ucs2_text(octets, coding)
    else:
        said = septets_text(_unpacked(octets), coding)
    return Ussd(said.text, None, said.language)


def _ucs2(text: str) -> bytes:
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise PduError(
            "half a surrogate pair cannot be sent", field="text", clause="23.038 §6.2.3"
        ) from None


def _packed(text: str) -> bytes:
    septets = septets_of(text)
    if septets is None:
        raise PduError(
            f"not in the GSM alphabet: {text[:40]!r}", field="text", clause="23.038 §6.2.1"
        )
    if len(septets) > MAX_SEPTETS:
        raise _too_long(len(septets), MAX_SEPTETS, "septets")
    spare_septet = len(septets) % 8 == 7
    ends_on_last_bit = len(septets) % 8 == 0 and septets.endswith(b"\r")
    return bytes(pack(septets + b"\r" if spare_septet or ends_on_last_bit else septets))


def _unpacked(octets: bytes) -> bytes:
    count = len(octets) * 8 // 7
    septets = unpack(octets, count)
    return septets[:-1] if count % 8 == 0 and septets.endswith(b"\r") else septets


def _too_long(length: int, most: int, unit: str) -> PduError:
    return PduError(f"{length} {unit}, {most} at most", field="USSD string", clause=_CLAUSE)
