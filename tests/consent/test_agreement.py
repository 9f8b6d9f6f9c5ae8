"""Double opt-in, what is pure of it: what is a yes, when it counts, and when to ask again."""

from __future__ import annotations

import pytest

from modemgw.consent.agreement import CLOCK_S, DoubleOptIn, is_in_time, yes_in
from modemgw.consent.keywords import Class, classify
from modemgw.consent.order import UNKNOWN, Sent
from modemgw.consent.replies import DEFAULT_TEXTS, Replies, Reply

QUESTION = Replies("Acme").text(Reply.CONSENT)
YES = {"en": "YES", "fr": "OUI", "es": "SI", "de": "JA", "pt": "SIM", "it": "SI", "nl": "JA"}


@pytest.mark.parametrize(
    "text",
    [
        "YES",
        "yes!",
        " Yes. ",
        "ＹＥＳ",
        "Y",
        "yes, please",
        "Sí",
        "¡SÍ!",
        "да",
        "はい",
        "Oui, merci",
        f"YES\n\n> {QUESTION}",
    ],
)
def test_a_yes_is_a_whole_message(text: str) -> None:
    """In any case, script and language; a quote of our question below it is not theirs."""
    assert yes_in(text, [QUESTION])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "STOP",
        "yes but not now",
        "yes?? who is this",
        "yesterday",
        "ok",
        "go",
        "maybe yes",
        QUESTION,
        f"Liked “{QUESTION}”",
        "yes stop",
        "yes no",
        "Ja?",
        "yes 👎",
        "👍",
    ],
)
def test_all_else_is_no_yes(text: str) -> None:
    """Nor are reactions of phones, and our own words."""
    assert yes_in(text, [QUESTION]) is None


@pytest.mark.parametrize("language", DEFAULT_TEXTS)
def test_each_question_names_a_word_that_works(language: str) -> None:
    """And one that ends texts."""
    question = Replies("Acme").text(Reply.CONSENT, language)
    assert YES[language] in question
    assert yes_in(YES[language], [question])
    assert any(
        classify(word.strip("."), language=language).kind is Class.OPT_OUT
        for word in question.split()
        if word.isupper()
    )


@pytest.mark.parametrize(
    ("sent", "now", "counts"),
    [
        (Sent(1_000.0, 1_000.0), 1_001.0, True),
        (Sent(1_000.0 - CLOCK_S, 1_000.0), 1_001.0, True),
        (Sent(999.0 - CLOCK_S, 1_000.0), 1_001.0, False),
        (UNKNOWN, 1_001.0, False),
        (Sent(1_001.0 + CLOCK_S, 1_001.0 + CLOCK_S), 1_001.0, True),
        (Sent(1_002.0 + CLOCK_S, 1_002.0 + CLOCK_S), 1_001.0, False),
        (Sent(1_000.0, 1_000.0), 1_999.9, True),
        (Sent(1_000.0, 1_000.0), 2_000.0, False),
    ],
)
def test_a_yes_counts_behind_the_question_and_in_time(sent: Sent, now: float, counts: bool) -> None:
    """A minute is left to the clocks; what bears no time answers nothing."""
    assert is_in_time(sent, 1_000.0, 2_000.0, now) is counts


def test_nobody_is_asked_again_while_an_answer_counts() -> None:
    """Who was never asked may be at once."""
    assert DoubleOptIn(False, 60.0, 90.0).asks_again_at(100.0) == 190.0
    assert DoubleOptIn().asks_again_at(None) < 0.0
    with pytest.raises(ValueError, match="again_after"):
        DoubleOptIn(False, 60.0, 59.0)
