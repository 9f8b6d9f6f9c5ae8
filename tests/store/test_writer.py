"""The one writer: groups, outcomes, and what it says when the database fails."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, IntegrityError

from modemgw.store import events, tables
from modemgw.store.engine import serves_many, writer_engine
from modemgw.store.errors import StoreOverloadedError, StoreUnavailableError
from modemgw.store.events import Event
from modemgw.store.groups import AT_ONCE_S, Groups
from modemgw.store.reader import Reader
from modemgw.store.writer import (
    APART_AT_LEAST,
    BEHIND_AFTER,
    BEHIND_SHARE,
    BRIEF_LIMIT,
    GROUP_LIMIT,
    PATIENT_LIMIT,
    Writer,
)
from tests.store.losing_proxy import losing_proxy
from tests.store.operations import NOW, Gate, count, emit, names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from modemgw.store.transaction import Transaction


class RefusedError(Exception):
    """What an operation raises of its own."""


def refuse(tx: Transaction) -> None:
    count("refused")(tx)
    emit("refused")(tx)
    raise RefusedError


async def test_what_arrives_during_a_commit_shares_the_next_transaction(
    writer: Writer, reader: Reader
) -> None:
    """Eight operations that came while the writer was busy cost one commit."""
    gate = Gate()
    first = writer.submit(gate)
    await asyncio.to_thread(gate.entered.wait, 10)
    others = [writer.submit(count(f"n{i}")) for i in range(8)]
    assert writer.waiting == 8
    gate.open()
    assert await asyncio.gather(*others) == [f"n{i}" for i in range(8)]
    await first
    assert (writer.groups, writer.operations) == (2, 9)
    assert len(await reader.run(names)) == 8


async def test_patient_operations_hold_up_no_group_and_go_together(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until somebody hurries, or the first of them has waited long enough."""
    monkeypatch.setattr("modemgw.store.writer.PATIENCE_S", 60.0)
    async with asyncio.timeout(20):
        patient = [writer.submit(count(f"p{i}"), patient=True) for i in range(3)]
        for i in range(2):
            await writer.run(count(f"other{i}"))
        assert (writer.groups, writer.operations) == (2, 2)
        writer.hurry()
        await asyncio.gather(*patient)
        assert (writer.groups, writer.operations) == (3, 5)
    assert await reader.run(names) == {"p0", "p1", "p2", "other0", "other1"}


async def test_patient_operations_wait_for_nobody_for_ever(writer: Writer) -> None:
    """However few there are, and with nothing else to write."""
    assert await asyncio.wait_for(writer.run(count("alone"), patient=True), 10) == "alone"


