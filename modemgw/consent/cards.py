"""Numbers of payment cards in a text, however they are written.

A number is 13 to 19 digits that begin as an issuer's do, have a length that this issuer uses, and
end with the right check digit (Luhn, ISO/IEC 7812-1 annex B). It may be cut into groups: all as
long as each other but the last, or as American Express and Diners print theirs. Digits may be those
of any script, or words. What stands behind a + is a telephone number, and a longer run of digits is
something else: an IMEI or ICCID mostly begins otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from modemgw.consent.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LENGTHS: Final = range(13, 20)
_MOST_DIGITS: Final = 19
_REMEMBERED_WORDS: Final = 4_096
_PRINTED: Final = ((4, 6, 5), (4, 6, 4))

# What may stand between two groups.
_GAP: Final = re.compile(r"[\s\-‐-―.,·_]{0,3}")
_TOKEN: Final = re.compile(r"[0-9]+|[〇零一二三四五六七八九]+|[^\W\d_]+")
_IDEOGRAPHS: Final = str.maketrans("〇零一二三四五六七八九", "00123456789")

# From nought to nine, in the languages of the keyword lists.
_SPELLED: Final = (
    "zero one two three four five six seven eight nine",
    "oh one two three four five six seven eight nine",
    "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "zéro un deux trois quatre cinq six sept huit neuf",
    "null eins zwei drei vier fünf sechs sieben acht neun",
    "null ein zwo drei vier fuenf sechs sieben acht neun",
    "zero uno due tre quattro cinque sei sette otto nove",
    "zero um dois três quatro cinco seis sete oito nove",
    "nul een twee drie vier vijf zes zeven acht negen",
    "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "ноль один два три четыре пять шесть семь восемь девять",
    "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ",
)


def _bare(word: str) -> str:
    """A word in lower case, without accents."""
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(c for c in decomposed if unicodedata.category(c) != "Mn").replace("ı", "i")


_DIGIT_OF: Final = {
    _bare(word): str(digit) for words in _SPELLED for digit, word in enumerate(words.split())
}


# Of texts in ASCII, to see in a moment that there are neither digits enough nor words for them.
_ASCII_DIGITS: Final = b"0123456789"
_ASCII_WORDS: Final = frozenset(word.encode() for word in _DIGIT_OF if word.isascii())
_LETTERS: Final = bytes(
    ord(chr(code).lower()) if chr(code).isascii() and chr(code).isalpha() else 0x20
    for code in range(256)
)


@dataclass(frozen=True, slots=True)
class Group:
    """Digits that stand together in a plain text, and where."""

    digits: str
    start: int
    end: int


def has_card_number(text: str) -> bool:
    """Whether a text holds the number of a payment card."""
    return next(card_numbers(plain(text).text), None) is not None


def card_numbers(text: str) -> Iterator[Sequence[Group]]:
    """The numbers of payment cards in a plain text, in their groups; they may overlap."""
    if text.isascii():
        octets = text.encode()
        digits = len(octets) - len(octets.translate(None, _ASCII_DIGITS))
        if digits < _LENGTHS.start and _ASCII_WORDS.isdisjoint(octets.translate(_LETTERS).split()):
            return  # as nearly always
    if sum(map(_count, _TOKEN.findall(text))) < _LENGTHS.start:
        return
    groups = [
        Group(found, token.start(), token.end())
        for token in _TOKEN.finditer(text)
        if (found := _digits(token[0]))
    ]
    for run in _runs(text, groups):
        for cut in _cuts(run):
            if _is_card("".join(group.digits for group in cut)):
                yield cut


def _runs(text: str, groups: Sequence[Group]) -> Iterator[list[Group]]:
    """The groups of digits, figures or words, between which no more than a gap stands."""
    run: list[Group] = []
    end = 0
    for group in groups:
        if run and not _GAP.fullmatch(text, end, group.start):
            yield run
            run = []
        end = group.end
        # Behind a + is a telephone number: with its first group no card's begins.
        is_phone = text[group.start - 1 : group.start] == "+"
        run.append(replace(group, digits="+") if is_phone else group)
    yield run


@lru_cache(maxsize=_REMEMBERED_WORDS)
def _digits(token: str) -> str:
    if token[0] in "0123456789":
        return token
    ideographs = token.translate(_IDEOGRAPHS)
    return ideographs if ideographs.isdigit() else _DIGIT_OF.get(_bare(token), "")


@lru_cache(maxsize=_REMEMBERED_WORDS)
def _count(token: str) -> int:
    """How many digits a token has."""
    return len(_digits(token))


def _cuts(run: Sequence[Group]) -> Iterator[Sequence[Group]]:
    """Groups next to each other that may be one number."""
    for first in range(len(run)):
        length = 0
        for last in range(first, len(run)):
            length += len(run[last].digits)
            if length > _MOST_DIGITS:
                break
            groups = run[first : last + 1]
            if length in _LENGTHS and _is_printed(groups):
                yield groups


def _is_printed(groups: Sequence[Group]) -> bool:
    lengths = tuple(len(group.digits) for group in groups)
    return len(set(lengths[:-1])) <= 1 or lengths in _PRINTED


def _is_card(digits: str) -> bool:
    return digits.isdigit() and _is_issued(digits) and _luhn(digits) == 0


def _is_issued(digits: str) -> bool:
    """Whether an issuer's numbers begin so and are of this length."""
    size, two, four = len(digits), int(digits[:2]), int(digits[:4])
    if digits[0] == "4":
        return size in (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return size == 16
    if two in (34, 37):
        return size == 15
    if two in (30, 36, 38):
        return size in (14, 16, 19)
    return size >= 16 and (3528 <= four <= 3589 or four == 6011 or two in (62, 64, 65))


def _luhn(digits: str) -> int:
    """The check sum: 0 where the last digit is right."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10
