"""An incoming text as the rules see it: read once, asked about many times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from modemgw.consent.folding import MARKS, QUESTION_END, SENTENCE_END, fold, twins, words
from modemgw.consent.lexicon import Language, everywhere, languages
from modemgw.consent.quotes import own_text, without_repeats
from modemgw.consent.spelling import is_drawn_out, is_slip_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Twenty parts: what stands further behind nobody reads, and a hostile text must not cost seconds.
_LONGEST_READ: Final = 3_000
# A keyword of so many letters is recognised inside a sentence too, slips included.
_UNMISTAKABLE: Final = 9
# The language of a shared keyword such as STOP where nothing else tells.
_LINGUA_FRANCA: Final = "en"
_REMEMBERED_WORDS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of who wrote: what `classify` was told besides the text."""

    country: str | None
    language: str | None
    opted_out: bool
    since_optout_s: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A text and the state it arrived in.

    `folded` is all of it. `words` are the customer's own words with marks, slips put right;
    `core` the same without marks and without fillers at the ends. `masked` is `words` with one
    space behind each, the harmless and the doubtful phrases taken out; `doubts` are the latter.
    `tongues` are all languages, the likeliest first.
    """

    sender: Sender
    tongues: tuple[Language, ...]
    folded: str
    words: tuple[str, ...]
    core: tuple[str, ...]
    masked: str
    doubts: tuple[str, ...]

    @property
    def core_text(self) -> str:
        """The core as one string."""
        return " ".join(self.core)

    def clauses(self) -> Iterator[tuple[str, ...]]:
        """Cut what was not masked into cores of clauses; questions are left out."""
        clause: list[str] = []
        for word in (*self.masked.split(), SENTENCE_END):
            if word not in MARKS:
                clause.append(word)
                continue
            if clause and word != QUESTION_END:
                yield _without_fillers(tuple(clause))
            clause = []


def read(text: str, sender: Sender, outbound: Sequence[str]) -> Reading:
    """Read a whole text; `outbound` are our last texts to the sender."""
    folded = fold(text[:_LONGEST_READ])
    own = without_repeats(words(own_text(folded)), outbound)
    put_right = tuple(word if word in MARKS else _put_right(word) for word in own)
    tongues = _likeliest_first(sender.country, sender.language)
    masked, doubts = _mask("".join(f"{word} " for word in put_right), tongues)
    return Reading(
        sender=sender,
        tongues=tongues,
        folded=folded,
        words=put_right,
        core=_without_fillers(unmarked(put_right)),
        masked=masked,
        doubts=doubts,
    )


def unmarked(said: Sequence[str]) -> tuple[str, ...]:
    """Leave the marks out."""
    return tuple(word for word in said if word not in MARKS)


@lru_cache(maxsize=256)
def _likeliest_first(country: str | None, language: str | None) -> tuple[Language, ...]:
    return tuple(
        sorted(
            languages(),
            key=lambda tongue: (
                tongue.code != language,
                country not in tongue.countries,
                tongue.code != _LINGUA_FRANCA,
            ),
        )
    )


@lru_cache(maxsize=_REMEMBERED_WORDS)
def _put_right(word: str) -> str:
    """Give the keyword that a word stands for: a known slip, look-alikes, letters held down."""
    known = everywhere()
    if word in known.slips:
        return known.slips[word]
    if word in known.keywords:
        return word
    for twin in twins(word):
        if twin in known.keywords:
            return twin
    if word in known.forms or word in known.neighbours:
        return word
    for keyword in known.unmistakable:
        if is_drawn_out(word, keyword):
            return keyword
        if len(keyword) >= _UNMISTAKABLE and is_slip_of(word, keyword):
            return keyword
    return word


def _mask(text: str, tongues: Sequence[Language]) -> tuple[str, tuple[str, ...]]:
    """Take harmless and doubtful phrases out of a text; give the rest, and the doubtful ones."""
    vocabulary = frozenset(text.split())
    doubts: list[str] = []
    for tongue in tongues:
        for phrase in tongue.none_phrases.worth_searching(vocabulary):
            text = phrase.regex.sub(f"{SENTENCE_END} ", text)
    for tongue in tongues:
        for phrase in tongue.review_phrases.worth_searching(vocabulary):
            doubts += (found[0].strip() for found in phrase.regex.finditer(text))
            text = phrase.regex.sub(f"{SENTENCE_END} ", text)
    return text, tuple(doubts)


def _without_fillers(said: tuple[str, ...]) -> tuple[str, ...]:
    """Strip fillers off both ends; what consists of fillers alone stays."""
    fillers = everywhere().fillers
    meant = [index for index, word in enumerate(said) if word not in fillers]
    return said[meant[0] : meant[-1] + 1] if meant else said
