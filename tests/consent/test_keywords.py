"""What an incoming text is taken for, beyond the table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.consent.keywords import OPT_IN_SOON_S, Class, classify, own_words
from modemgw.consent.lexicon import languages, version

OURS = "Acme: your visit is at 5 tomorrow. Reply STOP to stop receiving these messages."

KEYWORDS = sorted({word for tongue in languages() for word in tongue.strong | tongue.weak})


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_every_keyword_of_every_language_opts_out_by_itself(keyword: str) -> None:
    """No keyword is hidden by a phrase, a filler or a keyword of another language."""
    assert classify(keyword.upper()).kind is Class.OPT_OUT


@pytest.mark.parametrize(
    "word",
    sorted(
        {
            word
            for tongue in languages()
            for word in tongue.opt_in | tongue.opt_in_soon | tongue.neighbours
        }
    ),
)
def test_no_opt_in_word_and_no_neighbour_of_a_keyword_opts_out(word: str) -> None:
    """Words a slip away from a keyword that mean something else are left alone."""
    assert classify(word).kind is Class.NONE


@pytest.mark.parametrize(
    "text", ["please unsubscrribe this number from it", "my friends, stoooop", "I said stpp"]
)
def test_a_slip_inside_a_sentence_is_put_right(text: str) -> None:
    """Long keywords, held letters and the known slips are read as meant."""
    assert classify(text).kind is Class.OPT_OUT


@given(st.text(max_size=400))
def test_any_text_at_all_gets_an_answer_with_a_reason(text: str) -> None:
    """The classification never fails and never leaves the reason out."""
    found = classify(text, opted_out=True, last_outbound=OURS)
    assert found.reason
    assert found.version == version()


@given(
    keyword=st.sampled_from(["stop", "unsubscribe", "baja", "arret", "стоп"]),
    before=st.text(" \t\n\"'([<*¡.!-😡", max_size=5),
    after=st.text(" \t\n\"')]>*.!…-🙏\u200b\ufe0f\x00", max_size=5),
    upper=st.booleans(),
)
def test_decoration_does_not_hide_a_keyword(
    keyword: str, before: str, after: str, upper: bool
) -> None:
    """Punctuation, emoji, invisible characters and case around a keyword change nothing."""
    text = f"{before}{keyword.upper() if upper else keyword}{after}"
    assert classify(text).kind is Class.OPT_OUT


def test_a_text_that_repeats_ours_is_no_request() -> None:
    """A quoted original, marked in no way, is recognised by its words."""
    assert classify(OURS, last_outbound=OURS).kind is Class.NONE
    answer = classify(f"Yes, see you\n\n{OURS}", last_outbound=["Hello", OURS])
    assert answer.kind is Class.NONE
    assert answer.normalised == "yes , see you ."


def test_a_keyword_beside_a_quoted_text_still_opts_out() -> None:
    """Only the quoted words are cut."""
    assert classify(f"STOP\n{OURS}", last_outbound=OURS).kind is Class.OPT_OUT


def test_stop_as_an_answer_to_a_text_of_one_word_is_no_quote() -> None:
    """One word in common with our text proves nothing."""
    assert classify("STOP", last_outbound="Stop").kind is Class.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "STOP\nOn Mon, 5 May 2025 at 10:00, Acme wrote:\nhello",
        "STOP\n-----Original Message-----\nSale",
        "--\nstop",
        "Stop\nEnvoyé de mon iPhone",
        "I do not know you. STOP. Anna",
        "wer sind Sie? Stopp!",
    ],
)
def test_what_stands_around_a_clear_stop_does_not_hide_it(text: str) -> None:
    """Originals, signatures and other sentences leave a keyword in its own clause standing."""
    assert classify(text).kind is Class.OPT_OUT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No, text me at 5", Class.NONE),
        ("Don't worry, text me when you are here", Class.NONE),
        ("I don't want to miss your messages", Class.NONE),
        ("Don't call me, text me", Class.NONE),
        ("Please don't text me before 9", Class.REVIEW),
        ("Cancer", Class.NONE),
        ("anmelden", Class.NONE),
        ("Ich habe keine SMS bekommen", Class.NONE),
        ("Ich bekomme keine SMS mehr", Class.REVIEW),
        ("Fwd: STOP", Class.NONE),
        ("https://example.com/stop", Class.NONE),
    ],
)
def test_talk_that_resembles_a_refusal_does_not_end_the_conversation(
    text: str, expected: Class
) -> None:
    """What only looks like a refusal is ordinary, or left to a person."""
    assert classify(text).kind is expected


def test_an_automatic_reply_is_no_request() -> None:
    """Machines opt nobody out, whatever they write."""
    found = classify("Automatic reply: I am away. To stop, write to my colleague.")
    assert found.kind is Class.NONE
    assert found.reason.startswith("automatic reply")


def test_a_shared_keyword_is_answered_in_the_language_of_pool_or_line() -> None:
    """STOP is everybody's; ARRET is French wherever it is written."""
    assert classify("STOP").language == "en"
    assert classify("STOP", country="FR").language == "fr"
    assert classify("STOP", country="CA", language="fr").language == "fr"
    assert classify("ARRET", country="CA", language="en").language == "fr"
    assert classify("Good morning", language="de").language == "de"


def test_everyday_words_opt_out_only_where_they_are_keywords() -> None:
    """T and N belong to China; elsewhere they are a typing error and an answer."""
    assert classify("T", country="CN").kind is Class.OPT_OUT
    assert classify("T", country="US").kind is Class.NONE
    assert classify("NIE", country="PL").kind is Class.OPT_OUT
    assert classify("NIE").kind is Class.NONE


