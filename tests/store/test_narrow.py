"""Lists of messages, and of conversations, that are narrowed in several ways at once."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from modemgw.store import conversations, messages
from modemgw.store.conversations import Filter as ConversationFilter
from modemgw.store.engine import reader_engine, writer_engine
from modemgw.store.messages import Filter
from tests.store.operations import NOW, write_text

if TYPE_CHECKING:
    from sqlalchemy import Connection

VALUES: dict[str, tuple[str, ...]] = {
    "status": ("received", "sent", "failed"),
    "recipient": ("+12025550111", "+12025550112"),
    "sender": ("+12025550111", "+12025550113"),
    "line_id": ("lin_a", "lin_b"),
    "conversation_id": ("cnv_a", "cnv_b"),
    "pool": ("sales", "night"),
}


def written(connection: Connection, count: int) -> list[dict[str, Any]]:
    """Messages with every value at random, the newest first."""
    dice = random.Random(4)
    rows = []
    for i in range(count):
        values = {name: dice.choice(some) for name, some in VALUES.items()}
        values["direction"] = "inbound" if values["status"] == "received" else "outbound"
        values["id"] = write_text(connection, created_at=NOW + i, **values)
        rows.append({**values, "created_at": NOW + i})
    return rows[::-1]


def test_every_two_filters_give_what_fits_both(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whichever index it is read, also where each has more rows than are counted."""
    rows = written(connection, 60)
    columns = [*VALUES, "direction"]
    for counted in (20_000, 15):
        monkeypatch.setattr("modemgw.store.narrow.COUNTED", counted)
        for one, two in combinations(columns, 2):
            wanted = Filter(**{name: rows[7][name] for name in (one, two)})
            right = [r["id"] for r in rows if r[one] == rows[7][one] and r[two] == rows[7][two]]
            found = messages.find(connection, wanted, before=rows[3]["id"], limit=5)
            assert [row.id for row in found] == [i for i in right if i < rows[3]["id"]][:5]


def test_the_pools_of_a_key_are_one_list(connection: Connection) -> None:
    """Newest first, or oldest, whatever pool it is of; a pool without messages adds none."""
    rows = written(connection, 40)
    for named in (("sales", "night", "unused"), ("night",), ()):
        pools = frozenset(named)
        ids = [row["id"] for row in rows if row["pool"] in pools]
        found = messages.find(connection, Filter(pools=pools), before=None, limit=25)
        assert [row.id for row in found] == ids[:25]
        found = messages.find(
            connection, Filter(pools=pools), before=None, limit=25, oldest_first=True
        )
        assert [row.id for row in found] == ids[::-1][:25]


def test_conversations_of_several_pools_are_one_list(connection: Connection) -> None:
    """The one that was active last first, page by page, and none twice."""
    dice = random.Random(5)
    rows = []
    for i in range(40):
        pool = dice.choice(("", "sales", "night", "other"))
        made = messages.make_conversation(connection, f"+1202555{i:04}", pool, NOW + i)
        at = NOW + dice.randrange(10)  # several of one moment
        count = dice.randrange(2)
        messages.note_conversation(connection, made.id, spoken_at=at, unread=count)
        rows.append((at, made.id, pool, count))
    rows.sort(reverse=True)
    for wanted, fits in (
        (ConversationFilter(pools=frozenset({"sales", "night", "unused"})), {"sales", "night"}),
        (ConversationFilter(pools=frozenset({"sales", "night"}), pool="night"), {"night"}),
        (ConversationFilter(pools=frozenset({"sales"}), pool="night"), set()),
        (ConversationFilter(pool=""), {""}),
    ):
        for unread in (None, True, False):
            right = [row[1] for row in rows if row[2] in fits and unread in (None, bool(row[3]))]
            found: list[str] = []
            before = None
            while True:
                narrow = replace(wanted, unread=unread)
                page = conversations.find(connection, narrow, before=before, limit=4)
                found += [row.id for row in page]
                if len(page) < 4:
                    break
                before = (page[-1].active_at, page[-1].id)
            assert found == right


@pytest.mark.parametrize(("status", "direction"), [("failed", "inbound"), ("received", "outbound")])
def test_what_nothing_can_be_is_not_looked_for(
    connection: Connection, status: str, direction: str
) -> None:
    """It would be looked for in all that there is."""
    asked: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *said: asked.append(said[2]))
    wanted = Filter(status=status, direction=direction)
    assert messages.find(connection, wanted, before=None, limit=5) == []
    assert asked == []


def test_sqlite_reads_by_the_condition_that_fewest_fulfil(sqlite_url: str) -> None:
    """Not along a busy line to find one text of a pool that is hardly used, nor the other way."""
    engine = writer_engine(sqlite_url)
    with engine.begin() as connection:
        for i in range(30):
            write_text(connection, line_id="lin_a", pool="night" if i == 9 else "sales")
        write_text(connection, line_id="lin_b", pool="sales")
        asked: list[tuple[str, Any]] = []
        event.listen(
            connection, "before_cursor_execute", lambda *said: asked.append((said[2], said[3]))
        )
        for line, pool, index in (
            ("lin_a", "night", "ix_messages_pool (pool=?)"),
            ("lin_b", "sales", "ix_messages_line (line_id=?)"),
        ):
            wanted = Filter(line_id=line, pool=pool)
            assert len(messages.find(connection, wanted, before=None, limit=5)) == 1
            sql, values = asked[-1]
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
            assert [row.detail for row in plan] == [f"SEARCH messages USING INDEX {index}"]
    engine.dispose()


def test_postgresql_plans_a_readers_query_for_its_values(postgres_url: str) -> None:
    """A plan for all values would read the whole history for some."""
    engine = reader_engine(postgres_url, 1)
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("SHOW plan_cache_mode").scalar_one()
        assert mode == "force_custom_plan"
    engine.dispose()
