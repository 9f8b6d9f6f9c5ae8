"""Conversations count what nobody has read, once for each text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.store import conversations
from tests.gateway.world import ALICE

if TYPE_CHECKING:
    from tests.gateway.scripted import ScriptedModem
    from tests.gateway.world import World

LONG = "The quick brown fox jumps. " * 14  # three parts


async def unread(world: World) -> list[int]:
    """How many texts nobody has read, of each conversation."""
    rows = await world.reader.run(
        lambda c: conversations.find(c, conversations.Filter(), before=None, limit=10)
    )
    return [row.unread for row in rows]


async def test_a_text_that_comes_in_is_unread_and_names_its_conversation(
    world: World, modem: ScriptedModem
) -> None:
    """Also when it is a STOP; a second copy of it is none."""
    await world.write(modem, "Hello")
    (octets,) = world.deliver("STOP")
    for _ in range(2):
        await world.arrive(modem, octets)
    assert await unread(world) == [2]
    told = await world.events("message.received")
    (conversation,) = {event.data["conversation"] for event in told}
    row = await world.reader.run(lambda c: conversations.get(c, conversation))
    assert row is not None
    assert (row.number, row.last_inbound_at) == (ALICE, world.clock.now)


async def test_a_text_that_is_completed_later_is_one_unread_text(
    world: World, modem: ScriptedModem
) -> None:
    """It was given out when its parts stayed away."""
    first, second, third = world.deliver(LONG, ref=3)
    for octets in (first, third):
        await world.arrive(modem, octets)
    await world.later(301)
    await world.later(101)
    assert await unread(world) == [1]
    await world.arrive(modem, second)
    assert await unread(world) == [1]
