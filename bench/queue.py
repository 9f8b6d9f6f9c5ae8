"""What a long queue costs.

Usage: python -m bench.queue [--queued 1000 1000000]

On a SQLite file of this disk, filled beforehand. The claim is the gateway's own, of a line whose
lanes hold the texts; what it changes is rolled back, so that each finds the same queue. Of
*ineligible* texts nine tenths of the queue are more urgent than what may go: deferred to a time,
bound to a line that is gone, of a pool that is paused. The restart is a real daemon's, from its
start to the first Ctrl-Z in the simulator's journal.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from bench.measure import Goal, goals_table, percentiles
from modemgw.consent.gate import Policy
from modemgw.gateway import claims, upkeep
from modemgw.gateway.lanes import lane_of
from modemgw.gateway.roster import Line
from modemgw.gateway.settings import GatewaySettings
from modemgw.gateway.turns import Turns
from modemgw.ids import new_id
from modemgw.store import tables
from modemgw.store.engine import writer_engine
from modemgw.store.schema import migrate
from modemgw.store.transaction import Transaction
from tests.e2e.site import Site, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

CLAIMS = 300
CHUNK = 20_000
NIGHT_S = 12 * 3_600.0
LINE = Line("lin_bench", "8901000000000000001", "+15550100000", "US", ("sales", "paused"))
LANE = lane_of(None, "sales", "key_bench", kind="transactional")
SETTINGS = GatewaySettings(
    host="bench", default_region="US", policy=Policy.parse("off", ["*"]), fingerprint_key=b"k" * 32
)


def rows(count: int, **values: object) -> Iterator[list[dict[str, object]]]:
    """So many queued texts, in chunks."""
    now = time.time()
    usual: dict[str, object] = {
        "direction": "outbound", "status": "queued", "kind": "transactional", "pool": "sales",
        "text": "Your appointment is tomorrow at ten.", "encoding": "gsm7", "parts": 1,
        "partial": False, "created_at": now, "metadata": {}, "urgent": False,
        "want_report": True, "expires_at": now + 86_400, "lane": LANE, "home_lane": LANE,
        "priority": 5, "resends": 0, "if_in_doubt": "hold", "ready_at": None,
    }  # fmt: skip
    for start in range(0, count, CHUNK):
        yield [
            {**usual, **values, "id": new_id("msg"), "recipient": f"+1555{start + i:07}"}
            for i in range(min(CHUNK, count - start))
        ]


def fill(connection: Connection, count: int, **values: object) -> None:
    """Write so many queued texts with their parts."""
    for chunk in rows(count, **values):
        connection.execute(insert(tables.messages), chunk)
        parts = [
            {"message_id": row["id"], "seq": 1, "status": "queued", "attempts": 0,
             "recipient": row["recipient"]}
            for row in chunk
        ]  # fmt: skip
        connection.execute(insert(tables.parts), parts)


def claims_ms(connection: Connection, lanes: list[str]) -> tuple[float, float]:
    """p50 and p99 of a claim."""
    times = []
    for _ in range(CLAIMS):
        with connection.begin() as transaction:
            begin = time.perf_counter()
            tx = Transaction(connection)
            found = claims.claim(tx, lanes, LINE, Turns(), SETTINGS, time.time())
            times.append((time.perf_counter() - begin) * 1000)
            assert found.job is not None
            transaction.rollback()
    return percentiles(times)


def dead_lane() -> str:
    """The lane of a line that is gone."""
    return lane_of("lin_gone", "sales", "key_bench", kind="transactional")


def paused_lane() -> str:
    """The lane of a pool that is paused."""
    return lane_of(None, "paused", "key_bench", kind="transactional")


def at_once_ms(connection: Connection, count: int) -> tuple[float, float]:
    """How many texts that become due at one moment come into their lanes in a second; p99 of a
    claim between the transactions that bring them, in ms."""
    begin, waits, moved = time.perf_counter(), [], 0
    while True:
        with connection.begin():
            tx = Transaction(connection)
            due = time.time() + NIGHT_S + 1
            promoted = upkeep.promote(tx, due, lambda *_: False, hold_patient=False)
        moved += len(promoted)
        with connection.begin() as transaction:
            before = time.perf_counter()
            claims.claim(Transaction(connection), [LANE], LINE, Turns(), SETTINGS, time.time())
            waits.append((time.perf_counter() - before) * 1000)
            transaction.rollback()
        if len(promoted) < upkeep.BATCH or moved >= count:
            return moved / (time.perf_counter() - begin), percentiles(waits)[1]


def fresh(folder: str, filler: Callable[[Connection], None]) -> str:
    """A new database, filled; its URL."""
    path = Path(folder) / "queue.db"
    for old in Path(folder).glob("queue.db*"):
        old.unlink()
    url = f"sqlite:///{path}"
    migrate(url)
    engine = writer_engine(url)
    with engine.begin() as connection:
        filler(connection)
    engine.dispose()
    with sqlite3.connect(path) as connection_:
        connection_.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return url


def restart_s(folder: str, url: str) -> float:
    """From a daemon's start to its first Ctrl-Z."""
    site = Site(Path(folder), url, modems=4, submit_ms=50, extra='[log]\nlevel="error"\n')
    try:
        site.start_bank()
        site.write_config()
        began = time.monotonic()
        site.start_daemon(ready=False)
        wait_for("a submit", lambda: len(site.journal("submit")) > 0, 120, pause_s=0.02)
        first = site.journal("submit")[0]
        return float(first["t_ctrl_z"]) / 1e9 - began
    finally:
        site.close()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    most = max(wanted.queued)
    box = MARKDOWN if wanted.markdown else HEAVY_HEAD
    shown = Table("", "queued", "claim p50 ms", "p99 ms", box=box)
    console = Console(width=140)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for count in wanted.queued:
            url = fresh(folder, partial(fill, count=count))
            with writer_engine(url).connect() as connection:
                p50, p99 = claims_ms(connection, [LANE])
            shown.add_row("all may go", f"{count:,}", f"{p50:.3f}", f"{p99:.3f}")
        url = fresh(folder, lambda c: fill(c, most, pool=None, lane=OPEN, home_lane=OPEN))
        restart = restart_s(folder, url)
        ineligible = int(most * 0.9)

        def hostile(connection: Connection) -> None:
            third = ineligible // 3
            night = {"ready_at": time.time() + NIGHT_S, "lane": None, "hold_reason": "outer_window"}
            fill(connection, third, priority=9, **night)
            fill(connection, third, priority=9, lane=dead_lane())
            fill(connection, third, priority=9, lane=paused_lane(), home_lane=paused_lane())
            fill(connection, most - 3 * third)

        url = fresh(folder, hostile)
        with writer_engine(url).connect() as connection:
            p50, p99 = claims_ms(connection, [LANE])
            shown.add_row("nine tenths may not", f"{most:,}", f"{p50:.3f}", f"{p99:.3f}")
            rate, waits = at_once_ms(connection, ineligible // 3)
        console.print(shown)
        console.print(
            f"{ineligible // 3:,} due at one moment: {rate:,.0f} a second into their lanes; "
            f"a claim between them p99 {waits:.2f} ms"
        )
        goals = [Goal("restart, to the first Ctrl-Z", restart, 3, "s")]
        console.print(goals_table(goals, markdown=wanted.markdown))
    return 0


OPEN = lane_of(None, None, None, kind="transactional")

if __name__ == "__main__":
    sys.exit(main())
