"""Text to septets and back: the GSM 7-bit alphabet with its national tables (23.038 §6.2.1).

Between text and septets stands a *compact* form, one octet to a character: its code, with the
highest bit set where it needs an escape in front. Both directions to and from it are a single
charmap pass in C; only texts that use the extension pay for escapes.
"""

from __future__ import annotations

import re
from codecs import charmap_build, charmap_decode, charmap_encode
from functools import cache
from typing import TYPE_CHECKING, Final

from modemgw.pdu.national_locking import LOCKING
from modemgw.pdu.national_single import SINGLE

if TYPE_CHECKING:
    from _codecs import _EncodeCharMap
    from collections.abc import Container

ESCAPE: Final = 0x1B

_HOLE: Final = "\ufffe"  # charmap_build leaves this position out
_UNKNOWN: Final = "\ufffd"
_ESCAPED: Final = tuple(bytes((ESCAPE, octet & 0x7F)) for octet in range(256))
_HIGH: Final = re.compile(rb"[\x80-\xff]")

# A charmap is fast only if its position 0 is U+0000, and in the GSM alphabet that is '@'. So the
# character of code 0 is put at the one high position that no single-shift table can use, the
# escape's own, and moved home by a translation.
_ZERO: Final = ESCAPE | 0x80
_HOME: Final = bytes(0 if octet == _ZERO else octet for octet in range(256))


def text_of(septets: bytes | bytearray, locking: int = 0, single: int = 0) -> str:
    """What `septets` say, with the tables of those national language identifiers.

    Unknown identifiers mean the default tables. A code that the single-shift table lacks is read
    from the locking table, escape twice is a space, an escape at the end is dropped, a code that
    no table has is U+FFFD. Never fails.
    """
    if ESCAPE in septets:
        septets = without_escapes(septets)
    table = _decoding_table(locking, single) if locking or single else DEFAULT_TABLE
    return charmap_decode(septets, "strict", table)[0]


def septets_of(text: str, locking: int = 0, single: int = 0) -> bytes | None:
    """The septets for `text`, or None where the tables lack one of its characters."""
    if locking or single:
        table = _encoding_map(locking, single)
    else:
        try:
            compact = text.encode("latin-1").translate(FROM_LATIN)
        except UnicodeEncodeError:
            pass
        else:
            if compact.isascii():
                return compact
            return None if _NO_CODE in compact else _HIGH.sub(_escape_pair, compact)
        table = _DEFAULT_MAP
    if "\0" in text:
        return None
    try:
        compact = charmap_encode(text, "strict", table)[0]
    except UnicodeEncodeError:
        return None
    if compact.isascii():
        return compact
    return _HIGH.sub(_escape_pair, compact.translate(_HOME))


def without_escapes(septets: bytes | bytearray) -> bytearray:
    """The compact form: the highest bit of the code behind an escape stands for the escape."""
    compact = bytearray(septets)
    at = compact.find(ESCAPE)
    while at >= 0:
        del compact[at]
        if at < len(compact):  # else the escape stood at the end, and says nothing
            compact[at] |= 0x80
        at = compact.find(ESCAPE, at + 1)
    return compact


def _escape_pair(high: re.Match[bytes]) -> bytes:
    return _ESCAPED[high[0][0]]


def _decoding_table(locking: int, single: int) -> str:
    """256 characters: the locking table, and above it the single-shift table over it."""
    return _decoding_table_of(_known(locking, LOCKING), _known(single, SINGLE))


def _encoding_map(locking: int, single: int) -> _EncodeCharMap:
    """From character to compact octet; what stands in both tables goes without an escape."""
    return _encoding_map_of(_known(locking, LOCKING), _known(single, SINGLE))


def _known(identifier: int, tables: Container[int]) -> int:
    """`identifier`, or the default for one that has no table: so the caches stay small."""
    return identifier if identifier in tables else 0


@cache
def _decoding_table_of(locking: int, single: int) -> str:
    low, high = LOCKING[locking], SINGLE[single]
    shifted = [high.get(code, low[code]) for code in range(128)]
    shifted[ESCAPE] = " "
    return (low + "".join(shifted)).replace(_HOLE, _UNKNOWN)


@cache
def _encoding_map_of(locking: int, single: int) -> _EncodeCharMap:
    low, high = LOCKING[locking], SINGLE[single]
    shifted = [high.get(code, _HOLE) for code in range(128)]
    shifted = [_HOLE if character in low else character for character in shifted]
    shifted[ESCAPE] = low[0]
    return charmap_build("\0" + low[1:] + "".join(shifted))


_DEFAULT_MAP: Final = _encoding_map(0, 0)


def _compact_code(character: str) -> int:
    """The compact octet of a character by the default tables, else `_NO_CODE`."""
    if (code := LOCKING[0].find(character)) >= 0:
        return code
    return next((code | 0x80 for code, c in SINGLE[0].items() if c == character), _NO_CODE)


# Most texts are Latin-1, and that becomes octets and these the compact form in half the time.
_NO_CODE: Final = 0x80  # an escaped 0, which no table has
FROM_LATIN: Final = bytes(_compact_code(chr(octet)) for octet in range(256))
#: As `text_of` reads septets without escapes by it.
DEFAULT_TABLE: Final = _decoding_table(0, 0)
