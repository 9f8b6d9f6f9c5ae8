"""How much a text as a whole weighs like a refusal.

Theory of operation. The phrases of the lexicon know the refusals that somebody thought of. Here all
that a text says is put on a scale: its words, their beginnings, pieces of them, what stands beside
what or near it, the classes of the lexicon that occur in it, alone and by twos, its length. What a
harmless or a doubtful phrase covers weighs too, yet apart: "list" in "waiting list" is another
word. Each has a weight, learned from a table of texts (logistic regression;
`python -m tests.consent.learn`) and kept in `weights.tsv` in hundredths; their sum, over the square
root of their number, is the logarithm of the odds that it is a refusal.

The classes are what languages share: a verb that a file of the lexicon lists under `erase` weighs
what such verbs weigh everywhere, though no text of the table has it. The pieces are what the forms
of a word share, and its slips.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations
from math import exp, sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WEIGHTS: Final = resources.files("modemgw.consent") / "weights.tsv"
HUNDREDTHS: Final = 100
# What a text weighs that says nothing.
ALWAYS: Final = "<>"
# Of a longer word its beginning counts too: what follows is mostly inflection.
_STEM: Final = 5
# In letters; an edge of the word counts as one.
_PIECE: Final = 4
# Two words are near each other with one or two between.
_NEAR: Final = (2, 3)
_WORDS_A_STEP: Final = 4
_LONGEST_STEP: Final = 9
_NAMED: Final = 3
# Pieces and lengths tell a person nothing.
_DUMB: Final = "#~"


@dataclass(frozen=True, slots=True)
class Weight:
    """How likely a text is a refusal (0 to 1), and what speaks most for it, the heaviest first."""

    probability: float
    heaviest: tuple[str, ...]


def features(said: Sequence[str], classes: Iterable[str], covered: Iterable[str]) -> set[str]:
    """List what is weighed of a text: of its words and marks, of the names of classes in it.

    They are written much as phrases write them: `stop`, `messa*`, `please stop`, `^ stop`,
    `pleas .. texti`, `#[sto`, `<erase>`, `<erase> & <list>`; `=list` is a word that a phrase
    `covered`, `~2` a length.
    """
    found = set(said)
    found.update(f"{word[:_STEM]}*" for word in said if len(word) > _STEM)
    found.update(map(" ".join, zip(("^", *said), (*said, "$"), strict=True)))
    stems = ("^", *(word[:_STEM] for word in said))
    for near in _NEAR:
        found.update(map(" .. ".join, zip(stems, stems[near:], strict=False)))
    found.update(piece for word in said for piece in _pieces(word))
    named = sorted(f"<{name}>" for name in classes)
    found.update(named, map(" & ".join, combinations(named, 2)))
    found.update(f"={word}" for word in covered)
    found.add(f"~{min(len(said) // _WORDS_A_STEP, _LONGEST_STEP)}")
    return found


def _pieces(word: str) -> tuple[str, ...]:
    edged = f"[{word}]"
    return tuple(f"#{edged[at : at + _PIECE]}" for at in range(len(edged) - _PIECE + 1))


def weigh(said: Sequence[str], classes: Iterable[str], covered: Iterable[str] = ()) -> Weight:
    """Weigh the words and marks of a text, the classes in it and the words that were covered."""
    weights = _weights()
    found = features(said, classes, covered)
    weighed = {feature: weights[feature] for feature in found & weights.keys()}
    odds = sum(weighed.values()) / sqrt(len(found)) + weights[ALWAYS]
    telling = (name for name, weight in weighed.items() if weight > 0 and name[0] not in _DUMB)
    heaviest = sorted(telling, key=lambda name: (-weighed[name], name))[:_NAMED]
    return Weight(1 / (1 + exp(-odds)), tuple(heaviest))


@cache
def _weights() -> Mapping[str, float]:
    lines = (line.split("\t") for line in WEIGHTS.read_text("utf-8").splitlines())
    return {feature: int(hundredths) / HUNDREDTHS for feature, hundredths in lines}
