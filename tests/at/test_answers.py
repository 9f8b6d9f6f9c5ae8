"""Answers as values, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modemgw.at import answers, commands
from modemgw.at.answers import Operator, Registration
from modemgw.at.command import Command, joined
from modemgw.at.errors import AtError
from modemgw.at.parameters import information, parameters, prefix_of
from modemgw.at.results import Kind, final_result
from tests.at.page import named

_PARSERS: list[Command[object]] = [
    *(command for _, command in named()),
    joined(commands.SIGNAL, commands.MAKER, commands.STORAGE_USE),
]
_LINES = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.from_regex(r"\+C[A-Z]{3}: ?[(\"0-9,)A-Z]{0,20}", fullmatch=True),
        st.sampled_from(
            [f"{prefix}: " for command in _PARSERS for prefix in command.answer.prefixes]
        ),
    ),
    max_size=5,
)


@given(lines=_LINES)
@example(lines=["+CMGR", "0"])  # a heading without a single parameter
def test_parsers_raise_nothing_but_their_own_error(lines: list[str]) -> None:
    """What a modem answers is hostile until parsed."""
    for command in _PARSERS:
        with contextlib.suppress(AtError):
            command.parse(tuple(lines))
        for line in lines:
            command.answer.claims(line, prefix_of(line))


@given(text=st.text(max_size=60))
def test_parameters_are_cut_out_of_anything(text: str) -> None:
    """Never an error, whatever the brackets and quotes."""
    assert isinstance(parameters(text), tuple)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("Quectel",), "Quectel"),
        (('+CGMI: "huawei"',), "huawei"),
        (("+CGMI:", "SIMCOM INCORPORATED"), "SIMCOM INCORPORATED"),
    ],
)
def test_identities_lose_prefix_and_quotes(lines: tuple[str, ...], expected: str) -> None:
    """Makers differ in how they put their name."""
    assert answers.identity(lines) == expected


def test_an_empty_identity_is_an_error() -> None:
    """Nothing is no name."""
    with pytest.raises(AtError, match="empty"):
        answers.identity(())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("+CCID: 89015550000000000000", "89015550000000000000"),
        ('+CCID: "8901555000000000001F"', "8901555000000000001"),
        ("89015550000000000000", "89015550000000000000"),
        ("^ICCID: 8901555000000000000FF", "8901555000000000000"),
    ],
)
def test_iccids_are_found_in_every_form(line: str, expected: str) -> None:
    """With quotes, filler and prefix, or bare."""
    assert answers.iccid((line,)) == expected


def test_the_iccid_file_is_read_with_its_half_octets_swapped() -> None:
    """51.011 §10.1.1."""
    assert (
        answers.iccid_from_file(('+CRSM: 144,0,"98105505000000000000"',)) == "89015550000000000000"
    )
    with pytest.raises(AtError, match="EF-ICCID"):
        answers.iccid_from_file(("+CRSM: 106,130",))


def test_a_number_of_its_own_is_international_where_the_sim_says_so() -> None:
    """27.007 §7.1; an empty entry is passed over."""
    assert answers.own_number(("+CNUM: ,,145", '+CNUM: "A","15550100",145')) == "+15550100"
    assert answers.own_number(('+CNUM: "A","0100",129',)) == "0100"
    assert answers.own_number(("+CNUM: ,,145",)) is None


def test_a_service_centre_is_international_where_it_says_so() -> None:
    """With or without its plus; None where none is set."""
    assert answers.service_centre(('+CSCA: "15550009999",145',)) == "+15550009999"
    assert answers.service_centre(('+CSCA: "+15550009999",145',)) == "+15550009999"
    assert answers.service_centre(('+CSCA: "",129',)) is None


def test_registration_is_told_from_its_announcement() -> None:
    """By the form of the second value."""
    assert answers.is_registration_answer("+CREG: 0,1")
    assert answers.is_registration_answer('+CREG: 2,5,"18D8","FFFF",7')
    assert not answers.is_registration_answer("+CREG: 1")
    assert not answers.is_registration_answer('+CREG: 1,"18D8","FFFF",7')
    assert answers.registration(("+CREG: 0,77",), "+CREG") is Registration.UNKNOWN
    with pytest.raises(AtError, match="<stat>"):
        answers.registration(("+CREG: 1",), "+CREG")
    with pytest.raises(AtError, match=r"no \+CREG"):
        answers.registration((), "+CREG")


def test_signal_outside_of_its_scale_is_not_known() -> None:
    """27.007 §8.5: 99 means that."""
    assert answers.rssi_dbm(("+CSQ: 0,0",)) == -113
    assert answers.rssi_dbm(("+CSQ: 31,0",)) == -51
    assert answers.rssi_dbm(("+CSQ: 99,99",)) is None
    assert answers.rssi_dbm(("+CSQ: ,",)) is None


def test_an_operator_may_be_missing() -> None:
    """+COPS: 0 while there is none."""
    assert answers.operator(("+COPS: 0",)) == Operator(0, None)
    assert answers.operator(('+COPS: 0,0,"Testnet",7',)) == Operator(0, "Testnet", 0, 7)


def test_storages_are_read_from_one_list_or_three() -> None:
    """A modem that gives one list means it for all."""
    one = answers.storage_choices(('+CPMS: ("sm","ME")',))
    assert one.read == one.receive == ("SM", "ME")
    with pytest.raises(AtError, match="no storage"):
        answers.storage_choices(("+CPMS: ",))


def test_ranges_are_written_out_within_bounds() -> None:
    """`0-3` is four values; a huge range does not fill the memory."""
    assert answers.announcement_choices(("+CNMI: (0-2),(0,1),(0),(1-2),(0)",))[0] == ("0", "1", "2")
    assert len(information("+X: (0-9999)").options(0)) < 300


def test_a_listing_whose_lines_run_together_is_cut() -> None:
    """Some print an entry behind the last PDU without a line end."""
    texts = answers.stored_texts(
        ("+CMGL: 1,1,,3", "00AABB+CMGL: 2,0,,3", "00 AA CC", "+CMGL: x", "+CMGL: 3,1,,3")
    )
    assert [(text.index, text.status, text.pdu) for text in texts] == [
        (1, 1, "00AABB"),
        (2, 0, "00AACC"),
        (3, 1, ""),
    ]


def test_an_empty_place_holds_no_text() -> None:
    """OK alone, or a head without its PDU."""
    assert answers.stored_text(()) is None
    assert answers.stored_text(("+CMGR: 0,,0",)) is None


def test_message_references_beyond_an_octet_are_none() -> None:
    """23.040 §9.2.3.6."""
    assert answers.message_reference(("+CMGS: 255",)) == 255
    assert answers.message_reference(("+CMGS: 256",)) is None
    assert answers.message_reference(()) is None


def test_an_announcement_of_nothing_is_an_error() -> None:
    """Without storage or index it leads nowhere."""
    with pytest.raises(AtError, match="nothing"):
        answers.announced("+CMTI: ,x")


def test_a_withheld_caller_is_none() -> None:
    """27.007 §7.11."""
    assert answers.caller('+CLIP: "",128') is None
    assert answers.caller("+CLIP") is None
    assert answers.caller('+CLIP: "+15550123",145') == "+15550123"


def test_commands_refuse_what_is_no_command() -> None:
    """Nobody gets a second command or a PIN of letters into a line."""
    with pytest.raises(AtError, match="PIN"):
        commands.enter_pin('1"')
    with pytest.raises(AtError, match="no command line"):
        commands.plain("AT\rAT+CMGD=1,4")
    assert commands.plain("at+csq").prefixes == ("+CSQ",)
    assert commands.plain("ATI").prefixes == ()
    assert commands.announce(2, 1, 0, 2, 0).text == "AT+CNMI=2,1,0,2,0"
    assert commands.select_storage("ME").text == 'AT+CPMS="ME"'


def test_final_results_tell_what_they_say() -> None:
    """For people, and for the classes of errors."""
    for line, words in (
        ("+CMS ERROR: 38", "+CMS ERROR: 38"),
        ("+CME ERROR: SIM busy", "+CME ERROR: SIM busy"),
        ("OK", "OK"),
        ("CONNECT 115200", "CONNECT: 115200"),
        ("COMMAND NOT SUPPORT", "COMMAND NOT SUPPORT"),
    ):
        assert str(final_result(line)) == words
    assert final_result("OKAY") is None
    not_dialled = final_result("NO DIAL TONE")
    assert not_dialled is not None
    assert not_dialled.kind is Kind.NO_DIALTONE


def test_prefixes_are_told_from_text() -> None:
    """A plus alone is no prefix."""
    assert prefix_of("+CMTI: 1") == "+CMTI"
    assert prefix_of("^SYSSTART") == "^SYSSTART"
    assert prefix_of("+1555 calls") is None
    with pytest.raises(AtError, match="no information line"):
        information("Quectel")
    assert information("+X: a").number(0) is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ('+CPINR="SIM PIN"', "+CPINR: SIM PIN,2,3"),
        ('+QPINC="SC"', '+QPINC: "SC",2,10'),
        ("+SPIC", "+SPIC: 2,10,0,10"),
        ("#PCT", "#PCT: 2"),
        ("^CPIN?", "^CPIN: SIM PIN,2,10,2,10,3"),
    ],
)
def test_the_tries_left_to_a_pin_are_read_in_every_makers_words(name: str, answer: str) -> None:
    """The first number of the answer is the one of the PIN."""
    command = commands.read_pin_tries(name)
    assert command.text == f"AT{name}"
    assert command.answer.claims(answer, prefix_of(answer))
    assert command.parse((answer,)) == 2


def test_an_answer_without_tries_is_none() -> None:
    """A number beyond what a card can count is something else."""
    with pytest.raises(AtError):
        commands.read_pin_tries("+SPIC").parse(("+SPIC: READY,100",))


def test_noise_in_an_announcement_is_no_place() -> None:
    """A storage's name goes back into a command, so it has to be one."""
    for line in ('+CMTI: "\xff\xfe",3', '+CMTI: "SM;+CMGD",3', '+CMTI: "",3', "+CMTI: ,"):
        with pytest.raises(AtError):
            answers.announced(line)


def test_a_modem_may_have_two_places_for_storages() -> None:
    """Wavecom names what is read and what is written; all others count as three (27.005 §3.2.2)."""
    two = answers.storage_choices(('+CPMS: (("SM","BM","SR"),("SM"))',))
    assert (two.places, two.receive) == (2, ("SM", "BM", "SR"))
    assert answers.storage_choices(('+CPMS: ("SM","ME")',)).places == 3
    assert commands.use_storage("SM", "SM", two.places).text == 'AT+CPMS="SM","SM"'
