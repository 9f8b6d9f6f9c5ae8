"""A simulated modem answers as real ones do: who it is, its SIM, its network, its calls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.bank import Bank
from modemgw.simulator.options import Options
from modemgw.simulator.personality import PERSONALITIES
from modemgw.simulator.sim import luhn_digit
from tests.simulator.line import PATIENCE_S, Control, Line

if TYPE_CHECKING:
    from pathlib import Path


async def test_it_identifies_itself(line: Line) -> None:
    """Maker, model, revision, IMEI, ICCID, IMSI, number, and ATI with all of it."""
    imei, final = await line.say("AT+CGSN")
    assert (luhn_digit(imei[:-1]), final) == (imei[-1], "OK")
    assert await line.say("AT+CGMI") == ["Simulated", "OK"]
    assert await line.say("AT+GMM") == ["Modem", "OK"]
    assert await line.say("AT+CGMR") == ["1.0", "OK"]
    assert await line.say("ATI") == ["Simulated", "Modem", "Revision: 1.0", "OK"]
    assert await line.say("AT+CCID") == ["+CCID: 8901555000000000000", "OK"]
    assert await line.say("AT+CIMI") == ["001010000000000", "OK"]
    assert await line.say("AT+CNUM") == ['+CNUM: "","+15550100000",145', "OK"]
    assert await line.say("AT+CRSM=176,12258,0,0,10") == [
        '+CRSM: 144,0,"9810550500000000000F0"'.replace(
            "9810550500000000000F0", "981055050000000000F0"
        ),
        "OK",
    ]
    assert await line.say("AT+CRSM=176,28423,0,0,9") == ['+CRSM: 144,0,"080910100000000000"', "OK"]
    assert await line.say("AT+CRSM=176,28483,0,1,1") == ['+CRSM: 144,0,"FF"', "OK"]
    assert await line.say("AT+CRSM=176,28483,0,0,3") == ['+CRSM: 103,0,""', "OK"]
    assert await line.say('AT+CRSM=214,28483,0,0,2,"20FF";+CRSM=176,28483,0,0,2') == [
        '+CRSM: 144,0,""',
        '+CRSM: 144,0,"20FF"',
        "OK",
    ]
    assert await line.say('AT+CRSM=214,28483,0,0,3,"20FFFF"') == ['+CRSM: 103,0,""', "OK"]
    assert (await line.say("AT+CRSM=176,1,0,0,1"))[0] == '+CRSM: 106,130,""'
    assert await line.say("AT+CRSM=1,1") == ["+CME ERROR: 4"]


@pytest.mark.parametrize("name", sorted(PERSONALITIES))
async def test_every_maker_has_its_own_iccid_command(tmp_path: Path, name: str) -> None:
    """The others' are refused in the maker's own words, and so is what nobody knows."""
    bank = Bank(Options(modems=1, dir=tmp_path, profiles=(name,), boot_ms=1))
    bank.power_on()
    line = Line(bank.link(0))
    flavour = PERSONALITIES[name]
    await line.say("ATE0")
    for command in ("+CCID", "+QCCID", "+ICCID", "+CICCID", "^ICCID", "#CCID"):
        answer = await line.say(f"AT{command}")
        if command in flavour.iccid:
            assert "8901555000000000000" in answer[0]
            assert await line.say(f"AT{command}=?") == ["OK"]
            assert await line.say(f"AT{command}=1") == ["ERROR"]
        else:
            assert answer == [flavour.unknown]
    listed = await line.say("AT+CLAC")
    assert ("+CMGS" in "".join(listed)) is (flavour.command_list != "none")
    line.close()
    bank.close()


async def test_a_talkative_maker_can_be_silenced(tmp_path: Path) -> None:
    """Huawei's announcements come by themselves until ^CURC=0."""
    bank = Bank(Options(modems=1, dir=tmp_path, profiles=("huawei-e3372",)))
    bank.modems[0].timing.chatter_s = 0.01
    bank.power_on()
    line = Line(bank.link(0))
    await line.expect(rb"\^(RSSI|HCSQ):[^\r]*\r\n.*\^(RSSI|HCSQ)")
    assert (await line.say("AT^CURC=0"))[-1] == "OK"
    line.heard = b""
    for _ in range(20):
        assert (await line.say("AT"))[-1] == "OK"
    assert b"^RSSI" not in line.heard
    line.close()
    bank.close()


