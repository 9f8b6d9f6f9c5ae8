"""Bringing a database to the present schema."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from modemgw.store.engine import check_durability, writer_engine
from modemgw.store.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

# The newest of our migrations.
PRESENT: Final = "0024"


def migrate(database_url: str) -> None:
    """Create or upgrade the schema, in one transaction.

    Raises StoreError, in words, when the database cannot be opened, is newer than this program, or
    would not keep what it commits.
    """
    engine = writer_engine(database_url)
    try:
        with engine.begin() as connection:
            check_durability(connection)
            if connection.dialect.name == "postgresql":  # one host at a time
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('modemgw-schema'))"))
                # An index over a long history takes as long as it takes.
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            if _revision(connection) != PRESENT:
                # Ten MiB, which most starts do without.
                import_module("modemgw.store.upgrade").upgrade(connection)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise StoreError(
            f"cannot open the database: {cause}; check database_url, the folder and its rights"
        ) from error
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    """The last migration that a database has seen, as Alembic keeps it; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
