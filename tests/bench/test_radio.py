"""What is read from a journal for the figures."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from bench.measure import Journal
from bench.radio import Outcome, outcome, radio

if TYPE_CHECKING:
    from pathlib import Path

_MS = 1_000_000


def _submit(
    modem: int, ctrl_z_ms: int, answer_ms: int, to: str = "+15550000001", *, accepted: bool = True
) -> dict[str, Any]:
    times = {"t_ctrl_z": ctrl_z_ms * _MS, "t": answer_ms * _MS}
    return {"event": "submit", "modem": modem, "to": to, "accepted": accepted, **times}


def test_radio_use_is_the_submits_time_and_a_gap_ends_at_the_next_ctrl_z_of_its_modem() -> None:
    """Two modems for a second: one busy for 300 of it twice, with 100 between, the other once."""
    found = radio(
        [_submit(0, 0, 300), _submit(1, 200, 500), _submit(0, 400, 700), _submit(1, 900, 1000)], 2
    )
    assert (found.whole.begin_ns, found.whole.end_ns) == (0, 1000 * _MS)
    assert found.use == pytest.approx((300 + 300 + 300 + 100) / 2000)
    assert found.gap_p50_ms == pytest.approx(250)
    assert found.gap_p99_ms == pytest.approx(400)


def test_a_modem_that_never_submitted_counts_as_idle() -> None:
    """Radio use is the bank's, not of those that came up."""
    assert radio([_submit(0, 0, 300)], 3).use == pytest.approx(1 / 3)


def test_the_steady_part_leaves_start_and_end_out() -> None:
    """One submit alone a second before, then 300 ms each with 100 between, then one much later."""
    steady = [_submit(0, at, at + 300) for at in range(1000, 1000 + 9 * 400, 400)]
    found = radio([_submit(0, 0, 300), *steady, _submit(0, 60_000, 60_300)], 1)
    assert found.use < 0.1
    assert found.steady_per_s == pytest.approx(1 / 0.4)
    assert found.steady_use == pytest.approx(0.75)


def test_a_submit_that_reaches_into_the_steady_part_counts_there_with_what_lies_in_it() -> None:
    """Two modems always on the air, one with a single submit as long as the run: 100 %, no more."""
    short = [_submit(0, at, at + 100) for at in range(0, 1000, 100)]
    found = radio(sorted([*short, _submit(1, 0, 1000)], key=lambda row: row["t"]), 2)
    assert found.steady_use == pytest.approx(1)


def test_each_further_copy_is_doubled_and_what_is_nowhere_is_lost() -> None:
    """What was refused is not at the network; what the sender still shows is not lost."""
    submits = [
        _submit(0, 0, 1, "+1"), _submit(0, 1, 2, "+1"), _submit(1, 2, 3, "+1"),
        _submit(1, 3, 4, "+2"), _submit(0, 4, 5, "+3", accepted=False),
    ]  # fmt: skip
    assert outcome(submits, wanted=5) == Outcome(doubled=2, lost=3)
    assert outcome(submits, wanted=5, unsent=2) == Outcome(doubled=2, lost=1)


def test_a_journal_is_read_as_it_grows_each_line_once(tmp_path: Path) -> None:
    """Half a line waits for its other half."""
    path = tmp_path / "journal.jsonl"
    lines = [json.dumps(_submit(0, at, at + 1)) + "\n" for at in (0, 2)]
    path.write_text(lines[0] + lines[1][:10])
    journal = Journal(path)
    assert journal.count("submit") == 1
    with path.open("a") as file:
        file.write(lines[1][10:])
    assert journal.count("submit") == journal.count("submit") == 2
    assert all(a["t"] < b["t"] for a, b in itertools.pairwise(journal.rows["submit"]))
