"""Cutting a text into parts (23.040 §9.2.3.24.1): 160/153/152, 70/67/66, 140/134/133 and less.

A part has 140 octets for its header and its text. GSM-7 text begins on a septet boundary behind
the header, which is why a header of six octets costs seven septets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.alphabet import ESCAPE, septets_of, text_of
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.errors import PduError
from modemgw.pdu.userdata import MAX_OCTETS
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PARTS: Final = 255
_CONCAT_OCTETS: Final = {8: 5, 16: 6}  # the element, with its identifier and length
_TABLE_OCTETS: Final = 3
_CLAUSE: Final = "23.040 §9.2.3.24.1"


@value
class National:
    """The national tables to use, by national language identifier; 0 is the default table."""

    locking: int = 0
    single: int = 0


@value
class Segmentation:
    """A text in parts: how it is coded, and what each part says. Joined they are the text."""

    encoding: Alphabet
    parts: tuple[str, ...]


@value
class Cut:
    """Coded content in parts: septets one to an octet for GSM-7, else octets."""

    alphabet: Alphabet
    parts: tuple[bytes, ...]


def segment(
    text: str,
    *,
    encoding: str = "auto",
    ref_bits: int = 8,
    national: National | None = None,
    reserved: int = 0,
) -> Segmentation:
    """The parts that `encode` makes of `text` with the same options.

    `reserved` is the octets of further header elements, each with its identifier and length.
    Never cuts an escape sequence or a surrogate pair. Raises PduError for a text that cannot be
    coded or needs more than 255 parts.
    """
    tables = national or National()
    cut = cut_text(text, encoding=encoding, ref_bits=ref_bits, tables=tables, reserved=reserved)
    if cut.alphabet is Alphabet.GSM7:
        parts = tuple(text_of(part, tables.locking, tables.single) for part in cut.parts)
    else:
        parts = tuple(part.decode("utf-16-be") for part in cut.parts)
    return Segmentation(cut.alphabet, parts)


def cut_text(text: str, *, encoding: str, ref_bits: int, tables: National, reserved: int) -> Cut:
    """`text` coded and cut: GSM-7 if it fits the alphabet and `encoding` lets it, else UCS-2.

    `reserved` is the octets of header elements; those that announce `tables` come on top.
    """
    if encoding not in ("auto", Alphabet.GSM7, Alphabet.UCS2):
        raise PduError(f"no encoding for a text: {encoding!r} (auto, gsm7, ucs2)", field="encoding")
    concat = _concat_octets(ref_bits)
    if encoding != Alphabet.UCS2:
        septets = septets_of(text, tables.locking, tables.single)
        if septets is not None:
            reserved += _TABLE_OCTETS * (bool(tables.locking) + bool(tables.single))
            alone, room = _septets(reserved), _septets(reserved + concat)
            return Cut(Alphabet.GSM7, _parts(septets, alone, room, _before_escape))
        if encoding == Alphabet.GSM7:
            raise PduError("a character is not in the GSM-7 tables", field="text")
    try:
        octets = text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise PduError(f"half a surrogate pair at {error.start}", field="text") from None
    alone, room = _octets(reserved) & ~1, _octets(reserved + concat) & ~1
    return Cut(Alphabet.UCS2, _parts(octets, alone, room, _before_surrogate))


def cut_data(data: bytes, *, ref_bits: int, reserved: int) -> Cut:
    """8-bit `data`, cut."""
    alone, room = _octets(reserved), _octets(reserved + _concat_octets(ref_bits))
    return Cut(Alphabet.EIGHT_BIT, _parts(data, alone, room, _anywhere))


def _concat_octets(ref_bits: int) -> int:
    try:
        return _CONCAT_OCTETS[ref_bits]
    except KeyError:
        raise PduError(
            f"a reference has 8 or 16 bits, not {ref_bits}", field="ref_bits", clause=_CLAUSE
        ) from None


def _octets(elements: int) -> int:
    """The octets that are left beside header elements of so many octets."""
    return MAX_OCTETS - elements - 1 if elements else MAX_OCTETS


def _septets(elements: int) -> int:
    return _octets(elements) * 8 // 7


def _before_escape(septets: bytes, at: int) -> int:
    return at - 1 if septets[at - 1] == ESCAPE else at


def _before_surrogate(octets: bytes, at: int) -> int:
    return at - 2 if octets[at - 2] & 0xFC == 0xD8 else at


def _anywhere(_octets: bytes, at: int) -> int:
    return at


def _parts(
    content: bytes, alone: int, room: int, place: Callable[[bytes, int], int]
) -> tuple[bytes, ...]:
    """`content` whole if it fits `alone`, else in parts of up to `room`, cut where `place` says."""
    if len(content) <= alone:
        return (content,)
    if room < 4:  # not even one escape sequence or surrogate pair a part
        raise PduError("the header elements leave no room for a text", field="header")
    parts: list[bytes] = []
    at = 0
    while at < len(content):
        end = at + room
        if end < len(content):
            end = place(content, end)
        parts.append(content[at:end])
        at = end
        if len(parts) > MAX_PARTS:
            raise PduError(f"more than {MAX_PARTS} parts", field="text", clause=_CLAUSE)
    return tuple(parts)
