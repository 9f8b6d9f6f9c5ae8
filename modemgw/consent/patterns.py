"""The little language in which the lexicon writes phrases.

A pattern is words with spaces between; it is looked for in a text of folded words. Its elements:

    stop        this word
    text|sms    one of these words; an underscore parts the words of one: not|no_longer
    messag*     a word that begins so; *word, *word*, *begin*end* likewise
    <doing>     one of a named class of words
    me|<us>     one of these words or of that class
    me?         optional; also <doing>? and a|b?
    ~3          up to three words of any kind, within one clause
    ^  $        the beginning and the end of the text
    .           the end of a sentence or question, or of the text
    ?  ,        the end of a question; a comma
    !word       unless this word comes next; also !<doing> and !a|b
    *           one word of any kind
    -<other>    unless one of these stands anywhere in the same sentence; also -a|b
    -?          unless the sentence is a question
    &           what stands on both sides occurs in one sentence, in whichever order

A class is a list of entries in the same notation, of one word or several, "send+ing/s" being short
for "sending" and "sends"; an entry may name another class.

How it is searched. Every set of words that an element names is an *atom* with a number, and a
`Vocabulary` says of a word which atoms it may stand for (remembered, because people use few
words). A phrase is looked at only where a text has all atoms that it needs; that leaves a handful
of hundreds. From one position an element either leads on or it does not, whatever came before, so
a search visits no position twice for an element: its time is bounded by the text's length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from modemgw.consent.folding import COMMA, MARKS, QUESTION_END, SENTENCE_END, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_ELEMENT = re.compile(r"(?P<sign>[!-])?(?P<choices>[^\s~!?&-][^\s~!?&]*)(?P<optional>\?)?")
_ASKS_NOTHING: Final = "-?"
_GAP = re.compile(r"~(\d)")
_SENTENCE_ENDS: Final = frozenset({SENTENCE_END, QUESTION_END})
_NOTHING: Final = frozenset[int]()
_REMEMBERED_WORDS: Final = 16_384


# An atom, and the words of a choice of it behind the first.
_Entry = tuple[int, tuple[str, ...]]


class PatternError(ValueError):
    """A phrase of the lexicon that cannot be read."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a word may stand for: atoms by itself, and atoms together with the words behind it.

    `leading` has the latter by the word that follows next, `loosely` those where that has a star.
    """

    alone: frozenset[int]
    leading: Mapping[str, Sequence[_Entry]]
    loosely: tuple[_Entry, ...]


class Vocabulary:
    """The atoms of a lexicon, and which of them a word may stand for."""

    def __init__(self) -> None:
        self._atoms: dict[frozenset[str], int] = {}
        self._places: dict[str, tuple[list[_Entry], tuple[str, ...]]] = {}
        self._sizes: list[int] = []
        self._whole: dict[str, list[_Entry]] = {}
        self._beginnings: dict[str, list[_Entry]] = {}
        self._endings: dict[str, list[_Entry]] = {}
        self._others: dict[str, list[_Entry]] = {}
        self._remembered: dict[str, _Meaning] = {}

    def atom(self, choices: Iterable[str]) -> int:
        """Number a set of choices, each one word or several, with or without stars."""
        named = frozenset(choices)
        if named in self._atoms:
            return self._atoms[named]
        atom = self._atoms[named] = len(self._sizes)
        self._sizes.append(len(named))
        # Words that are a choice by themselves share an entry: most are, and there are many.
        alone: _Entry = (atom, ())
        for choice in named:
            place, rest = self._places.get(choice) or self._place(choice)
            place.append((atom, rest) if rest else alone)
        return atom

    def complete(self) -> None:
        """Forget what only reading needs: no atom comes after this."""
        self._atoms.clear()
        self._places.clear()

    def size(self, atom: int) -> int:
        """Count the choices of an atom."""
        return self._sizes[atom]

    def knows(self, word: str) -> bool:
        """Say whether some phrase names this very word."""
        return word in self._whole

    def meaning(self, word: str) -> _Meaning:
        """Say which atoms a word may stand for."""
        known = self._remembered.get(word)
        if known is None:
            if len(self._remembered) >= _REMEMBERED_WORDS:
                self._remembered.clear()
            known = self._remembered[word] = self._look_up(word)
        return known

    def _place(self, choice: str) -> tuple[list[_Entry], tuple[str, ...]]:
        """Find, and keep, where a choice's atoms are listed, and its words behind the first."""
        word, *rest = choice.split()
        table = self._whole
        if word.count("*") > 1 or "*" in word[1:-1]:
            table = self._others
        elif word.startswith("*"):
            table, word = self._endings, word[1:]
        elif word.endswith("*"):
            table, word = self._beginnings, word[:-1]
        place = self._places[choice] = (table.setdefault(word, []), tuple(rest))
        return place

    def _look_up(self, word: str) -> _Meaning:
        found = list(self._whole.get(word, ()))
        for length in range(1, len(word) + 1):
            found += self._beginnings.get(word[:length], ())
            found += self._endings.get(word[-length:], ())
        for pattern, entries in self._others.items():
            if fnmatchcase(word, pattern):
                found += entries
        leading: dict[str, list[_Entry]] = {}
        for atom, rest in found:
            if rest and not rest[0].endswith("*"):
                leading.setdefault(rest[0], []).append((atom, rest))
        return _Meaning(
            frozenset(atom for atom, rest in found if not rest),
            leading,
            tuple((atom, rest) for atom, rest in found if rest and rest[0].endswith("*")),
        )