async def test_patience_is_each_operations_own(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that came while another waited, for which somebody has hurried since, waits its whole
    time: called when that one's is over, it would cost a commit."""
    patience_s = 0.4
    monkeypatch.setattr("modemgw.store.writer.PATIENCE_S", patience_s)
    before = writer.submit(count("before"), patient=True)
    await asyncio.sleep(patience_s / 2)
    writer.hurry()
    await before

    asked_at = time.monotonic()
    await asyncio.wait_for(writer.run(count("behind"), patient=True), 10)
    assert time.monotonic() - asked_at >= patience_s


async def test_more_patient_operations_than_fit_go_with_the_next_groups(writer: Writer) -> None:
    """A group takes so many, so that those who have come meanwhile do not wait for all of them."""
    many = 3 * PATIENT_LIMIT
    patient = [writer.submit(count(f"p{i}"), patient=True) for i in range(many)]
    await asyncio.wait_for(asyncio.gather(*patient), 10)
    assert (writer.groups, writer.operations) == (3, many)


async def test_patient_operations_that_no_group_holds_at_once_are_all_written(
    writer: Writer,
) -> None:
    """Without anybody else who writes."""
    patient = [writer.submit(count(f"p{i}"), patient=True) for i in range(GROUP_LIMIT + 100)]
    assert len(await asyncio.wait_for(asyncio.gather(*patient), 20)) == GROUP_LIMIT + 100


async def test_what_is_queued_apart_shares_its_commit_with_few_of_its_kind(
    writer: Writer, reader: Reader
) -> None:
    """Two together stay together; the others of its kind follow in groups of their own."""
    gate = Gate()
    first = writer.submit(gate)
    await asyncio.to_thread(gate.entered.wait, 10)
    many = 3 * APART_AT_LEAST
    pairs = [writer.submit_apart(count(f"a{i}"), count(f"b{i}")) for i in range(many)]
    plain = [writer.submit(count(f"n{i}")) for i in range(8)]
    gate.open()
    done: list[object] = []
    for pair in pairs:
        pair[0].add_done_callback(lambda future: done.append(future.result()))
    assert await asyncio.gather(*pairs[-1]) == [f"a{many - 1}", f"b{many - 1}"]
    await asyncio.gather(first, *plain)
    assert done == [f"a{i}" for i in range(many)]
    assert (writer.groups, writer.operations) == (4, 1 + 2 * many + 8)
    assert len(await reader.run(names)) == 2 * many + 8


async def test_what_is_queued_apart_waits_a_moment_for_others_of_its_kind(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until there are a few, somebody comes who is in a hurry, or the moment is over."""
    monkeypatch.setattr("modemgw.store.writer.GATHER_S", 60.0)
    async with asyncio.timeout(20):
        few = [writer.submit_apart(count(f"few{i}"))[0] for i in range(APART_AT_LEAST)]
        await asyncio.gather(*few)
        assert (writer.groups, writer.operations) == (1, APART_AT_LEAST)

        (lone,) = writer.submit_apart(count("lone"))
        await asyncio.sleep(0.1)
        assert not lone.done()
        await asyncio.gather(lone, writer.submit(count("in a hurry")))
        assert (writer.groups, writer.operations) == (2, APART_AT_LEAST + 2)

        monkeypatch.setattr("modemgw.store.writer.GATHER_S", 0.01)
        assert await asyncio.gather(*writer.submit_apart(count("alone"))) == ["alone"]


async def test_a_writer_that_is_behind_takes_half_of_what_waits_apart(writer: Writer) -> None:
    """Those that come back as soon as they are let go wait for the writer: few commits serve them
    best."""
    crowd, turns = 64, 100

    async def comes_back(who: int) -> None:
        for turn in range(turns):
            await asyncio.gather(*writer.submit_apart(count(f"{who} {turn}")))

    async with asyncio.timeout(30):
        await asyncio.gather(*map(comes_back, range(crowd)))
    assert writer.operations == crowd * turns
    assert writer.groups <= BEHIND_AFTER + crowd * turns / (crowd / BEHIND_SHARE / 2)


async def test_stop_writes_what_waits_beside_the_queue(url: str, reader: Reader) -> None:
    """Patient and apart: they were taken, so they are written."""
    writer = Writer(url, "here")
    writer.start()
    gate = Gate()
    writer.submit(gate)
    await asyncio.to_thread(gate.entered.wait, 10)
    writer.submit(count("patient"), patient=True)
    for i in range(5):
        writer.submit_apart(count(f"apart{i}"))
    gate.open()
    await writer.stop()
    assert await reader.run(names) == {"patient", *(f"apart{i}" for i in range(5))}


async def test_an_operation_that_fails_fails_alone_and_its_events_vanish(
    writer: Writer, reader: Reader
) -> None:
    """Its neighbours in the group are committed, in spite of its rows and events."""
    gate = Gate()
    operations = (gate, count("a"), emit("a"), refuse, count("b"), emit("b"))
    group: list[asyncio.Future[Any]] = [writer.submit(operation) for operation in operations]
    gate.open()
    _, *outcomes = await asyncio.gather(*group, return_exceptions=True)
    assert [type(o) for o in outcomes] == [str, type(None), RefusedError, str, type(None)]
    assert await reader.run(names) == {"a", "b"}
    told = await reader.run(lambda c: events.after(c, 0, 10))
    assert [(e.position, e.data["name"]) for e in told] == [(1, "a"), (2, "b")]


async def test_a_row_that_is_there_already_fails_its_operation_alone(
    writer: Writer, reader: Reader
) -> None:
    """A broken constraint is told as what it is, not as trouble of the database."""
    await writer.run(count("a"))
    with pytest.raises(IntegrityError):
        await writer.run(count("a"))
    await writer.run(count("b"))
    assert writer.available
    assert await reader.run(names) == {"a", "b"}


async def test_a_value_that_the_database_refuses_is_no_trouble_of_the_database(
    postgres_url: str,
) -> None:
    """Who waits for a database that is away would wait for ever for such a value."""
    writer = Writer(postgres_url, "here")
    writer.start()
    for value in ("x" * 33, "nul \0"):
        with pytest.raises(DataError):
            await writer.run(count(value))
    assert writer.available
    await writer.stop()


async def test_a_waiter_that_leaves_does_not_undo_its_operation(
    writer: Writer, reader: Reader
) -> None:
    """Cancelling `run` cancels the waiting only."""
    gate = Gate()
    first = writer.submit(gate)
    waiter = asyncio.create_task(writer.run(count("a")))
    await asyncio.to_thread(gate.entered.wait, 10)
    waiter.cancel()
    gate.open()
    await first
    await writer.run(count("b"))
    assert await reader.run(names) == {"a", "b"}


async def test_more_than_the_queue_holds_is_turned_away(url: str) -> None:
    """The bound is told at once, and nothing of what is queued is lost."""
    writer = Writer(url, "here", queue_limit=3)
    gate = Gate()
    writer.start()
    writer.submit(gate)
    await asyncio.to_thread(gate.entered.wait, 10)
    waiting = [writer.submit(count(f"n{i}")) for i in range(3)]
    with pytest.raises(StoreOverloadedError):
        writer.submit(count("one too many"))
    gate.open()
    await asyncio.gather(*waiting)
    await writer.stop()


async def test_stop_writes_what_is_queued_and_turns_away_what_comes_later(
    url: str, reader: Reader
) -> None:
    """Nobody waits for ever for a writer that has ended."""
    writer = Writer(url, "here")
    writer.start()
    gate = Gate()
    writer.submit(gate)
    queued = writer.submit(count("queued"))
    gate.open()
    await writer.stop()
    assert await queued == "queued"
    with pytest.raises(StoreUnavailableError):
        writer.submit(count("late"))
    assert await reader.run(names) == {"queued"}


async def test_an_event_that_cannot_be_written_does_not_end_the_writer(
    writer: Writer, reader: Reader
) -> None:
    """Whatever goes wrong in a group, its waiters are told and the next group is written."""
    with pytest.raises(StoreUnavailableError):
        await writer.run(lambda tx: tx.emit(Event("call.received", NOW, {"data": object()})))
    unavailable = not writer.available
    await writer.run(count("after"))
    assert (unavailable, writer.available) == (True, True)
    assert await reader.run(names) == {"after"}


async def test_published_is_told_after_commits_with_events_only(url: str) -> None:
    """Whoever pushes events is woken when there is something to push, on the loop's thread."""
    told: list[asyncio.AbstractEventLoop] = []
    writer = Writer(url, "here", published=lambda _: told.append(asyncio.get_running_loop()))
    writer.start()
    await writer.run(count("quiet"))
    assert told == []
    await writer.run(emit("loud"))
    await writer.stop()
    assert told == [asyncio.get_running_loop()]


# -- who runs what ------------------------------------------------------------------------------


def where(_tx: Transaction) -> int:
    """An operation that tells which thread runs it."""
    return threading.get_ident()


async def test_what_is_brief_is_run_by_the_loop_unless_something_else_comes_with_it(
    writer: Writer, url: str
) -> None:
    """On SQLite; a server is waited for in the writer's thread, as is what may take long."""
    mine = threading.get_ident()
    await writer.run(where)
    alone = await writer.run(where, brief=True)
    together = await asyncio.gather(*writer.submit_apart(where, where))
    mixed = await asyncio.gather(writer.run(where, brief=True), writer.run(where))
    many = (writer.run(where, brief=True) for _ in range(BRIEF_LIMIT + 1))
    crowd = await asyncio.gather(*many)
    on_the_loop = not serves_many(url)
    assert [who == mine for who in (alone, *together)] == [on_the_loop] * 3
    assert mine not in (*mixed, *crowd)


async def test_a_brief_operation_that_raises_fails_alone(writer: Writer, reader: Reader) -> None:
    """Its neighbours are committed, each event once, though the group is run twice."""
    await writer.run(count("first"))
    operations = (count("a"), refuse, emit("a"), count("b"))
    outcomes = await asyncio.gather(
        *(writer.run(operation, brief=True) for operation in operations), return_exceptions=True
    )
    assert [type(o) for o in outcomes] == [str, RefusedError, type(None), str]
    assert await reader.run(names) == {"first", "a", "b"}
    assert len(await reader.run(lambda c: events.after(c, 0, 10))) == 1
    assert writer.available


async def test_the_loop_waits_for_nobody_who_holds_the_file(sqlite_url: str) -> None:
    """A brief operation that would have to wait waits in the thread, and goes on by itself."""
    writer, reader = Writer(sqlite_url, "here"), Reader(sqlite_url)
    writer.start()
    await writer.run(count("before"))
    other = sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    written = writer.submit(count("behind"), brief=True)
    turns = 0
    ends = asyncio.get_running_loop().time() + 0.3
    while asyncio.get_running_loop().time() < ends:
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 3
    assert not written.done()
    other.execute("ROLLBACK")
    await written
    assert await reader.run(names) == {"before", "behind"}
    await writer.stop()
    reader.close()
    other.close()


async def test_a_wal_that_is_copied_while_nobody_writes_hinders_nobody(sqlite_url: str) -> None:
    """A call without an operation is no transaction that stays open."""
    writer = Writer(sqlite_url, "here")
    writer.start()
    for i in range(3):
        writer.copy_wal()
        await asyncio.sleep(0.05)
        await writer.run(count(f"n{i}"))
        await writer.run(count(f"brief{i}"), brief=True)
    assert (writer.groups, writer.available) == (6, True)
    await writer.stop()


async def test_what_finds_much_to_do_is_run_again_by_the_thread(sqlite_url: str) -> None:
    """With its neighbours, none of whom has done anything twice."""
    writer, reader, ran = Writer(sqlite_url, "here"), Reader(sqlite_url), list[int]()
    writer.start()
    await writer.run(count("before"))

    def finds_much(tx: Transaction) -> str:
        ran.append(threading.get_ident())
        tx.takes_long()
        return count("much")(tx)

    await asyncio.gather(*(writer.run(o, brief=True) for o in (count("beside"), finds_much)))
    assert [who == threading.get_ident() for who in ran] == [True, False]
    assert await reader.run(names) == {"before", "beside", "much"}
    assert (writer.groups, writer.operations) == (2, 3)
    await writer.stop()
    reader.close()


async def test_the_loop_runs_so_long_and_no_longer(sqlite_url: str) -> None:
    """What is brief by itself may be much together: the rest goes into the next group, in order."""
    writer, order = Writer(sqlite_url, "here"), list[int]()
    writer.start()
    await writer.run(where)

    def takes_long(number: int) -> Callable[[Transaction], None]:
        def operation(_tx: Transaction) -> None:
            order.append(number)
            time.sleep(AT_ONCE_S / 2)

        return operation

    groups = writer.groups
    await asyncio.gather(*(writer.run(takes_long(i), brief=True) for i in range(9)))
    assert 3 <= writer.groups - groups <= 9
    assert order == list(range(9))
    await writer.stop()


@pytest.mark.parametrize("brief", [False, True])
async def test_an_operation_that_ends_with_stopiteration_ends_nobody_else(
    writer: Writer, *, brief: bool
) -> None:
    """No future takes it: it is told in other words, and the writer goes on."""
    await writer.run(count("first"))
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(
            writer.run(lambda _tx: next(iter(())), brief=brief),
            writer.run(count("beside"), brief=brief),
            return_exceptions=True,
        )
        await writer.run(count("after"))
    assert [type(outcome) for outcome in outcomes] == [RuntimeError, str]


async def test_who_waits_for_a_commit_does_not_wait_for_the_wal(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed is told before the WAL is copied, however long that takes."""
    copying, go_on = threading.Event(), threading.Event()

    def copy(_groups: Groups) -> None:
        copying.set()
        assert go_on.wait(10)

    monkeypatch.setattr(Groups, "copy_wal", copy)
    writer, gate = Writer(sqlite_url, "here"), Gate()
    writer.start()
    first = writer.submit(gate)
    writer.copy_wal()
    gate.open()
    async with asyncio.timeout(5):
        await first
    assert await asyncio.to_thread(copying.wait, 5)
    behind = writer.submit(count("behind"))
    await asyncio.sleep(0.05)
    assert not behind.done()
    go_on.set()
    assert await behind == "behind"
    await writer.stop()


async def test_a_stop_that_waits_no_longer_takes_nothing_from_the_thread(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that hangs at the end: the connection stays the thread's, and what it does counts."""
    monkeypatch.setattr("modemgw.store.writer.STOP_WITHIN_S", 0.05)
    writer, reader, gate = Writer(sqlite_url, "here"), Reader(sqlite_url), Gate()

    def slow(tx: Transaction) -> str:
        gate(tx)
        return count("slow")(tx)

    writer.start()
    written = writer.submit(slow)
    await writer.stop()
    gate.open()
    assert await written == "slow"
    assert await reader.run(names) == {"slow"}
    reader.close()


# -- a database that fails --------------------------------------------------------------------


async def test_who_is_told_of_what_the_loop_ran_knows_of_the_commit(sqlite_url: str) -> None:
    """Not what the operation returned before it: a commit may fail then."""
    writer, reader = Writer(sqlite_url, "here"), Reader(sqlite_url)
    writer.start()
    await writer.run(count("before"))

    def forbid_the_commit(tx: Transaction) -> None:
        def may(action: int, what: str | None, *_: str | None) -> int:
            forbidden = action == sqlite3.SQLITE_TRANSACTION and what == "COMMIT"
            return sqlite3.SQLITE_DENY if forbidden else sqlite3.SQLITE_OK

        driver = tx.connection.connection.driver_connection
        assert driver is not None
        driver.set_authorizer(may)

    outcomes = await asyncio.gather(
        writer.run(forbid_the_commit, brief=True),
        writer.run(count("lost"), brief=True),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailableError] * 2
    assert not writer.available
    await writer.run(count("after"), brief=True)
    assert await reader.run(names) == {"before", "after"}
    await writer.stop()
    reader.close()


async def test_an_event_of_the_loop_that_cannot_be_written_fails_its_group_alone(
    sqlite_url: str,
) -> None:
    """As it does in the thread; the next group is written."""
    writer, reader = Writer(sqlite_url, "here"), Reader(sqlite_url)
    writer.start()
    await writer.run(count("before"))
    unwritable = Event("call.received", NOW, {"data": object()})
    with pytest.raises(StoreUnavailableError):
        await writer.run(lambda tx: tx.emit(unwritable), brief=True)
    await writer.run(count("after"), brief=True)
    assert await reader.run(names) == {"before", "after"}
    await writer.stop()
    reader.close()


async def test_a_group_that_fails_takes_nobody_along_for_whom_there_was_no_time(
    sqlite_url: str,
) -> None:
    """Who was left for the next group is written with it."""
    writer, reader = Writer(sqlite_url, "here"), Reader(sqlite_url)
    writer.start()
    await writer.run(count("before"))

    def takes_all_the_time(tx: Transaction) -> None:
        time.sleep(AT_ONCE_S * 2)
        tx.emit(Event("call.received", NOW, {"data": object()}))

    operations = (takes_all_the_time, count("late"))
    async with asyncio.timeout(10):
        failed, late = await asyncio.gather(
            *(writer.run(operation, brief=True) for operation in operations),
            return_exceptions=True,
        )
    assert isinstance(failed, StoreUnavailableError)
    assert late == "late"
    assert await reader.run(names) == {"before", "late"}
    await writer.stop()
    reader.close()


async def test_a_locked_sqlite_file_fails_the_group_and_no_more(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else holds the file: both operations are told; then writing goes on."""
    monkeypatch.setattr("modemgw.store.engine.BUSY_TIMEOUT_MS", 50)
    writer, reader = Writer(sqlite_url, "here"), Reader(sqlite_url)
    writer.start()
    other = sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(
        writer.run(count("a")), writer.run(count("b")), return_exceptions=True
    )
    assert [type(o) for o in outcomes] == [StoreUnavailableError] * 2
    assert "locked" in str(outcomes[0])
    assert not writer.available
    other.execute("ROLLBACK")
    await writer.run(count("c"))
    assert await reader.run(names) == {"c"}
    await writer.stop()
    reader.close()
    other.close()


@pytest.fixture
async def pg_writer(postgres_url: str) -> AsyncIterator[Writer]:
    writer = Writer(postgres_url, "here")
    writer.start()
    yield writer
    await writer.stop()


async def test_a_connection_that_dies_in_a_group_fails_all_of_it(
    pg_writer: Writer, postgres_url: str
) -> None:
    """What was done before the loss is not committed, and its waiters are told so."""
    gate = Gate()
    die = "SELECT pg_terminate_backend(pg_backend_pid())"
    group: list[asyncio.Future[Any]] = [
        pg_writer.submit(gate),
        pg_writer.submit(count("before")),
        pg_writer.submit(lambda tx: tx.connection.execute(text(die))),
        pg_writer.submit(count("behind")),
    ]
    gate.open()
    outcomes = await asyncio.gather(*group, return_exceptions=True)
    assert [type(o) for o in outcomes[-3:]] == [StoreUnavailableError] * 3
    assert all("terminat" in str(o) for o in outcomes[-3:])
    await pg_writer.run(count("after"))
    reader = Reader(postgres_url)
    assert await reader.run(names) == {"after"}
    reader.close()


@pytest.mark.parametrize("lost", ["answer", "request"])
async def test_a_connection_lost_during_commit_is_settled_by_the_group_id(
    postgres_url: str, lost: str
) -> None:
    """Waiters learn what really happened: committed where only the answer was lost."""
    reader = Reader(postgres_url)
    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # short: a socket's path is bounded
        async with losing_proxy(postgres_url, Path(folder)) as (proxy, through):
            writer = Writer(through, "here")
            writer.start()
            await writer.run(count("before"))
            proxy.lose_next = lost
            outcome = (await asyncio.gather(writer.run(count("x")), return_exceptions=True))[0]
            assert proxy.lost == 1
            there = await reader.run(names)
            await writer.run(count("after"))
            await writer.stop()
    reader.close()
    if lost == "answer":
        assert (outcome, "x" in there) == ("x", True)
    else:
        assert isinstance(outcome, StoreUnavailableError)
        assert "x" not in there


_SLOW_COMMITS = """
    CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT OR UPDATE ON writers
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION take_time();
"""


@pytest.mark.parametrize("is_first", [True, False], ids=["first group", "later group"])
async def test_a_commit_that_the_server_still_works_on_is_waited_for(
    postgres_url: str, is_first: bool
) -> None:
    """Else its waiters would be told that nothing was written, and a moment later it would be."""
    reader = Reader(postgres_url)
    engine = writer_engine(postgres_url)
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        async with losing_proxy(postgres_url, Path(folder)) as (proxy, through):
            writer = Writer(through, "here")
            writer.start()
            if not is_first:
                await writer.run(count("before"))
            with engine.begin() as connection:
                connection.execute(text(_SLOW_COMMITS))
            proxy.lose_next = "both ends"
            assert await writer.run(count("x")) == "x"
            assert proxy.lost == 1
            await writer.stop()
    assert "x" in await reader.run(names)
    reader.close()
    engine.dispose()


async def test_positions_follow_commits_between_two_hosts_and_no_reader_skips_one(
    postgres_url: str,
) -> None:
    """A reader that follows two writers on one database sees every position, in order, once."""
    writers = [Writer(postgres_url, host) for host in ("one", "two")]
    reader = Reader(postgres_url)
    seen: list[int] = []
    total = 120

    async def write(writer: Writer, name: str) -> None:
        for i in range(total // 2):
            await writer.run(emit(f"{name}{i}"))

    async def follow() -> None:
        while len(seen) < total:
            fresh = await reader.run(lambda c: events.after(c, seen[-1] if seen else 0, 7))
            seen.extend(event.position for event in fresh)

    for writer in writers:
        writer.start()
    async with asyncio.timeout(30):
        await asyncio.gather(follow(), *(write(w, str(i)) for i, w in enumerate(writers)))
    assert seen == list(range(1, total + 1))
    for writer in writers:
        await writer.stop()
    reader.close()


async def test_events_are_owed_to_the_webhooks_that_want_them(
    writer: Writer, reader: Reader
) -> None:
    """An event is owed in the transaction that publishes it."""

    def operation(tx: Transaction) -> None:
        for name, types, enabled in (
            ("all", ["*"], True),
            ("calls", ["call.received"], True),
            ("texts", ["message.received"], True),
            ("off", ["*"], False),
        ):
            tx.connection.execute(
                insert(tables.webhooks).values(
                    id=name,
                    url="http://127.0.0.1/",
                    events=types,
                    secret="whsec_",
                    origin="api",
                    enabled=enabled,
                    created_at=NOW,
                )
            )

    await writer.run(operation)
    await writer.run(emit("ring"))
    owed = await reader.run(lambda c: c.execute(tables.deliveries.select()).all())
    assert {row.webhook_id for row in owed} == {"all", "calls"}
