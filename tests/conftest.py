"""What all tests share: real databases, and how hard hypothesis tries."""

from __future__ import annotations

import gc
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from modemgw.store.schema import migrate
from tests import postgres

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """None of fourteen thousand tests is garbage: no look for some goes through them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# Tests there start daemons and banks, and others mostly wait: at any time some of both should run.
_WITH_PROCESSES = {"cli", "crash", "e2e", "reliability", "stop_race"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that start processes evenly among the others, and have some of these last:
    they are short, so that no worker ends long after the others.
    """
    files = dict.fromkeys(item.path for item in items)
    busy = [file for file in files if file.parent.name in _WITH_PROCESSES]
    idle = [file for file in files if file.parent.name not in _WITH_PROCESSES]
    places = {file: 0.9 * at / len(busy) for at, file in enumerate(busy)}
    places |= {file: at / len(idle) for at, file in enumerate(idle)}
    items.sort(key=lambda item: places[item.path])


settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.register_profile(
    "fuzz", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=20_000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real PostgreSQL that lives as long as the tests do."""
    with postgres.serving() as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Iterator[postgres.Databases]:
    """Databases on it that have the schema and nothing else."""
    databases = postgres.Databases(postgres_server, migrate)
    yield databases
    databases.drop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has the schema and nothing else."""
    template = tmp_path_factory.mktemp("template") / "modemgw.db"
    migrate(f"sqlite:///{template}")
    return template


@pytest.fixture
def postgres_url(postgres_databases: postgres.Databases) -> Iterator[str]:
    """A database on that server, with the schema, as if it were fresh."""
    with postgres_databases.lend() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A fresh SQLite file, with the schema."""
    database = tmp_path / "modemgw.db"
    shutil.copyfile(sqlite_template, database)
    return f"sqlite:///{database}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each kind, with the schema: what uses it is tested on both."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind in which there is nothing."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/modemgw.db"
        return
    with postgres.database(request.getfixturevalue("postgres_server")) as url:
        yield url
