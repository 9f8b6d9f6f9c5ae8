"""Learn what texts weigh (see `modemgw.consent.weighing`) from the development set.

Usage: python -m tests.consent.learn

Writes `modemgw/consent/weights.tsv`, the same each time, in two minutes or so, and beside this
file what they were learned from. To be done when the lexicon, the set, or how texts are read has
changed. What was kept aside is not learned from, nor what only a person can decide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from math import exp, fsum, sqrt
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from modemgw.consent.keywords import Class
from modemgw.consent.reading import Sender, read
from modemgw.consent.weighing import ALWAYS, HUNDREDTHS, WEIGHTS, features
from tests.consent.tables import DEVELOPMENT, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

LEARNED_FROM: Final = Path(__file__).with_name("learned_from.txt")
# Besides the words: what decides which features a text has.
_READERS: Final = (
    "frames.toml",
    "folding.py",
    "lexicon.py",
    "patterns.py",
    "quotes.py",
    "reading.py",
    "spelling.py",
    "weighing.py",
)
KEPT_ASIDE: Final = frozenset({"plain_aside", "phone_aside", "twins_aside"})
# What occurs in fewer texts tells little of others.
_RAREST: Final = 8
# In hundredths: what weighs less turns no scale.
_LIGHTEST: Final = 60
_ROUNDS: Final = 12
_FIRST_STEP: Final = 4.0
_STEP_OF_ALWAYS: Final = 0.01
# The greater, the closer the weights fit what they were learned from.
_TRUST: Final = 40
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class _Example:
    """The numbers of the features of a text, each counting `share`, and whether it is a refusal."""

    features: tuple[int, ...]
    share: float
    refuses: bool


def source() -> str:
    """Name what was learned from what, by a digest: weights, set, lexicon and code."""
    package = Path(str(WEIGHTS)).parent
    files = [
        *(Path(str(WEIGHTS)), DEVELOPMENT, Path(__file__), Path(__file__).with_name("tables.py")),
        *sorted((package / "words").glob("*.toml")),
        *map(package.joinpath, _READERS),
    ]
    digest = sha256()
    for file in files:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def learned() -> dict[str, int]:
    """Learn the weights, in hundredths."""
    found, refuses = _texts()
    counts = Counter(feature for names in found for feature in names)
    names = sorted(feature for feature, count in counts.items() if count >= _RAREST)
    number = {name: at for at, name in enumerate(names)}
    examples = [
        # In a fixed order, for the sum of fractions depends on it.
        _Example(
            tuple(sorted(number[name] for name in of_it & number.keys())),
            1 / sqrt(len(of_it)),
            is_one,
        )
        for of_it, is_one in zip(found, refuses, strict=True)
    ]
    weights, always = _descend(examples, len(names))
    in_hundredths = {
        name: round(weight * HUNDREDTHS) for name, weight in zip(names, weights, strict=True)
    }
    heavy = {name: weight for name, weight in in_hundredths.items() if abs(weight) >= _LIGHTEST}
    return dict(sorted((heavy | {ALWAYS: round(always * HUNDREDTHS)}).items()))


def _texts() -> tuple[list[set[str]], list[bool]]:
    """Give of each text that is learned from its features and whether it is a refusal."""
    rows = [
        row
        for row in read_table(DEVELOPMENT)
        if row["part"] not in KEPT_ASIDE and row["expect"] != Class.REVIEW
    ]
    texts = [
        read(row["text"], Sender(row["country"], None, opted_out=False, since_optout_s=None), ())
        for row in rows
    ]
    return (
        [features(text.content) for text in texts],
        [row["expect"] == Class.OPT_OUT for row in rows],
    )


def _descend(examples: Sequence[_Example], size: int) -> tuple[list[float], float]:
    """Find the weights of a logistic regression by stochastic gradient descent."""
    rate = 1 / (_TRUST * len(examples))
    weights = [0.0] * size
    scale, always, step = 1.0, 0.0, 0
    order = list(range(len(examples)))
    dice = Random(_SEED)
    for _ in range(_ROUNDS):
        dice.shuffle(order)
        for example in map(examples.__getitem__, order):
            pace = _FIRST_STEP / (1 + _FIRST_STEP * rate * step)
            step += 1
            odds = scale * example.share * fsum(map(weights.__getitem__, example.features)) + always
            error = pace * (1 / (1 + exp(-odds)) - example.refuses)
            scale *= 1 - pace * rate  # all weights shrink a little
            change = error * example.share / scale
            for feature in example.features:
                weights[feature] -= change
            always -= error * _STEP_OF_ALWAYS
    return [weight * scale for weight in weights], always


def main() -> None:
    """Write the weights."""
    lines = (f"{name}\t{weight}\n" for name, weight in learned().items())
    Path(str(WEIGHTS)).write_text("".join(lines), "utf-8")
    LEARNED_FROM.write_text(f"{source()}\n", "utf-8")


if __name__ == "__main__":
    main()
