"""Sending to everybody in a CSV file: once, however often it is tried."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from tests.cli.commands import COMMAND, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.cli.demo.stage import Stage

_WAIT_S = 60.0
_LATER = ("--send-at", "2026-12-31T08:00:00Z")


def _import(stage: Stage, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ("import", str(path), *arguments)
    return run(*command, cwd=path.parent, MODEMGW_URL=stage.url, MODEMGW_KEY=stage.key)


def _batch(stage: Stage, name: str) -> list[dict[str, Any]]:
    found = stage.client.items("/v1/messages", direction="outbound", limit=1000)
    return [dict(item) for item in found if item["metadata"].get("batch") == name]


def test_each_row_gets_its_text_once(stage: Stage, tmp_path: Path) -> None:
    """A template, a file of a European spreadsheet, and the same command again."""
    path = tmp_path / "guests.csv"
    rows = "to;Name;reference\n+15550330001;Müller;g1\n+15550330002;Zoé;\n"
    path.write_bytes(rows.encode("windows-1252"))
    arguments = ("--text", "Hello {name}, {{see}} you", "--kind", "marketing", *_LATER)
    for _ in range(2):
        done = _import(stage, path, *arguments)
        assert done.returncode == 0, done.stderr
        assert "Windows-1252" in done.stderr
        assert "2 texts taken as the batch 'guests': 2 parts in gsm7" in done.stdout
    texts = {item["to"]: item for item in _batch(stage, "guests")}
    assert len(_batch(stage, "guests")) == 2
    assert texts["+15550330001"]["text"] == "Hello Müller, {see} you"
    assert texts["+15550330001"]["reference"] == "g1"
    assert texts["+15550330002"]["kind"] == "marketing"
    other = _import(stage, path, "--text", "Bye {name}", *_LATER)
    assert (other.returncode, "another name" in other.stderr) == (1, True)
    assert len(_batch(stage, "guests")) == 2
    assert _import(stage, path, "--text", "Bye {name}", "--batch", "bye", *_LATER).returncode == 0
    assert len(_batch(stage, "bye")) == 2


def test_what_is_rejected_can_be_mended_and_imported(stage: Stage, tmp_path: Path) -> None:
    """By line and reason, whoever found it: the file, the number, or the opt-out."""
    stage.client.call("PUT", "/v1/optouts/%2B15550340003", {})
    path, out = tmp_path / "list.csv", tmp_path / "out.csv"
    path.write_text(
        "to,text\n+15550340001,fine\nnobody,x\n+15550340003,refused\n+15550340004\n+15550340005,\n"
    )
    done = _import(stage, path, "--rejected", str(out), *_LATER)
    assert done.returncode == 1
    assert "1 text taken" in done.stdout
    for words in ("1 rejected: opted-out", "1 rejected: invalid-number", "1 rejected: bad-row"):
        assert words in done.stdout
    rejected = out.read_text("utf-8-sig").splitlines()
    assert rejected[0] == "to,text,line,reason"
    lines = sorted(line.split(",")[2] for line in rejected[1:])
    assert lines == ["3", "4", "5", "6"]
    mended = [rejected[0], next(line for line in rejected if "nobody" in line)]
    out.write_text("\n".join(mended).replace("nobody", "+15550340009"))
    done = _import(stage, out, *_LATER)
    assert (done.returncode, "1 text taken" in done.stdout) == (0, True), done.stderr
    shown = _import(stage, path, "--batch", "again", *_LATER)
    assert "line 5: 1 fields" in shown.stderr


def test_an_import_says_when_it_will_have_gone(stage: Stage, tmp_path: Path) -> None:
    """With the lines that are ready; and so does the queue."""
    path = tmp_path / "now.csv"
    path.write_text("to,text\n+15550345001,now\n+15550345002,now\n")
    done = _import(stage, path)
    assert "expected to have gone by 20" in done.stdout, done.stderr
    (default,) = stage.client.get("/v1/queue")["pools"]
    assert (default["pool"], default["lines"]) == (None, 4)


def test_a_dry_run_sends_nothing_and_says_what_it_would_take(stage: Stage, tmp_path: Path) -> None:
    """Parts by alphabet; the daemon need not even run."""
    path = tmp_path / "dry.csv"
    path.write_text(
        f"to,text\n+15550350001,plain\n+15550350002,😀\n+15550350003,{'a' * 200}\n+1,x\n"
    )
    done = _import(stage, path, "--dry-run", "--url", "http://127.0.0.1:1")
    assert done.returncode == 1
    assert "3 texts would be sent: 3 parts in gsm7, 1 part in ucs2" in done.stdout
    assert "1 rejected: invalid-number" in done.stdout
    assert _batch(stage, "dry") == []


def test_what_the_template_needs_is_asked_for_before_anything_is_sent(
    stage: Stage, tmp_path: Path
) -> None:
    """A column that is missing, a brace too many."""
    path = tmp_path / "short.csv"
    path.write_text("number,text\n+15550350001,x\n")
    assert "no column 'to'; there are: number, text" in _import(stage, path).stderr
    path.write_text("to\n+15550350001\n")
    assert "no column 'text'" in _import(stage, path).stderr
    assert "no column 'name'" in _import(stage, path, "--text", "{name}").stderr
    assert "lone brace" in _import(stage, path, "--text", "x { y").stderr
    assert _batch(stage, "short") == []


def test_an_import_that_was_killed_is_run_again_and_doubles_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    """SIGKILL in the middle; the second run sends what the first did not."""
    path, count = tmp_path / "many.csv", 6_000
    rows = [f"+1555{4_000_000 + n},n{n}" for n in range(count)]
    path.write_text("to,text\n" + "\n".join(rows))
    command = (COMMAND, "import", str(path), *_LATER)
    variables = environment(MODEMGW_URL=stage.url, MODEMGW_KEY=stage.key)
    process = subprocess.Popen(command, env=variables, stderr=subprocess.DEVNULL)
    until = time.monotonic() + _WAIT_S
    while stage.client.get("/v1/queue")["scheduled"] < 100:
        assert time.monotonic() < until, "the import begins"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    begun = len(_batch(stage, "many"))
    assert 0 < begun < count
    done = _import(stage, path, *_LATER)
    assert done.returncode == 0, done.stderr
    assert f"{count} texts taken" in done.stdout
    recipients = [item["to"] for item in _batch(stage, "many")]
    assert len(recipients) == len(set(recipients)) == count
