"""What a bank costs that has nothing to do.

Usage: python -m bench.idle [--modems 256 512] [--seconds 240]

All modems are ready and their first sweeps are over; then nothing comes and nothing goes. What
remains is the daemon's own: registration and signal are asked every 30 s, storages every four
minutes. CPU and memory are those of the daemon, whole, from /proc.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.measure import Goal, cpu_s, goals_table, memory_mib
from tests.e2e.site import Site, wait_for

GOAL_MODEMS = 256


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `files` are the daemon's open descriptors."""

    modems: int
    seconds: float
    ready_s: float
    cpu_percent: float
    memory_mib: float
    files: int


def measure(modems: int, seconds: float) -> Row:
    """Start so many, let them be, and see what that takes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(
            Path(folder), f"sqlite:///{folder}/x.db", modems, extra='[log]\nlevel="error"\n'
        )
        try:
            began = time.monotonic()
            site.start()
            ready_s = time.monotonic() - began
            assert site.daemon is not None
            pid = site.daemon.pid
            wait_for("the first sweeps", lambda: not site.get("/v1/queue")["start_hold"], 120)
            time.sleep(2)
            before, began = cpu_s(pid), time.monotonic()
            time.sleep(seconds)
            passed = time.monotonic() - began
            share = (cpu_s(pid) - before) / passed * 100
            files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            return Row(modems, passed, ready_s, share, memory_mib(pid), files)
        finally:
            site.close()


def table(rows: list[Row], *, markdown: bool) -> Table:
    """A row for a measurement."""
    shown = Table(box=MARKDOWN if markdown else HEAVY_HEAD)
    for title in ("modems", "seconds", "ready after s", "CPU % of a core", "MiB", "open files"):
        shown.add_column(title, justify="right")
    for r in rows:
        shown.add_row(
            str(r.modems), f"{r.seconds:.0f}", f"{r.ready_s:.1f}", f"{r.cpu_percent:.2f}",
            f"{r.memory_mib:.0f}", str(r.files),
        )  # fmt: skip
    return shown


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modems", type=int, nargs="+", default=[GOAL_MODEMS, 512])
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    rows = [measure(modems, wanted.seconds) for modems in wanted.modems]
    if wanted.json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    console = Console(width=120)
    console.print(table(rows, markdown=wanted.markdown))
    for row in rows:
        if row.modems == GOAL_MODEMS:
            goals = [
                Goal(f"CPU of {row.modems} idle modems", row.cpu_percent, 3, "% of a core"),
                Goal(f"memory of {row.modems} idle modems", row.memory_mib, 160, "MiB"),
            ]
            console.print(goals_table(goals, markdown=wanted.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
