"""What a reader takes for one character: extended grapheme clusters (UAX #29).

A text is first written as one letter a character, its class, and then a regular expression over
those letters finds the clusters. The classes come from `unicodedata` and a few ranges that it
does not know. Covered are CR LF, combining and spacing marks, variation selectors, emoji with
modifiers, tags and joiners, flags, Hangul syllables, prepended signs, and conjuncts of Devanagari,
Bengali, Gujarati, Oriya, Telugu and Malayalam. Where the standard lists single characters we take
their whole kind, which at worst keeps together what might be cut: every spacing mark stays with
its letter (Myanmar has some that need not), and any symbol counts as a pictograph beside a joiner.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# One letter for each class.
_CR: Final = "r"
_LF: Final = "n"
_CONTROL: Final = "c"
_EXTEND: Final = "e"
_LINKER: Final = "v"  # a virama that joins consonants
_JOINER: Final = "z"  # ZWJ
_SPACING: Final = "s"
_PREPEND: Final = "p"
_PICTOGRAPH: Final = "E"
_FLAG_HALF: Final = "R"  # a regional indicator
_CONSONANT: Final = "k"
_LEADING: Final = "L"  # Hangul: leading consonant, vowel, trailing consonant
_VOWEL: Final = "V"
_TRAILING: Final = "T"
_OPEN: Final = "Y"  # a syllable without trailing consonant, and one with
_CLOSED: Final = "X"
_OTHER: Final = "o"

# Possessive, so that a long run of marks is read once and not once for each of its marks.
_CLUSTER: Final = re.compile(
    r"""  rn | [rnc]
    | p*  (?: L* (?: Y V* | V+ | X ) T* | L+ | T+   # a Hangul syllable, or what is there of one
            | R R                                   # a flag
            | E  (?: [ev]* z E )*                   # emoji joined by ZWJ
            | k  (?: [ez]* v [evz]*+ k )*           # a conjunct
            | [^rnc] )
      [evzs]*  """,
    re.VERBOSE,
)

# Pairs between which there may be no boundary; anywhere else there is one.
_MAY_JOIN: Final = re.compile(
    r"rn | [^rnc][evzs] | p[^rnc] | L[LYVX] | [YV][VT] | [XT]T | RR | zE | [evz]k", re.VERBOSE
)

_OTHER_PICTOGRAPHS: Final = frozenset("‼⁉〰〽ℹ")  # those that are no symbols by their category
_THAI_AND_LAO_AM: Final = frozenset("\u0e33\u0eb3")
_KANA_VOICE_MARKS: Final = frozenset("\uff9e\uff9f")  # half-width
_PREPENDED: Final = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e"
    "\U000110bd\U000110cd\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a\U00011d46"
    "\U00011a84\U00011a85\U00011a86\U00011a87\U00011a88\U00011a89"
)
_VIRAMA: Final = 9  # its canonical combining class
_CONJUNCT_BLOCKS: Final = frozenset((0x0900, 0x0980, 0x0A80, 0x0B00, 0x0C00, 0x0D00))

# The Indian blocks have most consonants at the same places, and a few elsewhere.
_CONSONANT_PLACES: Final = frozenset((*range(0x15, 0x3A), *range(0x58, 0x60)))
_OTHER_CONSONANTS: Final = frozenset("ॸॹॺॻॼॽॾॿৰৱૹୱഺ")


@lru_cache(maxsize=4096)
def _class_of(character: str) -> str:
    code = ord(character)
    if code < 0x300:
        return _class_of_latin(character)
    if 0x1100 <= code <= 0xD7FB and (hangul := _hangul(code)):
        return hangul
    if 0x1F1E6 <= code <= 0x1F1FF:
        return _FLAG_HALF
    if 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F or code == 0x200C:
        return _EXTEND  # emoji modifiers, tags, ZWNJ: not marks by their category
    if code == 0x200D:
        return _JOINER
    if character in _PREPENDED:
        return _PREPEND
    return _class_by_category(character, code)


def _class_of_latin(character: str) -> str:
    match character:
        case "\r":
            return _CR
        case "\n":
            return _LF
        case "©" | "®":
            return _PICTOGRAPH
        case _ if unicodedata.category(character) in ("Cc", "Cf"):
            return _CONTROL
        case _:
            return _OTHER


def _hangul(code: int) -> str:
    """The class of a Hangul letter or syllable, else nothing."""
    if 0xAC00 <= code <= 0xD7A3:
        return _CLOSED if (code - 0xAC00) % 28 else _OPEN
    if code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return _LEADING
    if code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return _VOWEL
    if code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return _TRAILING
    return ""


def _class_by_category(character: str, code: int) -> str:
    match unicodedata.category(character):
        case "Mn" | "Me":
            linker = unicodedata.combining(character) == _VIRAMA and _joins_consonants(code)
            return _LINKER if linker else _EXTEND
        case "Mc":
            return _SPACING
        case "Cc" | "Cf" | "Cs" | "Zl" | "Zp":
            return _CONTROL
        case "So" | "Sm":
            return _PICTOGRAPH
        case "Lm" if character in _KANA_VOICE_MARKS:
            return _EXTEND
        case "Lo" if character in _THAI_AND_LAO_AM:
            return _SPACING
        case "Lo" if character in _OTHER_CONSONANTS:
            return _CONSONANT
        case "Lo" if code & 0x7F in _CONSONANT_PLACES and _joins_consonants(code):
            return _CONSONANT
        case "Cn" if 0x1F000 <= code <= 0x1FFFF:
            return _PICTOGRAPH  # reserved for pictographs to come
        case _:
            return _PICTOGRAPH if character in _OTHER_PICTOGRAPHS else _OTHER


def _joins_consonants(code: int) -> bool:
    return code & ~0x7F in _CONJUNCT_BLOCKS


def may_be_inside(text: str, at: int) -> bool:
    """False if there is surely a boundary at `at`, inside `text`: looks at two characters only."""
    pair = _class_of(text[at - 1]) + _class_of(text[at])
    return _MAY_JOIN.fullmatch(pair) is not None


def inside_clusters(text: str) -> set[int]:
    """The positions in `text` at which a cut would fall inside a cluster."""
    classes = "".join(map(_class_of, text))
    inside: set[int] = set()
    for cluster in _CLUSTER.finditer(classes):
        start, end = cluster.span()
        if end - start > 1:
            inside.update(range(start + 1, end))
    return inside
