"""Answers as values: identity, signal, storages, texts, clock, indicators, calls, USSD."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from modemgw.at import answers, commands
from modemgw.at.answers import Registration
from modemgw.at.answers.lines import number_in, text_in
from modemgw.at.errors import AtError
from tests.at.test_transcripts import TRANSCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable


def _of(prefix: str) -> list[tuple[str, ...]]:
    """The answers of the transcripts that begin with a prefix."""
    found = [tuple(entry["response_lines"]) for entry in TRANSCRIPTS if entry["category"] == prefix]
    assert found
    return found


def _identity_of(command: str) -> list[str]:
    found = [
        entry
        for entry in TRANSCRIPTS
        if entry["category"] == command and entry["expect"].get("final") == {"final": "OK"}
    ]
    assert found
    parse: Callable[[tuple[str, ...]], str] = answers.identity
    return [parse(tuple(entry["response_lines"][:-1])) for entry in found]


def test_identities_of_the_transcripts_are_their_first_lines() -> None:
    """Maker, model, firmware."""
    assert {"QUALCOMM INCORPORATED", "ZTE INCORPORATED", "Nokia"} <= set(_identity_of("AT+CGMI"))
    assert {"M6280", "K3565-Z", "E1752"} <= set(_identity_of("AT+CGMM"))
    assert "11.126.13.00.00" in _identity_of("AT+CGMR")
    assert _identity_of("AT+CGSN")
    assert _identity_of("AT+CIMI")


@pytest.mark.parametrize(
    "line",
    [
        "356938030000005",
        '+CGSN: "356938030000005"',
        "+GSN: 356938030000005",
        "IMEI: 356938030000005",
    ],
)
def test_an_imei_is_found_in_every_form(line: str) -> None:
    """+CGSN and V.250's +GSN."""
    assert commands.IMEI.parse((line,)) == commands.IMEI_V250.parse((line,)) == "356938030000005"
    with pytest.raises(AtError, match="IMEI"):
        commands.IMEI.parse(("1234",))
    assert commands.IMSI.parse(("204046620000000",)) == "204046620000000"


def test_a_description_is_all_its_lines() -> None:
    """`ATI` says whatever its maker likes."""
    lines = ("Quectel", "", " EC25 ", "Revision: X")
    assert commands.DESCRIPTION.parse(lines) == ("Quectel", "EC25", "Revision: X")
    with pytest.raises(AtError, match="empty"):
        commands.DESCRIPTION.parse(("",))


def test_names_of_commands_are_read_one_a_line_or_in_one() -> None:
    """+CLAC."""
    assert commands.COMMAND_NAMES.parse(("+CMGS", "AT+CNMI", "&C")) == {"+CMGS", "+CNMI", "&C"}
    assert commands.COMMAND_NAMES.parse(("+CLAC: +CMGS,+CNMI,D",)) == {"+CMGS", "+CNMI", "D"}


def test_which_registrations_are_good_for_texts() -> None:
    """1, 5, and 6 and 7, which are for texts only."""
    assert {state for state in Registration if state.usable} == {
        Registration.HOME,
        Registration.ROAMING,
        Registration.HOME_SMS_ONLY,
        Registration.ROAMING_SMS_ONLY,
    }


def test_a_network_has_area_cell_and_radio() -> None:
    """All modes of +CREG: 0, 1, 2; hex in quotes or not; the MME code that some put between."""
    command = commands.read_network("+CEREG")
    assert command.parse(("+CEREG: 0,1",)) == answers.NetworkStatus(Registration.HOME, 0)
    assert command.parse(('+CEREG: 2,5,"1F00","79D903",7',)) == answers.NetworkStatus(
        Registration.ROAMING, 2, 0x1F00, 0x79D903, 7
    )
    assert command.parse(("+CEREG: 2,1, 1F00, 20 ,79D903 ,7",)) == answers.NetworkStatus(
        Registration.HOME, 2, 0x1F00, 0x79D903, 7, 0x20
    )


