"""Information elements beside those that every message needs: typed where they are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.coding import Indication

from .vectors import load_lines

WILD = {v["id"]: v for v in load_lines("pdu-decode.jsonl")}
LANDLINE = pdu.Address("+31641600986", 1, 1)


def _typed(iei: int, data: str) -> object:
    return pdu.typed_element(pdu.Element(iei, bytes.fromhex(data)))


def _of_vector(name: str) -> tuple[pdu.TypedElement | pdu.Element, ...]:
    vector = WILD[name]
    tpdu = pdu.decode(
        vector["pdu"], sca=vector["sca_included"], to_network=vector["direction"] == "mo"
    )
    assert isinstance(tpdu, pdu.Deliver | pdu.Submit)
    return pdu.read_elements(tpdu.udh)


@pytest.mark.parametrize(
    ("iei", "data", "value"),
    [
        (0x01, "8003", pdu.SpecialIndication(store=True, type=Indication.VOICE, count=3)),
        (0x01, "0100", pdu.SpecialIndication(store=False, type=Indication.FAX, count=0)),
        (0x01, "02FF", pdu.SpecialIndication(store=False, type=Indication.EMAIL, count=255)),
        (
            0x01,
            "E701",
            pdu.SpecialIndication(
                store=True, type=Indication.OTHER, count=1, extended=1, profile=4
            ),
        ),
        (0x06, "00", pdu.ControlParameters(*[False] * 6)),
        (0x06, "01", pdu.ControlParameters(True, False, False, False, False, False)),
        (0x06, "4A", pdu.ControlParameters(False, True, False, True, True, False)),
        (0x06, "84", pdu.ControlParameters(False, False, True, False, False, True)),
        (0x07, "01", pdu.HeaderSource(pdu.ElementSource.SENDER)),
        (0x07, "02", pdu.HeaderSource(pdu.ElementSource.RECEIVER)),
        (0x07, "03", pdu.HeaderSource(pdu.ElementSource.SERVICE_CENTRE)),
        (0x09, "3301", pdu.Wcmp(0x33, 1, b"")),
        (0x09, "B20001020304", pdu.Wcmp(0xB2, 0, b"\x01\x02\x03\x04")),
        (0x20, "10", pdu.EmailHeader(16)),
        (0x21, "01020509", pdu.Hyperlink(258, 5, 9)),
        (0x22, "0B911346610089F6", pdu.ReplyAddress(LANDLINE)),
        (0x22, "0BD0C2A07309", None),
        (0x22, "08D0C2A07309", pdu.ReplyAddress(pdu.Address("BANK", 5, 0))),
    ],
)
def test_an_element_says_what_its_octets_say(iei: int, data: str, value: object) -> None:
    """Each field is where its clause has it."""
    raw = pdu.Element(iei, bytes.fromhex(data))
    assert pdu.typed_element(raw) == (raw if value is None else value)


@pytest.mark.parametrize(
    ("mode", "alignment", "size"),
    [
        ("00", pdu.Alignment.LEFT, pdu.FontSize.NORMAL),
        ("05", pdu.Alignment.CENTRE, pdu.FontSize.LARGE),
        ("0A", pdu.Alignment.RIGHT, pdu.FontSize.SMALL),
        ("0F", pdu.Alignment.BY_LANGUAGE, pdu.FontSize.RESERVED),
    ],
)
def test_a_text_format_has_alignment_and_size(
    mode: str, alignment: pdu.Alignment, size: pdu.FontSize
) -> None:
    """The lower four bits of its mode."""
    typed = _typed(0x0A, "0305" + mode)
    assert typed == pdu.TextFormat(3, 5, alignment, size, False, False, False, False)


def test_formats_that_were_seen_in_the_wild_are_typed() -> None:
    """Bold, italic, underlined, struck through, and a coloured one."""
    formats = _of_vector("jspdudecoder-003")
    assert [getattr(f, "start", None) for f in formats] == [0x19, 0x21, 0x27, 0x2E, 0x38]
    assert [getattr(f, "italic", None) for f in formats] == [True, False, False, False, False]
    assert [getattr(f, "bold", None) for f in formats] == [False, True, False, False, False]
    last = formats[-1]
    assert isinstance(last, pdu.TextFormat)
    assert (last.foreground, last.background) == (0xB, 0x2)
    struck = _typed(0x0A, "0005C0")
    assert isinstance(struck, pdu.TextFormat)
    assert struck.underlined
    assert struck.struck


@pytest.mark.parametrize("name", ["android-telephony-013", "android-telephony-014"])
def test_a_voice_mail_indication_from_the_wild_has_its_count(name: str) -> None:
    """Not to be stored, two messages and none."""
    (indication,) = _of_vector(name)
    count = WILD[name]["expect"]["udh"][0]["data"][2:]
    assert indication == pdu.SpecialIndication(
        store=False, type=Indication.VOICE, count=int(count, 16)
    )


@pytest.mark.parametrize(
    ("iei", "data"),
    [
        (0x01, "80"),
        (0x01, "800301"),
        (0x06, ""),
        (0x06, "0000"),
        (0x07, "00"),
        (0x07, "04"),
        (0x07, "0101"),
        (0x09, "33"),
        (0x0A, "0305"),
        (0x0A, "0305000000"),
        (0x20, ""),
        (0x21, "000509"),
        (0x22, ""),
        (0x22, "0A9113"),
        (0x22, "0B911346610089F600"),
        (0x22, "15910000000000000000000000"),
        (0x23, "000102"),
        (0x0B, "0502"),
        (0x70, "00"),
    ],
)
def test_what_is_unknown_or_of_the_wrong_size_stays_as_it_is(iei: int, data: str) -> None:
    """It is no error, and nothing of it is lost."""
    assert _typed(iei, data) == pdu.Element(iei, bytes.fromhex(data))


def test_of_several_elements_of_a_kind_the_last_holds() -> None:
    """Unless the standard lets them stand side by side."""
    reply, format_, waiting = b"\x08\xd0\xc2\xa0\x73\x09", b"\0\x05\x10", b"\x80\x01"
    given_elements = [
        pdu.Element(0x22, bytes.fromhex("0B911346610089F6")),
        pdu.Element(0x0A, format_),
        pdu.Element(0x01, waiting),
        pdu.Element(0x70, b""),
        pdu.Element(0x0A, format_),
        pdu.Element(0x01, b"\x81\x02"),
        pdu.Element(0x70, b""),
        pdu.Element(0x01, b"\x00\x05"),
        pdu.Element(0x22, reply),
        pdu.Element(0x22, b"\x05"),
    ]
    bold = pdu.typed_element(given_elements[1])
    assert pdu.read_elements(given_elements) == (
        bold,
        pdu.Element(0x70, b""),
        bold,
        pdu.SpecialIndication(store=True, type=Indication.FAX, count=2),
        pdu.Element(0x70, b""),
        pdu.SpecialIndication(store=False, type=Indication.VOICE, count=5),
        pdu.ReplyAddress(pdu.Address("BANK", 5, 0)),
        pdu.Element(0x22, b"\x05"),
    )


@given(st.lists(st.builds(pdu.Element, st.integers(0, 0x26), st.binary(max_size=20))))
def test_any_header_can_be_typed(elements: list[pdu.Element]) -> None:
    """Whatever the octets are, nothing is raised and no raw element is lost."""
    typed = pdu.read_elements(elements)
    assert len(typed) <= len(elements)
    for value in typed:
        if isinstance(value, pdu.Element):
            assert value in elements


@pytest.mark.parametrize(
    ("iei", "name"),
    [
        (0x00, "concatenation, 8-bit reference"),
        (0x02, "reserved"),
        (0x1A, "extended object data request command"),
        (0x1F, "reserved for enhanced messaging"),
        (0x25, "national language locking shift"),
        (0x6F, "reserved"),
        (0x70, "command packet identifier"),
        (0x7F, "(U)SIM toolkit security header"),
        (0x9F, "specific to the senders and receivers"),
        (0xA0, "reserved"),
        (0xC0, "specific to the service centre"),
        (0xFF, "reserved"),
    ],
)
def test_every_identifier_has_a_name(iei: int, name: str) -> None:
    """Single ones, ranges, and what is left."""
    assert pdu.element_name(iei) == name
