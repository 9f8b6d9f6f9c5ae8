"""Cell broadcast pages made from a text, as a network would send them (23.041 §9.4.1.2)."""

from __future__ import annotations

from typing import Final

from modemgw.pdu.alphabet import ESCAPE, septets_of
from modemgw.pdu.broadcast import CLAUSE, CONTENT_OCTETS, MAX_PAGES, SerialNumber
from modemgw.pdu.broadcast_coding import BROADCAST_CODINGS
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.errors import PduError
from modemgw.pdu.septets import pack

_PAGE_SEPTETS: Final = CONTENT_OCTETS * 8 // 7
_DEFAULT_DCS: Final = 0x0F  # default alphabet, language not said


def encode_broadcast(
    text: str, *, serial: SerialNumber, message_id: int, dcs: int = _DEFAULT_DCS
) -> list[str]:
    """The pages that say `text`, in hex and in order; each is 88 octets.

    `dcs` is a coding scheme of GSM-7 or UCS-2 text whose language does not stand in the text.
    Neither an escape sequence nor a surrogate pair is cut. Raises PduError for another coding
    scheme, for what it cannot say, for a text of more than 15 pages, and for numbers that do not
    fit.
    """
    octets = _octets_of_alphabet(text, dcs)
    contents = _ucs2_contents(octets) if _is_ucs2(dcs) else _gsm7_contents(octets)
    if len(contents) > MAX_PAGES:
        raise PduError(
            f"a text of {len(contents)} pages, {MAX_PAGES} at most", field="text", clause=CLAUSE
        )
    head = _serial_octets(serial) + _message_id_octets(message_id) + bytes((dcs,))
    return [
        (head + bytes((number << 4 | len(contents),)) + content).hex().upper()
        for number, content in enumerate(contents, 1)
    ]


def _octets_of_alphabet(text: str, dcs: int) -> bytes:
    """`text` as septets, or as UCS-2."""
    coding = BROADCAST_CODINGS[dcs] if 0 <= dcs <= 255 else None
    if coding is None or not coding.plain:
        raise PduError(f"no plain text with coding scheme {dcs}", field="dcs", clause="23.038 §5")
    if coding.alphabet is Alphabet.UCS2:
        return text.encode("utf-16-be", "surrogatepass")
    septets = septets_of(text)
    if septets is None:
        raise PduError(
            f"not in the GSM alphabet: {text[:40]!r}", field="text", clause="23.038 §6.2.1"
        )
    return septets


def _is_ucs2(dcs: int) -> bool:
    return BROADCAST_CODINGS[dcs].alphabet is Alphabet.UCS2


def _gsm7_contents(septets: bytes) -> list[bytes]:
    """Septets cut, filled with carriage returns, and packed; one page at least."""
    contents: list[bytes] = []
    at = 0
    while at < len(septets) or not contents:
        end = at + _PAGE_SEPTETS
        # An escape is never the code of another one in what we encode.
        if end < len(septets) and septets[end - 1] == ESCAPE:
            end -= 1
        contents.append(bytes(pack(septets[at:end].ljust(_PAGE_SEPTETS, b"\r"))))
        at = end
    return contents


def _ucs2_contents(octets: bytes) -> list[bytes]:
    contents: list[bytes] = []
    at = 0
    while at < len(octets) or not contents:
        end = at + CONTENT_OCTETS
        if end < len(octets) and 0xD8 <= octets[end - 2] <= 0xDB:  # the first half of a pair
            end -= 2
        page = octets[at:end]
        contents.append(page + b"\0\r" * ((CONTENT_OCTETS - len(page)) // 2))
        at = end
    return contents


def _serial_octets(serial: SerialNumber) -> bytes:
    if not (0 <= serial.code < 1024 and 0 <= serial.update < 16):
        raise PduError(f"no serial number: {serial}", field="serial", clause=CLAUSE)
    return (serial.scope << 14 | serial.code << 4 | serial.update).to_bytes(2, "big")


def _message_id_octets(message_id: int) -> bytes:
    if not 0 <= message_id <= 0xFFFF:
        raise PduError(f"not two octets: {message_id}", field="message_id", clause=CLAUSE)
    return message_id.to_bytes(2, "big")
