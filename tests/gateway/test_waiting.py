"""Nothing waits for what is over or will never come, and nobody for what concerns another."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from modemgw.gateway import claims
from modemgw.gateway.caps import Cap
from modemgw.gateway.dispatch import LANES_LIMIT
from modemgw.gateway.lanes import lane_of
from modemgw.gateway.plans import Plan
from modemgw.gateway.requests import Caller, SendRequest
from modemgw.gateway.roster import Line
from modemgw.gateway.settings import Pool
from modemgw.gateway.turns import Turns
from modemgw.store import queue, tables
from modemgw.store.keys import KINDS
from tests.gateway.scripted import Script, ScriptedModem, refused
from tests.gateway.world import ALICE, ANYBODY, BOB, World
from tests.store.operations import write_text

if TYPE_CHECKING:
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.transaction import Transaction
    from tests.gateway.conftest import MakeWorld

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())
HOUR, DAY = 3_600.0, 86_400.0
LONG = "A long story. " * 25  # three parts
TAGGED = MappingProxyType({"sales": Pool("sales", frozenset(), tags=frozenset({"sales"}))})


async def tag(world: World, modem: ScriptedModem, *tags: str) -> str:
    """Give a line these tags alone; the line."""
    line = world.line(modem)
    await world.gateway.desk.change(line, BOSS, {"tags": list(tags)})
    return line


async def test_nobody_waits_for_a_line_that_has_left_the_pool(make_world: MakeWorld) -> None:
    """What stuck to it goes on another line of the pool, as it is there and will not take it."""
    world, one, two = make_world(pools=TAGGED), ScriptedModem(1), ScriptedModem(2)
    await world.start(one)
    line = await tag(world, one, "sales")
    await world.becomes(await world.send(ALICE, "hello", pool="sales"), "sent")
    await world.gateway.desk.pause_line(line, BOSS, "a moment")
    waiting = await world.send(ALICE, "and again", pool="sales")
    await tag(world, one)
    await world.gateway.desk.resume_line(line, BOSS)
    await world.present(two)
    await tag(world, two, "sales")
    await world.later(0)
    await world.becomes(waiting, "sent")
    assert (one.texts, two.texts) == (["hello"], ["and again"])
    await world.stop()


async def test_a_line_sends_what_names_it_though_it_has_left_the_pool(
    make_world: MakeWorld,
) -> None:
    """`from` is binding, also for a text that was accepted while the line was in the pool."""
    world, modem = make_world(pools=TAGGED), ScriptedModem(1)
    await world.start(modem)
    line = await tag(world, modem, "sales")
    await world.gateway.desk.pause_line(line, BOSS, "a moment")
    named = await world.send(ALICE, "named", pool="sales", from_=line)
    await tag(world, modem)
    await world.gateway.desk.resume_line(line, BOSS)
    await world.becomes(named, "sent")
    await world.stop()


@pytest.mark.parametrize("of_pool", [False, True])
async def test_a_reply_that_has_room_does_not_wait_for_a_long_text_that_has_none(
    make_world: MakeWorld, of_pool: bool
) -> None:
    """Three parts wait for tomorrow, as only two are left today: a more urgent one still goes."""
    modem = ScriptedModem(1)
    plan, pools = Plan("default", per_day=4), frozenset({modem.status.number or ""})
    pool = Pool("sales", pools, plan=plan if of_pool else None)
    plans = {} if of_pool else {"default": plan}
    world = make_world(plans=MappingProxyType(plans), pools=MappingProxyType({"sales": pool}))
    await world.start(modem)
    for text in ("one", "two"):
        await world.becomes(await world.send(BOB, text, pool="sales"), "sent")
    long = await world.send(BOB, LONG, pool="sales", priority=2)
    dispatcher, line = world.gateway.dispatcher, world.line(modem)
    await world.until(
        lambda: (dispatcher.pool_wait("sales") or dispatcher.line_wait(line)) is not None
    )
    reply = await world.send(ALICE, "reply", pool="sales", priority=8)
    await world.becomes(reply, "sent")
    as_calm = await world.send(ALICE, "not before it", pool="sales", priority=2)
    assert await world.status(long) == "queued"
    assert await world.status(as_calm) == "queued"
    await world.later(9 * HOUR)  # midnight in UTC
    await world.becomes(as_calm, "sent")
    assert modem.texts[2] == "reply"
    assert modem.texts[-1] == "not before it"
    await world.stop()


async def test_a_gap_lasts_no_longer_because_the_clock_is_put_back(make_world: MakeWorld) -> None:
    """It is counted in seconds that pass; limits hold for what was sent, not until a lost hour."""
    plan = Plan("default", min_gap_s=0.3, per_minute=2)
    world, modem = make_world(plans=MappingProxyType({"default": plan})), ScriptedModem(1)
    await world.start(modem)
    first = await world.send(ALICE, "first")
    await world.becomes(first, "sent")
    world.clock.now -= DAY
    second, third = await world.send(BOB, "second"), await world.send(ALICE, "third")
    await world.becomes(second, "sent")
    assert await world.status(third) == "queued"  # two in a minute, whatever the clock says
    world.clock.now += 66
    await world.becomes(third, "sent")
    await world.stop()


async def test_what_a_line_was_refused_for_itself_does_not_stick_to_it(
    make_world: MakeWorld,
) -> None:
    """The operator bars the SIM: the text goes on another line, though the two had spoken."""
    world, one, two = make_world(line_rest_s=0.05), ScriptedModem(1), ScriptedModem(2)
    await world.start(one)
    await world.becomes(await world.send(ALICE, "hello"), "sent")
    one.plan(*(refused(8) for _ in range(6)))
    text = await world.send(ALICE, "barred")
    await world.until_async(lambda: world.attempted(text, 1))
    await world.present(two)
    await world.later(5)
    await world.becomes(text, "sent")
    assert (one.texts[1:].count("barred"), two.texts) == (1, ["barred"])
    await world.stop()


async def test_what_a_pool_counts_is_not_claimed_ahead(make_world: MakeWorld) -> None:
    """Counted in this minute and sent in the next, it would be one too many there."""
    modem, answer, script = ScriptedModem(1), asyncio.Event(), Script()
    script.before_answer = answer
    modem.plan(script)
    lines, plan = frozenset({modem.status.number or ""}), Plan("sales", per_minute=5)
    world = make_world(pools=MappingProxyType({"sales": Pool("sales", lines, plan=plan)}))
    await world.start(modem)
    await world.send(ALICE, "first", pool="sales")
    await script.written.wait()
    second = await world.send(BOB, "second", pool="sales")
    await asyncio.sleep(0.2)  # long enough for a claim, if there were one
    assert not await world.claimed(second)
    answer.set()
    await world.becomes(second, "sent")
    await world.stop()


async def test_the_most_urgent_lane_is_seen_among_however_many(make_world: MakeWorld) -> None:
    """A key for each agent makes more lanes than a claim looks at: a reply is next all the same."""
    modem, answer, script = ScriptedModem(1), asyncio.Event(), Script()
    script.before_answer = answer
    modem.plan(script)
    world = make_world()
    await world.start(modem)
    await world.send(BOB, "on the air")
    await script.written.wait()
    for agent in range(LANES_LIMIT * 2):
        caller = Caller(f"key_{agent:032}", frozenset({"send"}), frozenset(KINDS))
        request = SendRequest(to=f"+1202555{agent:04}", text=f"of {agent}", kind="transactional")
        await world.gateway.send([request], caller)
    reply = await world.send(ALICE, "reply", kind="conversational")
    answer.set()
    await world.becomes(reply, "sent")
    assert modem.texts[1] == "reply"
    await world.until(lambda: len(modem.written) == LANES_LIMIT * 2 + 2)
    await world.stop()


async def test_two_hosts_do_not_wait_for_each_other_over_the_limits_of_pools(
    postgres_url: str,
) -> None:
    """Claims of several pools share a transaction, on each host in another order."""
    worlds, modems = [], [ScriptedModem(1), ScriptedModem(2)]
    numbers = frozenset(modem.status.number or "" for modem in modems)
    names = ("one", "two")
    plan = Plan("all", per_day=1_000)
    pools = MappingProxyType({name: Pool(name, numbers, plan=plan) for name in names})
    for host, modem in zip(("here", "there"), modems, strict=True):
        worlds.append(World(postgres_url, host=host, pools=pools))
        await worlds[-1].start(modem)
    here, there = worlds
    for world in worlds:
        await world.gateway.desk.pause_all(BOSS, "the test claims itself")
    for i in range(4):
        await here.send(f"+1202555{i:04}", pool=names[i % 2])
    met, runs = threading.Barrier(2), list[tuple[str, ...]]()

    def claim(world: World, modem: ScriptedModem, order: tuple[str, ...], tx: Transaction) -> int:
        runs.append(order)  # what the server ends for a deadlock is run again
        line = world.gateway.roster.line_of(modem)
        assert line is not None
        now, claimed = world.clock(), 0
        for name in order:
            lane = lane_of(None, name, ANYBODY.key_id, kind="transactional")
            claimed += claims.claim(tx, [lane], line, Turns(), world.settings, now).job is not None
            with contextlib.suppress(threading.BrokenBarrierError):
                met.wait(0.5)
        return claimed

    found = await asyncio.gather(
        here.writer.run(lambda tx: claim(here, modems[0], names, tx)),
        there.writer.run(lambda tx: claim(there, modems[1], names[::-1], tx)),
    )
    assert (list(found), sorted(runs)) == ([2, 2], [names, names[::-1]])
    for world in worlds:
        await world.stop()


async def test_a_claim_reads_the_parts_of_a_long_text_once(make_plain_world: MakeWorld) -> None:
    """However many count them: the line's plan, the pool's, and how much its recipient may get."""
    modem, plan = ScriptedModem(1), Plan("all", per_day=1_000)
    pools = {"sales": Pool("sales", frozenset({modem.status.number or ""}), plan=plan)}
    world = make_plain_world(
        pools=MappingProxyType(pools),
        plans=MappingProxyType({"default": plan}),
        caps=(Cap(per_day=9),),
    )
    await world.start(modem)
    await world.gateway.desk.pause_all(BOSS, "the test claims itself")
    await world.send(ALICE, LONG, pool="sales")
    line = world.gateway.roster.line_of(modem)
    assert line is not None
    assert not line.plan.is_empty
    lane, said = lane_of(None, "sales", ANYBODY.key_id, kind="transactional"), list[str]()

    def claim(tx: Transaction) -> tuple[int, ...]:
        driver = tx.connection.connection.driver_connection
        assert driver is not None
        driver.set_trace_callback(said.append)
        now = world.clock()
        job = claims.claim(tx, [lane], line, Turns(), world.settings, now).job
        driver.set_trace_callback(None)
        assert job is not None
        return job.todo

    assert await world.writer.run(claim) == (1, 2, 3)
    assert len([words for words in said if words.startswith("SELECT parts.")]) == 1
    await world.stop()


async def test_a_glance_looks_at_few_that_may_not_go_and_says_that_there_is_more(
    make_plain_world: MakeWorld,
) -> None:
    """The loop has no time for many that ended meanwhile; the second look has."""
    world, modem = make_plain_world(), ScriptedModem(1)
    await world.start(modem)
    await world.gateway.desk.pause_all(BOSS, "the test claims itself")
    many, now = claims.FEW * 3, world.clock()
    pools = [f"p{i}" for i in range(many)]
    lanes = [f"*|{pool}||" for pool in pools]

    def write(tx: Transaction) -> None:
        for pool, lane in zip(pools, lanes, strict=True):
            where = {"pool": pool, "lane": lane, "home_lane": lane}
            write_text(tx.connection, **where, expires_at=now - 1)
        write_text(tx.connection, **where, text="behind them")

    await world.writer.run(write)
    line = world.gateway.roster.line_of(modem)
    assert line is not None

    def claim(tx: Transaction, *, at_a_glance: bool) -> claims.Claimed:
        settings = world.settings
        return claims.claim(tx, lanes, line, Turns(), settings, now, at_a_glance=at_a_glance)

    glance = await world.writer.run(partial(claim, at_a_glance=True))
    ended = select(func.count()).where(tables.messages.c.status == "expired")
    expired = await world.reader.run(lambda c: c.execute(ended).scalar_one())
    assert (glance.job, glance.more, expired) == (None, True, claims.FEW)
    look = await world.writer.run(partial(claim, at_a_glance=False))
    assert look.job is not None
    assert look.job.text == "behind them"
    await world.stop()


@pytest.mark.parametrize("seed", range(4))
async def test_lines_that_share_a_backlog_take_the_most_urgent_and_share_it_justly(
    make_world: MakeWorld, seed: int
) -> None:
    """Of pools and keys that have texts as urgent, none is more than a text ahead on a line."""
    chance = random.Random(seed)
    names = ("one", "two", "three")
    pools = {name: Pool(name, frozenset(), "transactional") for name in names}
    world = make_world(pools=MappingProxyType(pools))
    await world.start()
    left: dict[tuple[int, str, str], int] = {}  # by priority, pool and key
    for i in range(90):
        pool, key = chance.choice(names), f"key_{chance.randrange(2):032}"
        priority = chance.choice((2, 5, 8))
        request = SendRequest(to=f"+1202555{i:04}", text="x", pool=pool, priority=priority)
        await world.gateway.send([request], Caller(key, frozenset({"send"}), frozenset(KINDS)))
        left[priority, pool, key[-8:]] = left.get((priority, pool, key[-8:]), 0) + 1
    lanes = [lane for lane, _ in await world.reader.run(queue.lanes)]
    lines = [Line(f"lin_{i}", f"890{i}", None, "US", names) for i in range(2)]
    turns = {line.id: Turns() for line in lines}
    while left:
        line = chance.choice(lines)
        took = await world.writer.run(
            partial(_claim, lanes, line, turns[line.id], world.settings, world.clock())
        )
        flow, top = took.flow, max(priority for priority, *_ in left)
        waiting = {(pool, key) for priority, pool, key in left if priority == top}
        assert (took.priority, flow in waiting) == (top, True)
        standing = turns[line.id].standing
        assert standing(flow) == min(map(standing, waiting))
        turns[line.id] = turns[line.id].charged(flow, 1)
        left[top, *flow] -= 1
        left = {which: count for which, count in left.items() if count}
    await world.stop()


def _claim(
    lanes: list[str],
    line: Line,
    turns: Turns,
    settings: GatewaySettings,
    now: float,
    tx: Transaction,
) -> claims.Job:
    job = claims.claim(tx, lanes, line, turns, settings, now).job
    assert job is not None
    return job


async def test_what_was_sent_tomorrow_counts_today_and_no_longer(make_world: MakeWorld) -> None:
    """By a clock that was a day ahead, and was put right while the daemon was down."""
    plan = Plan("default", per_day=1)
    world, modem = make_world(plans=MappingProxyType({"default": plan})), ScriptedModem(1)
    world.clock.now += DAY
    await world.start(modem)
    await world.becomes(await world.send(ALICE, "first"), "sent")
    await world.stop()
    world.clock.now -= DAY
    await world.start(modem)
    second = await world.send(BOB, "second", valid_for_s=3 * DAY)
    line = world.line(modem)
    await world.until(lambda: world.gateway.dispatcher.line_wait(line) is not None)
    assert await world.status(second) == "queued"
    await world.later(9 * HOUR)  # midnight in UTC
    await world.becomes(second, "sent")
    await world.stop()
