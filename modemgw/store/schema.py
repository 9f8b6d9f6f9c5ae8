"""Bringing a database to the present schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from modemgw.store.engine import check_durability, writer_engine
from modemgw.store.errors import StoreError


def alembic_config() -> Config:
    """Where our migrations lie."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def migrate(database_url: str) -> None:
    """Create or upgrade the schema, in one transaction.

    Raises StoreError, in words, when the database cannot be opened, is newer than this program, or
    would not keep what it commits.
    """
    engine = writer_engine(database_url)
    config = alembic_config()
    try:
        with engine.begin() as connection:
            check_durability(connection)
            if connection.dialect.name == "postgresql":  # one host at a time
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('modemgw-schema'))"))
                # An index over a long history takes as long as it takes.
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            current = MigrationContext.configure(connection).get_current_revision()
            if current == ScriptDirectory.from_config(config).get_current_head():
                return
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError:
        raise StoreError(
            "the database was made by a newer modemgw; install that version, or restore a backup"
        ) from None
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise StoreError(
            f"cannot open the database: {cause}; check database_url, the folder and its rights"
        ) from error
    finally:
        engine.dispose()