class Words:
    """A text prepared for searching: its words and marks, and what each may stand for.

    `cover` hides words, for good, from all later searches.
    """

    __slots__ = ("_leading", "alone", "atoms", "said")

    def __init__(self, said: Sequence[str], vocabulary: Vocabulary) -> None:
        self.said = list(said)
        meanings = [vocabulary.meaning(word) for word in self.said]
        self.alone = [meaning.alone for meaning in meanings]
        self._leading: dict[int, list[tuple[int, int]]] = {}
        for at, (meaning, behind) in enumerate(zip(meanings, self.said[1:], strict=False)):
            for atom, rest in (*meaning.leading.get(behind, ()), *meaning.loosely):
                if self._follows(at + 1, rest):
                    self._leading.setdefault(at, []).append((atom, at + 1 + len(rest)))
        self.atoms = self.uncovered()

    def ends(self, atom: int, at: int) -> list[int]:
        """The positions behind the words at `at` that stand for an atom; none if they do not."""
        ends = [at + 1] if atom in self.alone[at] else []
        for leading, end in self._leading.get(at, ()):
            if leading == atom:
                ends.append(end)
        return ends

    def atoms_at(self, at: int) -> frozenset[int]:
        """The atoms that words from a position on stand for and that are not covered."""
        return self.alone[at].union(atom for atom, _ in self._leading.get(at, ()))

    def cover(self, start: int, end: int) -> None:
        """Put the end of a sentence in the place of words."""
        for at in range(start, end):
            self.said[at] = SENTENCE_END
            self.alone[at] = _NOTHING
        for at, entries in list(self._leading.items()):
            kept = [entry for entry in entries if at >= end or entry[1] <= start]
            if kept:
                self._leading[at] = kept
            else:
                del self._leading[at]

    def uncovered(self) -> frozenset[int]:
        """The atoms that words stand for which are not covered."""
        return _NOTHING.union(*self.alone).union(
            atom for entries in self._leading.values() for atom, _ in entries
        )

    def sentence(self, at: int) -> range:
        """The positions of the sentence around a position."""
        start = at
        while start > 0 and self.said[start - 1] not in _SENTENCE_ENDS:
            start -= 1
        end = at
        while end < len(self.said) and self.said[end] not in _SENTENCE_ENDS:
            end += 1
        return range(start, end)

    def _follows(self, at: int, rest: tuple[str, ...]) -> bool:
        behind = self.said[at : at + len(rest)]
        return len(behind) == len(rest) and all(map(_fits, behind, rest))


def _fits(word: str, named: str) -> bool:
    return word.startswith(named[:-1]) if named.endswith("*") else word == named


class _Element(Protocol):
    def leads_to(self, words: Words, at: int) -> Iterable[int]: ...


