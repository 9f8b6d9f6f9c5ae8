"""A dissection shows every octet once, with a meaning, and marks what `decode` refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu import dissect_words
from modemgw.pdu.dissect import dissect

from .test_roundtrip import commands, deliver_reports, status_reports, submit_reports, submits
from .vectors import Vector, load_lines

if TYPE_CHECKING:
    from modemgw.pdu.dissect_walk import Field

VECTORS = load_lines("pdu-decode.jsonl") + load_lines("pdu-invalid.jsonl")

DELIVER = "07911326040000F0000B911346610089F60000208062917314080CC8F71D14969741F977FD07"
SUBMIT = "0001000B911346610089F6000005C8329BFD06"


def _names(fields: tuple[Field, ...]) -> list[str]:
    return [field.name for field in fields]


def _meanings(fields: tuple[Field, ...], name: str) -> list[str]:
    return [field.meaning for field in fields if field.name == name]


def _octets(fields: tuple[Field, ...]) -> bytes:
    for field in fields:
        assert field.at == sum(len(other.octets) for other in fields if other.at < field.at)
    return b"".join(field.octets for field in fields)


def _error(text: str, *, sca: bool = True, to_network: bool = False) -> pdu.PduError | None:
    try:
        pdu.decode(text, sca=sca, to_network=to_network)
    except pdu.PduError as error:
        return error
    return None


def _check(text: str, *, sca: bool, to_network: bool) -> None:
    """All octets in order, and the error of `decode`, if any, at its place."""
    fields = dissect(text, sca=sca, to_network=to_network)
    assert _octets(fields) == bytes.fromhex(text)
    error = _error(text, sca=sca, to_network=to_network)
    marked = [field for field in fields if field.defect is not None]
    if error is None:
        assert marked == []
        assert not any("cut short" in field.meaning for field in fields)
        assert "not read" not in [field.meaning for field in fields]
        return
    (field,) = marked
    assert field.defect is not None
    assert (str(field.defect), field.defect.at) == (str(error), error.at)
    assert error.at is not None
    assert field.at <= error.at <= field.at + len(field.octets)


@given(submits() | deliver_reports | commands)
def test_every_tpdu_towards_the_network_is_shown_whole(tpdu: pdu.Tpdu) -> None:
    """No octet is left out, none is shown twice, and nothing is marked as wrong."""
    _check(pdu.frame(tpdu).hex, sca=True, to_network=True)


@given(status_reports | submit_reports)
def test_every_report_from_the_network_is_shown_whole(tpdu: pdu.Tpdu) -> None:
    """Whatever the optional fields are."""
    _check(pdu.frame(tpdu).hex, sca=True, to_network=False)


@given(st.data())
def test_a_damaged_pdu_is_shown_with_the_error_at_its_place(data: st.DataObject) -> None:
    """One octet changed, the end cut off: all octets stand there, and one bears the error."""
    octets = bytearray.fromhex(pdu.frame(data.draw(submits() | commands)).hex)
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(octets)))
    _check(octets[:cut].hex(), sca=True, to_network=True)


@given(st.binary(max_size=200), st.booleans(), st.booleans())
def test_any_octets_are_shown(octets: bytes, sca: bool, to_network: bool) -> None:
    """Hostile input too."""
    _check(octets.hex(), sca=sca, to_network=to_network)


@given(st.text(), st.booleans())
def test_any_string_is_shown_up_to_its_first_wrong_digit(text: str, sca: bool) -> None:
    """It never fails."""
    fields = dissect(DELIVER[:30] + text, sca=sca)
    assert _octets(fields).hex().upper().startswith(DELIVER[:30])


def _shown(vector: Vector) -> tuple[Field, ...]:
    return dissect(
        vector["pdu"], sca=vector["sca_included"], to_network=vector["direction"] == "mo"
    )


def test_every_vector_is_shown_as_decode_judges_it() -> None:
    """Nothing is wrong in a dissection that `decode` takes, and something where it refuses."""
    for vector in VECTORS:
        sca, to_network = vector["sca_included"], vector["direction"] == "mo"
        error = _error(vector["pdu"], sca=sca, to_network=to_network)
        defects = [str(field.defect) for field in _shown(vector) if field.defect]
        assert defects == ([] if error is None else [str(error)]), vector["id"]


def test_every_field_has_words_and_a_clause() -> None:
    """Only octets that belong to no field have no name."""
    for vector in VECTORS:
        for field in _shown(vector):
            assert field.meaning, vector["id"]
            assert bool(field.name) == bool(field.clause) or not field.octets, vector["id"]


def test_a_deliver_is_shown_field_by_field() -> None:
    """Names in the order of the standard, offsets, and what the values mean."""
    fields = dissect(DELIVER)
    assert _names(fields) == [
        *["SCA"] * 3,
        "first",
        *["TP-OA"] * 3,
        *["TP-PID", "TP-DCS", "TP-SCTS", "TP-UDL", "TP-UD"],
    ]
    assert _meanings(fields, "TP-OA") == [
        "11 half octets",
        "international, E.164 plan",
        "+31641600986",
    ]
    assert _meanings(fields, "TP-SCTS") == ["2002-08-26 19:37:41+00:00"]
    assert (fields[3].at, fields[3].octets, fields[3].clause) == (8, b"\0", "23.040 §9.2.2.1")
    assert [(bits.pattern, bits.name) for bits in fields[3].bits] == [
        ("......00", "TP-MTI"),
        (".....0..", "TP-MMS"),
        ("....0...", "TP-LP"),
        ("..0.....", "TP-SRI"),
        (".0......", "TP-UDHI"),
        ("0.......", "TP-RP"),
        ("...0....", ""),
    ]


def test_every_bit_of_a_first_octet_is_explained_once() -> None:
    """The patterns of its rows, laid over each other, are the octet."""
    for vector in VECTORS:
        for field in _shown(vector):
            if field.name in ("first", "TP-PI"):
                columns = zip(*(bits.pattern for bits in field.bits), strict=True)
                digits = "".join("".join(column).replace(".", "") for column in columns)
                assert digits == f"{field.octets[0]:08b}", vector["id"]


def test_padding_around_a_text_is_shown_bit_by_bit() -> None:
    """One fill bit behind a header of six octets, and what the last septet leaves over."""
    part = pdu.encode("+31641600986", "a" * 161, ref=7)[1]
    text = dissect(part.hex, to_network=True)[-1]
    assert text.meaning == "text of 8 septets"
    assert [(bits.pattern, bits.meaning) for bits in text.bits] == [
        (".......0", "1 fill bit before the text"),
        ("0000000.", "7 spare bits behind it"),
    ]
    exact = dissect(pdu.encode("+31641600986", "12345678")[0].hex, to_network=True)[-1]
    assert exact.bits == ()


@pytest.mark.parametrize(
    ("element", "clause", "words"),
    [
        ("0003070302", "1", "part 2 of 3, reference 7"),
        ("0804010703 02", "8", "part 2 of 3, reference 263"),
        ("0003070304", "1", "concatenation, 8-bit reference"),
        ("0504 0B84 23F0", "4", "to port 2948 (WAP push), from port 9200"),
        ("0402 0102", "3", "to port 1, from port 2"),
        ("2501 01", "16", "locking shift: Turkish"),
        ("2401 02", "15", "single shift: Spanish"),
        ("2401 99", "15", "single shift: unknown language 153"),
        ("0102 8003", "2", "voice mail: 3 waiting; text to be kept"),
        ("0102 0201", "2", "e-mail: 1 waiting; text to be thrown away"),
        ("0601 03", "5", "reports wanted on completion, permanent errors"),
        ("0601 00", "5", "reports wanted on nothing"),
        ("0701 03", "6", "what follows is of the service centre"),
        ("0902 0304", "9", "WAP control message, type 3, code 4"),
        ("0A03 000A10", "10", "10 characters from 0: bold"),
        ("0A03 000000", "10", "the rest: plain"),
        ("0A03 0501E4", "10", "1 character from 5: italic, underlined, struck, large"),
        ("0B02 0001", "10", "predefined sound"),
        ("2001 09", "11", "e-mail header of 9 characters"),
        ("2104 0003 0110", "12", "link at 3: title of 1, URL of 16 characters"),
        ("2206 0891 21436587", "14", "answers go to +12345678"),
        ("7000", "7", "command packet identifier"),
        ("FE00", None, "reserved"),
    ],
)
def test_an_element_is_put_into_words(element: str, clause: str | None, words: str) -> None:
    """What it says, and the clause that defines it."""
    (field,) = _elements(bytes.fromhex(element))
    assert field.name == f"IEI {element[:2]}"
    assert field.clause == "23.040 §9.2.3.24" + ("" if clause is None else f".{clause}")
    assert field.meaning == words


def _elements(elements: bytes) -> list[Field]:
    """The dissected elements of a DELIVER with this header and no text."""
    header = bytes((len(elements),)) + elements
    body = bytes((len(header),)) + header
    fields = dissect("0040059112345F0004" + "0" * 14 + body.hex())
    return [field for field in fields if field.name.startswith("IEI")]


def test_voice_mail_is_put_into_words() -> None:
    """New messages and deleted ones, with the number of the mailbox."""
    mailbox = "08912143658702"
    new = bytes.fromhex("00" + mailbox + "01" + "0001" + "1E" + "05" + "0080")
    deleted = bytes.fromhex("01" + mailbox + "01" + "0001" + "00")
    words = [
        field.meaning
        for data in (new, deleted)
        for field in _elements(bytes((0x23, len(data))) + data)
    ]
    assert words == [
        "2 voice messages unread, 1 listed; mailbox +12345678",
        "1 voice message deleted; mailbox +12345678",
    ]


def test_an_element_that_is_not_whole_ends_the_header() -> None:
    """The others are shown, the error stands where it is cut."""
    fields = dissect("0040059112345F0004" + "0" * 14 + "08" + "07" + "0003070302" + "2401")
    assert [field.name for field in fields[-3:]] == ["TP-UDHL", "IEI 00", "TP-UDH"]
    assert str(fields[-1].defect) == (
        "an information element runs past the header (octet 23, IEI 24, 23.040 §9.2.3.24)"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (dissect_words.coding(0x00), "GSM-7"),
        (dissect_words.coding(0x3A), "compressed UCS-2, class 2 (for the SIM)"),
        (dissect_words.coding(0x40), "GSM-7, deleted when read"),
        (dissect_words.coding(0x0C), "GSM-7 (a reserved coding)"),
        (dissect_words.coding(0x80), "GSM-7 (a reserved coding)"),
        (dissect_words.coding(0xF5), "8-bit data, class 1 (for the phone)"),
        (dissect_words.coding(0xC8), "GSM-7, voice mail waiting, text to be thrown away"),
        (dissect_words.coding(0xE1), "UCS-2, no fax waiting, text to be kept"),
        (dissect_words.type_of_address(0x11), "international, E.164 plan; bit 7 should be 1"),
        (dissect_words.type_of_address(0xD7), "alphanumeric, reserved plan"),
        (dissect_words.duration(63 * 7 * 86400), "63 weeks"),
        (dissect_words.duration(86400 + 5400), "1 day 1 hour 30 minutes"),
        (dissect_words.duration(0), "no time at all"),
        (dissect_words.command_type(2), "deletion of a text"),
        (dissect_words.command_type(4), "reserved"),
        (dissect_words.command_type(0xE0), "for the service centre"),
        (dissect_words.protocol(0x00), "plain text"),
        (dissect_words.protocol(0x32), "telematic: internet e-mail"),
        (dissect_words.protocol(0x41), "replaces the last text of type 1"),
        (dissect_words.status(0x00), "done: received by the recipient"),
        (dissect_words.status(0x46), "failed for good: validity period expired"),
        (dissect_words.cause(0xD3), "memory capacity exceeded"),
    ],
)
def test_a_value_is_put_into_words(words: str, expected: str) -> None:
    """Short, and true to the standard."""
    assert words == expected


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("00000000000000", "no period"),
        ("40000000000000", "one attempt only, no period"),
        ("01A70000000000", "1 day"),
        ("021E0000000000", "30 seconds"),
        ("03013000000000", "10 hours 3 minutes"),
        ("03FF3000000000", "no time that ever was"),
        ("07000000000000", "a reserved format"),
    ],
)
def test_an_enhanced_validity_is_put_into_words(octets: str, words: str) -> None:
    """All its formats (23.040 §9.2.3.12.3)."""
    assert dissect_words.validity(pdu.EnhancedValidity(bytes.fromhex(octets))) == words


@pytest.mark.parametrize(("dcs", "length", "octets"), [("04", 159, 159), ("00", 181, 159)])
def test_a_report_may_bear_more_user_data_than_a_text(dcs: str, length: int, octets: int) -> None:
    """As much as `decode` takes for it: nothing is left over."""
    said = f"000006{dcs}{length:02X}" + "41" * octets
    tpdu = pdu.decode(said, to_network=True)
    assert isinstance(tpdu, pdu.DeliverReport)
    last = dissect(said, to_network=True)[-1]
    assert (last.name, len(last.octets), last.defect) == ("TP-UD", octets, None)
