"""The words and phrases by which people opt out, opt in and ask for help, by language.

The words themselves are data: one TOML file a language in `words/`, in which a new language, or
a correction of a native speaker, needs no code. What a file holds:

    language, countries     ISO 639-1 and the ISO 3166 codes of where it is at home
    [keywords]              strong      opt out as a whole message or clause, doubtful elsewhere
                            as_clause   opt out as a whole message or clause, say nothing elsewhere
                            weak        opt out as a whole message only: everyday words elsewhere
                            with_sender opt out when one more word, the sender's name, follows
                            help, opt_in
                            opt_in_soon opt in only shortly after the opt-out: "YES"
    [[local]]               countries, opt_out: everyday words that are keywords in some countries,
                            where they are all that is said
    [slips]                 a word as it is often mistyped = the word
    forms, neighbours       words that look like slips of a keyword: doubtful, and harmless ones
    fillers                 words at either end of a message that change nothing
    kinds                   what may follow a keyword: "stop promo"
    everything              words by which a keyword is of all texts: "stop all"
    [classes]               named classes of words for phrases
    [phrases]               patterns (see `patterns`), in the order in which they are asked:
                            none        harmless: covered, so that it says nothing further
                            review      doubtful, whatever else it looks like: covered too
                            opt_out     a refusal in plain words
                            help        asks who we are, or for a person
                            unwilling   no plain refusal, but somebody should look
                            opt_in      of who opted out: may want texts again
    machines                patterns of automatic replies
    reactions, dislikes     how phones put a reaction to a quoted text into words
    signatures              how phones sign texts

What refusals have in common in all languages stands in `frames.toml`: patterns in the same
sections, made of classes alone ("stop" + "messages"). A frame holds for each language that has
all of its classes. What words and classes weigh in texts that no phrase fits stands in
`weights.tsv` (see `weighing`).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

from modemgw.consent.folding import fold, words
from modemgw.consent.patterns import PatternReader, Phrases, Vocabulary
from modemgw.consent.spelling import Slips, forgives_slips, single_letters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# The edition that people speak of; `version` tells one state of the words from another.
EDITION: Final = "2026-11-30"
_DIGITS_OF_DIGEST: Final = 8

# Classes whose longer words are recognised with a slip in them.
_FORGIVING_CLASSES: Final = frozenset({"messages", "texting"})
# Other business that a refusal may be about, and what tells that it is about our texts.
_THINGS: Final = "things"
_ABOUT_US: Final = ("messages", "texting", "mine")
_SECTIONS: Final = ("none", "review", "opt_out", "help", "unwilling", "opt_in")
_FOLDER: Final = resources.files("modemgw.consent")
_CLASS_IN_PATTERN: Final = re.compile(r"<(\w+)>")


class _Keywords(TypedDict, total=False):
    strong: list[str]
    as_clause: list[str]
    weak: list[str]
    with_sender: list[str]
    help: list[str]
    opt_in: list[str]
    opt_in_soon: list[str]


class _Local(TypedDict):
    countries: list[str]
    opt_out: list[str]


class _Phrases(TypedDict, total=False):
    none: list[str]
    review: list[str]
    opt_out: list[str]
    help: list[str]
    unwilling: list[str]
    opt_in: list[str]


class _File(TypedDict, total=False):
    language: str
    countries: list[str]
    keywords: _Keywords
    local: list[_Local]
    slips: dict[str, str]
    forms: list[str]
    neighbours: list[str]
    fillers: list[str]
    kinds: list[str]
    everything: list[str]
    classes: dict[str, list[str]]
    phrases: _Phrases
    machines: list[str]
    reactions: list[str]
    dislikes: list[str]
    signatures: list[str]


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language, folded; keywords of several words have one space between."""

    code: str | None
    countries: frozenset[str]
    strong: frozenset[str]
    clauses: frozenset[str]  # strong, and those that opt out as a clause
    weak: frozenset[str]  # these too
    whole: frozenset[str]  # all of them
    with_sender: frozenset[str]
    help: frozenset[str]
    opt_in: frozenset[str]
    opt_in_soon: frozenset[str]
    local: Mapping[str, frozenset[str]]
    slips: Mapping[str, str]
    forms: frozenset[str]
    neighbours: frozenset[str]
    fillers: frozenset[str]
    kinds: frozenset[str]
    everything: frozenset[str]
    reactions: tuple[str, ...]
    dislikes: tuple[str, ...]
    signatures: tuple[str, ...]

    def opt_out_words(self, country: str | None) -> frozenset[str]:
        """Name the everyday words that opt out on a line of `country`, if nothing else is said."""
        return self.local.get(country or "", frozenset())


