"""A DELIVER with parts of its text made unreadable, and everything else as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modemgw.pdu.address import service_centre_octets
from modemgw.pdu.alphabet import ESCAPE
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.septets import pack, septets_over, unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from modemgw.pdu.deliver import Deliver

_STAR: Final = 0x2A  # in the default alphabet, in UCS-2 and in ASCII


def hide(deliver: Deliver, places: Collection[int] | None) -> str:
    """The hex of the PDU with stars in these places of its text, or of its octets where it is data;
    None: in all of them. Nothing of what a modem printed behind the TPDU is kept.

    A national table may have another character where the default alphabet has the star. Raises
    PduError where an address cannot be written as it was read.
    """
    data = deliver.user_data
    head = data.header.length
    if data.alphabet is Alphabet.GSM7 and data.data is None:
        covered = septets_over(head)
        septets = bytearray(unpack(data.octets, data.length))
        _star(septets, _by_septets(septets, covered), places, 1)
        hidden = bytes(pack(bytes(septets)))
        hidden = data.octets[:head] + hidden[head:]
    else:
        octets = bytearray(data.octets)
        is_ucs2 = data.alphabet is Alphabet.UCS2 and data.data is None
        units = _by_characters(octets, head) if is_ucs2 else _one_by_one(octets, head)
        _star(octets, units, places, 2 if is_ucs2 else 1)
        hidden = bytes(octets)
    changed = replace(deliver, user_data=replace(data, octets=hidden))
    return (service_centre_octets(deliver.sca) + changed.octets()).hex().upper()


def _star(
    octets: bytearray, units: Iterator[tuple[int, int]], places: Collection[int] | None, width: int
) -> None:
    star = _STAR.to_bytes(width, "big")
    for place, (start, end) in enumerate(list(units)):
        if places is None or place in places:
            octets[start:end] = star * ((end - start) // width)


def _by_septets(septets: bytearray, start: int) -> Iterator[tuple[int, int]]:
    """From where to where each character reaches: an escape belongs to what follows it."""
    while start < len(septets):
        end = min(start + (2 if septets[start] == ESCAPE else 1), len(septets))
        yield start, end
        start = end


def _by_characters(octets: bytearray, start: int) -> Iterator[tuple[int, int]]:
    """The same of UTF-16, of which two surrogates are one character."""
    last = len(octets) - 1
    while start < last:
        is_pair = octets[start] & 0xFC == 0xD8 and start + 2 < last
        is_pair = is_pair and octets[start + 2] & 0xFC == 0xDC
        end = start + (4 if is_pair else 2)
        yield start, end
        start = end


def _one_by_one(octets: bytearray, start: int) -> Iterator[tuple[int, int]]:
    return ((at, at + 1) for at in range(start, len(octets)))