def test_extended_signal_is_read_in_dbm() -> None:
    """27.007 §8.69: the lower end of each step; 99 and 255 are none."""
    lte, umts, gsm, glued = _of("+CESQ")
    assert answers.extended_signal(lte) == answers.ExtendedSignal(
        rxlev_dbm=None, bit_errors=None, rscp_dbm=None, ecno_db=None, rsrq_db=-10, rsrp_dbm=-61
    )
    assert answers.extended_signal(umts) == answers.ExtendedSignal(
        rxlev_dbm=None, bit_errors=None, rscp_dbm=-26, ecno_db=-4.5, rsrq_db=None, rsrp_dbm=None
    )
    assert answers.extended_signal(gsm) == answers.extended_signal(glued)
    assert answers.extended_signal(gsm).bit_errors == 6
    powers = [answers.extended_signal(lines).dbm for lines in (lte, umts, gsm)]
    assert powers == [-61, -26, -101]
    assert answers.extended_signal(("+CESQ: 99,99,255,255,255,255",)).dbm is None
    with pytest.raises(AtError, match="six"):
        answers.extended_signal(("+CESQ: 99,99",))


def test_storages_tell_how_full_they_are() -> None:
    """+CPMS?, and the answer to setting it, which has no names."""
    use = commands.STORAGE_USE.parse(('+CPMS: "ME",23,23,"ME",23,23,"SM",1,20',))
    assert [(u.name, u.full) for u in use] == [("ME", True), ("ME", True), ("SM", False)]
    set_ = commands.use_storage("ME", "SM").parse(("+CPMS: 14,50,14,50,1,20",))
    assert [(u.name, u.used, u.total) for u in set_] == [
        (None, 14, 50),
        (None, 14, 50),
        (None, 1, 20),
    ]
    assert not answers.StorageUse("SM", 0, 0).full
    assert not answers.StorageUse("SM", None, None).full


@pytest.mark.parametrize("name", ["", "SM;", 'SM"', "SM,ME", "MEMORY1", "S M"])
def test_what_is_no_storage_gets_into_no_command(name: str) -> None:
    """A name comes out of a configuration or off the wire."""
    with pytest.raises(AtError, match="no storage"):
        commands.select_storage(name)
    with pytest.raises(AtError, match="no storage"):
        commands.use_storage("SM", name)


def test_settings_of_announcements_are_read() -> None:
    """+CNMI?; some leave the last values out."""
    assert commands.ANNOUNCEMENT_SETTINGS.parse(
        ("+CNMI: 2,1,0,2,1",)
    ) == answers.AnnouncementSettings(2, 1, 0, 2, 1)
    assert commands.ANNOUNCEMENT_SETTINGS.parse(("+CNMI: 2,1",)) == answers.AnnouncementSettings(
        2, 1, 0, 0, 0
    )
    with pytest.raises(AtError, match="mode"):
        commands.ANNOUNCEMENT_SETTINGS.parse(("+CNMI:",))


def test_the_message_service_is_read() -> None:
    """+CSMS? and the answer to setting it."""
    assert commands.MESSAGE_SERVICE.parse(("+CSMS: 1,1,1,0",)) == answers.MessageService(
        1, receives=True, sends=True, broadcasts=False
    )
    assert answers.message_service(("+CSMS: 1,1,1",)) == answers.MessageService(
        None, receives=True, sends=True, broadcasts=True
    )
    for wrong in ("+CSMS: 1", "+CSMS: 1,1,x"):
        with pytest.raises(AtError, match="numbers"):
            answers.message_service((wrong,))


def test_a_pdu_that_was_cut_into_lines_is_whole_again() -> None:
    """As long as octets are missing; what is no hex ends it."""
    cut = ("+CMGR: 1,,14", "00112233445566778899", " AABBCCDDEE", "FF")
    found = answers.stored_text(cut)
    assert found is not None
    assert found.pdu == "00112233445566778899AABBCCDDEE"
    (listed,) = answers.stored_texts(("+CMGL: 1,1,,14", "0011", "what?", "2233"))
    assert listed.pdu == "0011"
    assert listed.received
    assert not answers.StoredText(1, 2, 14, "00").received


