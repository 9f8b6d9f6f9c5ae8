"""The little language in which the lexicon writes phrases.

A pattern is words with spaces between; it is looked for in a text of folded words, each followed
by one space. Its elements:

    stop        this word
    text|sms    one of these words; an underscore parts the words of one: not|no_longer
    messag*     a word that begins so; *word, *word* likewise
    <doing>     one of a named class of words; an entry of a class may be several words
    me|<us>     one of these words or of that class
    me?         optional; also <doing>? and a|b?
    ~3          up to three words of any kind, within one clause
    ^  $        the beginning and the end of the text
    .           the end of a sentence or question, or of the text
    ?  ,        the end of a question; a comma
    !word       unless this word comes next; also !<doing> and !a|b
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.consent.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ELEMENT = re.compile(r"(?P<unless>!)?(?P<choices>[^\s~!?]+)(?P<optional>\?)?")
_GAP = re.compile(r"~(\d)")
_FIXED: Final = {"^": r"\A", "$": r"\Z", "?": r"\? ", ".": r"(?:[.?] |\Z)"}


@dataclass(frozen=True, slots=True)
class _Element:
    regex: str
    needed: frozenset[str] = frozenset()


class PatternError(ValueError):
    """A phrase of the lexicon that cannot be read."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern, compiled.

    `needed` are words one of which must stand in any text that it occurs in; where it is empty,
    that cannot be told.
    """

    regex: re.Pattern[str]
    needed: frozenset[str]


class Phrases:
    """Phrases in their order, and which of them a text may hold.

    A large lexicon has hundreds; by their needed words nearly all are ruled out, unlooked at.
    """

    __slots__ = ("_always", "_by_word", "_phrases")

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._phrases = tuple(phrases)
        self._always = [at for at, phrase in enumerate(self._phrases) if not phrase.needed]
        self._by_word: dict[str, list[int]] = {}
        for at, phrase in enumerate(self._phrases):
            for word in phrase.needed:
                self._by_word.setdefault(word, []).append(at)

    def worth_searching(self, vocabulary: frozenset[str]) -> list[Phrase]:
        """The phrases that may occur in a text of these words."""
        found = set(self._always)
        for word in vocabulary & self._by_word.keys():
            found.update(self._by_word[word])
        return [self._phrases[at] for at in sorted(found)]


def compile_pattern(pattern: str, groups: Mapping[str, Sequence[str]]) -> Phrase:
    """Compile a phrase; `groups` has the named classes of words.

    Raises PatternError for what the language does not know.
    """
    regex = r"(?<!\S)"
    needed: frozenset[str] = frozenset()
    for part in pattern.split():
        if part in _FIXED:
            regex += _FIXED[part]
        elif gap := _GAP.fullmatch(part):
            regex += rf"(?:[^\s.?,]+ ){{0,{gap[1]}}}"
        else:
            element = _element(part, groups)
            regex += element.regex
            needed = needed or element.needed
    return Phrase(re.compile(regex), needed)


def _element(part: str, groups: Mapping[str, Sequence[str]]) -> _Element:
    match = _ELEMENT.fullmatch(part)
    if match is None:
        raise PatternError(f"unreadable element {part!r}")
    choices = [
        fold(word.replace("_", " "))
        for choice in match["choices"].split("|")
        for word in _members(choice, groups)
    ]
    # A star is no letter that folding changes.
    alternatives = "|".join(
        re.escape(choice).replace(r"\*", r"[^\s.?,]*").replace(r"\ ", " ") for choice in choices
    )
    if match["unless"]:
        return _Element(rf"(?!(?:{alternatives}) )")
    required = not match["optional"] and "*" not in alternatives
    first_words = frozenset(choice.split()[0] for choice in choices) if required else frozenset()
    return _Element(rf"(?:(?:{alternatives}) ){match['optional'] or ''}", first_words)


def _members(choice: str, groups: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if not choice.startswith("<"):
        return (choice,)
    name = choice.removeprefix("<").removesuffix(">")
    if name not in groups:
        raise PatternError(f"unknown class {choice}")
    return groups[name]
