"""The records of what became of parts: each is written once, however long the database is away.

The record of a part waits a little for the write-ahead of the next, so that both share a commit.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from modemgw.alarm import Alarm
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.gateway.settle import Step
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

RETRY_S = 1.0
WITHIN_S = 0.05  # of the answer, where the next part is late


class Records:
    """Those of one line, one after the other."""

    def __init__(self, writer: Writer, line_id: str) -> None:
        self._writer, self._line_id = writer, line_id
        self._unwritten: Callable[[Transaction], Step] | None = None  # a record that is to come
        # The one that was written last, the first attempt at it, and who insists where that failed.
        self._record: Callable[[Transaction], Step] | None = None
        self._first: asyncio.Future[Step] | None = None
        self._insisting: asyncio.Task[Step] | None = None
        self._alarm = Alarm()

    async def add(self, operation: Callable[[Transaction], Step]) -> None:
        """Have a record written: behind the next prompt, or with `write`."""
        await self.written()
        self._unwritten = operation

    def soon(self) -> None:
        """Write it soon, if nothing is written that it could go with."""
        self._alarm.set(WITHIN_S, self.write)

    async def step(self) -> Step:
        """Write it, and wait for what follows from it."""
        self.write()
        return await self._outcome()

    def abandon(self) -> None:
        """No time is left: write it, and wait for nothing; the next start settles what is open."""
        self.write()
        first = self._first
        if first is None or first.cancel():
            return
        if self._has_failed(first):
            self._insist().cancel()

    async def write_behind(self, operation: Callable[[Transaction], bool]) -> bool:
        """Run an operation in one group with the record of the part before, if that is to come."""
        if self._unwritten is None:
            (written,) = self._writer.submit_apart(operation)
        else:
            record, written = self._writer.submit_apart(self._unwritten, operation)
            self._follow(record)
        granted: bool = await written
        return granted

    def write(self) -> None:
        """Write the record of the part before, unless somebody has."""
        if self._unwritten is None:
            return
        try:
            first = self._writer.submit(self._unwritten, brief=True)
        except StoreUnavailableError as error:
            first = asyncio.get_running_loop().create_future()
            first.set_exception(error)
        self._follow(first)

    def _follow(self, first: asyncio.Future[Step]) -> None:
        self._record, self._unwritten = self._unwritten, None
        self._first, self._insisting = first, None
        first.add_done_callback(self._attempted)

    def _attempted(self, first: asyncio.Future[Step]) -> None:
        """Whether anybody waits for the record or not."""
        if self._has_failed(first) and first is self._first:
            self._insist()

    @staticmethod
    def _has_failed(first: asyncio.Future[Step]) -> bool:
        return not first.cancelled() and isinstance(first.exception(), StoreUnavailableError)

    def _insist(self) -> asyncio.Task[Step]:
        """Try until the database is back; begun by whoever sees first that the attempt failed."""
        if self._insisting is None:
            assert self._record is not None
            assert self._first is not None
            self._insisting = asyncio.create_task(
                self._until_written(self._record, self._first.exception()),
                name=f"record {self._line_id}",
            )
        return self._insisting

    async def _until_written(
        self, record: Callable[[Transaction], Step], error: BaseException | None
    ) -> Step:
        while True:
            log.error("not_recorded", line=self._line_id, error=str(error), exc_info=error)
            await asyncio.sleep(RETRY_S)
            try:
                return await self._writer.run(record, brief=True)
            except StoreUnavailableError as again:
                error = again

    async def _outcome(self) -> Step:
        """Wait until the record that was written last is committed."""
        assert self._first is not None
        try:
            return await self._first
        except StoreUnavailableError:
            return await self._insist()

    def recorded(self) -> bool:
        """Whether the part before is recorded; does not wait for a database that is away.

        For who has been written behind it: its first attempt has ended by now.
        """
        attempts = [attempt for attempt in (self._first, self._insisting) if attempt is not None]
        return not attempts or any(map(succeeded, attempts))

    async def written(self) -> None:
        """Write the record of the part before, and wait until it is committed."""
        self.write()
        if self._first is not None:
            await self._outcome()


def succeeded(future: asyncio.Future[Any]) -> bool:
    """Whether a future has ended with a result."""
    return future.done() and not future.cancelled() and future.exception() is None
