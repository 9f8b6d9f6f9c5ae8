"""Connections: SQLite for one host, PostgreSQL for many, the same durability on both."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from modemgw.store.errors import StoreError
from modemgw.store.prepared import in_sqlalchemys_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import URL, Connection

BUSY_TIMEOUT_MS = 10_000
WAL_SIZE_LIMIT_BYTES = 64 << 20
# What readers ask is rare in a long history as often as it is most of it: a plan for all values
# reads a hundred times too much for some. And the default price of a page that does not follow the
# last one is that of a turning disk: for it PostgreSQL reads whole indexes and no row too many.
_READERS = (
    " -c default_transaction_read_only=on -c plan_cache_mode=force_custom_plan"
    " -c random_page_cost=1.1"
)


def parse_url(database_url: str) -> URL:
    """The URL with the driver that we use; `sqlite:///FILE` or `postgresql://…`.

    Raises StoreError in words that name `database_url`.
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise StoreError(
            "database_url is no database URL; use sqlite:///modemgw.db or postgresql://user@host/db"
        ) from None
    match url.get_backend_name():
        case "sqlite":
            if not url.database or url.database == ":memory:":
                raise StoreError("database_url: SQLite needs a file, such as sqlite:///modemgw.db")
            return url.set(drivername="sqlite+pysqlite")
        case "postgresql":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise StoreError(f"database_url: {other} is not supported; use sqlite or postgresql")


def serves_many(database_url: str) -> bool:
    """Whether several hosts may share the database."""
    return not database_url.startswith("sqlite")


def writer_engine(database_url: str) -> Engine:
    """One connection that writes: every transaction begins IMMEDIATE and commits durably.

    A SQLite file that is made here is its owner's alone: it holds numbers and texts.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        with contextlib.suppress(OSError):  # there already; or opening it will say what is wrong
            os.close(os.open(url.database, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return _engine(url, connections=1, read_only=False)


def reader_engine(database_url: str, connections: int) -> Engine:
    """Connections that only read."""
    return _engine(parse_url(database_url), connections=connections, read_only=True)


def _engine(url: URL, *, connections: int, read_only: bool) -> Engine:
    options: dict[str, Any] = {
        "poolclass": QueuePool,
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": 30,
    }
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
        engine = create_engine(url, **options)
        event.listen(engine, "connect", _prepare_sqlite(read_only=read_only))
        event.listen(engine, "begin", _begin_sqlite("BEGIN" if read_only else "BEGIN IMMEDIATE"))
        return engine
    options["connect_args"] = {
        "connect_timeout": 5,
        "options": "-c synchronous_commit=on -c statement_timeout=30000 -c lock_timeout=10000"
        # So does the server learn that a host is out of reach, and let go of its tenure.
        " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
        + (_READERS if read_only else ""),
        "prepare_threshold": 3,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    try:
        return create_engine(url, **options)
    except ModuleNotFoundError:
        raise StoreError("PostgreSQL needs its driver: pip install 'modemgw[postgres]'") from None


def begin_at_once(connection: Connection) -> bool:
    """Begin a transaction of SQLite's, unless that would have to wait for another program, or
    fails: false then, and there is none."""
    _wait_for_others(connection, wanted=False)
    try:
        connection.begin()
    except SQLAlchemyError:
        return False
    return True


def begin(connection: Connection) -> None:
    """Begin a transaction; where another program holds SQLite's file, wait for it."""
    if connection.dialect.name == "sqlite":
        _wait_for_others(connection, wanted=True)
    connection.begin()


def _wait_for_others(connection: Connection, *, wanted: bool) -> None:
    """Whether BEGIN is to wait, from now on: told to SQLite only where it changes."""
    if connection.info.get("waits", True) is wanted:  # see `_prepare_sqlite`
        return
    driver: Any = connection.connection.dbapi_connection
    driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS if wanted else 0}")
    connection.info["waits"] = wanted


