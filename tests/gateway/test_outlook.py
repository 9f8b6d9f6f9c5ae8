"""When what waits will have gone: of a pool, of a batch, of one text."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.consent.gate import JITTER, Policy
from modemgw.gateway.outlook import USUAL_PART_S, PoolOutlook, waiting_parts
from modemgw.gateway.plans import Plan
from modemgw.gateway.requests import SendRequest
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import ALICE, ANYBODY, START, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.gateway.conftest import MakeWorld

HOUR = 3_600.0


@asynccontextmanager
async def busy(make_world: MakeWorld, plan: Plan, **settings: Any) -> AsyncIterator[World]:
    """A world whose one line, of the pool `sales`, has its first text on the air."""
    plans = MappingProxyType({"default": plan})
    world, modem = make_world(plans=plans, **settings), ScriptedModem(2)
    await world.start(modem)
    script = Script(before_answer=asyncio.Event())
    modem.plan(script)
    await world.send(text="on the air")
    await script.written.wait()
    yield world
    assert script.before_answer is not None
    script.before_answer.set()
    await world.stop()


async def send_many(world: World, count: int, **options: Any) -> list[dict[str, Any]]:
    requests = [SendRequest(ALICE, f"text {n}", **options) for n in range(count)]
    answers = await world.gateway.send(requests, ANYBODY)
    return [answer for answer in answers if isinstance(answer, dict)]


async def pools(world: World) -> dict[str, PoolOutlook]:
    return {pool.pool: pool for pool in await world.gateway.outlook.pools()}


async def test_a_pool_is_done_when_its_lines_have_room_for_all_that_waits(
    make_world: MakeWorld,
) -> None:
    """Ten an hour, one is used: nine, then ten, then one."""
    async with busy(make_world, Plan("default", per_hour=10)) as world:
        await send_many(world, 20)
        found = (await pools(world))[""]
        assert (found.messages, found.parts, found.lines) == (20, 20, 1)
        assert found.done_at == pytest.approx(START + 2 * HOUR + USUAL_PART_S)


async def test_pools_that_share_a_line_take_turns_in_the_forecast_too(
    make_world: MakeWorld,
) -> None:
    """Two of one wait for two of the other, ten for two."""
    async with busy(make_world, Plan("default", per_hour=1_000)) as world:
        await send_many(world, 10)
        await send_many(world, 2, pool="sales")
        found = await pools(world)
        assert found["sales"].done_at == pytest.approx(START + 4 * USUAL_PART_S)
        assert found[""].done_at == pytest.approx(START + 12 * USUAL_PART_S)


async def test_without_a_line_nothing_can_be_told(world: World) -> None:
    """Neither of a pool nor of a batch nor of a text."""
    texts = await send_many(world, 2)
    found = (await pools(world))[""]
    assert (found.messages, found.lines, found.done_at) == (2, 0, None)
    assert await world.gateway.outlook.batch_done_at(waiting_parts(texts)) is None
    assert await world.gateway.outlook.expected_at(await world.row(texts[0]["id"])) is None


async def test_a_paused_line_is_not_counted_on(make_world: MakeWorld) -> None:
    """Nor any, when everything is paused."""
    async with busy(make_world, Plan("default", per_hour=10)) as world:
        await send_many(world, 1)
        world.gateway.dispatcher.pause(["all"])
        found = (await pools(world))[""]
        assert (found.lines, found.done_at) == (0, None)


async def test_a_batch_is_done_behind_what_waits_and_what_came_with_it(
    make_world: MakeWorld,
) -> None:
    """What is known is some seconds old; what batches have brought since is added to it."""
    async with busy(make_world, Plan("default", per_hour=1_000)) as world:
        await send_many(world, 3)
        await pools(world)  # from now on this is known
        for total in (5, 7):
            texts = await send_many(world, 2)
            done_at = await world.gateway.outlook.batch_done_at(waiting_parts(texts))
            assert done_at == pytest.approx(START + total * USUAL_PART_S)
        later = await send_many(world, 1, send_at=START + HOUR)
        assert await world.gateway.outlook.batch_done_at(waiting_parts(later)) is None


async def test_a_text_is_expected_behind_those_before_it_in_its_lane(
    make_world: MakeWorld,
) -> None:
    """By priority, then age; long ones count by their parts."""
    async with busy(make_world, Plan("default", per_hour=1_000)) as world:
        first = await world.send(text="long " * 70)  # three parts
        last = await world.send()
        urgent = await world.send(priority=9)
        times = [
            await world.gateway.outlook.expected_at(await world.row(message_id))
            for message_id in (urgent, first, last)
        ]
        expected = [START + parts * USUAL_PART_S for parts in (1, 4, 5)]
        assert times == pytest.approx(expected)


async def test_a_text_is_expected_in_an_hour_of_its_recipient_s(make_world: MakeWorld) -> None:
    """11:00 in Washington, one an hour: the tenth falls into the night and waits for 08:00."""
    plan, policy = Plan("default", per_hour=1), Policy.parse("08:00-21:00", ["*"])
    async with busy(make_world, plan, policy=policy) as world:
        texts = await send_many(world, 12, valid_for_s=7 * 86_400.0)
        rows = [await world.row(text["id"]) for text in texts]
        ninth, tenth = [await world.gateway.outlook.expected_at(row) for row in rows[8:10]]
        assert ninth == pytest.approx(START + 9 * HOUR + USUAL_PART_S)
        assert tenth is not None
        opening = START + 21 * HOUR
        assert opening <= tenth < opening + JITTER.total_seconds()


async def test_a_scheduled_text_is_not_expected_before_its_time_nor_after_its_validity(
    make_world: MakeWorld,
) -> None:
    """And one that has ended is not expected at all."""
    async with busy(make_world, Plan("default", per_hour=1)) as world:
        outlook = world.gateway.outlook
        message_id = await world.send(send_at=START + 5 * HOUR)
        assert await outlook.expected_at(await world.row(message_id)) == START + 5 * HOUR
        await send_many(world, 3)
        short = await world.send(valid_for_s=2 * HOUR)
        assert await outlook.expected_at(await world.row(short)) is None
        await world.gateway.cancel(message_id, ANYBODY)
        assert await outlook.expected_at(await world.row(message_id)) is None