def test_a_pdu_may_stand_beside_its_length() -> None:
    """A program between the modem and us has made one line of two."""
    (entry,) = [entry for entry in TRANSCRIPTS if entry["id"] == "generic-022"]
    found = answers.stored_text(tuple(entry["response_lines"]))
    assert found is not None
    assert (found.status, found.length) == (1, 147)
    assert found.pdu.startswith("07914306073011F004")


def test_texts_in_text_mode_are_refused() -> None:
    """The modem restarted and has forgotten +CMGF=0."""
    with pytest.raises(AtError, match="CMGF"):
        commands.LIST_TEXTS.parse(('+CMGL: 1,"REC UNREAD","+1555",,"26/01/01"', "Hello"))
    with pytest.raises(AtError, match="CMGF"):
        commands.read_text(1).parse(('+CMGR: "STO SENT","+1555",', "Hello"))


def test_what_the_other_commands_on_texts_answer() -> None:
    """+CMGW, +CMSS, +CMGD=?, +CMMS?."""
    assert commands.store_text(19).parse(("+CMGW: 4",)) == 4
    assert commands.submit_stored(4).parse(("+CMSS: 200",)) == 200
    assert commands.DELETABLE.parse(("+CMGD: (1,2,x,7),(0-4)",)) == (1, 2, 7)
    assert commands.DELETABLE.parse(("+CMGD: (),(0-4)",)) == ()
    assert commands.RELAY_LINK.parse(("+CMMS: 2",)) == 2
    for command, line in ((commands.store_text(19), "+CMGW: x"), (commands.RELAY_LINK, "+CMMS:")):
        with pytest.raises(AtError):
            command.parse((line,))
    for texts, line in (
        (commands.keep_relay_link(1), "AT+CMMS=1"),
        (commands.acknowledge(), "AT+CNMA"),
        (commands.acknowledge(accept=True), "AT+CNMA=1"),
        (commands.acknowledge(accept=False), "AT+CNMA=2"),
        (commands.submit_stored(4), "AT+CMSS=4"),
        (commands.delete_text(4), "AT+CMGD=4"),
    ):
        assert texts.text == line


def test_a_text_that_comes_directly_has_its_length() -> None:
    """None where it says none; an error where it was cut off."""
    assert answers.direct_text(("+CMT: ,24", "00 AA")) == answers.DirectText(24, "00AA")
    assert answers.direct_text(("+CMT: ,2X", "00")) == answers.DirectText(None, "00")
    with pytest.raises(AtError, match="cut off"):
        answers.direct_text(("+CDS: 24",))


@pytest.mark.parametrize(
    ("name", "lines", "tries"),
    [
        ("+CPINR", ("+CPINR: SIM PUK,10,10", "+CPINR: SIM PIN,2,3"), 2),
        ("^CPIN?", ("^CPIN: READY,,10,3,10,3",), 3),
        ("^CPIN?", ("^CPIN: SIM PIN,2",), 2),
        ("+QPINC?", ('+QPINC: "P2",3,10', '+QPINC: "SC",1,10'), 1),
        ("+UPINCNT", ("+UPINCNT: 0,3,5,5",), 0),
    ],
)
def test_the_tries_left_are_those_of_the_first_pin(
    name: str, lines: tuple[str, ...], tries: int
) -> None:
    """Not of the PUK, nor of PIN 2: entering it once too often locks the SIM."""
    assert commands.read_pin_tries(name).parse(lines) == tries


def test_tries_of_the_transcripts_are_read() -> None:
    """u-blox."""
    found = [answers.pin_tries(lines, "+UPINCNT") for lines in _of("+UPINCNT")]
    assert found == [3, 0, 0]
    with pytest.raises(AtError, match="UPINCNT"):
        answers.pin_tries((), "+UPINCNT")


def test_a_pin_and_a_puk_are_digits() -> None:
    """And in no record."""
    assert commands.enter_pin("1234").text == 'AT+CPIN="1234"'
    assert commands.enter_pin("12345678", "0000").text == 'AT+CPIN="12345678","0000"'
    assert commands.enter_pin("1234").secret
    for codes in (("12", None), ("1234", "x")):
        with pytest.raises(AtError, match="digits"):
            commands.enter_pin(*codes)


