"""Learn what texts weigh (see `modemgw.consent.weighing`) from the development set.

Usage: python -m tests.consent.learn

Writes `modemgw/consent/weights.tsv`, the same each time. To be done when the classes of the lexicon
or the set have changed. What was kept aside is not learned from, nor what only a person can decide.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import exp, sqrt
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from modemgw.consent.keywords import Class
from modemgw.consent.reading import Sender, read
from modemgw.consent.weighing import ALWAYS, HUNDREDTHS, WEIGHTS, features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEVELOPMENT: Final = Path(__file__).parent.parent / "data" / "optout-development.jsonl"
_LEARNED_FROM: Final = frozenset({"tune", "later", "fresh"})
# What occurs in one text only tells nothing of others.
_RAREST: Final = 2
_ROUNDS: Final = 30
_FIRST_STEP: Final = 4.0
_STEP_OF_ALWAYS: Final = 0.01
# The greater, the closer the weights fit what they were learned from.
_TRUST: Final = 40
_SEED: Final = 1
# How many words are unknown is a feature even where only one text has so many.
_UNKNOWN: Final = re.compile(r"\?\d")


@dataclass(frozen=True, slots=True)
class _Example:
    """The features of a text, each counting `share`, and whether it is a refusal."""

    features: tuple[str, ...]
    share: float
    refuses: bool


def learned() -> dict[str, int]:
    """Learn the weights, in hundredths."""
    weights = _descend(_examples())
    return {name: round(weight * HUNDREDTHS) for name, weight in sorted(weights.items())}


def _examples() -> list[_Example]:
    rows = [
        row
        for row in map(json.loads, DEVELOPMENT.read_text("utf-8").splitlines())
        if row["part"] in _LEARNED_FROM and row["expect"] != Class.REVIEW
    ]
    texts = [
        read(row["text"], Sender(row["country"], None, opted_out=False, since_optout_s=None), ())
        for row in rows
    ]
    found = [features(text.weighed, text.classes, ()) for text in texts]
    counts = Counter(feature for names in found for feature in names)
    known = {feature for feature, count in counts.items() if count >= _RAREST}
    return [
        _example(features(text.weighed, text.classes, known), known, row["expect"])
        for row, text in zip(rows, texts, strict=True)
    ]


def _example(found: set[str], known: set[str], expect: str) -> _Example:
    # In a fixed order, for the sum of fractions depends on it.
    kept = sorted(name for name in found if name in known or _UNKNOWN.fullmatch(name))
    return _Example(tuple(kept), 1 / sqrt(len(found)), expect == Class.OPT_OUT)


def _descend(examples: Sequence[_Example]) -> Mapping[str, float]:
    """Find the weights of a logistic regression by stochastic gradient descent."""
    rate = 1 / (_TRUST * len(examples))
    weights: dict[str, float] = defaultdict(float)
    scale, always, step = 1.0, 0.0, 0
    order = list(range(len(examples)))
    dice = Random(_SEED)
    for _ in range(_ROUNDS):
        dice.shuffle(order)
        for example in map(examples.__getitem__, order):
            pace = _FIRST_STEP / (1 + _FIRST_STEP * rate * step)
            step += 1
            odds = scale * example.share * sum(map(weights.__getitem__, example.features)) + always
            error = pace * (1 / (1 + exp(-odds)) - example.refuses)
            scale *= 1 - pace * rate  # all weights shrink a little
            change = error * example.share / scale
            for feature in example.features:
                weights[feature] -= change
            always -= error * _STEP_OF_ALWAYS
    return {name: weight * scale for name, weight in weights.items()} | {ALWAYS: always}


def main() -> None:
    """Write the weights."""
    lines = (f"{name}\t{weight}\n" for name, weight in learned().items())
    Path(str(WEIGHTS)).write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
