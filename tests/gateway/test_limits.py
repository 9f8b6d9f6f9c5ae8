"""What a plan allows is never passed, and what it defers goes as soon as it may."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from modemgw.gateway.caps import Cap
from modemgw.gateway.plans import Plan
from modemgw.gateway.settings import Pool
from modemgw.modem.interface import ModemState, Outcome, SubmitResult
from modemgw.store import tables
from tests.gateway.scripted import Script, ScriptedModem, unknown
from tests.gateway.world import ALICE, ANYBODY, BOB, START, World
from tests.store.operations import Gate

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
LONG = "A long story. " * 25  # three parts


def planned(make_world: MakeWorld, **limits: Any) -> World:
    """A world whose lines are held to one plan."""
    return make_world(plans=MappingProxyType({"default": Plan("default", **limits)}))


async def send_many(world: World, count: int, **options: Any) -> list[str]:
    return [await world.send(f"+1202555{i:04}", f"text {i}", **options) for i in range(count)]


async def sent(world: World, modem: ScriptedModem, count: int) -> None:
    """So many have left, and no more will by themselves."""
    await world.until(lambda: len(modem.written) >= count)
    await asyncio.sleep(0.1)  # long enough for one more, if it could
    assert len(modem.written) == count


async def test_a_line_sends_no_more_in_a_minute_than_it_may(make_world: MakeWorld) -> None:
    """The rest waits in the queue and goes when there is room."""
    world, modem = planned(make_world, per_minute=2), ScriptedModem(1)
    await world.start(modem)
    ids = await send_many(world, 5)
    await sent(world, modem, 2)
    wait = world.gateway.dispatcher.line_wait(world.line(modem))
    assert wait is not None
    assert wait.rule == "per_minute"
    assert world.clock.now < wait.until <= world.clock.now + 65
    assert await world.status(ids[2]) == "queued"
    world.clock.now += 59
    await sent(world, modem, 2)
    world.clock.now = wait.until
    await sent(world, modem, 4)
    world.clock.now += 66
    await sent(world, modem, 5)
    await world.stop()


async def test_a_limit_that_ends_while_it_is_found_out_lets_no_line_sleep(
    make_world: MakeWorld,
) -> None:
    """The claim was asked for before the minute's end and answered behind it."""
    plans = MappingProxyType({"default": Plan("default", per_minute=1)})
    world, modem = make_world(plans=plans, idle_recheck_s=60.0), ScriptedModem(1)
    answer = asyncio.Event()
    first = Script(before_answer=answer)
    modem.plan(first)
    await world.start(modem)
    await world.send(ALICE)
    await first.written.wait()
    second, gate = await world.send(BOB), Gate()
    busy = world.writer.submit(gate)
    await world.until(gate.entered.is_set)
    waiting = world.writer.waiting
    answer.set()
    await world.until(lambda: world.writer.waiting >= waiting + 2)  # its record, and its claim
    world.clock.now += 70
    gate.open()
    await busy
    await world.becomes(second, "sent")
    await world.stop()


async def test_a_day_is_the_plans_own(make_world: MakeWorld) -> None:
    """15:00 UTC is 08:00 in Los Angeles: the next day begins sixteen hours later."""
    zone = ZoneInfo("America/Los_Angeles")
    world, modem = planned(make_world, per_day=1, time_zone=zone), ScriptedModem(1)
    await world.start(modem)
    await send_many(world, 2)
    await sent(world, modem, 1)
    world.clock.now += 16 * HOUR - 1
    await sent(world, modem, 1)
    world.clock.now += 1
    await sent(world, modem, 2)
    await world.stop()


async def test_limits_survive_restarts_and_moves_of_the_sim(make_world: MakeWorld) -> None:
    """They stay with the line: neither a new daemon nor another modem begins anew."""
    limits = {"plans": MappingProxyType({"default": Plan("default", per_day=2)})}
    world, modem = make_world(**limits), ScriptedModem(1)
    await world.start(modem)
    ids = await send_many(world, 4)
    await sent(world, modem, 2)
    await world.kill()
    await world.start()
    other = ScriptedModem(2)
    other.status = modem.status.__class__(
        port=other.status.port,
        state=ModemState.READY,
        imei=other.status.imei,
        iccid=modem.status.iccid,
        number=modem.status.number,
    )
    await world.present(other)
    await sent(world, other, 0)
    assert await world.status(ids[3]) == "queued"
    await world.stop()


async def test_what_is_in_doubt_counts_as_sent(make_world: MakeWorld) -> None:
    """It may have gone."""
    world, modem = planned(make_world, per_hour=2), ScriptedModem(1)
    modem.plan(Script(SubmitResult(Outcome.UNKNOWN, detail="no answer")))
    await world.start(modem)
    doubtful = await world.send(BOB, "doubt")
    await world.becomes(doubtful, "in_doubt")
    await send_many(world, 3)
    await sent(world, modem, 2)
    await world.stop()


