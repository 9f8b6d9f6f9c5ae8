"""The answers to STOP, HELP and START."""

from __future__ import annotations

import pytest

from modemgw.consent.keywords import Class, classify
from modemgw.consent.replies import DEFAULT_TEXTS, LONGEST_REPLY, Replies, Reply


@pytest.mark.parametrize("language", DEFAULT_TEXTS)
@pytest.mark.parametrize("reply", Reply)
def test_every_default_answer_names_the_sender_and_fits_one_sms(
    language: str, reply: Reply
) -> None:
    """With a long name too."""
    text = Replies("Acme Insurance Services Limited").text(reply, language)
    assert text.startswith("Acme Insurance Services Limited")
    assert len(text) <= LONGEST_REPLY


@pytest.mark.parametrize("language", DEFAULT_TEXTS)
def test_a_confirmation_says_how_to_return_with_a_word_that_works(language: str) -> None:
    """START brings texts back in every language."""
    assert "START" in Replies("Acme").text(Reply.OPTED_OUT, language)
    assert classify("START", language=language, opted_out=True).kind is Class.OPT_IN


def test_an_unknown_language_is_answered_in_english() -> None:
    """Better understood by many than by none."""
    replies = Replies("Acme")
    assert replies.text(Reply.HELP, "xx") == replies.text(Reply.HELP, "en")
    assert replies.text(Reply.HELP) == replies.text(Reply.HELP, "en")


def test_own_texts_replace_the_defaults_one_by_one() -> None:
    """What is not replaced stays."""
    replies = Replies("Acme", {"en": {Reply.HELP: "{brand}: call 555-0100"}})
    assert replies.text(Reply.HELP, "en") == "Acme: call 555-0100"
    assert replies.text(Reply.OPTED_OUT, "en") == Replies("Acme").text(Reply.OPTED_OUT, "en")


@pytest.mark.parametrize(
    ("brand", "text", "words"),
    [
        ("  ", "x", "name"),
        ("Acmê", "x", "GSM-7"),
        ("Acme", "y" * 161, "161"),
        ("A" * 150, "x", "characters"),
    ],
)
def test_an_answer_that_does_not_fit_is_found_when_it_is_configured(
    brand: str, text: str, words: str
) -> None:
    """Not at the first STOP."""
    with pytest.raises(ValueError, match=words):
        Replies(brand, {"en": {Reply.HELP: text}})
