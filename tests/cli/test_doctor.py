"""`modemgw doctor` and `probe`: each thing that can be wrong, found on real ports."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.cli import checks
from modemgw.cli.options import database
from modemgw.config import Config
from modemgw.modem.discovery import Spare
from modemgw.modem.settings import PortSettings
from modemgw.store import lines
from tests.cli.bank import simulated_bank
from tests.cli.commands import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.bank import Bank


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """Five modems, of which each has something else the matter."""
    with simulated_bank(tmp_path_factory.mktemp("bank"), modems=5) as running:
        running.control(cmd="sim", modem=1, action="remove")
        running.control(cmd="sim", modem=2, action="pin", pin="1234")
        running.control(cmd="registration", modem=3, stat=2)
        running.control(cmd="registration", modem=4, stat=3)
        yield running


def _doctor(cwd: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = run("doctor", "--json", *arguments, cwd=cwd)
    return done.returncode, {item["subject"]: item for item in json.loads(done.stdout)}


def test_each_modem_is_found_with_what_is_the_matter(bank: Bank, tmp_path: Path) -> None:
    """And with what to do about it."""
    status, found = _doctor(tmp_path, str(bank.path / "modem*"))
    assert status == 1
    modems = [found[str(bank.path / f"modem00{index}")] for index in range(5)]
    assert [modem["finding"] for modem in modems] == [
        *("usable", "no_sim", "locked", "not_registered", "denied"),
    ]
    assert "give its pin" in modems[2]["words"]
    assert modems[0]["modem"]["iccid"]
    assert [modem["level"] for modem in modems] == ["ok", *["fault"] * 4]


def test_probe_tells_what_a_port_is(bank: Bank, tmp_path: Path) -> None:
    """Modem, SIM, number, operator and signal, in one line."""
    done = run("probe", str(bank.path / "modem000"), cwd=tmp_path)
    assert done.returncode == 0
    assert "IMEI 356938030000005" in done.stdout
    assert "dBm" in done.stdout
    assert "profile quectel-ec25, supported, texts by circuit" in done.stdout
    assert 'AT+QCFG="ims",2: IMS off' in done.stdout
    assert run("probe", str(bank.path / "modem001"), cwd=tmp_path).returncode == 1


def test_a_program_that_reads_from_a_port_without_a_lock_is_named(
    bank: Bank, tmp_path: Path
) -> None:
    """It takes answers away from us, and nothing but /proc shows it."""
    port = str(bank.path / "modem000")
    code = (
        f"import os, sys; os.open({port!r}, os.O_RDWR | os.O_NOCTTY); "
        "print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        status, found = _doctor(tmp_path, port)
        assert status == 1
        assert f"process {reader.pid} " in found[port]["words"]
        reader.communicate()


def test_sims_that_are_expected_and_not_seen_are_named(bank: Bank, tmp_path: Path) -> None:
    """Among those of the configuration's ports; one that is retired is not missed."""
    _, found = _doctor(tmp_path, str(bank.path / "modem000"))
    here = found[str(bank.path / "modem000")]["modem"]["iccid"]
    gone, old = "8949020000000000019", "8949020000000000027"
    config = tmp_path / "modemgw.toml"
    ports = (
        f'database_url = "sqlite:///{tmp_path}/x.db"\n[modems]\nports = ["{bank.path}/modem000"]\n'
    )
    config.write_text(f'{ports}[lines]\nexpected = ["{here}", "{gone}"]\n')
    _, found = _doctor(tmp_path)
    assert found["expected lines"]["level"] == "warning"
    assert f"1 of 2, missing: {gone}" in found["expected lines"]["words"]
    with database(config) as connection:
        line = lines.see_line(connection, old, 1.0)
        lines.change_line(connection, line.id, retired_at=2.0)
    config.write_text(f'{ports}[lines]\nexpected = ["{here}", "{old}"]\n')
    _, found = _doctor(tmp_path)
    assert found["expected lines"]["words"] == "1 of 1"


def test_ports_that_are_none_are_named(tmp_path: Path) -> None:
    """Missing, no serial port, a pattern without a match."""
    plain = tmp_path / "plain"
    plain.touch()
    status, found = _doctor(tmp_path, "/dev/ttyNONE", str(plain), str(tmp_path / "no*match"))
    assert status == 1
    assert found["/dev/ttyNONE"]["finding"] == "missing"
    assert found[str(plain)]["finding"] == "not_a_tty"
    assert "no port matches" in found[str(tmp_path / "no*match")]["words"]


