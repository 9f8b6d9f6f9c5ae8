"""Patterns that keep texts from going out, and what is hidden of those that come in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.consent.cards import has_card_number
from modemgw.consent.content import CARD_NUMBER, Mask, Pattern, blocking
from tests.consent.test_cards import ENGLISH, ISSUED

PIN = Pattern.parse("pin", r"\bPIN:? ?\d{4,8}\b", kinds=["marketing"], pools=["sales"])
OFFER = Pattern.parse("offer", "risk.free")
SECRET = Pattern.parse("secret", r"secret \w{1,20}", blocks=False)
CARDS = Mask.of([CARD_NUMBER], ())


@pytest.mark.parametrize(
    ("text", "kind", "pool", "name"),
    [
        ("Your pin 4711", "marketing", "sales", "pin"),
        ("Your pin 4711", "transactional", "sales", None),
        ("Your pin 4711", "marketing", "support", None),
        ("Your pin 4711", "marketing", None, None),
        ("RISK-FREE!", "transactional", None, "offer"),
        ("PIN 4711, risk free", "marketing", "sales", "pin"),
        ("Your ＰＩＮ ４７１１", "marketing", "sales", "pin"),
        ("Your PI\u200bN 47\u200d11", "marketing", "sales", "pin"),
        ("secret word", "marketing", "sales", None),
        ("See you at 5", "marketing", "sales", None),
    ],
)
def test_a_pattern_blocks_the_texts_that_it_concerns(
    text: str, kind: str, pool: str | None, name: str | None
) -> None:
    """Of its kinds and pools, whatever the digits are written in; the first that fits is named."""
    assert blocking((PIN, OFFER, SECRET), text, kind, pool) == name


def test_a_mask_of_nothing_changes_nothing() -> None:
    """As it is where nobody configured one."""
    assert Mask().applied("4111 1111 1111 1111") == "4111 1111 1111 1111"


def test_a_name_that_nothing_bears_is_refused() -> None:
    """Or a mistyped one would hide nothing without a word."""
    with pytest.raises(ValueError, match=r"'pim'.*card_number, pin"):
        Mask.of(["pim"], [PIN])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4111 1111 1111 1111", "**** **** **** 1111"),
        ("My card: 4111111111111111, 12/27", "My card: ************1111, 12/27"),
        ("3782 822463 10005", "**** ****** *0005"),
        ("4111 1111 1111 1111 12 27 123", "**** **** **** 1111 12 27 123"),
        ("４１１１ １１１１ １１１１ １１１１", "**** **** **** １１１１"),
        ("4111\u200b1111\u200b1111\u200b1111", "****\u200b****\u200b****\u200b1111"),
        ("é 4111-1111-1111-1111", "é ****-****-****-1111"),
        ("four " + "one " * 15, "**** " + "*** " * 11 + "one " * 4),
        ("cuatro " + "uno " * 15, "****** " + "*** " * 11 + "uno " * 4),
        ("四一一一一一一一一一一一一一一一", "************一一一一"),
        ("Call +4111111111111111 at 5", "Call +4111111111111111 at 5"),
        ("5555555555554444 and 4111111111111111", "************4444 and ************1111"),
    ],
)
def test_of_a_card_the_last_four_digits_stay(text: str, shown: str) -> None:
    """In figures of any script and in words; all else stays where it was."""
    assert CARDS.applied(text) == shown


def test_of_what_a_pattern_fits_nothing_stays() -> None:
    """Of a short secret the last four digits would be all."""
    mask = Mask.of(["pin", "secret"], [PIN, OFFER, SECRET])
    assert mask.applied("PIN: 4711, secret X9é, risk free") == "**** ****, ****** ***, risk free"


@given(
    st.lists(
        st.one_of(st.sampled_from([*ISSUED, *ENGLISH, " ", "-", "x", "+"]), st.text(max_size=3)),
        max_size=12,
    ).map("".join)
)
def test_no_card_number_is_left_and_nothing_else_moves(text: str) -> None:
    """Whatever stands around it: what stays of one makes no other."""
    shown = CARDS.applied(text)
    assert not has_card_number(shown)
    assert len(shown) == len(text)
    assert all(after in {before, "*"} for before, after in zip(text, shown, strict=True))
    if not has_card_number(text):
        assert shown == text
    assert len(re.findall(r"\*", shown)) >= len(re.findall(r"\*", text))