async def test_parts_are_counted_and_a_long_text_goes_whole(make_world: MakeWorld) -> None:
    """Three parts do not fit behind two of four; longer than its limit, a text goes alone."""
    world, modem = planned(make_world, per_minute=4), ScriptedModem(1)
    await world.start(modem)
    await send_many(world, 2)
    await world.send(text=LONG)
    await world.send(BOB, "short, and not before it")
    await sent(world, modem, 2)
    world.clock.now += 66
    await sent(world, modem, 6)
    world.clock.now += 66
    await world.send(text=LONG * 2)
    await sent(world, modem, 6 + 5)
    await world.stop()


async def test_only_so_many_different_recipients_a_day(make_world: MakeWorld) -> None:
    """A third has to wait for tomorrow; the two that were written to have not."""
    world, modem = planned(make_world, recipients_per_day=2), ScriptedModem(1)
    await world.start(modem)
    for to in (ALICE, BOB, ALICE):
        await world.becomes(await world.send(to), "sent")
    third = await world.send("+12025550133", "third")
    again = await world.send(BOB, "again", from_=world.line(modem))
    await world.becomes(again, "sent")
    assert await world.status(third) == "queued"
    named = await world.send("+12025550144", "named", from_=world.line(modem))
    await world.until_async(lambda: _parked(world, named, "recipients_per_day"))
    await world.later(9 * HOUR)  # midnight in UTC
    await world.becomes(third, "sent")
    await world.becomes(named, "sent")
    await world.stop()


async def _parked(world: World, message_id: str, reason: str) -> bool:
    row = await world.row(message_id)
    return row.hold_reason == reason and row.ready_at is not None


async def test_a_pool_is_held_to_its_plan_over_all_its_lines(make_world: MakeWorld) -> None:
    """Two lines send three texts between them; other pools are not held up."""
    one, two = ScriptedModem(1), ScriptedModem(2)
    numbers = frozenset({one.status.number or "", two.status.number or ""})
    pool = Pool("sales", numbers, "transactional", plan=Plan("sales", per_hour=3))
    world = make_world(pools=MappingProxyType({"sales": pool}))
    await world.start(one, two)
    await send_many(world, 8, pool="sales")
    await world.until(lambda: len(one.written) + len(two.written) == 3)
    other = await world.send(BOB, "of no pool")
    await world.becomes(other, "sent")
    assert len(one.written) + len(two.written) == 4
    world.clock.now += HOUR + MINUTE
    await world.until(lambda: len(one.written) + len(two.written) == 7)
    await world.stop()


async def test_a_new_line_is_warmed_up(make_world: MakeWorld) -> None:
    """One on its first day, two on its second, then what its plan says."""
    world, modem = planned(make_world, warm_up=(1, 2), per_day=4), ScriptedModem(1)
    world.clock.now -= 15 * HOUR  # midnight: a line is as old as its calendar days
    await world.start(modem)
    await send_many(world, 9, valid_for_s=9 * DAY)
    await sent(world, modem, 1)
    world.clock.now += DAY
    await sent(world, modem, 3)
    world.clock.now += DAY
    await sent(world, modem, 7)
    await world.stop()


async def test_messages_keep_their_gap(make_world: MakeWorld) -> None:
    """Also where nothing is counted; the parts of one text follow each other at once."""
    world, modem = planned(make_world, min_gap_s=30.0, gap_jitter=0.5), ScriptedModem(1)
    await world.start(modem)
    await world.send(text=LONG)
    await world.send(BOB)
    await sent(world, modem, 3)
    world.clock.now += 29
    await sent(world, modem, 3)
    world.clock.now += 17
    await sent(world, modem, 4)
    await world.stop()


async def test_a_restart_keeps_the_gap(make_world: MakeWorld) -> None:
    """It counts from when the last text ended, not from its report, which comes later; from the
    restart on where that text was on the air."""
    world, modem = planned(make_world, min_gap_s=30.0, gap_jitter=0.5), ScriptedModem(1)
    await world.start(modem)
    first = await world.send()
    await world.becomes(first, "sent")
    world.clock.now += 25
    await world.report(modem, 1)
    await world.becomes(first, "delivered")
    await world.stop()
    on_the_air = Script(before_answer=asyncio.Event())
    modem.plan(on_the_air)
    await world.start(modem)
    await world.send(BOB)
    await sent(world, modem, 1)
    wait = world.gateway.dispatcher.line_wait(world.line(modem))
    assert wait is not None
    assert START + 30 <= wait.until <= START + 45
    world.clock.now += 20
    await on_the_air.written.wait()
    await world.kill()
    await world.start(modem)
    await world.until(lambda: world.gateway.dispatcher.line_wait(world.line(modem)) is not None)
    await world.send("+12025550133")
    world.clock.now += 29
    await sent(world, modem, 2)
    world.clock.now += 17
    await sent(world, modem, 3)
    await world.stop()


