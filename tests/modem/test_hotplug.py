"""Ports that come, go and move while the bank runs, and modules with several ports."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState
from modemgw.modem.settings import BankSettings, PortSettings
from modemgw.modem.watch import FolderWatch
from modemgw.simulator.bank import Bank as SimulatedBank
from modemgw.simulator.close_watch import CloseWatch
from modemgw.simulator.options import Options
from modemgw.simulator.port import PtyPort
from tests.modem.conftest import QUICK, driven
from tests.modem.scripted import CRLF, ScriptedModem, ok
from tests.modem.sysfs import SysFs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from modemgw.modem.driver import Driver
    from tests.modem.listening import Listener

# Nothing that happens here is found by looking now and then.
TOLD = replace(QUICK, rescan_anyway_s=60)
READY, ABSENT, NO_SIM = ModemState.READY, ModemState.ABSENT, ModemState.NO_SIM
EC25 = {"00": "ffffff", "01": "ff0000", "02": "ff0000", "03": "ff0000"}
MUTE = ("ATE0", "AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?", "AT+CREG?")
UNKNOWN = {"00": "ff0000", "01": "ff0000"}


class Machine:
    """A /sys and a /dev, with scripted modems or silent ports behind the latter."""

    def __init__(self, root: Path) -> None:
        self.sysfs = SysFs(root / "sys")
        self.dev = root / "dev"
        self.dev.mkdir()

    def settings(self, *patterns: str) -> BankSettings:
        ports = tuple(PortSettings(pattern) for pattern in patterns or (f"{self.dev}/tty*",))
        return BankSettings(ports, TOLD, sysfs=self.sysfs.root, dev=self.dev)

    def module(self, identity: str, interfaces: dict[str, str]) -> list[ScriptedModem]:
        """A module whose every port answers, all with one IMEI and SIM; not plugged yet."""
        return [
            ScriptedModem(self.dev, name) for name in self.sysfs.plug("1-1", identity, interfaces)
        ]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[SimulatedBank]:
    """Two simulated modems, plugged in."""
    bank = SimulatedBank(Options(2, tmp_path / "sim", submit_ms=1, report_ms=1, boot_ms=1))
    bank.power_on()
    yield bank
    bank.close()


def driver_at(bank: Bank, name: str) -> Driver:
    return next(driver for driver in bank.modems if Path(driver.path).name == name)


def states(bank: Bank) -> dict[str, ModemState]:
    return {Path(driver.path).name: driver.status.state for driver in bank.modems}


async def test_changes_of_a_folder_are_told(tmp_path: Path) -> None:
    """Also of one that does not exist yet, and again when it has come and gone."""
    told = asyncio.Event()
    watch = FolderWatch(told.set)
    folder = tmp_path / "serial" / "by-path"

    async def tells_of(change: object) -> None:
        watch.follow([str(folder)])
        told.clear()
        change()  # type: ignore[operator]
        await asyncio.wait_for(told.wait(), 5)

    for _ in range(2):
        await tells_of(folder.parent.mkdir)
        await tells_of(folder.mkdir)
        await tells_of((folder / "modem").touch)
        await tells_of((folder / "modem").unlink)
        await tells_of(folder.rmdir)
        await tells_of(folder.parent.rmdir)
    watch.close()


async def test_a_folder_that_is_not_followed_any_more_tells_nothing(tmp_path: Path) -> None:
    """The set of folders is what was named last."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    told = asyncio.Event()
    watch = FolderWatch(told.set)
    watch.follow([str(one)])
    watch.follow([str(two)])
    await asyncio.sleep(0)
    told.clear()
    (one / "modem").touch()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(told.wait(), 0.1)
    watch.close()


