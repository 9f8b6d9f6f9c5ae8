"""`modemgw optouts classify`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.commands import run

if TYPE_CHECKING:
    from pathlib import Path


def test_each_line_in_has_a_line_out_in_order_bad_ones_too(tmp_path: Path) -> None:
    """A stream of texts never stops at one that is none."""
    lines = [
        '{"text": "Stop!"}',
        "no JSON",
        "",
        '{"text": 5}',
        '{"text": "stop by at five", "country": null, "last_outbound": "see you"}',
        '{"text": "START", "opted_out": true, "language": "en"}',
        '{"text": "HELP", "since_optout_s": 5, "last_outbound": ["a", "b"]}',
    ]
    done = run("optouts", "classify", "--json", "-", cwd=tmp_path, stdin="\n".join(lines) + "\n")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row.get("class") for row in rows] == [
        *("opt_out", None, None, None),
        *("none", "opt_in", "help"),
    ]
    assert [row["field"] for row in rows[1:4]] == ["", "", "text"]
    assert all({"class", "reason", "scope"} <= set(row) for row in (rows[0], *rows[4:]))
    assert done.returncode == 0


def test_texts_may_stand_on_the_command_line(tmp_path: Path) -> None:
    """For people: the class, and why."""
    done = run("optouts", "classify", "STOP", "see you", cwd=tmp_path)
    first, second = done.stdout.splitlines()
    assert first.startswith("opt_out\t")
    assert second.startswith("none\t")
    done = run("optouts", "classify", "--json", "--country", "FR", "ARRET", cwd=tmp_path)
    assert json.loads(done.stdout)["class"] == "opt_out"
