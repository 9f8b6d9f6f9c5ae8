"""How soon a text that a modem announces is committed.

Usage: python -m bench.inbound [--modems 64] [--rate 50] [--seconds 60]

Texts come from phones, so many a second, each to the next modem, at times that are no rhythm. The
clock runs from the line `deliver` in the simulator's journal, directly before +CMTI is printed, to
the moment in which another connection to the database sees the row; it looks every millisecond.
First with a bank that does nothing else, then with one that submits all the time; not before it is
at rest after its start.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.gateway import body
from bench.measure import Goal, Journal, Receiver, cpu_s, goals_table, percentiles
from tests.e2e.site import Site, wait_for

LOOK_S = 0.001
AT_REST = 0.1  # of a core
SUBMIT_MS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; times are in ms."""

    modems: int
    submitting: bool
    texts: int
    rate: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    cpu_percent: float


class Watcher(threading.Thread):
    """Notes when each text becomes visible in the database."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self._path = path
        self.seen: dict[str, int] = {}
        self.ending = threading.Event()

    def run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        version, last = None, 0
        while not self.ending.is_set():
            (now,) = connection.execute("PRAGMA data_version").fetchone()
            if now != version:
                version = now
                rows = connection.execute(
                    "SELECT rowid, pdu FROM inbound_parts WHERE rowid > ? AND kind = 'deliver'",
                    (last,),
                ).fetchall()
                at = time.monotonic_ns()
                for row, pdu in rows:
                    last = row
                    self.seen.setdefault(pdu, at)
            time.sleep(LOOK_S)


def inject(site: Site, modems: int, rate: float, texts: int) -> float:
    """Send texts to the bank, at random moments; how many a second it came to be."""
    rng = random.Random(1)
    began = due = time.monotonic()
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(site.bank / "control.sock"))
        answers = control.makefile("rb")
        for i in range(texts):
            due += rng.expovariate(rate)
            time.sleep(max(0.0, due - time.monotonic()))
            text = f"Thank you, appointment no. {i} suits me."
            order = {"cmd": "inject", "modem": i % modems, "from": f"+1666{i:07}", "text": text}
            control.sendall(json.dumps(order).encode() + b"\n")
            assert json.loads(answers.readline())["ok"]
    return texts / (time.monotonic() - began)


def is_at_rest(site: Site) -> bool:
    """Whether the daemon did hardly anything for a second."""
    assert site.daemon is not None
    before = cpu_s(site.daemon.pid)
    time.sleep(1)
    return cpu_s(site.daemon.pid) - before < AT_REST


def measure(modems: int, rate: float, seconds: float, *, submitting: bool) -> Row:
    """One bank, one stream of texts."""
    texts = int(rate * seconds)
    with Receiver() as hook, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        extra = hook.config + '[log]\nlevel = "warning"\n'
        site = Site(Path(folder), f"sqlite:///{folder}/x.db", modems, SUBMIT_MS, extra=extra)
        watcher = Watcher(Path(folder) / "x.db")
        try:
            site.start()
            assert site.daemon is not None
            wait_for("the first sweeps", lambda: not site.get("/v1/queue")["start_hold"], 120)
            wait_for("a bank at rest", lambda: is_at_rest(site), 120)
            journal = Journal(site.journal_file)
            if submitting:  # more than it can send meanwhile
                work = int((seconds + 5) * modems * 1000 / SUBMIT_MS)
                for start in range(0, work, 5_000):
                    site.send_many([body(i) for i in range(start, min(start + 5_000, work))])
            watcher.start()
            before, began = cpu_s(site.daemon.pid), time.monotonic()
            reached = inject(site, modems, rate, texts)
            passed = time.monotonic() - began
            spent = cpu_s(site.daemon.pid) - before
            wait_for("all rows", lambda: len(watcher.seen) >= texts, 60)
            journal.read()
        finally:
            watcher.ending.set()
            site.close()
    times = [(watcher.seen[row["pdu"]] - row["t"]) / 1e6 for row in journal.rows["deliver"]]
    assert len(times) == texts
    return Row(
        modems, submitting, texts, reached, *percentiles(times), max(times), spent / passed * 100
    )


def table(rows: list[Row], *, markdown: bool) -> Table:
    """A row for a measurement."""
    shown = Table(box=MARKDOWN if markdown else HEAVY_HEAD)
    for title in ("modems", "submitting", "texts", "a second", "p50 ms", "p99 ms", "longest ms",
                  "CPU % of a core"):  # fmt: skip
        shown.add_column(title, justify="right")
    for r in rows:
        shown.add_row(
            str(r.modems), f"{SUBMIT_MS} ms each" if r.submitting else "no", str(r.texts),
            f"{r.rate:.0f}", f"{r.p50_ms:.1f}", f"{r.p99_ms:.1f}", f"{r.longest_ms:.1f}",
            f"{r.cpu_percent:.0f}",
        )  # fmt: skip
    return shown


def goals(rows: list[Row]) -> list[Goal]:
    """What was asked for beside what was measured."""
    found = []
    for row in rows:
        if row.submitting:
            limit = SUBMIT_MS + 60
            found.append(Goal("announced to committed, submitting, p99", row.p99_ms, limit, "ms"))
        else:
            found.append(Goal("announced to committed, p50", row.p50_ms, 15, "ms"))
            found.append(Goal("announced to committed, p99", row.p99_ms, 60, "ms"))
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modems", type=int, default=64)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    rows = [
        measure(wanted.modems, wanted.rate, wanted.seconds, submitting=submitting)
        for submitting in (False, True)
    ]
    if wanted.json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    console = Console(width=120)
    console.print(table(rows, markdown=wanted.markdown))
    console.print(goals_table(goals(rows), markdown=wanted.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
