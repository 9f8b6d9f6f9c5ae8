"""How soon a text from the radio is at a webhook's receiver, while the bank does nothing else.

Usage: python -m bench.arriving [--modems 8] [--rate 5] [--seconds 60] [--markdown]

Texts come from phones, so many a second, each to the next modem, at times that are no rhythm. The
clock runs from the line `deliver` in the simulator's journal, directly before +CMTI is printed, to
the moment in which the receiver, a program on this machine, has read the whole post: reading from
the modem, the commit (SQLite on this disk), and the webhook lie between.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from rich.console import Console

from bench.inbound import SUBMIT_MS, inject
from bench.measure import (
    Goal,
    Hook,
    Journal,
    Receiver,
    fsync_ms,
    goals_table,
    percentiles,
)
from bench.radio import Span
from bench.watch import Machine
from modemgw import pdu
from tests.e2e.site import Site, wait_for

GOAL_P99_MS = 150.0


def text_of(pdu_hex: str) -> str | None:
    """What a text says that was delivered; None of a report."""
    found = pdu.decode(pdu_hex)
    return found.text if isinstance(found, pdu.Deliver) else None


class Arrivals:
    """When each text came, by the text."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}
        self._lock = threading.Lock()

    def hook(self) -> Hook:
        """A protocol of the receiver that notes it."""
        return _NotingHook(self)

    def note(self, text: str, at_ns: int) -> None:
        """The first time counts."""
        with self._lock:
            self.at.setdefault(text, at_ns)


class _NotingHook(Hook):
    def __init__(self, arrivals: Arrivals) -> None:
        super().__init__()
        self._arrivals = arrivals

    def took(self, body: bytes) -> None:
        at = time.monotonic_ns()
        event = json.loads(body)
        if event["type"] == "message.received":
            self._arrivals.note(event["data"]["text"], at)


def measure(modems: int, rate: float, seconds: float) -> tuple[list[float], float]:
    """The ms of each text, and how busy the machine was."""
    texts, arrivals = int(rate * seconds), Arrivals()
    with Receiver(arrivals.hook) as hook, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        extra = hook.config + '[log]\nlevel = "warning"\n'
        site = Site(Path(folder), f"sqlite:///{folder}/x.db", modems, SUBMIT_MS, extra=extra)
        try:
            site.start()
            wait_for("the first sweeps", lambda: not site.get("/v1/queue")["start_hold"], 120)
            journal = Journal(site.journal_file)
            with Machine() as machine:
                began = time.monotonic_ns()
                inject(site, modems, rate, texts)
                wait_for("all webhooks", lambda: len(arrivals.at) >= texts, 60)
            busy = machine.busy(Span(began, time.monotonic_ns()))
            journal.read()
        finally:
            site.close()
    times = [
        (arrivals.at[text] - row["t"]) / 1e6
        for row in journal.rows["deliver"]
        if (text := text_of(row["pdu"])) in arrivals.at
    ]
    assert len(times) == texts
    return times, busy


def main() -> int:
    """Measure and print; 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--modems", type=int, default=8)
    parser.add_argument("--rate", type=float, default=5.0, help="texts a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    times, busy = measure(wanted.modems, wanted.rate, wanted.seconds)
    p50, p99 = percentiles(times)
    goal = Goal("radio to webhook, p99", p99, GOAL_P99_MS, "ms")
    console = Console(width=100)
    console.print(goals_table([goal], markdown=wanted.markdown))
    sync_p50, sync_p99 = fsync_ms()
    console.print(
        f"{len(times)} texts, {wanted.modems} modems, {wanted.rate:g} a second: p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, longest {max(times):.1f} ms"
    )
    console.print(
        f"{os.cpu_count()} cores, {busy:.0%} busy meanwhile, load {os.getloadavg()[0]:.1f}; a sync "
        f"of this disk: p50 {sync_p50:.1f} ms, p99 {sync_p99:.1f} ms"
    )
    return 0 if goal.met else 1


if __name__ == "__main__":
    sys.exit(main())