@dataclass(frozen=True, slots=True)
class _OneOf:
    atom: int
    optional: bool

    def leads_to(self, words: Words, at: int) -> Iterable[int]:
        found = words.ends(self.atom, at) if at < len(words.said) else []
        return [*found, at] if self.optional else found


@dataclass(frozen=True, slots=True)
class _Unless:
    atom: int

    def leads_to(self, words: Words, at: int) -> Iterable[int]:
        return () if at < len(words.said) and words.ends(self.atom, at) else (at,)


@dataclass(frozen=True, slots=True)
class _Gap:
    longest: int

    def leads_to(self, words: Words, at: int) -> Iterable[int]:
        end = at
        while end < min(at + self.longest, len(words.said)) and words.said[end] not in MARKS:
            end += 1
        return range(end, at - 1, -1)


@dataclass(frozen=True, slots=True)
class _AnyWord:
    def leads_to(self, words: Words, at: int) -> Iterable[int]:
        return (at + 1,) if at < len(words.said) and words.said[at] not in MARKS else ()


@dataclass(frozen=True, slots=True)
class _Mark:
    marks: frozenset[str]
    or_end: bool = False

    def leads_to(self, words: Words, at: int) -> Iterable[int]:
        if at == len(words.said):
            return (at,) if self.or_end else ()
        return (at + 1,) if words.said[at] in self.marks else ()


@dataclass(frozen=True, slots=True)
class _Edge:
    last: bool

    def leads_to(self, words: Words, at: int) -> Iterable[int]:
        return (at,) if at == (len(words.said) if self.last else 0) else ()


_FIXED: Final[Mapping[str, _Element]] = {
    "^": _Edge(last=False),
    "$": _Edge(last=True),
    "?": _Mark(frozenset({QUESTION_END})),
    ",": _Mark(frozenset({COMMA})),
    "*": _AnyWord(),
    ".": _Mark(_SENTENCE_ENDS, or_end=True),
}


@dataclass(frozen=True, slots=True)
class Found:
    """Where a phrase was found: the positions of its words."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Sequence:
    elements: tuple[_Element, ...]

    def find(self, words: Words, within: range) -> Found | None:
        """Find the first place that begins within some positions."""
        hopeless: set[tuple[int, int]] = set()
        first = self.elements[0]
        known = first.atom if isinstance(first, _OneOf) and not first.optional else None
        for start in within:
            if known is not None and not words.ends(known, start):
                continue
            end = self._end(words, 0, start, hopeless)
            if end is not None and end > start:
                return Found(start, end)
        return None

    def _end(self, words: Words, step: int, at: int, hopeless: set[tuple[int, int]]) -> int | None:
        if step == len(self.elements):
            return at
        if (step, at) in hopeless:
            return None
        for next_at in self.elements[step].leads_to(words, at):
            end = self._end(words, step + 1, next_at, hopeless)
            if end is not None:
                return end
        hopeless.add((step, at))
        return None


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern, read: what must occur together, and what must not stand beside it.

    `needed` are the atoms without which it cannot occur, `rarest` that of them which the fewest
    words stand for; None if there are none.
    """

    together: tuple[_Sequence, ...]
    without: tuple[int, ...]
    asks_nothing: bool
    needed: frozenset[int]
    rarest: int | None

    def find(self, words: Words) -> Found | None:
        """Find the first place where it occurs."""
        first, *others = self.together
        everywhere = range(len(words.said))
        if not others and not self.without and not self.asks_nothing:
            return first.find(words, everywhere)
        at = 0
        while (found := first.find(words, range(at, len(words.said)))) is not None:
            sentence = words.sentence(found.start)
            if not self._hindered(words, sentence):
                beside = [other.find(words, sentence) for other in others]
                places = [found, *(place for place in beside if place is not None)]
                if len(places) == len(self.together):
                    return Found(
                        min(place.start for place in places), max(place.end for place in places)
                    )
            at = max(sentence.stop, found.start + 1)
        return None

    def _hindered(self, words: Words, sentence: range) -> bool:
        behind = words.said[sentence.stop : sentence.stop + 1]
        if self.asks_nothing and behind == [QUESTION_END]:
            return True
        return any(words.ends(atom, at) for atom in self.without for at in sentence)


