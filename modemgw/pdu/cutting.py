"""Where to cut: in as few parts as go, and among those ways with the least harm to a reader.

How few is known at once: fill every part as far as it goes. Filled from the front, the i-th cut
comes as late as it can; filled from the back, as early. A text is cut into that number of parts
exactly if every cut lies between its earliest and its latest place and no part is too long:

- A cut before its earliest place leaves more than the parts behind it can hold, one after its
  latest place more than those before it can; so no cut lies outside.
- From any place of one window a place of the next can be reached: from the earliest place one
  full part ends at or behind the next earliest one, and from a later place it ends later.
- The windows follow each other without overlap. If the earliest place of a cut were not behind
  the latest place of the cut before it, the parts before the one and behind the other would hold
  the whole text, and that is one part less than needed.

So each place belongs to one window, and from a place p those places of the next window can be
reached that are not behind p's reach. The least harm of all cuts from p on is the minimum over a
beginning of the next window, and one pass from the last window to the first finds them all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from modemgw.pdu.clusters import inside_clusters, may_be_inside

if TYPE_CHECKING:
    from collections.abc import Sequence


class CutAt(StrEnum):
    """What a cut spares where that costs no part; escapes and surrogate pairs it always spares."""

    CHARACTER = "character"
    GRAPHEME = "grapheme"
    WORD = "word"


# The harm of a cut. No number of cut words outweighs one cut cluster: there are 254 cuts at most.
_NONE: Final = 0
_WORD: Final = 1
_CLUSTER: Final = 256

# Harm and place in one number, whose minimum is the least harm and then the latest place. No text
# of 255 parts has as many places.
_PLACE_BITS: Final = 17
_PLACE: Final = (1 << _PLACE_BITS) - 1


def does_harm(text: str, at: int, spare: CutAt) -> bool:
    """A cut at `at` may fall inside what it shall spare. Cheap, and never wrong with False."""
    return may_be_inside(text, at) or (spare is CutAt.WORD and _inside_word(text, at))


def least_harm(text: str, ends: Sequence[int], room: int, spare: CutAt) -> list[int]:
    """The places to cut `text` at, into parts of up to `room` units.

    `ends[n]` is how many units the first n characters take; no character takes more than `room`.
    Of the ways into the fewest parts this is the one that cuts the fewest clusters, then (for
    CutAt.WORD) the fewest words, then fills the first parts most. A word is what stands between
    white space.
    """
    reach = [bisect_right(ends, end + room) - 1 for end in ends]
    inside = inside_clusters(text)

    def harm(at: int) -> int:
        if at in inside:
            return _CLUSTER
        return _WORD if spare is CutAt.WORD and _inside_word(text, at) else _NONE

    windows = _windows(ends, reach, room)
    best: list[list[int]] = []  # of a window, by its beginnings: harm from there on, and place
    for i in reversed(range(len(windows))):
        earliest, latest = windows[i]
        keys = []
        for at in range(earliest, latest + 1):
            later = best[-1][reach[at] - windows[i + 1][0]] if best else 0
            keys.append((harm(at) + (later >> _PLACE_BITS)) << _PLACE_BITS | (_PLACE - at))
        best.append(list(accumulate(keys, min)))
    cuts: list[int] = []
    at = 0
    for (earliest, _), beginnings in zip(windows, reversed(best), strict=True):
        at = _PLACE - (beginnings[reach[at] - earliest] & _PLACE)
        cuts.append(at)
    return cuts


def _windows(ends: Sequence[int], reach: Sequence[int], room: int) -> list[tuple[int, int]]:
    """The earliest and the latest place of each cut."""
    last = len(ends) - 1
    latest = []
    at = reach[0]
    while at < last:
        latest.append(at)
        at = reach[at]
    earliest = []
    at = last
    for _ in latest:
        at = bisect_left(ends, ends[at] - room)
        earliest.append(at)
    return list(zip(reversed(earliest), latest, strict=True))


def _inside_word(text: str, at: int) -> bool:
    return not (text[at - 1].isspace() or text[at].isspace())
