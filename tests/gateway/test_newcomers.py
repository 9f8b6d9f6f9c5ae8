"""Many texts to a country that was never texted are told, once, and nothing else is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.gateway.test_limits import DAY, HOUR

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld
    from tests.gateway.world import World

JAMAICA, MOSCOW = "+1876555{:04}", "+7912345{:04}"


async def accept(world: World, pattern: str, count: int, begin: int = 0) -> None:
    """Have texts to so many people of a country accepted."""
    for number in range(begin, begin + count):
        await world.send(pattern.format(number))


async def told(world: World) -> list[tuple[str, str]]:
    events = await world.events("alert.raised") + await world.events("alert.cleared")
    events.sort(key=lambda event: event.position)
    return [(event.type.removeprefix("alert."), event.data["country"]) for event in events]


async def test_a_burst_to_a_new_country_is_told_once_and_cleared_after_a_day(
    make_world: MakeWorld,
) -> None:
    """One more than may be, however many follow; a restart does not forget that."""
    world = make_world(new_country_after=3)
    await world.start()
    await accept(world, JAMAICA, 3)
    assert await told(world) == []
    await accept(world, JAMAICA, 1, 3)
    assert await told(world) == [("raised", "JM")]
    (alert,) = await world.events("alert.raised")
    assert (alert.data["alert"], alert.data["modem"]) == ("new_country", None)
    assert alert.data["message"].startswith("4 texts to JM were accepted within an hour")
    await world.stop()
    await world.start()
    await accept(world, JAMAICA, 5, 4)
    await accept(world, MOSCOW, 4)
    assert await told(world) == [("raised", "JM"), ("raised", "RU")]
    await world.later(DAY + 2)
    assert sorted((await told(world))[2:]) == [("cleared", "JM"), ("cleared", "RU")]
    await accept(world, JAMAICA, 9, 20)
    assert len(await told(world)) == 4
    await world.stop()


async def test_what_trickles_is_no_burst_and_makes_a_country_known(make_world: MakeWorld) -> None:
    """Three an hour for a day; then as many as one likes."""
    world = make_world(new_country_after=3)
    await world.start()
    for hour in range(25):
        await accept(world, JAMAICA, 3, 10 * hour)
        world.clock.now += HOUR + 61  # a bucket on the edge counts whole
    await accept(world, JAMAICA, 10, 500)
    assert await told(world) == []
    await world.stop()


async def test_home_and_short_codes_are_never_new_and_0_tells_nothing(
    make_world: MakeWorld,
) -> None:
    """The default region is where the bank is."""
    world = make_world(new_country_after=1)
    await world.start()
    await accept(world, "+1202555{:04}", 4)
    await world.stop()
    world = make_world(new_country_after=0)
    await world.start()
    await accept(world, JAMAICA, 4)
    assert await told(world) == []
    await world.stop()


async def test_hosts_of_one_database_count_together_and_tell_once(
    two_hosts: tuple[World, World],
) -> None:
    """Texts taken in on either make the burst."""
    for world in two_hosts:
        world.settings = replace(world.settings, new_country_after=3)
        await world.start()
    here, there = two_hosts
    await accept(here, JAMAICA, 2)
    await accept(there, JAMAICA, 1, 10)
    assert await told(here) == []
    await asyncio.gather(accept(here, JAMAICA, 4, 20), accept(there, JAMAICA, 4, 30))
    assert await told(here) == [("raised", "JM")]
    for world in two_hosts:
        await world.stop()