@pytest.mark.parametrize(
    ("since_s", "expected"),
    [
        (0.0, Class.OPT_IN),
        (OPT_IN_SOON_S, Class.OPT_IN),
        (OPT_IN_SOON_S + 1, Class.REVIEW),
        (None, Class.REVIEW),
    ],
)
def test_yes_opts_in_only_while_the_confirmation_is_fresh(
    since_s: float | None, expected: Class
) -> None:
    """Later, or when nobody knows, a person decides."""
    assert classify("YES", opted_out=True, since_optout_s=since_s).kind is expected


def test_a_wish_to_return_in_other_words_is_for_a_person_to_decide() -> None:
    """New consent needs the whole keyword."""
    assert classify("put me back on please", opted_out=True).kind is Class.REVIEW
    assert classify("put me back on please").kind is Class.NONE
    assert classify("see you tomorrow", opted_out=True).kind is Class.NONE


def test_no_keyword_is_longer_than_the_rules_look() -> None:
    """The bound that keeps long texts cheap hides no keyword."""
    assert max(len(keyword.split()) for keyword in KEYWORDS) <= 6


def test_a_very_long_text_is_read_in_time_and_still_opts_out() -> None:
    """Length does not hide the beginning, nor does it cost more than the bound."""
    assert classify("STOP. " + "blah " * 100_000).kind is Class.OPT_OUT


OWN = own_words(["No deals", "Schluß"], ["deals"], ["deal desk"])


@pytest.mark.parametrize(
    ("text", "opted_out", "expected"),
    [
        ("no deals", False, Class.OPT_OUT),
        ("Hi, NO DEALS!! please", False, Class.OPT_OUT),
        ("schluss", False, Class.OPT_OUT),
        ("deals", True, Class.OPT_IN),
        ("deals", False, Class.NONE),
        ("Deal desk?", False, Class.HELP),
        ("no deals today, but tomorrow", False, Class.NONE),
        ("STOP", False, Class.OPT_OUT),
        ("START", True, Class.OPT_IN),
        ("HELP", False, Class.HELP),
    ],
)
def test_own_keywords_add_to_those_of_the_program(
    text: str, opted_out: bool, expected: Class
) -> None:
    """As whole messages, with what others may have around them."""
    found = classify(text, opted_out=opted_out, own=OWN)
    assert found.kind is expected, found.reason


@pytest.mark.parametrize(
    ("opt_out", "opt_in", "help_", "words"),
    [
        ([], ["stop"], [], "opt_out already"),
        ([], [], ["unsubscribe"], "opt_out already"),
        (["HELP"], [], [], "help already"),
        (["start"], [], [], "opt_in already"),
        ([], [], ["not interested"], "review already"),
        (["red"], ["Red!"], [], "two lists"),
        (["..."], [], [], "no letters"),
    ],
)
def test_an_own_keyword_that_means_something_else_is_refused(
    opt_out: list[str], opt_in: list[str], help_: list[str], words: str
) -> None:
    """STOP cannot be made to mean START, nor HELP be taken away."""
    with pytest.raises(ValueError, match=words):
        own_words(opt_out, opt_in, help_)


@pytest.mark.parametrize(
    ("text", "everything"),
    [
        ("STOP", False),
        ("unsubscribe", False),
        ("opt out", False),
        ("stpp", False),
        ("STOP promo", False),
        ("STOP ALL", True),
        ("stopall", True),
        ("arret tout", True),
        ("START 0", True),
        ("please stop texting me", True),
        ("take me off your list", True),
    ],
)
def test_stop_all_and_a_refusal_in_plain_words_are_of_everything(
    text: str, everything: bool
) -> None:
    """A keyword alone has the scope that is configured."""
    found = classify(text, country="IN")
    assert (found.kind, found.everything) == (Class.OPT_OUT, everything), found.reason


@pytest.mark.parametrize(
    ("word", "country"),
    [
        ("fine", "US"),
        ("son", "US"),
        ("red", "US"),
        ("band", "US"),
        ("arrest", "US"),
        ("terminal", "US"),
        ("quite", "GB"),
        ("fin", "FR"),
        ("son", "FR"),
        ("sortie", "FR"),
        ("oui stp", "FR"),
        ("wissen", "DE"),
        ("Unterlagen", "DE"),
        ("bestellen", "DE"),
        ("kapper", "NL"),
        ("beneden", "NL"),
        ("via", "NL"),
        ("pagar", "BR"),
        ("posta", "IT"),
        ("kaldırım", "TR"),
        ("отпуска", "RU"),
    ],
)
def test_an_everyday_word_is_no_keyword_of_another_language(word: str, country: str) -> None:
    """Nor a slip of one."""
    assert classify(word, country=country).kind is Class.NONE


@pytest.mark.parametrize(
    ("word", "country", "found"),
    [
        ("fine", "IT", "opt_out"),
        ("son", "TR", "opt_out"),
        ("fin", "MX", "opt_out"),
        ("wissen", "NL", "opt_out"),
        ("band", "IN", "opt_out"),
        ("stp", "US", "opt_out"),
        ("stp", "CA", "review"),
        ("klaar", "NL", "review"),
        ("borra", "ES", "review"),
        ("wpisz", "PL", "review"),
        ("deleted", "US", "review"),
    ],
)
def test_where_it_is_at_home_it_counts(word: str, country: str, found: str) -> None:
    """And a form of a keyword, or what may be a slip of one, is held."""
    assert classify(word, country=country).kind == found
