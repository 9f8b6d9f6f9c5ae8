"""The one writer: what arrives while a commit is on its way goes into the next transaction.

Theory of operation
-------------------
`Writer.run(operation)` puts an operation into a queue and waits. One thread takes all that is in
the queue (at most `GROUP_LIMIT`), begins a transaction, runs the operations, publishes the events
that they emitted, commits once, and tells every waiter its outcome. So a commit's time is shared by
all who came meanwhile, and a lone operation waits for nobody. *Patient* ones, for which nobody
waits in a hurry, go with groups that there are anyway, a few at a time so that they do not hold up
the others, and after `PATIENCE_S` all together in one of their own.

What is queued *apart* shares a commit with few of its kind: where each commit lets somebody go who
comes back after a fixed time, as modems do, those that were let go together would come back
together for ever, and wait for each other each time. Where some have been left over for many
groups in a row, it is the writer that they all wait for; then half of them go at once, until none
is left over, for what they need most is fewer commits.

- Where an operation raises, the group is rolled back and run again, each operation in a savepoint
  of its own now; the one that raises is rolled back to its savepoint and fails alone. Savepoints
  cost more than many an operation, and hardly any raises.
- A commit that fails fails all of its operations with StoreUnavailableError.
- A connection lost *during* COMMIT leaves the outcome unknown. On PostgreSQL each group therefore
  writes its own id into the host's row of `writers`; after reconnecting, that row tells.

Events get their positions last, from a counter whose row stays locked until the commit: positions
are in the order of commits, also between hosts, so a reader that has seen position n will never
find a smaller one later.

Operations run in the writer's thread. They must be quick and use nothing but the transaction and
plain values: they may be run a second time when another one of their group has failed, after a
rollback, so what they leave behind is in the transaction and in what they return.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError

from modemgw.ids import new_id
from modemgw.store import events, tables
from modemgw.store.engine import writer_engine
from modemgw.store.errors import StoreOverloadedError, StoreUnavailableError
from modemgw.store.prepared import execute_plain
from modemgw.store.sql import insert_new

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from modemgw.store.events import Event, Published
    from modemgw.store.ledger import Ledger

    Listener = Callable[[Published], None]

T = TypeVar("T")

GROUP_LIMIT = 500
PATIENT_LIMIT = 8  # of a group of others
HURRIED_LIMIT = 24  # of those that have waited long enough: others may have come meanwhile
PATIENCE_S = 0.02
APART_AT_LEAST, APART_SHARE = 2, 8  # of a group: so many, or this part of those that wait
BEHIND_AFTER, BEHIND_SHARE = 32, 2  # left over for so many groups in a row: then this part
QUEUE_LIMIT = 20_000
SETTLE_COMMIT_S = 10.0
SETTLE_AGAIN_S = 0.2

# An operation's own faults: the same would fail again, however well the database is.
_OWN_FAULTS = (IntegrityError, DataError, ProgrammingError)


class Transaction:
    """What an operation works with: a connection, and the events that it emits.

    `ledger` is the audit to which its acts are added; None where there are none such.
    """

    def __init__(self, connection: Connection, ledger: Ledger | None = None) -> None:
        self.connection = connection
        self.ledger = ledger
        self.outbox: list[Event] = []

    def emit(self, event: Event) -> None:
        """Publish this event when the group commits."""
        self.outbox.append(event)

    def erased_as(self, number: str) -> str:
        """Under what the opt-out of a number stays when its data are erased; empty where there is
        no ledger, and so no key."""
        return "" if self.ledger is None else self.ledger.erased_as(number)

    def record(self, action: str, number: str | None, now: float, **detail: Any) -> None:
        """Add an entry to the audit, in this very transaction.

        Raises RuntimeError where the writer was given no ledger.
        """
        if self.ledger is None:
            raise RuntimeError(f"{action}: an act that the audit must know, and no ledger")
        self.ledger.append(self.connection, action, number, now, detail)


class _Call(Enum):
    """What the thread is told between jobs."""

    WAKE = auto()  # something waits apart
    HURRY = auto()  # the patient ones have waited long enough
    COPY_WAL = auto()  # what the checkpoint has left of it
    END = auto()


@dataclass(slots=True)
class _Job(Generic[T]):
    operation: Callable[[Transaction], T]
    future: asyncio.Future[T]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.future.done():  # the waiter has gone; what is committed stays committed
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


@dataclass(frozen=True, slots=True)
class _Group:
    """What goes into one transaction; `more`: some that could have gone with it were left.

    `copy_wal`: to be done behind it.
    """

    jobs: list[_Job[Any]]
    more: bool = False
    copy_wal: bool = False
    last: bool = False


class Writer:
    """Runs operations in group-committed transactions, in the order of their arrival."""

    def __init__(
        self,
        database_url: str,
        host: str,
        *,
        published: Listener | None = None,
        queue_limit: int = QUEUE_LIMIT,
        ledger: Ledger | None = None,
    ) -> None:
        """`published` is called on the loop's thread after each commit that had events; to
        `ledger`, this host's, `Transaction.record` appends.
        """
        self._engine = writer_engine(database_url)
        self._host = host
        self.ledger = ledger
        self._published = published
        self._queue_limit = queue_limit
        self._queue: queue.SimpleQueue[_Job[Any] | _Call] = queue.SimpleQueue()
        self._apart: deque[list[_Job[Any]]] = deque()
        self._patient: deque[_Job[Any]] = deque()
        self._left_over = 0  # for how many groups in a row some were
        self._calling = False  # whether the thread will be woken for the patient ones
        self._copying = False  # whether it has been asked to copy the WAL
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._connection: Connection | None = None  # the writer thread's, kept between groups
        self._keeps_group_ids = self._engine.dialect.name == "postgresql"
        self.groups = 0
        self.operations = 0
        self.commit_s = 0.0
        self.available = True
        self._stopped = False

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    async def stop(self) -> None:
        """Write what is queued, then end; what comes later is turned away."""
        self._stopped = True
        self._queue.put(_Call.END)
        await asyncio.to_thread(self._thread.join, 30)
        self._engine.dispose()

    @property
    def waiting(self) -> int:
        """How many operations wait, roughly."""
        return self._queue.qsize() + len(self._apart) + len(self._patient)

    def submit(
        self, operation: Callable[[Transaction], T], *, patient: bool = False
    ) -> asyncio.Future[T]:
        """Queue an operation now; the future ends after its commit, or with what it raised.

        Raises StoreOverloadedError when too much waits, StoreUnavailableError after `stop`.
        """
        job = self._job(operation)
        future = job.future
        if not patient:
            self._queue.put(job)
            return future
        self._patient.append(job)
        if not self._calling:
            self._calling = True
            job.loop.call_later(PATIENCE_S, self.hurry)
        return future

    def submit_apart(self, *operations: Callable[[Transaction], Any]) -> list[asyncio.Future[Any]]:
        """Queue operations that go into one group, in this order, with few others queued so.

        Raises as `submit`.
        """
        jobs = [self._job(operation) for operation in operations]
        self._apart.append(jobs)
        self._queue.put(_Call.WAKE)
        return [job.future for job in jobs]

    def _job(self, operation: Callable[[Transaction], T]) -> _Job[T]:
        if self._stopped:
            raise StoreUnavailableError("the daemon is ending; nothing was changed")
        if self.waiting >= self._queue_limit:
            raise StoreOverloadedError("the database is slower than what arrives; try again later")
        loop = asyncio.get_running_loop()
        return _Job(operation, loop.create_future(), loop)

    def hurry(self) -> None:
        """Let the patient ones wait no longer."""
        self._calling = False
        if self._patient:
            self._queue.put(_Call.HURRY)

    def copy_wal(self) -> None:
        """Copy SQLite's WAL into the database, between two groups; from any thread.

        When all of it is copied, the next group begins it at its start again.
        """
        if not self._copying:
            self._copying = True
            self._queue.put(_Call.COPY_WAL)

    async def run(self, operation: Callable[[Transaction], T], *, patient: bool = False) -> T:
        """Run an operation and wait for its commit.

        Raises what the operation raised; StoreUnavailableError when nothing was written.
        Cancelling the waiter does not undo the operation.
        """
        return await self.submit(operation, patient=patient)

    # -- in the writer's thread -----------------------------------------------------------------

    def _run(self) -> None:
        taken = _Group([])
        while not taken.last:
            # What is left over from a group that was full waits for nobody's call.
            taken = self._take(wait=not taken.more)
            if taken.jobs:
                published = self._write(taken.jobs)
                self._settle(taken.jobs, published)
            if taken.copy_wal:
                self._copy_wal()
        self._disconnect()

    def _take(self, *, wait: bool) -> _Group:
        """The next group; `wait` until there is something."""
        jobs: list[_Job[Any]] = []
        hurry = copy_wal = False
        while len(jobs) < GROUP_LIMIT and (wait or not self._queue.empty()):
            item = self._queue.get()
            wait = False
            if isinstance(item, _Job):
                jobs.append(item)
            elif item is _Call.END:  # nothing comes behind it
                apart = [job for together in self._apart for job in together]
                return _Group([*jobs, *apart, *self._patient], last=True)
            hurry = hurry or item is _Call.HURRY
            copy_wal = copy_wal or item is _Call.COPY_WAL
        few = self._few()
        more = len(self._apart) > few
        self._left_over = self._left_over + 1 if more else 0
        for _ in range(min(few, len(self._apart))):
            jobs += self._apart.popleft()
        fitting = HURRIED_LIMIT if hurry else PATIENT_LIMIT if jobs else 0
        jobs += [self._patient.popleft() for _ in range(min(fitting, len(self._patient)))]
        if hurry and self._patient:
            self._queue.put(_Call.HURRY)  # they have waited as long
        return _Group(jobs, more=more, copy_wal=copy_wal)

    def _few(self) -> int:
        """How many of what waits apart go into one group."""
        share = BEHIND_SHARE if self._left_over >= BEHIND_AFTER else APART_SHARE
        return min(max(APART_AT_LEAST, len(self._apart) // share), GROUP_LIMIT)

    def _settle(self, jobs: list[_Job[Any]], published: Published | None) -> None:
        def settle(mine: list[_Job[Any]]) -> None:
            for job in mine:
                job.settle()
            if published is not None and self._published is not None:
                self._published(published)

        loops = {job.loop for job in jobs}
        for loop in loops:
            with contextlib.suppress(RuntimeError):  # closed: nobody waits there any more
                loop.call_soon_threadsafe(settle, [job for job in jobs if job.loop is loop])

    def _write(self, jobs: list[_Job[Any]]) -> Published | None:
        """One transaction with all the jobs; the events that were published in it, if any."""
        group_id = new_id("grp")
        began = time.monotonic()
        try:
            connection = self._connection = self._connection or self._engine.connect()
            connection.begin()
            published = self._group(connection, jobs, group_id)
            try:
                connection.commit()
            except DBAPIError as error:
                if not self._committed_after_all(error, group_id):
                    raise
                self._disconnect()
        except Exception as error:  # whatever it is, the thread lives and the waiters are told
            self._disconnect()
            self._fail(jobs, error)
            return None
        self.available = True
        self.groups += 1
        self.operations += len(jobs)
        self.commit_s += time.monotonic() - began
        return published

    def _copy_wal(self) -> None:
        self._copying = False
        if self._connection is None:  # the next one will be asked
            return
        driver: Any = self._connection.connection.dbapi_connection  # so as to begin no transaction
        with contextlib.suppress(sqlite3.Error):  # disk full: the checkpoint asks again
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _disconnect(self) -> None:
        """Give the connection up, and with it what it has begun."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.close()

    def _group(
        self, connection: Connection, jobs: list[_Job[Any]], group_id: str
    ) -> Published | None:
        outbox = _together(connection, jobs, self.ledger)
        if outbox is None:
            connection.rollback()
            connection.begin()
            outbox = _each_alone(connection, jobs, self.ledger)
        # After a failure each group has something to write, or one that has nothing would succeed
        # on a full disk, and pass for a database that is back.
        if self._keeps_group_ids or not self.available:
            self._note(connection, group_id)
        return events.publish(connection, outbox) if outbox else None

    def _note(self, connection: Connection, group_id: str) -> None:
        values = {"group_id": group_id}
        changed = connection.execute(
            update(tables.writers).where(tables.writers.c.host == self._host).values(values)
        )
        if not changed.rowcount:
            connection.execute(insert(tables.writers).values(host=self._host, **values))

    def _committed_after_all(self, error: DBAPIError, group_id: str) -> bool:
        """Whether a COMMIT whose answer was lost took place. Asks again for some seconds."""
        if not (self._keeps_group_ids and error.connection_invalidated):
            return False
        until = time.monotonic() + SETTLE_COMMIT_S
        while time.monotonic() < until:
            try:
                with self._engine.connect() as connection:
                    return self._last_group(connection) == group_id
            except SQLAlchemyError:
                time.sleep(SETTLE_AGAIN_S)
        return False

    def _last_group(self, connection: Connection) -> str:
        """The id of the group that was committed last.

        A COMMIT that the server still works on holds the row, or the key of the first one, and is
        waited for; raises SQLAlchemyError when that takes too long.
        """
        row = {"host": self._host, "group_id": ""}
        insert_new(connection, tables.writers, row)  # undone: there is no commit
        found = select(tables.writers.c.group_id).where(tables.writers.c.host == self._host)
        group_id: str = connection.execute(found.with_for_update()).scalar_one()
        return group_id

    def _fail(self, jobs: list[_Job[Any]], error: Exception) -> None:
        self.available = False
        reason = _unavailable(error)
        for job in jobs:
            if job.error is None:  # what failed by itself keeps its own reason
                job.result, job.error = None, reason


