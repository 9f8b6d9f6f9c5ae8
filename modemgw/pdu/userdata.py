"""TP-UDL and TP-UD: the text or data of a TPDU, with its header (23.040 §9.2.3.16, §9.2.3.24).

In GSM-7, fill bits behind the header move the text to the next septet boundary *of the whole
user data*. So the text's septets lie on the same grid as if there were no header: unpack all,
and drop those that the header covers.
"""

from __future__ import annotations

import re
from typing import Final

from modemgw.pdu.alphabet import ESCAPE, text_of
from modemgw.pdu.coding import CODINGS, Alphabet, Coding
from modemgw.pdu.errors import PduError, truncated
from modemgw.pdu.header import NO_HEADER, Header, read_header
from modemgw.pdu.septets import packed_length, unpack
from modemgw.pdu.value import value

_CLAUSE: Final = "23.040 §9.2.3.16"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
MAX_OCTETS: Final = 140
MAX_SEPTETS: Final = 160


@value
class UserData:
    """User data as received and as understood.

    `length` is TP-UDL (septets for GSM-7, else octets) and `octets` TP-UD with its header: both
    of what is really there. One of `text` and `data` is None: 8-bit and compressed user data are
    data. `text` may hold one half of a surrogate pair, where a sender cut it between two parts.
    `defects` is what a lenient reading passed over.
    """

    alphabet: Alphabet
    length: int
    octets: bytes
    text: str | None
    data: bytes | None = None
    header: Header = NO_HEADER
    defects: tuple[PduError, ...] = ()


NO_USER_DATA: Final = UserData(Alphabet.GSM7, 0, b"", "")


def read_user_data(
    octets: bytes, at: int, dcs: int, *, udhi: int, lenient: bool = False
) -> UserData:
    """The user data whose TP-UDL stands at `at`; octets behind it are ignored.

    With `lenient`, user data shorter than TP-UDL says, a TP-UDL beyond what the standard allows,
    and half a UCS-2 character at the end are defects of the value and not errors. Raises PduError.
    """
    if len(octets) <= at:
        raise truncated(octets, "TP-UDL", _CLAUSE)
    coding = CODINGS[dcs]
    tolerance = _Tolerance(lenient)
    if coding.alphabet is Alphabet.GSM7 and not coding.compressed:
        return _read_septets(octets, at, udhi, tolerance)
    return _read_octets(octets, at, coding, udhi, tolerance)


class _Tolerance:
    """Raises what is wrong, or collects it."""

    __slots__ = ("_lenient", "defects")

    def __init__(self, lenient: bool) -> None:
        self._lenient = lenient
        self.defects: tuple[PduError, ...] = ()

    def note(self, error: PduError) -> None:
        if not self._lenient:
            raise error
        self.defects += (error,)


def _read_septets(octets: bytes, at: int, udhi: int, tolerance: _Tolerance) -> UserData:
    length = octets[at]
    if length > MAX_SEPTETS:
        tolerance.note(_too_long(at, length, MAX_SEPTETS, "septets"))
        length = MAX_SEPTETS
    start = at + 1
    end = start + packed_length(length)
    header = read_header(octets, start, min(end, len(octets))) if udhi else NO_HEADER
    covered = _covered(header)
    if length < covered:
        raise _too_short(at, length)
    # A header without text may lack the octet that would only hold its fill bits.
    if end > len(octets) and length > covered:
        tolerance.note(truncated(octets, "TP-UD", _CLAUSE))
        length = max((len(octets) - start) * 8 // 7, covered)
    body = octets[start:end]
    septets = unpack(body, length)
    if udhi:
        text = text_of(septets[covered:], header.locking or 0, header.single or 0)
    else:
        text = text_of(septets)
    return UserData(Alphabet.GSM7, length, body, text, None, header, tolerance.defects)


def _read_octets(
    octets: bytes, at: int, coding: Coding, udhi: int, tolerance: _Tolerance
) -> UserData:
    length = octets[at]
    if length > MAX_OCTETS:
        tolerance.note(_too_long(at, length, MAX_OCTETS, "octets"))
        length = MAX_OCTETS
    start = at + 1
    end = start + length
    if end > len(octets):
        tolerance.note(truncated(octets, "TP-UD", _CLAUSE))
        end = len(octets)
    header = read_header(octets, start, end) if udhi else NO_HEADER
    body = octets[start:end]
    content = body[header.length :]
    text = data = None
    if coding.alphabet is not Alphabet.UCS2 or coding.compressed:
        data = content
    else:
        if len(content) & 1:
            tolerance.note(_half_character(end - 1))
            content = content[:-1]
        text = content.decode("utf-16-be", "surrogatepass")
    return UserData(coding.alphabet, end - start, body, text, data, header, tolerance.defects)


def _covered(header: Header) -> int:
    """How many septets the header and its fill bits take."""
    return (header.length * 8 + 6) // 7


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


def join_texts(parts: list[UserData]) -> str:
    """The text of parts in their order, as if it had never been cut.

    Senders cut where they like: a surrogate pair or an escape sequence that was cut is whole
    again. Parts without text count as empty.
    """
    pieces: list[str] = []
    held = b""  # septets that wait for what the next part begins with
    for part in parts:
        if not _in_septets(part):
            pieces.append(part.text or "")
            held = b""
        elif held or _ends_in_escape(part):
            septets = held + _text_septets(part)
            held = b"\x1b" if septets.endswith(b"\x1b") else b""
            pieces.append(_septets_text(part, septets))
        else:
            pieces.append(part.text or "")
    text = "".join(pieces)
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


def _in_septets(part: UserData) -> bool:
    return part.alphabet is Alphabet.GSM7 and part.text is not None


def _text_septets(part: UserData) -> bytes:
    return unpack(part.octets, part.length)[_covered(part.header) :]


def _septets_text(part: UserData, septets: bytes) -> str:
    return text_of(septets, part.header.locking or 0, part.header.single or 0)


def _ends_in_escape(part: UserData) -> bool:
    at, shift = divmod((part.length - 1) * 7, 8)
    return int.from_bytes(part.octets[at : at + 2], "little") >> shift & 0x7F == ESCAPE
