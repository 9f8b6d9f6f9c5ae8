"""What is configured for a line, a SIM: its way of texting, roaming, its operator's levers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState, Outcome
from modemgw.modem.profile import Domain
from modemgw.modem.settings import BankSettings, LineSettings, PortSettings
from tests.modem.conftest import QUICK, driven
from tests.modem.listening import Listener, Permit
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

PDU = "0011000B915155500100F00000AA05E8329BFD06"
ICCID = "89015550000000000000"
AT_HOME, ROAMING = ok("+CREG: 1,1"), ok("+CREG: 1,5")


def bank_of(
    modem: ScriptedModem,
    listener: Listener,
    lines: Mapping[str, LineSettings],
    any_line: LineSettings | None = None,
) -> Bank:
    ports = (PortSettings(modem.path),)
    settings = BankSettings(ports, QUICK, lines=lines, any_line=any_line or LineSettings())
    return Bank(settings, listener)


async def test_a_line_is_given_what_its_operator_needs(
    modem: ScriptedModem, listener: Listener
) -> None:
    """The way of its texts over LTE, and commands of its own, wherever its SIM sits."""
    line = LineSettings(Domain.CIRCUIT_PREFERRED, commands=('AT+QCFG="ims",2',))
    async with driven(bank_of(modem, listener, {ICCID: line})):
        await listener.until_state(ModemState.READY)
    assert "AT+CGSMS=3" in modem.commands
    assert 'AT+QCFG="ims",2' in modem.commands


async def test_another_line_is_left_as_it_is(modem: ScriptedModem, listener: Listener) -> None:
    """What one operator needs, another may refuse."""
    other = LineSettings(Domain.CIRCUIT_ONLY, commands=("AT+ACME",))
    async with driven(bank_of(modem, listener, {"89490000000000000001": other})):
        await listener.until_state(ModemState.READY)
    assert not any("CGSMS" in command or "ACME" in command for command in modem.commands)


@pytest.mark.parametrize("stat", [5, 7])
async def test_a_line_that_may_not_roam_does_not(
    modem: ScriptedModem, listener: Listener, stat: int
) -> None:
    """It says so, sends nothing, and takes in what comes; at home again it works."""
    modem.script["AT+CREG?"] = ok(f"+CREG: 1,{stat}")
    async with driven(bank_of(modem, listener, {ICCID: LineSettings(roaming=False)})) as bank:
        await listener.until_state(ModemState.DENIED)
        (driver,) = bank.modems
        assert "roaming is not allowed for this line" in driver.status.reason
        assert (await driver.submit(PDU, 19, Permit())).outcome is Outcome.REFUSED
        modem.store(3, PDU)
        await listener.until(lambda: bool(listener.incoming))
        modem.script["AT+CREG?"] = AT_HOME
        modem.say(f"{CRLF}+CREG: 1{CRLF}")
        await listener.until_state(ModemState.READY)
        modem.script["AT+CREG?"] = ROAMING
        modem.say(f"{CRLF}+CREG: 5{CRLF}")
        await listener.until_state(ModemState.DEGRADED)
        assert "roaming" in driver.status.reason
    assert not any(command.startswith("AT+CMGS") for command in modem.commands)


async def test_the_policy_of_the_bank_holds_for_lines_without_one(
    modem: ScriptedModem, listener: Listener
) -> None:
    """And gives way to a line's own."""
    modem.script["AT+CREG?"] = ROAMING
    nowhere = LineSettings(roaming=False)
    async with driven(bank_of(modem, listener, {}, nowhere)):
        await listener.until_state(ModemState.DENIED)
    async with driven(bank_of(modem, listener, {ICCID: LineSettings()}, nowhere)):
        await listener.until_state(ModemState.READY)
