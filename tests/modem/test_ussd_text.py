"""USSD strings as makers print them, and as they want them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.at import answers
from modemgw.at.answers import UssdForm, UssdStatus, UssdString
from modemgw.modem.ussd_text import UnsayableError, UssdStyle, read, write

TRANSCRIPTS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "data" / "at-transcripts.jsonl")
    .read_text(encoding="ascii")
    .splitlines()
    if '"+CUSD: ' in line
]


def _read(string: str | None, dcs: int | None) -> str:
    return read(UssdString(UssdStatus.DONE, string, dcs))


def _wide(text: str) -> str:
    return text.encode("utf-16-be").hex().upper()


def _packed(text: str) -> str:
    return pdu.encode_ussd(text).hex().upper()


@pytest.mark.parametrize("dcs", [15, 0, 1, None, 68, 72])
@pytest.mark.parametrize(
    "text", ["Your balance is 5.00", "Line1\nLine 2", "5000", "17", "12345678", "Ok?"]
)
def test_text_is_text_whatever_the_coding_scheme_says(text: str, dcs: int | None) -> None:
    """Digits that might be hex of something are read as they stand."""
    assert _read(text, dcs) == text


@pytest.mark.parametrize("dcs", [72, 15, 0, None])
@pytest.mark.parametrize("text", ["Saldo 5 €", "Баланс: 120.50 р.", "Баг", "500"])
def test_hex_of_ucs2_is_read_with_the_coding_scheme_right_wrong_or_missing(
    text: str, dcs: int | None
) -> None:
    """Some say 15 while they print UCS-2."""
    assert _read(_wide(text), dcs) == text


def test_a_script_of_many_pages_is_told_by_its_coding_scheme_alone() -> None:
    """The letters of a Chinese text are no more alike than random octets."""
    assert _read(_wide("余额 35 元\n1. 充值"), 72) == "余额 35 元\n1. 充值"


@pytest.mark.parametrize("dcs", [15, 0, 1, None])
@pytest.mark.parametrize("text", ["OCTATOK 0.51 p.", "1. Data\n2. Talk", "Balance: $17, until 3/4"])
def test_hex_of_packed_septets_is_read(text: str, dcs: int | None) -> None:
    """Huawei and others."""
    assert _read(_packed(text), dcs) == text


def test_letters_of_the_gsm_alphabet_that_were_not_converted_are() -> None:
    """A modem whose character set is GSM prints $ as 02 and the underscore as 11."""
    assert _read("5 \x02 for a\x11b", 15) == "5 $ for a_b"


def test_nothing_is_nothing() -> None:
    """An empty string, and none."""
    assert _read("", 15) == _read(None, None) == ""


@pytest.mark.parametrize("entry", TRANSCRIPTS, ids=lambda entry: str(entry["id"]))
def test_what_real_modems_printed_is_read(entry: dict[str, Any]) -> None:
    """The transcripts say what was meant where it was hex."""
    lines = [line for line in entry["response_lines"] if line != "OK"]
    said = answers.ussd(tuple(lines))
    fields = entry["expect"]["lines"][0].get("fields", {})
    meant = fields.get("text", "" if said.form is UssdForm.HEX else fields.get("str", ""))
    assert read(said).startswith(meant)


def test_what_a_modem_prints_behind_the_end_is_cut_off() -> None:
    """HE910 prints its whole buffer (gammu, issue 377)."""
    (entry,) = (entry for entry in TRANSCRIPTS if entry["id"] == "generic-301")
    text = read(answers.ussd(tuple(entry["response_lines"][:1])))
    assert text.startswith("رصيدك 107.93 ")
    assert text.endswith("2018-11-09")


@given(string=st.text(max_size=60), dcs=st.none() | st.integers(0, 255))
def test_any_string_is_read(string: str, dcs: int | None) -> None:
    """Nothing that a network sends raises."""
    _read(string, dcs)


@given(octets=st.binary(max_size=200), dcs=st.none() | st.integers(0, 255))
def test_any_octets_are_read(octets: bytes, dcs: int | None) -> None:
    """Nor hex of anything."""
    _read(octets.hex(), dcs)


def test_a_text_is_written_as_the_modem_wants_it() -> None:
    """As it is, or packed; what cannot be said is refused in words."""
    assert write("*100#", UssdStyle.TEXT) == "*100#"
    assert write("*100#", UssdStyle.PACKED) == "AA180C3602"
    for text, style in (
        ("Ж", UssdStyle.PACKED),
        ("ä", UssdStyle.TEXT),
        ('a"b', UssdStyle.TEXT),
        ("1\r", UssdStyle.TEXT),
        ("1" * 183, UssdStyle.PACKED),
    ):
        with pytest.raises(UnsayableError):
            write(text, style)
