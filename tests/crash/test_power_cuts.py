"""The power fails at random instants: what `kill -9` does not show, since it leaves the page cache.

`python -m tests.crash --power --kills N --seed N` does more of them. `make mutants` shows that
this fails where commits are not synced.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.crash.disk import Disk
from tests.crash.power import PowerCuts, powered
from tests.crash.run import Crashes
from tests.crash.shim import needs_compiler
from tests.e2e.site import Site

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [needs_compiler, pytest.mark.timeout(600)]

CUTS, SEED = 6, 7


def test_power_cuts_at_random_instants_lose_none_and_double_none(tmp_path: Path) -> None:
    """As with kills, though what was not synced is lost, torn or out of order."""
    with powered(tmp_path) as (site, disk):
        verdict = Crashes(site, CUTS, SEED, PowerCuts(site, disk, SEED)).go()
    assert verdict.held, "\n".join(verdict.lines())
    assert verdict.counts["once"] >= 30, "hardly anything went: this shows nothing"
    assert disk.lost > 0, "no cut came before a sync: this shows nothing"


def test_what_a_first_command_made_survives_a_power_cut(tmp_path: Path) -> None:
    """A database that did not exist before: its name is as safe as what is in it."""
    data, beside = tmp_path / "data", tmp_path / "disk"
    data.mkdir()
    beside.mkdir()
    disk = Disk(data, beside)
    disk.build()
    site = Site(tmp_path, f"sqlite:///{data}/modemgw.db", modems=1)
    site.daemon_environment |= disk.environment
    try:
        site.prepare()
        disk.cut(random.Random(SEED), share=0.0)
        site.start_daemon()
        assert site.send("+15552000001", "The key is known")["status"] == "queued"
    finally:
        site.close()
