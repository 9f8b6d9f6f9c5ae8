"""Coded content as the user data of each of its parts (23.040 §9.2.3.16, §9.2.3.24).

The header elements stand in the order concatenation, ports, locking shift, single shift, others.
"""

from __future__ import annotations

from random import getrandbits
from typing import TYPE_CHECKING, Final

from modemgw.pdu.alphabet import septets_of
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.errors import PduError
from modemgw.pdu.header import (
    IEI_CONCAT_8,
    IEI_CONCAT_16,
    IEI_LOCKING_SHIFT,
    IEI_SINGLE_SHIFT,
    ports_element,
)
from modemgw.pdu.national import DEFAULT_TABLES, characters
from modemgw.pdu.segment import ENCODINGS, code_data, code_text, ucs2_octets
from modemgw.pdu.septets import pack, packed_length, septets_over
from modemgw.pdu.tpdu import UDHI
from modemgw.pdu.userdata import MAX_OCTETS, MAX_SEPTETS
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.pdu.header import Element, Ports
    from modemgw.pdu.national import National
    from modemgw.pdu.segment import Coded

_GSM7: Final = Alphabet.GSM7
_UCS2: Final = Alphabet.UCS2

#: One octet, by its number.
OCTET: Final = tuple(bytes((number,)) for number in range(256))

# Another script nearly always shows in the first letter, and to ask costs less than to fail later.
_BEGINNINGS: Final = characters(DEFAULT_TABLES)
FIRST_BEYOND_LATIN: Final = "\u0100"

# What the encoder says itself, from the parts and their tables.
_OURS: Final = frozenset((IEI_CONCAT_8, IEI_CONCAT_16, IEI_LOCKING_SHIFT, IEI_SINGLE_SHIFT))


@value
class Outgoing:
    """The parts of a text or of data: their coding, TP-UDHI, TP-UDL with TP-UD of each."""

    alphabet: Alphabet
    udhi: int
    user_data: list[bytes]


def outgoing(
    text: str,
    data: bytes | None,
    encoding: str,
    ref: int | None,
    ref_bits: int,
    national: National | None,
    allowed: Sequence[int],
    cut: str,
    ports: Ports | None,
    elements: Sequence[Element],
) -> Outgoing:
    """What goes out by these options of `encode`. Raises PduError."""
    begin = b"" if ports is None else _element_octets(ports_element(ports))
    end = _elements_octets(elements) if elements else b""
    reserved = len(begin) + len(end)
    if data is None:
        coded = code_text(text, encoding, ref_bits, national, reserved, allowed, cut)
    elif text or encoding not in ("auto", "8bit"):
        raise PduError("data goes alone, and as 8bit", field="data")
    else:
        coded = code_data(data, ref_bits, reserved)
    if ref is not None and not 0 <= ref < 1 << ref_bits:
        raise PduError(f"a reference of {ref_bits} bits is not {ref}", field="ref")
    alphabet = coded.alphabet
    shared = begin + end
    if coded.tables is not DEFAULT_TABLES:
        shared = begin + _tables_octets(coded.tables) + end
    if len(coded.parts) > 1:
        return Outgoing(alphabet, UDHI, _joined_parts(coded, shared, ref, ref_bits))
    header = OCTET[len(shared)] + shared if shared else b""
    return Outgoing(alphabet, UDHI if shared else 0, [_user_data(alphabet, header, coded.parts[0])])


def whole_text(text: str, encoding: str) -> tuple[Alphabet, bytes | None]:
    """How a text goes out in one part without a header: its alphabet, and TP-UDL with TP-UD.

    None in place of these where it does not go so. The short way to what `outgoing` would make of
    it without other options.
    """
    if len(text) > MAX_SEPTETS or encoding not in ENCODINGS:
        return _GSM7, None
    if encoding != "ucs2":
        septets = septets_of(text) if text < FIRST_BEYOND_LATIN or text[0] in _BEGINNINGS else None
        if septets is not None:
            size = len(septets)
            return _GSM7, None if size > MAX_SEPTETS else OCTET[size] + pack(septets)
        if encoding == "gsm7":
            return _GSM7, None
    octets = ucs2_octets(text)
    size = len(octets)
    return _UCS2, None if size > MAX_OCTETS else OCTET[size] + octets


def _joined_parts(coded: Coded, shared: bytes, ref: int | None, ref_bits: int) -> list[bytes]:
    """The user data of several parts: their headers differ in the number of the part only."""
    if ref is None:
        ref = getrandbits(ref_bits)
    total = len(coded.parts)
    if ref_bits == 8:
        concat = bytes((IEI_CONCAT_8, 3, ref, total))
    else:
        concat = bytes((IEI_CONCAT_16, 4, ref >> 8, ref & 0xFF, total))
    opening = OCTET[len(concat) + 1 + len(shared)] + concat
    parts = coded.parts
    if coded.alphabet is _GSM7:
        return _joined_septets(opening, shared, parts)
    return [
        OCTET[len(opening) + 1 + len(shared) + len(part)] + opening + OCTET[seq] + shared + part
        for seq, part in enumerate(parts, 1)
    ]


def _joined_septets(opening: bytes, shared: bytes, parts: Sequence[bytes]) -> list[bytes]:
    """The same for septets, all packed at once: 160 of them end with an octet.

    `opening` ends before the number of the part, which `shared` follows.
    """
    header = len(opening) + 1 + len(shared)
    covered = septets_over(header)
    before = bytes(covered)
    grid = before + before.join(parts)
    last = covered + len(parts[-1])
    if len(grid) != (len(parts) - 1) * MAX_SEPTETS + last:  # an escape did not fit in one of them
        grid = b"".join([(before + part).ljust(MAX_SEPTETS, b"\0") for part in parts])
    packed = pack(grid)
    user_data = []
    at = 0
    for seq, part in enumerate(parts, 1):
        length = covered + len(part)
        content = packed[at + header : at + packed_length(length)]
        user_data.append(b"".join((OCTET[length], opening, OCTET[seq], shared, content)))
        at += MAX_OCTETS
    return user_data


def _user_data(alphabet: Alphabet, header: bytes, content: bytes) -> bytes:
    """TP-UDL and TP-UD: GSM-7 text lies on the grid of septets that the header covers."""
    size = len(header)
    if alphabet is not _GSM7:
        return OCTET[size + len(content)] + header + content
    if not header:
        return OCTET[len(content)] + pack(content)
    septets = bytes(septets_over(size)) + content
    octets = pack(septets)
    octets[:size] = header
    return OCTET[len(septets)] + octets


def _elements_octets(elements: Sequence[Element]) -> bytes:
    """Further elements of the caller. Raises PduError for those that are not his to say."""
    for element in elements:
        if element.iei in _OURS:
            raise PduError(
                f"element {element.iei:02X} follows from the text and its options", field="elements"
            )
        if not 0 <= element.iei <= 255 or len(element.data) > 255:
            raise PduError(
                f"no element: identifier {element.iei}, {len(element.data)} octets",
                field="elements",
            )
    return b"".join(map(_element_octets, elements))


def _tables_octets(tables: National) -> bytes:
    """The elements that announce national tables; the default ones need none."""
    chosen = ((IEI_LOCKING_SHIFT, tables.locking), (IEI_SINGLE_SHIFT, tables.single))
    for _, table in chosen:
        if not 0 <= table <= 255:
            raise PduError(f"one octet holds 0 to 255, not {table}", field="national")
    return b"".join(bytes((iei, 1, table)) for iei, table in chosen if table)


def _element_octets(element: Element) -> bytes:
    return bytes((element.iei, len(element.data))) + element.data
