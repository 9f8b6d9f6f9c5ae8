"""What the simulated bank costs: so that it is not what another measurement measures.

Usage: python -m bench.simulator [--modems 16 256] [--submit-ms 0 300] [--seconds 10] [--markdown]

The bank is a process of its own, as `modemgw simulate` is. This one drives every port, each with
one submit after the other, and does nothing else: `AT+CMGS`, prompt, TPDU, answer, by epoll.
*Reports* asks for a status report on each, printed at once (`+CDS`). CPU is user and system time,
from /proc.
"""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.measure import Goal, cpu_s, goals_table
from modemgw import pdu

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT = "a" * 160
GOAL_MODEMS = 256
GOAL_RATE = 2000
GOAL_CPU_MS = 0.3
_READ_SIZE = 4096
_PATIENCE_S = 5.0


class Driver:
    """Everything that is open, driven in one thread."""

    def __init__(self, ports: Sequence[Path], *, reports: bool) -> None:
        frame = pdu.encode("+15550001001", TEXT, srr=reports)[0]
        self._command = b"AT+CMGS=%d\r" % frame.length
        self._text = frame.hex.encode() + b"\x1a"
        self._ports = [os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK) for port in ports]
        self._heard = dict.fromkeys(self._ports, b"")
        self._poll = select.epoll()
        for port in self._ports:
            self._poll.register(port, select.EPOLLIN)
        self.answered = 0
        for command in (b"ATE0\r", b"AT+CNMI=2,1,0,1,0\r"):
            for port in self._ports:
                os.write(port, command)
            waiting = set(self._ports)
            while waiting:
                for port in self._readable():
                    if self._take(port).endswith(b"\r\nOK\r\n"):
                        self._heard[port] = b""
                        waiting.discard(port)

    def run(self, seconds: float, spread_s: float) -> None:
        """Submit on every port for so long, and wait for what is under way.

        They begin one after the other, within `spread_s`: what comes together costs less.
        """
        for port in self._ports:
            os.write(port, self._command)
            time.sleep(spread_s / len(self._ports))
        end = time.monotonic() + seconds
        under_way = len(self._ports)
        while under_way:
            goes_on = time.monotonic() < end
            for port in self._readable():
                heard = self._take(port)
                if heard.endswith(b"\r\n> "):
                    self._heard[port] = b""
                    os.write(port, self._text)
                elif b"\r\n+CMGS: " in heard and b"\r\nOK\r\n" in heard:
                    self._heard[port] = b""
                    self.answered += 1
                    if goes_on:
                        os.write(port, self._command)
                    else:
                        under_way -= 1
                elif b"ERROR" in heard:
                    raise SystemExit(f"the simulator says {heard!r}")

    def close(self) -> None:
        self._poll.close()
        for port in self._ports:
            os.close(port)

    def _readable(self) -> list[int]:
        ready = self._poll.poll(_PATIENCE_S)
        if not ready:
            raise SystemExit("the simulator is silent")
        return [port for port, _events in ready]

    def _take(self, port: int) -> bytes:
        heard = self._heard[port] + os.read(port, _READ_SIZE)
        self._heard[port] = heard
        return heard


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; CPU is in ms a submit."""

    modems: int
    submit_ms: float
    reports: bool
    rate: float
    cpu_ms: float
    load: float
    client_ms: float


def measure(modems: int, submit_ms: float, seconds: float, *, reports: bool) -> Row:
    """Drive a fresh bank for so long."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        options = ["--modems", str(modems), "--dir", folder, "--submit-ms", str(submit_ms)]
        command = [sys.executable, "-m", "modemgw.simulator", "--profile", "generic", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as bank:
            try:
                assert bank.stdout is not None
                assert bank.stdout.readline() == "simulator ready\n"
                ports = [Path(folder) / f"modem{index:03d}" for index in range(modems)]
                driver = Driver(ports, reports=reports)
                bank_before, own_before, began = cpu_s(bank.pid), time.process_time(), time.time()
                driver.run(seconds, submit_ms / 1000)
                wall = time.time() - began
                bank_cpu, own_cpu = cpu_s(bank.pid) - bank_before, time.process_time() - own_before
                count = driver.answered
                driver.close()
            finally:
                bank.terminate()
    return Row(
        modems=modems,
        submit_ms=submit_ms,
        reports=reports,
        rate=count / wall,
        cpu_ms=bank_cpu / count * 1000,
        load=bank_cpu / wall,
        client_ms=own_cpu / count * 1000,
    )


def table(rows: Sequence[Row], *, markdown: bool) -> Table:
    """A row for a measurement."""
    made = Table(box=MARKDOWN if markdown else HEAVY_HEAD)
    for title in (
        "modems",
        "ms a submit",
        "reports",
        "submits/s",
        "CPU ms a submit",
        "of a core",
        "client's CPU ms",
    ):
        made.add_column(title, justify="right")
    for row in rows:
        made.add_row(
            str(row.modems),
            f"{row.submit_ms:g}",
            "yes" if row.reports else "no",
            f"{row.rate:,.0f}",
            f"{row.cpu_ms:.3f}",
            f"{row.load:.0%}",
            f"{row.client_ms:.3f}",
        )
    return made


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--modems", type=int, nargs="+", default=[16, GOAL_MODEMS])
    parser.add_argument("--submit-ms", type=float, nargs="+", default=[0, 300])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--markdown", action="store_true")
    given = parser.parse_args()
    rows = [
        measure(modems, submit_ms, given.seconds, reports=reports)
        for modems in given.modems
        for submit_ms in given.submit_ms
        for reports in (False, True)
    ]
    console = Console(width=120)
    console.print(table(rows, markdown=given.markdown))
    for row in rows:
        if row.modems == GOAL_MODEMS and row.submit_ms == 0 and not row.reports:
            goals = [
                Goal("submits a second", row.rate, GOAL_RATE, "", at_least=True),
                Goal("CPU a submit", row.cpu_ms, GOAL_CPU_MS, "ms"),
            ]
            console.print(goals_table(goals, markdown=given.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
