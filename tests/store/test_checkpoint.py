"""SQLite's WAL comes into the database beside a writer that goes on, and stays short."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text, update
from sqlalchemy.engine import make_url

from modemgw.store import checkpoint
from modemgw.store.checkpoint import PAGE_BYTES, Checkpointer
from modemgw.store.engine import BUSY_TIMEOUT_MS
from modemgw.store.tables import counters
from modemgw.store.writer import Writer
from tests.store.operations import count

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from modemgw.store.transaction import Transaction

_LONG, _COMMITS = 100, 4_000
_MUCH = 4_000_000  # bytes


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """A database with our tables."""
    return Path(str(make_url(sqlite_url).database))


@pytest.fixture
async def writer(sqlite_url: str, file: Path) -> AsyncIterator[Writer]:
    """A writer that runs on it."""
    writer = Writer(sqlite_url, "here")
    writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
def checkpointer(sqlite_url: str, writer: Writer) -> Iterator[Checkpointer]:
    """One that looks often, to be started by the test."""
    checkpointer = Checkpointer(sqlite_url, writer.copy_wal, every_s=0.02)
    yield checkpointer
    checkpointer.stop()


async def test_the_checkpointer_brings_the_log_into_the_file(
    file: Path, writer: Writer, checkpointer: Checkpointer, tmp_path: Path
) -> None:
    """What is committed reaches the database file itself, off the writer."""
    await writer.run(count("kept"))
    checkpointer.start()
    alone = tmp_path / "alone.db"

    def rows() -> int:
        alone.write_bytes(file.read_bytes())
        try:
            with sqlite3.connect(alone) as copy:
                found = copy.execute("SELECT count(*) FROM counters WHERE name = 'kept'")
                return int(found.fetchone()[0])
        except sqlite3.DatabaseError:  # copied in the middle of a checkpoint
            return 0

    async with asyncio.timeout(10):
        while not await asyncio.to_thread(rows):
            await asyncio.sleep(0.02)


async def test_a_writer_that_never_rests_begins_its_log_again(
    file: Path, writer: Writer, checkpointer: Checkpointer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the file keeps its length: to write over it takes no new blocks."""
    monkeypatch.setattr(checkpoint, "LONG_PAGES", _LONG)
    checkpointer.start()

    def touch(name: str) -> Callable[[Transaction], int]:
        def write(transaction: Transaction) -> int:
            return transaction.connection.execute(
                update(counters).where(counters.c.name == name).values(value=counters.c.value + 1)
            ).rowcount

        return write

    for name in ("one", "other"):
        await writer.run(count(name))
    log = Path(f"{file}-wal")
    lengths: list[int] = []

    async def busy(name: str) -> None:
        for _ in range(_COMMITS // 2):
            await writer.run(touch(name))
            lengths.append(log.stat().st_size)

    async with asyncio.timeout(60):
        await asyncio.gather(busy("one"), busy("other"))
    assert lengths == sorted(lengths)
    assert lengths[-1] < lengths[len(lengths) // 2] + _LONG * PAGE_BYTES
    assert writer.available


async def test_a_full_disk_ends_no_checkpoint_for_good(
    file: Path, writer: Writer, checkpointer: Checkpointer
) -> None:
    """When there is room again, the log comes into the database."""
    await writer.run(_write_much)
    length, limits = file.stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length + 8 * PAGE_BYTES, limits[1]))
    try:
        checkpointer.start()
        async with asyncio.timeout(10):
            while file.stat().st_size < length + 8 * PAGE_BYTES:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)  # it has tried again, and once more
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    async with asyncio.timeout(10):
        while file.stat().st_size < length + _MUCH:
            await asyncio.sleep(0.02)


async def test_a_reader_of_an_old_state_keeps_no_writer_out(
    file: Path, writer: Writer, checkpointer: Checkpointer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the log is too long and should be cut: as beside a backup."""
    monkeypatch.setattr(checkpoint, "TOO_LONG_PAGES", _LONG)
    with closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM counters").fetchone()
        await writer.run(_write_much)
        checkpointer.start()
        await asyncio.sleep(0.1)  # so that it waits for the reader
        async with asyncio.timeout(BUSY_TIMEOUT_MS / 2000):
            for at in range(10):
                await writer.run(count(str(at)))
    assert writer.available


def _write_much(transaction: Transaction) -> None:
    transaction.connection.execute(text("CREATE TABLE much (bytes BLOB)"))
    transaction.connection.execute(text(f"INSERT INTO much VALUES (zeroblob({_MUCH}))"))
