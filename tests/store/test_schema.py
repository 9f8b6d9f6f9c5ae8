"""The schema, and who may use a database."""

from __future__ import annotations

import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from modemgw.store.engine import (
    check_durability,
    parse_url,
    reader_engine,
    sole_daemon,
    writer_engine,
)
from modemgw.store.errors import StoreError, StoreUnavailableError
from modemgw.store.reader import Reader
from modemgw.store.schema import PRESENT, migrate
from modemgw.store.tables import metadata
from modemgw.store.upgrade import alembic_config

if TYPE_CHECKING:
    from pathlib import Path


def test_migrations_make_exactly_our_tables(url: str) -> None:
    """What the program expects is what the migrations leave; a second run changes nothing."""
    migrate(url)
    engine = writer_engine(url)
    with engine.connect() as connection:
        # SQLite has no lengths of texts, and is spared the copy that changing one would need.
        with_types = connection.dialect.name == "postgresql"
        context = MigrationContext.configure(connection, opts={"compare_type": with_types})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    # Alembic cannot compare indexes with an expression; the next test does.
    expressions = {
        "ix_messages_queue",
        "ix_conversations_activity",
        "ix_conversations_pool",
        "ix_conversations_unread",
    }
    assert [d for d in differences if getattr(d[1], "name", "") not in expressions] == []


def test_migrations_make_exactly_our_indexes(sqlite_url: str, tmp_path: Path) -> None:
    """Order and conditions of indexes, too: a claim must not sort its whole lane."""
    migrate(sqlite_url)
    other_url = f"sqlite:///{tmp_path}/other.db"
    found = []
    for url in (sqlite_url, other_url):
        engine = writer_engine(url)
        with engine.begin() as connection:
            if url == other_url:
                metadata.create_all(connection)
            query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            found.append(set(connection.execute(text(query)).scalars()))
        engine.dispose()
    assert found[0] == found[1]


def test_an_opt_out_from_before_the_order_was_kept_is_of_the_time_of_reading(
    empty_database_url: str,
) -> None:
    """Nobody knows any more when it was sent; that is the latest that it can have been."""
    engine, config = writer_engine(empty_database_url), alembic_config()
    row = "('+12025550111', 'all', 'keyword', 'stop', 1000.5)"
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        columns = "number, scope, source, reason, created_at"
        connection.execute(text(f"INSERT INTO opt_outs ({columns}) VALUES {row}"))
    migrate(empty_database_url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT number, sent_at, centre FROM opt_outs")).one()
        assert tuple(found) == ("+12025550111", 1000.5, None)
    engine.dispose()


def test_an_opt_out_from_before_scopes_is_of_everything(empty_database_url: str) -> None:
    """And its number may have further ones."""
    engine, config = writer_engine(empty_database_url), alembic_config()
    columns = "number, scope, source, reason, created_at, sent_at"
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        connection.execute(
            text(f"INSERT INTO opt_outs ({columns}) VALUES ('+1', 'all', 'keyword', 'STOP', 1, 2)")
        )
    engine.dispose()
    migrate(empty_database_url)
    engine = writer_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(
            text(f"INSERT INTO opt_outs ({columns}) VALUES ('+1', 'pool:a', 'api', '', 3, 3)")
        )
        rows = connection.execute(text("SELECT scope, leaves, reason FROM opt_outs ORDER BY scope"))
        assert [tuple(row) for row in rows] == [("all", "", "STOP"), ("pool:a", "", "")]
    engine.dispose()


def test_the_present_schema_is_that_of_the_newest_migration() -> None:
    """A database of another is upgraded; one of this is opened without a look at migrations."""
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == PRESENT


def test_a_database_of_the_present_schema_is_opened_without_alembic(url: str) -> None:
    """It takes ten MiB and some tenths of a second, and most starts have nothing to upgrade."""
    migrate(url)
    program = (
        "import sys; from modemgw.store.schema import migrate; migrate(sys.argv[1]); "
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, url], check=True, timeout=60)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alembic_version SET version_num = 'from_the_future'",
        "INSERT INTO alembic_version (version_num) VALUES ('from_the_future')",
    ],
)
def test_a_newer_database_is_refused_in_words(url: str, change: str) -> None:
    """A program that is older than its database says so and touches nothing."""
    engine = writer_engine(url)
    with engine.begin() as connection:
        connection.execute(text(change))
    engine.dispose()
    with pytest.raises(StoreError, match="newer modemgw"):
        migrate(url)


