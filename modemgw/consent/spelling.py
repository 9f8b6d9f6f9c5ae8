"""Keywords as hasty fingers write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# From these lengths on, one and two slips leave a keyword that cannot well be another word.
_ONE_SLIP_FROM: Final = 6
_TWO_SLIPS_FROM: Final = 11
SLIPS_LIMIT: Final = 2
_LONG_RUN = re.compile(r"(.)\1{2,}")
_RUN = re.compile(r"(.)\1+")


def forgives_slips(keyword: str) -> bool:
    """Say whether a keyword is long enough to be recognised with a slip in it."""
    return len(keyword) >= _ONE_SLIP_FROM


def is_slip_of(word: str, keyword: str) -> bool:
    """Say whether `word` is `keyword` with as many slips as its length allows.

    A slip is a letter too many, too few, wrong, or changed places with its neighbour.
    """
    allowed = _allowed(keyword)
    if not allowed or abs(len(word) - len(keyword)) > allowed:
        return False
    return _distance(word, keyword) <= allowed


def is_drawn_out(word: str) -> bool:
    """Say whether a letter of a word was held down: "stooooop"."""
    return bool(_LONG_RUN.search(word))


def single_letters(word: str) -> str:
    """Write each letter once that stands several times in a row."""
    return _RUN.sub(r"\1", word)


class Slips:
    """Words, by what may be left of them after slips.

    Two words are at most so many slips apart only if taking at most so many letters out of each
    can make them equal; that narrows the words down to the few worth comparing.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._by_remainder: dict[str, tuple[str, ...]] = {}
        self._longest = 0
        for word in words:
            self._longest = max(self._longest, len(word) + _allowed(word))
            for remainder in _remainders(word, _allowed(word)):
                self._by_remainder[remainder] = (*self._by_remainder.get(remainder, ()), word)

    def meant(self, word: str) -> list[str]:
        """List the words of which `word` is a slip, in alphabetical order."""
        if len(word) > self._longest:
            return []
        near: set[str] = set()
        for remainder in _remainders(word, _allowed(word + "x" * SLIPS_LIMIT)):
            near.update(self._by_remainder.get(remainder, ()))
        return sorted(meant for meant in near if is_slip_of(word, meant))


def _allowed(word: str) -> int:
    return (len(word) >= _ONE_SLIP_FROM) + (len(word) >= _TWO_SLIPS_FROM)


def _remainders(word: str, letters_out: int) -> set[str]:
    found = {word}
    for _ in range(letters_out):
        found |= {left[:at] + left[at + 1 :] for left in found for at in range(len(left))}
    return found


def _distance(left: str, right: str) -> int:
    """Count the slips between two words: Damerau's distance, restricted to whole transpositions."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and (a, left[i - 2]) == (right[j - 2], b):
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        before, row = row, current
    return row[-1]


def letters_apart(words: Sequence[str]) -> str | None:
    """Join a word whose letters were written apart ("s t o p"); None if they were not."""
    if len(words) < 3 or any(len(word) > 1 for word in words):
        return None
    return "".join(words)