@dataclass(frozen=True, slots=True)
class Sayings:
    """The phrases of all languages; each is owned by its language's place in `languages()`."""

    vocabulary: Vocabulary
    things: Mapping[int, int]  # by owner, the atom of other business that one refuses
    about_us: Mapping[int, int]  # by owner, the atom of what can only be meant of our texts
    slips: Slips  # of the longer words of the forgiving classes
    classes: Mapping[int, frozenset[str]]  # by atom, the classes that it stands for
    machines: Phrases
    none: Phrases
    review: Phrases
    opt_out: Phrases
    help: Phrases
    unwilling: Phrases
    opt_in: Phrases
    strong: Phrases  # the strong keywords, each by itself


@cache
def version() -> str:
    """Name the words, frames and weights that decide: the edition and a digest of the files.

    It is recorded with every decision, so that it can be told later by which words one was taken.
    """
    digest = sha256()
    for name in ("frames.toml", "weights.tsv", *_names()):
        digest.update(name.encode() + b"\0" + (_FOLDER / name).read_bytes() + b"\0")
    return f"{EDITION}+{digest.hexdigest()[:_DIGITS_OF_DIGEST]}"


@cache
def languages() -> tuple[Language, ...]:
    """Read the lexicon that comes with the program, once."""
    return tuple(_language(file) for file in _files())


@cache
def sayings() -> Sayings:
    """Read the phrases of all languages, once."""
    vocabulary = Vocabulary()
    forgiving: set[str] = set()
    found = {section: Phrases() for section in (*_SECTIONS, "machines", "strong")}
    things: dict[int, int] = {}
    about_us: dict[int, int] = {}
    named: dict[int, frozenset[str]] = {}
    frames = _toml("frames.toml")
    for owner, (file, language) in enumerate(zip(_files(), languages(), strict=True)):
        classes = file.get("classes", {})
        reader = PatternReader(classes, vocabulary)
        listed = {section: _patterns(section, file, frames) for section in _SECTIONS}
        listed["machines"] = file.get("machines", [])
        listed["strong"] = sorted(keyword.replace(" ", "_") for keyword in language.strong)
        for section, patterns in listed.items():
            for pattern in patterns:
                found[section].add(reader.phrase(pattern), owner)
        if _THINGS in classes:
            things[owner] = vocabulary.atom(reader.members(_THINGS))
            ours = (reader.members(name) for name in _ABOUT_US if name in classes)
            about_us[owner] = vocabulary.atom(frozenset[str]().union(*ours))
        for name in classes:
            atom = vocabulary.atom(reader.members(name))
            named[atom] = named.get(atom, frozenset()) | {name}
        for name in classes.keys() & _FORGIVING_CLASSES:
            forgiving |= {word for word in reader.members(name) if word.isalpha()}
    slips = Slips(word for word in forgiving if forgives_slips(word))
    vocabulary.complete()
    _files.cache_clear()
    return Sayings(vocabulary, things, about_us, slips, named, **found)


def _patterns(section: str, file: _File, frames: Mapping[str, list[str]]) -> list[str]:
    """List a language's phrases of a section, and the frames of which it has all classes."""
    phrases: Mapping[str, list[str]] = file.get("phrases", {})  # type: ignore[assignment]
    classes = file.get("classes", {})
    shared = (
        frame
        for frame in frames.get(section, ())
        if all(name in classes for name in _CLASS_IN_PATTERN.findall(frame))
    )
    return [*phrases.get(section, ()), *shared]


@cache
def _files() -> tuple[_File, ...]:
    return tuple(cast("_File", _toml(name)) for name in _names())