async def test_echo_is_on_until_it_is_switched_off(bank: Bank) -> None:
    """And the echo of ATE0 itself still comes; ATZ and AT&F bring it back."""
    line = Line(bank.link(1))
    assert await line.say("AT") == ["AT", "OK"]
    assert await line.say("ATE0") == ["ATE0", "OK"]
    assert await line.say("AT") == ["OK"]
    assert await line.say("ATZ") == ["OK"]
    assert await line.say("AT&F") == ["AT&F", "OK"]
    line.close()


async def test_several_commands_in_a_line_stop_at_the_first_error(line: Line) -> None:
    """What came before it is told, what comes behind it is not run."""
    assert await line.say("AT+CMEE=2;+CREG=1;+CREG?") == ["+CREG: 1,1", "OK"]
    assert await line.say("AT+CREG?;+NONE;+CMEE=0") == ["+CREG: 1,1", "ERROR"]
    assert await line.say("AT+CMEE?") == ["+CMEE: 2", "OK"]
    assert await line.say("AT+CMEE=7") == ["+CME ERROR: incorrect parameters"]
    assert await line.say("AT+CSQ?") == ["ERROR"]
    assert await line.say('AT+CPMS="') == ["ERROR"]
    assert await line.say("ATE5") == ["+CME ERROR: incorrect parameters"]
    assert await line.say("ATV1Q0H;+IPR?") == ["+IPR: 115200", "OK"]
    assert await line.say('AT+CSCS="KLINGON"') == ["+CME ERROR: incorrect parameters"]
    assert await line.say('AT+CSCS="UCS2";+CSCS?') == ['+CSCS: "UCS2"', "OK"]


@pytest.mark.parametrize(
    ("stat", "is_reachable", "roams"),
    [
        (0, False, 0),
        (1, True, 0),
        (2, False, 0),
        (3, False, 0),
        (5, True, 1),
        (6, True, 0),
        (7, True, 1),
        (8, False, 0),
        (9, True, 0),
        (10, True, 1),
    ],
)
async def test_texts_go_where_registration_lets_them(
    line: Line, bank: Bank, stat: int, is_reachable: bool, roams: int
) -> None:
    """For SMS only (6, 7) and without CS fall-back (9, 10), too; not for emergencies only (8)."""
    bank.modems[0].set_registration(stat)
    assert bank.modems[0].is_reachable is is_reachable
    values = (await line.say("AT+CIND?"))[0].split(",")
    assert (values[2], values[5]) == (str(int(is_reachable)), str(roams))


async def test_registration_signal_and_operator_follow_the_control(
    line: Line, control: Control
) -> None:
    """What the network does is announced where asked for, and told when asked."""
    assert await line.say("AT+CREG=2;+CEREG=1") == ["OK"]
    await control.do("registration", modem=0, stat=1)
    await line.expect(rb'\+CREG: 1,"1A2B","0C3D4E5",7\r\n.*\+CEREG: 1\r\n')
    await control.do("registration", modem=0, stat=3)
    await line.expect(rb"\+CREG: 3\r\n.*\+CEREG: 3\r\n")
    assert await line.say("AT+CREG?;+COPS?;+CGATT?") == [
        "+CREG: 2,3",
        "+COPS: 0",
        "+CGATT: 0",
        "OK",
    ]
    await control.do("registration", modem=0, stat=5)
    await line.expect(rb"\+CEREG: 5\r\n")
    assert await line.say("AT+CREG?") == ['+CREG: 2,5,"1A2B","0C3D4E5",7', "OK"]
    assert await line.say("AT+COPS?") == ['+COPS: 0,0,"Simtel",7', "OK"]
    assert await line.say("AT+COPS=3,2;+COPS?") == ['+COPS: 0,2,"00101",7', "OK"]
    assert await line.say("AT+COPS=1") == ["+CME ERROR: 50"]
    assert await line.say("AT+COPS=2") == ["+CME ERROR: 4"]
    assert await line.say('AT+COPS=1,2,"00101"') == ["OK"]
    assert await line.say('AT+COPS=1,0,"Other"') == ["+CME ERROR: 30"]
    assert (await line.say("AT+COPS=?"))[-1] == "OK"
    assert await line.say("AT+CREG=9") == ["+CME ERROR: 50"]
    await control.do("signal", modem=0, rssi=99)
    assert await line.say("AT+CSQ") == ["+CSQ: 99,99", "OK"]
    await control.do("signal", rssi=30)
    levels = {(await line.say("AT+CSQ"))[0] for _ in range(40)}
    assert levels > {"+CSQ: 30,99"}
    assert levels <= {f"+CSQ: {level},99" for level in range(27, 32)}


