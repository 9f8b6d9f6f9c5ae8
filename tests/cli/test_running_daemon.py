"""The commands that ask a running daemon: a real one, on simulated modems."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

from tests.cli.commands import COMMAND, environment, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modemgw.cli.demo.stage import Stage

_WAIT_S = 30.0


def _ask(stage: Stage, *arguments: str, key: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command with the daemon's address and a key in its environment."""
    return run(
        *arguments,
        cwd=stage.path,
        MODEMGW_URL=stage.url,
        MODEMGW_KEY=stage.key if key is None else key,
    )


def _until(holds: Callable[[], object], promise: str) -> None:
    end = time.monotonic() + _WAIT_S
    while not holds():
        assert time.monotonic() < end, promise
        time.sleep(0.1)


def test_modems_and_lines_show_the_bank(stage: Stage) -> None:
    """Every modem by port and IMEI, every line by ICCID and number, and in which modem it is."""
    shown = _ask(stage, "modems").stdout
    assert "4 of 4 ready" in shown
    assert "356938030000005" in shown
    assert "dBm" in shown
    lines = json.loads(_ask(stage, "lines", "--json").stdout)
    assert len(lines) == 4
    table = _ask(stage, "lines").stdout
    assert all(line["number"] in table for line in lines)
    assert "modem000" in table.replace("\n", "")
    assert len(json.loads(_ask(stage, "modems", "--json").stdout)) == 4


def test_a_text_that_was_sent_is_listed_masked_unless_asked_for(stage: Stage) -> None:
    """A technician's screen may be seen by others."""
    done = _ask(stage, "send", "+15550300001", "a secret", "--reference", "r7")
    assert done.returncode == 0, done.stderr
    assert "1 part in gsm7" in done.stdout
    shown = _ask(stage, "messages", "--to", "+15550300001").stdout
    assert "a secret" not in shown
    assert "+15550300001" not in shown
    full = _ask(stage, "messages", "--to", "+15550300001", "--full", "--json").stdout
    (message,) = json.loads(full)
    assert (message["text"], message["reference"]) == ("a secret", "r7")


def test_send_once_sends_once_however_often_it_is_tried(stage: Stage) -> None:
    """The key given is the Idempotency-Key."""
    arguments = ("send", "+15550300002", "once", "--once", "order-18", "--json")
    first, second = (json.loads(_ask(stage, *arguments).stdout) for _ in range(2))
    assert first["id"] == second["id"]
    other = _ask(stage, "send", "+15550300002", "other", "--once", "order-18")
    assert other.returncode == 1
    assert "409" in other.stderr


def test_a_refusal_is_said_in_words_that_name_the_field(stage: Stage) -> None:
    """Nobody should have to read a problem document."""
    done = _ask(stage, "send", "nobody", "x")
    assert done.returncode == 1
    assert "422" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_key_and_a_missing_daemon_are_told_apart(stage: Stage) -> None:
    """Each with what to do."""
    wrong = _ask(stage, "modems", key="wrong")
    assert wrong.returncode == 1
    assert "keys create" in wrong.stderr
    nobody = _ask(stage, "modems", "--url", "http://127.0.0.1:1")
    assert nobody.returncode == 1
    assert "modemgw run" in nobody.stderr
    nonsense = _ask(stage, "modems", "--url", "ftp://x")
    assert "no URL" in nonsense.stderr


def test_an_opt_out_by_hand_is_added_checked_listed_and_lifted(stage: Stage) -> None:
    """The agents' way in for those who refuse on the phone."""
    number = "+15550300003"
    assert _ask(stage, "optouts", "check", number).returncode == 0
    assert _ask(stage, "optouts", "add", number, "--reason", "by phone").returncode == 0
    assert _ask(stage, "optouts", "check", number).returncode == 1
    assert number in _ask(stage, "optouts", "list").stdout
    assert number in [
        json.loads(line)["number"]
        for line in _ask(stage, "optouts", "list", "--json").stdout.splitlines()
    ]
    refused = _ask(stage, "send", number, "hello?")
    assert "opted out" in refused.stderr
    assert _ask(stage, "optouts", "remove", number, "--reason", "form 7").returncode == 0
    assert _ask(stage, "optouts", "check", number).returncode == 0


