"""Messages on the command line: what became of one, and canceling those that wait."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from tests.cli.commands import run

if TYPE_CHECKING:
    import subprocess

    from modemgw.cli.demo.stage import Stage

_WAIT_S = 30.0
_LATER = "2026-12-31T08:00:00Z"


def _ask(stage: Stage, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return run(
        *arguments, cwd=stage.path, stdin=stdin, MODEMGW_URL=stage.url, MODEMGW_KEY=stage.key
    )


def _send(stage: Stage, to: str, **options: object) -> str:
    body = {"to": to, "text": "a secret", **options}
    return str(stage.client.call("POST", "/v1/messages", body)["id"])


def _status(stage: Stage, message_id: str) -> str:
    return str(stage.client.get(f"/v1/messages/{message_id}")["status"])


def test_show_tells_of_a_text_each_part_and_each_attempt(stage: Stage) -> None:
    """Masked unless asked for; a refusal by the network stands with its code."""
    for modem in range(4):
        stage.control("fault", modem=modem, name="cms_error", p=1.0, codes=[310])
    message_id = _send(stage, "+15550310001")
    until = time.monotonic() + _WAIT_S
    while not stage.client.get(f"/v1/messages/{message_id}")["parts_detail"][0]["history"]:
        assert time.monotonic() < until, "the text is refused"
        time.sleep(0.1)
    for modem in range(4):
        stage.control("fault", modem=modem, name="cms_error", p=0)
    shown = _ask(stage, "messages", "show", message_id)
    assert shown.returncode == 0, shown.stderr
    assert "cms 310" in shown.stdout
    assert "a secret" not in shown.stdout
    assert "+15550310001" not in shown.stdout
    full = json.loads(_ask(stage, "messages", "show", message_id, "--full", "--json").stdout)
    assert (full["text"], full["to"]) == ("a secret", "+15550310001")
    assert "404" in _ask(stage, "messages", "show", "msg_1").stderr


def test_cancel_asks_first_and_cancels_what_fits(stage: Stage) -> None:
    """A campaign is called back; what somebody else scheduled stays."""
    campaign = {"send_at": _LATER, "metadata": {"campaign": "spring"}}
    ids = [_send(stage, f"+1555032{n:04}", **campaign) for n in range(3)]
    other = _send(stage, "+15550320009", send_at=_LATER)
    command = ("messages", "cancel", "--metadata", "campaign=spring")
    refused = _ask(stage, *command, stdin="n\n")
    assert refused.returncode == 1
    assert {_status(stage, message_id) for message_id in ids} == {"scheduled"}
    done = _ask(stage, *command, "--yes")
    assert "3 canceled, 0 had begun" in done.stdout, done.stderr
    assert {_status(stage, message_id) for message_id in ids} == {"canceled"}
    assert _status(stage, other) == "scheduled"
    assert "0 canceled" in _ask(stage, *command, stdin="y\n").stdout


def test_cancel_wants_to_know_which(stage: Stage) -> None:
    """Without a description nothing is canceled."""
    nothing = _ask(stage, "messages", "cancel", "--yes")
    assert (nothing.returncode, "at least one" in nothing.stderr) == (1, True)
    bad = _ask(stage, "messages", "cancel", "--metadata", "campaign", "--yes")
    assert (bad.returncode, "NAME=VALUE" in bad.stderr) == (1, True)
