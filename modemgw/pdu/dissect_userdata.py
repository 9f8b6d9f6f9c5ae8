"""User data, octet by octet: its length, header, fill bits and text (23.040 §9.2.3.24)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.coding import CODINGS, Alphabet
from modemgw.pdu.dissect_elements import element_clause, element_words
from modemgw.pdu.dissect_walk import Bits
from modemgw.pdu.dissect_words import counted
from modemgw.pdu.septets import packed_length, septets_over
from modemgw.pdu.userdata import MAX_OCTETS

if TYPE_CHECKING:
    from modemgw.pdu.dissect_walk import Walk

_LENGTH: Final = "23.040 §9.2.3.16"
_HEADER: Final = "23.040 §9.2.3.24"
_GSM7: Final = "23.038 §6.2.1"
_EIGHT_BIT: Final = "23.038 §6.2.2"
_UCS2: Final = "23.038 §6.2.3"
_COMPRESSED: Final = "23.042"
_PADDING: Final = "23.038 §6.1.2.1"


def walk_user_data(walk: Walk, dcs: int, *, udhi: bool, most: int = MAX_OCTETS) -> None:
    """TP-UDL and TP-UD, `most` octets of it. What it announces beyond that is not part of it."""
    coding = CODINGS[dcs]
    if coding.alphabet is Alphabet.GSM7 and not coding.compressed:
        _walk_septets(walk, udhi=udhi, most=most * 8 // 7)
        return
    length = walk.take(1, "TP-UDL", _LENGTH, lambda octets: counted(octets[0], "octet"))[0]
    end = walk.at + min(length, most)
    if udhi:
        _walk_header(walk, end)
    if coding.compressed:
        _walk_octets(walk, end, _COMPRESSED, "compressed text")
    elif coding.alphabet is Alphabet.EIGHT_BIT:
        _walk_octets(walk, end, _EIGHT_BIT, "data")
    else:
        _walk_characters(walk, end)


def _walk_septets(walk: Walk, *, udhi: bool, most: int) -> None:
    length = walk.take(1, "TP-UDL", _LENGTH, lambda octets: counted(octets[0], "septet"))[0]
    length = min(length, most)
    start = walk.at
    end = start + packed_length(length)
    if udhi:
        _walk_header(walk, end)
    header = walk.at - start
    covered = septets_over(header)
    fill = covered * 7 - header * 8
    spare = (end - start) * 8 - length * 7
    if length <= covered:
        # Nothing but fill bits is left, and their octet may be missing.
        end = min(end, len(walk.octets))
        walk.take(end - walk.at, "TP-UD", _PADDING, lambda _: "fill bits only")
        return

    def words(_octets: bytes) -> str:
        return f"text of {counted(length - covered, 'septet')}"

    def explain(first: int) -> tuple[Bits, ...]:
        last = walk.octets[end - 1]
        return _padding(first, fill, last, spare)

    walk.take(end - walk.at, "TP-UD", _GSM7, words, explain)


def _padding(first: int, fill: int, last: int, spare: int) -> tuple[Bits, ...]:
    """The bits around the text: the lowest of its first octet and the highest of its last."""
    bits = []
    if fill:
        pattern = f"{first:08b}"[8 - fill :].rjust(8, ".")
        bits.append(Bits(pattern, "fill", _HEADER, f"{counted(fill, 'fill bit')} before the text"))
    if spare:
        pattern = f"{last:08b}"[:spare].ljust(8, ".")
        bits.append(Bits(pattern, "spare", _PADDING, f"{counted(spare, 'spare bit')} behind it"))
    return tuple(bits)


def _walk_octets(walk: Walk, end: int, clause: str, kind: str) -> None:
    count = end - walk.at
    walk.take(count, "TP-UD", clause, lambda _: f"{kind}, {counted(count, 'octet')}")


def _walk_characters(walk: Walk, end: int) -> None:
    units, half = divmod(end - walk.at, 2)
    walk.take(2 * units, "TP-UD", _UCS2, lambda _: f"text of {counted(units, 'UCS-2 character')}")
    walk.take(half, "TP-UD", _UCS2, lambda _: "half a character")


def _walk_header(walk: Walk, end: int) -> None:
    """TP-UDHL and the information elements of user data that ends at `end`."""
    if walk.at >= end:
        return
    length = walk.take(
        1, "TP-UDHL", _HEADER, lambda octets: f"header of {counted(octets[0], 'octet')}"
    )[0]
    stop = min(walk.at + length, end)
    while walk.at < stop:
        _walk_element(walk, stop)


def _walk_element(walk: Walk, stop: int) -> None:
    left = stop - walk.at
    start = walk.octets[walk.at : walk.at + 2]
    size = 2 + start[1] if len(start) == 2 else 2
    if size <= left and start:
        walk.take(size, f"IEI {start[0]:02X}", element_clause(start[0]), element_words)
    else:
        walk.take(left, "TP-UDH", _HEADER, lambda _: "no whole information element")
