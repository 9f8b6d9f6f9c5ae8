"""A simulated modem answers as real ones do: who it is, its SIM, its network, its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.bank import Bank
from modemgw.simulator.options import Options
from modemgw.simulator.personality import PERSONALITIES
from modemgw.simulator.sim import luhn_digit
from tests.simulator.line import Control, Line

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


async def test_registration_signal_and_operator_follow_the_control(
    line: Line, control: Control
) -> None:
    """What the network does is announced where asked for, and told when asked."""
    assert await line.say("AT+CREG=2;+CEREG=1") == ["OK"]
    await control.do("registration", modem=0, stat=3)
    await line.expect(rb'\+CREG: 3,"1A2B","0C3D4E5"\r\n.*\+CEREG: 3\r\n')
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
    assert await line.say("AT+COPS=1") == ["+CME ERROR: 4"]
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
