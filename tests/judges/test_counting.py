"""What the judging itself promises; needs none of the judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.judges.desk import Tally, tally
from tests.judges.programs import JUDGES, MissingError, bring
from tests.judges.table import Row

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("found", "counted"),
    [
        (["a", "b"], Tally(right=2, doubled=0, missing=0, strange=0)),
        (["b", "a", "a", "a"], Tally(right=2, doubled=2, missing=0, strange=0)),
        (["a"], Tally(right=1, doubled=0, missing=1, strange=0)),
        (["a", "b", "c"], Tally(right=2, doubled=0, missing=0, strange=1)),
    ],
)
def test_texts_are_compared_one_by_one(found: list[str], counted: Tally) -> None:
    """Every further copy, every gap and every text that nobody sent is counted."""
    assert tally(["a", "b"], found) == counted
    assert counted.is_clean == (sorted(found) == ["a", "b"])


def test_where_apt_is_not_there_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the names of the packages, and changes nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError, match=r"no apt here.*\n.*apt-get install .*gnokii-cli"):
        bring(judge for judge in JUDGES if judge.key == "gnokii")


def test_what_is_there_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program on the PATH is enough, wherever it came from."""
    program = tmp_path / "gnokii"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    bring(judge for judge in JUDGES if judge.key == "gnokii")


def test_what_did_not_hold_is_seen_in_the_table() -> None:
    """And a bar in what happened does not end its cell."""
    assert str(Row("x", "a", "b|c", held=False)) == "| x | a | b\\|c | **not held** |"
