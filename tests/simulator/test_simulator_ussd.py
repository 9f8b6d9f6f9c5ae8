"""USSD at a simulated modem: menus, encodings, and what the network does by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw import pdu
from modemgw.simulator.bank import Bank
from modemgw.simulator.options import Options
from modemgw.simulator.ussd import page
from tests.simulator.line import Control, Line

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_code_is_answered_behind_the_ok(line: Line) -> None:
    """The words of the network are an announcement."""
    assert await line.say('AT+CUSD=1,"*100#",15') == ["OK"]
    assert b'+CUSD: 0,"Your balance is 5.00",15\r\n' in await line.expect(rb"15\r\n")
    assert await line.say("AT+CUSD?") == ["+CUSD: 1", "OK"]
    assert await line.say("AT+CUSD=?") == ["+CUSD: (0-2)", "OK"]


async def test_a_menu_leads_on_and_its_text_has_line_ends(line: Line, bank: Bank) -> None:
    """Two steps, then it is over."""
    await line.say('AT+CUSD=1,"*101#",15')
    assert b'+CUSD: 1,"Shop\r\n1. Data\r\n' in await line.expect(rb'Leave",15\r\n')
    await line.say('AT+CUSD=1,"1"')
    await line.expect(rb'\+CUSD: 1,"Data[^"]*",15\r\n')
    await line.say('AT+CUSD=1,"1"')
    await line.expect(rb'\+CUSD: 0,"Done: 1 GB",15\r\n')
    assert not bank.modems[0].ussd.is_open
    assert bank.modems[0].ussd.heard == ["*101#", "1", "1"]


async def test_a_session_can_be_ended_by_the_user(line: Line, bank: Bank) -> None:
    """What would have been answered is a new code then, which the network does not know."""
    await line.say('AT+CUSD=1,"*101#",15')
    await line.expect(rb'Leave",15\r\n')
    assert await line.say("AT+CUSD=2") == ["OK"]
    assert not bank.modems[0].ussd.is_open
    await line.say('AT+CUSD=1,"1"')
    await line.expect(rb"\+CUSD: 4\r\n")


async def test_what_gsm_cannot_say_is_hex_of_ucs2(line: Line) -> None:
    """With its own coding scheme."""
    await line.say('AT+CUSD=1,"*102#",15')
    said = await line.expect(rb'\+CUSD: 0,"[0-9A-F]+",72\r\n')
    octets = bytes.fromhex(said.decode().rsplit('"', 2)[1])
    assert octets.decode("utf-16-be") == "Ваш баланс: 120.50 р."


async def test_strings_are_in_the_character_set_in_force(line: Line, bank: Bank) -> None:
    """27.007 §7.15: what is said and what is answered."""
    assert await line.say('AT+CSCS="UCS2";+CUSD=1,"002A0031003000300023",15') == ["OK"]
    said = await line.expect(rb'\+CUSD: 0,"[0-9A-F]+",15\r\n')
    octets = bytes.fromhex(said.decode().rsplit('"', 2)[1])
    assert octets.decode("utf-16-be") == "Your balance is 5.00"
    assert bank.modems[0].ussd.heard == ["*100#"]
    assert await line.say('AT+CUSD=1,"*100#",15') == ["+CME ERROR: 50"]


async def test_a_maker_that_packs_wants_and_prints_hex(tmp_path: Path) -> None:
    """Plain text is refused by it."""
    bank = Bank(Options(modems=1, dir=tmp_path, profiles=("huawei-e3372",)))
    bank.power_on()
    line = Line(bank.link(0))
    try:
        await line.say("ATE0")
        await line.say("AT+CMEE=1")
        assert await line.say('AT+CUSD=1,"*100#",15') == ["+CME ERROR: 50"]
        assert await line.say('AT+CUSD=1,"AA180C3602",15') == ["OK"]
        said = await line.expect(rb'\+CUSD: 0,"[0-9A-F]+",15\r\n')
        octets = bytes.fromhex(said.decode().rsplit('"', 2)[1])
        assert pdu.decode_ussd(octets).text == "Your balance is 5.00"
    finally:
        line.close()
        bank.close()


async def test_without_a_network_it_is_refused(line: Line, bank: Bank) -> None:
    """+CME ERROR: 30 (27.007 §9.2)."""
    bank.modems[0].set_registration(2)
    assert await line.say('AT+CUSD=1,"*100#"') == ["+CME ERROR: 30"]


async def test_the_control_socket_writes_the_script_and_pushes(
    line: Line, control: Control
) -> None:
    """And tells what was heard."""
    await line.say("AT+CUSD=1")
    script = {"*5#": {"text": "Really?", "answers": {"yes": "Done"}}, "*6#": None}
    await control.do("ussd", modem=0, script=script)
    await line.say('AT+CUSD=1,"*5#"')
    await line.expect(rb'\+CUSD: 1,"Really\?",15\r\n')
    await line.say('AT+CUSD=1,"yes"')
    await line.expect(rb'\+CUSD: 0,"Done",15\r\n')
    await control.do("ussd", modem=0, push="You have mail")
    await line.expect(rb'\+CUSD: 0,"You have mail",15\r\n')
    answer = await control.do("ussd", modem=0)
    assert (answer["heard"], answer["open"]) == (["*5#", "yes"], False)
    refused = await control.ask("ussd", modem=0, push=7)
    assert not refused["ok"]
    assert not (await control.ask("ussd", modem=0, script=[]))["ok"]


def test_pages_have_an_end() -> None:
    """A script is no way to fill the memory."""
    nested: object = "end"
    for _ in range(20):
        nested = {"text": "on", "answers": {"1": nested}}
    with pytest.raises(ValueError, match="deep"):
        page(nested)