async def test_the_radio_can_be_switched_off_and_the_modem_restarted(line: Line) -> None:
    """+CFUN=4 leaves the network; +CFUN=1,1 forgets settings and prints the banner."""
    assert await line.say("AT+CFUN=4;+CREG?;+CFUN?;+CSQ") == [
        "+CREG: 0,0",
        "+CFUN: 4",
        "+CSQ: 99,99",
        "OK",
    ]
    assert await line.say("AT+CFUN=9") == ["+CME ERROR: 50"]
    assert await line.say("AT+CFUN=1;+CREG?") == ["+CREG: 0,1", "OK"]
    assert await line.say("AT+CREG=1") == ["OK"]
    for level, stat in ((4, 0), (1, 1)):
        assert await line.say(f"AT+CFUN={level}") == ["OK"]
        await line.expect(b"^\r\n\\+CREG: %d\r\n" % stat)
    assert await line.say("AT+CFUN=1") == ["OK"]
    assert not line.heard
    assert await line.say("AT+CFUN=1,1") == ["OK"]
    await line.expect(rb"RDY\r\n.*SMS Ready\r\n")
    assert await line.say("AT+CNMI?") == ["AT+CNMI?", "+CNMI: 0,0,0,0,0", "OK"]


async def test_a_call_rings_until_it_is_hung_up(line: Line, control: Control) -> None:
    """With the caller where +CLIP asks for it; a second caller finds it busy."""
    assert await line.say("AT+CLIP=1;+CLIP?;+CRC?") == ["+CLIP: 1,1", "+CRC: 0", "OK"]
    await control.do("ring", modem=0, **{"from": "+15550003001"})
    await line.expect(rb'RING\r\n\r\n\+CLIP: "\+15550003001",145,,,,0\r\n')
    assert (await control.ask("ring", modem=0, **{"from": "12345"}))["ok"] is False
    assert await line.say("AT+CPAS") == ["+CPAS: 3", "OK"]
    assert await line.say("AT+CHUP;+CPAS") == ["+CPAS: 0", "OK"]
    await control.do("ring", modem=0, rings=1, **{"from": ""})
    await line.expect(rb'RING\r\n\r\n\+CLIP: "",128,,,,1\r\n.*NO CARRIER\r\n')
    assert await line.say("AT+CRC=1;+CLIP=0") == ["OK"]
    await control.do("ring", modem=0, rings=1, **{"from": "12345"})
    await line.expect(rb"\+CRING: VOICE\r\n.*NO CARRIER\r\n")


async def test_a_locked_or_missing_sim_is_said_so(line: Line, control: Control) -> None:
    """PIN, PUK and an empty slot, for equipment and message commands."""
    await control.do("sim", modem=0, action="pin", pin="1234")
    assert await line.say("AT+CPIN?") == ["+CPIN: SIM PIN", "OK"]
    assert await line.say("AT+CIMI") == ["+CME ERROR: 11"]
    assert await line.say("AT+CPMS?") == ["+CMS ERROR: 311"]
    assert await line.say("AT+CPIN=1111") == ["+CME ERROR: 16"]
    assert await line.say('AT+CPINR="SIM PIN"') == ["+CPINR: SIM PIN,2,3", "OK"]
    assert await line.say('AT+CPIN="1234"') == ["OK"]
    assert await line.say('AT+CPIN="1234"') == ["+CME ERROR: 3"]
    await control.do("sim", modem=0, action="pin", pin="1234")
    answers = [await line.say("AT+CPIN=0") for _ in range(3)]
    assert answers == [["+CME ERROR: 16"], ["+CME ERROR: 16"], ["+CME ERROR: 12"]]
    assert await line.say("AT+CIMI") == ["+CME ERROR: 12"]
    assert await line.say("AT+CPIN=12345678,4321") == ["OK"]
    await control.do("sim", modem=0, action="remove")
    await line.expect(rb"\+CPIN: NOT INSERTED\r\n")
    assert await line.say("AT+CPIN?") == ["+CME ERROR: 10"]
    assert await line.say("AT+CMGL=4") == ["+CMS ERROR: 310"]
    assert await line.say("AT+CMGS=20") == ["+CMS ERROR: 310"]
    refused = await control.ask("inject", modem=0, text="x", **{"from": "+15550003001"})
    assert "no SIM" in refused["error"]
    other = await control.do("sim", modem=0, action="insert", generation=1)
    await line.expect(rb"\+CPIN: READY\r\n")
    assert await line.say("AT+CCID") == [f"+CCID: {other['iccid']}", "OK"]


