"""How fast texts are accepted over HTTP.

Usage: python -m bench.accepting [--posts 4000] [--batched 50000] [--clients 16] [--markdown]

A daemon with no modem that sends (all out of coverage), SQLite on this disk, each text committed
before its 201. Then single posts, twenty a second, while 64 modems send at 300 ms a submit. The
client is this process, of plain sockets, so that it costs little.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.measure import Goal, cpu_s, fsync_ms, goals_table, percentiles
from tests.e2e.site import Site, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 1_000
BUSY_MODEMS, BUSY_SUBMIT_MS, BUSY_S, POST_EVERY_S = 64, 300, 20.0, 0.05


class Client:
    """One connection that is kept."""

    def __init__(self, site: Site) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {site.key}", "Content-Type": "application/json"}

    def post(self, path: str, body: dict[str, Any], expected: int) -> float:
        """Post; how long it took, in seconds."""
        began = time.perf_counter()
        self._connection.request("POST", path, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == expected, content
        return time.perf_counter() - began


def text(i: int) -> dict[str, Any]:
    """One text."""
    return {"to": f"+1555{i:07}", "text": f"Your appointment no. {i} is tomorrow at ten."}


def in_threads(count: int, work: Callable[[int], None]) -> float:
    """Run it in so many threads; the seconds until all have ended."""
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def idle(posts: int, batched: int, clients: int) -> tuple[float, float, float, float]:
    """Single posts a second, their p99 in ms, batched texts a second, CPU ms of a batched text."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(Path(folder), f"sqlite:///{folder}/x.db", 1, extra='[log]\nlevel="error"\n')
        try:
            site.start()
            site.ctl("registration", stat=0)
            site.wait_state("degraded", 1)
            times: list[float] = []

            def post(number: int) -> None:
                client = Client(site)
                mine = range(number, posts, clients)
                times.extend(client.post("/v1/messages", text(i), 201) for i in mine)

            single_s = in_threads(clients, post)
            assert site.daemon is not None
            before, client, began = cpu_s(site.daemon.pid), Client(site), time.perf_counter()
            for start in range(0, batched, BATCH):
                body = {"messages": [text(posts + start + i) for i in range(BATCH)]}
                client.post("/v1/messages/batch", body, 200)
            batch_s = time.perf_counter() - began
            cpu_ms = (cpu_s(site.daemon.pid) - before) * 1000 / batched
        finally:
            site.close()
    return posts / single_s, percentiles(times)[1] * 1000, batched / batch_s, cpu_ms


def busy() -> tuple[float, float]:
    """p50 and p99 of a post in ms while a bank sends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(
            Path(folder), f"sqlite:///{folder}/x.db", BUSY_MODEMS, BUSY_SUBMIT_MS,
            extra='[log]\nlevel="error"\n',
        )  # fmt: skip
        try:
            site.start()
            rounds = int(BUSY_S * 1000 / BUSY_SUBMIT_MS)
            site.send_many([text(i) for i in range(BUSY_MODEMS * rounds)])
            wait_for("the bank to send", lambda: len(site.journal("submit")) > BUSY_MODEMS, 60)
            client, times, until = Client(site), [], time.monotonic() + BUSY_S * 0.8
            for i in itertools.count():
                if time.monotonic() >= until:
                    break
                times.append(client.post("/v1/messages", text(1_000_000 + i), 201) * 1000)
                time.sleep(POST_EVERY_S)
        finally:
            site.close()
    return percentiles(times)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=4_000)
    parser.add_argument("--batched", type=int, default=50_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    single, single_p99, batch, cpu_ms = idle(wanted.posts, wanted.batched, wanted.clients)
    p50, p99 = busy()
    box = MARKDOWN if wanted.markdown else HEAVY_HEAD
    shown = Table("", "texts a second", "p50 ms", "p99 ms", "CPU ms a text", box=box)
    shown.add_row(
        f"single posts, {wanted.clients} at a time", f"{single:.0f}", "", f"{single_p99:.1f}", ""
    )
    shown.add_row(f"batches of {BATCH:,}", f"{batch:,.0f}", "", "", f"{cpu_ms:.3f}")
    shown.add_row("single posts while 64 modems send", "", f"{p50:.1f}", f"{p99:.1f}", "")
    console = Console(width=140)
    console.print("fsync p50 {:.2f} ms, p99 {:.2f} ms".format(*fsync_ms()))
    console.print(shown)
    goals = [
        Goal("single posts", single, 400, "/s", at_least=True),
        Goal("in batches", batch, 5_000, "/s", at_least=True),
        Goal("p99 of a post while 64 modems send", p99, 60, "ms"),
    ]
    console.print(goals_table(goals, markdown=wanted.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
