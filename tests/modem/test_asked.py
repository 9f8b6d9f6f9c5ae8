"""A person has a modem reset, from a rung of the ladder on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState, Outcome, Reset, ResetError
from modemgw.modem.recorder import Direction
from modemgw.modem.recovery import Ladder, Rung
from modemgw.modem.settings import BankSettings, PortSettings
from tests.modem.conftest import QUICK, driven
from tests.modem.listening import Listener, Permit
from tests.modem.scripted import ok

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.modem.driver import Driver
    from tests.modem.conftest import Start
    from tests.modem.scripted import ScriptedModem

PDU, LENGTH = "0001000A91515511111100000141", 13
RESTART = "AT+CFUN=1,1"
# Given up within a second, and left alone for longer than any test lasts.
HOPELESS = replace(QUICK, marker_s=0.02, synchronise_attempts=1, backoff_limit_s=0.01, reset_s=0.02)


def openings(driver: Driver) -> int:
    """How often the port was opened."""
    return sum(entry.direction is Direction.OPENED for entry in driver.recorder.entries)


async def test_a_restart_that_was_asked_for_waits_for_the_answer_to_a_submit(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The part on the air is accepted, none begins behind it, and then the modem restarts."""
    driver = await start()
    modem.script["CTRL-Z"] = ""
    on_air = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    await modem.until(lambda: len(modem.payloads) == 1)
    driver.reset(Reset.RESTART)
    behind = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    for _ in range(50):
        await asyncio.sleep(0)
    assert RESTART not in modem.commands
    modem.say(ok("+CMGS: 9"))
    assert (await on_air).outcome is Outcome.ACCEPTED
    assert (await behind).outcome is Outcome.REFUSED
    await modem.until(lambda: RESTART in modem.commands)
    await listener.until_state(ModemState.READY)
    assert len(modem.payloads) == modem.commands.count(f"AT+CMGS={LENGTH}") == 1
    assert (ModemState.RECOVERING, "restart was asked for") in listener.states
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.UNKNOWN  # as scripted


async def test_an_answer_that_stays_away_does_not_hold_a_reset_for_ever(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The part is in doubt, as it would be without the reset."""
    driver = await start()
    modem.script["CTRL-Z"] = ""
    on_air = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    await modem.until(lambda: len(modem.payloads) == 1)
    driver.reset(Reset.REOPEN)
    assert (await on_air).outcome is Outcome.UNKNOWN
    await listener.until(lambda: (ModemState.RECOVERING, "reopen was asked for") in listener.states)
    await listener.until_state(ModemState.READY)


async def test_resynchronising_and_reopening_do_what_they_say(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The one brings the dialogue into step on the open port, the other opens it anew."""
    driver = await start()
    states, opened = len(listener.states), openings(driver)
    escapes, asked = modem.escapes, modem.commands.count("AT+CREG?")
    driver.reset(Reset.RESYNC)
    with pytest.raises(ResetError, match="under way"):
        driver.reset(Reset.REOPEN)
    await modem.until(lambda: modem.escapes > escapes)
    await modem.until(lambda: modem.commands.count("AT+CREG?") > asked)
    assert [state for state, _ in listener.states[states:]] == []
    assert openings(driver) == opened
    driver.reset(Reset.REOPEN)
    await listener.until(lambda: openings(driver) > opened)
    await listener.until_state(ModemState.READY)
    assert openings(driver) == opened + 1
    assert RESTART not in modem.commands


async def test_a_modem_that_was_left_alone_is_tried_again_when_asked(
    modem: ScriptedModem, listener: Listener
) -> None:
    """Without waiting for the end of its quarantine; resynchronising takes an open port."""
    answer, modem._answer = modem._answer, lambda line: None  # type: ignore[method-assign]
    settings = BankSettings((PortSettings(modem.path),), replace(HOPELESS, quarantine_s=600.0))
    async with driven(Bank(settings, listener)) as bank:
        await listener.until_state(ModemState.QUARANTINED)
        with pytest.raises(ResetError, match="ask for reopen or above"):
            bank.modems[0].reset(Reset.RESYNC)
        modem._answer = answer  # type: ignore[method-assign]
        bank.modems[0].reset(Reset.RESTART)
        await modem.until(lambda: RESTART in modem.commands)
        await listener.until_state(ModemState.READY)


async def test_power_is_cut_when_asked_even_of_a_modem_that_has_gone(
    modem: ScriptedModem, listener: Listener, tmp_path: Path
) -> None:
    """Its port may come back by that; nothing else can be done about one that is not there."""
    proof = tmp_path / "cut"
    port = PortSettings(modem.path, power_cycle_command=f"touch {proof}")
    async with driven(Bank(BankSettings((port,), QUICK), listener)) as bank:
        await listener.until_state(ModemState.READY)
        driver = bank.modems[0]
        driver.reset(Reset.POWER_CYCLE)
        await listener.until(
            lambda: (ModemState.RECOVERING, "cutting its power") in listener.states
        )
        await listener.until_state(ModemState.READY)
        proof.unlink()
        modem.unplug()
        await listener.until_state(ModemState.ABSENT)
        for rung in (Reset.RESYNC, Reset.REOPEN, Reset.RESTART):
            with pytest.raises(ResetError, match="absent"):
                driver.reset(rung)
        told = len(listener.states)
        driver.reset(Reset.POWER_CYCLE)
        await listener.until(lambda: len(listener.states) > told + 1)
        await listener.until_state(ModemState.ABSENT)
        assert proof.exists()
    with pytest.raises(ResetError, match="absent"):  # nobody drives it any more
        driver.reset(Reset.POWER_CYCLE)


async def test_power_that_no_command_can_cut_is_not_promised(start: Start) -> None:
    """The words name the key."""
    driver = await start()
    with pytest.raises(ResetError, match="power_cycle_command"):
        driver.reset(Reset.POWER_CYCLE)
    assert driver.status.state is ModemState.READY


def test_the_ladder_goes_on_from_the_rung_that_was_asked_for() -> None:
    """A restart that does not help is followed by reopenings, then by the power command."""
    ladder = Ladder(QUICK, can_cycle_power=True, random=lambda: 0.5)
    assert ladder.start_at(Rung.RESET).rung is Rung.RESET
    assert [ladder.fail().rung for _ in range(5)] == [Rung.REOPEN] * 4 + [Rung.POWER_CYCLE]
    ladder.start_at(Rung.REOPEN)
    assert [ladder.fail().rung for _ in range(4)] == [Rung.REOPEN] * 3 + [Rung.RESET]
