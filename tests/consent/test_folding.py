"""Text brought to comparable words; the little language of phrases; slips of the fingers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.consent.folding import MARKS, fold, twins, words
from modemgw.consent.patterns import PatternError, PatternReader, Vocabulary, Words
from modemgw.consent.spelling import (
    Slips,
    is_drawn_out,
    is_slip_of,
    letters_apart,
    single_letters,
)

CLASSES = {"verb": ["write", "writing", "send out"], "both": ["<verb>", "ask+s/ing"]}


@given(st.text(max_size=200))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    """Folded text is a fixed point, so that lexicon and message meet."""
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_plain_text_is_folded_as_any_other(text: str) -> None:
    """The shorter way for ASCII leads where the longer one does."""
    assert fold(text) == fold(text + "é")[:-1]


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
        ("not|no_longer <verb>", "no longer send out", True),
        ("<verb> it", "writing it", True),
        ("<both> it", "send out it", True),
        ("*stop", "nonstop", True),
        ("*top*", "stops", True),
        ("stop & <verb>", "write me to stop", True),
        ("stop & <verb>", "stop . write me", False),
        ("stop -bus", "we stop the bus", False),
        ("stop -bus", "take the bus . stop", True),
    ],
)
def test_a_pattern_finds_what_its_language_says(pattern: str, text: str, found: bool) -> None:
    """Each element of the language of phrases means what its page says."""
    vocabulary = Vocabulary()
    phrase = PatternReader(CLASSES, vocabulary).phrase(pattern)
    assert (phrase.find(Words(text.split(), vocabulary)) is not None) is found


@pytest.mark.parametrize(
    "pattern", ["stop <nobody>", "stop ~x", "!", "<circle>", "<there>", "stop &", "a||b"]
)
def test_an_unreadable_pattern_is_refused(pattern: str) -> None:
    """A mistake in the lexicon shows when it is loaded."""
    circles = {"circle": ["<circle>"], "there": ["go", "<back>"], "back": ["<there>"]}
    with pytest.raises(PatternError):
        PatternReader(CLASSES | circles, Vocabulary()).phrase(pattern)


def test_words_that_are_named_late_are_none_that_were_named_before() -> None:
    """Whatever is forgotten when all phrases are read, no harmless word becomes a STOP by it."""
    vocabulary = Vocabulary()
    first = PatternReader({}, vocabulary).phrase("stop")
    vocabulary.complete()
    late = PatternReader({}, vocabulary).phrase("harmless")
    assert late.find(Words(["harmless"], vocabulary)) is not None
    assert first.find(Words(["harmless"], vocabulary)) is None


def test_what_is_covered_is_found_no_more() -> None:
    """A covered word ends the sentence, also for phrases of several words that reach into it."""
    vocabulary = Vocabulary()
    phrase = PatternReader(CLASSES, vocabulary).phrase("<verb>")
    words = Words(["send", "out", "now"], vocabulary)
    words.cover(1, 2)
    assert phrase.find(words) is None
    assert words.said == ["send", ".", "now"]


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


@given(
    st.text("abcd", min_size=6, max_size=12),
    st.lists(st.text("abcd", min_size=6, max_size=12), max_size=8),
)
def test_the_index_of_slips_finds_what_comparing_all_would_find(
    word: str, keywords: list[str]
) -> None:
    """Narrowing the words down loses none."""
    compared = sorted({keyword for keyword in keywords if is_slip_of(word, keyword)})
    assert Slips(keywords).meant(word) == compared


def test_letters_held_down_or_apart_make_one_word() -> None:
    """A long run is no other word; two letters alike may be."""
    assert is_drawn_out("stooop")
    assert not is_drawn_out("stoop")
    assert single_letters("stooop") == "stop"
    assert letters_apart(("s", "t", "o", "p")) == "stop"
    assert letters_apart(("a", "b")) is None
    assert letters_apart(("st", "o", "p")) is None