@pytest.mark.parametrize(
    ("line", "iccid"),
    [
        ("^ICCID: 98015505000000000000", "89105550000000000000"),
        ('+QCCID: "980155050000000000F1"', "8910555000000000001"),
        ("+ICCID: 89015550000000000001", "89015550000000000001"),
    ],
)
def test_an_iccid_may_be_printed_as_the_sim_holds_it(line: str, iccid: str) -> None:
    """Half octets swapped, `F` behind an odd number of digits."""
    assert answers.iccid((line,)) == iccid


@pytest.mark.parametrize("line", ["+CCID: 98" + "C" * 18, "+CCID: 12345", "^ICCID:"])
def test_what_is_no_iccid_is_refused(line: str) -> None:
    """A line is known by it for ever."""
    with pytest.raises(AtError, match="ICCID"):
        answers.iccid((line,))


def test_files_of_the_sim_are_read_with_their_status() -> None:
    """+CRSM; a SIM that refuses says why."""
    refused = answers.file_answer(("+CRSM: 105,130",))
    assert not refused.done
    assert answers.file_answer(('+CRSM: 144,0,"zz"',)).data == ""
    with pytest.raises(AtError, match="status"):
        answers.file_answer(("+CRSM: x",))


def test_functions_and_domains_are_read() -> None:
    """+CFUN=?, +CGSMS?."""
    assert commands.FUNCTION_CHOICES.parse(("+CFUN: (0-1,4-7),(0-1)",)) == (
        ("0", "1", "4", "5", "6", "7"),
        ("0", "1"),
    )
    assert commands.SMS_DOMAIN.parse(("+CGSMS: 3",)) == 3
    assert commands.set_sms_domain(1).text == "AT+CGSMS=1"
    assert commands.set_function(4).text == "AT+CFUN=4"
    assert commands.set_function(1, reset=True).text == "AT+CFUN=1,1"
    with pytest.raises(AtError, match="domain"):
        commands.SMS_DOMAIN.parse(("+CGSMS: 9",))


def test_strings_may_be_hex_of_ucs_2() -> None:
    """What `+CSCS="UCS2"` makes of every string; numbers may be hex of IRA, too."""
    assert text_in("00480069") == "Hi"
    assert text_in("0048") == "0048"  # four digits are a number
    assert text_in("Hi") == "Hi"
    assert text_in(("a",)) is None
    assert number_in("002B0031003500350035") == "+1555"
    assert number_in("2b393731353535353135353135", 145) == "+971555515515"
    assert number_in("15555", 145) == "+15555"
    assert number_in("15555", 129) == "15555"
    assert number_in(None) is None


def test_a_service_centre_is_set_with_its_type() -> None:
    """Nothing but digits gets in."""
    assert commands.set_service_centre("+15550009999").text == 'AT+CSCA="+15550009999",145'
    assert commands.set_service_centre("0100").text == 'AT+CSCA="0100",129'
    with pytest.raises(AtError, match="service centre"):
        commands.set_service_centre('1"')


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '+CCLK: "26/03/14,15:09:26+04"',
            datetime(2026, 3, 14, 15, 9, 26, tzinfo=timezone(timedelta(hours=1))),
        ),
        (
            '+CCLK: "26/03/14,15:09:26-14"',
            datetime(2026, 3, 14, 15, 9, 26, tzinfo=timezone(timedelta(hours=-3.5))),
        ),
        (
            '+CCLK: "2026/03/14,15:09:26+22"',
            datetime(2026, 3, 14, 15, 9, 26, tzinfo=timezone(timedelta(hours=5.5))),
        ),
    ],
)
def test_zones_are_quarters_of_an_hour(line: str, expected: datetime) -> None:
    """27.007 §8.15."""
    assert commands.CLOCK.parse((line,)) == expected


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ('+CCLK: "80/13/01,00:00:00"',),
        ('+CCLK: "26/02/30,00:00:00+00"',),
        ('+CCLK: "26/01/01,00:00:00+99"',),
        ('+CCLK: "XX/XX/XX,XX:XX:XX+XX"',),
    ],
)
def test_what_is_no_time_is_refused(lines: tuple[str, ...]) -> None:
    """Before the network has told it, some say anything."""
    with pytest.raises(AtError):
        commands.CLOCK.parse(lines)


