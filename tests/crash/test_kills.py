"""The daemon killed at random instants while sixteen modems send and receive.

Some kills on each database; `make crash` does hundreds, with `--seed` others each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.run import Crashes, site_in
from tests.e2e.site import running

if TYPE_CHECKING:
    from pathlib import Path

KILLS, SEED = 8, 7


@pytest.mark.timeout(600)
def test_kills_at_random_instants_lose_none_and_double_none(
    tmp_path: Path, database_url: str
) -> None:
    """Whatever was accepted is at the network once, or shown as what became of it; whatever came
    in is in the API once; of each kill at most one part a modem is in doubt."""
    with running(site_in(tmp_path, database_url)) as site:
        verdict = Crashes(site, KILLS, SEED).go()
    assert verdict.held, "\n".join(verdict.lines())
    assert verdict.counts["once"] >= 40, "hardly anything went: this shows nothing"
