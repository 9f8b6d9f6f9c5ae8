"""Keywords as hasty fingers write them."""

from __future__ import annotations

import re
from typing import Final

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
    allowed = (len(keyword) >= _ONE_SLIP_FROM) + (len(keyword) >= _TWO_SLIPS_FROM)
    if not allowed or abs(len(word) - len(keyword)) > allowed:
        return False
    return _distance(word, keyword) <= allowed


def is_drawn_out(word: str, keyword: str) -> bool:
    """Say whether `word` is `keyword` with a letter held down: "stooooop"."""
    return bool(_LONG_RUN.search(word)) and _RUN.sub(r"\1", word) == _RUN.sub(r"\1", keyword)


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


def letters_apart(words: tuple[str, ...]) -> str | None:
    """Join a word whose letters were written apart ("s t o p"); None if they were not."""
    if len(words) < 3 or any(len(word) > 1 for word in words):
        return None
    return "".join(words)
