"""modemgw beside others, on the same simulated bank, in one run.

Usage: python -m bench.peers [--modems 16 64] [--submit-ms 0 300] [--texts 2000] [--seconds 60]
           [--only NAME ...] [--markdown]

Single-part texts to a recipient each, reports on. Gammu SMSD (a process a modem) and SMS Server
Tools find the texts in their folders when they start, Kannel gets them by its HTTP (it keeps them
in memory); modemgw and python-gsmmodem-new are measured as by bench.gateway. No row has more texts
than it may need for `--seconds`, as known of that program; a peer that needs longer is stopped.

CPU and memory are those of all processes of a program, from /proc. A rate, a radio use and the CPU
of a text are those of the middle four fifths of the submits; the CPU "in all" includes a program's
start, and for modemgw and Kannel the accepting. A row in whose time the machine was over 90 % busy
is void.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table

from bench import gateway
from bench.measure import Journal, cpu_s, fsync_ms, memory_mib, processes
from bench.radio import outcome, radio
from bench.watch import Machine, Spent
from tests.e2e.site import Site, wait_for
from tests.judges.gammu_smsd import GammuSmsd
from tests.judges.kannel import Kannel
from tests.judges.programs import JUDGES, MissingError, bring
from tests.judges.smstools import ANNOUNCE, Smstools
from tests.judges.table import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.judges.desk import Running

BUSY: Final = 0.9
START_S: Final = 60.0
REPORTS_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Text:
    """A text and its only recipient."""

    to: str
    text: str


class Peer(Protocol):
    """A program of others on a bank."""

    def begin(self, texts: Sequence[Text]) -> None:
        """Fill its queue and start it, in the order that it needs."""

    def running(self) -> list[Running]:
        """What was started."""

    def stop(self) -> int:
        """Let it end; how many texts wait in it or are shown as failed."""


class GammuSmsds:
    """A gammu-smsd a modem, the texts dealt out."""

    def __init__(self, folder: Path, ports: Sequence[Path]) -> None:
        self._daemons = [GammuSmsd(folder / f"smsd{i}", port) for i, port in enumerate(ports)]

    def begin(self, texts: Sequence[Text]) -> None:
        for i, (text, daemon) in enumerate(
            zip(texts, itertools.cycle(self._daemons), strict=False)
        ):
            daemon.write(f"m{i}", text.to, text.text)
        for daemon in self._daemons:
            daemon.start()

    def running(self) -> list[Running]:
        return [daemon.running for daemon in self._daemons]

    def stop(self) -> int:
        for daemon in self._daemons:
            daemon.stop()
        return sum(len(d.files("outbox")) + len(d.files("error")) for d in self._daemons)


class Smsd:
    """SMS Server Tools' smsd, which shares the texts out itself."""

    def __init__(self, folder: Path, ports: Sequence[Path]) -> None:
        self._daemon = Smstools(folder, ports, [ANNOUNCE] * len(ports), quick=True)

    def begin(self, texts: Sequence[Text]) -> None:
        for i, text in enumerate(texts):
            self._daemon.write(f"m{i}", text.to, text.text)
        self._daemon.start()

    def running(self) -> list[Running]:
        return [self._daemon.running]

    def stop(self) -> int:
        self._daemon.stop()
        return sum(len(self._daemon.files(name)) for name in ("outgoing", "checked", "failed"))


class Boxes:
    """Kannel's two, which share the texts out themselves."""

    def __init__(self, folder: Path, ports: Sequence[Path]) -> None:
        self._kannel = Kannel(folder, ports, modemtype="simulated", log_level=2)

    def begin(self, texts: Sequence[Text]) -> None:
        self._kannel.start()
        for text in texts:
            self._kannel.send(text.to, text.text)

    def running(self) -> list[Running]:
        return self._kannel.running

    def stop(self) -> int:
        try:
            return self._kannel.waiting()
        finally:
            self._kannel.stop()


@dataclass(frozen=True, slots=True)
class Program:
    """One to be measured; `per_modem_s` and `per_s` are texts a second of which it is known that it
    does not do more, by modem and in all."""

    key: str
    judge: str = ""
    make: Callable[[Path, Sequence[Path]], Peer] | None = None
    row: Callable[[int, int, int], gateway.Row] | None = None
    per_modem_s: float = 1_000
    per_s: float = 1_000


