"""The user-data header and its information elements (23.040 §9.2.3.24)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from modemgw.pdu.errors import Defects, PduError, note
from modemgw.pdu.value import value

_CLAUSE: Final = "23.040 §9.2.3.24"

IEI_CONCAT_8: Final = 0x00  # §9.2.3.24.1
IEI_PORTS_8: Final = 0x04  # §9.2.3.24.3
IEI_PORTS_16: Final = 0x05  # §9.2.3.24.4
IEI_CONCAT_16: Final = 0x08  # §9.2.3.24.8
IEI_SINGLE_SHIFT: Final = 0x24  # §9.2.3.24.15
IEI_LOCKING_SHIFT: Final = 0x25  # §9.2.3.24.16

# The elements that we understand, each with the only length that it can have.
_CONCAT: Final = ((IEI_CONCAT_8, 3), (IEI_CONCAT_16, 4))
_PORTS: Final = ((IEI_PORTS_8, 2), (IEI_PORTS_16, 4))
_SINGLE_SHIFT: Final = (IEI_SINGLE_SHIFT, 1)
_LOCKING_SHIFT: Final = (IEI_LOCKING_SHIFT, 1)


@value
class Element:
    """One information element as received: its identifier and its octets."""

    iei: int
    data: bytes


@value
class Concat:
    """A part's place: `seq` of `total` (1 to 255) under a reference of 8 or 16 `bits`."""

    ref: int
    total: int
    seq: int
    bits: int = 8


@value
class Ports:
    """Application ports: destination and source, each of 8 or 16 `bits`."""

    dst: int
    src: int
    bits: int = 16


@value
class Header:
    """A user-data header: all its elements in order, and those that we understand.

    `length` is its octets with UDHL, 0 where there is none. An element of the wrong size is kept
    in `elements` and otherwise ignored, so is a concatenation whose numbers make no sense; of
    several of a kind the last holds (§9.2.3.24). `locking` and `single` are national language
    identifiers as received, None where none was sent.
    """

    length: int
    elements: tuple[Element, ...] = ()
    concat: Concat | None = None
    ports: Ports | None = None
    locking: int | None = None
    single: int | None = None


NO_HEADER: Final = Header(0)


def read_header(octets: bytes, at: int, end: int, defects: Defects = None) -> Header:
    """The header at `at`, where UDHL stands, of user data that ends at `end`.

    Raises PduError where the header or an element of it runs past its end; to a lenient reader
    those are defects, and the elements before them stand.
    """
    if at >= end:
        if not defects:  # user data that was cut off has been noted
            note(_no_header(at), defects)
        return NO_HEADER
    length = octets[at] + 1
    if at + length > end:
        if not defects:
            note(_header_too_long(at, octets[at]), defects)
        length = end - at
    header, broken = header_of(octets[at : at + length])
    if broken:
        note(_element_too_long(at + broken, octets[at + broken]), defects)
    return header


# A header says little but which part this is: with references of 8 bits there are a few thousand
# headers, and they come again and again. With 16 bits a miss costs a fifth of a reading more.
@lru_cache(maxsize=4096)
def header_of(octets: bytes) -> tuple[Header, int]:
    """The header that these octets are, with UDHL in front, and where an element runs past its
    end, 0 if none does.
    """
    elements = []
    concat = ports = locking = single = None
    stop = len(octets)
    at = 1
    broken = 0
    while at < stop:
        iei = octets[at]
        start = at + 2
        after = start + octets[at + 1] if start <= stop else stop + 1
        if after > stop:
            broken = at
            break
        data = octets[start:after]
        elements.append(Element(iei, data))
        kind = iei, len(data)
        if kind in _CONCAT:
            concat = _concat(data) or concat
        elif kind in _PORTS:
            ports = _ports(data)
        elif kind == _SINGLE_SHIFT:
            single = data[0]
        elif kind == _LOCKING_SHIFT:
            locking = data[0]
        at = after
    return Header(stop, tuple(elements), concat, ports, locking, single), broken


def _no_header(at: int) -> PduError:
    return PduError("header announced, but no user data", at=at, field="TP-UDHL", clause=_CLAUSE)


def _header_too_long(at: int, length: int) -> PduError:
    return PduError(
        f"header of {length} octets runs past the user data", at=at, field="TP-UDHL", clause=_CLAUSE
    )


def _element_too_long(at: int, iei: int) -> PduError:
    return PduError(
        "an information element runs past the header",
        at=at,
        field=f"IEI {iei:02X}",
        clause=_CLAUSE,
    )


def _concat(data: bytes) -> Concat | None:
    """None where the part number is 0 or beyond the total: to be ignored (§9.2.3.24.1)."""
    total, seq = data[-2], data[-1]
    if not 1 <= seq <= total:
        return None
    return Concat(int.from_bytes(data[:-2], "big"), total, seq, 8 * len(data) - 16)


def _ports(data: bytes) -> Ports:
    half = len(data) // 2
    return Ports(
        int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big"), bits=8 * half
    )


def ports_element(ports: Ports) -> Element:
    """The element for application ports. Raises PduError where they do not fit."""
    iei, size = (IEI_PORTS_8, 1) if ports.bits == 8 else (IEI_PORTS_16, 2)
    try:
        return Element(iei, ports.dst.to_bytes(size, "big") + ports.src.to_bytes(size, "big"))
    except OverflowError:
        raise PduError(
            f"ports of {8 * size} bits are 0 to {256**size - 1}", field="ports", clause=_CLAUSE
        ) from None
