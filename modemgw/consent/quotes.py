"""What of an incoming text is the customer's own.

Phones quote: a reaction repeats our whole text, "Reply STOP" included; so do forwards and quoted
originals. A signature stands below. None of it is what the customer says.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Final

from modemgw.consent.folding import MARKS, fold, single_marks, words
from modemgw.consent.lexicon import languages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# So many words in a row that stand in one of our texts too are quoted, not said.
_QUOTED_RUN: Final = 5

_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_SIGNATURE_DELIMITER = re.compile(r"^-{2,3}[ \t]*$.*", re.MULTILINE | re.DOTALL)
_ORIGINAL_BELOW = re.compile(
    r"^[ \t]*(?:-{3,}.*-{3,}[ \t]*|on\b.{6,80}\bwrote:|le\b.{6,80}\ba ecrit ?:"
    r"|am\b.{6,80}\bschrieb.{0,60}:|el\b.{6,80}\bescribio:)[ \t]*$.*",
    re.MULTILINE | re.DOTALL,
)
_FORWARDED = re.compile(r"\A\s*(?:fwd?|wg|tr|rv|enc|doorst)\s*:.*", re.DOTALL)
_OPENING: Final = "[\"“”«„‘']"
_CLOSING: Final = "[\"“”»‟’']"


class Reaction(StrEnum):
    """What a phone's reaction to one of our texts says."""

    FRIENDLY = "reaction"
    DISLIKE = "negative reaction"


def own_text(folded: str) -> str:
    """Cut what is quoted, forwarded or a signature out of a folded text."""
    text = _FORWARDED.sub("", folded)
    text = _ORIGINAL_BELOW.sub("", text)
    text = _QUOTED_LINE.sub("", text)
    above = _SIGNATURE_DELIMITER.sub("", text)
    if any(word not in MARKS for word in words(above)):  # a signature of nothing is none
        text = above
    return _phone_signature().sub("", text)


def without_repeats(text: Sequence[str], outbound: Iterable[str]) -> tuple[str, ...]:
    """Cut the passages out of `text` (words and marks) that repeat one of our own texts."""
    said = [word for word in text if word not in MARKS]
    quoted: set[int] = set()
    for original in outbound:
        ours = [word for word in words(fold(original)) if word not in MARKS]
        quoted |= _repeated(said, ours)
    positions = iter(range(len(said)))
    return single_marks([word for word in text if word in MARKS or next(positions) not in quoted])


def reaction(folded: str) -> Reaction | None:
    """Say whether a folded text is nothing but a phone's reaction to a quoted text."""
    friendly, dislike = _reactions()
    if dislike.match(folded):
        return Reaction.DISLIKE
    return Reaction.FRIENDLY if friendly.match(folded) else None


def _repeated(said: Sequence[str], ours: Sequence[str]) -> set[int]:
    """Find the positions in `said` that belong to a run of `ours`, or to all of a short one."""
    length = min(_QUOTED_RUN, len(ours))
    if length < 2:  # a text of one word proves nothing
        return set()
    runs = {tuple(ours[i : i + length]) for i in range(len(ours) - length + 1)}
    return {
        position
        for start in range(len(said) - length + 1)
        if tuple(said[start : start + length]) in runs
        for position in range(start, start + length)
    }


@cache
def _phone_signature() -> re.Pattern[str]:
    starts = "|".join(re.escape(start) for tongue in languages() for start in tongue.signatures)
    return re.compile(rf"(?:^|(?<=\s))(?:{starts})\b.{{0,40}}\s*\Z")


@cache
def _reactions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    friendly = [start for tongue in languages() for start in tongue.reactions]
    dislikes = [start for tongue in languages() for start in tongue.dislikes]
    return _reaction_pattern(friendly), _reaction_pattern(dislikes)


def _reaction_pattern(starts: Iterable[str]) -> re.Pattern[str]:
    # A star stands for the emoji, or whatever else the phone names.
    alternatives = "|".join(re.escape(start).replace(r"\*", ".{1,12}?") for start in starts)
    return re.compile(rf"\s*(?:{alternatives})\s*:?\s*{_OPENING}.*{_CLOSING}?\s*\Z", re.DOTALL)
