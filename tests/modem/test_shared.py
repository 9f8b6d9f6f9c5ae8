"""What the modems of a bank share: PINs that are not tried again, and lines that move."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.errors import SamePortError
from modemgw.modem.interface import ModemState
from modemgw.modem.port import is_present
from modemgw.modem.settings import BankSettings, PortSettings
from modemgw.modem.shared import Claims, TriedPins
from modemgw.simulator.bank import Bank as SimulatedBank
from modemgw.simulator.options import Options
from tests.modem.conftest import QUICK, driven
from tests.modem.listening import Listener
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from modemgw.modem.driver import Driver
    from modemgw.modem.interface import Modem
    from tests.modem.conftest import Start

ENTER = 'AT+CPIN="1234"'


@pytest.fixture
async def drive(listener: Listener) -> AsyncIterator[Callable[..., Bank]]:
    """Run a bank on the given ports."""
    tasks: list[asyncio.Task[None]] = []

    def run(*ports: PortSettings, quarantine_s: float = 0.2) -> Bank:
        timing = replace(QUICK, quarantine_s=quarantine_s)
        bank = Bank(BankSettings(ports, timing), listener)
        tasks.append(asyncio.create_task(bank.run()))
        return bank

    yield run
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def lock_sim(modem: ScriptedModem, *, right: bool) -> None:
    """Let the SIM ask for its PIN, and take 1234 or not."""
    modem.script["AT+CPIN?"] = ok("+CPIN: SIM PIN")

    def unlock() -> str:
        modem.script["AT+CPIN?"] = ok("+CPIN: READY")
        return ok()

    modem.script[ENTER] = unlock if right else f"{CRLF}+CME ERROR: 16{CRLF}"


async def test_a_pin_that_was_right_is_entered_after_every_reset(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A modem that lost its power asks for it again."""
    lock_sim(modem, right=True)
    await start(pin="1234")
    modem.unplug()
    await listener.until_state(ModemState.ABSENT)
    lock_sim(modem, right=True)
    modem.plug()
    await listener.until_state(ModemState.READY)
    assert modem.commands.count(ENTER) == 2


async def test_no_pin_is_entered_where_tries_were_used_up_before(
    start: Start, modem: ScriptedModem
) -> None:
    """Three starts with a wrong PIN must not lock the SIM for good."""
    lock_sim(modem, right=True)
    modem.script['AT+CPINR="SIM PIN"'] = ok("+CPINR: SIM PIN,2,3")
    driver = await start(ModemState.LOCKED, pin="1234")
    assert "2 tries are left" in driver.status.reason
    assert ENTER not in modem.commands


@pytest.mark.parametrize(
    ("told", "entered"),
    [
        (ok('+CSIM: 4,"63C3"'), 1),
        (ok('+CSIM: 4,"63c2"'), 0),
        (ok('+CSIM: 4,"6300"'), 0),
        (f"{CRLF}ERROR{CRLF}", 0),
    ],
)
async def test_the_card_itself_is_asked_for_the_tries_left(
    start: Start, modem: ScriptedModem, told: str, entered: int
) -> None:
    """102.221: VERIFY without a PIN. Where nobody tells, the next try might be the last one."""
    lock_sim(modem, right=True)
    modem.script['AT+CPINR="SIM PIN"'] = f"{CRLF}ERROR{CRLF}"
    modem.script['AT+CSIM=10,"0020000100"'] = told
    await start(ModemState.READY if entered else ModemState.LOCKED, pin="1234")
    assert modem.commands.count(ENTER) == entered


async def test_a_pin_may_be_entered_blindly_where_that_is_configured(
    modem: ScriptedModem, listener: Listener, drive: Callable[..., Bank]
) -> None:
    """Once; the operator has taken it upon himself."""
    lock_sim(modem, right=False)
    for question in ('AT+CPINR="SIM PIN"', 'AT+CSIM=10,"0020000100"'):
        modem.script[question] = f"{CRLF}ERROR{CRLF}"
    drive(PortSettings(modem.path, pin="1234", pin_blindly=True))
    await listener.until_state(ModemState.LOCKED)
    asked = modem.commands.count("AT+CPIN?")
    await modem.until(lambda: modem.commands.count("AT+CPIN?") > asked + 2)
    assert modem.commands.count(ENTER) == 1


async def test_a_wrong_pin_uses_up_one_try_however_often_the_daemon_starts(
    tmp_path: Path, listener: Listener
) -> None:
    """The two that are left are a person's."""
    simulated = SimulatedBank(Options(1, tmp_path, boot_ms=1))
    simulated.power_on()
    card = simulated.modems[0].sim
    assert card is not None
    card.set_pin("4321")
    for _ in range(4):
        settings = (PortSettings(str(simulated.link(0)), pin="1234"),)
        async with driven(Bank(BankSettings(settings, QUICK), listener)):
            await listener.until_state(ModemState.LOCKED)
            listener.states.clear()
    assert card.tries == 2
    settings = (PortSettings(str(simulated.link(0)), pin="4321"),)
    async with driven(Bank(BankSettings(settings, QUICK), listener)) as bank:
        await listener.until_state(ModemState.LOCKED)
        assert "2 tries are left" in bank.modems[0].status.reason
        assert card.enter_pin("4321")
        await listener.until_state(ModemState.READY)
    simulated.close()


