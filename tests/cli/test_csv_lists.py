"""`modemgw optouts` and `modemgw consents`: lists in CSV go in and come out of a running daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.cli import csv_lists
from tests.cli.commands import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    import pytest

    from modemgw.cli.demo.stage import Stage


def _ask(stage: Stage, cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return run(*command, cwd=cwd, MODEMGW_URL=stage.url, MODEMGW_KEY=stage.key)


def test_opt_outs_go_in_and_come_out(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is rejected is told by its line; there are more rows than one request takes."""
    monkeypatch.setattr(csv_lists, "CHUNK", 3)
    path, out, back = (tmp_path / name for name in ("old.csv", "out.csv", "back.csv"))
    many = "".join(f"+1555036{at:04};all;old system\n" for at in range(7))
    path.write_text("Number;Scope;Source\n" + many + "nobody;all;x\n+15550360001\n")
    done = _ask(stage, tmp_path, "optouts", "import", str(path), "--rejected", str(out))
    assert (done.returncode, done.stdout) == (
        1,
        "7 recorded, 0 known already, 2 rejected\n",
    ), done.stderr
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert sorted(line.split(";")[3] for line in lines[1:]) == ["10", "9"]
    assert _ask(stage, tmp_path, "optouts", "export", "--out", str(back)).returncode == 0
    exported = back.read_text()
    assert exported.count("+1555036") == 7
    assert _ask(stage, tmp_path, "optouts", "export").stdout.splitlines() == exported.splitlines()
    again = _ask(stage, tmp_path, "optouts", "import", str(back))
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("0 recorded")
    missing = _ask(stage, tmp_path, "consents", "import", str(path))
    assert (missing.returncode, "no column 'kind'" in missing.stderr) == (1, True)


def test_consents_are_recorded_listed_withdrawn_and_exported(stage: Stage, tmp_path: Path) -> None:
    """By hand and as a list; one that is asked for waits for a YES."""
    number, path = "+15550370001", tmp_path / "forms.csv"
    path.write_text(
        "number,kind,source,obtained_at\n+15550370002,marketing,form,2026-01-02T03:04:05Z\n"
    )
    done = _ask(stage, tmp_path, "consents", "import", str(path))
    assert (done.returncode, done.stdout[:10]) == (0, "1 recorded"), done.stderr
    added = _ask(stage, tmp_path, "consents", "add", number, "--source", "call", "--double")
    assert added.stdout == f"{number} marketing of all: pending\n", added.stderr
    listed = _ask(stage, tmp_path, "consents", "list", number).stdout
    assert listed.split("\t")[3] == "pending"
    gone = _ask(stage, tmp_path, "consents", "withdraw", number, "--reason", "by phone")
    assert gone.stdout == "1 withdrawn\n", gone.stderr
    exported = _ask(stage, tmp_path, "consents", "export").stdout
    assert "+15550370002,marketing,all,given,form,2026-01-02" in exported
    assert f"{number},marketing,all,withdrawn" in exported
