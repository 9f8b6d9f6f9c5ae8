"""A line, and a pool on all its lines, spends no more in a day than it may."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.plans import MOST_MONEY, Plan, money
from modemgw.gateway.requests import Caller
from modemgw.gateway.settings import Pool
from tests.gateway.scripted import ScriptedModem
from tests.gateway.test_limits import HOUR, LONG, planned, send_many, sent
from tests.gateway.world import START, World

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())


async def costing(world: World, modem: ScriptedModem, cost: float) -> None:
    """Say what a part costs on a modem's line, and wait until the line knows."""
    await world.gateway.desk.change(world.line(modem), BOSS, {"cost": cost})

    def known() -> bool:
        line = world.gateway.roster.line_of(modem)
        return line is not None and line.cost == cost

    await world.until(known)


async def usage_of(world: World, modem: ScriptedModem) -> dict[str, Any]:
    (used,) = (await world.gateway.desk.line(world.line(modem)))["usage"]
    return dict(used)


async def test_a_line_spends_no_more_in_a_day_than_it_may(make_world: MakeWorld) -> None:
    """What is over it waits for the plan's midnight and says why."""
    zone = ZoneInfo("America/Los_Angeles")  # 08:00 there
    world = planned(make_world, cost_per_day=0.25, time_zone=zone)
    modem = ScriptedModem(1)
    await world.start(modem)
    await costing(world, modem, 0.1)
    ids = await send_many(world, 5)
    await sent(world, modem, 2)
    wait = world.gateway.dispatcher.line_wait(world.line(modem))
    assert wait is not None
    assert (wait.rule, wait.until) == ("cost_per_day", START + 16 * HOUR)
    assert await usage_of(world, modem) == {
        "limit": "cost_per_day", "used": 0.2, "most": 0.25, "renews_at": "2026-06-11T07:00:00.000Z"
    }  # fmt: skip
    assert await world.status(ids[2]) == "queued"
    world.clock.now += 16 * HOUR - 1
    await sent(world, modem, 2)
    world.clock.now += 1
    await sent(world, modem, 4)
    await world.stop()


async def test_a_price_that_changes_in_mid_day_counts_from_then_on(make_world: MakeWorld) -> None:
    """What was spent stays spent, whatever the next part costs."""
    world, modem = planned(make_world, cost_per_day=1.0), ScriptedModem(1)
    await world.start(modem)
    await costing(world, modem, 0.5)
    await send_many(world, 1)
    await sent(world, modem, 1)
    await costing(world, modem, 0.2)
    await send_many(world, 4)
    await sent(world, modem, 3)
    assert (await usage_of(world, modem))["used"] == pytest.approx(0.9)
    await world.stop()


async def test_every_part_costs_and_what_costs_nothing_is_free(make_world: MakeWorld) -> None:
    """Three parts of a long text are three prices."""
    world, modem = planned(make_world, cost_per_day=0.4), ScriptedModem(1)
    await world.start(modem)
    await send_many(world, 3)
    await sent(world, modem, 3)
    assert (await usage_of(world, modem))["used"] == 0
    await costing(world, modem, 0.1)
    await world.send(text=LONG)
    await sent(world, modem, 6)
    await world.send(text=LONG)
    await sent(world, modem, 6)
    await world.stop()


async def test_a_pool_spends_what_its_lines_cost_together(make_world: MakeWorld) -> None:
    """Each part by the price of the line that it went on; a restart begins nothing anew."""
    plan = Plan("sales", cost_per_day=0.5)
    numbers = frozenset({"+12025550191", "+12025550192"})
    pools = MappingProxyType({"sales": Pool("sales", numbers, plan=plan)})
    world = make_world(pools=pools)
    cheap, dear = ScriptedModem(1), ScriptedModem(2)
    await world.start(cheap, dear)
    await costing(world, cheap, 0.1)
    await costing(world, dear, 0.2)
    await world.stop()
    await world.start(cheap, dear)
    await send_many(world, 6, pool="sales")

    def spent() -> float:
        return 0.1 * len(cheap.written) + 0.2 * len(dear.written)

    await world.until(lambda: spent() > 0.35)
    await asyncio.sleep(0.1)  # long enough for one more, if it could
    assert spent() < 0.55
    await world.stop()


@given(st.floats(0, 2_000_000), st.integers(1, 255))
def test_money_is_never_counted_for_less(amount: float, parts: int) -> None:
    """To a thousandth, up, and within what the database holds."""
    assert money(0.1) == 100
    assert money(0.0001) == 1
    assert 0 <= money(amount) <= MOST_MONEY < 2**31 / 2
    assert money(amount) == MOST_MONEY or money(amount) >= amount * 1_000 - 1e-5
    assert min(money(amount) * parts, MOST_MONEY) <= MOST_MONEY
