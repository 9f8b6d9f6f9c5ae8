"""Alembic's part in bringing a database to the present schema, for which `schema` asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

from modemgw.store.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection


def alembic_config() -> Config:
    """Where our migrations lie."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(connection: Connection) -> None:
    """Run the migrations that a database has not seen.

    Raises StoreError when it has seen one that is not ours.
    """
    config = alembic_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StoreError(
            "the database was made by a newer modemgw; install that version, or restore a backup"
        ) from None
