"""What was spent in any part of a run."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from bench.measure import cpu_s
from bench.radio import Span
from bench.watch import Machine, Spent

BUSY = """
import time
time.sleep(0.6)
end = time.monotonic() + 0.7
while time.monotonic() < end:
    pass
print(end, flush=True)
input()
"""


def test_what_a_process_spends_is_told_of_any_part_of_the_time_and_stays_counted() -> None:
    """Next to nothing while it rests, what it needed in all, and as much when it has ended."""
    child = subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    with child, Spent(lambda: [child.pid]) as spent:
        began = time.monotonic_ns()
        child.stdout.readline()
        over = time.monotonic_ns()
        needed = cpu_s(child.pid)
        time.sleep(0.6)
        child.communicate(b"\n")
    ended = time.monotonic_ns()
    assert spent.seconds(Span(began, ended)) == pytest.approx(needed, abs=0.1)
    assert spent.seconds(Span(over + 600_000_000, ended + 10**9)) < needed / 5
    middle = (began + over) // 2
    parts = [spent.seconds(span) for span in (Span(began, middle), Span(middle, ended))]
    assert sum(parts) == pytest.approx(spent.seconds(Span(began, ended)))


def test_a_machine_is_busy_by_a_share() -> None:
    """Also when it is asked of a time that is shorter than that between two looks."""
    with Machine() as machine:
        time.sleep(0.7)
        now = time.monotonic_ns()
    assert 0 <= machine.busy(Span(now - 200_000_000, now)) <= 1
