"""How well texts of the development set are told apart, and by what general means."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.consent import lexicon
from modemgw.consent.folding import fold, words
from modemgw.consent.keywords import Class, classify
from modemgw.consent.patterns import PatternReader, Vocabulary, Words
from tests.consent.judge import judge, precision, recall, taken
from tests.consent.learn import KEPT_ASIDE
from tests.consent.tables import DEVELOPMENT, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.consent.judge import Judged

# Tens of thousands of texts: traced line by line they would take minutes.
pytestmark = pytest.mark.no_cover

_SHORTEST_SLIP = 3
_USED = 2

ORDINARY = [row["text"] for row in read_table(DEVELOPMENT) if row["expect"] == Class.NONE]


def test_the_development_set_is_recognised() -> None:
    """Over what the rules were tuned on, no ordinary talk ends a conversation."""
    judged = judge(DEVELOPMENT, "tune")
    ordinary = sum(one.expect is Class.NONE for one in judged)
    assert recall(judged, Class.OPT_OUT) >= 0.87
    assert _found_or_held(judged) == 1
    assert recall(judged, Class.OPT_IN) >= 0.95
    assert recall(judged, Class.HELP) >= 0.95
    assert precision(judged, Class.OPT_OUT) >= 0.99
    assert taken(judged, Class.NONE, Class.OPT_OUT) == 0
    assert taken(judged, Class.NONE, Class.REVIEW) <= 0.05 * ordinary


def test_texts_that_the_rules_were_not_tuned_on_are_recognised_nearly_as_well() -> None:
    """Written by the one who wrote the rules; weighed since, but shown to no rule."""
    judged = judge(DEVELOPMENT, "aside")
    ordinary = sum(one.expect is Class.NONE for one in judged)
    assert recall(judged, Class.OPT_OUT) >= 0.84
    assert _found_or_held(judged) >= 0.98
    assert recall(judged, Class.OPT_IN) >= 0.9
    assert recall(judged, Class.HELP) >= 0.9
    assert taken(judged, Class.NONE, Class.OPT_OUT) <= 0.005 * ordinary
    assert taken(judged, Class.NONE, Class.REVIEW) <= 0.06 * ordinary


@pytest.mark.parametrize(
    ("part", "found", "found_or_held", "taken_for_one", "held"),
    [
        # Texts of writers who knew neither rules nor table became part of what the rules know.
        ("fresh", 0.77, 0.99, 0.001, 0.03),
        ("new", 0.65, 0.985, 0.001, 0.09),
        # What was not learned from says how much of what people write is still unknown: of refusals
        # 96 in a hundred end marketing at once, of the hardest ordinary talk one text in three
        # hundred ends a conversation.
        ("phone_aside", 0.55, 0.97, 0.003, 0.19),
        ("twins_aside", 0.44, 0.95, 0.0035, 0.20),
    ],
)
def test_texts_of_others_are_recognised(
    part: str, found: float, found_or_held: float, taken_for_one: float, held: float
) -> None:
    """Of refusals at least these shares, of ordinary talk at most."""
    judged = judge(DEVELOPMENT, part)
    ordinary = sum(one.expect is Class.NONE for one in judged)
    assert recall(judged, Class.OPT_OUT) >= found
    assert _found_or_held(judged) >= found_or_held
    assert taken(judged, Class.NONE, Class.OPT_OUT) <= taken_for_one * ordinary
    assert taken(judged, Class.NONE, Class.REVIEW) <= held * ordinary


def test_everyday_talk_goes_its_way() -> None:
    """Of what most replies are, hardly any is taken for a refusal, and little looked at."""
    judged = judge(DEVELOPMENT, "plain_aside")
    ordinary = sum(one.expect is Class.NONE for one in judged)
    assert taken(judged, Class.NONE, Class.OPT_OUT) <= 0.001 * ordinary
    assert taken(judged, Class.NONE, Class.REVIEW) <= 0.035 * ordinary


def test_a_word_that_people_use_is_no_slip_of_a_keyword() -> None:
    """ "Terminal", "pagar", "bestellen" are answers, however near a keyword of some language."""
    used = Counter(
        (row["language"], word)
        for row in read_table(DEVELOPMENT)
        if row["expect"] == Class.NONE and row["part"] not in KEPT_ASIDE
        for word in set(words(fold(row["text"])))
        if len(word) >= _SHORTEST_SLIP
    )
    taken_for_one = [
        word
        for (language, word), count in used.items()
        if count >= _USED
        and lexicon.everywhere().keyword_slips.meant(word)
        and classify(word, language=language).reason.startswith("misspelt")
    ]
    assert taken_for_one == []


def _found_or_held(judged: Sequence[Judged]) -> float:
    """The share of refusals after which no marketing goes out."""
    held = taken(judged, Class.OPT_OUT, Class.REVIEW)
    return recall(judged, Class.OPT_OUT) + held / sum(one.expect is Class.OPT_OUT for one in judged)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("NIE", "PL", Class.OPT_OUT),
        ("nie nie", "PL", Class.OPT_OUT),
        ("Nie, dziękuję", "PL", Class.NONE),
        ("UIT", "NL", Class.OPT_OUT),
        ("ik ben uit", "NL", Class.NONE),
    ],
)
def test_an_everyday_word_is_a_keyword_only_where_it_is_all_that_is_said(
    text: str, country: str, expected: Class
) -> None:
    """A polite no is an answer, also where NO is a keyword."""
    assert classify(text, country=country).kind is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ыещз", Class.OPT_OUT),
        ("cnjg", Class.OPT_OUT),
        ("$TOP", Class.OPT_OUT),
        ("stopstopstop", Class.OPT_OUT),
        ("stopplease", Class.OPT_OUT),
        ("S.T.O.P please", Class.OPT_OUT),
        ("Stop - Dave R.", Class.OPT_OUT),
        ("STOP we sold the house", Class.OPT_OUT),
        ("Wrong person. Remove.", Class.OPT_OUT),
        ("Remove, please, the second item", Class.NONE),
        ("stop 😂", Class.REVIEW),
        ("Who are you?", Class.HELP),
        ("who gave you my number", Class.REVIEW),
    ],
)
def test_a_keyword_is_found_however_it_is_written(text: str, expected: Class) -> None:
    """Layouts, signs for letters, glue, dashes, capitals and clauses are seen through."""
    assert classify(text).kind is expected


@given(st.sampled_from(ORDINARY), st.sampled_from(["please stop texting me", "STOP"]))
def test_a_refusal_beside_ordinary_talk_is_not_overlooked(talk: str, refusal: str) -> None:
    """What is harmless in one sentence excuses nothing in the next."""
    assert classify(f"{refusal}. {talk}").kind in {Class.OPT_OUT, Class.REVIEW}


class _CountingWords(Words):
    """Words that count how often they are asked."""

    __slots__ = ("asked",)

    def __init__(self, said: list[str], vocabulary: Vocabulary) -> None:
        self.asked = 0
        super().__init__(said, vocabulary)

    def ends(self, atom: int, at: int) -> list[int]:
        self.asked += 1
        return super().ends(atom, at)


@pytest.mark.parametrize(
    "pattern",
    [
        "a ~9 a ~9 a ~9 a ~9 b",
        "a? ~9 a? ~9 a? ~9 b",
        "a ~9 a ~9 a & a ~9 a ~9 b",
    ],
)
@pytest.mark.parametrize("length", [50, 400])
def test_the_search_is_linear_in_the_length_of_a_hostile_text(pattern: str, length: int) -> None:
    """No position is visited twice for an element, however many ways lead to it."""
    vocabulary = Vocabulary()
    phrase = PatternReader({}, vocabulary).phrase(pattern)
    words = _CountingWords(["a"] * length, vocabulary)
    assert phrase.find(words) is None
    assert words.asked <= 2 * len(pattern.split()) * 10 * length


def test_the_version_changes_with_the_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A decision names the very words that it was taken by."""
    before = lexicon.version()
    assert before.startswith(lexicon.EDITION)
    (tmp_path / "words").mkdir()
    (tmp_path / "weights.tsv").touch()
    (tmp_path / "frames.toml").write_text('opt_out = ["<stop> <messages>"]\n', "utf-8")
    monkeypatch.setattr(lexicon, "_FOLDER", tmp_path)
    assert lexicon.version.__wrapped__() != before


