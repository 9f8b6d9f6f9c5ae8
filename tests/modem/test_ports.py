"""Ports over the network, ports that cannot be had, probes, and the bank that finds ports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.errors import PortError, PortFault
from modemgw.modem.interface import ModemState, Outcome
from modemgw.modem.port import PortEvents, open_port
from modemgw.modem.probe import Finding, probe
from modemgw.modem.settings import BankSettings, PortSettings
from modemgw.modem.tty import _busy
from tests.modem.conftest import QUICK, Start
from tests.modem.listening import Listener, Permit
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PDU = "0011000B915155500100F00000AA05E8329BFD06"


@contextlib.asynccontextmanager
async def served(modem: ScriptedModem, greeting: bytes = b"") -> AsyncIterator[int]:
    """A device server that puts the modem's tty on a TCP port of this machine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        descriptor = os.open(modem.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, lambda: writer.write(os.read(descriptor, 4096)))
        writer.write(greeting)
        while data := await reader.read(4096):
            if greeting:
                _, _, data = data.rpartition(b"\xff\xf0")
            os.write(descriptor, data)
        loop.remove_reader(descriptor)
        os.close(descriptor)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@contextlib.asynccontextmanager
async def driven(bank: Bank) -> AsyncIterator[None]:
    """A bank at work."""
    task = asyncio.create_task(bank.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(("scheme", "greeting"), [("socket", b""), ("rfc2217", b"\xff\xfd\x18")])
async def test_a_modem_behind_a_device_server_sends(
    modem: ScriptedModem, listener: Listener, scheme: str, greeting: bytes
) -> None:
    """`socket://` and `rfc2217://` are ports like any other."""
    async with served(modem, greeting) as number:
        url = f"{scheme}://127.0.0.1:{number}"
        bank = Bank(BankSettings((PortSettings(url),), QUICK), listener)
        async with driven(bank):
            await listener.until_state(ModemState.READY)
            result = await bank.modems[0].submit(PDU, 19, Permit())
    assert result.outcome is Outcome.ACCEPTED
    assert modem.payloads == [PDU]


async def test_a_device_server_that_is_away_is_waited_for(listener: Listener) -> None:
    """Unreachable, with the reason; no ladder of resets."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"socket://127.0.0.1:{unused.getsockname()[1]}"
        bank = Bank(BankSettings((PortSettings(url),), QUICK), listener)
        async with driven(bank):
            await listener.until_state(ModemState.RECOVERING)
            await listener.until(lambda: len(listener.states) > 6)
    assert "is the device server up" in bank.modems[0].status.reason


@pytest.mark.parametrize("url", ["socket://nohost", "http://127.0.0.1:80", "socket://:7"])
async def test_a_url_that_leads_nowhere_says_how_to_write_one(url: str) -> None:
    """For the person who writes the configuration."""
    with pytest.raises(PortError, match="write socket://host:port"):
        await open_port(url, PortSettings(url), QUICK)


async def test_what_is_no_serial_port_is_refused(tmp_path: Path) -> None:
    """A file, a speed that there is none of, a path that leads nowhere."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PortError) as caught:
        await open_port(str(file), PortSettings(str(file)), QUICK)
    assert caught.value.fault is PortFault.NOT_A_TTY
    with pytest.raises(PortError) as caught:
        await open_port(str(tmp_path / "none"), PortSettings("none"), QUICK)
    assert caught.value.fault is PortFault.MISSING


async def test_an_odd_speed_is_refused(modem: ScriptedModem) -> None:
    """Only the speeds that a serial port has."""
    with pytest.raises(PortError, match="no speed"):
        await open_port(modem.path, PortSettings(modem.path, baudrate=12345), QUICK)


async def test_a_port_is_ours_alone(modem: ScriptedModem) -> None:
    """A second opening is busy, until the first is closed."""
    settings = PortSettings(modem.path, rtscts=True)
    port = await open_port(modem.path, settings, QUICK)
    with pytest.raises(PortError) as caught:
        await open_port(modem.path, settings, QUICK)
    assert caught.value.fault is PortFault.BUSY
    await port.close()
    await (await open_port(modem.path, settings, QUICK)).close()


def test_a_busy_port_names_who_locked_it() -> None:
    """Not the program at the far end of a pty, which has it open, too."""
    master, slave = os.openpty()
    path = os.ttyname(slave)
    code = "import fcntl, time\nfcntl.flock(0, fcntl.LOCK_EX)\nprint(flush=True)\ntime.sleep(60)"
    with (
        subprocess.Popen(["sleep", "60"], stdin=slave) as far_end,
        Path(path).open("r+b", buffering=0) as tty,
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=tty,
            stdout=subprocess.PIPE,
        ) as holder,
    ):
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            assert f"process {holder.pid} " in str(_busy(path))
        finally:
            holder.kill()
            far_end.kill()
    os.close(master)
    os.close(slave)


async def test_a_modem_that_stops_reading_is_given_up() -> None:
    """A full buffer that nobody empties counts as a lost port after the time limit."""
    master, slave = os.openpty()
    path = os.ttyname(slave)
    port = await open_port(path, PortSettings(path), QUICK)
    lost: asyncio.Future[PortError] = asyncio.get_running_loop().create_future()
    port.listen(PortEvents(lambda _: None, lost.set_result))
    port.write(b"x" * 200_000)
    port.write(b"y")
    error = await asyncio.wait_for(lost, 5)
    assert "takes no bytes" in str(error)
    await port.close()
    os.close(master)
    os.close(slave)


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
                {ModemState.READY, ModemState.QUARANTINED}
                == {driver.status.state for driver in bank.modems}
            )
        )
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
        for marker in ("AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?", "AT+CREG?"):
            modem.script[marker] = ""
        modem.say(f"{CRLF}+CREG: 2{CRLF}")
        await listener.until_state(ModemState.QUARANTINED, 20)
        assert "failures" in bank.modems[0].status.reason
    assert proof.read_text() == modem.path
    assert "AT+CFUN=1,1" in modem.commands


async def test_a_probe_finds_a_usable_modem(modem: ScriptedModem) -> None:
    """With all that a technician wants to know."""
    found = await probe(PortSettings(modem.path), QUICK)
    assert found.finding is Finding.USABLE
    assert (found.status.imei, found.status.operator) == ("356938030000005", "Testnet")
    assert not [line for line in modem.commands if line.startswith(("AT+CPIN=", "AT+CMGD"))]


@pytest.mark.parametrize(
    ("command", "answer", "finding"),
    [
        ("AT+CPIN?", f"{CRLF}+CME ERROR: 10{CRLF}", Finding.NO_SIM),
        ("AT+CPIN?", ok("+CPIN: SIM PIN"), Finding.LOCKED),
        ("AT+CMGF=0", f"{CRLF}ERROR{CRLF}", Finding.NO_SMS),
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
