"""Text brought to comparable words; the little language of phrases; slips of the fingers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.consent.folding import MARKS, fold, twins, words
from modemgw.consent.patterns import PatternError, compile_pattern
from modemgw.consent.spelling import is_drawn_out, is_slip_of, letters_apart


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    """Folded text is a fixed point, so that lexicon and message meet."""
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=200))
def test_marks_neither_lead_nor_repeat(text: str) -> None:
    """What parts clauses stands once, behind a word."""
    found = words(fold(text))
    before = (None, *found)
    assert all(
        word not in MARKS or (left is not None and left not in MARKS)
        for left, word in zip(before, found, strict=False)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("İPTAL", ("iptal",)),
        ("l’Arrêt", ("l", "arret")),
        ("Don’t", ("dont",)),
        ("opt-out", ("opt", "out")),
        ("बंद करो!", ("बंद", "करो", ".")),
        ("Ｓｔｏｐ。", ("stop", ".")),
        ("Łódź, Straße", ("lodz", ",", "strasse")),
    ],
)
def test_words_come_out_plain(text: str, expected: tuple[str, ...]) -> None:
    """Accents, width, apostrophes and hyphens are gone; vowels of other scripts are not."""
    assert words(fold(text)) == expected


def test_look_alikes_are_tried_in_both_directions() -> None:
    """A Latin word in Cyrillic clothes, a Greek one in Latin clothes, digits for letters."""
    assert "stop" in twins("ѕтор")
    assert "στοπ" in twins("σtoπ")
    assert "stop" in twins("5t0p")
    assert twins("ЖЖ") == ()


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("stop", "stopped ", False),
        ("stop ~2 texting", "stop all that texting ", True),
        ("stop ~2 texting", "stop all of that texting ", False),
        ("stop ~2 texting", "stop . texting ", False),
        ("stop me? now", "stop now ", True),
        ("messag*", "messages ", True),
        ("^ stop", "please stop ", False),
        ("stop $", "stop it ", False),
        ("stop .", "stop ? no ", True),
        ("stop ?", "stop . no ", False),
        ("stop , it", "stop , it ", True),
        ("stop !by|at", "stop by ", False),
        ("stop !by|at", "stop it ", True),
        ("not|no_longer <verb>", "no longer send out ", True),
    ],
)
def test_a_pattern_finds_what_its_language_says(pattern: str, text: str, found: bool) -> None:
    """Each element of the language of phrases means what its page says."""
    assert (
        bool(compile_pattern(pattern, {"verb": ["write", "send out"]}).regex.search(text)) is found
    )


@pytest.mark.parametrize("pattern", ["stop <nobody>", "stop ~x", "!"])
def test_an_unreadable_pattern_is_refused(pattern: str) -> None:
    """A mistake in the lexicon shows when it is loaded."""
    with pytest.raises(PatternError):
        compile_pattern(pattern, {})


@pytest.mark.parametrize(
    ("word", "keyword", "slip"),
    [
        ("cancle", "cancel", True),
        ("cancl", "cancel", True),
        ("canncel", "cancel", True),
        ("camcel", "cancel", True),
        ("cnacle", "cancel", False),
        ("unsubcrbe", "unsubscribe", True),
        ("shop", "stop", False),
        ("unsubscribing", "unsubscribe", False),
    ],
)
def test_long_keywords_forgive_slips_and_short_ones_do_not(
    word: str, keyword: str, slip: bool
) -> None:
    """One slip from six letters on, two from eleven."""
    assert is_slip_of(word, keyword) is slip


def test_letters_held_down_or_apart_make_one_word() -> None:
    """A long run is no other word; two letters alike may be."""
    assert is_drawn_out("stooop", "stop")
    assert not is_drawn_out("stoop", "stop")
    assert letters_apart(("s", "t", "o", "p")) == "stop"
    assert letters_apart(("a", "b")) is None
    assert letters_apart(("st", "o", "p")) is None
