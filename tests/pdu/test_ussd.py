"""USSD strings: filling with carriage returns, coding schemes, and what came from networks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.alphabet import septets_of

from .strategies import GSM_TEXT
from .vectors import load_lines


def _septet_count(text: str) -> int:
    septets = septets_of(text)
    assert septets is not None
    return len(septets)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("*100#", "AA180C3602"),
        ("1", "31"),
        ("", ""),
        ("1234567", "31D98C56B3DD1A"),
        ("1234567\r", "31D98C56B3DD1A0D"),
        ("12345678", "31D98C56B3DD70"),
        ("\r", "0D"),
    ],
)
def test_a_string_is_packed_with_the_filling_that_it_needs(text: str, octets: str) -> None:
    """Seven spare bits are a carriage return; one that ends on the last bit is doubled."""
    assert pdu.encode_ussd(text).hex().upper() == octets


FORMS = {"gsm7-packed-hex": 0x0F, "ucs2-hex": 0x48}
ANSWERS = [
    line["fields"]
    for entry in load_lines("at-transcripts.jsonl")
    for line in entry["expect"].get("lines", ())
    if line.get("prefix") == "+CUSD" and line.get("fields", {}).get("string_form") in FORMS
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_of_networks_are_read(answer: dict[str, Any]) -> None:
    """As modems printed them, packed or in UCS-2."""
    dcs = answer.get("dcs", FORMS[answer["string_form"]])
    assert pdu.decode_ussd(bytes.fromhex(answer["str"]), dcs=dcs).text == answer["text"]


@given(GSM_TEXT.filter(lambda t: _septet_count(t) <= 181))
def test_what_was_packed_is_read_back(text: str) -> None:
    """But for the second carriage return of the standard's own making, which does no harm."""
    read = pdu.decode_ussd(pdu.encode_ussd(text)).text
    doubled = text.endswith("\r") and _septet_count(text) % 8 == 0
    assert read == (text + "\r" if doubled else text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_ucs2_needs_no_filling(text: str) -> None:
    """Surrogate pairs included."""
    octets = pdu.encode_ussd(text, dcs=0x48)
    assert octets == text.encode("utf-16-be")
    assert pdu.decode_ussd(octets, dcs=0x48) == pdu.Ussd(text)


def test_an_at_sign_at_the_end_stays() -> None:
    """It is what the filling is for."""
    assert pdu.decode_ussd(pdu.encode_ussd("1234567@")).text == "1234567@"


def test_182_septets_fit_and_no_more() -> None:
    """They are 160 octets; 80 characters of UCS-2 fill those, too."""
    assert len(pdu.encode_ussd("a" * 182)) == 160
    assert pdu.decode_ussd(pdu.encode_ussd("a" * 182)).text == "a" * 182
    assert len(pdu.encode_ussd("ж" * 80, dcs=0x48)) == 160
    for text, dcs in [("a" * 183, 0x0F), ("ж" * 81, 0x48)]:
        with pytest.raises(pdu.PduError, match="at most"):
            pdu.encode_ussd(text, dcs=dcs)
    with pytest.raises(pdu.PduError, match="at most"):
        pdu.decode_ussd(bytes(161))


@pytest.mark.parametrize("dcs", [-1, 256, 0x44, 0x10, 0x11, 0x68, 0x92, 0xD0, 0xF4])
def test_what_is_no_plain_text_is_not_encoded(dcs: int) -> None:
    """Data, a language in the text, compression, a header, other protocols, and no octet."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode_ussd("x", dcs=dcs)
    assert caught.value.field == "dcs"


@pytest.mark.parametrize(("text", "dcs"), [("ж", 0x0F), ("\ud83d", 0x48)])
def test_what_the_coding_scheme_cannot_say_is_refused(text: str, dcs: int) -> None:
    """A foreign character, half a surrogate pair."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode_ussd(text, dcs=dcs)
    assert caught.value.field == "text"


@pytest.mark.parametrize(
    ("octets", "dcs", "expected"),
    [
        ("414243", 0x44, pdu.Ussd(None, b"ABC")),
        ("AA180C3602", 0x00, pdu.Ussd("*100#", language="de")),
        ("AA180C3602", 0x23, pdu.Ussd("*100#", language="ru")),
        ("AA180C3602", 0xB0, pdu.Ussd("*100#")),
        ("AA180C3602", 0x61, pdu.Ussd(None, bytes.fromhex("AA180C3602"))),
        ("F27A041F0440", 0x11, pdu.Ussd("Пр", language="ru")),
        ("F27A041F0440FF", 0x11, pdu.Ussd("Пр", language="ru")),
        ("", 0x11, pdu.Ussd("", language="")),
    ],
)
def test_the_coding_scheme_of_broadcasts_is_used(octets: str, dcs: int, expected: pdu.Ussd) -> None:
    """Languages by number or in front of the text; half a character at the end is dropped."""
    assert pdu.decode_ussd(bytes.fromhex(octets), dcs=dcs) == expected


def test_a_language_in_front_of_septets_is_taken_off() -> None:
    """Two letters and a carriage return, if they are there."""
    octets = pdu.encode_ussd("nl\rHoi")
    assert pdu.decode_ussd(octets, dcs=0x10) == pdu.Ussd("Hoi", language="nl")
    assert pdu.decode_ussd(pdu.encode_ussd("Hoi"), dcs=0x10) == pdu.Ussd("Hoi")


@given(st.binary(max_size=170), st.integers(-1, 256))
def test_any_octets_are_read_or_refused_by_the_one_error(octets: bytes, dcs: int) -> None:
    """Whatever the coding scheme."""
    try:
        ussd = pdu.decode_ussd(octets, dcs=dcs)
    except pdu.PduError:
        assert len(octets) > 160 or not 0 <= dcs <= 255
    else:
        assert (ussd.text is None) != (ussd.data is None)
