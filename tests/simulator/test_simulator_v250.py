"""V.250 at a simulated modem: resets, profiles, registers, result codes, lists of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.commands import TABLE

if TYPE_CHECKING:
    from modemgw.simulator.bank import Bank
    from tests.simulator.line import Control, Line


async def test_a_stored_profile_outlives_reset_and_restart(line: Line, control: Control) -> None:
    """V.250 §6.1.1, §6.1.2: Z brings back what &W stored, &F what the maker did."""
    assert await line.say("ATE0S0=3&W") == ["OK"]
    assert await line.say("ATS0=5Z;S0?") == ["003", "OK"]
    await control.do("reboot", modem=0)
    await line.expect(rb"SMS Ready\r\n")
    assert await line.say("ATS0?") == ["003", "OK"]
    assert await line.say("AT&FE0S0?") == ["000", "OK"]
    assert await line.say("ATZE0S0?") == ["003", "OK"]
    assert await line.say("ATZ9") == ["+CME ERROR: 50"]
    assert await line.say("AT&F1") == ["+CME ERROR: 50"]


async def test_registers_are_kept_within_their_limits(line: Line) -> None:
    """V.250 §6.2.1 to §6.3.12: three digits when read."""
    assert await line.say("ATS3?;S4?;S5?;S7?;S8?;S10?;S6?") == [
        *("013", "010", "008", "060", "002", "014", "002"),
        "OK",
    ]
    assert await line.say("ATS7=30S8=9;S7?;S8?") == ["030", "009", "OK"]
    assert await line.say("ATS3=200") == ["+CME ERROR: 50"]
    assert await line.say("ATS0=?") == ["(0-255)", "OK"]
    assert await line.say("ATS99?") == ["ERROR"]


async def test_a_changed_s3_holds_from_its_own_result_on(line: Line) -> None:
    """V.250 §6.2.1: the line still ends with the old character, its result with the new one."""
    line.write(b"ATS3=30\r")
    await line.expect(rb"\x1e\nOK\x1e\n")
    line.write(b"ATS3=13\x1e")
    await line.expect(rb"\r\nOK\r\n")


async def test_result_codes_as_digits_or_none(line: Line) -> None:
    """V.250 §6.2.5, §6.2.6, §6.2.7."""
    line.write(b"ATV0\r")
    await line.expect(rb"^0\r$")
    line.write(b"AT+CSQ=1\r")
    await line.expect(rb"^4\r$")
    line.write(b"AT+CMGF?\r")
    await line.expect(rb"^\+CMGF: 0\r\n0\r$")
    line.write(b"ATA\r")
    await line.expect(rb"^3\r$")
    line.write(b"ATV1Q1\r")
    line.write(b"ATQ0X1\r")
    await line.expect(rb"^\r\nOK\r\n$")
    assert await line.say("ATX5") == ["+CME ERROR: 50"]


async def test_a_slash_repeats_the_last_line(line: Line) -> None:
    """V.250 §5.2.4: at once, without CR; either case."""
    assert await line.say("AT+CMGF?") == ["+CMGF: 0", "OK"]
    for again in (b"A/", b"a/"):
        line.write(again)
        await line.expect(rb"^\r\n\+CMGF: 0\r\n\r\nOK\r\n$")


async def test_upper_and_lower_case_are_the_same(line: Line) -> None:
    """V.250 §5.3.1, §5.4.1; a string keeps its own."""
    assert await line.say("ate0v1;+cmgf?;+CrEg?") == ["+CMGF: 0", "+CREG: 0,1", "OK"]


async def test_identification_by_number(line: Line, bank: Bank) -> None:
    """V.250 §6.1.3: I0 is all of it."""
    assert await line.say("ATI0") == await line.say("ATI")
    assert await line.say("ATI1") == ["1.0", "OK"]
    assert await line.say("ATI2") == [bank.modems[0].imei, "OK"]
    assert await line.say("ATI3;I9") == ["Modem", "OK"]


async def test_the_active_and_the_stored_profile_are_shown(line: Line) -> None:
    """By &V."""
    shown = await line.say("AT&V")
    assert shown[0] == "ACTIVE PROFILE:"
    assert "E0 Q0 V1 X4" in shown
    assert "E1 Q0 V1 X4" in shown[shown.index("STORED PROFILE 0:") :]


@pytest.mark.parametrize("name", sorted(name for name in TABLE if name[0] == "+"))
async def test_every_extended_command_has_a_test_form(line: Line, name: str) -> None:
    """V.250 §5.4.4: OK, and its own name in front of what it offers."""
    answer = await line.say(f"AT{name}=?")
    assert answer[-1] == "OK"
    assert all(said.startswith(f"{name}: ") for said in answer[:-1])


async def test_numbers_that_change_nothing_are_kept(line: Line) -> None:
    """Within what the test form offers; a restart forgets them."""
    assert await line.say("AT+CGSMS=2;+CGSMS?;+CTZU=1;+CTZU?") == [
        "+CGSMS: 2",
        "+CTZU: 1",
        "OK",
    ]
    assert await line.say("AT+CSSN=1;+CSSN?;+CLIR?;+CSTA=145;+CSTA?") == [
        "+CSSN: 1,0",
        "+CLIR: 0,4",
        "+CSTA: 145",
        "OK",
    ]
    assert await line.say("AT+CGSMS=4") == ["+CME ERROR: 50"]
    assert await line.say("AT+CTZU=1,1") == ["+CME ERROR: 50"]
    assert await line.say("ATZE0+CGSMS?") == ["+CGSMS: 1", "OK"]
