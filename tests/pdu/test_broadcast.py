"""Cell broadcast pages: those of public logs, and whatever a network may send."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.broadcast_coding import BROADCAST_CODINGS, BroadcastCoding, Prefix
from modemgw.pdu.coding import Alphabet
from modemgw.pdu.septets import pack

from .strategies import ANY_TEXT, GSM_TEXT

# NL-Alert of 4 December 2023, as a modem printed it; the last page comes without filling.
NL_ALERT = [
    (
        "46A0111305134E662BC82ECBE92018AD1593B56430D90C1493E960301D885A9C528545697288A4BA40C432E8"
        "6D2FCBD1E53419740F87E5F331BA7EA783D465103DAD2697DD7390FBFD26CFD3F47A989E2ECF41F67418E404"
    ),
    (
        "46A011130523CC56905D96D35D206519C42E97E7741039EC06DDC37490BA0C6ABFCB7410F95D7683CA6ED03D"
        "1C9683D46550BB5C9683D26EF35BDE0ED3D365D03AEC06D9D36E72D9ED02A9542A10B538A5829AC5E9347804"
    ),
    (
        "46A0111305334590B34C4797E5ECB09B3C071DDFF6B2DCDD2EBBE920685DCC4E8F41D7B0DC9D769F41D3FC9C"
        "5E6EBB40CE37283CA6A7DF6E90BC1CAFA7E565B2AB"
    ),
]
NL_TEXT = (
    "NL-Alert 04-12-2023 12:00: TESTBERICHT. De overheid waarschuwt je tijdens noodsituaties via "
    "NL-Alert. Je leest dan wat je moet doen en waar je meer informatie kan vinden. *** TEST "
    "MESSAGE Netherlands Government Public Warning System. No action required."
)
FILLING = "8D46A3D168341A8D46A3D100"
SERIAL = pdu.SerialNumber(pdu.BroadcastScope.NETWORK, 0x6A, 0)


def test_a_warning_of_three_pages_is_read_and_joined() -> None:
    """In any order, and however often its pages come."""
    pages = [pdu.decode_broadcast(page) for page in NL_ALERT]
    assert [(page.page, page.pages) for page in pages] == [(1, 3), (2, 3), (3, 3)]
    assert {(page.serial, page.message_id, page.language) for page in pages} == {
        (SERIAL, 4371, "nl")
    }
    assert pages[0].text == NL_TEXT[:93]
    assert pdu.join_pages(random.Random(1).sample(pages * 3, 9)) == NL_TEXT


@pytest.mark.parametrize(
    ("page", "text", "language"),
    [
        (
            "C00000324011"
            "41D071DA0491CBE6709D4D0785D97074585CA683DAE5F93C7C2E83EE693A1A340ECBE5E9F0B90C9297E975B91B"
            "040F93C969F7B9D168341A8D46A3D168341A8D46A3D168341A" + FILLING,
            "A GSM default alphabet message with carriage return padding",
            None,
        ),
        (
            "C00000321011"
            "737B23083A4E9B2072D91CAEB3E9A0301B8E0E8BCB7450BB3C9F87CF65D03D4D4783C661B93C1D3E9741F232BD"
            "2E7783E0613239ED3E371A8D46A3D168341A8D46A3D168341A" + FILLING,
            "A GSM default alphabet message with carriage return padding",
            "sv",
        ),
        (
            "C00000321111783C"
            + "A UCS2 message containing a \u0434 character\r".encode("utf-16-be").hex(),
            "A UCS2 message containing a \u0434 character",
            "xx",
        ),
        ("634000321114F27A041F0440043E", "Про", "ru"),
        ("C00000320111", "", "en"),
        ("C000003248110041000D0D0D0D0D", "A", None),
        ("C00000324811004100000000", "A", None),
        ("C0000032481100", "", None),
    ],
)
def test_text_is_without_filling(page: str, text: str, language: str | None) -> None:
    """Carriage returns, octets 0D and zeros in UCS-2; the language from wherever it is said."""
    decoded = pdu.decode_broadcast(page)
    assert decoded.text == text
    assert decoded.language == language
    assert decoded.data is None


def test_the_head_is_read_bit_by_bit() -> None:
    """Scope, code, update number, message identifier; a page number of 0 means one page."""
    page = pdu.decode_broadcast("BFF7123400F0")
    assert page.serial == pdu.SerialNumber(pdu.BroadcastScope.AREA, 0x3FF, 7)
    assert (page.message_id, page.dcs, page.page, page.pages) == (0x1234, 0, 1, 1)
    assert pdu.decode_broadcast("BFF712340021").page == 1


def test_data_is_data() -> None:
    """8-bit, compressed, and what is other protocols'."""
    for dcs in ("44", "64", "D0", "E3", "F4"):
        page = pdu.decode_broadcast(f"C0000032{dcs}11414243")
        assert (page.text, page.data) == (None, b"ABC")


