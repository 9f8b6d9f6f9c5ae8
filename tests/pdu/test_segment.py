"""A text is cut into as few parts as go, and never inside a character."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.alphabet import septets_of

from .strategies import ANY_TEXT


@pytest.mark.parametrize(
    ("text", "ref_bits", "lengths"),
    [
        ("", 8, [0]),
        ("a" * 160, 8, [160]),
        ("a" * 161, 8, [153, 8]),
        ("a" * 161, 16, [152, 9]),
        ("ю" * 70, 8, [70]),
        ("ю" * 71, 8, [67, 4]),
        ("ю" * 71, 16, [66, 5]),
        ("€" * 80, 8, [80]),
        ("€" * 81, 8, [76, 5]),
        ("😀" * 35, 8, [35]),
        ("😀" * 36, 8, [33, 3]),
    ],
)
def test_parts_are_as_long_as_the_standard_lets_them_be(
    text: str, ref_bits: int, lengths: list[int]
) -> None:
    """160, 153, 152 septets; 70, 67, 66 UCS-2 units; pairs are whole."""
    parts = pdu.segment(text, ref_bits=ref_bits).parts
    assert [len(part) for part in parts] == lengths


@given(ANY_TEXT | st.text("a€😀ю", max_size=600))
def test_joined_the_parts_are_the_text_and_each_fits(text: str) -> None:
    """No part is larger than it may be, and the encoding is the smaller one that can."""
    segmentation = pdu.segment(text)
    assert "".join(segmentation.parts) == text
    alone = len(segmentation.parts) == 1
    if segmentation.encoding is pdu.Alphabet.GSM7:
        for part in segmentation.parts:
            assert len(septets_of(part) or b"") <= (160 if alone else 153)
    else:
        assert septets_of(text) is None
        for part in segmentation.parts:
            assert len(part.encode("utf-16-be")) <= (140 if alone else 134)


def test_national_tables_leave_room_for_their_announcement() -> None:
    """A locking table costs three octets of header: 155 characters go in one part."""
    national = pdu.National(locking=1)
    assert [len(p) for p in pdu.segment("ş" * 155, national=national).parts] == [155]
    assert [len(p) for p in pdu.segment("ş" * 156, national=national).parts] == [149, 7]


@pytest.mark.parametrize(
    ("text", "options", "field"),
    [
        ("x" * (153 * 255 + 1), {}, "text"),
        ("x" * 10_000_000, {}, "text"),
        ("x" * (153 * 255 + 1), {"allowed": [1]}, "text"),
        ("ю", {"encoding": "gsm7"}, "text"),
        ("\ud83d", {}, "text"),
        ("x", {"encoding": "8bit"}, "encoding"),
        ("x", {"ref_bits": 7}, "ref_bits"),
        ("x" * 200, {"reserved": 135}, "header"),
    ],
)
def test_what_cannot_be_cut_is_refused_by_name(
    text: str, options: dict[str, Any], field: str
) -> None:
    """The error names the argument."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.segment(text, **options)
    assert caught.value.field == field


def test_255_parts_are_the_most() -> None:
    """One octet counts them."""
    assert len(pdu.segment("x" * 153 * 255).parts) == 255
