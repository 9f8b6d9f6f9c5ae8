"""How fast a bank is driven, and how little the daemon needs for it.

Usage: python -m bench.gateway [--texts N] [--modems 16] [--submit-ms 0 300]

For each row: the simulator and the daemon as processes of their own, SQLite on this disk, one
webhook that receives every event, reports on; the queue is filled by batch beforehand. The radio's
figures are read from the simulator's journal, CPU and memory of the daemon from /proc. The last row
of each is python-gsmmodem-new on the same bank: threads, no queue, nothing durable.
"""

from __future__ import annotations

import argparse
import http.server
import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tests.e2e.site import Site, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TICKS = os.sysconf("SC_CLK_TCK")
SECRET = "whsec_" + "A" * 32


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement."""

    name: str
    modems: int
    submit_ms: int
    texts: int
    wall_s: float
    radio_use: float
    gap_p50_ms: float
    gap_p99_ms: float
    cpu_ms_a_part: float
    memory_mib: float


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes every event."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    return (
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    )


def radio(site: Site) -> tuple[float, float, list[float]]:
    """First Ctrl-Z to last answer, the share of that in which radios were busy, the gaps in ms."""
    by_modem: dict[int, list[dict[str, Any]]] = {}
    for row in site.journal("submit"):
        by_modem.setdefault(row["modem"], []).append(row)
    gaps, busy = [], 0.0
    begin = min(rows[0]["t_ctrl_z"] for rows in by_modem.values())
    end = max(rows[-1]["t"] for rows in by_modem.values())
    for rows in by_modem.values():
        busy += sum(row["t"] - row["t_ctrl_z"] for row in rows)
        gaps += [(b["t_ctrl_z"] - a["t"]) / 1e6 for a, b in itertools.pairwise(rows)]
    wall = end - begin
    return wall / 1e9, busy / (wall * len(by_modem)), gaps


def ours(modems: int, submit_ms: int, texts: int) -> Row:
    """modemgw, durable, with reports and a webhook."""
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        extra = (
            f'[[webhooks]]\nurl = "http://127.0.0.1:{hook.server_address[1]}/"\n'
            f'secret = "{SECRET}"\n'
            '[log]\nlevel = "warning"\n'
        )
        site = Site(Path(folder), f"sqlite:///{folder}/x.db", modems, submit_ms, extra)
        try:
            site.start()
            assert site.daemon is not None
            pid = site.daemon.pid
            before = cpu_s(pid)
            site.ctl("latency", min_ms=submit_ms, max_ms=submit_ms)
            for start in range(0, texts, 5_000):
                count = min(5_000, texts - start)
                site.send_many([body(start + i) for i in range(count)])
            wait_for("all submits", lambda: len(site.journal("submit")) >= texts, 600)
            wait_for(
                "all reports",
                lambda: (
                    not site.get("/v1/messages?status=sent&limit=1")["items"]
                    and not site.get("/v1/messages?status=queued&limit=1")["items"]
                ),
                600,
            )
            spent, resident = cpu_s(pid) - before, memory_mib(pid)
            wall, use, gaps = radio(site)
        finally:
            site.close()
            hook.shutdown()
    return row("modemgw", modems, submit_ms, texts, wall, use, gaps, spent, resident)


def body(i: int) -> dict[str, Any]:
    """One text of a campaign."""
    return {"to": f"+1555{i:07}", "text": f"Your appointment no. {i} is tomorrow at ten."}


def theirs(modems: int, submit_ms: int, texts: int) -> Row:
    """python-gsmmodem-new, a thread a modem."""
    from gsmmodem.modem import GsmModem

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(Path(folder), "sqlite:///unused.db", modems, submit_ms)
        try:
            site.start_bank()
            bank = [GsmModem(f"{site.bank}/modem{i:03}", 115200) for i in range(modems)]
            for modem in bank:
                modem.smsTextMode = False
                modem.connect()
            share = iter(range(texts))
            lock = threading.Lock()
            before = cpu_s(os.getpid())

            def work(modem: Any) -> None:
                for i in numbers(share, lock):
                    modem.sendSms(**sms(i))

            run_all([lambda m=modem: work(m) for modem in bank])
            spent, resident = cpu_s(os.getpid()) - before, memory_mib(os.getpid())
            wall, use, gaps = radio(site)
            for modem in bank:
                modem.close()
        finally:
            site.close()
    return row("gsmmodem", modems, submit_ms, texts, wall, use, gaps, spent, resident)


def sms(i: int) -> dict[str, str]:
    """The same text, in that library's words."""
    text = body(i)
    return {"destination": text["to"], "text": text["text"]}


def numbers(share: Iterator[int], lock: threading.Lock) -> Iterator[int]:
    """What is left of a common range."""
    while True:
        with lock:
            i = next(share, None)
        if i is None:
            return
        yield i


def run_all(works: list[Callable[[], None]]) -> None:
    """Each in a thread; returns when all have ended."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def row(
    name: str, modems: int, submit_ms: int, texts: int,
    wall: float, use: float, gaps: list[float], spent: float, resident: float,
) -> Row:  # fmt: skip
    """A measurement from its raw figures."""
    ordered = sorted(gaps)
    return Row(
        name, modems, submit_ms, texts, wall, use,
        statistics.median(ordered), ordered[int(len(ordered) * 0.99)],
        spent * 1000 / texts, resident,
    )  # fmt: skip


def fsync_ms(folder: str) -> tuple[float, float]:
    """p50 and p99 of writing and syncing a page on this disk."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(200):
            begin = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    times.sort()
    return times[100], times[198]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=800)
    parser.add_argument("--modems", type=int, nargs="+", default=[16])
    parser.add_argument("--submit-ms", type=int, nargs="+", default=[0, 300])
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    rows = [
        measure(modems, submit_ms, wanted.texts)
        for modems in wanted.modems
        for submit_ms in wanted.submit_ms
        for measure in (ours, theirs)
    ]
    if wanted.json:
        print(json.dumps([{k: getattr(r, k) for k in Row.__slots__} for r in rows]))
        return 0
    table = Table(
        title="fsync p50 {:.2f} ms, p99 {:.2f} ms".format(*fsync_ms(tempfile.gettempdir()))
    )
    for title in ("", "modems", "ms a submit", "texts/s", "radio use", "gap p50 ms", "gap p99 ms",
                  "CPU ms a part", "MiB"):  # fmt: skip
        table.add_column(title, justify="right")
    for r in rows:
        table.add_row(
            r.name, str(r.modems), str(r.submit_ms), f"{r.texts / r.wall_s:.0f}",
            f"{r.radio_use:.1%}", f"{r.gap_p50_ms:.1f}", f"{r.gap_p99_ms:.1f}",
            f"{r.cpu_ms_a_part:.2f}", f"{r.memory_mib:.0f}",
        )  # fmt: skip
    Console(width=110).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
