"""A process that dies, a worker that dies, a database that is away: all is accounted for."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from modemgw.store.errors import StoreUnavailableError
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import BOB, World

if TYPE_CHECKING:
    from modemgw.modem.interface import SubmitResult
    from tests.gateway.conftest import MakeWorld

LONG = "A long story. " * 25  # three parts


async def test_after_a_crash_what_was_on_the_air_is_in_doubt_and_the_rest_goes(
    make_world: MakeWorld,
) -> None:
    """Nothing is doubled, nothing is forgotten."""
    world, modem = make_world(), ScriptedModem(1)
    await world.start(modem)
    script = Script(before_answer=asyncio.Event())
    modem.plan(script)
    on_air = await world.send(text="on the air")
    await script.written.wait()
    behind = await world.send(BOB, "behind")
    await world.until_async(lambda: world.claimed(behind))
    await world.kill()
    again = ScriptedModem(1)
    await world.start()
    assert await world.status(on_air) == "in_doubt"
    assert (await world.row(behind)).claimed_by is None
    await world.gateway.late_answer(again, 5)  # told before the modem becomes ready
    assert await world.status(on_air) == "sent"
    await world.present(again)
    await world.later(0)
    await world.becomes(behind, "sent")
    assert modem.texts + again.texts == ["on the air", "behind"]
    await world.stop()


async def test_a_worker_that_dies_is_noticed_and_forgets_nothing(
    world: World, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours: the line goes on, and what it held goes out or is in doubt."""
    monkeypatch.setattr("modemgw.gateway.dispatch.RETRY_S", 0.02)

    async def fault(pdu: str, length: int, clearance: object) -> SubmitResult:
        monkeypatch.undo()
        raise RuntimeError("a driver that breaks its promise")

    monkeypatch.setattr(modem, "submit", fault)
    message_id = await world.send()
    await world.until(lambda: world.gateway.tally.worker_deaths == 1)
    await world.until_async(lambda: _moves(world, message_id))
    assert modem.texts == ["Hello"]


async def _moves(world: World, message_id: str) -> bool:
    await world.later(1)
    return await world.status(message_id) == "sent"


async def test_nothing_begins_while_the_database_is_away_and_all_recovers(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A locked file: a text on the air is recorded late, no other begins, none is lost."""
    monkeypatch.setattr("modemgw.store.engine.BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr("modemgw.gateway.recording.RETRY_S", 0.05)
    monkeypatch.setattr("modemgw.gateway.worker.CLAIM_RETRY_S", 0.05)
    world, modem = World(sqlite_url), ScriptedModem(1)
    await world.start(modem)
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    first = await world.send(text="first")
    await script.written.wait()
    second = await world.send(BOB, "second")
    await world.until_async(lambda: world.claimed(second))
    away = sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)
    await world.until(lambda: _lock(away))
    answer.set()
    octets = world.deliver("Are you there?")[0]
    assert not await world.arrive(modem, octets)
    with pytest.raises(StoreUnavailableError):
        await world.send(text="refused")
    assert modem.texts == ["first"]
    away.execute("ROLLBACK")
    away.close()
    await world.becomes(first, "sent")
    await world.later(5)
    await world.becomes(second, "sent")
    assert await world.arrive(modem, octets)
    assert [row.text for row in await world.inbound()] == ["Are you there?"]
    assert modem.texts == ["first", "second"]
    await world.stop()


def _lock(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True
