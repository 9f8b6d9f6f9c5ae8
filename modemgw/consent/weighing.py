"""How much a text as a whole weighs like a refusal.

Theory of operation. The phrases of the lexicon know the refusals that somebody thought of. Here all
that a text says is put on a scale: its words, their beginnings, what stands beside what, the
classes of the lexicon that occur in it, its length, how much of it is unknown. Each has a weight,
learned from a table of texts (logistic regression; `python -m tests.consent.learn`) and kept in
`weights.tsv` in hundredths; their sum, over the square root of their number, is the logarithm of
the odds that it is a refusal.

The classes are what languages share: a verb that a file of the lexicon lists under `erase` weighs
what such verbs weigh everywhere, though no text of the table has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import exp, sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

WEIGHTS: Final = resources.files("modemgw.consent") / "weights.tsv"
HUNDREDTHS: Final = 100
# What a text weighs that says nothing.
ALWAYS: Final = "<>"
# Of a longer word its beginning counts too: what follows is mostly inflection.
_STEM: Final = 5
_WORDS_A_STEP: Final = 4
_LONGEST_STEP: Final = 9
_MOST_UNKNOWN: Final = 5
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Weight:
    """How likely a text is a refusal (0 to 1), and what speaks most for it, the heaviest first."""

    probability: float
    heaviest: tuple[str, ...]


def features(said: Sequence[str], classes: Iterable[str], known: Container[str]) -> set[str]:
    """List what is weighed of a text: of its words and marks, and of the names of classes in it.

    They are written as phrases write them: `stop`, `messa*`, `please stop`, `^ stop`, `<erase>`;
    `~2` is a length and `?2` how many words are not among those `known`.
    """
    found = set(said)
    unknown = sum(word not in known for word in found)
    found.update(f"{word[:_STEM]}*" for word in said if len(word) > _STEM)
    found.update(map(" ".join, zip(("^", *said), (*said, "$"), strict=True)))
    found.update(f"<{name}>" for name in classes)
    found.add(f"~{min(len(said) // _WORDS_A_STEP, _LONGEST_STEP)}")
    found.add(f"?{min(unknown, _MOST_UNKNOWN)}")
    return found


def weigh(said: Sequence[str], classes: Iterable[str]) -> Weight:
    """Weigh the words and marks of a text and the classes in it."""
    weights = _weights()
    found = features(said, classes, weights)
    weighed = {feature: weights[feature] for feature in found & weights.keys()}
    odds = sum(weighed.values()) / sqrt(len(found)) + weights[ALWAYS]
    heaviest = sorted(weighed, key=lambda feature: (-weighed[feature], feature))[:_NAMED]
    return Weight(
        1 / (1 + exp(-odds)), tuple(feature for feature in heaviest if weighed[feature] > 0)
    )


@cache
def _weights() -> Mapping[str, float]:
    lines = (line.split("\t") for line in WEIGHTS.read_text("utf-8").splitlines())
    return {feature: int(hundredths) / HUNDREDTHS for feature, hundredths in lines}
