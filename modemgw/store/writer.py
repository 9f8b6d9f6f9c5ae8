"""The one writer: what arrives while a commit is on its way goes into the next transaction.

Theory of operation
-------------------
`Writer.run(operation)` puts an operation into a queue and waits. As soon as the loop has done all
else that there was to do, all that is in the queue (at most `GROUP_LIMIT`) becomes one group: its
operations are run in a transaction, the events that they emitted are published, a thread commits,
and every waiter is told its outcome. So a commit's time is shared by all who came meanwhile, and a
lone operation waits for nobody. *Patient* ones, for which nobody waits in a hurry, hold up no group
until the first of them has waited for `PATIENCE_S`; then they go, `PATIENT_LIMIT` to a group. Many
of a kind, one after the other, cost half of what each costs alone: what they need is in the caches.

The operations of a group are run by the loop itself, for some milliseconds, where all of them are
*brief* and SQLite would not have to wait for another program; else by the thread that commits. Each
statement gives the interpreter away: with two threads that want it, each of a text's thirty
statements costs two changes of thread.

What is queued *apart* shares a commit with few of its kind: where each commit lets somebody go who
comes back after a fixed time, as modems do, those that were let go together would come back
together for ever, and wait for each other each time. Where some have been left over for many
groups in a row, it is the writer that they all wait for; then half of them go at once, until none
is left over, for what they need most is fewer commits. Its time is hidden behind another's, that of
a modem's prompt; so while there is nothing else to write, the first waits `GATHER_S` for the few.

Operations must be quick and use nothing but the transaction and plain values: they may be run a
second time when another one of their group has failed, after a rollback, so what they leave behind
is in the transaction and in what they return.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from modemgw.alarm import Alarm
from modemgw.store.errors import StoreOverloadedError, StoreUnavailableError
from modemgw.store.groups import Entry, Group, Groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.store.events import Published
    from modemgw.store.ledger import Ledger
    from modemgw.store.transaction import Transaction

    Listener = Callable[[Published], None]

T = TypeVar("T")

GROUP_LIMIT = 500
BRIEF_LIMIT = 64  # of operations that the loop runs itself
PATIENT_LIMIT = 24  # of a group: who comes behind does not wait for all of them
PATIENCE_S = 0.05
GATHER_S = 0.001
APART_AT_LEAST, APART_SHARE = 4, 4  # of a group: so many, or this part of those that wait
BEHIND_AFTER, BEHIND_SHARE = 32, 2  # left over for so many groups in a row: then this part
QUEUE_LIMIT = 20_000
STOP_WITHIN_S = 30.0


class Writer:
    """Runs operations in group-committed transactions, in the order of their arrival.

    Of one loop, which all that call it run in.
    """

    def __init__(
        self,
        database_url: str,
        host: str,
        *,
        published: Listener | None = None,
        queue_limit: int = QUEUE_LIMIT,
        ledger: Ledger | None = None,
    ) -> None:
        """`published` is called after each commit that had events; to `ledger`, this host's,
        `Transaction.record` appends.
        """
        self._groups = Groups(database_url, host, ledger)
        self.ledger = ledger
        self._published = published
        self._queue_limit = queue_limit
        self._entries: deque[Entry[Any]] = deque()
        self._apart: deque[list[Entry[Any]]] = deque()
        self._patient: deque[Entry[Any]] = deque()
        self._hurry = False  # the patient ones have waited long enough, all that come until they go
        self._patience = Alarm()  # that of the first of them
        self._gathering: asyncio.TimerHandle | None = None
        self._left_over = 0  # for how many groups in a row some of those apart were
        self._copy_wal = False  # what the checkpoint has left of it, before the next group
        self._busy = True  # the thread has a turn, or is about to have one; also before `start`
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to write, in the loop that runs."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        self._next()

    async def stop(self) -> None:
        """Write what is queued, then end; what comes later is turned away."""
        self._stopped = True
        self._wake()
        await asyncio.to_thread(self._thread.join, STOP_WITHIN_S)

    @property
    def waiting(self) -> int:
        """How many operations wait, roughly."""
        return len(self._entries) + len(self._apart) + len(self._patient)

    @property
    def groups(self) -> int:
        """How many were committed."""
        return self._groups.written

    @property
    def operations(self) -> int:
        """How many were committed, in however many groups."""
        return self._groups.operations

    @property
    def commit_s(self) -> float:
        """For how long groups have been under way, in seconds."""
        return self._groups.commit_s

    @property
    def available(self) -> bool:
        """Whether the last group was committed."""
        return self._groups.available

    def submit(
        self, operation: Callable[[Transaction], T], *, patient: bool = False, brief: bool = False
    ) -> asyncio.Future[T]:
        """Queue an operation now; the future ends after its commit, or with what it raised.

        `brief`: it takes a millisecond or less, however much there is in the database, or calls
        `Transaction.takes_long` before it takes more.

        Raises StoreOverloadedError when too much waits, StoreUnavailableError after `stop`.
        """
        entry = self._entry(operation, brief=brief)
        if not patient:
            self._entries.append(entry)
            self._wake()
            return entry.future
        if not self._patient:
            self._patience.set(PATIENCE_S, self.hurry)
        self._patient.append(entry)
        return entry.future

    def submit_apart(self, *operations: Callable[[Transaction], Any]) -> list[asyncio.Future[Any]]:
        """Queue operations, all of them brief, that go into one group, in this order and as a rule,
        with few others queued so; alone they wait `GATHER_S` for these.

        Raises as `submit`.
        """
        entries = [self._entry(operation, brief=True) for operation in operations]
        self._apart.append(entries)
        if len(self._apart) < APART_AT_LEAST:
            self._gather()
        else:
            self._wake()
        return [entry.future for entry in entries]

    async def run(
        self, operation: Callable[[Transaction], T], *, patient: bool = False, brief: bool = False
    ) -> T:
        """Run an operation and wait for its commit.

        Raises what the operation raised; StoreUnavailableError when nothing was written.
        Cancelling the waiter does not undo the operation.
        """
        return await self.submit(operation, patient=patient, brief=brief)

    def hurry(self) -> None:
        """Let the patient ones wait no longer."""
        if self._patient:
            self._hurry = True
            self._wake()

    def copy_wal(self) -> None:
        """Copy SQLite's WAL into the database, between two groups; from any thread.

        When all of it is copied, the group that follows begins it at its start again.
        """
        if self._loop is not None:
            self._tell(self._ask_for_copy)

    # -- in the loop ----------------------------------------------------------------------------

    def _entry(self, operation: Callable[[Transaction], T], *, brief: bool) -> Entry[T]:
        if self._stopped:
            raise StoreUnavailableError("the daemon is ending; nothing was changed")
        if self.waiting >= self._queue_limit:
            raise StoreOverloadedError("the database is slower than what arrives; try again later")
        loop = self._loop or asyncio.get_running_loop()
        return Entry(operation, brief, loop.create_future())

    def _ask_for_copy(self) -> None:
        self._copy_wal = True
        self._wake()

    def _wake(self) -> None:
        """See what there is to write, once all that is about to come has come."""
        if self._busy or self._loop is None:
            return
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        self._busy = True
        self._loop.call_soon(self._next)

    def _gather(self) -> None:
        """See in a moment; or when somebody comes who is in a hurry."""
        if not self._busy and self._gathering is None and self._loop is not None:
            self._gathering = self._loop.call_later(GATHER_S, self._wake)

    def _next(self) -> None:
        """Give the thread its next turn, if there is something to do."""
        copy_wal, self._copy_wal = self._copy_wal, False
        if copy_wal:
            self._turns.put(self._copy)
        elif entries := self._take():
            group = Group(entries)
            if len(entries) <= BRIEF_LIMIT and all(entry.brief for entry in entries):
                self._groups.run_at_once(group)
                self._entries.extendleft(reversed(group.late))
            self._turns.put(partial(self._write, group))
        elif self._stopped:
            self._turns.put(None)
        else:
            self._busy = False

    def _take(self) -> list[Entry[Any]]:
        """What goes into the next group."""
        everything = self._stopped
        entries = [self._entries.popleft() for _ in range(min(GROUP_LIMIT, len(self._entries)))]
        few = len(self._apart) if everything else self._few()
        self._left_over = self._left_over + 1 if len(self._apart) > few else 0
        for _ in range(min(few, len(self._apart))):
            entries += self._apart.popleft()
        fitting = len(self._patient) if everything else PATIENT_LIMIT if self._hurry else 0
        entries += [self._patient.popleft() for _ in range(min(fitting, len(self._patient)))]
        if not self._patient:
            self._hurry = False
            self._patience.clear()
        return entries

    def _few(self) -> int:
        """How many of what waits apart go into one group."""
        share = BEHIND_SHARE if self._left_over >= BEHIND_AFTER else APART_SHARE
        return min(max(APART_AT_LEAST, len(self._apart) // share), GROUP_LIMIT)

    def _ended(self, group: Group) -> None:
        """Tell who waits; those who have more to write may, before the next group begins."""
        assert self._loop is not None
        try:
            for entry in group.entries:
                entry.settle()
        finally:
            self._loop.call_soon(self._next)
        if group.published is not None and self._published is not None:
            self._published(group.published)

    # -- in the writer's thread -----------------------------------------------------------------

    def _run(self) -> None:
        while (turn := self._turns.get()) is not None:
            turn()
        self._groups.dispose()

    def _write(self, group: Group) -> None:
        self._groups.write(group)
        self._tell(self._ended, group)

    def _copy(self) -> None:
        self._groups.copy_wal()
        self._tell(self._next)

    def _tell(self, callback: Callable[..., None], *arguments: Group) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # closed: nobody waits there any more
            self._loop.call_soon_threadsafe(callback, *arguments)
