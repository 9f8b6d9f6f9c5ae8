"""What the beginning of a number decides it decides for every number that begins so."""

from __future__ import annotations

import random
import re
from itertools import product

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, NumberParseException

from modemgw.consent.digits import Machine, PatternError
from modemgw.consent.number_plan import decisive_part
from modemgw.consent.places import look_up, place_of

CODES = sorted(COUNTRY_CODE_TO_REGION_CODE)


def some_number(dice: random.Random, code: int) -> str:
    """A number of a calling code: near one that its plan has, or any digits."""
    region = dice.choice(COUNTRY_CODE_TO_REGION_CODE[code])
    kind = dice.choice(phonenumbers.PhoneNumberType.values())
    like = phonenumbers.example_number_for_type(region, kind)
    if like is None or dice.random() < 0.3:
        return f"+{code}{dice.randrange(10 ** dice.randint(4, 11)):05}"
    digits = list(phonenumbers.national_significant_number(like))
    for _ in range(dice.randint(0, len(digits))):
        digits[dice.randrange(len(digits))] = str(dice.randrange(10))
    return f"+{code}{''.join(digits)}"


@pytest.mark.parametrize("code", CODES)
def test_the_shortcut_says_what_phonenumbers_says(code: int) -> None:
    """Of numbers of every country, and of those that differ behind the part that decides."""
    dice = random.Random(code)
    for _ in range(30):
        number = some_number(dice, code)
        known = len(decisive_part(number))
        for _ in range(3):
            rest = "".join(dice.choice("0123456789") for _ in number[known:])
            twin = number[:known] + rest
            try:
                expected = look_up(twin)
            except NumberParseException:
                continue
            assert place_of(twin) == expected


def test_most_of_a_usual_number_decides_nothing() -> None:
    """Or the shortcut would be none."""
    assert decisive_part("+12125550123") == "+1212555"[: len(decisive_part("+12125550123"))]
    for number in ("+12125550123", "+4915112345678", "+447911123456", "+33612345678"):
        assert len(decisive_part(number)) <= len(number) - 3, number


@pytest.mark.parametrize("number", ["12125550123", "+1", "+999123456789", "+1212555012٣", "36111"])
def test_what_is_no_number_decides_by_all_of_itself(number: str) -> None:
    """It is looked up as ever, and refused as ever."""
    assert decisive_part(number) == number


PIECES = st.sampled_from(["1", "2", r"\d", "[12]", "[0-25]", "(?:1|23)", "(?:2|12?)"])
REPEATED = st.tuples(PIECES, st.sampled_from(["", "", "?", "{2}", "{0,2}", "{1,3}"])).map("".join)
PATTERNS = st.recursive(
    REPEATED,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
    ),
    max_leaves=6,
)


@given(st.lists(PATTERNS, min_size=1, max_size=3), PATTERNS, st.text("01235", max_size=4))
def test_the_machine_knows_as_early_as_can_be_known(
    patterns: list[str], beginning: str, number: str
) -> None:
    """By trying every end: what it says is decided is, and one digit earlier it was not."""

    def fits(candidate: str) -> tuple[bool, ...]:
        begun = re.match(beginning, candidate) is not None
        return (*(re.fullmatch(p, candidate) is not None for p in patterns), begun)

    def is_decided(known: int) -> bool:
        ends = product("0123456789", repeat=len(number) - known)
        return len({fits(number[:known] + "".join(end)) for end in ends}) == 1

    known = Machine(patterns, [beginning]).decisive(number)
    assert is_decided(known)
    assert known == 0 or not is_decided(known - 1)


@pytest.mark.parametrize("pattern", ["1+", "(?!1)2", "(1)", "[^1]", "1{2", "(?:1", "1)", r"\w"])
def test_a_pattern_of_another_kind_is_refused(pattern: str) -> None:
    """A later library may have such; then its country has no shortcut."""
    with pytest.raises(PatternError):
        Machine([pattern])