async def test_a_claim_that_is_given_back_counts_no_more(make_world: MakeWorld) -> None:
    """Paused before it began, a text leaves room for another."""
    world, modem = planned(make_world, per_day=2), ScriptedModem(1)
    gate = asyncio.Event()
    modem.plan(Script(before_obtain=gate))
    await world.start(modem)
    await world.send(BOB, "slow")
    urgent = await world.send(ALICE, "urgent", priority=9)
    gate.set()
    await world.becomes(urgent, "sent")
    await sent(world, modem, 2)
    await world.stop()


async def test_what_is_claimed_and_never_begins_counts_no_more(make_world: MakeWorld) -> None:
    """From the transaction on that ends the claim: not for the line, nor for the person."""
    plan = Plan("default", per_day=3, per_hour=10)
    modem = ScriptedModem(1)
    world = make_world(
        plans=MappingProxyType({"default": plan}), caps=(Cap(per_day=1),), default_valid_for_s=60.0
    )
    await world.start(modem)
    line_id = world.line(modem)
    dispatcher = world.gateway.dispatcher

    async def claimed(to: str) -> tuple[str, asyncio.Event]:
        go = asyncio.Event()
        modem.plan(Script(before_obtain=go))
        text = await world.send(to, LONG)
        await world.until_async(lambda: world.claimed(text))
        assert await counted(world, f"line:{line_id}") == 3
        return text, go

    async def uncounted(text: str) -> None:
        assert await counted(world, "%") == 0
        assert (await world.row(text)).reserved is None

    text, go = await claimed("+12025550141")
    await world.gateway.cancel(text, ANYBODY)
    await uncounted(text)
    go.set()
    await world.until(lambda: modem.withdrawn == 1)
    text, go = await claimed("+12025550142")
    await world.gateway.opt_out("+12025550142", "api", "asked")
    await uncounted(text)
    go.set()
    await world.until(lambda: modem.withdrawn == 2)
    text, go = await claimed(BOB)
    dispatcher.pause([f"line:{line_id}"])
    go.set()
    await world.until_async(lambda: _is_free(world, text))
    await uncounted(text)
    world.clock.now += 61
    await world.later(0)
    assert await world.status(text) == "expired"
    dispatcher.pause([])
    text, _ = await claimed(ALICE)
    await world.kill()
    modem.go(ModemState.RECOVERING)
    await world.start(modem)
    await uncounted(text)
    await world.stop()


async def test_of_a_long_text_the_parts_that_have_begun_stay_counted(
    make_world: MakeWorld,
) -> None:
    """And the text itself, for the person who got a part of it; refused or in doubt is no less."""
    world = make_world(
        plans=MappingProxyType({"default": Plan("default", per_day=9)}), caps=(Cap(per_day=1),)
    )
    modem = ScriptedModem(1)
    modem.plan(Script(), unknown())
    await world.start(modem)
    text = await world.send(text=LONG)
    await world.becomes(text, "in_doubt")
    assert await counted(world, f"line:{world.line(modem)}") == 2
    assert await counted(world, f"to:{ALICE}|%") == 1
    whole = await world.send(BOB, text=LONG)
    await world.becomes(whole, "sent")
    assert await counted(world, f"line:{world.line(modem)}") == 5
    assert (await world.row(whole)).reserved is None
    await world.stop()


async def counted(world: World, scope: str) -> int:
    """The parts, or texts, that are counted today."""
    found = select(func.sum(tables.usage.c.parts)).where(
        tables.usage.c.scope.like(scope), tables.usage.c.span.in_(("day", "text"))
    )
    return int(await world.reader.run(lambda c: c.execute(found).scalar_one()) or 0)


async def _is_free(world: World, message_id: str) -> bool:
    return (await world.row(message_id)).claimed_by is None


async def test_pools_share_a_line_however_long_their_backlogs_are(make_world: MakeWorld) -> None:
    """A pool that comes late has its turn from then on, not after the other's backlog."""
    modem = ScriptedModem(1)
    number = frozenset({modem.status.number or ""})
    pools = {name: Pool(name, number, "transactional") for name in ("big", "small")}
    world = make_world(pools=MappingProxyType(pools))
    await world.start()
    await send_many(world, 20, pool="big")
    small = [await world.send(BOB, f"small {i}", pool="small") for i in range(5)]
    await world.present(modem)
    await world.becomes(small[-1], "sent")
    place = modem.texts.index("small 4")
    assert place <= 10
    await world.until(lambda: len(modem.written) == 25)
    await world.stop()


async def test_a_paused_pool_line_or_bank_sends_nothing(make_world: MakeWorld) -> None:
    """And all of it goes on when the pause is over."""
    modem = ScriptedModem(1)
    pools = {"sales": Pool("sales", frozenset({modem.status.number or ""}), "transactional")}
    world = make_world(pools=MappingProxyType(pools))
    await world.start(modem)
    line = f"line:{world.line(modem)}"
    for before, scope in enumerate(("pool:sales", line, "all")):
        world.gateway.dispatcher.pause([scope])
        await world.send(BOB, scope, pool="sales")
        await sent(world, modem, before)
        world.gateway.dispatcher.pause([])
        await sent(world, modem, before + 1)
    await world.stop()
