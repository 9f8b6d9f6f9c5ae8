"""A line is told to leave, in whatever moment: it begins nothing more, and holds up nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from modemgw.gateway.line_state import pool_scope
from modemgw.gateway.requests import Caller
from modemgw.gateway.settings import Pool
from modemgw.modem.interface import ModemState
from modemgw.store import lines, messages, pauses
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import BOB, World
from tests.store.operations import Gate, write_text

if TYPE_CHECKING:
    from modemgw.store.transaction import Transaction
    from tests.gateway.conftest import MakeWorld

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())
CHEAP = Pool("cheap", frozenset(), "transactional", tags=frozenset({"cheap"}))
OF_ANY = "*|||"


@pytest.fixture
def modem() -> ScriptedModem:
    """The only one of `cheap`."""
    return ScriptedModem(1)


@pytest.fixture
async def cheap(
    make_world: MakeWorld, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """One line, in the pool `cheap`; what is decided elsewhere is read when the test says."""
    monkeypatch.setattr("modemgw.gateway.registry.REFRESH_S", 60.0)
    world = make_world(pools=MappingProxyType({"cheap": CHEAP}))
    await world.start(modem)
    await world.gateway.desk.change(world.line(modem), BOSS, {"tags": ["cheap"]})
    await world.until(lambda: pools_of_lines(world) == [("cheap",)])
    yield world
    await world.stop()


@pytest.fixture
async def patient(make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """At rest; what is claimed ahead goes only when somebody hurries it."""
    world = make_world(idle_recheck_s=60.0)
    await world.start(ScriptedModem(1))
    await come_to_rest(world)
    monkeypatch.setattr("modemgw.store.writer.PATIENCE_S", 8.0)
    yield world
    await world.stop()


async def come_to_rest(world: World) -> None:
    """What a start brings with it is done."""
    for _ in range(30):
        await world.until(lambda: world.writer.waiting == 0)
        await asyncio.sleep(0.01)


def pools_of_lines(world: World) -> list[tuple[str, ...]]:
    """The pools of each line that could send."""
    return [line.pools for line, _ in world.gateway.dispatcher.speeds()]


async def take_out(world: World, modem: ScriptedModem, *, resumed: bool = False) -> None:
    """As another host: the line is of no pool any more."""
    line = world.line(modem)

    def decide(tx: Transaction) -> None:
        lines.change_line(tx.connection, line, tags=[])
        if resumed:
            pauses.lift(tx.connection, pool_scope("cheap"))

    await world.writer.run(decide)


async def stopped(world: World, _modem: ScriptedModem) -> asyncio.Task[None]:
    """The daemon is told to stop, and its only line to leave."""
    (worker,) = world.gateway.dispatcher._workers.values()
    stop = asyncio.create_task(world.gateway.stop())
    await world.until(lambda: worker.is_leaving)
    return stop


async def taken_out(world: World, modem: ScriptedModem) -> None:
    """It is known that the line is out of the pool."""
    await take_out(world, modem)
    await world.gateway.registry.refresh()


async def lost(world: World, modem: ScriptedModem) -> None:
    """The modem is not ready any more."""
    modem.go(ModemState.RECOVERING)
    await world.present(modem)


ToldToLeave = Callable[[World, ScriptedModem], Awaitable[object]]
WAYS = (stopped, taken_out, lost)


@contextlib.asynccontextmanager
async def claiming(world: World) -> AsyncIterator[None]:
    """The pause of the pool is over, and the claim that follows waits in the writer's queue."""
    dispatcher, gate = world.gateway.dispatcher, Gate()
    await world.until(lambda: bool(dispatcher.idle))
    busy = world.writer.submit(gate)
    await world.until(gate.entered.is_set)
    dispatcher.pause(())
    await world.until(lambda: not dispatcher.idle)
    try:
        yield
    finally:
        gate.open()
        await busy


async def waits(world: World, message_id: str) -> None:
    """It waits, for others as well, and nobody has it."""

    async def given_back() -> bool:
        row = await world.row(message_id)
        return (row.status, row.claimed_by) == ("queued", None)

    await world.until_async(given_back)


# -- while it claims ------------------------------------------------------------------------------


