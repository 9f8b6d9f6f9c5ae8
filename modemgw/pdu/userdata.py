"""TP-UDL and TP-UD: the text or data of a TPDU, with its header (23.040 §9.2.3.16, §9.2.3.24).

In GSM-7, fill bits behind the header move the text to the next septet boundary *of the whole
user data*. So the text's septets lie on the same grid as if there were no header: unpack all,
and drop those that the header covers.
"""

from __future__ import annotations

from codecs import utf_16_be_decode
from typing import Final

from modemgw.pdu.alphabet import text_of
from modemgw.pdu.coding import CODINGS, Alphabet
from modemgw.pdu.errors import Defects, PduError, note, truncated
from modemgw.pdu.header import NO_HEADER, Header, read_header
from modemgw.pdu.septets import packed_length, septets_over, unpack
from modemgw.pdu.value import value

_CLAUSE: Final = "23.040 §9.2.3.16"
MAX_OCTETS: Final = 140
MAX_SEPTETS: Final = 160

# A member looked up in its enum takes longer than one that has a name here.
_GSM7: Final = Alphabet.GSM7
_UCS2: Final = Alphabet.UCS2
# By TP-DCS: whether the user data is text of that alphabet; else it is data.
IS_GSM7: Final = tuple(c.alphabet is _GSM7 and not c.compressed for c in CODINGS)
IS_UCS2: Final = tuple(c.alphabet is _UCS2 and not c.compressed for c in CODINGS)


@value
class UserData:
    """User data as received and as understood.

    `length` is TP-UDL (septets for GSM-7, else octets) and `octets` TP-UD with its header: both
    of what is really there. One of `text` and `data` is None: 8-bit and compressed user data are
    data. `text` may hold one half of a surrogate pair, where a sender cut it between two parts.
    """

    alphabet: Alphabet
    length: int
    octets: bytes
    text: str | None
    data: bytes | None = None
    header: Header = NO_HEADER


def read_user_data(
    octets: bytes, at: int, dcs: int, udhi: int, defects: Defects = None, most: int = MAX_OCTETS
) -> UserData:
    """The user data, `most` octets of it, whose TP-UDL stands at `at`; those behind are ignored.

    To a lenient reader user data shorter than TP-UDL says, a TP-UDL beyond what the standard
    allows, a header that does not fit, and half a UCS-2 character at the end are defects and not
    errors. Raises PduError.
    """
    try:
        length = octets[at]
    except IndexError:
        note(truncated(octets, "TP-UDL", _CLAUSE), defects)
        length, octets = 0, octets + b"\0"
    if not IS_GSM7[dcs]:
        return _read_octets(octets, at, dcs, udhi, defects, most)
    at += 1
    end = at + ((length * 7 + 7) >> 3)
    if udhi or length > MAX_SEPTETS or end > len(octets):
        return _read_septets(octets, at - 1, udhi, defects, most)
    body = octets[at:end]
    return UserData(_GSM7, length, body, text_of(unpack(body, length)))


def _read_septets(octets: bytes, at: int, udhi: int, defects: Defects, most: int) -> UserData:
    length = octets[at]
    start = at + 1
    end = start + packed_length(length)
    if length > MAX_SEPTETS or end > len(octets):
        length = _septets_there(octets, at, udhi, defects, most * 8 // 7)
        end = min(start + packed_length(length), len(octets))
    body = octets[start:end]
    header = read_header(octets, start, end, defects) if udhi else NO_HEADER
    covered = septets_over(header.length)
    if length > covered:
        septets = unpack(body, length)[covered:]
        text = text_of(septets, header.locking or 0, header.single or 0)
        return UserData(_GSM7, length, body, text, None, header)
    if length < covered and not defects:  # a header that was cut short has been noted
        note(_too_short(at, length), defects)
    return UserData(_GSM7, length, body, "", None, header)


def _septets_there(octets: bytes, at: int, udhi: int, defects: Defects, most: int) -> int:
    """How many septets there are behind a TP-UDL that seems to say too many."""
    length = octets[at]
    if length > most:
        note(_too_long(at, length, most, "septets"), defects)
        length = most
    start = at + 1
    there = (len(octets) - start) * 8 // 7
    if length <= there or (udhi and there and _is_header_alone(octets, start, length)):
        return length
    note(truncated(octets, "TP-UD", _CLAUSE), defects)
    return there


def _is_header_alone(octets: bytes, at: int, length: int) -> bool:
    """A header without text may lack the octet that would only hold its fill bits."""
    header = octets[at] + 1
    return length == septets_over(header) and at + header <= len(octets)


def _read_octets(
    octets: bytes, at: int, dcs: int, udhi: int, defects: Defects, most: int
) -> UserData:
    length = octets[at]
    start = at + 1
    end = start + length
    if length > most or end > len(octets):
        end = start + _octets_there(octets, at, defects, most)
    header = read_header(octets, start, end, defects) if udhi else NO_HEADER
    body = octets[start:end]
    content = body[header.length :]
    if not IS_UCS2[dcs]:
        return UserData(CODINGS[dcs].alphabet, len(body), body, None, content, header)
    if len(content) & 1:
        note(_half_character(end - 1), defects)
        content = content[:-1]
    # `bytes.decode` looks its codec up by name, which takes twice as long as the work itself.
    text = utf_16_be_decode(content, "surrogatepass", True)[0]
    return UserData(_UCS2, len(body), body, text, None, header)


def _octets_there(octets: bytes, at: int, defects: Defects, most: int) -> int:
    """How many octets there are behind a TP-UDL that says too many."""
    length = octets[at]
    if length > most:
        note(_too_long(at, length, most, "octets"), defects)
        length = most
    there = len(octets) - at - 1
    if length <= there:
        return length
    note(truncated(octets, "TP-UD", _CLAUSE), defects)
    return there


def _half_character(at: int) -> PduError:
    return PduError(
        "half a UCS-2 character at the end", at=at, field="TP-UD", clause="23.038 §6.2.3"
    )


def _too_long(at: int, length: int, most: int, unit: str) -> PduError:
    return PduError(
        f"user data of {length} {unit}, {most} at most", at=at, field="TP-UDL", clause=_CLAUSE
    )


def _too_short(at: int, length: int) -> PduError:
    return PduError(
        f"user data of {length} septets is shorter than its header",
        at=at,
        field="TP-UDL",
        clause=_CLAUSE,
    )
