"""What a text weighs as a whole, where no phrase tells."""

from __future__ import annotations

import pytest

from modemgw.consent.keywords import Class, classify
from modemgw.consent.reading import Sender, read
from modemgw.consent.weighing import WEIGHTS, Content, weigh
from tests.consent.learn import LEARNED_FROM, learned, source

# Easy talk, as a live line has it most of the time.
EASY_TALK = {
    "en": (
        "Ok thanks, see you tomorrow",
        "Running 10 minutes late sorry",
        "Can you call me after lunch?",
        "What time do you open on Saturday?",
        "The driver is here now",
        "My new address is 12 Mill Lane",
        "Yes that works for me",
        "I paid the invoice this morning",
        "Happy birthday Grandma, we miss you",
        "Could we move it to Thursday at three",
    ),
    "de": (
        "Alles klar, bis morgen dann",
        "Ich komme zehn Minuten später",
        "Wann haben Sie am Samstag offen?",
        "Das Paket ist heute angekommen, danke",
        "Können wir den Termin auf Donnerstag verlegen?",
        "Meine neue Adresse ist Lindenweg 4",
        "Rechnung habe ich gestern überwiesen",
        "Ja, das passt mir gut",
        "Wir stehen vor der Tür",
        "Herzlichen Glückwunsch zum Geburtstag, Oma",
    ),
    "fr": (
        "D'accord, à demain",
        "J'arrive dans dix minutes, désolé",
        "Vous êtes ouverts samedi matin ?",
        "Le colis est bien arrivé, merci",
        "On peut déplacer le rendez-vous à jeudi ?",
        "J'ai payé la facture ce matin",
        "Oui ça me va très bien",
        "Ma nouvelle adresse est 4 rue des Lilas",
        "Joyeux anniversaire mamie",
        "Nous sommes devant la porte",
    ),
    "es": (
        "Vale, nos vemos mañana",
        "Llego diez minutos tarde, perdona",
        "¿A qué hora abren el sábado?",
        "Ya me ha llegado el paquete, gracias",
        "¿Podemos pasar la cita al jueves?",
        "Esta mañana pagué la factura",
        "Sí, me viene bien",
        "Mi nueva dirección es calle Olmo 4",
        "Feliz cumpleaños, abuela",
        "Estamos en la puerta",
    ),
    "it": (
        "Va bene, ci vediamo domani",
        "Arrivo tra dieci minuti, scusate",
        "A che ora aprite sabato?",
        "Il pacco è arrivato, grazie mille",
        "Possiamo spostare l'appuntamento a giovedì?",
        "Ho pagato la fattura stamattina",
        "Sì per me va bene",
        "Il mio nuovo indirizzo è via Roma 4",
        "Buon compleanno nonna",
        "Siamo davanti al portone",
    ),
    "pt": (
        "Combinado, até amanhã",
        "Vou atrasar dez minutos, desculpa",
        "Que horas vocês abrem no sábado?",
        "O pacote chegou hoje, obrigada",
        "Podemos passar a consulta para quinta?",
        "Paguei a fatura hoje de manhã",
        "Sim, fica bem para mim",
        "Meu novo endereço é rua das Flores 4",
        "Parabéns vovó, feliz aniversário",
        "Estamos na porta do prédio",
    ),
    "nl": (
        "Prima, tot morgen dan",
        "Ik ben tien minuten later, sorry",
        "Hoe laat gaan jullie zaterdag open?",
        "Het pakket is binnen, bedankt",
        "Kunnen we de afspraak naar donderdag verzetten?",
        "Ik heb de rekening vanmorgen betaald",
        "Ja dat komt goed uit",
        "Mijn nieuwe adres is Kerkstraat 4",
        "Gefeliciteerd met je verjaardag oma",
        "We staan voor de deur",
    ),
    "pl": (
        "Dobrze, do zobaczenia jutro",
        "Spóźnię się dziesięć minut, przepraszam",
        "O której otwieracie w sobotę?",
        "Paczka doszła, dziękuję bardzo",
        "Czy możemy przełożyć wizytę na czwartek?",
        "Rano zapłaciłam fakturę",
        "Tak, pasuje mi",
        "Mój nowy adres to Lipowa 4",
        "Wszystkiego najlepszego, babciu",
        "Stoimy pod drzwiami",
    ),
    "ru": (
        "Хорошо, увидимся завтра",
        "Опоздаю минут на десять, извините",
        "Во сколько открываетесь в субботу?",
        "Посылка пришла, спасибо",
        "Можно перенести запись на четверг?",
        "Счёт оплатила утром",
        "Да, мне подходит",
        "Мой новый адрес улица Лесная 4",
        "С днём рождения, бабушка",
        "Мы стоим у двери",
    ),
    "tr": (
        "Tamam, yarın görüşürüz",
        "On dakika gecikeceğim, kusura bakmayın",
        "Cumartesi kaçta açıyorsunuz?",
        "Paket geldi, teşekkürler",
        "Randevuyu perşembeye alabilir miyiz?",
        "Faturayı bu sabah ödedim",
        "Evet bana uyar",
        "Yeni adresim Çınar sokak 4",
        "Doğum günün kutlu olsun anneanne",
        "Kapının önündeyiz",
    ),
}


def test_the_weights_are_of_the_table_as_it_is() -> None:
    """Who changes the table, the lexicon or how texts are read learns anew."""
    assert LEARNED_FROM.read_text("utf-8").strip() == source(), "run python -m tests.consent.learn"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_weights_are_those_that_the_table_gives() -> None:
    """On any machine and any Python."""
    kept = dict(line.split("\t") for line in WEIGHTS.read_text("utf-8").splitlines())
    assert {name: int(weight) for name, weight in kept.items()} == learned()


