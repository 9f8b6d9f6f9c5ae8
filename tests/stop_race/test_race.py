"""Refusals race sends at random, with kills; `make race` does thousands, with `SEED` others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stop_race.run import race

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS, SEED = 60, 7


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("kind", "hosts"), [("sqlite", 1), ("postgresql", 2)])
def test_nothing_begins_after_an_opt_out_can_be_seen(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, hosts: int
) -> None:
    """No Ctrl-Z after a second connection saw the opt-out, but of what has a permit or was recorded
    as in flight, and that within 50 ms."""
    name = "sqlite_url" if kind == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    verdict, traffic, _ = race(tmp_path, url, hosts=hosts, rounds=ROUNDS, seed=SEED)
    assert verdict.held, "\n".join(verdict.lines())
    assert verdict.opt_outs >= ROUNDS <= traffic.rounds
    assert verdict.writes >= ROUNDS // 2, "hardly anything went: this shows nothing"