async def test_what_it_gets_stays_for_those_of_the_pool(cheap: World, modem: ScriptedModem) -> None:
    """The line has left the pool by then; another that comes into it sends."""
    await cheap.gateway.desk.pause_pool("cheap", BOSS, "test")
    message = await cheap.send(pool="cheap")
    await take_out(cheap, modem, resumed=True)
    async with claiming(cheap):
        await cheap.gateway.registry.refresh()
    await waits(cheap, message)
    other = ScriptedModem(2)
    await cheap.present(other)
    await cheap.gateway.desk.change(cheap.line(other), BOSS, {"tags": ["cheap"]})
    await cheap.becomes(message, "sent")
    assert (modem.written, len(other.written)) == ([], 1)


async def test_a_claim_that_gives_way_is_the_last(cheap: World, modem: ScriptedModem) -> None:
    """Paused and taken out while it claimed: it does not rest until somebody wakes it."""
    await cheap.gateway.desk.pause_pool("cheap", BOSS, "test")
    await cheap.send(pool="cheap")
    await take_out(cheap, modem)
    async with claiming(cheap):
        await cheap.gateway.registry.refresh()
    await cheap.until(lambda: pools_of_lines(cheap) == [()])
    assert modem.written == []


async def test_a_stop_begins_nothing(cheap: World, modem: ScriptedModem) -> None:
    """What it gets is given back before the end."""
    await cheap.gateway.desk.pause_pool("cheap", BOSS, "test")
    message = await cheap.send(pool="cheap")
    async with claiming(cheap):
        stop = await stopped(cheap, modem)
    await stop
    await waits(cheap, message)
    assert modem.written == []


# -- at the prompt --------------------------------------------------------------------------------


@pytest.mark.parametrize("told", WAYS)
@pytest.mark.parametrize("recorded", [False, True])
async def test_nothing_begins_at_a_late_prompt(
    cheap: World, modem: ScriptedModem, told: ToldToLeave, *, recorded: bool
) -> None:
    """Nor is it recorded that it would; where it is already, that is taken back."""
    prompt = asyncio.Event()
    script = Script(before_verdict=prompt) if recorded else Script(before_obtain=prompt)
    modem.plan(script)
    message = await cheap.send(pool="cheap")
    await cheap.until_async(lambda: cheap.claimed(message))
    if recorded:
        await script.cleared.wait()
    await told(cheap, modem)
    prompt.set()
    await waits(cheap, message)
    assert modem.written == []
    (part,) = await cheap.reader.run(lambda c: messages.get_parts(c, message))
    assert (part.submitting_at is None) is not recorded


async def test_the_rest_of_a_text_waits_for_its_line(cheap: World, modem: ScriptedModem) -> None:
    """The second part does not begin, and is the next that the line sends."""
    prompt = asyncio.Event()
    second = Script(before_verdict=prompt)
    modem.plan(Script(), second)
    message = await cheap.send(text="A long story. " * 15, pool="cheap")
    await second.cleared.wait()
    await lost(cheap, modem)
    prompt.set()
    await cheap.until(lambda: modem.withdrawn == 1)
    modem.go(ModemState.READY)
    await cheap.present(modem)
    await cheap.later(2)
    await cheap.becomes(message, "sent")
    assert [part.concat.seq for part in modem.written if part.concat] == [1, 2]


# -- who waits for it -----------------------------------------------------------------------------


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
    await lost(patient, modem)
    answer.set()
    async with asyncio.timeout(4):
        await patient.until(lambda: not patient.gateway.dispatcher.is_live(patient.line(modem)))
        await patient.becomes(message, "sent")


@pytest.mark.parametrize("leaves", [0, 1])
@pytest.mark.parametrize("before", [False, True])
async def test_what_comes_in_that_moment_wakes_another(
    make_world: MakeWorld, leaves: int, *, before: bool
) -> None:
    """Whichever of two idle lines it is that leaves, just before or just behind."""
    world, modems = make_world(idle_recheck_s=60.0), (ScriptedModem(1), ScriptedModem(2))
    await world.start(*modems)
    dispatcher = world.gateway.dispatcher
    await come_to_rest(world)
    assert len(dispatcher.idle) == 2
    message = await world.writer.run(lambda tx: write_text(tx.connection, lane=OF_ANY))
    if before:
        dispatcher.waiting(OF_ANY, 5)
    modems[leaves].go(ModemState.RECOVERING)
    dispatcher.modem_noted(modems[leaves])
    if not before:
        dispatcher.waiting(OF_ANY, 5)
    await world.becomes(message, "sent")
    assert len(modems[1 - leaves].written) == 1
    await world.stop()