def test_indicators_have_names_and_values() -> None:
    """+CIND=?, +CIND?, and what +CIEV counts by."""
    first, second = _of("+CIND")
    found = commands.INDICATORS.parse(first)
    assert found[:2] == (
        answers.Indicator("battchg", (0, 1, 2, 3, 4, 5)),
        answers.Indicator("signal", (0, 1, 2, 3, 4, 5)),
    )
    names = [indicator.name for indicator in commands.INDICATORS.parse(second)]
    assert names == ["voice mail", "service", "call", "roam", "signal", "callsetup", "smsfull"]
    assert commands.INDICATOR_VALUES.parse(("+CIND: 5,3,,0",)) == (5, 3, None, 0)
    assert answers.indicator_event("+CIEV: 2,3").name_among(found) == "signal"
    assert answers.indicator_event("+CIEV: 99,3").name_among(found) is None
    assert answers.indicator_event("+CIEV: 0,3").name_among(found) is None
    assert answers.indicator_event('+CIEV: "psinfo",10').name_among(found) == "psinfo"
    with pytest.raises(AtError, match="no indicator"):
        commands.INDICATORS.parse(("+CIND: 1,2",))


def test_calls_are_listed() -> None:
    """+CLCC: none, or one a line; a status that no standard has is None."""
    assert commands.CALLS.parse(()) == ()
    (call,) = commands.CALLS.parse(('+CLCC: 1,0,9,0,0,"0123",129',))
    assert call.status is None
    assert not call.incoming
    with pytest.raises(AtError, match="no call"):
        commands.CALLS.parse(("+CLCC: 1,0",))


@pytest.mark.parametrize(
    ("lines", "string", "dcs", "form"),
    [
        (('+CUSD: 0,"He said "hi"",15',), 'He said "hi"', 15, answers.UssdForm.TEXT),
        (
            ("+CUSD: 0, CF2135487D2E4130572D0682BB1A",),
            "CF2135487D2E4130572D0682BB1A",
            None,
            answers.UssdForm.HEX,
        ),
        (('+CUSD: 0,"1234",15',), "1234", 15, answers.UssdForm.TEXT),
        (('+CUSD: 0,"12345678",15',), "12345678", 15, answers.UssdForm.HEX),
        (('+CUSD: 2,"cut',), "cut", None, answers.UssdForm.TEXT),
        (("+CUSD: 2",), None, None, answers.UssdForm.EMPTY),
        (('+CUSD: 2,"",',), "", None, answers.UssdForm.EMPTY),
    ],
)
def test_ussd_strings_come_as_they_are(
    lines: tuple[str, ...], string: str | None, dcs: int | None, form: answers.UssdForm
) -> None:
    """With their form, by which the codec is chosen."""
    found = answers.ussd(lines)
    assert (found.string, found.dcs, found.form) == (string, dcs, form)


@pytest.mark.parametrize(
    "line", ["+CUSD: 9", "+CUSD:", '+CUSD: 1,"x",256', "+CMTI: 1", '+CUSD: 1,"' + "x" * 3000]
)
def test_what_is_no_ussd_is_refused(line: str) -> None:
    """No such status, coding scheme or length."""
    with pytest.raises(AtError):
        answers.ussd((line,))


def test_ussd_is_started_answered_and_ended() -> None:
    """Nothing that would end the string, or the line, gets in."""
    assert commands.start_ussd("*100#").text == 'AT+CUSD=1,"*100#",15'
    assert commands.start_ussd("*100#", None).text == 'AT+CUSD=1,"*100#"'
    assert commands.END_USSD.text == "AT+CUSD=2"
    for string in ("", 'a"b', "a\rb", "caf\xe9", "x" * 401):
        with pytest.raises(AtError, match="USSD"):
            commands.start_ussd(string)


def test_commands_of_registration_and_calls_have_their_lines() -> None:
    """As 27.007 has them."""
    assert commands.report_registration("+CEREG", 2).text == "AT+CEREG=2"
    assert commands.read_registration("+CGREG").text == "AT+CGREG?"
    assert (commands.HANG_UP.text, commands.HANG_UP_V250.text) == ("AT+CHUP", "ATH")
