"""Groups of operations, each in one transaction, and what became of it.

- Where an operation raises, the group is rolled back and run again, each operation in a savepoint
  of its own now; the one that raises is rolled back to its savepoint and fails alone. Savepoints
  cost more than many an operation, and hardly any raises.
- A commit that fails fails all of its operations with StoreUnavailableError.
- A connection lost *during* COMMIT leaves the outcome unknown. On PostgreSQL each group therefore
  writes its own id into the host's row of `writers`; after reconnecting, that row tells.

Events get their positions last, from a counter whose row stays locked until the commit: positions
are in the order of commits, also between hosts, so a reader that has seen position n will never
find a smaller one later.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError

from modemgw.ids import new_id
from modemgw.store import events, tables
from modemgw.store.engine import begin, begin_at_once, writer_engine
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.prepared import execute_plain
from modemgw.store.sql import insert_new
from modemgw.store.transaction import TakesLongError, Transaction

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from sqlalchemy import Connection

    from modemgw.store.events import Event, Published
    from modemgw.store.ledger import Ledger

T = TypeVar("T")

AT_ONCE_S = 0.01
SETTLE_COMMIT_S = 10.0
SETTLE_AGAIN_S = 0.2

# An operation's own faults: the same would fail again, however well the database is.
_OWN_FAULTS = (IntegrityError, DataError, ProgrammingError)


@dataclass(slots=True)
class Entry(Generic[T]):
    """An operation, and who waits for it."""

    operation: Callable[[Transaction], T]
    brief: bool
    future: asyncio.Future[T]
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Tell who waits."""
        if self.future.done():  # the waiter has gone; what is committed stays committed
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


@dataclass(slots=True)
class Group:
    """What goes into one transaction."""

    entries: list[Entry[Any]]
    late: list[Entry[Any]] = field(default_factory=list)  # of them, for whom there was no time
    id: str = ""  # under which it is noted in the database, where it is
    began: float = field(default_factory=time.monotonic)
    has_run: bool = False  # and waits for its commit
    each_alone: bool = False  # one raised when they were run together
    fault: Exception | None = None  # of the whole group
    published: Published | None = None


class Groups:
    """The one connection that writes. In whatever thread, but one call at a time."""

    def __init__(self, database_url: str, host: str, ledger: Ledger | None) -> None:
        self._engine = writer_engine(database_url)
        self._host = host
        self._ledger = ledger
        self._connection: Connection | None = None  # kept between groups
        self._serves_many = self._engine.dialect.name == "postgresql"
        self.written = 0
        self.operations = 0
        self.commit_s = 0.0
        self.available = True

    def run_at_once(self, group: Group) -> None:
        """Run its operations now, unless one says that it takes long, or that would mean to wait:
        for a server, for another program that holds the file, or for a database that was away.
        `write` does what is left.

        Those for which no time is left after `AT_ONCE_S` are its `late` ones.
        """
        connection = self._connection
        if connection is None or self._serves_many or not self.available:
            return
        try:
            if begin_at_once(connection):
                self._run_together(connection, group, within_s=AT_ONCE_S)
        except Exception as error:  # whatever it is, the waiters are told
            group.fault = error

    def write(self, group: Group) -> None:
        """Run what has not been run, and commit; its entries know their outcomes then."""
        try:
            if group.fault is not None:
                raise group.fault
            self._write(group)
        except Exception as error:  # whatever it is, the thread lives and the waiters are told
            self._disconnect()
            self._fail(group.entries, error)

    def copy_wal(self) -> None:
        """Copy what is committed into SQLite's file, if no other program reads it just now."""
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
                connection.invalidate()  # where COMMIT failed, a pool would keep what is open
                connection.close()

    def dispose(self) -> None:
        """Let go of the database."""
        self._disconnect()
        self._engine.dispose()

    def _write(self, group: Group) -> None:
        if not group.has_run:
            connection = self._connection = self._connection or self._engine.connect()
            if not group.each_alone:
                begin(connection)
                self._run_together(connection, group)
            if group.each_alone:
                begin(connection)
                self._publish(
                    connection, group, _each_alone(connection, group.entries, self._ledger)
                )
        self._commit(group.id)
        self.available = True
        self.written += 1
        self.operations += len(group.entries)
        self.commit_s += time.monotonic() - group.began

    def _run_together(
        self, connection: Connection, group: Group, within_s: float | None = None
    ) -> None:
        """Run its operations; those for which there is no time become its `late` ones.

        Where one raises, the transaction is rolled back, and each is to be run alone.
        """
        transaction = Transaction(connection, self._ledger, at_once=within_s is not None)
        until = time.monotonic() + (math.inf if within_s is None else within_s)
        try:
            for i, entry in enumerate(group.entries):
                if i and time.monotonic() > until:
                    group.entries, group.late = group.entries[:i], group.entries[i:]
                    break
                entry.result = entry.operation(transaction)
        except TakesLongError:
            connection.rollback()
        except Exception as error:
            if _is_dead(error):
                raise
            connection.rollback()
            group.each_alone = True
        else:
            self._publish(connection, group, transaction.outbox)

    def _publish(self, connection: Connection, group: Group, outbox: list[Event]) -> None:
        # After a failure each group has something to write, or one that has nothing would succeed
        # on a full disk, and pass for a database that is back.
        if self._serves_many or not self.available:
            group.id = new_id("grp")
            self._note(connection, group.id)
        group.published = events.publish(connection, outbox) if outbox else None
        group.has_run = True

    def _commit(self, group_id: str) -> None:
        assert self._connection is not None
        try:
            self._connection.commit()
        except DBAPIError as error:
            if not self._committed_after_all(error, group_id):
                raise
            self._disconnect()

    def _note(self, connection: Connection, group_id: str) -> None:
        values = {"group_id": group_id}
        changed = connection.execute(
            update(tables.writers).where(tables.writers.c.host == self._host).values(values)
        )
        if not changed.rowcount:
            connection.execute(insert(tables.writers).values(host=self._host, **values))

    def _committed_after_all(self, error: DBAPIError, group_id: str) -> bool:
        """Whether a COMMIT whose answer was lost took place. Asks again for some seconds."""
        if not (self._serves_many and error.connection_invalidated):
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

    def _fail(self, entries: list[Entry[Any]], error: Exception) -> None:
        self.available = False
        reason = _unavailable(error)
        for entry in entries:
            if entry.error is None:  # what failed by itself keeps its own reason
                entry.result, entry.error = None, reason


def _each_alone(
    connection: Connection, entries: list[Entry[Any]], ledger: Ledger | None
) -> list[Event]:
    """Run each entry in a savepoint of its own; the events of those that did not raise."""
    outbox: list[Event] = []
    for entry in entries:
        transaction = Transaction(connection, ledger)
        execute_plain(connection, "SAVEPOINT operation")
        try:
            entry.result = entry.operation(transaction)
        except Exception as error:
            if _is_dead(error):
                raise
            execute_plain(connection, "ROLLBACK TO SAVEPOINT operation")
            entry.error = _in_our_words(error)
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
    if isinstance(error, StopIteration):  # which no future takes
        fault = RuntimeError("an operation ended with StopIteration")
        fault.__cause__ = error
        return fault
    return error


def _unavailable(error: Exception) -> StoreUnavailableError:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    return StoreUnavailableError(": ".join(["database", *cause[:1]]))
