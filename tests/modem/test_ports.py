"""Probes, the bank that finds ports, and what it does about those that do not work."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState
from modemgw.modem.probe import Finding, probe
from modemgw.modem.settings import BankSettings, PortSettings
from tests.modem.conftest import QUICK, Start, driven
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from tests.modem.listening import Listener

MARKERS = ("AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?")


async def test_a_glob_finds_ports_as_they_come(tmp_path: Path, listener: Listener) -> None:
    """What has vanished stays as absent; a second name of a port is not a second modem."""
    bank = Bank(BankSettings((PortSettings(str(tmp_path / "m*")),), QUICK), listener)
    async with driven(bank):
        await asyncio.sleep(0)
        assert not bank.modems
        modem = ScriptedModem(tmp_path, "m1")
        modem.plug()
        await listener.until_state(ModemState.READY)
        (tmp_path / "m2").symlink_to(Path(modem.path).readlink())
        modem.say(f"{CRLF}+CREG: 1{CRLF}")
        await modem.until(lambda: modem.commands.count("AT+CSQ") > 1)
        assert [found.path for found in bank.modems] == [modem.path]
        (tmp_path / "m2").unlink()
        modem.unplug()
        await listener.until_state(ModemState.ABSENT)
        assert len(bank.modems) == 1


async def test_a_driver_that_dies_is_started_again(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A fault of ours in one driver costs a restart of that driver, told to the log."""
    changed = listener.changed

    def fail_once(known: object) -> None:
        listener.changed = changed  # type: ignore[method-assign]
        raise RuntimeError("a bug")

    listener.changed = fail_once  # type: ignore[assignment, method-assign]
    await start()


async def test_a_second_port_of_the_same_modem_is_left_alone(
    tmp_path: Path, modem: ScriptedModem, listener: Listener
) -> None:
    """A module has several ports that answer; the line in it is driven through one."""
    second = ScriptedModem(tmp_path, "modem1")
    second.plug()
    bank = Bank(BankSettings((PortSettings(str(tmp_path / "modem*")),), QUICK), listener)
    async with driven(bank):
        await listener.until(
            lambda: (
                {ModemState.READY, ModemState.ABSENT}
                == {driver.status.state for driver in bank.modems}
            )
        )
        assert any("the same modem as at" in driver.status.reason for driver in bank.modems)
    second.unplug()


async def test_a_modem_that_never_worked_is_not_reset(
    modem: ScriptedModem, listener: Listener
) -> None:
    """It may be another port of one that works."""
    modem.script["AT+CMGF=0"] = f"{CRLF}ERROR{CRLF}"
    timing = replace(QUICK, backoff_limit_s=0.02, listen_s=0.02, drain_s=0.01)
    bank = Bank(BankSettings((PortSettings(modem.path),), timing), listener)
    async with driven(bank):
        await listener.until_state(ModemState.QUARANTINED, 20)
    assert "AT+CFUN=1,1" not in modem.commands


async def test_power_is_cut_by_the_configured_command(
    tmp_path: Path, modem: ScriptedModem, listener: Listener
) -> None:
    """The rung behind the reset, with the port's path in place of {port}; then quarantine."""
    proof = tmp_path / "proof"
    program = f"import sys, pathlib; pathlib.Path('{proof}').write_text(sys.argv[1])"
    command = f'{sys.executable} -c "{program}" {{port}}'
    timing = replace(
        QUICK,
        marker_s=0.02,
        drain_s=0.01,
        listen_s=0.02,
        synchronise_attempts=1,
        backoff_limit_s=0.02,
    )
    settings = PortSettings(modem.path, power_cycle_command=command)
    bank = Bank(BankSettings((settings,), timing), listener)
    async with driven(bank):
        await listener.until_state(ModemState.READY)
        for marker in (*MARKERS, "AT+CREG?"):
            modem.script[marker] = ""
        modem.say(f"{CRLF}+CREG: 2{CRLF}")
        await listener.until_state(ModemState.QUARANTINED, 20)
        assert "failures" in bank.modems[0].status.reason
    assert proof.read_text() == modem.path
    assert "AT+CFUN=1,1" in modem.commands


