"""The right of a part to begin: what becomes of one that came too late."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from modemgw.store.writer import APART_AT_LEAST
from tests.gateway.scripted import Script

if TYPE_CHECKING:
    from modemgw.store.transaction import Transaction
    from tests.gateway.scripted import ScriptedModem
    from tests.gateway.world import World

STEPS = 4


async def test_a_clearance_that_was_given_up_begins_nothing_behind_its_withdrawal(
    world: World, modem: ScriptedModem
) -> None:
    """It waits in the writer's queue, while the part is withdrawn and claimed anew.

    Else the part would be `submitting`, and nobody would send it.
    """
    prompt, again = asyncio.Event(), asyncio.Event()
    given_up = Script(before_obtain=prompt, obtain_within_s=0.05)
    modem.plan(given_up, Script(before_obtain=again))
    message_id = await world.send()
    await world.until_async(lambda: world.claimed(message_id))

    go, is_stuck = threading.Semaphore(0), threading.Event()

    def gate(tx: Transaction) -> bool:
        tx.takes_long()  # the loop must not wait here
        is_stuck.set()
        return go.acquire(timeout=5)

    stuck = world.writer.submit(gate)
    await world.until(is_stuck.is_set)
    # Few of them go into each group, so that some groups pass before what is queued behind them.
    many = APART_AT_LEAST * STEPS
    gates = [future for _ in range(many) for future in world.writer.submit_apart(gate)]
    prompt.set()
    await given_up.cleared.wait()
    go.release()
    await stuck
    world.clock.now += 5
    promoting = asyncio.create_task(world.gateway._upkeep._promote())
    left = iter(gates)
    while modem.script:  # until the message is claimed and handed to the modem once more
        go.release(APART_AT_LEAST)
        await asyncio.gather(*(next(left) for _ in range(APART_AT_LEAST)))
    assert next(left, None) is not None, "the clearance may have been asked for before"
    go.release(len(gates))
    await asyncio.gather(promoting, *gates)
    await world.writer.run(lambda _tx: None)
    assert await world.parts(message_id) == ["queued"]
    again.set()
    await world.becomes(message_id, "sent")
    assert modem.texts == ["Hello"]
