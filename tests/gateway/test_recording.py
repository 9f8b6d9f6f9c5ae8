"""The record of a part is written once, however long the database is away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.gateway.recording import Records
from modemgw.gateway.settle import Step
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.schema import migrate
from modemgw.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from modemgw.store.transaction import Transaction


class WatchedWriter(Writer):
    """Calls `seen` in the moment in which an attempt has ended, before all who wait for it."""

    seen: Callable[[], None] = staticmethod(lambda: None)

    def submit(self, operation: Callable[[Transaction], Any], **how: Any) -> asyncio.Future[Any]:
        future = super().submit(operation, **how)
        future.add_done_callback(lambda _: self.seen())
        return future


class Away:
    """A record that cannot be written for so many attempts."""

    def __init__(self, attempts: int) -> None:
        self._left = attempts
        self.attempts = self.written = 0

    def __call__(self, _tx: Transaction) -> Step:
        self.attempts += 1
        if self._left:
            self._left -= 1
            raise StoreUnavailableError("away")
        self.written += 1
        return Step.DONE


@pytest.fixture
async def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WatchedWriter]:
    monkeypatch.setattr("modemgw.gateway.recording.RETRY_S", 0.01)
    url = f"sqlite:///{tmp_path}/records.db"
    migrate(url)
    writer = WatchedWriter(url, "here")
    writer.start()
    yield writer
    await writer.stop()


# A group in which one operation fails is run again, each alone: two attempts a group.
@pytest.mark.parametrize("failures", [0, 2, 6])
async def test_it_is_written_once(writer: WatchedWriter, failures: int) -> None:
    """Tried until the database is back, whether somebody waits for it or not."""
    records, record = Records(writer, "lin_1"), Away(failures)
    await records.add(record)
    records.write()
    async with asyncio.timeout(10):
        while not record.written:
            await asyncio.sleep(0.01)
        await records.written()
    assert await records.step() is Step.DONE
    assert (record.attempts, record.written) == (failures + 1, 1)
    assert records.recorded()


async def test_who_comes_in_the_moment_of_a_failure_waits_as_well(writer: WatchedWriter) -> None:
    """The attempt has ended, and nobody has begun to insist."""
    records, record = Records(writer, "lin_1"), Away(2)
    await records.add(record)
    waiting: list[asyncio.Future[Any]] = []

    def come() -> None:
        writer.seen = lambda: None
        coming = records.written()
        awaited = coming.send(None)
        awaited._asyncio_future_blocking = False  # as a task does that takes a step
        waiting.append(awaited)
        coming.close()

    writer.seen = come
    records.write()
    async with asyncio.timeout(10):
        await records.written()
    assert len(waiting) == 1
    assert record.written == 1


async def test_what_is_abandoned_in_that_moment_is_not_tried_again(writer: WatchedWriter) -> None:
    """The next start settles what is open."""
    records, record = Records(writer, "lin_1"), Away(2)
    await records.add(record)
    writer.seen = records.abandon
    records.write()
    async with asyncio.timeout(10):
        while record.attempts < 2:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert (record.attempts, record.written) == (2, 0)
    assert not records.recorded()


async def test_a_writer_that_takes_nothing_is_asked_again(writer: WatchedWriter) -> None:
    """Who waits for the record waits on, and may be cancelled."""
    records, record = Records(writer, "lin_1"), Away(0)
    await records.add(record)
    await writer.stop()
    records.write()
    waiting = asyncio.create_task(records.written())
    await asyncio.sleep(0.1)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert record.attempts == 0
