"""How quickly a page of messages is read out of very many.

Usage: python -m bench.lists [--messages 1000000] [--database URL] [--markdown]

A history as a bank has it after some months: of a hundred texts seven came in; of those that went
out nearly all are delivered, and one in a hundred each failed, sent, expired, undelivered, queued.
40 lines and two pools, of which one each is hardly used; 30,000 people, of whom few have most of
the texts. What is timed is the API's own query of fifty messages and their conversion to JSON, on a
connection of the reader's kind, for the first page, one from the middle of the history and one near
its end: p50 by the clock, and of this process's CPU, which others on the machine change less.
Without a URL the database is a SQLite file of this disk.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, insert, select, text

from bench.measure import Goal, goals_table, percentiles
from modemgw.api.respond import to_json
from modemgw.gateway import views
from modemgw.store import conversations, messages, tables
from modemgw.store.engine import reader_engine, writer_engine
from modemgw.store.messages import EMPTY_MESSAGE, Filter
from modemgw.store.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

PAGE, ROUNDS, CHUNK = 50, 30, 20_000
LINES = [f"lin_{i:032x}" for i in range(40)]
PEOPLE = 30_000
RARE_LINE = LINES[-1]  # one text of a thousand
POOL, RARE_POOL = "sales", "night"  # one text of a thousand
STATUSES = ["delivered"] * 88 + ["failed", "sent", "expired", "undelivered", "queued"]


@dataclass(frozen=True, slots=True)
class Case:
    """A list that somebody may ask for."""

    name: str
    wanted: Filter


def number_of(person: int) -> str:
    """A person's number."""
    return f"+1555{person:07}"


def thread_of(person: int) -> str:
    """A person's conversation."""
    return f"cnv_{person:032x}"


def rows(count: int, dice: random.Random, began: float) -> Iterator[dict[str, object]]:
    """So many messages, the oldest first, one each three seconds."""
    for i in range(count):
        person = min(int(dice.paretovariate(1.1)) - 1, PEOPLE - 1)
        line = RARE_LINE if dice.random() < 0.001 else dice.choice(LINES[:-1])
        inbound, at = dice.random() < 0.07, began + 3.0 * i
        own, theirs = f"+1555999{LINES.index(line):04}", number_of(person)
        yield {
            **EMPTY_MESSAGE,
            "id": f"msg_{int(at * 1000):012x}7{i & 0xFFF:03x}{dice.getrandbits(64):016x}",
            "direction": "inbound" if inbound else "outbound",
            "status": "received" if inbound else dice.choice(STATUSES),
            "sender": theirs if inbound else own,
            "recipient": own if inbound else theirs,
            "line_id": line,
            "pool": RARE_POOL if dice.random() < 0.001 else POOL,
            "kind": "conversational",
            "text": "Your appointment is tomorrow at ten. Reply STOP to opt out.",
            "encoding": "gsm7",
            "parts": 1,
            "conversation_id": thread_of(person),
            "created_at": at,
        }


def fill(url: str, count: int, began: float) -> None:
    """Put the history into an empty database."""
    migrate(url)
    engine, dice = writer_engine(url), random.Random(7)
    threads = [
        {
            "id": thread_of(person), "number": number_of(person),
            "pool": RARE_POOL if dice.random() < 0.001 else POOL, "last_sequence": 0,
            "line_id": dice.choice(LINES), "created_at": began,
            "spoken_at": began + dice.random() * 3.0 * count, "unread": int(dice.random() < 0.02),
        }
        for person in range(PEOPLE)
    ]  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(tables.conversations), threads)
    made = rows(count, dice, began)
    for _ in range(0, count, CHUNK):
        chunk = [row for row, _ in zip(made, range(CHUNK), strict=False)]
        with engine.begin() as connection:
            connection.execute(insert(tables.messages), chunk)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    engine.dispose()


