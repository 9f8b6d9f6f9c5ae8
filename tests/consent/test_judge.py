"""The script that judges a table of texts."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tests.consent import judge

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROWS = (
    {"id": "en-003", "text": "zorp blick quux", "expect": "opt_out", "language": "en"},
    {"id": "fr-012", "text": "blick zorp quux", "expect": "opt_out", "language": "fr"},
    {"id": "fr-013", "text": "STOP", "expect": "none", "language": "fr"},
    {"id": "fr-014", "text": "STOP", "expect": "opt_out", "language": "fr"},
)


def test_numbers_name_what_is_wrong_without_a_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hold-out can be listed by who must not read it."""
    file = tmp_path / "table.jsonl"
    file.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    monkeypatch.setattr(sys, "argv", ["judge", str(file), "--numbers"])
    judge.main()
    printed = capsys.readouterr().out
    assert "opt_out -> none: en 003; fr 012\n" in printed
    assert "none -> opt_out: fr 013\n" in printed
    assert "zorp" not in printed
