"""A preview says what a text costs, what makes it dear, and what would make it cheaper."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.alphabet import septets_of
from modemgw.pdu.preview import MAX_OUTSIDERS, MAX_POSITIONS, Outsider, count
from modemgw.pdu.replacements import replaced

from .strategies import ANY_TEXT


@pytest.mark.parametrize(
    ("text", "parts", "capacity", "used", "free"),
    [
        ("", 1, 160, 0, 160),
        ("a" * 160, 1, 160, 160, 0),
        ("a" * 161, 2, 153, 8, 145),
        ("€" * 77, 1, 160, 154, 6),
        ("€" * 81, 2, 153, 10, 143),
        ("ю" * 70, 1, 70, 70, 0),
        ("ю" * 71, 2, 67, 4, 63),
        ("😀" * 36, 2, 67, 6, 61),
    ],
)
def test_the_cost_is_told_in_units_of_the_coding(
    text: str, parts: int, capacity: int, used: int, free: int
) -> None:
    """Septets for GSM-7, 16-bit units for UCS-2."""
    preview = count(text)
    assert (preview.parts, preview.capacity, preview.used, preview.free) == (
        parts,
        capacity,
        used,
        free,
    )


@given(
    ANY_TEXT | st.text("aé€ş“ю😀", max_size=400),
    st.sampled_from([8, 16]),
    st.sampled_from(["auto", "ucs2"]),
    st.lists(st.integers(1, 13), max_size=3),
    st.integers(0, 120),
)
def test_a_preview_counts_the_parts_that_are_made(
    text: str, ref_bits: int, encoding: str, allowed: list[int], reserved: int
) -> None:
    """Preview and segmentation agree under the same options, refusals included."""
    options: Any = {"encoding": encoding, "ref_bits": ref_bits, "allowed": allowed}

    def made() -> tuple[object, ...]:
        try:
            shown = pdu.segment(text, reserved=reserved, **options)
        except pdu.PduError as error:
            return (error.field,)
        return len(shown.parts), shown.encoding, shown.national

    def counted() -> tuple[object, ...]:
        try:
            preview = count(text, reserved=reserved, **options)
        except pdu.PduError as error:
            return (error.field,)
        assert 0 <= preview.free <= preview.capacity
        return preview.parts, preview.encoding, preview.national

    assert counted() == made()


def test_what_forces_ucs2_is_named_with_its_places_and_a_way_out() -> None:
    """In order of appearance; a character without a way out says so."""
    assert count("It’s 5 – “6” 😀 isn’t").outsiders == (
        Outsider("’", 2, (2, 18), "'"),
        Outsider("–", 1, (7,), "-"),
        Outsider("“", 1, (9,), '"'),
        Outsider("”", 1, (11,), '"'),
        Outsider("😀", 1, (13,), None),
    )


def test_a_letter_with_a_mark_behind_it_is_one_outsider() -> None:
    """Typed in two code points it may be in the alphabet all the same, in one."""
    assert count("cafe\u0301 z\u0308").outsiders == (
        Outsider("e\u0301", 1, (3,), "é"),
        Outsider("z\u0308", 1, (6,), "z"),
    )


def test_what_allowed_tables_can_say_forces_nothing() -> None:
    """Only what is outside the best of the allowed combinations is named."""
    assert count("ş").outsiders == (Outsider("ş", 1, (0,), "s"),)
    assert count("ş", allowed=[1]).outsiders == ()
    assert count("şю", allowed=[1]).outsiders == (Outsider("ю", 1, (1,), None),)
    assert count("şю", national=pdu.National(single=1)).outsiders == (Outsider("ю", 1, (1,), None),)


def test_who_asks_for_ucs2_is_not_told_what_forced_it() -> None:
    """Nothing of the text did."""
    assert count("ю", encoding="ucs2").outsiders == ()


def test_the_list_is_bounded() -> None:
    """A Chinese novel names thirty-two characters, and sixteen places of each."""
    text = "".join(map(chr, range(0x4E00, 0x4E80))) * 20
    outsiders = count(text).outsiders
    assert len(outsiders) == MAX_OUTSIDERS
    assert {(len(o.positions), o.times) for o in outsiders} == {(MAX_POSITIONS, 20)}


@given(ANY_TEXT | st.text("a’“ō²😀e\u0301", max_size=300))
def test_with_all_suggestions_taken_none_is_left(text: str) -> None:
    """What remains outside has no replacement, and to replace twice is to replace once."""
    plain = replaced(text)
    assert replaced(plain) == plain
    assert all(outsider.replacement is None for outsider in count(plain).outsiders)


@given(st.text("abc ’“–\u00a0…ōź", min_size=1, max_size=300))
def test_a_text_that_can_be_replaced_goes_in_gsm7(text: str) -> None:
    """And says so beforehand."""
    assert all(outsider.replacement is not None for outsider in count(text).outsiders)
    assert septets_of(replaced(text)) is not None


def test_negative_reserves_are_refused() -> None:
    """They would promise room that is not there."""
    for function in (count, pdu.segment):
        with pytest.raises(pdu.PduError) as caught:
            function("x", reserved=-1)
        assert caught.value.field == "reserved"