async def test_a_sim_that_asks_for_its_second_pin_does_texts(
    start: Start, modem: ScriptedModem
) -> None:
    """PIN2 is for fixed dialling and the like."""
    modem.script["AT+CPIN?"] = ok("+CPIN: SIM PIN2")
    await start()


async def test_a_wrong_pin_is_not_tried_again_under_another_name_of_the_port(
    modem: ScriptedModem, listener: Listener, drive: Callable[..., Bank], tmp_path: Path
) -> None:
    """A modem that was reset comes back with another number."""
    lock_sim(modem, right=False)
    drive(PortSettings(str(tmp_path / "modem*"), pin="1234"))
    await listener.until_state(ModemState.LOCKED)
    modem.unplug()
    await listener.until_state(ModemState.ABSENT)
    modem.path = str(tmp_path / "modem1")
    modem.plug()
    await listener.until_state(ModemState.LOCKED)
    assert modem.commands.count(ENTER) == 1


async def test_a_sim_that_moved_works_in_the_other_modem(
    modem: ScriptedModem, listener: Listener, drive: Callable[..., Bank], tmp_path: Path
) -> None:
    """The one that had it did not notice; it is asked again."""
    other = ScriptedModem(tmp_path, "modem1")
    other.script["AT+CGSN"] = ok("356938030000013")
    bank = drive(PortSettings(modem.path), PortSettings(other.path), quarantine_s=60)
    first, second = await _drivers(bank)
    await listener.until(lambda: first.status.state is ModemState.READY)
    modem.script["AT+CPIN?"] = f"{CRLF}+CME ERROR: 10{CRLF}"
    other.plug()
    await listener.until(lambda: second.status.state is ModemState.READY)
    await listener.until(lambda: first.status.state is ModemState.NO_SIM)
    other.unplug()


async def test_a_second_port_of_a_modem_is_left_alone_until_it_is_replugged(
    modem: ScriptedModem, listener: Listener, drive: Callable[..., Bank], tmp_path: Path
) -> None:
    """Same IMEI, same SIM; a quarantine does not outlive the port."""
    other = ScriptedModem(tmp_path, "modem1")
    bank = drive(PortSettings(modem.path), PortSettings(other.path), quarantine_s=60)
    first, second = await _drivers(bank)
    await listener.until(lambda: first.status.state is ModemState.READY)
    other.plug()
    await listener.until(lambda: "the same modem as at" in second.status.reason)
    assert second.status.state is ModemState.ABSENT
    assert second.status.iccid is None
    other.unplug()
    await listener.until(lambda: "unplugged" in second.status.reason)
    assert first.status.state is ModemState.READY


async def test_a_modem_that_restarts_while_it_is_set_up_is_set_up_anew(
    start: Start, modem: ScriptedModem
) -> None:
    """What was set before RDY is forgotten."""
    first = iter([f"{CRLF}RDY{CRLF}" + ok("+CREG: 1,1")])
    modem.script["AT+CLIP=1"] = lambda: next(first, ok())
    await start()
    assert modem.commands.count("AT+CMGF=0") == 2


async def test_a_listener_that_fails_stops_no_modem(
    modem: ScriptedModem, drive: Callable[..., Bank]
) -> None:
    """Whatever `changed` raises is logged."""

    class Failing(Listener):
        def changed(self, modem: Modem) -> None:
            super().changed(modem)
            raise RuntimeError("a fault of the gateway's")

    listener = Failing()
    bank = Bank(BankSettings((PortSettings(modem.path),), QUICK), listener)
    task = asyncio.create_task(bank.run())
    await listener.until_state(ModemState.READY)
    assert ModemState.ABSENT not in listener.told
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_path_that_cannot_even_be_looked_up_is_absent() -> None:
    """Whatever the system says about it, the bank goes on."""
    assert not is_present("/dev/" + "x" * 300)


def test_a_line_moves_only_between_two_imeis_that_differ() -> None:
    """An IMEI that is not known may be the same."""
    claims = Claims()
    moved: list[str] = []
    claims.take("89", "a", "1", lambda: moved.append("a"))
    for imei in ("1", None):
        with pytest.raises(SamePortError):
            claims.take("89", "b", imei, lambda: None)
    claims.take("89", "b", "2", lambda: moved.append("b"))
    assert moved == ["a"]
    claims.take("90", "b", "2", lambda: None)
    claims.take("89", "a", None, lambda: None)
    claims.release("b")
    claims.take("90", "a", "1", lambda: None)
    assert moved == ["a"]


def test_a_pin_is_remembered_until_it_is_proved() -> None:
    """By modem and PIN."""
    pins = TriedPins()
    assert pins.may_enter("1", "1234")
    assert not pins.may_enter("1", "1234")
    assert pins.may_enter("2", "1234")
    pins.proved("1")
    assert pins.may_enter("1", "1234")
    assert pins.was_tried("2", "1234")


async def _drivers(bank: Bank) -> tuple[Driver, ...]:
    """The drivers of a bank that has just been started."""
    while not bank.modems:
        await asyncio.sleep(0)
    return bank.modems
