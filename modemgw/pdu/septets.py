"""Septets packed into octets and back (23.038 §6.1.2.1), all of a text at once.

Eight septets fill seven octets. Read as one little-endian number, the first septet is the lowest
seven bits, the second the next seven, and so on. To spread them over octets the number is cut
into lanes of 64 bits, each with seven octets (56 bits) at its bottom, and then every lane is
halved three times, in all lanes at once:

    56 bits in a lane of 64  ->  28 + 28 in lanes of 32: the upper half moves up by 4
    28 bits in a lane of 32  ->  14 + 14 in lanes of 16: the upper half moves up by 2
    14 bits in a lane of 16  ->   7 +  7 in lanes of  8: the upper half moves up by 1

Packing takes the same steps backwards. No text needs more than `MAX_SEPTETS`.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

_GROUPS: Final = 24  # of seven octets; a text has at most 20, a USSD string 23
MAX_SEPTETS: Final = _GROUPS * 8


def _lanes(pattern: int) -> int:
    """The 64-bit `pattern` in every lane."""
    return int.from_bytes(pattern.to_bytes(8, "little") * _GROUPS, "little")


_LOW_28 = _lanes(0x0000_0000_0FFF_FFFF)
_HIGH_28 = _lanes(0x00FF_FFFF_F000_0000)
_LOW_14 = _lanes(0x0000_3FFF_0000_3FFF)
_HIGH_14 = _lanes(0x0FFF_C000_0FFF_C000)
_LOW_7 = _lanes(0x007F_007F_007F_007F)
_HIGH_7 = _lanes(0x3F80_3F80_3F80_3F80)
_WIDE_28 = _lanes(0x0FFF_FFFF_0000_0000)
_WIDE_14 = _lanes(0x3FFF_0000_3FFF_0000)
_WIDE_7 = _lanes(0x7F00_7F00_7F00_7F00)

_SPLIT = tuple(Struct("7s" * groups).unpack for groups in range(_GROUPS + 1))


def unpack(octets: bytes, count: int) -> bytes:
    """The first `count` septets of `octets`, one to an octet.

    `octets` must hold them: at least `packed_length(count)` octets, `count` up to MAX_SEPTETS.
    """
    groups = (count + 7) >> 3
    packed = octets[: groups * 7].ljust(groups * 7, b"\0")
    lanes = b"\0".join(_SPLIT[groups](packed))
    x = int.from_bytes(lanes, "little")
    x = x & _LOW_28 | (x & _HIGH_28) << 4
    x = x & _LOW_14 | (x & _HIGH_14) << 2
    x = x & _LOW_7 | (x & _HIGH_7) << 1
    return x.to_bytes(groups << 3, "little")[:count]


def pack(septets: bytes) -> bytes:
    """`septets` (values to 127, up to MAX_SEPTETS of them) packed; spare bits at the end are 0."""
    count = len(septets)
    x = int.from_bytes(septets, "little")
    x = x & _LOW_7 | (x & _WIDE_7) >> 1
    x = x & _LOW_14 | (x & _WIDE_14) >> 2
    x = x & _LOW_28 | (x & _WIDE_28) >> 4
    packed = bytearray(x.to_bytes((count + 7) & ~7, "little"))
    del packed[7::8]
    return bytes(packed[: packed_length(count)])


def packed_length(count: int) -> int:
    """How many octets `count` septets fill."""
    return (count * 7 + 7) >> 3
