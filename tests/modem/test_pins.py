"""A person gives the PIN of a SIM that waits for it; the last try is nobody's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modemgw.modem import pins
from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState, PinError, PinFault
from modemgw.modem.settings import BankSettings, PortSettings
from tests.modem.conftest import QUICK, driven
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.modem.driver import Driver
    from tests.modem.conftest import Start
    from tests.modem.listening import Listener

PIN, ENTRY = "83920417", 'AT+CPIN="83920417"'
TRIES = 'AT+CPINR="SIM PIN"'
ERROR = f"{CRLF}ERROR{CRLF}"
WRONG = f"{CRLF}+CME ERROR: 16{CRLF}"


@pytest.fixture
async def driver(start: Start, modem: ScriptedModem) -> Driver:
    """A modem whose SIM waits for a PIN that nobody has configured."""
    modem.script["AT+CPIN?"] = ok("+CPIN: SIM PIN")

    def unlock() -> str:
        modem.script["AT+CPIN?"] = ok("+CPIN: READY")
        return ok()

    modem.script[ENTRY] = unlock
    return await start(ModemState.LOCKED)


async def refused(driver: Driver, pin: str = PIN) -> tuple[PinFault, str]:
    """Why a PIN does not open the SIM."""
    with pytest.raises(PinError) as caught:
        await driver.enter_pin(pin)
    return caught.value.fault, str(caught.value)


async def test_the_right_pin_opens_the_sim_and_is_seen_nowhere(
    driver: Driver, modem: ScriptedModem, listener: Listener
) -> None:
    """Not even in the flight recorder of a modem that echoes."""
    entered = modem.script[ENTRY]
    assert callable(entered)
    modem.script[ENTRY] = lambda: f"{ENTRY}{CRLF}" + entered()
    await driver.enter_pin(PIN)
    assert driver.status.state is not ModemState.LOCKED
    await listener.until_state(ModemState.READY)
    kept = b"".join(entry.data for entry in driver.recorder.entries)
    assert b"AT+CPIN=" in kept
    assert PIN not in kept.decode("latin-1") + str(listener.states)
    assert (await refused(driver))[0] is PinFault.NOT_ASKED
    assert modem.commands.count(ENTRY) == 1


@pytest.mark.parametrize(
    ("tries", "words"),
    [
        (ok("+CPINR: SIM PIN,1,3"), "one try is left"),
        (ok("+CPINR: SIM PIN,0,3"), "0 tries are left"),
        (ERROR, "does not tell"),
    ],
)
async def test_a_pin_that_could_lock_the_sim_is_not_entered(
    driver: Driver, modem: ScriptedModem, tries: str, words: str
) -> None:
    """The last try, or one that may be the last; the words say how it is done by hand."""
    modem.script[TRIES] = tries
    modem.script['AT+CSIM=10,"0020000100"'] = ERROR
    fault, told = await refused(driver)
    assert fault is PinFault.UNSAFE
    assert words in told
    assert "telephone" in told
    assert not any(command.startswith("AT+CPIN=") for command in modem.commands)


async def test_a_wrong_pin_costs_one_try_and_is_not_entered_twice(
    driver: Driver, modem: ScriptedModem
) -> None:
    """Who gives it is told what is left."""
    modem.script[ENTRY] = WRONG
    tries = iter("32")
    modem.script[TRIES] = lambda: ok(f"+CPINR: SIM PIN,{next(tries)},3")
    fault, words = await refused(driver)
    assert (fault, words) == (PinFault.REFUSED, "the SIM refused the PIN, 2 tries are left")
    assert (await refused(driver))[0] is PinFault.UNSAFE
    assert modem.commands.count(ENTRY) == 1
    assert driver.status.state is ModemState.LOCKED


async def test_a_sim_that_waits_for_its_puk_gets_no_pin(
    driver: Driver, modem: ScriptedModem, listener: Listener
) -> None:
    """And the words say what it waits for."""
    modem.script["AT+CPIN?"] = ok("+CPIN: SIM PUK")
    await listener.until(lambda: "PUK" in listener.states[-1][1])
    fault, words = await refused(driver)
    assert fault is PinFault.NOT_ASKED
    assert "PUK" in words
    assert ENTRY not in modem.commands


async def test_one_pin_is_entered_at_a_time_and_a_modem_that_goes_is_told(
    driver: Driver, modem: ScriptedModem
) -> None:
    """Nobody waits for ever, and what came of the PIN is not guessed."""
    modem.script[ENTRY] = ""
    first = asyncio.create_task(refused(driver))
    await modem.until(lambda: ENTRY in modem.commands)
    assert (await refused(driver, "1111"))[0] is PinFault.NOT_READY
    modem.unplug()
    assert (await first)[0] is PinFault.NOT_READY
    assert 'AT+CPIN="1111"' not in modem.commands


async def test_a_pin_whose_giver_was_told_that_it_was_not_entered_is_not(
    driver: Driver, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its turn came too late: he may give another, or have put the SIM into a telephone."""
    monkeypatch.setattr(pins, "_GIVEN_S", 0.2)
    async with driver.pin_turn:
        fault, words = await refused(driver)
    assert fault is PinFault.NOT_READY
    assert "busy" in words
    seen = len(modem.commands)
    await modem.until(lambda: "AT+CPIN?" in modem.commands[seen:])
    assert ENTRY not in modem.commands


async def test_two_ports_of_a_modem_do_not_use_up_its_tries_together(
    modem: ScriptedModem, listener: Listener, tmp_path: Path
) -> None:
    """What is left is read when it is the other port's turn, by their common IMEI."""
    other, left = ScriptedModem(tmp_path, "modem1"), [2]
    other.plug()

    def wrong() -> str:
        left[0] -= 1
        return WRONG

    for port in (modem, other):
        port.script["AT+CPIN?"] = ok("+CPIN: SIM PIN")
        port.script[TRIES] = lambda: ok(f"+CPINR: SIM PIN,{left[0]},3")
        port.script['AT+CPIN="1111"'] = port.script['AT+CPIN="2222"'] = wrong
    ports = tuple(PortSettings(port.path) for port in (modem, other))
    async with driven(Bank(BankSettings(ports, QUICK), listener)) as bank:
        await listener.until(
            lambda: [m.status.state for m in bank.modems] == [ModemState.LOCKED] * 2
        )
        one, two = bank.modems
        faults = await asyncio.gather(refused(one, "1111"), refused(two, "2222"))
    assert {fault for fault, _ in faults} == {PinFault.REFUSED, PinFault.UNSAFE}
    assert left == [1]
    other.unplug()
