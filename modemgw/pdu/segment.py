"""Cutting a text into parts (23.040 §9.2.3.24.1): 160/153/152, 70/67/66, 140/134/133 and less.

A part has 140 octets for its header and its text. GSM-7 text begins on a septet boundary behind
the header, which is why a header of six octets costs seven septets.

A text is coded whole and its octets are cut: a part is filled as far as it goes, and where that
would cut a grapheme cluster (or a word, if it shall not), `cutting` finds better places.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

from modemgw.pdu.alphabet import ESCAPE, septets_of, text_of
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.cutting import CutAt, does_harm, least_harm
from modemgw.pdu.errors import PduError
from modemgw.pdu.national import DEFAULT_TABLES, National, locking_characters, worth_trying
from modemgw.pdu.userdata import MAX_OCTETS, MAX_SEPTETS
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PARTS: Final = 255
_MAX_CHARACTERS: Final = MAX_PARTS * 160  # no coding says more in so many parts
_CONCAT_OCTETS: Final = {8: 5, 16: 6}  # the element, with its identifier and length
_CLAUSE: Final = "23.040 §9.2.3.24.1"

_GSM7: Final = Alphabet.GSM7
_UCS2: Final = Alphabet.UCS2
_EIGHT_BIT: Final = Alphabet.EIGHT_BIT
#: The names of what a text can be coded in, for callers.
ENCODINGS: Final = frozenset(("auto", "gsm7", "ucs2"))

# Septets or octets: of a part without a header, and of the widest character (an escape sequence, a
# surrogate pair, an octet).
_WHOLE: Final = {_GSM7: MAX_SEPTETS, _UCS2: MAX_OCTETS, _EIGHT_BIT: MAX_OCTETS}
_WIDEST: Final = {_GSM7: 2, _UCS2: 4, _EIGHT_BIT: 1}

_CUT_AT: Final = {cut.value: cut for cut in CutAt}


@value
class Segmentation:
    """A text in parts: how it is coded, and what each part says. Joined they are the text."""

    encoding: Alphabet
    parts: tuple[str, ...]
    national: National = DEFAULT_TABLES


@value
class Coded:
    """Coded content in parts: septets one to an octet for GSM-7, else octets.

    `room` is how much of that one part takes, the only one or each of several.
    """

    alphabet: Alphabet
    parts: Sequence[bytes]
    room: int
    tables: National = DEFAULT_TABLES


def segment(
    text: str,
    *,
    encoding: str = "auto",
    ref_bits: int = 8,
    national: National | None = None,
    reserved: int = 0,
    allowed: Sequence[int] = (),
    cut: str = "character",
) -> Segmentation:
    """The parts that `encode` makes of `text` with the same options: as few as go.

    `encoding` is auto (GSM-7 where it can say the text, else UCS-2), gsm7 or ucs2. `national` are
    the tables to use; or `allowed` names the national language identifiers whose tables may be
    chosen, alone or one locking with one single shift. Of equally few parts come first the
    default tables, then a single shift, a locking shift, both, UCS-2. `reserved` is the octets of
    further header elements, each with its identifier and length.

    An escape sequence or a surrogate pair is never cut; nor, where it costs no part, a grapheme
    cluster (`cut` is grapheme) or, with the fewest exceptions, a word (`cut` is word).

    Raises PduError for a text that cannot be coded or needs more than 255 parts, and for options
    that make no sense.
    """
    check_reserved(reserved)
    coded = code_text(text, encoding, ref_bits, national, reserved, allowed, cut)
    tables = coded.tables
    if coded.alphabet is _GSM7:
        parts = tuple(text_of(part, tables.locking, tables.single) for part in coded.parts)
    else:
        parts = tuple(part.decode("utf-16-be") for part in coded.parts)
    return Segmentation(coded.alphabet, parts, tables)


def code_text(
    text: str,
    encoding: str,
    ref_bits: int,
    national: National | None,
    reserved: int,
    allowed: Sequence[int],
    cut: str,
) -> Coded:
    """`text` coded and cut, by the options of `segment`."""
    coded = fill(text, encoding, ref_bits, national, reserved, allowed)
    spare = _CUT_AT.get(cut)
    if spare is None:
        raise PduError(f"no way to cut: {cut!r} (character, grapheme, word)", field="cut")
    if len(coded.parts) == 1 or spare is CutAt.CHARACTER:
        return coded
    return _spared(text, coded, spare)


def code_data(data: bytes, ref_bits: int, reserved: int) -> Coded:
    """8-bit `data`, cut."""
    concat = _CONCAT_OCTETS.get(ref_bits)
    if concat is None:
        raise _no_such_reference(ref_bits)
    return _filled(_EIGHT_BIT, data, reserved, concat, DEFAULT_TABLES)


def fill(
    text: str,
    encoding: str,
    ref_bits: int,
    national: National | None,
    reserved: int,
    allowed: Sequence[int],
) -> Coded:
    """`text` coded, each part filled as far as it goes: nothing but characters is spared.

    No other way needs fewer parts, so whoever only counts them can stop here.
    """
    if encoding not in ENCODINGS:
        raise PduError(f"no encoding for a text: {encoding!r} (auto, gsm7, ucs2)", field="encoding")
    if len(text) > _MAX_CHARACTERS:
        raise _too_many_parts()
    concat = _CONCAT_OCTETS.get(ref_bits)
    if concat is None:
        raise _no_such_reference(ref_bits)
    if allowed:
        if national is not None:
            raise PduError("national tables are either given or chosen", field="allowed")
        return _fewest_parts(text, encoding, allowed, reserved, concat)
    if encoding != "ucs2":
        tables = national or DEFAULT_TABLES
        septets = septets_of(text, tables.locking, tables.single)
        if septets is not None:
            return _filled(_GSM7, septets, reserved, concat, tables)
        if encoding == "gsm7":
            raise _not_in_tables()
    return _filled(_UCS2, ucs2_octets(text), reserved, concat, DEFAULT_TABLES)


def _fewest_parts(
    text: str, encoding: str, allowed: Sequence[int], reserved: int, concat: int
) -> Coded:
    """The best of what the allowed tables and UCS-2 make of `text`; of equals the first.

    What finds no room or needs too many parts is out of the race, an error only if nothing is left.
    """
    contents: list[tuple[Alphabet, bytes, National]] = []
    if encoding != "ucs2":
        for tables in worth_trying(text, allowed):
            septets = septets_of(text, tables.locking, tables.single)
            assert septets is not None, "the tables have all characters"
            contents.append((_GSM7, septets, tables))
    if encoding != "gsm7":
        contents.append((_UCS2, ucs2_octets(text), DEFAULT_TABLES))
    best: Coded | None = None
    refused = _not_in_tables()
    for alphabet, content, tables in contents:
        way = _attempt(alphabet, content, reserved, concat, tables)
        if isinstance(way, PduError):
            refused = way
        elif best is None or len(way.parts) < len(best.parts):
            best = way
    if best is None:
        raise refused
    return best


def _attempt(
    alphabet: Alphabet, content: bytes, reserved: int, concat: int, tables: National
) -> Coded | PduError:
    try:
        return _filled(alphabet, content, reserved, concat, tables)
    except PduError as error:
        return error


def ucs2_octets(text: str) -> bytes:
    """`text` in UCS-2, with surrogate pairs. Raises PduError for half a pair."""
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise PduError(f"half a surrogate pair at {error.start}", field="text") from None


def _filled(
    alphabet: Alphabet, content: bytes, reserved: int, concat: int, tables: National
) -> Coded:
    """`content` whole, if it goes in one part, else in parts with `concat` octets for their place.

    `reserved` is the octets of the elements that have to do with neither this nor `tables`.
    """
    if tables is not DEFAULT_TABLES:
        reserved += tables.octets
    room = room_beside(reserved, alphabet) if reserved else _WHOLE[alphabet]
    if len(content) <= room:
        return Coded(alphabet, (content,), room, tables)
    room = room_beside(reserved + concat, alphabet)
    if room < _WIDEST[alphabet]:
        raise PduError("the header elements leave no room for a text", field="header")
    at, size = 0, len(content)
    if alphabet is _GSM7 and ESCAPE not in content and size <= MAX_PARTS * room:
        return Coded(
            alphabet, [content[at : at + room] for at in range(0, size, room)], room, tables
        )
    parts: list[bytes] = []
    while at < size:
        end = at + room
        if end < size:
            if alphabet is _GSM7:
                end -= content[end - 1] == ESCAPE
            elif alphabet is _UCS2 and content[end - 2] & 0xFC == 0xD8:
                end -= 2  # behind the first half of a surrogate pair
        parts.append(content[at:end])
        at = end
        if len(parts) > MAX_PARTS:
            raise _too_many_parts()
    return Coded(alphabet, parts, room, tables)


def check_reserved(octets: int) -> None:
    """Raises PduError for less than nothing."""
    if octets < 0:
        raise PduError(f"no number of octets to reserve: {octets}", field="reserved")


def room_beside(elements: int, alphabet: Alphabet) -> int:
    """The septets or octets of content that go beside header elements of so many octets."""
    octets = MAX_OCTETS - elements - 1  # UDHL takes one
    if alphabet is _GSM7:
        return octets * 8 // 7
    return octets & ~1 if alphabet is _UCS2 else octets


def _spared(text: str, coded: Coded, spare: CutAt) -> Coded:
    """The same in as many parts, cut where it does the least harm."""
    starts = accumulate(_characters_in(part, coded.alphabet) for part in coded.parts[:-1])
    if not any(does_harm(text, at, spare) for at in starts):
        return coded
    if coded.alphabet is _GSM7:
        unit, narrow = 1, locking_characters(coded.tables.locking)
        widths = [1 if character in narrow else 2 for character in text]
    else:
        unit, widths = 2, [2 if character > "\uffff" else 1 for character in text]
    content = b"".join(coded.parts)
    ends = [0, *accumulate(widths)]
    cuts = (ends[at] * unit for at in least_harm(text, ends, coded.room // unit, spare))
    places = (0, *cuts, len(content))
    parts = [content[start:end] for start, end in pairwise(places)]
    return Coded(coded.alphabet, parts, coded.room, coded.tables)


def _characters_in(part: bytes, alphabet: Alphabet) -> int:
    if alphabet is _GSM7:
        return len(part) - part.count(ESCAPE)
    return len(part.decode("utf-16-be"))


def _no_such_reference(bits: int) -> PduError:
    return PduError(f"a reference has 8 or 16 bits, not {bits}", field="ref_bits", clause=_CLAUSE)


def _not_in_tables() -> PduError:
    return PduError("a character is not in the GSM-7 tables", field="text")


def _too_many_parts() -> PduError:
    return PduError(f"more than {MAX_PARTS} parts", field="text", clause=_CLAUSE)
