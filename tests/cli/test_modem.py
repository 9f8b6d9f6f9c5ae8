"""`modemgw modem`, against a running daemon on simulated modems."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.cli.commands import run
from tests.cli.test_running_daemon import _ask, _until

if TYPE_CHECKING:
    import subprocess

    from modemgw.cli.demo.stage import Stage

NAME, NUMBER = "modem003", 3
RIGHT, WRONG = "83920417", "83920418"


def _state(stage: Stage) -> str:
    found: dict[str, Any] = json.loads(_ask(stage, "modem", "show", NAME, "--json").stdout)
    return str(found["state"])


def _give(stage: Stage, pin: str) -> subprocess.CompletedProcess[str]:
    """A PIN on standard input."""
    variables = {"MODEMGW_URL": stage.url, "MODEMGW_KEY": stage.key}
    done = run("modem", "pin", NAME, cwd=stage.path, stdin=f"{pin}\n", **variables)
    assert pin not in done.stdout + done.stderr
    return done


def test_a_modem_is_shown_paused_and_resumed(stage: Stage) -> None:
    """The reason is shown, also in the list of all modems."""
    shown = _ask(stage, "modem", "show", NAME).stdout
    assert "ready" in shown
    assert "dBm" in shown
    said = _ask(stage, "modem", "pause", NAME, "--reason", "a new aerial").stdout
    assert "paused        a new aerial" in said
    assert "a new aerial" in _ask(stage, "modems").stdout
    assert "a new aerial" not in _ask(stage, "modem", "resume", NAME).stdout
    unknown = _ask(stage, "modem", "pause", "nowhere")
    assert (unknown.returncode, NAME in unknown.stderr) == (1, True)


def test_a_reset_leads_to_a_locked_sim_and_a_pin_opens_it(stage: Stage) -> None:
    """The way of a technician: reset, look at the history, give the PIN; never as an argument."""
    refused = _ask(stage, "modem", "reset", NAME, "--rung", "power_cycle")
    assert (refused.returncode, "power_cycle_command" in refused.stderr) == (1, True)
    stage.control("sim", modem=NUMBER, action="pin", pin=RIGHT)
    assert "reopen begins" in _ask(stage, "modem", "reset", NAME, "--rung", "reopen").stdout
    _until(lambda: _state(stage) == "locked", "its SIM asks for the PIN")
    kept = json.loads(_ask(stage, "modem", "history", NAME, "--limit", "9", "--json").stdout)
    assert "reopen was asked for" in [item["reason"] for item in kept]
    assert "recovering" in _ask(stage, "modem", "history", NAME).stdout
    assert "nothing was entered" in _give(stage, "12a4").stderr
    assert "2 tries are left" in _give(stage, WRONG).stderr
    assert _give(stage, RIGHT).returncode == 0
    _until(lambda: _state(stage) == "ready", "the PIN opens it")
    assert _ask(stage, "modem", "pin", NAME, RIGHT).returncode == 2
    stage.control("sim", modem=NUMBER, action="pin", pin="")