async def test_errors_are_told_in_the_standards_words(line: Line) -> None:
    """27.007 §9.2, 27.005 §3.2.5: +CMEE 0, 1 and 2."""
    assert await line.say("AT+CMEE=0;+CPBR=999") == ["ERROR"]
    assert await line.say("AT+CMEE=1;+CPBR=999") == ["+CME ERROR: 21"]
    assert await line.say("AT+CMEE=2;+CPBR=999") == ["+CME ERROR: invalid index"]
    assert await line.say("AT+CMGR=99") == ["+CMS ERROR: invalid memory index"]
    assert await line.say("AT+CMGF=1;+CMGL=4") == ["+CMS ERROR: invalid text mode parameter"]


async def test_the_signal_of_each_radio_is_told(line: Line, control: Control, bank: Bank) -> None:
    """27.007 §8.69: what the radio in use does not measure is not known."""
    await control.do("signal", modem=0, rssi=99)
    assert await line.say("AT+CESQ") == ["+CESQ: 99,99,255,255,255,255", "OK"]
    await control.do("signal", modem=0, rssi=25)
    *known, rsrp = (await line.say("AT+CESQ"))[0].split(",")
    assert (known, int(rsrp) in range(52, 65)) == (["+CESQ: 99", "99", "255", "255", "20"], True)
    bank.modems[0].radio.access_technology = 0
    rxlev, *unknown = (await line.say("AT+CESQ"))[0].split(",")
    assert int(rxlev.removeprefix("+CESQ: ")) in range(42, 55)
    assert unknown == ["99", "255", "255", "255", "255"]


async def test_the_clock_is_told_and_set(line: Line, control: Control) -> None:
    """27.007 §8.15; it runs on through a restart."""
    assert (await line.say("AT+CCLK?"))[0].endswith('+00"')
    assert await line.say('AT+CCLK="30/01/02,03:04:05+08"') == ["OK"]
    assert (await line.say("AT+CCLK?"))[0].startswith('+CCLK: "30/01/02,03:04:')
    assert await line.say('AT+CCLK="soon"') == ["+CME ERROR: 50"]
    assert await line.say('AT+CCLK="30/13/02,03:04:05"') == ["+CME ERROR: 50"]
    await control.do("reboot", modem=0)
    await line.expect(rb"SMS Ready\r\n")
    told = (await line.say("ATE0+CCLK?"))[-2]
    assert told.startswith('+CCLK: "30/01/02,03:0')
    assert told.endswith('+08"')


async def test_indicators_are_read_and_announced(line: Line, control: Control) -> None:
    """27.007 §8.9, §8.10: +CIEV for what changed, once +CMER asks for it."""
    described = (await line.say("AT+CIND=?"))[0]
    assert described.startswith('+CIND: ("battchg",(0-5)),("signal",(0-5)),("service",(0,1)),')
    await control.do("signal", modem=0, rssi=20)
    assert await line.say("AT+CIND?") == ["+CIND: 5,3,1,0,0,0,0", "OK"]
    assert await line.say("AT+CMER?;+CMER=3,0,0,1;+CMER?") == [
        "+CMER: 0,0,0,0,0",
        "+CMER: 3,0,0,1,0",
        "OK",
    ]
    await control.do("signal", modem=0, rssi=99)
    await line.expect(rb"^\r\n\+CIEV: 2,0\r\n$")
    await control.do("registration", modem=0, stat=5)
    await line.expect(rb"^\r\n\+CIEV: 6,1\r\n$")
    await control.do("inject", modem=0, text="x", **{"from": "+15550003001"})
    await line.expect(rb"\+CIEV: 4,1\r\n")
    await line.expect(rb"\+CMTI")
    line.write(b"AT+CMGR=1\r")
    await line.expect(rb"\r\nOK\r\n\r\n\+CIEV: 4,0\r\n")
    await control.do("storage", modem=0, name="ME", capacity=2)
    await control.do("inject", modem=0, text="x", **{"from": "+15550003001"})
    await line.expect(rb"\+CIEV: 4,1\r\n\r\n\+CIEV: 7,1\r\n")
    line.write(b"AT+CMGD=1,4\r")
    await line.expect(rb"\+CIEV: 4,0\r\n\r\n\+CIEV: 7,0\r\n")
    await line.say("AT+CMER=0")
    line.heard = b""
    await control.do("registration", modem=0, stat=1)
    assert await line.say("AT") == ["OK"]


