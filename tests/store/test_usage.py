"""What is counted of lines, pools and people, and forgotten in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from modemgw.store import tables, usage
from tests.store.operations import NOW

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAY = 86_400.0


def test_old_usage_is_forgotten_some_rows_at_a_time(connection: Connection) -> None:
    """Each span in its time; what limits still count stays, however often it is looked through."""
    for number in range(4):
        scope = f"line:{number}"
        for span, age in (("minute", 700), ("minute", 60), ("day", 2 * DAY), ("day", 4 * DAY)):
            usage.add(connection, scope, span, NOW - age, 1)
        usage.note_recipient(connection, scope, "day", NOW - 4 * DAY, "+12025550111")
        usage.note_recipient(connection, scope, "month", NOW - 4 * DAY, "+12025550111")
    places: dict[str, usage.Place] = {}
    looks = 0
    while places or not looks:
        before = rows(connection)
        places = usage.prune(connection, NOW, places, 5)
        looks += 1
        assert before - rows(connection) <= 2 * 5
    assert looks == 5  # 24 rows of usage
    assert rows(connection) == 4 * 3 + 4
    for number in range(4):
        assert usage.counted(connection, f"line:{number}", "day", 0.0) == [(NOW - 2 * DAY, 1)]
        assert usage.counted(connection, f"line:{number}", "minute", 0.0) == [(NOW - 60, 1)]
    assert usage.prune(connection, NOW, {}, 100) == {}
    assert rows(connection) == 4 * 3 + 4


def test_what_is_taken_back_was_counted(connection: Connection) -> None:
    """Nothing is counted below nothing, nor in a bucket that is forgotten."""
    usage.add(connection, "line:1", "day", NOW, 3)
    usage.take_back(connection, "line:1", "day", NOW, 2)
    usage.take_back(connection, "line:1", "day", NOW, 2)
    usage.take_back(connection, "line:1", "day", NOW - DAY, 2)
    assert usage.counted(connection, "line:1", "day", 0.0) == [(NOW, 1)]


def rows(connection: Connection) -> int:
    """Of both tables."""
    return sum(
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (tables.usage, tables.usage_recipients)
    )


def test_what_is_counted_ahead_of_the_clock_is_counted_now(connection: Connection) -> None:
    """By scope and span; what was counted before stays in its time."""
    for scope, at, parts in (("line:1", NOW - DAY, 1), ("line:1", NOW + 60, 2), ("pool:a", NOW, 4)):
        usage.add(connection, scope, "day", at, parts)
    usage.add(connection, "line:1", "day", NOW + DAY, 3)
    usage.bring_back(connection, NOW)
    assert usage.counted(connection, "line:1", "day", 0.0) == [(NOW - DAY, 1), (NOW, 5)]
    assert usage.counted(connection, "pool:a", "day", 0.0) == [(NOW, 4)]


def test_to_find_nothing_ahead_of_the_clock_reads_no_table(connection: Connection) -> None:
    """Each start looks, also with a million buckets of people."""
    delete = f"DELETE FROM usage WHERE begins > {NOW} RETURNING scope, span, parts"
    if connection.dialect.name == "sqlite":
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {delete}")).all()
    else:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(text(f"EXPLAIN {delete}")).all()
    assert "ix_usage_begins" in str(plan), plan