def test_tail_goes_on_behind_an_event_and_masks(stage: Stage) -> None:
    """What came while nobody watched is caught up with."""
    for text in ("first", "how are you?"):
        stage.control("inject", modem=3, **{"from": "+15550300004", "text": text})
    _until(lambda: len(stage.hook.texts("+15550300004")) == 2, "the webhook knows both texts")
    first = next(event for event in stage.hook.events() if event["data"].get("text") == "first")
    process = subprocess.Popen(
        (COMMAND, "tail", "--types", "message.received", "--after", first["id"]),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(MODEMGW_URL=stage.url, MODEMGW_KEY=stage.key),
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
    assert "message.received" in line
    assert "[12 characters]" in line
    assert "+15550300004" not in line


def test_a_recording_is_shown_saved_and_replayed(stage: Stage, tmp_path: Path) -> None:
    """Masked unless asked for; what was saved replays without a departure."""
    stage.control("inject", modem=2, **{"from": "+15550300007", "text": "for the record"})
    _until(lambda: stage.hook.texts("+15550300007"), "the text has come in")
    shown = _ask(stage, "recording", "show", "modem002").stdout
    assert "> AT+CMGR=" in shown
    assert "# ready" in shown
    file = tmp_path / "modem002.jsonl"
    for full in (False, True):
        options = ("--full",) if full else ()
        assert _ask(stage, "recording", "save", "modem002", str(file), *options).returncode == 0
        assert ("5155300000" in file.read_text()) is full  # +15550300007, half octets swapped
        played = run("recording", "replay", "--quiet", str(file), cwd=tmp_path)
        assert played.returncode == 0, played.stdout
        assert "0 departures" in played.stdout
    assert _ask(stage, "recording", "show", "modem0").returncode == 1


def test_a_recording_that_would_go_otherwise_today_is_a_departure(tmp_path: Path) -> None:
    """With the events noted in it a recording is a test; no daemon is needed for it."""
    file = tmp_path / "one.jsonl"
    entries = [
        {"recording": 1},
        {"t": 0, "dir": "|"},
        {"t": 0.1, "dir": ">", "data": "AT+CMEE?\r"},
        {"t": 0.2, "dir": "<", "data": "\r\n+CMEE: 1\r\n\r\nOK\r\n"},
    ]
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert run("recording", "replay", "--note-events", str(file), cwd=tmp_path).returncode == 0
    assert "answer to AT+CMEE?" in file.read_text()
    file.write_text(file.read_text().replace("| OK", "| ERROR"))
    done = run("recording", "replay", str(file), cwd=tmp_path)
    assert done.returncode == 1
    assert "≠" in done.stdout
    file.write_text("nonsense")
    assert "line 1" in run("recording", "replay", str(file), cwd=tmp_path).stderr


def test_ussd_goes_through_a_menu_and_says_what_the_network_says(stage: Stage) -> None:
    """Answers are given beforehand where nobody is at the keyboard; a bad end has status 1."""
    done = _ask(stage, "ussd", "modem001", "*100#")
    assert (done.returncode, done.stdout) == (0, "Your balance is 5.00\n"), done.stderr
    done = _ask(stage, "ussd", "modem001", "*101#", "--answer", "1", "--answer", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Shop"
    assert done.stdout.splitlines()[-1] == "Done: 1 GB"
    left = _ask(stage, "ussd", "modem001", "*101#", "--json")
    assert json.loads(left.stdout)["state"] == "answer_wanted"
    again = _ask(stage, "ussd", "modem001", "*100#", "--json")
    assert json.loads(again.stdout)["outcome"] == "done"
    unknown = _ask(stage, "ussd", "modem001", "*999#")
    assert unknown.returncode == 1
    assert "not_supported" in unknown.stderr
    assert _ask(stage, "ussd", "modem001", "nonsense").returncode == 1
    events = _ask(stage, "ussd", "nobody", "*100#")
    assert "modem001" in events.stderr


def test_doctor_knows_that_the_daemon_drives_the_ports(stage: Stage) -> None:
    """A busy port is no fault when it is ours."""
    done = _ask(stage, "doctor", "--config", str(stage.config))
    assert done.returncode == 0, done.stdout
    assert "a daemon runs" in done.stdout
    assert done.stdout.count("the daemon drives it") == 4
    alone = run("doctor", str(stage.bank / "modem000"), cwd=stage.bank)
    assert alone.returncode == 1
    assert "is held by process" in alone.stdout


def test_keys_can_be_made_and_revoked_while_the_daemon_runs(stage: Stage) -> None:
    """It learns of both within a few seconds."""
    key = _ask(stage, "keys", "create", "--name", "t", "--config", str(stage.config)).stdout.strip()
    _until(lambda: _ask(stage, "lines", key=key).returncode == 0, "the new key is known")
    assert _ask(stage, "keys", "revoke", "t", "--config", str(stage.config)).returncode == 0
    _until(lambda: _ask(stage, "lines", key=key).returncode == 1, "the revoked key is refused")


def test_the_judge_agrees_with_the_daemon(stage: Stage) -> None:
    """Journal and API tell the same story."""
    journal = str(stage.bank / "journal.jsonl")
    done = _ask(stage, "judge", "--journal", journal, "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["doubled"] == 0
    assert "accepted by the API" in _ask(stage, "judge", "--journal", journal).stdout


def test_ctl_reaches_the_simulator_and_says_when_it_does_not(stage: Stage) -> None:
    """Answers come as JSON, refusals with exit status 1."""
    done = _ask(stage, "ctl", "--dir", str(stage.bank), '{"cmd": "stats"}')
    assert json.loads(done.stdout)["ok"] is True
    done = _ask(stage, "ctl", "--dir", str(stage.bank), '{"cmd": "dance"}')
    assert done.returncode == 1
    done = _ask(stage, "ctl", "--dir", str(stage.path), '{"cmd": "stats"}')
    assert "modemgw simulate" in done.stderr