def _begin_sqlite(sql: str) -> Callable[[Connection], None]:
    """Begins a transaction by the driver's own means, which cost a tenth."""

    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        try:
            driver.execute(sql)
        except sqlite3.Error as error:
            raise in_sqlalchemys_words(connection, sql, error) from error

    return begin


def _prepare_sqlite(*, read_only: bool) -> Any:
    """Pragmas of a new connection.

    `isolation_level` None hands BEGIN to us: the sqlite3 module of Python 3.11 would begin late,
    before the first INSERT, and break savepoints.
    """

    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA wal_autocheckpoint=0")
        cursor.execute(f"PRAGMA journal_size_limit={WAL_SIZE_LIMIT_BYTES}")
        cursor.execute("PRAGMA cache_size=-16000")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    return prepare


def check_durability(connection: Connection) -> None:
    """Refuse a PostgreSQL that may forget what it has committed. Raises StoreError."""
    if connection.dialect.name != "postgresql":
        return
    for setting in ("synchronous_commit", "fsync", "full_page_writes"):
        value = connection.execute(text(f"SHOW {setting}")).scalar_one()
        if value not in ("on", "remote_apply"):
            raise StoreError(
                f"PostgreSQL has {setting}={value}: a power cut could lose accepted messages; "
                f"set {setting}=on"
            )


class Tenure:
    """The right to be the one daemon of a database and host.

    A server forgets it when it restarts; a file does not.
    """

    def __init__(self, engine: Engine | None = None, host: str = "") -> None:
        """Of a host on a server; without them, of a file. Raises StoreError where another has it,
        or the server cannot be reached.
        """
        self._engine, self._host = engine, host
        self._connection: Connection | None = None
        try:
            self._take()
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise StoreError(f"cannot reach the database: {cause}; check database_url") from error

    def renew(self) -> None:
        """Take it again where the server has forgotten it, as soon as there is one.

        Raises StoreError where another daemon was faster: this one must end.
        """
        if self._is_alive():
            return
        with contextlib.suppress(SQLAlchemyError):  # it is away: again at the next call
            self._take()

    def _is_alive(self) -> bool:
        if self._connection is None:
            return self._engine is None
        try:
            self._connection.execute(text("SELECT 1"))
            self._connection.commit()
        except SQLAlchemyError:
            self._connection.close()
            self._connection = None
            return False
        return True

    def close(self) -> None:
        """Let go."""
        if self._connection is not None:
            self._connection.close()

    def _take(self) -> None:
        if self._engine is None:
            return
        connection = self._engine.connect()
        taken = connection.execute(
            text("SELECT pg_try_advisory_lock(hashtext('modemgw'), hashtext(:host))"),
            {"host": self._host},
        ).scalar_one()
        connection.commit()
        if taken:
            self._connection = connection
            return
        connection.close()
        raise StoreError(
            f"another modemgw already runs as host {self._host!r} on this database; stop it, or "
            "give this one another `host` in its configuration"
        )


@contextlib.contextmanager
def sole_daemon(database_url: str, host: str) -> Iterator[Tenure]:
    """Hold the right to be the one daemon of this SQLite file, or of this host on PostgreSQL.

    Raises StoreError when another one runs. The kernel or the server lets go when we die.
    """
    url = parse_url(database_url)
    if url.get_backend_name() == "sqlite":
        path = os.path.realpath(url.database or "") + ".lock"
        with _locked_file(path):
            yield Tenure()
        return
    engine = writer_engine(database_url)
    try:
        with contextlib.closing(Tenure(engine, host)) as tenure:
            yield tenure
    finally:
        engine.dispose()  # ends the session, and with it the lock


@contextlib.contextmanager
def _locked_file(path: str) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot open {path}: {error.strerror}; check database_url") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(descriptor, 32).decode(errors="replace").strip()
        os.close(descriptor)
        raise StoreError(
            f"another modemgw (process {holder or 'unknown'}) uses this database; SQLite serves "
            "one daemon: stop it, or use PostgreSQL for several hosts"
        ) from None
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)
