"""The command itself: help, version, exit statuses."""

from __future__ import annotations

import importlib.metadata
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.commands import COMMAND, environment, run, run_installed

if TYPE_CHECKING:
    from pathlib import Path

_COMMANDS = (
    ("run",),
    ("simulate",),
    ("demo",),
    ("judge",),
    ("modems",),
    ("lines",),
    ("send",),
    ("messages",),
    ("tail",),
    ("doctor",),
    ("probe",),
    ("keys", "create"),
    ("keys", "list"),
    ("keys", "revoke"),
    ("optouts", "classify"),
    ("optouts", "import"),
    ("consents", "add"),
    ("config", "check"),
    ("pdu", "decode"),
)


@pytest.mark.parametrize("command", _COMMANDS, ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    """A sentence stands between the usage and the options."""
    done = run(*command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"Usage: modemgw {' '.join(command)}" in done.stdout
    assert "." in done.stdout.split("Usage:")[1].split("╭")[0]


def test_help_names_every_command(tmp_path: Path) -> None:
    """Who types `--help` finds everything."""
    shown = run_installed("--help", cwd=tmp_path).stdout
    assert all(command[0] in shown for command in _COMMANDS)


def test_help_loads_neither_daemon_nor_simulator_nor_database() -> None:
    """A technician's `--help` must not wait for what it does not need."""
    script = (
        "import sys; import modemgw.cli.main;"
        "heavy = {'modemgw.daemon', 'modemgw.simulator', 'sqlalchemy', 'aiohttp', 'alembic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        (sys.executable, "-c", script), capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "[]"


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    """One version, everywhere."""
    shown = run("--version", cwd=tmp_path).stdout
    assert shown.strip() == f"modemgw {importlib.metadata.version('modemgw')}"


def test_a_bad_configuration_ends_run_with_two_and_names_the_key(tmp_path: Path) -> None:
    """systemd must not restart what cannot start."""
    (tmp_path / "bad.toml").write_text('[api]\nlissten = "127.0.0.1:1"\n')
    done = run_installed("run", "--config", "bad.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "lissten" in done.stderr


def test_simulate_says_when_it_is_ready_and_ends_on_sigterm(tmp_path: Path) -> None:
    """The links stand when the line is printed, and go with the process."""
    bank = tmp_path / "bank"
    process = subprocess.Popen(
        (COMMAND, "simulate", "--modems", "2", "--dir", str(bank)),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    with process.stdout as lines:
        assert lines.readline() == "simulator ready\n"
        assert all((bank / name).exists() for name in ("modem000", "modem001", "control.sock"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_simulate_refuses_a_maker_that_it_does_not_know(tmp_path: Path) -> None:
    """The words name those that there are."""
    done = run("simulate", "--dir", str(tmp_path), "--profile", "acme", cwd=tmp_path)
    assert done.returncode == 2
    assert "quectel-ec25" in done.stderr
