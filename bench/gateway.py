"""How fast a bank is driven, and how little the daemon needs for it.

Usage: python -m bench.gateway [--rounds 50] [--modems 16 64] [--submit-ms 0 300] [--alone]
           [--load webhook reports bare]

For each row: the simulator and the daemon as processes of their own, SQLite on this disk; the queue
is filled by batch beforehand, with so many texts a modem as there are rounds. Of the loads
`webhook` is one that receives every event, and reports on; `reports` is the daemon as it is when
nothing is configured, reports on; `bare` has neither. The radio's figures are read
from the simulator's journal, CPU and memory from /proc. Radio use and CPU are those of the middle
four fifths of the submits; beside them stand the radio use of the whole, with its start and its end
(modems whose share is done wait for the others), and the CPU of the whole, with what accepting
took, the modems' start and the wait for the last reports, by all texts. Texts a second are those of
the whole. The second row of each is
python-gsmmodem-new on the same bank (not with `--alone`): threads, no queue, nothing durable.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table

from bench.measure import (
    Goal,
    Journal,
    Receiver,
    cpu_s,
    fsync_ms,
    goals_table,
    memory_mib,
)
from bench.radio import Outcome, Radio, outcome, radio
from bench.watch import Spent
from tests.e2e.site import Site, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BATCH = 5_000
GOAL_MODEMS, GOAL_SUBMIT_MS = 64, 300
UNSENT, OPEN = ("queued", "sending"), ("queued", "sending", "sent")
LOADS = ("webhook", "reports", "bare")


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. CPU is in ms a part: `cpu_ms` of the steady part, `whole_cpu_ms` of all;
    `simulator_ms` is what the other side needed.
    """

    name: str
    modems: int
    submit_ms: int
    texts: int
    radio: Radio
    outcome: Outcome
    cpu_ms: float
    whole_cpu_ms: float
    accepting_ms: float
    simulator_ms: float
    memory_mib: float


def ours(modems: int, submit_ms: int, rounds: int, *, load: str = "webhook") -> Row:
    """modemgw, durable, under one of the loads."""
    texts = modems * rounds
    with Receiver() as hook, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        extra = "[messages]\nreports = false\n" if load == "bare" else ""
        extra += hook.config if load == "webhook" else ""
        extra += '[log]\nlevel = "warning"\n'
        site = Site(Path(folder), f"sqlite:///{folder}/x.db", modems, submit_ms, extra=extra)
        try:
            site.start()
            assert site.daemon is not None
            assert site.bank_process is not None
            daemon, simulator = site.daemon.pid, site.bank_process.pid
            journal = Journal(site.journal_file)
            # Nobody can send before all is accepted: what accepting takes is seen by itself. Then
            # they begin one after the other, within the time of a submit.
            site.ctl("registration", stat=0)
            site.wait_state("degraded", modems)
            before, theirs_before = cpu_s(daemon), cpu_s(simulator)
            for start in range(0, texts, BATCH):
                site.send_many([body(i) for i in range(start, min(start + BATCH, texts))])
            accepted = cpu_s(daemon)
            with Spent(lambda: [daemon]) as spent:
                for modem in range(modems):
                    site.ctl("registration", modem=modem, stat=1)
                    time.sleep(submit_ms / 1000 / modems)
                wait_for("all submits", lambda: journal.count("submit") >= texts, 600)
            open_states = UNSENT if load == "bare" else OPEN
            wait_for("all outcomes", lambda: not open_messages(site, open_states), 600, pause_s=0.5)
            whole, resident = cpu_s(daemon) - before, memory_mib(daemon)
            theirs_spent = cpu_s(simulator) - theirs_before
        finally:
            site.close()
    submits = journal.rows["submit"]
    found = radio(submits, modems)
    return Row(
        f"modemgw, {load}", modems, submit_ms, texts, found, outcome(submits, texts),
        steady_ms(spent, found), whole * 1000 / texts, (accepted - before) * 1000 / texts,
        theirs_spent * 1000 / texts, resident,
    )  # fmt: skip


def steady_ms(spent: Spent, radio: Radio) -> float:
    """The CPU of a text in the steady part of a run."""
    return spent.seconds(radio.steady) * 1000 / max(1, radio.steady_submits)


def open_messages(site: Site, states: Sequence[str]) -> bool:
    """Whether any text is in one of these states."""
    return any(site.get(f"/v1/messages?status={state}&limit=1")["items"] for state in states)


def body(i: int) -> dict[str, Any]:
    """One text of a campaign."""
    return {"to": f"+1555{i:07}", "text": f"Your appointment no. {i} is tomorrow at ten."}