async def test_a_call_is_answered_by_hand_or_by_s0(line: Line, control: Control) -> None:
    """V.250 §6.3.5, §6.3.8; +CLCC and +CPAS tell of it (27.007 §7.18, §8.1)."""
    assert await line.say("ATA") == ["NO CARRIER"]
    assert await line.say("AT+CLCC") == ["OK"]
    await control.do("ring", modem=0, **{"from": "+15550003001"})
    await line.expect(rb"RING\r\n")
    assert await line.say("AT+CLCC") == ['+CLCC: 1,1,4,0,0,"+15550003001",145', "OK"]
    assert await line.say("AT+VTS=1") == ["+CME ERROR: 3"]
    assert await line.say("ATA") == ["OK"]
    assert await line.say("AT+CLCC;+CPAS;+VTS=1") == [
        '+CLCC: 1,1,0,0,0,"+15550003001",145',
        "+CPAS: 4",
        "OK",
    ]
    assert await line.say("ATH;+CLCC") == ["OK"]
    await line.say("ATS0=1")
    await control.do("ring", modem=0, **{"from": "12345"})
    await line.expect(rb"RING\r\n")
    assert await line.say("AT+CLCC") == ['+CLCC: 1,1,0,0,0,"12345",129', "OK"]


async def test_a_number_is_dialled(line: Line, control: Control) -> None:
    """27.007 §6.2: a voice call is OK at once and goes on by itself; data calls find nobody."""
    assert await line.say("ATD+15550003001;") == ["OK"]
    assert await line.say("AT+CLCC") == ['+CLCC: 1,0,2,0,0,"+15550003001",145', "OK"]
    assert await line.say("ATD12345;") == ["+CME ERROR: 3"]
    assert (await control.ask("ring", modem=0, **{"from": "12345"}))["ok"] is False
    assert await line.say("AT+CHUP;+CPAS") == ["+CPAS: 0", "OK"]
    assert await line.say("ATDT12345") == ["NO CARRIER"]
    await control.do("registration", modem=0, stat=2)
    assert await line.say("ATD12345;") == ["NO CARRIER"]
    assert await line.say("ATO") == ["NO CARRIER"]


