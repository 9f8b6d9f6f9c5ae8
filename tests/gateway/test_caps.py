"""Nobody gets more texts in a day and a week than the caps say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import select

from modemgw.gateway.caps import Cap
from modemgw.store import tables, usage
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import ALICE, ANYBODY, BOB, World

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld

HOUR, DAY = 3_600.0, 86_400.0
LONG = "A long story. " * 25  # three parts
PATIENT = 60 * DAY


async def waits(world: World, message_id: str, rule: str) -> bool:
    """Whether a text is put off by this rule."""
    row = await world.row(message_id)
    return bool(row.hold_reason == rule and row.lane is None)


async def given_back(world: World, message_id: str) -> bool:
    """Whether a text that was claimed waits in its lane again."""
    row = await world.row(message_id)
    return row.claimed_by is None and row.lane is not None


async def test_a_person_gets_so_many_texts_a_day_and_the_rest_later(make_world: MakeWorld) -> None:
    """A long text is one; others are not concerned; after a day there is room again."""
    world, modem = make_world(caps=(Cap(per_day=2),)), ScriptedModem(1)
    await world.start(modem)
    for text in (LONG, "two"):
        await world.becomes(await world.send(ALICE, text), "sent")
    third = await world.send(ALICE, "three", valid_for_s=PATIENT)
    await world.until_async(lambda: waits(world, third, "cap_per_day"))
    await world.becomes(await world.send(BOB), "sent")
    world.clock.now += DAY - 1
    await world.later(0)
    assert await waits(world, third, "cap_per_day")
    await world.later(301)
    await world.becomes(third, "sent")
    await world.stop()


async def test_a_week_is_any_seven_days(make_world: MakeWorld) -> None:
    """What the day allows the week may not, until the first of them is seven days old."""
    world, modem = make_world(caps=(Cap(per_day=1, per_week=2),)), ScriptedModem(1)
    await world.start(modem)
    for _ in range(2):
        await world.becomes(await world.send(ALICE), "sent")
        world.clock.now += DAY + 300
    third = await world.send(ALICE, "three", valid_for_s=PATIENT)
    await world.until_async(lambda: waits(world, third, "cap_per_week"))
    await world.later(5 * DAY)
    await world.becomes(third, "sent")
    await world.stop()


async def test_caps_are_of_kinds_and_pools(make_world: MakeWorld) -> None:
    """An offer too many holds no appointment back; the pool's cap counts the pool's texts."""
    caps = (Cap(kind="marketing", per_day=1), Cap(pool="sales", per_day=1))
    world, modem = make_world(caps=caps), ScriptedModem(1)
    modem.status = modem.status.__class__(
        port=modem.status.port,
        state=modem.status.state,
        imei=modem.status.imei,
        iccid=modem.status.iccid,
        number="+12025550192",  # of the pool "sales"
    )
    await world.start(modem)
    await world.becomes(await world.send(ALICE, kind="marketing"), "sent")
    offer = await world.send(ALICE, kind="marketing")
    await world.until_async(lambda: waits(world, offer, "cap_per_day"))
    for options in ({"kind": "transactional"}, {"kind": "transactional", "pool": "sales"}):
        await world.becomes(await world.send(ALICE, **options), "sent")
    of_pool = await world.send(ALICE, kind="transactional", pool="sales")
    await world.until_async(lambda: waits(world, of_pool, "cap_per_day"))
    await world.stop()


async def test_a_reply_is_neither_counted_nor_held_back(make_world: MakeWorld) -> None:
    """Who writes is answered, however often; and may still be reminded of his appointment."""
    world, modem = make_world(caps=(Cap(per_day=1),)), ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, "Hello?")
    for _ in range(3):
        await world.becomes(await world.send(ALICE, kind="conversational"), "sent")
    await world.becomes(await world.send(ALICE, kind="transactional"), "sent")
    second = await world.send(ALICE, kind="transactional")
    await world.until_async(lambda: waits(world, second, "cap_per_day"))
    await world.write(modem, "STOP")  # its answer has a permit
    await world.until(lambda: len(modem.written) == 5)
    await world.stop()


async def test_caps_survive_restarts_and_count_what_was_refused_once(
    make_world: MakeWorld,
) -> None:
    """Neither a crash nor a new attempt of the same text makes or takes room."""
    caps = (Cap(per_day=1),)
    world, modem = make_world(caps=caps), ScriptedModem(1)
    await world.start(modem)
    await world.becomes(await world.send(ALICE, LONG), "sent")
    await world.kill()
    await world.start(ScriptedModem(1))
    second = await world.send(ALICE)
    await world.until_async(lambda: waits(world, second, "cap_per_day"))
    counted = await world.reader.run(
        lambda c: (
            c.execute(select(tables.usage.c.parts).where(tables.usage.c.span == usage.TEXTS))
            .scalars()
            .all()
        )
    )
    assert counted == [1]
    await world.stop()


async def test_a_claim_that_is_given_back_takes_no_room(make_world: MakeWorld) -> None:
    """What a line had taken and not begun when all was paused goes when that is over."""
    world, modem = make_world(caps=(Cap(per_day=1),)), ScriptedModem(1)
    answer = asyncio.Event()
    modem.plan(Script(before_answer=answer))
    await world.start()
    await world.send(BOB)
    ahead = await world.send(ALICE)
    await world.present(modem)
    await world.until_async(lambda: world.claimed(ahead))
    await world.gateway.desk.pause_all(ANYBODY, "a look at the cables")
    await world.until_async(lambda: given_back(world, ahead))
    answer.set()
    await world.gateway.desk.resume_all(ANYBODY)
    await world.becomes(ahead, "sent")
    await world.stop()


async def test_hosts_that_send_at_once_send_no_more_than_the_cap(make_world: MakeWorld) -> None:
    """Two of them with two lines each, and sixty texts to one person: three go."""
    caps = (Cap(per_day=3),)
    worlds = [make_world(caps=caps, host=host) for host in ("here", "there")]
    modems = [ScriptedModem(number) for number in range(1, 5)]
    await worlds[0].start()
    for n in range(60):
        await worlds[0].send(ALICE, f"text {n}")
    await worlds[1].start()
    await asyncio.gather(
        *(worlds[i // 2].present(modem) for i, modem in enumerate(modems)),
    )
    await worlds[0].until(lambda: sum(len(modem.written) for modem in modems) == 3)
    await asyncio.sleep(0.5)  # long enough for one more, if it could
    assert sum(len(modem.written) for modem in modems) == 3
    for world in worlds:
        await world.stop()