def cases(began: float, count: int) -> list[Case]:
    """Every filter, and what people ask for together."""
    often, seldom = number_of(0), number_of(4_000)
    middle = began + 1.5 * count
    return [
        Case("all", Filter()),
        Case("direction=inbound", Filter(direction="inbound")),
        Case("direction=outbound", Filter(direction="outbound")),
        Case("status=delivered", Filter(status="delivered")),
        Case("status=failed", Filter(status="failed")),
        Case("to, who is texted often", Filter(recipient=often)),
        Case("to, who is texted seldom", Filter(recipient=seldom)),
        Case("from, who writes often", Filter(sender=often)),
        Case("from, one of our lines", Filter(sender="+15559990003")),
        Case("line", Filter(line_id=LINES[3])),
        Case("line, hardly used", Filter(line_id=RARE_LINE)),
        Case("conversation, long", Filter(conversation_id=thread_of(0))),
        Case("conversation, short", Filter(conversation_id=thread_of(4_000))),
        Case("created_before, middle", Filter(created_before=middle)),
        Case("created_after, middle", Filter(created_after=middle)),
        Case("to and status=failed", Filter(recipient=often, status="failed")),
        Case("line and status=failed", Filter(line_id=LINES[3], status="failed")),
        Case("line and direction=inbound", Filter(line_id=LINES[3], direction="inbound")),
        Case("hardly used line, inbound", Filter(line_id=RARE_LINE, direction="inbound")),
        Case("status=failed, a day", Filter(
            status="failed", created_after=middle, created_before=middle + 86_400
        )),
        Case("direction=inbound, a day", Filter(
            direction="inbound", created_after=middle, created_before=middle + 86_400
        )),
        Case("hardly used line, failed", Filter(line_id=RARE_LINE, status="failed")),
        Case("long conversation, none so", Filter(
            conversation_id=thread_of(0), status="scheduled"
        )),
        Case("from a line, to whom seldom", Filter(sender="+15559990003", recipient=seldom)),
        Case("inbound and failed, none", Filter(direction="inbound", status="failed")),
        Case("of a key's pool", Filter(pools=frozenset({POOL}))),
        Case("of a pool hardly used", Filter(pools=frozenset({RARE_POOL}))),
        Case("of three pools, one unused", Filter(pools=frozenset({POOL, RARE_POOL, "other"}))),
        Case("rare pool, inbound", Filter(pools=frozenset({RARE_POOL}), direction="inbound")),
        Case("rare pool, a busy line", Filter(pools=frozenset({RARE_POOL}), line_id=LINES[3])),
        Case("to, before the middle", Filter(recipient=often, created_before=middle)),
    ]  # fmt: skip


def page(connection: Connection, wanted: Filter, before: str | None) -> int:
    """Read one as the API does; how many messages were on it."""
    found = messages.find(connection, wanted, before=before, limit=PAGE + 1)
    to_json([views.message(row) for row in found[:PAGE]])
    return len(found)


def deepest(connection: Connection, share: float) -> str:
    """The identifier behind which this share of the history lies."""
    ids = select(tables.messages.c.id).order_by(tables.messages.c.id)
    count = connection.execute(select(func.count()).select_from(tables.messages)).scalar_one()
    found: str = connection.execute(ids.offset(int(count * share)).limit(1)).scalar_one()
    return found


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """p50 of some rounds, by the clock and of this process's CPU, in ms; the first is not counted,
    for it compiles the SQL."""
    work()
    times, costs = [], []
    for _ in range(ROUNDS):
        begin, cpu = time.perf_counter(), time.process_time()
        work()
        costs.append((time.process_time() - cpu) * 1000)
        times.append((time.perf_counter() - begin) * 1000)
    return percentiles(times)[0], percentiles(costs)[0]


def measure(url: str, count: int, *, markdown: bool) -> list[Goal]:
    """Measure all and print the table."""
    began = time.time() - 3.0 * count
    fill(url, count, began)
    engine = reader_engine(url, 1)
    shown = Table(
        "list", "first page", "middle", "near the end", box=MARKDOWN if markdown else HEAVY_HEAD
    )
    goals = []
    with engine.connect() as connection:
        starts = [None, deepest(connection, 0.5), deepest(connection, 0.02)]
        for case in cases(began, count):
            found = [timed(partial(page, connection, case.wanted, start)) for start in starts]
            shown.add_row(case.name, *(f"{wall:.1f} / {cpu:.1f}" for wall, cpu in found))
            goals.append(Goal(case.name, max(wall for wall, _ in found), 15, "ms"))
        for name, wanted in (
            ("conversations", conversations.Filter()),
            ("conversations, unread", conversations.Filter(unread=True)),
            ("conversations of a line", conversations.Filter(line_id=LINES[3])),
            ("conversations, rare pool", conversations.Filter(pools=frozenset({RARE_POOL}))),
            (
                "conversations, a pool unread",
                conversations.Filter(pools=frozenset({POOL}), unread=True),
            ),
        ):
            rows_ = conversations.find(connection, wanted, before=None, limit=400)
            keys = [None, (rows_[-1].active_at, rows_[-1].id), (began + 90.0, "cnv_")]
            find = partial(conversations.find, connection, wanted, limit=51)
            found = [timed(partial(find, before=key)) for key in keys]
            shown.add_row(name, *(f"{wall:.1f} / {cpu:.1f}" for wall, cpu in found))
            goals.append(Goal(name, max(wall for wall, _ in found), 15, "ms"))
    engine.dispose()
    Console(width=140).print(shown)
    return goals


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--database", help="of an empty PostgreSQL database")
    parser.add_argument("--markdown", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        url = wanted.database or f"sqlite:///{folder}/x.db"
        goals = measure(url, wanted.messages, markdown=wanted.markdown)
    Console(width=140).print(goals_table(goals, markdown=wanted.markdown))
    return 0


if __name__ == "__main__":
    sys.exit(main())
