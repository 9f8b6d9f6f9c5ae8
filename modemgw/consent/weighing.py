"""How much a text as a whole weighs like a refusal.

Theory of operation. The phrases of the lexicon know the refusals that somebody thought of. Here all
that a text says is put on a scale: its words, their beginnings, pieces of them, what stands beside
what or near it, the classes of the lexicon that occur in it, where they stand, alone and by twos,
what kinds of phrases were found, its length. What a harmless or a doubtful phrase covers weighs
too, yet apart: "list" in "waiting list" is another word. Each has a weight, learned from a table of
texts (logistic regression; `python -m tests.consent.learn`) and kept in `weights.tsv` in
hundredths; their sum, over the square root of their number, is the logarithm of the odds that it is
a refusal.

The classes are what languages share: a verb that a file of the lexicon lists under `erase` weighs
what such verbs weigh everywhere, though no text of the table has it; and so do two classes one
behind the other. The pieces are what the forms of a word share, and its slips.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations
from math import exp, sqrt
from typing import TYPE_CHECKING, Final

from modemgw.consent.folding import MARKS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

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
# Pieces, kinds of phrases and lengths tell a person nothing.
_DUMB: Final = "#@~"
_EDGES: Final = MARKS | {"^", "$", ".."}


@dataclass(frozen=True, slots=True)
class Weight:
    """How likely a text is a refusal (0 to 1), and what speaks most for it, the heaviest first.

    `known` is the share of its words that have a weight: little of it says that the probability
    means little, as in a language that nothing was learned of.
    """

    probability: float
    heaviest: tuple[str, ...]
    known: float


@dataclass(frozen=True, slots=True)
class Content:
    """What is weighed of a text.

    `said` are its words and marks but for those that a phrase covered, which are `covered`;
    `classes` has for each of `said` the names of the classes that begin there, `found` the kinds of
    phrases that were found.
    """

    said: Sequence[str]
    classes: Sequence[frozenset[str]] = ()
    covered: Sequence[str] = ()
    found: Collection[str] = ()


def features(content: Content) -> set[str]:
    """List what is weighed of a text.

    They are written much as phrases write them: `stop`, `messa*`, `please stop`, `^ stop`,
    `pleas .. texti`, `#[sto`, `<erase>`, `<erase> & <list>`, `<erase> <list>`, `<erase> .. <list>`,
    `<erase> me`; `=list` is a word that a phrase covered, `@help` a kind of phrase, `~2` a length.
    """
    said = content.said
    found = set(said)
    found.update(f"{word[:_STEM]}*" for word in said if len(word) > _STEM)
    found.update(map(" ".join, zip(("^", *said), (*said, "$"), strict=True)))
    stems = ("^", *(word[:_STEM] for word in said))
    for near in _NEAR:
        pairs = zip(stems, stems[near:], strict=False)
        found.update(" .. ".join(two) for two in pairs if not MARKS.issuperset(two))
    found.update(piece for word in said for piece in _pieces(word))
    found.update(_classes(content.classes, stems[1:]))
    found.update(f"={word}" for word in content.covered)
    found.update(f"@{kind}" for kind in content.found)
    found.add(f"~{min(len(said) // _WORDS_A_STEP, _LONGEST_STEP)}")
    return found


def _pieces(word: str) -> tuple[str, ...]:
    edged = f"[{word}]"
    return tuple(f"#{edged[at : at + _PIECE]}" for at in range(len(edged) - _PIECE + 1))


def _classes(classes: Sequence[frozenset[str]], stems: Sequence[str]) -> Iterator[str]:
    """List the classes, alone, by twos, and with what stands behind or before them."""
    named = [[f"<{name}>" for name in names] for names in classes]
    all_ = sorted({name for names in named for name in names})
    yield from all_
    yield from map(" & ".join, combinations(all_, 2))
    for at, names in enumerate(named):
        for name in names:
            yield f"{stems[at - 1] if at else '^'} {name}"
            yield f"{name} {stems[at + 1] if at + 1 < len(stems) else '$'}"
            for step, behind in enumerate(named[at + 1 : at + 1 + max(_NEAR)]):
                yield from (f"{name} .. {other}" if step else f"{name} {other}" for other in behind)


def weigh(content: Content) -> Weight:
    """Weigh what a text says."""
    weights = _weights()
    found = features(content)
    weighed = {feature: weights[feature] for feature in found & weights.keys()}
    odds = sum(weighed.values()) / sqrt(len(found)) + weights[ALWAYS]
    telling = (name for name, weight in weighed.items() if weight > 0 and _tells(name))
    heaviest = sorted(telling, key=lambda name: (-weighed[name], name))[:_NAMED]
    words = [word for word in content.said if word not in MARKS]
    known = sum(word in weights for word in words) / max(len(words), 1)
    return Weight(1 / (1 + exp(-odds)), tuple(heaviest), known)


def _tells(name: str) -> bool:
    """Say whether a person learns something from a feature: it has a word or a class in it."""
    return name[0] not in _DUMB and not _EDGES.issuperset(name.split())


@cache
def _weights() -> Mapping[str, float]:
    # Many weigh the same; and only a line at a time is held besides.
    shared: dict[str, float] = {}
    with WEIGHTS.open(encoding="utf-8") as lines:
        parted = (line.rstrip("\n").split("\t") for line in lines)
        return {
            feature: shared.setdefault(hundredths, int(hundredths) / HUNDREDTHS)
            for feature, hundredths in parted
        }
