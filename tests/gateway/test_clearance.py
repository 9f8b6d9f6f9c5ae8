"""The right of a part to begin: what becomes of one that came too late."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from tests.gateway.scripted import Script

if TYPE_CHECKING:
    from modemgw.store.transaction import Transaction
    from tests.gateway.scripted import ScriptedModem
    from tests.gateway.world import World


async def test_a_part_whose_clearance_was_given_up_is_withdrawn_and_goes_later(
    world: World, modem: ScriptedModem
) -> None:
    """What it asked for is still written, in front of the withdrawal: behind that the part is
    `queued`, not `submitting`, and is sent once.
    """
    prompt, again = asyncio.Event(), asyncio.Event()
    given_up = Script(before_obtain=prompt, obtain_within_s=0.05)
    modem.plan(given_up, Script(before_obtain=again))
    message_id = await world.send()
    await world.until_async(lambda: world.claimed(message_id))

    go, is_stuck = threading.Semaphore(0), threading.Event()

    def gate(_tx: Transaction) -> bool:
        is_stuck.set()
        return go.acquire(timeout=5)

    stuck = world.writer.submit(gate)
    await world.until(is_stuck.is_set)
    prompt.set()
    await given_up.cleared.wait()
    go.release()
    await stuck
    world.clock.now += 5
    promoting = asyncio.create_task(world.gateway._upkeep._promote())
    await world.until(lambda: not modem.script)  # it is handed to the modem once more
    await promoting
    await world.writer.run(lambda _tx: None)
    assert await world.parts(message_id) == ["queued"]
    again.set()
    await world.becomes(message_id, "sent")
    assert modem.texts == ["Hello"]
