"""How texts are accepted over a long time, while the bank sends.

Usage: python -m bench.posting [--minutes 10] [--rate 200] [--modems 64] [--kept 0] [--markdown]

Single posts, each a request of its own, at a fixed rate, spread over kept connections, to a daemon
on SQLite on this disk, whose modems (300 ms a submit) send what comes. A post counts from the time
at which it was due, so one that has to wait for those before it shows that. The client, the
simulator and the daemon share this machine. So many texts are *kept* from before
(`bench.history`).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.accepting import Client, in_threads, text
from bench.history import fill
from bench.measure import Goal, cpu_s, fsync_ms, goals_table, memory_mib, percentiles
from modemgw.store.schema import migrate
from tests.e2e.site import Site

CONNECTIONS, SUBMIT_MS, SAMPLE_S = 16, 300, 5.0


@dataclass
class Course:
    """What was seen on the way; times are of the monotonic clock."""

    posts: list[tuple[float, float]] = field(default_factory=list)  # when due, ms until answered
    memory: list[tuple[float, float]] = field(default_factory=list)  # when, MiB of the daemon
    load: list[float] = field(default_factory=list)
    cpu_ms: float = 0.0  # of the daemon, for each text


def run(rate: float, minutes: float, modems: int, kept: int) -> tuple[Course, float]:
    """Post for so long; what was seen, and when it began."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        url = f"sqlite:///{folder}/x.db"
        if kept:
            migrate(url)
            fill(Path(folder, "x.db"), kept)
        site = Site(Path(folder), url, modems, SUBMIT_MS, extra='[log]\nlevel="error"\n')
        try:
            site.start()
            return _post(site, rate, minutes * 60)
        finally:
            site.close()


def _post(site: Site, rate: float, lasting_s: float) -> tuple[Course, float]:
    assert site.daemon is not None
    course, pid, over = Course(), site.daemon.pid, threading.Event()
    total, began = int(rate * lasting_s), time.monotonic() + 1

    def post(number: int) -> None:
        client = Client(site)
        for i in range(number, total, CONNECTIONS):
            due = began + i / rate
            time.sleep(max(due - time.monotonic(), 0))
            client.post("/v1/messages", text(i), 201)
            course.posts.append((due, (time.monotonic() - due) * 1000))

    def watch() -> None:
        while not over.wait(SAMPLE_S):
            course.memory.append((time.monotonic(), memory_mib(pid)))
            course.load.append(os.getloadavg()[0])

    watcher, before = threading.Thread(target=watch), cpu_s(pid)
    watcher.start()
    try:
        in_threads(CONNECTIONS, post)
    finally:
        over.set()
        watcher.join()
    course.cpu_ms = (cpu_s(pid) - before) * 1000 / total
    return course, began


def growth_mib(memory: list[tuple[float, float]]) -> float:
    """By how much the last quarter of the time is above the second, when all caches are filled."""
    quarter = max(len(memory) // 4, 1)
    second, last = memory[quarter : 2 * quarter] or memory[:1], memory[-quarter:]
    return sum(m for _, m in last) / len(last) - sum(m for _, m in second) / len(second)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--modems", type=int, default=64)
    parser.add_argument("--kept", type=int, default=0)
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    course, began = run(wanted.rate, wanted.minutes, wanted.modems, wanted.kept)
    shown = Table(
        "minute", "posts", "p50 ms", "p99 ms", "memory MiB",
        box=MARKDOWN if wanted.markdown else HEAVY_HEAD,
    )  # fmt: skip
    for minute in range(int(-(-wanted.minutes // 1))):
        starts, ends = began + 60 * minute, began + 60 * (minute + 1)
        times = [ms for due, ms in course.posts if starts <= due < ends]
        held = [mib for at, mib in course.memory if starts <= at < ends]
        p50, p99 = percentiles(times)
        memory = f"{max(held):.0f}" if held else ""
        shown.add_row(str(minute + 1), str(len(times)), f"{p50:.1f}", f"{p99:.1f}", memory)
    console = Console(width=140)
    console.print("fsync p50 {:.2f} ms, p99 {:.2f} ms".format(*fsync_ms()))
    console.print(f"load average {min(course.load):.1f} to {max(course.load):.1f}")
    console.print(f"{course.cpu_ms:.2f} ms of the daemon's CPU a text, its sending included")
    console.print(shown)
    _, p99 = percentiles([ms for _, ms in course.posts])
    goals = [
        Goal("p99 of a post", p99, 60, "ms"),
        Goal("growth of memory, second to last quarter", growth_mib(course.memory), 10, "MiB"),
    ]
    console.print(goals_table(goals, markdown=wanted.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
