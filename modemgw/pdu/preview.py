"""What a text would cost, before anything is encoded, and what would make it cost less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.coding import Alphabet
from modemgw.pdu.national import National, characters, fewest_outside
from modemgw.pdu.replacements import pieces, replacement
from modemgw.pdu.segment import check_reserved, fill
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How many different outsiders a preview names, and how many places of each.
MAX_OUTSIDERS: Final = 32
MAX_POSITIONS: Final = 16


@value
class Outsider:
    """What the GSM-7 tables lack: a character, with combining marks if it has some.

    `positions` are where it stands in the text, in code points from 0, the first sixteen of
    `times` in all. `replacement` may be written for it; None where nothing comes close.
    """

    text: str
    times: int
    positions: tuple[int, ...]
    replacement: str | None


@value
class Preview:
    """The cost of a text.

    Units are septets for GSM-7, 16-bit units for UCS-2. `capacity` is what one part takes, the
    only one or each of several; `used` are the units in the last part. `national` are the tables
    that are used. `outsiders` is what forces UCS-2, in order of appearance, thirty-two at most;
    empty where nothing does.
    """

    encoding: Alphabet
    national: National
    parts: int
    capacity: int
    used: int
    outsiders: tuple[Outsider, ...]

    @property
    def free(self) -> int:
        """The units that still go into the last part."""
        return self.capacity - self.used


def count(
    text: str,
    *,
    encoding: str = "auto",
    ref_bits: int = 8,
    national: National | None = None,
    reserved: int = 0,
    allowed: Sequence[int] = (),
) -> Preview:
    """What `encode` would make of `text` with the same options.

    `used` and `free` are of parts filled as far as they go; a cut that spares graphemes or words
    moves text to the last part, but never needs one more. Raises PduError as `segment` does.
    """
    check_reserved(reserved)
    coded = fill(text, encoding, ref_bits, national, reserved, allowed)
    unit = 2 if coded.alphabet is Alphabet.UCS2 else 1
    outsiders: tuple[Outsider, ...] = ()
    if coded.alphabet is Alphabet.UCS2 and encoding == "auto":
        tables = fewest_outside(text, allowed) if national is None else national
        outsiders = _outsiders(text, tables)
    return Preview(
        encoding=coded.alphabet,
        national=coded.tables,
        parts=len(coded.parts),
        capacity=coded.room // unit,
        used=len(coded.parts[-1]) // unit,
        outsiders=outsiders,
    )


def _outsiders(text: str, tables: National) -> tuple[Outsider, ...]:
    alphabet = characters(tables)
    places: dict[str, list[int]] = {}
    for at, piece in pieces(text):
        if alphabet.issuperset(piece):
            continue
        if piece in places or len(places) < MAX_OUTSIDERS:
            places.setdefault(piece, []).append(at)
    return tuple(
        Outsider(piece, len(at), tuple(at[:MAX_POSITIONS]), replacement(piece, alphabet))
        for piece, at in places.items()
    )
