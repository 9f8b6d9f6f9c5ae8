"""Card numbers are seen however they are written, and little else is taken for one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.consent.cards import has_card_number

# Numbers for tests, as the issuers' payment services publish them.
ISSUED = [
    "4111111111111111", "4012888888881881", "4222222222222", "5555555555554444",
    "2223003122003222", "378282246310005", "371449635398431", "6011111111111117",
    "3530111333300000", "30569309025904", "38520000023237", "6200000000000005",
]  # fmt: skip
ENGLISH = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def grouped(digits: str, size: int, gap: str) -> str:
    """Cut into groups of a size."""
    return gap.join(digits[i : i + size] for i in range(0, len(digits), size))


@pytest.mark.parametrize("digits", ISSUED)
@pytest.mark.parametrize("gap", ["", " ", "-", "\N{NO-BREAK SPACE}", ".", " - ", "–", "\n"])
def test_every_issuers_number_is_seen_whatever_stands_between_its_groups(
    digits: str, gap: str
) -> None:
    """In fours, in pairs and digit by digit, within a sentence."""
    for size in (1, 2, 4):
        assert has_card_number(f"Your card {grouped(digits, size, gap)}, valid until 12/27.")


@pytest.mark.parametrize(
    "text",
    [
        "3782 822463 10005",
        "3056 930902 5904",
        "４１１１１１１１１１１１１１１１",
        "٤١١١ ١١١١ ١١١١ ١١١١",
        "4111\u200b1111\u200b1111\u200b1111",
        "四一一一一一一一一一一一一一一一",
        "card4111111111111111",
        "4111 1111 1111 1111 12 27 123",  # with expiry date and code behind
        "order 77 4111 1111 1111 1111",
        " ".join(ENGLISH[int(d)] for d in ISSUED[0]),
        ", ".join(ENGLISH[int(d)].upper() for d in ISSUED[3]),
        "cuatro " + "uno " * 15,
        "quatre " + "un " * 15,
        "vier " + "eins " * 15,
        "fünf " * 11 + "5 " + "vier " * 4,
        "quattro " + "uno " * 15,
        "quatro " + "um " * 15,
        "cztery " + "jeden " * 15,
        "четыре " + "один " * 15,
        "dört " + "bir " * 15,
        "four 1 one 1 1 1 1 1 1 1 1 1 1 1 1 1",
    ],
)
def test_a_number_is_seen_in_every_dress(text: str) -> None:
    """Full width, other scripts, invisible characters, words, and with more digits around it."""
    assert has_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "See you at 5",
        "Order 4111111111111112 is on its way",  # the check digit is wrong
        "Your order 2026-1128-4711-0815",
        "Call +4111111111111111",
        "Call 415 555 0100 or 415 555 0199, 415 555 0142",
        "IMEI 490154203237518",  # fifteen digits, but no American Express
        "IMEI 353879234252633",
        "ICCID 89014103211118510720",
        "411111111111111141111",  # part of something longer
        "IBAN DE89 3704 0044 0532 0130 00",
        "One two three four five six seven eight nine",
        "0000000000000000",
        "9999999999999995",
        "4111 x 1111 x 1111 x 1111",
        "1600 EUR, 1700 EUR, 1800 EUR, 1900 EUR",
    ],
)
def test_what_is_no_card_number_passes(text: str) -> None:
    """Orders, telephones, devices, accounts and dates."""
    assert not has_card_number(text)


def test_a_wrong_digit_is_always_noticed() -> None:
    """Luhn finds each single one, so a number of another kind has nine chances of ten."""
    for digits in ISSUED:
        for place in range(6, len(digits)):
            for digit in set("0123456789") - {digits[place]}:
                assert not has_card_number(digits[:place] + digit + digits[place + 1 :])


def test_telephone_numbers_are_hardly_ever_taken_for_cards() -> None:
    """None of E.164 at all, with its +; nationally no number is long enough to be one."""
    dice = random.Random(7)
    for _ in range(5_000):
        size = dice.randint(8, 15)
        number = str(dice.randint(10 ** (size - 1), 10**size - 1))
        assert not has_card_number(f"Call us: +{number}")
        assert not has_card_number(f"Call us: 0{number[:11]}")


@given(st.text(alphabet="0123456789 -+.,\nfour one４٤x", max_size=80))
def test_any_text_is_looked_through(text: str) -> None:
    """Nothing that is typed is a mistake of ours."""
    assert has_card_number(text) in (True, False)
    assert has_card_number(f"{text} x 4111 1111 1111 1111 x {text}")


def test_a_long_text_of_digits_is_no_load() -> None:
    """Each group is the beginning of a few numbers only, so the work grows with the text alone."""
    assert not has_card_number("9 " * 2_000)