def _names() -> list[str]:
    return sorted(f"words/{entry.name}" for entry in (_FOLDER / "words").iterdir())


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Everywhere:
    """What holds whatever the language: people mix them, and few write in the one expected."""

    keywords: frozenset[str]  # every word that asks for something by itself
    refusals: frozenset[str]  # every word that opts out as a whole message, somewhere
    keyword_slips: Slips  # of the single words that opt out and are long enough
    drawn_out: Mapping[str, str]  # a keyword of one word without its repeated letters = the word
    opt_in: frozenset[str]
    opt_in_words: frozenset[str]  # these and those that opt in only soon after the opt-out
    opt_in_soon: frozenset[str]
    slips: Mapping[str, str]
    forms: frozenset[str]
    neighbours: frozenset[str]
    fillers: frozenset[str]
    kinds: frozenset[str]
    everything: frozenset[str]
    help: frozenset[str]


@cache
def everywhere() -> Everywhere:
    """Merge what all languages hold, once."""
    tongues = languages()
    strong = frozenset[str]().union(*(tongue.strong for tongue in tongues))
    opt_in = frozenset[str]().union(*(tongue.opt_in for tongue in tongues))
    soon = frozenset[str]().union(*(tongue.opt_in_soon for tongue in tongues))
    weak = frozenset[str]().union(*(tongue.weak for tongue in tongues))
    fillers = frozenset[str]().union(*(tongue.fillers for tongue in tongues))
    asking = frozenset[str]().union(*(tongue.help for tongue in tongues))
    return Everywhere(
        keywords=strong | weak | opt_in | asking,
        refusals=(strong | weak).union(*(local for t in tongues for local in t.local.values())),
        keyword_slips=Slips(
            word for word in strong | weak if forgives_slips(word) and " " not in word
        ),
        drawn_out={
            single_letters(word): word
            for word in sorted(strong | weak | opt_in | asking | fillers)
            if " " not in word and len(word) > 2
        },
        opt_in=opt_in,
        opt_in_words=opt_in | soon,
        opt_in_soon=soon,
        slips={slip: word for tongue in tongues for slip, word in tongue.slips.items()},
        forms=frozenset[str]().union(*(tongue.forms for tongue in tongues)),
        neighbours=frozenset[str]().union(*(tongue.neighbours for tongue in tongues)),
        fillers=fillers,
        kinds=frozenset[str]().union(*(tongue.kinds for tongue in tongues)),
        everything=frozenset[str]().union(*(tongue.everything for tongue in tongues)),
        help=asking,
    )


def _language(file: _File) -> Language:
    keywords = file.get("keywords", _Keywords())
    strong, clauses = _folded(keywords.get("strong", ())), _folded(keywords.get("as_clause", ()))
    weak = _folded(keywords.get("weak", ())) | clauses
    return Language(
        code=file.get("language"),
        countries=frozenset(file.get("countries", ())),
        strong=strong,
        clauses=strong | clauses,
        weak=weak,
        whole=strong | weak,
        with_sender=_folded(keywords.get("with_sender", ())),
        help=_folded(keywords.get("help", ())),
        opt_in=_folded(keywords.get("opt_in", ())),
        opt_in_soon=_folded(keywords.get("opt_in_soon", ())),
        local={
            country: _folded(entry["opt_out"])
            for entry in file.get("local", ())
            for country in entry["countries"]
        },
        slips={
            _fold_words(slip): _fold_words(word) for slip, word in file.get("slips", {}).items()
        },
        forms=_folded(file.get("forms", ())),
        neighbours=_folded(file.get("neighbours", ())),
        fillers=_folded(file.get("fillers", ())),
        kinds=_folded(file.get("kinds", ())),
        everything=_folded(file.get("everything", ())),
        reactions=tuple(fold(start) for start in file.get("reactions", ())),
        dislikes=tuple(fold(start) for start in file.get("dislikes", ())),
        signatures=tuple(fold(start) for start in file.get("signatures", ())),
    )


def _folded(entries: Iterable[str]) -> frozenset[str]:
    return frozenset(_fold_words(entry) for entry in entries)


def _fold_words(entry: str) -> str:
    return " ".join(words(fold(entry)))