def test_without_any_port_the_doctor_says_where_to_name_one(tmp_path: Path) -> None:
    """An empty configuration is not a healthy one."""
    status, found = _doctor(tmp_path)
    assert status == 1
    assert "[modems]" in found["modems"]["words"]


def test_a_whole_configuration_is_looked_at(bank: Bank, tmp_path: Path) -> None:
    """Database, API address, ports; the same port is asked once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "modemgw.toml").write_text(
        f'database_url = "sqlite:///{tmp_path}/db"\n[api]\nlisten = "127.0.0.1:{port}"\n'
        f'[modems]\nports = ["{bank.path}/modem00[0]", "{bank.path}/modem000"]\n'
        f'[[modems.port]]\npath = "{bank.path}/modem000"\nbaudrate = 9600\n'
    )
    status, found = _doctor(tmp_path)
    assert status == 0, found
    assert "no daemon runs" in found["database"]["words"]
    assert "free" in found[f"API 127.0.0.1:{port}"]["words"]
    assert len([name for name in found if "modem000" in name]) == 1


def test_a_database_that_cannot_be_opened_is_a_fault(tmp_path: Path) -> None:
    """In words, and the rest is looked at all the same."""
    (tmp_path / "modemgw.toml").write_text(f'database_url = "sqlite:///{tmp_path}/no/db"\n')
    status, found = _doctor(tmp_path, "/dev/ttyNONE")
    assert status == 1
    assert found["database"]["level"] == "fault"
    assert "/dev/ttyNONE" in found


def _listener(answer: bytes) -> tuple[int, Callable[[], None]]:
    """A program that answers each connection with these bytes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1], lambda: server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answer", [b"SSH-2.0-none\r\n", b"HTTP/1.1 404 Not Found\r\n\r\n"])
def test_another_program_on_the_address_of_the_api_is_a_fault(answer: bytes) -> None:
    """Whether or not it speaks HTTP."""
    port, close = _listener(answer)
    config = Config(api={"listen": [f"127.0.0.1:{port}"]})
    (without,) = checks.api(config, running=False)
    (beside,) = checks.api(config, running=True)
    close()
    assert (without.level, beside.level) == ("fault", "fault")
    assert "another program" in without.words
    assert "does not answer" in beside.words


def test_modem_manager_is_pointed_out(tmp_path: Path) -> None:
    """By the name of its process; others are left alone."""
    for pid, name in (("17", "bash"), ("18", "ModemManager")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "comm").write_text(name + "\n")
    (found,) = checks.modem_manager(tmp_path)
    assert found.level == "warning"
    (tmp_path / "18" / "comm").unlink()
    assert list(checks.modem_manager(tmp_path)) == []


async def test_the_other_ports_of_a_module_are_shown_and_not_touched() -> None:
    """They are no fault."""
    spare = Spare("/dev/ttyUSB0", "left alone: another port of the Quectel EC25", is_known=True)
    (found,) = await checks.modems([spare], running=False)
    assert (found.subject, found.level) == ("/dev/ttyUSB0", "ok")
    assert "left alone" in found.words


def test_patterns_stand_for_the_ports_that_match(tmp_path: Path) -> None:
    """Each with its entry's settings; one that matches nothing stays, to be told of."""
    (tmp_path / "modem0").touch()
    config = Config.model_validate(
        {
            "modems": {
                "ports": [f"{tmp_path}/none*", "usb:ffff:ffff"],
                "port": [{"path": f"{tmp_path}/modem*", "baudrate": 9600, "xonxoff": True}],
            }
        }
    )
    assert list(checks.entries(config, [])) == [
        PortSettings(f"{tmp_path}/modem0", baudrate=9600, xonxoff=True),
        PortSettings(f"{tmp_path}/none*"),
        PortSettings("usb:ffff:ffff"),
    ]
    assert list(checks.entries(config, ["/dev/other"])) == [PortSettings("/dev/other")]


async def test_a_terminal_server_that_is_not_there_is_unreachable() -> None:
    """A pyserial URL is a port like any other."""
    (found,) = await checks.modems([PortSettings("socket://127.0.0.1:1")], running=False)
    assert found.level == "fault"
    assert "terminal server" in found.words
