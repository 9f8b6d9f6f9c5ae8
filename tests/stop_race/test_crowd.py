"""A campaign for a crowd that refuses while it runs; `make race` has a hundred thousand texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stop_race.crowd import campaign

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(300)
def test_nobody_in_a_crowd_gets_a_text_behind_his_stop(tmp_path: Path, sqlite_url: str) -> None:
    """2,000 texts to 60 people on 8 modems."""
    verdict = campaign(tmp_path, sqlite_url, texts=2_000, people=60, modems=8, seed=1)
    assert verdict.held, "\n".join(verdict.lines())
    assert verdict.opt_outs == 60
    assert verdict.writes > 60, "hardly anything went: this shows nothing"
    assert verdict.ended["canceled"] > 1_000
