"""Bringing a database to the present schema."""

from __future__ import annotations

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
            if _revisions(connection) != [PRESENT]:
                # Ten MiB of Alembic, which most starts do without.
                from modemgw.store.upgrade import upgrade

                upgrade(connection)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise StoreError(
            f"cannot open the database: {cause}; check database_url, the folder and its rights"
        ) from error
    finally:
        engine.dispose()


def _revisions(connection: Connection) -> list[str]:
    """What a database says of itself, where Alembic keeps it; an empty one says nothing."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.scalars(text("SELECT version_num FROM alembic_version")))
