"""A migrated database of each kind, and a writer on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.store.engine import writer_engine
from modemgw.store.reader import Reader
from modemgw.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqlalchemy import Connection


@pytest.fixture
def url(database_url: str) -> str:
    """A database of each kind with our tables."""
    return database_url


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    """A transaction in it."""
    engine = writer_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
async def writer(url: str) -> AsyncIterator[Writer]:
    """A running writer."""
    writer = Writer(url, "here")
    writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
def reader(url: str) -> Iterator[Reader]:
    """A reader of the same database."""
    reader = Reader(url)
    yield reader
    reader.close()
