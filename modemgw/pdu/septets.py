"""Septets packed into octets and back (23.038 §6.1.2.1), all of a text at once.

Eight septets fill seven octets. Read as one little-endian number, the first septet is the lowest
seven bits, the second the next seven, and so on. To spread them over octets the number is cut
into lanes of 64 bits, each with seven octets (56 bits) at its bottom, and then every lane is
halved three times, in all lanes at once:

    56 bits in a lane of 64  ->  28 + 28 in lanes of 32: the upper half moves up by 4
    28 bits in a lane of 32  ->  14 + 14 in lanes of 16: the upper half moves up by 2
    14 bits in a lane of 16  ->   7 +  7 in lanes of  8: the upper half moves up by 1

Where `high` are the upper halves of x, moving them up by n is x - high + high * 2**n, which is
x + high * (2**n - 1): one operation less than taking both halves out and joining them again.

Packing takes the same steps backwards.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

MAX_SEPTETS: Final = 192  # to unpack at once; a text has at most 160, a USSD string 184
_GROUPS: Final = 255 * 20  # of eight septets, to pack at once: all parts of the longest text


def packed_length(count: int) -> int:
    """How many octets `count` septets fill."""
    return (count * 7 + 7) >> 3


def septets_over(octets: int) -> int:
    """The fewest septets that cover so many octets: a header and its fill bits (§6.1.2.1)."""
    return (octets * 8 + 6) // 7


#: The same by a table, for what is asked of every part.
COVERED: Final = tuple(septets_over(octets) for octets in range(161))


def _lanes(pattern: int) -> int:
    """The 64-bit `pattern` in every lane."""
    return int.from_bytes(pattern.to_bytes(8, "little") * _GROUPS, "little")


HIGH_28 = _lanes(0x00FF_FFFF_F000_0000)
HIGH_14 = _lanes(0x0FFF_C000_0FFF_C000)
HIGH_7 = _lanes(0x3F80_3F80_3F80_3F80)


def _groups(count: int) -> Struct:
    """The octets of `count` septets in groups of seven, the last one shorter."""
    whole, rest = divmod(packed_length(count), 7)
    return Struct("7s" * whole + f"{rest}s" * bool(rest))


#: The groups of so many septets, cut out of octets from an offset on.
SPLIT = tuple(_groups(count).unpack_from for count in range(MAX_SEPTETS + 1))


def unpack(octets: bytes, count: int) -> bytes:
    """The first `count` septets of `octets`, one to an octet.

    `octets` must hold them: at least `packed_length(count)` octets, `count` up to MAX_SEPTETS.
    """
    x = int.from_bytes(b"\0".join(SPLIT[count](octets)), "little")
    x += (x & HIGH_28) * 15
    x += (x & HIGH_14) * 3
    x += x & HIGH_7
    try:
        return x.to_bytes(count, "little")
    except OverflowError:  # spare bits that are set: they look like one septet more
        return x.to_bytes(count + 1, "little")[:count]


def pack(septets: bytes) -> bytearray:
    """`septets` (values to 127) packed; spare bits at the end are 0.

    At most 40,800 of them: a text of 255 parts goes in at once, 160 septets for each.
    """
    count = len(septets)
    x = int.from_bytes(septets, "little")
    x -= x >> 1 & HIGH_7
    x -= (x >> 2 & HIGH_14) * 3
    x -= (x >> 4 & HIGH_28) * 15
    # Eight septets leave their last octet empty, k < 8 of them fill k octets, as many as they need.
    packed = bytearray(x.to_bytes(count, "little"))
    del packed[7::8]
    return packed
