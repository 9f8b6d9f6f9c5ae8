"""Each fault of the matrix, on a real pty, with the whole daemon.

These run with 20 texts a fault and all time limits twenty times shorter than a modem needs:
`make reliability` runs 200 with the real ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.reliability.matrix import HURRIED, ROWS, Doubt
from tests.reliability.run import standing

if TYPE_CHECKING:
    from tests.reliability.matrix import Row
    from tests.reliability.verdict import Verdict

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def verdicts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Verdict]:
    """One run for all that are asked for: each fault has a modem of its own."""
    asked = [
        item.callspec.params["row"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    ]
    size = replace(HURRIED, rows=tuple(row for row in ROWS if row in asked))
    with standing(tmp_path_factory.mktemp("reliability"), size) as run:
        return run.go()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_under_this_fault_none_is_lost_none_doubled(row: Row, verdicts: dict[str, Verdict]) -> None:
    """Every accepted text is once at the network, ended with a reason, or in doubt; every text
    that came in is once in the API; and the modem works again by itself."""
    verdict = verdicts[row.key]
    out, came = verdict.out, verdict.came
    assert min(verdict.strikes.values()) > 0, "the fault never struck"
    assert (verdict.lost, verdict.doubled) == (0, 0), (out, came)
    assert (out.accepted, out.queued, out.ended_there) == (HURRIED.texts, 0, 0), out
    assert out.once + out.in_doubt + out.ended.total() == HURRIED.texts
    assert out.ended.total() == (sum(verdict.strikes.values()) if row.fails else 0), out
    assert came.came == came.once == (HURRIED.texts if row.inbound else 0), came
    assert all(arm.few is None for arm in row.arms) or verdict.recoveries


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_only_what_nobody_can_know_stays_in_doubt(row: Row, verdicts: dict[str, Verdict]) -> None:
    """At most one text for each strike; with reports on, only what the network never took."""
    verdict = verdicts[row.key]
    strikes = sum(verdict.strikes.values())
    least = strikes if row.doubt is Doubt.EACH else 0
    most = 0 if row.doubt is Doubt.NONE else strikes
    assert least <= verdict.out.in_doubt <= most, verdict.out
    if row.reports:
        assert verdict.out.in_doubt_there == 0, verdict.out