@pytest.mark.parametrize("tongue", lexicon.languages(), ids=lambda tongue: tongue.code)
def test_a_language_says_where_it_is_at_home(tongue: lexicon.Language) -> None:
    """Each file names its language and countries, and has words to opt out with."""
    assert tongue.code
    assert tongue.countries
    assert tongue.whole


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("Stop texting me", "US"),
        ("take me off the list please", "US"),
        ("No more texts", "US"),
        ("please remove me from the list", "US"),
        ("Hey, can you stop texting me?", "US"),
        ("I want to opt out", "US"),
        ("Don't text me again", "US"),
        ("lose my number", "US"),
        ("leave me alone", "US"),
        ("go away please", "US"),
        ("STOP we sold the house", "US"),
        ("Stop - Dave R.", "US"),
        ("STOP or I will call the police", "US"),
        ("I said stop", "US"),
        ("Ich möchte keine SMS mehr", "DE"),
        ("Bitte löschen Sie meine Nummer", "DE"),
        ("Schreibt mir nicht mehr", "DE"),
        ("Hört auf!", "DE"),
        ("Lasst mich in Ruhe", "DE"),
        ("Bitte streichen Sie mich von der Liste", "DE"),
        ("Keine Werbung mehr bitte", "DE"),
        ("Ne m'envoyez plus de SMS", "FR"),
        ("Arrêtez de m'écrire", "FR"),
        ("Je ne veux plus recevoir vos messages.", "FR"),
        ("Laissez-moi tranquille", "FR"),
        ("No me escriban más", "ES"),
        ("no quiero más mensajes", "MX"),
        ("Déjenme en paz", "MX"),
        ("No me manden más mensajes", "AR"),
        ("bórrenme de su lista", "CO"),
        ("Non scrivetemi più", "IT"),
        ("Lasciatemi in pace", "IT"),
        ("basta messaggi", "IT"),
        ("Não me mandem mais mensagens", "PT"),
        ("Me deixa em paz", "BR"),
        ("não quero mais receber mensagens", "BR"),
        ("Stuur me geen sms meer", "NL"),
        ("Haal me van de lijst", "NL"),
        ("Val me niet meer lastig", "NL"),
        ("Proszę nie wysyłać SMS", "PL"),
        ("Nie piszcie do mnie więcej", "PL"),
        ("Dajcie mi spokój", "PL"),
        ("Не пишите мне больше", "RU"),
        ("Хочу отписаться", "RU"),
        ("Оставьте меня в покое", "RU"),
        ("Bana mesaj göndermeyin", "TR"),
        ("Beni rahat bırakın", "TR"),
        ("artık mesaj atmayın", "TR"),
    ],
)
def test_a_plain_refusal_that_is_all_that_is_said_is_taken_at_once(text: str, country: str) -> None:
    """Whoever asks so plainly need not wait for a person."""
    assert classify(text, country=country).kind is Class.OPT_OUT