def test_a_header_is_taken_off() -> None:
    """In GSM-7 with its fill bits, as in a short message; then its national tables hold, too."""
    header = bytes.fromhex("03250101")  # Turkish locking shift
    fill = pack(bytes(5) + b"\x60\x0b\r")  # 32 bits of header, 3 of fill
    gsm7 = pdu.decode_broadcast(_page(0x90, header + fill[4:]))
    assert gsm7.text == "\u00e7\u011e"
    assert gsm7.header.locking == 1
    assert pdu.decode_broadcast(_page(0x98, header + "Ж".encode("utf-16-be"))).text == "Ж"
    assert pdu.decode_broadcast(_page(0x94, header + b"AB")).data == b"AB"
    with pytest.raises(pdu.PduError):
        pdu.decode_broadcast(_page(0x90, b"\x05"))


def _page(dcs: int, content: bytes) -> str:
    return (bytes.fromhex("C0000032") + bytes((dcs, 0x11)) + content).hex()


@pytest.mark.parametrize("page", ["C00000320F", "C000" * 45, "xy", "", "C0000"])
def test_what_is_no_page_is_refused_with_its_place(page: str) -> None:
    """Too short, too long, no hex."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.decode_broadcast(page)
    assert caught.value.at is not None


def test_pages_that_do_not_make_a_text_are_refused() -> None:
    """A page that is missing, one of another text, none at all."""
    first, second, third = (pdu.decode_broadcast(page) for page in NL_ALERT)
    with pytest.raises(pdu.PduError, match="missing 2"):
        pdu.join_pages([first, third])
    other = pdu.decode_broadcast("46A1" + NL_ALERT[1][4:])
    with pytest.raises(pdu.PduError, match="several"):
        pdu.join_pages([first, other, second, third])
    with pytest.raises(pdu.PduError, match="missing 1"):
        pdu.join_pages([])


def test_pages_of_data_join_to_no_text() -> None:
    """They count as empty."""
    assert pdu.join_pages([pdu.decode_broadcast(_page(0x44, b"abc"))]) == ""


def test_pages_are_made_as_networks_make_them() -> None:
    """The public warning again, now with its last page filled."""
    made = pdu.encode_broadcast(NL_TEXT, serial=SERIAL, message_id=4371, dcs=0x05)
    assert made[:2] == NL_ALERT[:2]
    assert made[2].startswith(NL_ALERT[2][:-2])
    assert {len(page) for page in made} == {176}


@given(GSM_TEXT.filter(lambda t: len(t) <= 600), st.sampled_from([0x0F, 0x01, 0x40, 0x51, 0xF1]))
def test_gsm7_pages_come_back(text: str, dcs: int) -> None:
    """But for carriage returns at the end of a page, which cannot be told from filling."""
    text = text.replace("\r", "")
    pages = pdu.encode_broadcast(text, serial=SERIAL, message_id=50, dcs=dcs)
    assert pdu.join_pages(map(pdu.decode_broadcast, pages)) == text


@given(ANY_TEXT.filter(lambda t: len(t) <= 280))
def test_ucs2_pages_come_back(text: str) -> None:
    """Surrogate pairs are not cut."""
    text = text.replace("\r", "").replace("\0", "").replace("\u0d0d", "")
    pages = pdu.encode_broadcast(text, serial=SERIAL, message_id=50, dcs=0x48)
    decoded = [pdu.decode_broadcast(page) for page in pages]
    assert pdu.join_pages(decoded) == text
    for page in decoded:
        assert page.text is not None
        page.text.encode()


@pytest.mark.parametrize(
    ("text", "dcs", "pages"),
    [
        ("a" * 93, 0x0F, 1),
        ("a" * 94, 0x0F, 2),
        ("a" * 92 + "€", 0x0F, 2),
        ("a" * 91 + "€", 0x0F, 1),
        ("a" * 1395, 0x0F, 15),
        ("ж" * 41, 0x48, 1),
        ("ж" * 42, 0x48, 2),
        ("ж" * 40 + "😀", 0x48, 2),
        ("ж" * 615, 0x48, 15),
    ],
)
def test_a_page_holds_93_septets_or_41_characters(text: str, dcs: int, pages: int) -> None:
    """Neither an escape nor a surrogate pair is cut for it."""
    made = pdu.encode_broadcast(text, serial=SERIAL, message_id=50, dcs=dcs)
    assert len(made) == pages
    assert pdu.join_pages(map(pdu.decode_broadcast, made)) == text


def test_a_pair_that_a_network_cut_is_whole_again() -> None:
    """Whatever it did to its pages."""
    halves = [
        pdu.decode_broadcast("C00000324812D83D"),
        pdu.decode_broadcast("C00000324822DE00"),
    ]
    assert pdu.join_pages(halves) == "😀"


@pytest.mark.parametrize(
    ("text", "options", "field"),
    [
        ("a" * 1396, {}, "text"),
        ("ж", {}, "text"),
        ("x", {"dcs": 0x44}, "dcs"),
        ("x", {"dcs": 0x11}, "dcs"),
        ("x", {"dcs": 0x92}, "dcs"),
        ("x", {"dcs": 0x68}, "dcs"),
        ("x", {"dcs": 256}, "dcs"),
        ("x", {"message_id": 65536}, "message_id"),
        ("x", {"serial": pdu.SerialNumber(pdu.BroadcastScope.CELL, 1024, 0)}, "serial"),
        ("x", {"serial": pdu.SerialNumber(pdu.BroadcastScope.CELL, 0, 16)}, "serial"),
    ],
)
def test_what_no_page_can_say_is_refused_by_name(
    text: str, options: dict[str, Any], field: str
) -> None:
    """The error names the argument."""
    arguments: dict[str, Any] = {"serial": SERIAL, "message_id": 50}
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode_broadcast(text, **(arguments | options))
    assert caught.value.field == field


@given(st.binary(max_size=92))
def test_any_octets_are_a_page_or_refused_by_the_one_error(octets: bytes) -> None:
    """And what was read has text or data, never both."""
    try:
        page = pdu.decode_broadcast(octets.hex())
    except pdu.PduError:
        # A whole page is refused for its header only.
        assert not 6 <= len(octets) <= 88 or octets[4] >> 4 == 0b1001
    else:
        assert (page.text is None) != (page.data is None)
        assert 1 <= page.page <= page.pages <= 15


def test_there_is_a_coding_for_every_octet() -> None:
    """Reserved ones are the default alphabet (23.038 §5)."""
    assert len(BROADCAST_CODINGS) == 256
    for dcs in (0x0F, 0x1F, 0x2F, 0x25, 0x3A, 0x80, 0xA5, 0xCF, 0x4C):
        assert BROADCAST_CODINGS[dcs] == BroadcastCoding(Alphabet.GSM7)
    assert BROADCAST_CODINGS[0x10].prefix is Prefix.SEPTETS
    assert BROADCAST_CODINGS[0x5A] == BroadcastCoding(Alphabet.UCS2, 2)
    assert BROADCAST_CODINGS[0xF7] == BroadcastCoding(Alphabet.EIGHT_BIT, 3)