def theirs(modems: int, submit_ms: int, rounds: int) -> Row:
    """python-gsmmodem-new, a thread a modem. A text of which it raises is not tried again."""
    from gsmmodem.exceptions import GsmModemException
    from gsmmodem.modem import GsmModem

    texts = modems * rounds
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(Path(folder), "sqlite:///unused.db", modems, submit_ms)
        try:
            site.start_bank()
            assert site.bank_process is not None
            simulator = site.bank_process.pid
            bank = [GsmModem(f"{site.bank}/modem{i:03}", 115200) for i in range(modems)]
            for modem in bank:
                modem.smsTextMode = False
                modem.connect()
            share = iter(range(texts))
            lock = threading.Lock()
            before, simulator_before = cpu_s(os.getpid()), cpu_s(simulator)

            def work(modem: Any) -> None:
                for i in numbers(share, lock):
                    with contextlib.suppress(GsmModemException):
                        modem.sendSms(**sms(i))

            with Spent(lambda: [os.getpid()]) as spent:
                run_all([functools.partial(work, modem) for modem in bank])
            whole, resident = cpu_s(os.getpid()) - before, memory_mib(os.getpid())
            simulator_spent = cpu_s(simulator) - simulator_before
            journal = Journal(site.journal_file)
            journal.read()
            for modem in bank:
                modem.close()
        finally:
            site.close()
    submits = journal.rows["submit"]
    found = radio(submits, modems)
    return Row(
        "gsmmodem", modems, submit_ms, texts, found, outcome(submits, texts),
        steady_ms(spent, found), whole * 1000 / texts, 0, simulator_spent * 1000 / texts, resident,
    )  # fmt: skip


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


def table(rows: list[Row], *, markdown: bool) -> Table:
    """A row for a measurement."""
    shown = Table(box=MARKDOWN if markdown else HEAVY_HEAD)
    for title in ("", "modems", "ms a submit", "texts/s", "radio use", "in all", "gap p50 ms",
                  "gap p99 ms", "CPU ms a part", "in all", "of it accepting", "simulator's",
                  "MiB"):  # fmt: skip
        shown.add_column(title, justify="right")
    for r in rows:
        shown.add_row(
            r.name, str(r.modems), str(r.submit_ms), f"{r.texts / r.radio.whole.seconds:.0f}",
            *(f"{use:.1%}" if r.submit_ms else "" for use in (r.radio.steady_use, r.radio.use)),
            f"{r.radio.gap_p50_ms:.1f}", f"{r.radio.gap_p99_ms:.1f}", f"{r.cpu_ms:.2f}",
            f"{r.whole_cpu_ms:.2f}", f"{r.accepting_ms:.2f}", f"{r.simulator_ms:.2f}",
            f"{r.memory_mib:.0f}",
        )  # fmt: skip
    return shown


def goals(row: Row) -> list[Goal]:
    """What was asked of 64 modems at 300 ms, beside what was measured."""
    return [
        Goal("radio use", row.radio.steady_use * 100, 98, "%", at_least=True),
        Goal("gap p50", row.radio.gap_p50_ms, 5, "ms"),
        Goal("gap p99", row.radio.gap_p99_ms, 25, "ms"),
        Goal("CPU a part", row.cpu_ms, 1.2, "ms"),
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="texts a modem")
    parser.add_argument("--modems", type=int, nargs="+", default=[16, GOAL_MODEMS])
    parser.add_argument("--submit-ms", type=int, nargs="+", default=[0, GOAL_SUBMIT_MS])
    parser.add_argument("--alone", action="store_true", help="without the comparison")
    parser.add_argument("--load", nargs="+", choices=LOADS, default=LOADS[:1])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    measures: list[Callable[[int, int, int], Row]] = [
        functools.partial(ours, load=load) for load in wanted.load
    ]
    if not wanted.alone:
        measures.append(theirs)
    rows = [
        measure(modems, submit_ms, wanted.rounds)
        for modems in wanted.modems
        for submit_ms in wanted.submit_ms
        for measure in measures
    ]
    if wanted.json:
        print(json.dumps([asdict(row) for row in rows]))
        return 0
    console = Console(width=160)
    console.print("fsync p50 {:.2f} ms, p99 {:.2f} ms".format(*fsync_ms()))
    console.print(table(rows, markdown=wanted.markdown))
    for row in rows:
        is_ours = row.name.startswith("modemgw")
        if is_ours and (row.modems, row.submit_ms) == (GOAL_MODEMS, GOAL_SUBMIT_MS):
            console.print(row.name)
            console.print(goals_table(goals(row), markdown=wanted.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