async def test_a_modem_that_was_dead_from_the_start_gets_its_power_cut(
    tmp_path: Path, modem: ScriptedModem, listener: Listener
) -> None:
    """Nothing else can mend it; but no reset is written to a port of which nothing is known."""
    for marker in MARKERS:
        modem.script[marker] = ""
    proof = tmp_path / "proof"
    timing = replace(
        QUICK,
        marker_s=0.02,
        drain_s=0.01,
        listen_s=0.02,
        synchronise_attempts=1,
        backoff_limit_s=0.02,
    )
    settings = PortSettings(modem.path, power_cycle_command=f"touch {proof}")
    bank = Bank(BankSettings((settings,), timing), listener)
    async with driven(bank):
        await listener.until_state(ModemState.QUARANTINED, 20)
        assert "no answer to AT commands" in bank.modems[0].status.reason
    assert proof.exists()
    assert "AT+CFUN=1,1" not in modem.commands


async def test_a_probe_finds_a_usable_modem(modem: ScriptedModem) -> None:
    """With all that a technician wants to know."""
    found = await probe(PortSettings(modem.path), QUICK)
    assert found.finding is Finding.USABLE
    assert (found.status.imei, found.status.operator) == ("356938030000005", "Testnet")
    assert found.profile is not None
    assert (found.profile.name, found.domain) == ("generic", None)
    assert not [line for line in modem.commands if line.startswith(("AT+CPIN=", "AT+CMGD"))]


@pytest.mark.parametrize(
    ("command", "answer", "finding"),
    [
        ("AT+CPIN?", f"{CRLF}+CME ERROR: 10{CRLF}", Finding.NO_SIM),
        ("AT+CPIN?", ok("+CPIN: SIM PIN"), Finding.LOCKED),
        ("AT+CMGF=0", f"{CRLF}ERROR{CRLF}", Finding.NO_SMS),
        ("AT+CPMS=?", f"{CRLF}ERROR{CRLF}", Finding.NO_SMS),
        ("AT+CSCA?", f"{CRLF}+CMS ERROR: 330{CRLF}", Finding.NOT_READY),
        ("AT+CREG?", ok("+CREG: 0,3"), Finding.DENIED),
        ("AT+CREG?", ok("+CREG: 0,2"), Finding.NOT_REGISTERED),
        ("ATE0", f"{CRLF}ERROR{CRLF}", Finding.NOT_A_MODEM),
    ],
)
async def test_a_probe_says_what_is_missing(
    modem: ScriptedModem, command: str, answer: str, finding: Finding
) -> None:
    """One finding and an advice for each trouble."""
    modem.script[command] = answer
    found = await probe(PortSettings(modem.path), QUICK)
    assert found.finding is finding
    assert found.advice


async def test_a_probe_of_nothing_says_so(tmp_path: Path) -> None:
    """No port, no modem behind it, or one that vanishes."""
    missing = await probe(PortSettings(str(tmp_path / "none")), QUICK)
    assert missing.finding is Finding.MISSING
    master, slave = os.openpty()
    silent = await probe(PortSettings(os.ttyname(slave)), QUICK)
    assert silent.finding is Finding.NOT_A_MODEM
    os.close(master)
    os.close(slave)


async def test_a_probe_of_a_vanishing_port_says_so(modem: ScriptedModem) -> None:
    """Unplugged while it is asked."""
    modem.script["AT+CGSN"] = ""
    probing = asyncio.create_task(probe(PortSettings(modem.path), QUICK))
    await modem.until(lambda: "AT+CGSN" in modem.commands)
    modem.unplug()
    assert (await probing).finding is Finding.LOST