async def test_a_dialled_number_rings_answers_and_hangs_up(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """27.007 §7.18: dialling, alerting, active; the far end ends it by itself."""
    for name in ("_DIALLING_S", "_ALERTING_S", "_TALK_S"):
        monkeypatch.setattr(f"modemgw.simulator.calls.{name}", 0.05)
    await line.say("AT+CMER=3,0,0,1")
    line.write(b"ATD12345;\r")
    seen = await line.expect(rb"NO CARRIER\r\n\r\n\+CIEV: 5,0\r\n")
    assert seen == (b"\r\nOK\r\n\r\n+CIEV: 5,1\r\n\r\nNO CARRIER\r\n\r\n+CIEV: 5,0\r\n")
    monkeypatch.setattr("modemgw.simulator.calls._ALERTING_S", 30.0)
    assert await line.say("ATD12345;") == ["OK"]
    async with asyncio.timeout(PATIENCE_S):
        while await line.say("AT+CLCC") != ['+CLCC: 1,0,3,0,0,"12345",129', "OK"]:
            await asyncio.sleep(0.005)
    assert await line.say("ATH1") == ["+CME ERROR: 50"]
    assert await line.say("ATH") == ["OK"]


async def test_the_pin_is_switched_and_changed(line: Line, control: Control) -> None:
    """27.007 §7.4, §7.5; wrong ones count as at the PIN's own prompt."""
    assert await line.say('AT+CLCK="SC",2;+CLCK="AO",2') == ["+CLCK: 0", "+CLCK: 0,7", "OK"]
    assert await line.say('AT+CPWD="SC","0000","1234"') == ["+CME ERROR: 3"]
    assert await line.say('AT+CLCK="SC",1,"9999"') == ["+CME ERROR: 16"]
    assert await line.say('AT+CLCK="SC",1,"0000";+CLCK="SC",2') == ["+CLCK: 1", "OK"]
    assert await line.say('AT+CPWD="SC","0000","12"') == ["+CME ERROR: 50"]
    assert await line.say('AT+CPWD="SC","0000","1234"') == ["OK"]
    assert await line.say('AT+CLCK="XX",2') == ["+CME ERROR: 4"]
    await control.do("reboot", modem=0)
    await line.expect(rb"SMS Ready\r\n")
    assert await line.say("ATE0+CMEE=1;+CPIN?") == ["ATE0+CMEE=1;+CPIN?", "+CPIN: SIM PIN", "OK"]
    assert await line.say('AT+CLCK="SC",2') == ["+CME ERROR: 11"]
    assert await line.say("AT+CPIN=1234") == ["OK"]
    assert await line.say('AT+CLCK="SC",0,"1234";+CLCK="SC",2') == ["+CLCK: 0", "OK"]
    for code in (16, 16, 12):
        assert await line.say('AT+CLCK="SC",1,"9999"') == [f"+CME ERROR: {code}"]


async def test_phone_books_are_written_found_and_read(line: Line, control: Control) -> None:
    """27.007 §8.11 to §8.14; names in the character set of +CSCS; the card's goes with the card."""
    assert await line.say("AT+CPBS?;+CPBR=?") == ['+CPBS: "SM",0,250', "+CPBR: (1-250),40,14", "OK"]
    assert await line.say('AT+CPBW=,"+15550003001",145,"Anna"') == ["OK"]
    assert await line.say('AT+CPBW=5,"12345",129,"Bob"') == ["OK"]
    assert await line.say("AT+CPBR=1,250") == [
        '+CPBR: 1,"+15550003001",145,"Anna"',
        '+CPBR: 5,"12345",129,"Bob"',
        "OK",
    ]
    assert await line.say('AT+CPBF="an"') == ['+CPBF: 1,"+15550003001",145,"Anna"', "OK"]
    assert await line.say('AT+CPBF="zoe"') == ["+CME ERROR: 22"]
    assert await line.say('AT+CSCS="UCS2";+CPBR=5') == ['+CPBR: 5,"12345",129,"0042006F0062"', "OK"]
    assert await line.say('AT+CSCS="IRA";+CPBW=5;+CPBR=2,9') == ["OK"]
    assert await line.say("AT+CPBR=0") == ["+CME ERROR: 21"]
    assert await line.say('AT+CPBW=251,"1"') == ["+CME ERROR: 21"]
    assert await line.say(f'AT+CPBW=1,"1",129,"{"x" * 15}"') == ["+CME ERROR: 24"]
    assert await line.say('AT+CPBS="ON";+CPBR=1') == ['+CPBR: 1,"+15550100000",145,""', "OK"]
    assert await line.say('AT+CPBW=1,"1"') == ["+CME ERROR: 3"]
    assert await line.say('AT+CPBS="ME";+CPBS?;+CPBS="MC";+CPBS?') == [
        '+CPBS: "ME",0,250',
        '+CPBS: "MC",0,10',
        "OK",
    ]
    assert await line.say('AT+CPBS="XX"') == ["+CME ERROR: 50"]
    await control.do("sim", modem=0, action="insert", generation=1)
    await line.expect(rb"READY\r\n")
    assert await line.say('AT+CPBS="SM";+CPBS?') == ['+CPBS: "SM",0,250', "OK"]
    for _ in range(250):
        assert await line.say('AT+CPBW=,"1"') == ["OK"]
    assert await line.say('AT+CPBW=,"1"') == ["+CME ERROR: 20"]