def _together(
    connection: Connection, jobs: list[_Job[Any]], ledger: Ledger | None
) -> list[Event] | None:
    """Run all jobs; the events that they emitted. None where one raised: nothing counts then."""
    transaction = Transaction(connection, ledger)
    try:
        for job in jobs:
            job.result = job.operation(transaction)
    except Exception as error:
        if _is_dead(error):
            raise
        return None
    return transaction.outbox


def _each_alone(
    connection: Connection, jobs: list[_Job[Any]], ledger: Ledger | None
) -> list[Event]:
    """Run each job in a savepoint of its own; the events of those that did not raise."""
    outbox: list[Event] = []
    for job in jobs:
        transaction = Transaction(connection, ledger)
        execute_plain(connection, "SAVEPOINT operation")
        try:
            job.result = job.operation(transaction)
        except Exception as error:
            if _is_dead(error):
                raise
            execute_plain(connection, "ROLLBACK TO SAVEPOINT operation")
            job.error = _in_our_words(error)
        else:
            execute_plain(connection, "RELEASE SAVEPOINT operation")
            outbox += transaction.outbox
    return outbox


def _is_dead(error: Exception) -> bool:
    """Whether the connection is, and with it the whole group."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _in_our_words(error: Exception) -> Exception:
    """The error that a waiter gets: the database's troubles as one type, all else as it is."""
    if isinstance(error, SQLAlchemyError) and not isinstance(error, _OWN_FAULTS):
        return _unavailable(error)
    return error


def _unavailable(error: Exception) -> StoreUnavailableError:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    return StoreUnavailableError(": ".join(["database", *cause[:1]]))
