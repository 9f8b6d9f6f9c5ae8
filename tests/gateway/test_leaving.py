"""A line leaves while it claims: it begins nothing more, and holds up nobody."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from modemgw.gateway.line_state import pool_scope
from modemgw.gateway.requests import Caller
from modemgw.gateway.settings import Pool
from modemgw.modem.interface import ModemState
from modemgw.store import lines, pauses
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import BOB, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from modemgw.store.transaction import Transaction
    from tests.gateway.conftest import MakeWorld

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())
CHEAP = Pool("cheap", frozenset(), "transactional", tags=frozenset({"cheap"}))


@pytest.fixture
async def patient(make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """At rest; what is claimed ahead goes only when somebody hurries it."""
    world = make_world(idle_recheck_s=60.0)
    await world.start(ScriptedModem(1))
    for _ in range(30):  # what a start brings with it is done
        await world.until(lambda: world.writer.waiting == 0)
        await asyncio.sleep(0.01)
    monkeypatch.setattr("modemgw.store.writer.PATIENCE_S", 8.0)
    yield world
    await world.stop()


async def wait_in_a_pause(world: World, modem: ScriptedModem) -> str:
    """Start with a text that waits for its pool, which is paused, on a line that serves it."""
    await world.start(modem)
    desk = world.gateway.desk
    await desk.change(world.line(modem), BOSS, {"tags": ["cheap"]})
    await desk.pause_pool("cheap", BOSS, "test")
    return await world.send(pool="cheap")


@contextlib.asynccontextmanager
async def claiming(world: World) -> AsyncIterator[None]:
    """The pause is over, and the claim that follows waits in the writer's queue."""
    dispatcher, begun, released = world.gateway.dispatcher, threading.Event(), threading.Event()
    await world.until(lambda: bool(dispatcher.idle))

    def hold_up(_tx: Transaction) -> None:
        begun.set()
        released.wait(10)

    busy = world.writer.submit(hold_up)
    await world.until(begun.is_set)
    dispatcher.pause(())
    await world.until(lambda: not dispatcher.idle)
    try:
        yield
    finally:
        released.set()
        await busy


async def assert_given_back(world: World, message_id: str) -> None:
    """It waits again, and nobody has it."""

    async def given_back() -> bool:
        row = await world.row(message_id)
        return row.claimed_by is None and row.lane is not None

    await world.until_async(given_back)


async def test_a_line_that_leaves_its_pool_while_it_claims_sends_nothing_of_it(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it gets by that claim is given back to those that are in the pool."""
    monkeypatch.setattr("modemgw.gateway.registry.REFRESH_S", 60.0)
    world = make_world(pools=MappingProxyType({"cheap": CHEAP}))
    modem, other = ScriptedModem(1), ScriptedModem(2)
    message = await wait_in_a_pause(world, modem)
    line = world.line(modem)

    def as_another_host(tx: Transaction) -> None:
        pauses.lift(tx.connection, pool_scope("cheap"))
        lines.change_line(tx.connection, line, tags=[])

    await world.writer.run(as_another_host)
    async with claiming(world):
        await world.gateway.registry.refresh()
    await assert_given_back(world, message)
    assert modem.written == []
    await world.present(other)
    await world.gateway.desk.change(world.line(other), BOSS, {"tags": ["cheap"]})
    await world.becomes(message, "sent")
    assert (modem.written, len(other.written)) == ([], 1)
    await world.stop()


async def test_a_line_whose_claim_gives_way_leaves_all_the_same(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paused and changed while it claimed: it looks once more, and then rests no more."""
    monkeypatch.setattr("modemgw.gateway.registry.REFRESH_S", 60.0)
    world, modem = make_world(pools=MappingProxyType({"cheap": CHEAP})), ScriptedModem(1)
    await wait_in_a_pause(world, modem)
    line = world.line(modem)
    await world.writer.run(lambda tx: lines.change_line(tx.connection, line, tags=[]))
    async with claiming(world):
        await world.gateway.registry.refresh()
    await world.until(lambda: [at.pools for at, _ in world.gateway.dispatcher.speeds()] == [()])
    await world.stop()


async def test_a_stop_while_a_line_claims_begins_nothing(make_world: MakeWorld) -> None:
    """What it gets is given back before the end."""
    world, modem = make_world(pools=MappingProxyType({"cheap": CHEAP})), ScriptedModem(1)
    message = await wait_in_a_pause(world, modem)
    async with claiming(world):
        stop = asyncio.create_task(world.gateway.stop())
        await asyncio.sleep(0.05)
    await stop
    await assert_given_back(world, message)
    assert modem.written == []
    await world.kill()


async def test_what_a_line_waits_for_is_hurried(patient: World) -> None:
    """The claim that it made ahead, also when the modem answered before that was queued."""
    for text in ("one", "two"):
        message = await patient.send(text=text)
        async with asyncio.timeout(4):
            await patient.becomes(message, "sent")


async def test_a_line_that_leaves_waits_for_no_patient_claim(patient: World) -> None:
    """Its SIM may be in another modem already."""
    (modem,) = patient.gateway.roster.modems
    assert isinstance(modem, ScriptedModem)
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    message = await patient.send(BOB)
    await script.written.wait()
    modem.go(ModemState.RECOVERING)
    await patient.present(modem)
    answer.set()
    async with asyncio.timeout(4):
        await patient.until(lambda: not patient.gateway.dispatcher.is_live(patient.line(modem)))
        await patient.becomes(message, "sent")
