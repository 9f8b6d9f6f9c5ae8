"""`modemgw simulate` and its `ctl`: a bank as a technician starts it and tells it what to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.cli.bank import Bank, simulated_bank
from tests.cli.commands import COMMAND, environment, run, run_installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """Two modems."""
    with simulated_bank(tmp_path_factory.mktemp("bank"), modems=2) as bank:
        yield bank


def ctl(bank: Bank, *words: str) -> tuple[int, str, str]:
    """Status, output and errors of a `ctl`."""
    done = run("simulate", "ctl", "--dir", str(bank.path), *words, cwd=bank.path)
    return done.returncode, done.stdout, done.stderr


def test_help_lists_the_commands_of_the_socket(tmp_path: Path) -> None:
    """From its own table, each with a sentence; and the fields of each with it."""
    shown = run("simulate", "ctl", "--help", cwd=tmp_path).stdout
    for name in ("inject", "phone", "limit", "outage", "fault", "journal", "stats"):
        assert f" {name} " in shown
    assert "A cell goes dark" in shown
    phone = run("simulate", "ctl", "phone", "--help", cwd=tmp_path)
    assert phone.returncode == 0
    assert "\n  stop_after: says stop_text" in phone.stdout


def test_a_command_is_done_and_answered(bank: Bank) -> None:
    """As lines for people, as a table where there are several, as JSON for programs."""
    assert ctl(bank, "signal", "modem=1", "rssi=9") == (0, "done\n", "")
    assert ctl(bank, "phone", "number=+15550001001", "answer=1", "answer_after=10ms") == (
        0,
        "number: +15550001001\nstate: on\n",
        "",
    )
    status, shown, _ = ctl(bank, "phones")
    assert status == 0
    assert "│ +15550001001 │ on" in shown
    status, shown, _ = ctl(bank, "stats", "--json")
    assert [modem["modem"] for modem in json.loads(shown)["modems"]] == [0, 1]
    _, shown, _ = ctl(bank, "stats")
    assert "modem=1 port=" in shown
    sent = run(
        *("simulate", "--dir", str(bank.path), "ctl", "inject", "modem=0", "from=+15550001001"),
        *("text=42", "--json"),
        cwd=bank.path,
    )
    assert json.loads(sent.stdout)["parts"] == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("signal", "rssi=99x"), 1, "signal: rssi: a number from 0 to 99"),
        (("signal", "rsi=9", "rssi=9"), 1, "did you mean rssi?"),
        (("signal", "rssi"), 2, "FIELD=VALUE"),
        (("signal", "rssi=1", "rssi=2"), 2, "twice"),
        (("explode",), 2, "explode"),
        (("unplug", "modem=7"), 1, "modem: a number from 0 to 1"),
    ],
)
def test_what_does_not_fit_is_said_and_ends_with_its_status(
    bank: Bank, words: tuple[str, ...], status: int, said: str
) -> None:
    """1 where the bank refuses it, 2 where it was typed wrongly."""
    returned, _, errors = ctl(bank, *words)
    assert returned == status
    assert said in errors


def test_without_a_bank_it_says_how_to_start_one(tmp_path: Path) -> None:
    """With the path where it looked: the folder `bank`, if nothing else is said."""
    done = run_installed("simulate", "ctl", "stats", cwd=tmp_path)
    assert done.returncode == 1
    assert "bank/control.sock" in done.stderr
    assert "modemgw simulate" in done.stderr
    done = run_installed("simulate", "ctl", "journal", cwd=tmp_path)
    assert done.returncode == 1
    assert "bank/journal.jsonl" in done.stderr


def test_the_journal_is_shown_by_modem_and_event(bank: Bank) -> None:
    """For people or line by line as it is."""
    ctl(bank, "unplug", "modem=1")
    ctl(bank, "replug", "modem=1")
    _, shown, _ = ctl(bank, "journal", "--event", "power", "--modem", "1")
    assert "state=unplugged" in shown
    assert " control " not in shown
    _, shown, _ = ctl(bank, "journal", "--event", "start", "--event", "control", "--json")
    rows = [json.loads(line) for line in shown.splitlines()]
    assert {row["event"] for row in rows} == {"start", "control"}


def test_the_journal_is_followed_until_somebody_has_seen_enough(bank: Bank) -> None:
    """What happens meanwhile is shown at once."""
    with subprocess.Popen(
        (COMMAND, "simulate", "ctl", "--dir", str(bank.path), "journal", "--follow", "--json"),
        env=environment(),
        # Whoever runs the tests in the background has it ignored, and so would the command.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["event"] == "start"
        bank.control(cmd="signal", rssi=17)
        seen: dict[str, object] = {}
        while seen.get("fields") != {"rssi": 17}:
            seen = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_a_reader_that_goes_away_ends_it(bank: Bank) -> None:
    """As `journal | head -1` does."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        (COMMAND, "simulate", "ctl", "--dir", str(bank.path), "journal", "-f"),
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(writing)
        os.read(reading, 10)
        os.close(reading)
        bank.control(cmd="signal", rssi=18)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_scenario_that_makes_no_sense_starts_nothing(tmp_path: Path) -> None:
    """With exit status 2, the file and the field."""
    (tmp_path / "s.toml").write_text("[bank]\nmodem = 1\n")
    done = run_installed("simulate", "--scenario", "s.toml", cwd=tmp_path, COLUMNS="200")
    assert done.returncode == 2
    assert "bank.modem: there is no such field; did you mean modems?" in done.stderr
    assert not (tmp_path / "bank").exists()
