"""An incoming text as the rules see it: read once, asked about many times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from modemgw.consent.folding import (
    COMMA,
    MARKS,
    SENTENCE_END,
    fold,
    twins,
    without_more_marks,
    words,
)
from modemgw.consent.lexicon import Language, everywhere, languages, sayings
from modemgw.consent.patterns import Words
from modemgw.consent.quotes import own_text, without_repeats
from modemgw.consent.spelling import is_drawn_out, letters_apart, single_letters
from modemgw.consent.weighing import Content, Weight, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence, Set

    from modemgw.consent.patterns import Found, Phrases

# Twenty parts: what stands further behind nobody reads, and a hostile text must not cost seconds.
_LONGEST_READ: Final = 3_000
# A keyword of so many letters is recognised inside a sentence too, slips included.
_UNMISTAKABLE: Final = 9
# The language of a shared keyword such as STOP where nothing else tells.
LINGUA_FRANCA: Final = "en"
_REMEMBERED_WORDS: Final = 16_384
# In words: how far before and behind a refusal its object stands.
_OBJECT_BEFORE: Final = 2
_OBJECT_WITHIN: Final = 4
_CAPITALS = re.compile(r"\b[^\W\d_]{4,12}\b")
# What people write on to without a space.
_GLUED_KEYWORDS: Final = ("stop",)
# Of words written in one: so few are compounds of some language, so many letters nobody types.
_FEWEST_PARTS: Final = 3
_LONGEST_RUN: Final = 40
_NOTHING: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class OwnWords:
    """Keywords that the operator has added, as `keywords.own_words` reads them."""

    opt_out: frozenset[str] = frozenset()
    opt_in: frozenset[str] = frozenset()
    help: frozenset[str] = frozenset()


NO_OWN_WORDS: Final = OwnWords()


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of who wrote: what `classify` was told besides the text."""

    country: str | None
    language: str | None
    opted_out: bool
    since_optout_s: float | None
    own: OwnWords = NO_OWN_WORDS


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase that was found: its words, and whose it is."""

    words: str
    tongue: Language


@dataclass(frozen=True, slots=True)
class Clause:
    """The core of a clause, whether the sentence ends with it, and whether it is all of that."""

    core: tuple[str, ...]
    last: bool
    alone: bool

    def stands_out(self, shouted: Set[str]) -> bool:
        """Whether it is a sentence of its own, or in capitals where not all is."""
        return self.alone or not shouted.isdisjoint(self.core)


@dataclass(frozen=True)
class Reading:
    """A text and the state it arrived in.

    `folded` is all of it. `words` are the customer's own words with marks, slips put right;
    `core` the same without marks and without fillers at the ends. `masked` is `words` with the
    harmless and the doubtful phrases covered; `harmless` says whether
    there were any of the former, `doubts` are the latter. `shouted` are words in
    capitals, where not all are. `machine` is the phrase by
    which an automatic reply gives itself away. `tongues` are all languages, the likeliest first.
    """

    sender: Sender
    tongues: tuple[Language, ...]
    folded: str
    words: tuple[str, ...]
    shouted: frozenset[str]
    core: tuple[str, ...]
    machine: Match | None
    masked: Words
    harmless: bool
    doubts: tuple[str, ...]

    @property
    def core_text(self) -> str:
        """The core as one string."""
        return " ".join(self.core)

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """What was not masked, cut into clauses; questions are left out."""
        return tuple(self._cut())

    def _cut(self) -> Iterator[Clause]:
        sentence: list[tuple[str, ...]] = []
        clause: list[str] = []
        for word in (*self.masked.said, SENTENCE_END):
            if word not in MARKS:
                clause.append(word)
                continue
            if clause:
                sentence.append(_without_fillers(tuple(clause)))
            if word == SENTENCE_END:
                for at, core in enumerate(sentence, 1):
                    yield Clause(core, last=at == len(sentence), alone=len(sentence) == 1)
            if word != COMMA:
                sentence = []
            clause = []

    def find(self, phrases: Phrases) -> Match | None:
        """Find a phrase in what was not masked, those of the likeliest languages first."""
        return _first_match(phrases, self.masked, self.tongues)

    @cached_property
    def weight(self) -> Weight:
        """How much it weighs like a refusal; several rules ask."""
        return weigh(self.content)

    @property
    def content(self) -> Content:
        """What is weighed of it."""
        said, known = self.masked.said, sayings().classes
        both = zip(self.words, said, strict=True)
        classes = [
            _NOTHING.union(*(known[atom] for atom in self.masked.atoms_at(at) & known.keys()))
            for at in range(len(said))
        ]
        kept = without_more_marks(said)
        return Content(
            said=[said[at] for at in kept],
            classes=[classes[at] for at in kept],
            covered=[word for word, left in both if word != left],
            found=tuple(self._kinds()),
        )

    def _kinds(self) -> Iterator[str]:
        """Name the kinds of phrases that it has."""
        if self.harmless:
            yield "none"
        if self.doubts:
            yield "review"
        if self.refusal:
            yield "opt_out"
        for name in ("help", "unwilling", "opt_in", "strong"):
            if self.find(getattr(sayings(), name)):
                yield name

    @cached_property
    def refusal(self) -> Match | None:
        """A phrase that refuses, and not other business ("do not send the parcel")."""
        return _first_match(sayings().opt_out, self.masked, self.tongues, _is_about_us)

    def find_refusal_in_one(self) -> Match | None:
        """Find a phrase that refuses in a text without spaces: "nomemandenmas"."""
        parts = _parted(self.core[0]) if len(self.core) == 1 else ()
        if len(parts) < _FEWEST_PARTS:
            return None
        return _first_match(
            sayings().opt_out, Words(parts, sayings().vocabulary), self.tongues, _is_about_us
        )


def read(text: str, sender: Sender, outbound: Sequence[str]) -> Reading:
    """Read a whole text; `outbound` are our last texts to the sender."""
    folded = fold(text[:_LONGEST_READ])
    own = without_repeats(words(own_text(folded)), outbound)
    put_right = tuple(
        part for word in _joined(own) for part in ((word,) if word in MARKS else _put_right(word))
    )
    tongues = _likeliest_first(sender.country, sender.language)
    masked = Words(put_right, sayings().vocabulary)
    machine = _first_match(sayings().machines, masked, tongues)
    harmless = bool(_cover(sayings().none, masked))
    return Reading(
        sender=sender,
        tongues=tongues,
        folded=folded,
        words=put_right,
        shouted=_shouted(text),
        core=_without_fillers(unmarked(put_right)),
        machine=machine,
        masked=masked,
        harmless=harmless,
        doubts=_cover(sayings().review, masked),
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
                tongue.code != LINGUA_FRANCA,
            ),
        )
    )


def _shouted(text: str) -> frozenset[str]:
    """List the words in capitals of a text that has small letters too."""
    if text.isupper():
        return frozenset()
    return frozenset(fold(word) for word in _CAPITALS.findall(text) if word.isupper())


def _joined(said: Sequence[str]) -> Iterator[str]:
    """Join letters written apart where they make a keyword: "s t o p", "s.t.o.p"."""
    letters: list[str] = []
    waiting: list[str] = []
    for word in (*said, ""):
        if len(word) == 1 and (word not in MARKS or letters):
            waiting.append(word)
            letters += () if word in MARKS else (word,)
            continue
        joined = letters_apart(letters)
        if joined in everywhere().keywords:
            yield joined
            if waiting[-1] in MARKS:
                yield waiting[-1]
        else:
            yield from waiting
        waiting, letters = [], []
        if word:
            yield word


@lru_cache(maxsize=_REMEMBERED_WORDS)
def _put_right(word: str) -> tuple[str, ...]:
    """Give the words that a word stands for: a known slip, look-alikes, held or glued letters."""
    known = everywhere()
    if word in known.keywords:
        return (word,)
    if word in known.slips:
        return (known.slips[word],)
    for twin in twins(word):
        if twin in known.keywords:
            return (twin,)
    if word in known.forms or word in known.neighbours or sayings().vocabulary.knows(word):
        return (word,)
    if is_drawn_out(word) and (meant := known.drawn_out.get(single_letters(word))):
        return (meant,)
    if glued := _unglued(word):
        return glued
    slips = [meant for meant in known.keyword_slips.meant(word) if len(meant) >= _UNMISTAKABLE]
    slips += sayings().slips.meant(word)
    return (next((meant for meant in slips if not _is_inflected(word, meant)), word),)


def _is_inflected(word: str, meant: str) -> bool:
    """Say whether two words differ as forms of one do, or as words do: in the ending, the start."""
    return meant[0] != word[0] or (len(meant) == len(word) and meant[:-2] == word[:-2])


def _unglued(word: str) -> tuple[str, ...]:
    """Part a keyword from what was written on to it: "stopplease"; nothing if that is none."""
    known = everywhere()
    for keyword in _GLUED_KEYWORDS:
        rest = word.removeprefix(keyword)
        if rest in (word, ""):
            continue
        if rest in known.kinds or rest in known.fillers or rest in known.keywords:
            return (keyword, rest)
        if further := _unglued(rest):
            return (keyword, *further)
    return ()


@lru_cache(maxsize=_REMEMBERED_WORDS)
def _parted(word: str) -> tuple[str, ...]:
    """Part a word into the fewest that the lexicon knows; nothing if there are none."""
    if len(word) > _LONGEST_RUN or sayings().vocabulary.knows(word):
        return ()
    best: list[tuple[str, ...] | None] = [(), *([None] * len(word))]
    for end in range(1, len(word) + 1):
        for start in range(end - 1):
            before, part = best[start], word[start:end]
            if before is None or not sayings().vocabulary.knows(part):
                continue
            found = best[end]
            if found is None or len(before) + 1 < len(found):
                best[end] = (*before, part)
    return best[-1] or ()


def _cover(phrases: Phrases, words: Words) -> tuple[str, ...]:
    """Cover phrases wherever they occur; give what they were."""
    covered: list[str] = []
    for phrase, _ in phrases.candidates(words):
        while (found := phrase.find(words)) is not None:
            covered.append(" ".join(words.said[found.start : found.end]))
            words.cover(found.start, found.end)
    return tuple(covered)


def _is_about_us(found: Found, words: Words, owner: int) -> bool:
    """Say whether a refusal has no other object, in its words or beside them."""
    things = sayings().things.get(owner)
    if things is None or things not in words.atoms:
        return True
    start = found.start
    while start > max(found.start - _OBJECT_BEFORE, 0) and words.said[start - 1] not in MARKS:
        start -= 1
    end = found.end
    while end < min(found.end + _OBJECT_WITHIN, len(words.said)) and words.said[end] not in MARKS:
        end += 1
    if not any(words.ends(things, at) for at in range(start, end)):
        return True
    about_us = sayings().about_us[owner]
    return any(words.ends(about_us, at) for at in range(found.start, found.end))


def _first_match(
    phrases: Phrases,
    words: Words,
    tongues: Sequence[Language],
    counts: Callable[[Found, Words, int], bool] | None = None,
) -> Match | None:
    candidates = phrases.candidates(words)
    if not candidates:
        return None
    rank = {id(tongue): at for at, tongue in enumerate(tongues)}
    owners = languages()
    for phrase, owner in sorted(candidates, key=lambda entry: rank[id(owners[entry[1]])]):
        found = phrase.find(words)
        if found is not None and (counts is None or counts(found, words, owner)):
            return Match(" ".join(words.said[found.start : found.end]), owners[owner])
    return None


def _without_fillers(said: tuple[str, ...]) -> tuple[str, ...]:
    """Strip fillers off both ends; what consists of fillers alone stays."""
    fillers = everywhere().fillers
    meant = [index for index, word in enumerate(said) if word not in fillers]
    return said[meant[0] : meant[-1] + 1] if meant else said
