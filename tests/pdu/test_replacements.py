"""Suggestions keep the meaning, and nothing is replaced that the alphabet has."""

from __future__ import annotations

import pytest

from modemgw import pdu
from modemgw.pdu.alphabet import septets_of
from modemgw.pdu.replacements import REPLACEMENTS, replaced


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("‘It’s’ “so” „wahr“ «oui» 5′ 6″", '\'It\'s\' "so" "wahr" "oui" 5\' 6"'),
        ("9–5 — 1−1", "9-5 - 1-1"),
        ("wait… what‥", "wait... what.."),
        ("a\u00a0b\u2009c\u200bd\ufeffe\u00adf\tg", "a b cdef g"),
        ("• one • two", "* one * two"),
        ("ﬁne ﬂag ＡＢ１", "fine flag AB1"),
        ("Łódź Çelik ŵ Œuvre ŉ þ", "Lodz Çelik w OEuvre 'n th"),
        ("ΑΘΗΝΑ", "AΘHNA"),
        ("x\u0308\u0301 e\u0301", "x é"),
        ("© 5× ≥ 3 № 7™", "(c) 5x >= 3 No 7TM"),
        ("äöüßéàñ€", "äöüßéàñ€"),
    ],
)
def test_typography_becomes_what_a_keyboard_has(text: str, plain: str) -> None:
    """Quotes, dashes, spaces, ligatures, letters with marks, signs."""
    assert replaced(text) == plain
    assert septets_of(plain) is not None


@pytest.mark.parametrize(
    "text", ["10²", "1½", "a≠b", "①", "😀", "ю", "漢", "\u0301", "\ud83d", "\0"]
)
def test_what_would_change_the_meaning_stays(text: str) -> None:
    """Superscripts, fractions, a struck-out sign; and what has no likeness at all."""
    assert replaced(text) == text


def test_national_tables_that_have_a_character_keep_it() -> None:
    """Given ones, or the best of the allowed."""
    assert replaced("ş’ő") == "s'o"
    assert replaced("ş’ő", national=pdu.National(single=1)) == "ş'o"
    assert replaced("ş’ő", allowed=[3, 1]) == "ş'o"


def test_every_listed_replacement_is_in_the_default_alphabet() -> None:
    """And no listed character is, but where a national table would lack it."""
    for character, plain in REPLACEMENTS.items():
        assert len(character) == 1
        assert septets_of(plain) is not None, character
        assert septets_of(character) is None, character


def test_a_thousand_marks_on_a_letter_cost_no_time() -> None:
    """Marks are taken eight at a time; nobody writes more."""
    text = "e" + "\u0301\u0316" * 20_000
    assert replaced(text).startswith("é") or replaced(text).startswith("e")