PROGRAMS: Final = (
    Program("modemgw", row=gateway.ours),
    Program("gammu-smsd", "gammu_smsd", GammuSmsds, per_modem_s=1.1),
    Program("smstools", "smstools", Smsd, per_modem_s=3, per_s=100),
    Program("kannel", "kannel", Boxes, per_modem_s=0.6),
    Program("gsmmodem", "gsmmodem", row=gateway.theirs),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, and how it was around it."""

    measured: gateway.Row
    busy: float
    fsync_p50_ms: float
    fsync_p99_ms: float

    @property
    def is_void(self) -> bool:
        return self.busy > BUSY


def measure(program: Program, modems: int, submit_ms: int, texts: int, seconds: float) -> Row:
    """One program on a fresh bank."""
    per_modem_s = min(program.per_modem_s, 1000 / submit_ms if submit_ms else program.per_modem_s)
    fitting = int(seconds * min(per_modem_s * modems, program.per_s))
    rounds = max(2, min(texts, fitting) // modems)
    with Machine() as machine:
        if program.row is not None:
            found = program.row(modems, submit_ms, rounds)
        else:
            found = theirs(program, modems, submit_ms, rounds, seconds)
    return Row(found, machine.busy(found.radio.steady), *fsync_ms())


def theirs(
    program: Program, modems: int, submit_ms: int, rounds: int, seconds: float
) -> gateway.Row:
    """A peer that is a program."""
    assert program.make is not None
    texts = [Text(b["to"], b["text"]) for b in map(gateway.body, range(modems * rounds))]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(Path(folder), "", modems, submit_ms)
        try:
            site.start_bank()
            assert site.bank_process is not None
            simulator = site.bank_process.pid
            ports = [site.bank / f"modem{i:03}" for i in range(modems)]
            peer = program.make(Path(folder), ports)
            journal, before = Journal(site.journal_file), cpu_s(simulator)
            try:
                peer.begin(texts)

                def pids() -> list[int]:
                    return [pid for each in peer.running() for pid in processes(each.session)]

                with Spent(pids) as spent:
                    wait_for("a first submit", lambda: journal.count("submit"), START_S)
                    _while(seconds, lambda: journal.count("submit") < len(texts))
                    _while(REPORTS_S, lambda: journal.count("report") < journal.count("submit"))
                resident = sum(map(memory_mib, pids()))
                simulator_spent = cpu_s(simulator) - before
            finally:
                unsent = peer.stop()
            journal.read()
        finally:
            site.close()
    submits = journal.rows["submit"]
    found = radio(submits, modems)
    return gateway.Row(
        program.key, modems, submit_ms, len(submits), found,
        outcome(submits, len(texts), unsent), gateway.steady_ms(spent, found),
        spent.all_seconds * 1000 / len(submits), 0, simulator_spent * 1000 / len(submits), resident,
    )  # fmt: skip


def _while(seconds: float, test: Callable[[], bool]) -> None:
    """Wait so long at most."""
    end = time.monotonic() + seconds
    while test() and time.monotonic() < end:
        time.sleep(0.2)


def table(rows: list[Row], *, markdown: bool) -> Table:
    """A row for a measurement."""
    shown = Table(box=MARKDOWN if markdown else HEAVY_HEAD)
    for title in ("", "modems", "ms a submit", "texts", "texts/s", "radio use", "gap p50 ms",
                  "gap p99 ms", "CPU ms a text", "in all", "MiB", "doubled", "lost",
                  "simulator's CPU ms", "fsync p50/p99 ms", "machine busy"):  # fmt: skip
        shown.add_column(title, justify="right" if title else "left")
    for row in rows:
        r = row.measured
        shown.add_row(
            r.name, str(r.modems), str(r.submit_ms), str(r.texts),
            f"{r.radio.steady_per_s:.1f}", f"{r.radio.steady_use:.1%}" if r.submit_ms else "",
            f"{r.radio.gap_p50_ms:.1f}", f"{r.radio.gap_p99_ms:.1f}", f"{r.cpu_ms:.2f}",
            f"{r.whole_cpu_ms:.2f}", f"{r.memory_mib:.0f}",
            str(r.outcome.doubled), str(r.outcome.lost),
            f"{r.simulator_ms:.2f}", f"{row.fsync_p50_ms:.2f} / {row.fsync_p99_ms:.2f}",
            f"{row.busy:.0%}" + (", void" if row.is_void else ""),
        )  # fmt: skip
    return shown


def main() -> int:
    """Measure and print; exit status 2 where a program is missing."""
    keys = [program.key for program in PROGRAMS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modems", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--submit-ms", type=int, nargs="+", default=[0, 300])
    parser.add_argument("--texts", type=int, default=2_000, help="at most, a row")
    parser.add_argument("--seconds", type=float, default=60, help="of sending at most, a row")
    parser.add_argument("--only", nargs="*", choices=keys, default=keys, metavar="NAME")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    programs = [program for program in PROGRAMS if program.key in wanted.only]
    judges = {program.judge for program in programs}
    try:
        bring(judge for judge in JUDGES if judge.key in judges)
    except MissingError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    rows = [
        _told(measure(program, modems, submit_ms, wanted.texts, wanted.seconds))
        for modems in wanted.modems
        for submit_ms in wanted.submit_ms
        for program in programs
    ]
    if wanted.json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    console = Console(width=200)
    console.print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end: {versions(judges)}"
    )
    console.print(table(rows, markdown=wanted.markdown))
    return 0


def _told(row: Row) -> Row:
    """What is measured so far, for who waits."""
    r = row.measured
    sys.stderr.write(f"{r.name}, {r.modems} modems, {r.submit_ms} ms: {r.texts} texts\n")
    return row


if __name__ == "__main__":
    sys.exit(main())
