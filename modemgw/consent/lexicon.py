"""The words and phrases by which people opt out, opt in and ask for help, by language.

The words themselves are data: one TOML file a language in `words/`, in which a new language, or
a correction of a native speaker, needs no code. What a file holds:

    language, countries     ISO 639-1 and the ISO 3166 codes of where it is at home
    [keywords]              strong      opt out as a whole message or clause, doubtful elsewhere
                            weak        opt out as a whole message only: everyday words elsewhere
                            with_sender opt out when one more word, the sender's name, follows
                            help, opt_in
                            opt_in_soon opt in only shortly after the opt-out: "YES"
    [[local]]               countries, opt_out: keywords of some countries alone
    [slips]                 a word as it is often mistyped = the word
    forms, neighbours       words that look like slips of a keyword: doubtful, and harmless ones
    fillers                 words at either end of a message that change nothing
    kinds                   what may follow a keyword: "stop promo"
    [classes]               named classes of words for phrases
    [phrases]               none, review, opt_out, opt_in: patterns (see `patterns`), in this order
    machines                patterns of automatic replies
    reactions, dislikes     how phones put a reaction to a quoted text into words
    signatures              how phones sign texts
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, TypedDict

from modemgw.consent.folding import fold, words
from modemgw.consent.patterns import Phrases, compile_pattern
from modemgw.consent.spelling import SLIPS_LIMIT, forgives_slips

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Goes up with every change of a word, and is recorded with every decision.
VERSION: Final = "2026-11-22"


class _Keywords(TypedDict, total=False):
    strong: list[str]
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
    strong_in_order: tuple[str, ...]
    weak: frozenset[str]
    whole: frozenset[str]  # strong and weak
    with_sender: frozenset[str]
    long_keywords: tuple[str, ...]  # of strong and weak those that forgive slips
    help: frozenset[str]
    opt_in: frozenset[str]
    opt_in_soon: frozenset[str]
    local: Mapping[str, frozenset[str]]  # whole, with what a country has besides
    slips: Mapping[str, str]
    forms: frozenset[str]
    neighbours: frozenset[str]
    fillers: frozenset[str]
    kinds: frozenset[str]
    none_phrases: Phrases
    review_phrases: Phrases
    opt_out_phrases: Phrases
    opt_in_phrases: Phrases
    machines: Phrases
    reactions: tuple[str, ...]
    dislikes: tuple[str, ...]
    signatures: tuple[str, ...]

    def opt_out_words(self, country: str | None) -> frozenset[str]:
        """Name all words that opt out as a whole message, on a line of `country`."""
        return self.local.get(country or "", self.whole)


@cache
def languages() -> tuple[Language, ...]:
    """Read the lexicon that comes with the program, once."""
    folder = resources.files("modemgw.consent") / "words"
    files = sorted((entry for entry in folder.iterdir()), key=lambda entry: entry.name)
    return tuple(_language(tomllib.loads(entry.read_text("utf-8"))) for entry in files)


@dataclass(frozen=True, slots=True)
class Everywhere:
    """What holds whatever the language: people mix them, and few write in the one expected."""

    keywords: frozenset[str]  # every word that asks for something by itself
    refusals: frozenset[str]  # every word that opts out as a whole message, somewhere
    slip_lengths: range  # how long a slip of a keyword can be
    unmistakable: tuple[str, ...]  # strong keywords of one word, in a fixed order
    opt_in: frozenset[str]
    opt_in_soon: frozenset[str]
    slips: Mapping[str, str]
    forms: frozenset[str]
    neighbours: frozenset[str]
    fillers: frozenset[str]
    kinds: frozenset[str]
    help: frozenset[str]


@cache
def everywhere() -> Everywhere:
    """Merge what all languages hold, once."""
    tongues = languages()
    strong = frozenset[str]().union(*(tongue.strong for tongue in tongues))
    opt_in = frozenset[str]().union(*(tongue.opt_in for tongue in tongues))
    weak = frozenset[str]().union(*(tongue.weak for tongue in tongues))
    lengths = [len(word) for tongue in tongues for word in tongue.long_keywords]
    asking = frozenset[str]().union(*(tongue.help for tongue in tongues))
    return Everywhere(
        keywords=strong | weak | opt_in | asking,
        refusals=(strong | weak).union(*(local for t in tongues for local in t.local.values())),
        slip_lengths=range(
            min(lengths, default=0) - SLIPS_LIMIT, max(lengths, default=0) + SLIPS_LIMIT + 1
        ),
        unmistakable=tuple(sorted(word for word in strong if " " not in word)),
        opt_in=opt_in,
        opt_in_soon=frozenset[str]().union(*(tongue.opt_in_soon for tongue in tongues)),
        slips={slip: word for tongue in tongues for slip, word in tongue.slips.items()},
        forms=frozenset[str]().union(*(tongue.forms for tongue in tongues)),
        neighbours=frozenset[str]().union(*(tongue.neighbours for tongue in tongues)),
        fillers=frozenset[str]().union(*(tongue.fillers for tongue in tongues)),
        kinds=frozenset[str]().union(*(tongue.kinds for tongue in tongues)),
        help=asking,
    )


def _language(raw: Mapping[str, object]) -> Language:
    file: _File = raw  # type: ignore[assignment]  # the program's own data, kept right by tests
    keywords = file.get("keywords", _Keywords())
    phrases = file.get("phrases", _Phrases())
    classes = file.get("classes", {})

    def compiled(patterns: Iterable[str]) -> Phrases:
        return Phrases(compile_pattern(pattern, classes) for pattern in patterns)

    strong, weak = _folded(keywords.get("strong", ())), _folded(keywords.get("weak", ()))
    return Language(
        code=file.get("language"),
        countries=frozenset(file.get("countries", ())),
        strong=strong,
        strong_in_order=tuple(sorted(strong)),
        weak=weak,
        whole=strong | weak,
        long_keywords=tuple(sorted(word for word in strong | weak if forgives_slips(word))),
        with_sender=_folded(keywords.get("with_sender", ())),
        help=_folded(keywords.get("help", ())),
        opt_in=_folded(keywords.get("opt_in", ())),
        opt_in_soon=_folded(keywords.get("opt_in_soon", ())),
        local={
            country: _folded(entry["opt_out"]) | strong | weak
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
        none_phrases=compiled(phrases.get("none", ())),
        review_phrases=compiled(phrases.get("review", ())),
        opt_out_phrases=compiled(phrases.get("opt_out", ())),
        opt_in_phrases=compiled(phrases.get("opt_in", ())),
        machines=compiled(file.get("machines", ())),
        reactions=tuple(fold(start) for start in file.get("reactions", ())),
        dislikes=tuple(fold(start) for start in file.get("dislikes", ())),
        signatures=tuple(fold(start) for start in file.get("signatures", ())),
    )


def _folded(entries: Iterable[str]) -> frozenset[str]:
    return frozenset(_fold_words(entry) for entry in entries)


def _fold_words(entry: str) -> str:
    return " ".join(words(fold(entry)))
