"""Cell broadcast: the pages that modems print behind `+CBM` (23.041 §9.4.1.2, 23.038 §5).

A page is six octets and up to 82 of content: 93 septets, or 41 UCS-2 characters. Short content
is filled up with carriage returns, or cut off where the modem knows its length. Pages of one
text have its serial number and message identifier in common; a cell repeats them for hours, in
any order.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from modemgw.pdu.broadcast_coding import BROADCAST_CODINGS
from modemgw.pdu.broadcast_text import septets_text, ucs2_text
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.errors import PduError
from modemgw.pdu.header import NO_HEADER, Header, read_header
from modemgw.pdu.septets import septets_over, unpack
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable

CLAUSE: Final = "23.041 §9.4.1.2"
PAGE_OCTETS: Final = 88
HEAD_OCTETS: Final = 6
CONTENT_OCTETS: Final = PAGE_OCTETS - HEAD_OCTETS
MAX_PAGES: Final = 15

# Filling: what the standard says, zeros, and in UCS-2 also a row of octets 0D.
_GSM7_FILLING: Final = "\r"
_UCS2_FILLING: Final = "\r\0\u0d0d"


class BroadcastScope(IntEnum):
    """Where a text is the same one, so that a phone need not show it again (§9.4.1.2.1)."""

    CELL_AT_ONCE = 0  # to be shown at once, valid in the cell
    NETWORK = 1
    AREA = 2
    CELL = 3


@value
class SerialNumber:
    """Which text it is: where it is valid, its code (0 to 1023), its update number (0 to 15)."""

    scope: BroadcastScope
    code: int
    update: int


@value
class BroadcastPage:
    """A page of a cell broadcast.

    `message_id` says what it is about (0 to 65535; from 4352 on warnings), `page` of `pages` its
    place (1 to 15). `content` is the content as received; one of `text` and `data` is None, and
    `text` is without filling. `language` is ISO 639's two letters, where it is said.
    """

    serial: SerialNumber
    message_id: int
    dcs: int
    page: int
    pages: int
    content: bytes
    text: str | None
    data: bytes | None = None
    language: str | None = None
    header: Header = NO_HEADER


def decode_broadcast(page: str) -> BroadcastPage:
    """The page in `page`, hex as modems print it in PDU mode.

    Raises PduError for what is no hex, has less than the six octets of its head or more than 88,
    or has a damaged user-data header.
    """
    try:
        octets = bytes.fromhex(page)
    except ValueError:
        raise PduError("not hexadecimal", at=0, field="page", clause=CLAUSE) from None
    if not HEAD_OCTETS <= len(octets) <= PAGE_OCTETS:
        raise PduError(
            f"a page of {len(octets)} octets, {HEAD_OCTETS} to {PAGE_OCTETS} expected",
            at=len(octets),
            field="page",
            clause=CLAUSE,
        )
    serial = int.from_bytes(octets[:2], "big")
    dcs = octets[4]
    number, total = octets[5] >> 4, octets[5] & 0x0F
    if not 1 <= number <= total:  # what makes no sense is one page (§9.4.1.2.4)
        number = total = 1
    content = _read_content(octets, dcs)
    return BroadcastPage(
        SerialNumber(BroadcastScope(serial >> 14), serial >> 4 & 0x3FF, serial & 0x0F),
        message_id=int.from_bytes(octets[2:4], "big"),
        dcs=dcs,
        page=number,
        pages=total,
        content=octets[HEAD_OCTETS:],
        text=content.text,
        data=content.data,
        language=content.language,
        header=content.header,
    )


def join_pages(pages: Iterable[BroadcastPage]) -> str:
    """The text of all pages of one broadcast, in whatever order and however often they came.

    A page without text counts as empty. Raises PduError where a page is missing, or is of another
    broadcast than the first.
    """
    by_number: dict[int, BroadcastPage] = {}
    for page in pages:
        first = next(iter(by_number.values()), page)
        if _broadcast(page) != _broadcast(first):
            raise PduError("pages of several broadcasts", field="serial number", clause=CLAUSE)
        by_number[page.page] = page
    total = next(iter(by_number.values())).pages if by_number else 1
    missing = [str(number) for number in range(1, total + 1) if number not in by_number]
    if missing:
        raise PduError(
            f"of {total} pages is missing {', '.join(missing)}",
            field="page parameter",
            clause=CLAUSE,
        )
    text = "".join(by_number[number].text or "" for number in range(1, total + 1))
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


def _broadcast(page: BroadcastPage) -> tuple[SerialNumber, int, int, int]:
    return page.serial, page.message_id, page.dcs, page.pages


@value
class _Content:
    text: str | None
    data: bytes | None
    language: str | None
    header: Header


def _read_content(octets: bytes, dcs: int) -> _Content:
    """What a page says. As in a short message, septets count from where the header begins."""
    coding = BROADCAST_CODINGS[dcs]
    header = read_header(octets, HEAD_OCTETS, len(octets)) if coding.header else NO_HEADER
    content = octets[HEAD_OCTETS:]
    if coding.alphabet is Alphabet.EIGHT_BIT or coding.compressed:
        return _Content(None, content[header.length :], coding.language, header)
    if coding.alphabet is Alphabet.UCS2:
        said = ucs2_text(content[header.length :], coding)
        return _Content(said.text.rstrip(_UCS2_FILLING), None, said.language, header)
    septets = unpack(content, len(content) * 8 // 7)
    said = septets_text(septets[septets_over(header.length) :], coding, header)
    return _Content(said.text.rstrip(_GSM7_FILLING), None, said.language, header)
