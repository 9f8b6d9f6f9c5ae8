"""What may stand for a character that the GSM-7 tables lack: a suggestion, never applied unasked.

The one home of these tables. What is not listed is looked for by its Unicode decomposition: `ō` is
`o` with a mark, `ﬁ` is `fi`. A suggestion keeps the meaning: superscripts and fractions are left
alone (10² is not 102), and marks fall off letters only (≠ is not =).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from modemgw.pdu.national import characters, fewest_outside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modemgw.pdu.national import National


def _each(characters: str, replacement: str) -> dict[str, str]:
    """One replacement for all of `characters`."""
    return dict.fromkeys(characters, replacement)


def _pairs(words: str) -> dict[str, str]:
    """Of words by turns a character and what replaces it."""
    found = words.split()
    return dict(zip(found[::2], found[1::2], strict=True))


#: What is written for a character, by that character. All of it is in the default alphabet.
REPLACEMENTS: Final = {
    **_each("‘’‚‛‹›′‵ʹʼ`´ˈ", "'"),
    **_each("“”„‟«»″‶ʺ", '"'),
    **_each("‐‑‒–—―−⁃", "-"),
    **_each("•‣◦∙●▪", "*"),
    **_each("․", "."),
    **_each("‥", ".."),
    **_each("…", "..."),
    # Spaces: no-break, en and em and their parts, figure, thin, hair, ideographic; tab; line ends.
    **_each("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a", " "),
    **_each("\u202f\u205f\u3000\t", " "),
    **_each("\u2028\u2029\u0085", "\n"),
    # What is not seen: soft hyphen, zero-width space and joiners, marks of direction, variation.
    **_each("\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u061c", ""),
    **_each("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufe0e\ufe0f", ""),
    # Letters that have no decomposition.
    **_each("łƚ", "l"),
    **_each("ŁȽ", "L"),
    **_each("đð", "d"),
    **_each("ĐÐ", "D"),
    **_pairs("ħ h  Ħ H  ŧ t  Ŧ T  ı i  ŋ ng  Ŋ NG  ĸ k  ſ s  ẞ SS  ª a  º o"),
    **_pairs("œ oe  Œ OE  þ th  Þ Th"),
    # Greek capitals that look as Latin ones; the alphabet has the others.
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    # Signs.
    **_pairs("© (c)  ® (R)  ™ TM  № No  ¢ c  ₹ Rs  µ u  × x  ⁄ /  ∕ /  ¦ |  ¯ -  ¸ ,"),
    **_pairs("≤ <=  ≥ >=  ± +/-  → ->  ← <-"),
}

# A character with the marks that follow it: no writing has more, and to order them takes time.
_PIECE: Final = re.compile(r".[\u0300-\u036f]{0,8}", re.DOTALL)

# The kinds of compatibility decomposition that keep the meaning; canonical ones have no kind.
_SAME_MEANING: Final = frozenset(("<compat>", "<wide>", "<narrow>", "<font>", "<noBreak>"))


def replaced(text: str, *, national: National | None = None, allowed: Sequence[int] = ()) -> str:
    """`text` with every suggestion taken, for the tables that `encode` would use.

    Those are `national`, or of the `allowed` ones the combination that lacks the fewest of the
    characters. What has no suggestion stays. Raises PduError for an identifier without tables.
    """
    tables = fewest_outside(text, allowed) if national is None else national
    alphabet = characters(tables)
    if alphabet.issuperset(text):
        return text
    return "".join(
        piece if alphabet.issuperset(piece) else _or_itself(replacement(piece, alphabet), piece)
        for _, piece in pieces(text)
    )


def _or_itself(suggestion: str | None, piece: str) -> str:
    return piece if suggestion is None else suggestion


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """The characters of `text`, each with its combining marks, and where they begin."""
    for found in _PIECE.finditer(text):
        yield found.start(), found[0]


def replacement(piece: str, alphabet: frozenset[str]) -> str | None:
    """What may stand for `piece` in `alphabet`, which lacks some of it; None for nothing."""
    for candidate in (REPLACEMENTS.get(piece), unicodedata.normalize("NFC", piece), _plain(piece)):
        if candidate is not None and alphabet.issuperset(candidate):
            return candidate
    return None


def _plain(piece: str) -> str:
    """`piece` without its marks, taken apart as far as that keeps its meaning."""
    apart = "".join(map(_apart, unicodedata.normalize("NFC", piece)))
    if apart[0].isalpha():
        apart = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return "".join(REPLACEMENTS.get(character, character) for character in apart)


def _apart(character: str) -> str:
    kind = unicodedata.decomposition(character).partition(" ")[0]
    if kind.startswith("<") and kind not in _SAME_MEANING:
        return character
    return unicodedata.normalize("NFKD", character)
