"""The demo: its webhook receiver, its screen, and that it leaves nothing behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from standardwebhooks.webhooks import Webhook

from modemgw.cli.demo.hook import Hook
from modemgw.cli.demo.screen import Screen, shortened
from modemgw.cli.demo.stage import Stage
from tests.cli.commands import COMMAND, environment, run, run_installed

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECRET = "whsec_" + b64encode(b"0123456789abcdef0123456789abcdef").decode()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A receiver that listens."""
    listening = Hook(_SECRET)
    yield listening
    listening.close()


def _post(hook: Hook, event: dict[str, object], at: datetime, signature: str | None = None) -> int:
    body = json.dumps(event)
    signed = Webhook(_SECRET).sign(str(event["id"]), at, body)
    headers = {
        "webhook-id": str(event["id"]),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature or signed,
    }
    request = urllib.request.Request(hook.url, body.encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _event(number: int) -> dict[str, object]:
    data = {"from": "+15550001", "text": f"text {number}"}
    return {"id": f"evt_{number}", "type": "message.received", "data": data}


def test_events_are_taken_once_and_only_with_their_signature(hook: Hook) -> None:
    """As Standard Webhooks' own library signs them."""
    now = datetime.now(UTC)
    assert _post(hook, _event(1), now) == 204
    assert _post(hook, _event(1), now) == 204
    assert hook.texts("+15550001") == ["text 1"]
    assert hook.forged == 0
    assert _post(hook, _event(2), now, signature="v1,AAAA") == 401
    assert _post(hook, _event(3), datetime.fromtimestamp(1, UTC)) == 401
    assert hook.forged == 2
    assert len(hook.events()) == 1


def test_a_curl_line_can_be_copied_into_a_shell() -> None:
    """Quotation marks in a text do not end the line's own."""
    written = io.StringIO()
    screen = Screen(Console(file=written, soft_wrap=True, highlight=False))
    screen.curl("POST", "/v1/messages", {"text": "it's [here] €"})
    line = written.getvalue().strip().removeprefix("$ ")
    shell = subprocess.run(
        ("bash", "-c", line.replace("curl", "printf '%s\\n'", 1)),
        capture_output=True,
        text=True,
        env={"URL": "http://u", "KEY": "k"},
        check=True,
    )
    assert json.dumps({"text": "it's [here] €"}, ensure_ascii=False) in shell.stdout.splitlines()
    assert shell.stdout.splitlines()[-1] == "http://u/v1/messages"


def test_long_answers_are_shortened_for_the_screen() -> None:
    """Texts and lists, at any depth; numbers stay."""
    value = {"text": "x" * 100, "items": list(range(9)), "inner": {"n": 5}}
    assert shortened(value) == {
        "text": "x" * 59 + "…",
        "items": [0, 1, 2, 3],
        "inner": {"n": 5},
    }


def _children_in(folder: Path) -> list[str]:
    """Processes that have the folder in their command line."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                line = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line:
                found.append(line)
    return found


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose name leaves room for that of a Unix socket, as the tests' own may not."""
    with tempfile.TemporaryDirectory(prefix="tour-") as folder:
        yield Path(folder)


def _heed_signals() -> None:
    """Whoever starts the tests in the background has Ctrl-C ignored, for us and our children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_tour_that_is_broken_off_leaves_nothing_behind(
    number: signal.Signals, short_path: Path
) -> None:
    """No process, no file, whichever way it is ended."""
    process = subprocess.Popen(
        (COMMAND, "demo", "--once"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(TMPDIR=str(short_path), PYTHONUNBUFFERED="1"),
        preexec_fn=_heed_signals,
    )
    assert process.stdout is not None
    while "The bank comes up" not in (line := process.stdout.readline()):
        assert line, "the tour began"
    assert len(_children_in(short_path)) == 2
    process.send_signal(number)
    process.communicate(timeout=40)
    assert process.returncode != 0
    assert _children_in(short_path) == []
    assert list(short_path.iterdir()) == []


def test_a_daemon_that_somebody_kills_is_told_of_and_can_be_started_again() -> None:
    """As the page of things to try invites to."""
    with Stage() as stage:
        stage.start()
        os.kill(stage.daemon_pid, signal.SIGKILL)
        assert stage.daemon_ended() == "was killed by SIGKILL"
        stage.start_daemon()
        with urllib.request.urlopen(f"{stage.url}/healthz", timeout=10) as answer:
            assert answer.status == 200


def test_a_tour_that_cannot_begin_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A folder whose name is too long for a Unix socket."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    done = run_installed("demo", "--once", cwd=tmp_path, TMPDIR=str(folder))
    assert done.returncode == 1
    assert "simulate" in done.stdout
    assert "promise did not hold" in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_every_step_of_the_tour_holds(tmp_path: Path) -> None:
    """What `make demo ONCE=1` runs."""
    done = run("demo", "--once", cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Every step held" in done.stdout