@dataclass(slots=True)
class Phrases:
    """Phrases in their order, each with an owner, and which of them a text may hold."""

    _phrases: list[tuple[Phrase, int]] = field(default_factory=list)
    _by_atom: dict[int, list[int]] = field(default_factory=dict)
    _always: list[int] = field(default_factory=list)

    NO_OWNER: ClassVar[int] = 0

    def add(self, phrase: Phrase, owner: int = 0) -> None:
        """Add a phrase; `owner` is given back with it."""
        at = len(self._phrases)
        self._phrases.append((phrase, owner))
        if phrase.rarest is None:
            self._always.append(at)
        else:
            self._by_atom.setdefault(phrase.rarest, []).append(at)

    def candidates(self, words: Words) -> list[tuple[Phrase, int]]:
        """The phrases whose every needed atom a text has, in their order."""
        found = list(self._always)
        for atom in words.atoms & self._by_atom.keys():
            found += (
                at for at in self._by_atom[atom] if self._phrases[at][0].needed <= words.atoms
            )
        return [self._phrases[at] for at in sorted(found)]


class PatternReader:
    """Reads the phrases of a language, whose named classes of words it knows."""

    def __init__(self, classes: Mapping[str, Sequence[str]], vocabulary: Vocabulary) -> None:
        self._classes, self._vocabulary = classes, vocabulary
        self._members: dict[str, frozenset[str]] = {}
        self._open: set[str] = set()  # the classes whose members are being listed
        self._atoms: dict[str, int] = {}

    def phrase(self, pattern: str) -> Phrase:
        """Read a phrase. Raises PatternError for what the language of patterns does not know."""
        together: list[list[_Element]] = [[]]
        without: list[int] = []
        needed: set[int] = set()
        parts = pattern.split()
        for part in (part for part in parts if part != _ASKS_NOTHING):
            if part == "&":
                together.append([])
            elif part in _FIXED:
                together[-1].append(_FIXED[part])
            elif gap := _GAP.fullmatch(part):
                together[-1].append(_Gap(int(gap[1])))
            else:
                match = _ELEMENT.fullmatch(part)
                if match is None:
                    raise PatternError(f"unreadable element {part!r} in {pattern!r}")
                atom = self._atom(match["choices"])
                if match["sign"] == "-":
                    without.append(atom)
                elif match["sign"] == "!":
                    together[-1].append(_Unless(atom))
                else:
                    together[-1].append(_OneOf(atom, optional=bool(match["optional"])))
                    needed |= set() if match["optional"] else {atom}
        if not all(together):
            raise PatternError(f"nothing on one side of & in {pattern!r}")
        return Phrase(
            tuple(_Sequence(tuple(elements)) for elements in together),
            tuple(without),
            _ASKS_NOTHING in parts,
            frozenset(needed),
            # Of equals the last: later elements are seldom pronouns.
            min(needed, key=lambda atom: (self._vocabulary.size(atom), -atom), default=None),
        )

    def members(self, name: str) -> frozenset[str]:
        """List the words of a class, folded.

        Raises PatternError if it does not exist, or if classes name each other in a circle.
        """
        if name not in self._members:
            if name not in self._classes or name in self._open:
                raise PatternError(f"unknown or endless class <{name}>")
            self._open.add(name)
            try:
                self._members[name] = self._choices(self._classes[name])
            finally:
                self._open.discard(name)
        return self._members[name]

    def _choices(self, entries: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        for entry in entries:
            if entry.startswith("<"):
                found |= self.members(entry.strip("<>"))
            else:
                found.update(_spelled_out(entry))
        return frozenset(found)

    def _atom(self, written: str) -> int:
        if written not in self._atoms:
            choices = self._choices(written.split("|"))
            if not all(choice.strip("* ") for choice in choices):
                raise PatternError(f"an empty choice in {written!r}")
            self._atoms[written] = self._vocabulary.atom(choices)
        return self._atoms[written]


def _spelled_out(entry: str) -> Iterator[str]:
    stem, plus, endings = entry.replace("_", " ").partition("+")
    # A star is no letter that folding changes.
    for ending in endings.split("/") if plus else ("",):
        yield fold(stem + ending).strip()