@pytest.mark.parametrize(
    ("language", "text"), [(code, text) for code, texts in EASY_TALK.items() for text in texts]
)
def test_easy_talk_is_left_alone(language: str, text: str) -> None:
    """Neither a phrase nor the weights make of everyday talk what a person must look at."""
    assert classify(text, language=language).kind is Class.NONE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Diese Werbung hier bitte künftig ohne mich", "weighs like a refusal"),
        ("STOPTEXTINGME", "refusal without spaces: stop texting"),
        ("nonscrivetepiu", "refusal without spaces: non scrivete piu"),
    ],
)
def test_a_refusal_that_no_phrase_fits_is_none_the_less_one(text: str, reason: str) -> None:
    """What it says as a whole tells, and so does what was written without spaces."""
    found = classify(text)
    assert found.kind is Class.OPT_OUT
    assert found.reason.startswith(reason)


def test_a_refusal_in_talk_of_something_else_is_left_to_a_person() -> None:
    """A phrase that could be one does not end a conversation that is about other business."""
    found = classify("Mi oppongo alla richiesta del condominio, il tetto va riparato prima")
    assert found.kind is Class.REVIEW
    assert found.reason.startswith("refusal in talk of something else")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It's the stop after the library, red door", Class.NONE),
        ("STOP, it's the wrong library, the one with the red door", Class.REVIEW),
        ("I am in a meeting all day today, call me tomorrow. STOP", Class.OPT_OUT),
        ("Danke für die Info, das Paket ist heute angekommen. Abmelden", Class.OPT_OUT),
        ("My bus is at the last stop and I can see the red door", Class.NONE),
    ],
)
def test_a_keyword_in_talk_of_something_else_ends_nothing(text: str, found: Class) -> None:
    """One that is the last sentence is believed; else the whole text tells."""
    assert classify(text).kind is found


@pytest.mark.parametrize("word", ["Offers", "DEALS", "goodbye", "marketing", "реклама"])
def test_one_word_that_names_what_is_sent_is_an_answer(word: str) -> None:
    """Campaigns ask for such answers; refusals have the words, but so has the opposite."""
    assert _weight(word) > 0.5
    assert classify(word).kind is Class.NONE


@pytest.mark.parametrize("text", ["Cessate", "çıkar", "dejen", "SMS 🚫", "block 🛑"])
def test_one_word_that_refuses_is_held(text: str) -> None:
    """By its class, or by a stop sign beside it."""
    assert classify(text).kind is Class.REVIEW


@pytest.mark.parametrize(("text", "found"), [("erase me", "opt_out"), ("texts please", "review")])
def test_of_few_words_more_is_asked(text: str, found: str) -> None:
    """What would be certain of a longer text may not be of two words."""
    assert _weight(text) > 0.98
    assert classify(text).kind == found


@pytest.mark.parametrize(
    ("text", "country", "language", "found"),
    [
        ("Poitsa?", "FI", None, Class.OPT_OUT),
        ("Poitsa?", None, None, Class.OPT_OUT),
        ("Poitsa?", "AR", None, Class.REVIEW),
        ("Poitsa?", "AR", "fi", Class.OPT_OUT),
        ("cancell", "GB", "pt", Class.OPT_OUT),
        ("abmeldenn", "FR", None, Class.OPT_OUT),
    ],
)
def test_a_short_slip_of_a_keyword_of_another_language_is_left_to_a_person(
    text: str, country: str | None, language: str | None, found: Class
) -> None:
    """What could be a slip of a Finnish keyword may be a word where Spanish is spoken."""
    assert classify(text, country=country, language=language).kind is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We closed the business two years ago, STOP", Class.OPT_OUT),
        ("Please STOP! My wife is in hospital and I can't deal with this", Class.OPT_OUT),
        ("doctor told me to stop", Class.REVIEW),
        ("Are you going to stop?", Class.REVIEW),
        ("Hey, can you stop texting me?", Class.OPT_OUT),
    ],
)
def test_what_stands_beside_a_keyword_tells_where_it_is_not_the_end(
    text: str, found: Class
) -> None:
    """Also in few words, unless they speak of messages."""
    assert classify(text, country="US").kind is found


def _weight(text: str) -> float:
    sender = Sender(None, None, opted_out=False, since_optout_s=None)
    return read(text, sender, ()).weight.probability


def test_a_text_says_by_words_why_it_weighs() -> None:
    """Pieces of words and lengths weigh too, and tell a person nothing."""
    heaviest = weigh(Content(("pleese", "unsubscrieb", "me", "."))).heaviest
    assert heaviest
    assert not any(name.startswith(("#", "~")) for name in heaviest)


def test_what_a_harmless_phrase_covers_does_not_weigh_like_a_refusal() -> None:
    """Who asks to be kept on the list is not held by the words that he asks it with."""
    assert classify("Please don't take me off your list").kind is Class.NONE


def test_a_text_of_unknown_words_weighs_too_little_for_a_person_to_look_at() -> None:
    """Nothing known says nothing."""
    found = weigh(Content(("zorp", "blick", "quux")))
    assert found.probability < 0.5
    assert classify("zorp blick quux").kind is Class.NONE


def test_who_has_opted_out_already_is_not_opted_out_by_weight() -> None:
    """A wish to return speaks of the same things as a refusal: a person looks at it."""
    text = "Finger weg von meiner Nummer"
    assert classify(text).kind is Class.OPT_OUT
    assert classify(text, opted_out=True, since_optout_s=86_400.0).kind is Class.REVIEW
