"""A gateway on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import World

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(database_url: str) -> MakeWorld:
    """Makes worlds on one database, not started yet."""

    def make(**settings: Any) -> World:
        return World(database_url, **settings)

    return make


@pytest.fixture
def make_plain_world(sqlite_url: str) -> MakeWorld:
    """The same on SQLite alone, for what does not hang on the database."""

    def make(**settings: Any) -> World:
        return World(sqlite_url, **settings)

    return make


@pytest.fixture
async def world(make_world: MakeWorld) -> AsyncIterator[World]:
    """A running gateway without modems."""
    world = make_world()
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
def two_hosts(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[World, World]:
    """Two daemons on one database that follow each other quickly, not started yet."""
    monkeypatch.setattr("modemgw.gateway.gateway.FOLLOW_S", 0.05)
    return World(postgres_url), World(postgres_url, host="there")


@pytest.fixture
async def modem(world: World) -> ScriptedModem:
    """A modem that is ready."""
    modem = ScriptedModem(1)
    await world.present(modem)
    return modem
