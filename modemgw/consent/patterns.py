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
from typing import TYPE_CHECKING, Final

from modemgw.consent.folding import fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ELEMENT = re.compile(r"(?P<unless>!)?(?P<choices>[^\s~!?]+)(?P<optional>\?)?")
_GAP = re.compile(r"~(\d)")
_FIXED: Final = {"^": r"\A", "$": r"\Z", "?": r"\? ", ".": r"(?:[.?] |\Z)"}


class PatternError(ValueError):
    """A phrase of the lexicon that cannot be read."""


def compile_pattern(pattern: str, groups: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """Compile a phrase; `groups` has the named classes of words.

    Raises PatternError for what the language does not know.
    """
    return re.compile(r"(?<!\S)" + "".join(_element(part, groups) for part in pattern.split()))


def _element(part: str, groups: Mapping[str, Sequence[str]]) -> str:
    if part in _FIXED:
        return _FIXED[part]
    if gap := _GAP.fullmatch(part):
        return rf"(?:[^\s.?,]+ ){{0,{gap[1]}}}"
    match = _ELEMENT.fullmatch(part)
    if match is None:
        raise PatternError(f"unreadable element {part!r}")
    alternatives = "|".join(
        _words(word) for choice in match["choices"].split("|") for word in _members(choice, groups)
    )
    if match["unless"]:
        return rf"(?!(?:{alternatives}) )"
    return rf"(?:(?:{alternatives}) ){match['optional'] or ''}"


def _members(choice: str, groups: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if not choice.startswith("<"):
        return (choice,)
    name = choice.removeprefix("<").removesuffix(">")
    if name not in groups:
        raise PatternError(f"unknown class {choice}")
    return groups[name]


def _words(choice: str) -> str:
    # A star is no letter that folding changes.
    return (
        re.escape(fold(choice.replace("_", " "))).replace(r"\*", r"[^\s.?,]*").replace(r"\ ", " ")
    )
