"""What counting costs is not paid for every request."""

from __future__ import annotations

import asyncio

from modemgw.gateway import depths
from tests.gateway.world import BOB, World


async def test_few_are_counted_anew_and_many_are_kept(world: World) -> None:
    """As long as it is good for; whoever asks meanwhile waits for the same count."""
    await world.send()
    found = world.gateway.depths
    assert (await found.look()).waiting == 1
    assert depths.good_for_s(depths.FEW) == 0
    assert depths.good_for_s(1_000_000) == 20
    found._good_until = float("inf")
    await world.send(BOB)
    first, second = await asyncio.gather(found.look(), found.look())
    assert (first.waiting, second is first) == (1, True)
    found._good_until = 0.0
    assert (await found.look()).waiting == 2
