"""Text as people type it, brought to plain words that can be compared.

`fold` removes what makes equal words look different: width, style, case, accents, invisible
characters. `words` cuts the result into words and the marks that end a clause. Look-alikes of
other scripts are a question of what the word would then say: see `twins`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SENTENCE_END: Final = "."
QUESTION_END: Final = "?"
COMMA: Final = ","
MARKS: Final = frozenset({SENTENCE_END, QUESTION_END, COMMA})

# Letters that Unicode does not decompose, though people type the plain one in their place.
_PLAIN: Final = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "’": "'", "‘": "'", "`": "'"}
)
_ASCII_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Cn", "Co", "Cs", "Me"})
_SPACED_DASH = re.compile(r"(?<=\s)[-–—]+(?=\s)|[()/|]")
# "Non scrivetemi +": the sign for the word.
_PLUS = re.compile(r"(?<=\s)\+(?=\s|$)")
_REMEMBERED_CHARACTERS: Final = 4_096
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_CONTRACTED_NOT = re.compile(r"(?<=n)'(?=t\b)|(?<=\bi)'(?=m\b)")

_MARK_OF: Final = (
    dict.fromkeys(".!;:\n。！；：।", SENTENCE_END)
    | dict.fromkeys("?？؟", QUESTION_END)
    | dict.fromkeys(",、،", COMMA)
)

# Lower-case twins: of one shape in lower or in upper case, because STOP is mostly shouted.
_CYRILLIC_TWINS: Final = dict(zip("авекмнорстухіјѕԁ", "abekmhopctyxijsd", strict=True))
_GREEK_TWINS: Final = dict(zip("αβεζηικμνορτυχ", "abezhikmnoptyx", strict=True))
_TO_LATIN: Final = str.maketrans(_CYRILLIC_TWINS | _GREEK_TWINS)
_TO_CYRILLIC: Final = str.maketrans({twin: letter for letter, twin in _CYRILLIC_TWINS.items()})
_TO_GREEK: Final = str.maketrans({twin: letter for letter, twin in _GREEK_TWINS.items()})
_FROM_DIGITS: Final = str.maketrans("013457", "oleast")
# What a keyboard gives that was left in the Russian layout, and one in the English.
_RUSSIAN_KEYS: Final = "йцукенгшщзхъфывапролджэячсмитьбю"
_ENGLISH_KEYS: Final = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_TO_ENGLISH_KEYS: Final = str.maketrans(_RUSSIAN_KEYS, _ENGLISH_KEYS)
_TO_RUSSIAN_KEYS: Final = str.maketrans(_ENGLISH_KEYS, _RUSSIAN_KEYS)
# Emoji that say something about the words beside them become a word.
_LAUGHING: Final = frozenset("😂🤣😆😹😅")
LAUGHTER: Final = "haha"
_LETTER_LIKE: Final = re.compile(r"(?<![^\W\d])\$(?=[a-z])|(?<=[a-z])[$@](?=[a-z])")


def fold(text: str) -> str:
    """Bring a text to lower case without styles, accents and invisible characters.

    Accents go from Latin, Greek and Cyrillic letters only; in other scripts the marks are the
    vowels. Line ends stay. Folding twice changes nothing more.
    """
    if text.isascii():  # the common case
        return _ASCII_CONTROLS.sub("", text.lower().replace("`", "'"))
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN)
    kept: list[str] = []
    base = ""
    for char in unicodedata.normalize("NFD", plain):
        category = unicodedata.category(char)
        if char == "\r" or (category in _INVISIBLE and char not in "\n\t"):
            continue
        if category == "Mn":
            if not _drops_marks(base) and not _is_variation_selector(char):
                kept.append(char)
            continue
        base = char
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def words(folded: str) -> tuple[str, ...]:
    """Cut a folded text into words and marks (`MARKS`), links left out.

    An apostrophe parts words ("l'arret") but for "don't" and "I'm", which become one. Everything
    that is no letter, digit or mark parts words: "opt-out" is two.
    """
    text = _CONTRACTED_NOT.sub("", _LINK.sub(" ", folded))
    text = _PLUS.sub("plus", text)
    text = _SPACED_DASH.sub(f" {SENTENCE_END} ", _LETTER_LIKE.sub(_letter, text))
    return single_marks("".join(map(_apart, text)).split())


def _letter(sign: re.Match[str]) -> str:
    return "s" if sign[0] == "$" else "a"


@lru_cache(maxsize=_REMEMBERED_CHARACTERS)
def _apart(char: str) -> str:
    """Give what a character is among words: itself, a mark, a word, or a space."""
    if char in _MARK_OF:
        return f" {_MARK_OF[char]} "
    if char in _LAUGHING:
        return f" {LAUGHTER} "
    return char if unicodedata.category(char)[0] in "LMN" else " "


def single_marks(said: Sequence[str]) -> tuple[str, ...]:
    """Leave out marks that lead or that follow another mark."""
    return tuple(said[at] for at in without_more_marks(said))


def without_more_marks(said: Sequence[str]) -> list[int]:
    """The positions of all but the marks that lead or that follow another mark."""
    both = enumerate(zip((SENTENCE_END, *said), said, strict=False))
    return [at for at, (before, word) in both if word not in MARKS or before not in MARKS]


def twins(word: str) -> tuple[str, ...]:
    """List what a word would be if its letters were look-alikes or meant for another layout."""
    candidates = (
        word.translate(_TO_LATIN),
        word.translate(_TO_CYRILLIC),
        word.translate(_TO_GREEK),
        word.translate(_FROM_DIGITS),
        word.translate(_TO_LATIN).translate(_FROM_DIGITS),
        word.translate(_TO_ENGLISH_KEYS),
        word.translate(_TO_RUSSIAN_KEYS),
    )
    return tuple(dict.fromkeys(twin for twin in candidates if twin != word))


def _drops_marks(base: str) -> bool:
    return base < "\u0530" or "\u1e00" <= base < "\u2000"


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or char >= "\U000e0100"
