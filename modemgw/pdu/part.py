"""What a reassembler keeps of a part, and what parts say together (23.040 §9.2.3.24.1).

Senders cut where they like: between an escape and its character, between the halves of a
surrogate pair. So the parts of a GSM-7 text are joined as septets wherever an escape is near a
cut, and only then; everywhere else their texts are put one behind the other.

Little is kept, for many parts wait long. A text without escapes has one character for each
septet, and as no table has a character twice, its septets can be found again from it; only of
other texts are the septets kept.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from modemgw.pdu.alphabet import ESCAPE, septets_of, text_of
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.septets import COVERED, unpack
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modemgw.pdu.deliver import Deliver
    from modemgw.pdu.userdata import UserData

_GSM7: Final = Alphabet.GSM7
_ESCAPE: Final = bytes((ESCAPE,))
_NO_CHARACTER: Final = "\ufffd"
_new: Final = object.__new__
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@value
class Septets:
    """How a GSM-7 text was coded: its national language identifiers, 0 for the default.

    `codes` are its septets, one to an octet, where they cannot be told from the text, else empty.
    """

    locking: int
    single: int
    codes: bytes = b""


@value
class Part:
    """What is kept of a part: its number, what it says, and the caller's `token` for it.

    `content` is text, or octets of a part that is data; `septets` is how a GSM-7 text was coded,
    None for anything else.

    `mark` is 32 bits of its user data and its time stamp: a checksum of the one that starts from
    the other. For the same octets another start always ends elsewhere, so a text that is sent
    again at another time of the month never looks like the first. Other octets look alike once in
    four thousand million. Unlike `hash`, it is the same in every process, and can be stored.
    """

    seq: int
    content: str | bytes
    septets: Septets | None
    mark: int
    token: object


def part_of(deliver: Deliver, seq: int, token: object) -> Part:
    """What to keep of `deliver`, which is part number `seq`."""
    content, scts = deliver.user_data, deliver.scts
    start = 0
    if scts is not None:
        start = ((scts.day * 24 + scts.hour) * 60 + scts.minute) * 60 + scts.second
    mark = crc32(content.octets, start)
    text = content.text
    part = _new(Part)
    draft: Any = part  # filled in without the class call, as `decoder` does
    draft.seq = seq
    draft.mark = mark
    draft.token = token
    if text is None:
        draft.content = content.data or b""
        draft.septets = None
    else:
        draft.content = text
        draft.septets = _septets(content, text) if content.alphabet is _GSM7 else None
    return part


def _septets(content: UserData, text: str) -> Septets:
    header = content.header
    locking, single = header.locking or 0, header.single or 0
    covered = COVERED[header.length]
    if content.length - covered != len(text) or _NO_CHARACTER in text:
        return Septets(locking, single, unpack(content.octets, content.length)[covered:])
    return _shared(locking, single) if locking or single else _DEFAULT


@lru_cache(maxsize=256)
def _shared(locking: int, single: int) -> Septets:
    """One for all parts that need no more than the names of their tables."""
    return Septets(locking, single)


_DEFAULT: Final = _shared(0, 0)


def join(parts: Iterable[Part]) -> tuple[str, bytes | None]:
    """The text of parts in their order, as if it had never been cut, and the data of those that
    are data: None where none is. Either counts as empty in the other.
    """
    texts: list[str] = []
    data: list[bytes] = []
    held = b""  # an escape that waits for what the next part begins with
    for part in parts:
        content, septets = part.content, part.septets
        if isinstance(content, bytes):
            data.append(content)
            held = b""
        elif septets is None:
            texts.append(content)
            held = b""
        elif held or septets.codes:
            codes = held + _codes(content, septets)
            held = _dangling(codes)
            texts.append(text_of(codes, septets.locking, septets.single))
        else:
            texts.append(content)
    return _paired("".join(texts)), b"".join(data) if data else None


def _dangling(codes: bytes) -> bytes:
    """The escape at the end that has nothing to escape; two of them are a pair, three are not."""
    return _ESCAPE * ((len(codes) - len(codes.rstrip(_ESCAPE))) % 2)


def _codes(text: str, septets: Septets) -> bytes:
    codes = septets.codes or septets_of(text, septets.locking, septets.single)
    assert codes is not None  # the table that a text was read with can say it
    return codes


def _paired(text: str) -> str:
    """`text` with the halves of surrogate pairs put together where they meet."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