async def test_without_inotify_ports_are_looked_for(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second; a container may have used up what the host allows."""
    monkeypatch.setattr("modemgw.modem.watch._CHANGES", 0)  # the system refuses such a watch
    bank = Bank(BankSettings((PortSettings(f"{tmp_path}/m*"),), TOLD), listener)
    async with driven(bank):
        modem = ScriptedModem(tmp_path, "m1")
        modem.plug()
        await listener.until_state(READY)
        modem.unplug()
        await listener.until_state(ABSENT)


async def test_of_a_module_only_the_at_port_is_opened(machine: Machine, listener: Listener) -> None:
    """Nothing is ever written to its diagnostic and positioning ports."""
    modems = machine.module("2c7c:0125", EC25)
    for modem in modems:
        modem.plug()
    bank = Bank(machine.settings(), listener)
    async with driven(bank):
        await listener.until_state(READY)
        assert states(bank) == {"ttyUSB2": READY}
        assert [Path(spare.path).name for spare in bank.spare] == ["ttyUSB0", "ttyUSB1", "ttyUSB3"]
    assert not [modem for modem in modems if modem.commands and modem is not modems[2]]
    for modem in modems:
        modem.unplug()


async def test_a_module_that_is_plugged_in_settles_first(
    machine: Machine, listener: Listener
) -> None:
    """Its ports come one after the other, the best one last."""
    at, other = machine.module("2c7c:0125", {"02": "ff0000", "03": "ff0000"})
    bank = Bank(replace(machine.settings(), timing=replace(TOLD, settle_s=0.5)), listener)
    async with driven(bank):
        await asyncio.sleep(0)
        other.plug()
        await asyncio.sleep(0.2)
        at.plug()
        await listener.until_state(READY)
        assert states(bank) == {"ttyUSB0": READY}
    assert not other.commands
    at.unplug()
    other.unplug()


async def test_an_unknown_module_is_asked_until_one_port_answers(
    machine: Machine, listener: Listener
) -> None:
    """Its first port is mute, the second takes texts; the first is left alone then."""
    mute, speaking = machine.module("ffff:0001", UNKNOWN)
    mute.script = dict.fromkeys(MUTE, "")
    for modem in (mute, speaking):
        modem.plug()
    bank = Bank(machine.settings("usb:ffff:0001"), listener)
    async with driven(bank):
        await listener.until(lambda: states(bank).get("ttyUSB1") is READY)
        assert driver_at(bank, "ttyUSB0").status.state is ABSENT
        assert "left alone" in driver_at(bank, "ttyUSB0").status.reason
        asked = len(mute.commands)
        assert asked
        speaking.say(f"{CRLF}+CREG: 1{CRLF}")
        await speaking.until(lambda: speaking.commands.count("AT+CREG?") > 1)
        assert len(mute.commands) == asked
    for modem in (mute, speaking):
        modem.unplug()


async def test_a_port_that_takes_no_texts_gives_way_to_one_that_does(
    machine: Machine, listener: Listener
) -> None:
    """It answers AT, as the second ports of many modules do; the reason is told."""
    at, second = machine.module("2c7c:0125", {"02": "ff0000", "03": "ff0000"})
    at.script["AT+CMGF=0"] = f"{CRLF}ERROR{CRLF}"
    at.plug()
    second.plug()
    bank = Bank(machine.settings(), listener)
    async with driven(bank):
        await listener.until(lambda: states(bank).get("ttyUSB1") is READY)
        told = [reason for state, reason in listener.states if state is ABSENT]
        assert any("AT+CMGF=0 was answered by ERROR" in reason for reason in told)
        assert at.commands.count("AT+CMGF=0") >= 4
    at.unplug()
    second.unplug()


async def test_a_module_none_of_whose_ports_answers_is_tried_again(
    machine: Machine, listener: Listener
) -> None:
    """Some are silent for most of a minute after a start."""
    (modem,) = machine.module("ffff:0001", {"00": "ff0000"})
    modem.script["AT+CMGF=0"] = f"{CRLF}ERROR{CRLF}"
    modem.plug()
    bank = Bank(machine.settings(), listener)
    async with driven(bank):
        await listener.until(lambda: bool(bank.spare))
        await listener.until_state(ABSENT)
        del modem.script["AT+CMGF=0"]
        await listener.until_state(READY)
        assert not bank.spare
    modem.unplug()


async def test_a_link_to_a_port_that_is_driven_is_no_second_modem(
    tmp_path: Path, modem: ScriptedModem, listener: Listener
) -> None:
    """A name of its own that turns up late says whose port it leads to."""
    named = tmp_path / "by-path"
    ports = (PortSettings(f"{tmp_path}/modem*"), PortSettings(str(named)))
    bank = Bank(BankSettings(ports, TOLD), listener)
    async with driven(bank):
        await listener.until_state(READY)
        named.symlink_to(os.readlink(modem.path))  # noqa: PTH115 - the device itself
        await listener.until(lambda: "which is driven" in driver_at(bank, "by-path").status.reason)
        assert states(bank) == {"modem0": READY, "by-path": ABSENT}


async def test_a_modem_on_another_port_is_one_modem_and_the_old_port_says_so(
    simulated: SimulatedBank, listener: Listener
) -> None:
    """Renumbered after a reset of its hub: same modem, same line, the settings of its pattern."""
    moving = simulated.modems[0]
    folder = simulated.link(0).parent
    bank = Bank(BankSettings((PortSettings(f"{folder}/modem*"),), TOLD), listener)
    closes = CloseWatch()
    async with driven(bank):
        await listener.until(lambda: list(states(bank).values()) == [READY, READY])
        line = driver_at(bank, "modem000").status.iccid
        moving.unplug()
        await listener.until(lambda: states(bank)["modem000"] is ABSENT)
        moving.plug(PtyPort(folder / "modem007", moving.feed, closes))
        await listener.until(lambda: states(bank).get("modem007") is READY)
        old, new = driver_at(bank, "modem000"), driver_at(bank, "modem007")
        await listener.until(lambda: "modem007 now" in old.status.reason)
        assert (new.status.imei, new.status.iccid) == (moving.imei, line)
        assert (old.status.imei, old.status.iccid) == (None, None)
        assert states(bank) == {"modem000": ABSENT, "modem001": READY, "modem007": READY}
        moving.unplug()
        await listener.until(lambda: states(bank)["modem007"] is ABSENT)
        simulated.replug(0)
        await listener.until(lambda: states(bank)["modem000"] is READY)
        await listener.until(lambda: "modem000 now" in new.status.reason)
    closes.close()


async def test_a_sim_in_another_modem_takes_its_line_there(
    simulated: SimulatedBank, listener: Listener
) -> None:
    """One driver has the line at any time; the modem that lost it says that it has no SIM."""
    giving, taking = simulated.modems
    folder = simulated.link(0).parent
    bank = Bank(BankSettings((PortSettings(f"{folder}/modem*"),), TOLD), listener)
    async with driven(bank):
        await listener.until(lambda: list(states(bank).values()) == [READY, READY])
        first, second = bank.modems
        card, line = giving.sim, first.status.iccid
        assert card is not None
        taking.unplug()
        await listener.until(lambda: second.status.state is ABSENT)
        giving.remove_sim()
        taking.insert_sim(card)
        simulated.replug(1)
        await listener.until(lambda: second.status.state is READY and second.status.iccid == line)
        await listener.until(lambda: first.status.state is NO_SIM)
        giving.insert_sim(simulated.card(0, 1))
        await listener.until(lambda: first.status.state is READY)
        assert first.status.iccid != line


async def test_a_driver_whose_task_ends_is_started_again(
    modem: ScriptedModem, listener: Listener
) -> None:
    """Whatever ended it; the others do not notice."""
    bank = Bank(BankSettings((PortSettings(modem.path),), TOLD), listener)
    async with driven(bank):
        await listener.until_state(READY)
        modem.script["AT+CSQ"] = ok("+CSQ: 31,99")
        bank._tasks[modem.path].cancel()
        (driver,) = bank.modems
        await listener.until(lambda: driver.status.rssi_dbm == -51 and driver.status.state is READY)
