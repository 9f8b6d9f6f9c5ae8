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
    from collections.abc import Mapping, Sequence

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
    that cannot be told. Most phrases of a large lexicon are ruled out by it without a search.
    """

    regex: re.Pattern[str]
    needed: frozenset[str]

    def may_occur(self, vocabulary: frozenset[str]) -> bool:
        """Say whether a text of these words is worth searching."""
        return not self.needed or not self.needed.isdisjoint(vocabulary)


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