def test_a_database_that_cannot_be_opened_is_told_in_words(tmp_path: Path) -> None:
    """The words name what to look at."""
    for url in (f"sqlite:///{tmp_path}/no/such.db", "postgresql://nobody@127.0.0.1:1/none"):
        with pytest.raises(StoreError, match="check database_url"):
            migrate(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("modemgw.db", "no database URL"),
        ("mysql://host/db", "mysql is not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_a_database_url_that_is_none_is_told_in_words(url: str, words: str) -> None:
    """A typing error in the configuration is answered with what to write."""
    with pytest.raises(StoreError, match=words):
        parse_url(url)


def test_a_server_that_may_forget_is_refused(postgres_url: str) -> None:
    """Durable means durable: a lax PostgreSQL is refused at the start."""
    engine = writer_engine(postgres_url)
    with engine.connect() as connection:
        check_durability(connection)
        connection.execute(text("SET synchronous_commit = off"))
        with pytest.raises(StoreError, match="synchronous_commit=off"):
            check_durability(connection)
    engine.dispose()


def test_sqlite_commits_durably_and_readers_only_read(sqlite_url: str) -> None:
    """Write-ahead log, full synchronisation; a reader's connection refuses to write."""
    migrate(sqlite_url)
    writing, reading = writer_engine(sqlite_url), reader_engine(sqlite_url, 1)
    with writing.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2  # FULL
    with reading.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.execute(text("DELETE FROM counters"))
    writing.dispose()
    reading.dispose()


async def test_a_reader_says_when_the_database_fails(url: str) -> None:
    """Trouble of the database has one type; a reader never writes."""
    reader = Reader(url, connections=1)
    with pytest.raises(StoreUnavailableError, match="database: "):
        await reader.run(lambda c: c.execute(text("DELETE FROM counters")))
    assert await reader.run(lambda c: c.execute(text("SELECT 1")).scalar_one()) == 1
    reader.close()


def test_a_second_daemon_is_refused_in_words(url: str) -> None:
    """One daemon for a SQLite file, one for each host on PostgreSQL; the lock dies with us."""
    refused = pytest.raises(StoreError, match="another modemgw")
    with sole_daemon(url, "here"), refused, sole_daemon(url, "here"):
        pass
    with pytest.raises(RuntimeError), sole_daemon(url, "here"):
        raise RuntimeError
    with sole_daemon(url, "here"):
        pass


def test_a_server_that_restarts_makes_no_room_for_a_second_daemon(postgres_url: str) -> None:
    """The lock goes with the session; it is taken again, and a second daemon is refused."""
    with sole_daemon(postgres_url, "here") as tenure:
        _end_sessions(postgres_url)
        tenure.renew()
        with pytest.raises(StoreError, match="another modemgw"), sole_daemon(postgres_url, "here"):
            pass


def test_a_daemon_whose_lock_another_has_taken_is_told_to_end(postgres_url: str) -> None:
    """Two daemons as one host would take each other's claims for their own."""
    with sole_daemon(postgres_url, "here") as tenure:
        _end_sessions(postgres_url)
        with sole_daemon(postgres_url, "here"), pytest.raises(StoreError, match="another modemgw"):
            tenure.renew()


def _end_sessions(url: str) -> None:
    """As a restart of the server does."""
    engine = writer_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


def test_two_hosts_share_a_postgresql(postgres_url: str) -> None:
    """The lock is the host's."""
    with sole_daemon(postgres_url, "one"), sole_daemon(postgres_url, "two"):
        pass


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/x.db", "postgresql://127.0.0.1:1/x"])
def test_a_lock_that_cannot_be_taken_is_told_in_words(url: str) -> None:
    """The first thing a daemon does with its database fails with an advice."""
    with pytest.raises(StoreError, match="check database_url"), sole_daemon(url, "here"):
        pass


def test_a_new_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    """It holds numbers and texts; what SQLite puts beside it has the same rights."""
    path = tmp_path / "modemgw.db"
    sqlite_url = f"sqlite:///{path}"
    migrate(sqlite_url)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
