"""Reads: short transactions on connections of their own, off the event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from modemgw.store.engine import reader_engine
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

T = TypeVar("T")


class Reader:
    """Runs queries in a small pool of threads."""

    def __init__(self, database_url: str, connections: int = 4) -> None:
        self._database_url = database_url
        self._engine = reader_engine(database_url, connections)
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="reader")

    async def run(self, query: Callable[[Connection], T]) -> T:
        """What the query returns. Raises StoreUnavailableError when the database fails."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, query)

    def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return query(connection)
        except DBAPIError as error:
            raise StoreUnavailableError(f"database: {error.orig}") from error
        except SQLAlchemyError as error:  # no free connection in time
            raise StoreUnavailableError(f"database: {error}") from error

    def turn(self, duty: str) -> Turn:
        """The means to be the one host that has this duty."""
        return Turn(self._database_url, duty)

    def close(self) -> None:
        """End the threads and connections."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._engine.dispose()
