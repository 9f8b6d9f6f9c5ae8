"""Options that several commands share, and what they lead to."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modemgw.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from modemgw.config import Config

DEFAULT_CONFIG = Path("modemgw.toml")

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="MODEMGW_CONFIG", help="The configuration.")
]
Full = Annotated[bool, typer.Option("--full", help="Show numbers and texts unmasked.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


def load_config(path: Path) -> Config:
    """The configuration of a file; raises CommandError that names each wrong key."""
    from modemgw.config import ConfigError, load

    try:
        return load(path)
    except ConfigError as error:
        raise CommandError(str(error)) from None


@contextmanager
def database(path: Path) -> Iterator[Connection]:
    """One transaction on the database that a configuration names, its schema made if need be.

    Works with the daemon up or down. Raises CommandError.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from modemgw.store.engine import writer_engine
    from modemgw.store.errors import StoreError
    from modemgw.store.schema import migrate

    url = load_config(path).database_url
    try:
        migrate(url)
        engine = writer_engine(url)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()
    except StoreError as error:
        raise CommandError(str(error)) from None
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CommandError(f"the database did not take it: {cause}; try again") from None


@contextmanager
def reading(config: Config) -> Iterator[Connection]:
    """A connection that only reads the database of a configuration, and holds nobody up.

    Raises CommandError.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from modemgw.store.engine import reader_engine
    from modemgw.store.errors import StoreError
    from modemgw.store.schema import migrate

    try:
        migrate(config.database_url)
        engine = reader_engine(config.database_url, 1)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()
    except StoreError as error:
        raise CommandError(str(error)) from None
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise CommandError(f"the database cannot be read: {cause}") from None


def words(text: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)
