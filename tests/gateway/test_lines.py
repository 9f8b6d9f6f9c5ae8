"""What people and the guard decide of lines holds at once, everywhere, and through restarts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.gateway.inventory import PATIENCE_S
from modemgw.gateway.plans import Plan
from modemgw.gateway.requests import Caller, RefusalError
from modemgw.gateway.settings import Pool
from modemgw.gateway.silence import RECENT_S, SOON_S
from modemgw.modem.interface import ModemState
from modemgw.store.ledger import every_entry
from tests.gateway.scripted import Script, ScriptedModem, refused
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.gateway.conftest import MakeWorld

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())
LONG = "A long story. " * 25  # three parts


async def states(world: World) -> list[tuple[str, str]]:
    """The lines and states of the events so far."""
    return [(event.data["id"], event.data["state"]) for event in await world.events("line.state")]


async def alerts(world: World) -> list[tuple[str, str]]:
    """The alerts that were raised and cleared."""
    found = []
    for kind in ("alert.raised", "alert.cleared"):
        found += [(kind, event.data["alert"]) for event in await world.events(kind)]
    return found


async def audited(world: World) -> list[tuple[str, Any]]:
    """What was done, and with which key, oldest first."""
    rows = await world.reader.run(every_entry)
    return [(row["action"], row["detail"].get("key")) for row in rows]


async def settled(modem: ScriptedModem, count: int) -> None:
    """So many have left, and no more will by themselves."""
    async with asyncio.timeout(10):
        while len(modem.written) < count:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.1)  # long enough for one more, if it could
    assert len(modem.written) == count


# -- pause and resume -----------------------------------------------------------------------------


async def test_a_pause_outlives_the_daemon(make_world: MakeWorld) -> None:
    """Paused, restarted, resumed: it sends only then, and the audit knows who did it."""
    world, modem = make_world(), ScriptedModem(1)
    await world.start(modem)
    line = world.line(modem)
    view = await world.gateway.desk.pause_line(line, BOSS, "no credit")
    assert (view["state"], view["reason"]) == ("paused", "no credit")
    message = await world.send(from_=line)
    await world.stop()
    await world.start(modem)
    await settled(modem, 0)
    await world.gateway.desk.pause_line(line, BOSS, "said twice")
    assert (await world.gateway.desk.resume_line(line, BOSS))["state"] == "active"
    await world.becomes(message, "sent")
    assert await states(world) == [(line, "paused"), (line, "active")]
    assert await audited(world) == [("paused", "key_boss"), ("resumed", "key_boss")]
    await world.stop()


async def test_another_host_learns_of_a_pause(postgres_url: str) -> None:
    """Within seconds, as of an opt-out; of the end of it, too."""
    here, there = World(postgres_url), World(postgres_url, host="there")
    modem = ScriptedModem(1)
    await here.start()
    await there.start(modem)
    await here.gateway.desk.pause_all(BOSS, "fire drill")
    await there.until(lambda: there.gateway.desk.paused == "fire drill")
    message = await there.send()
    await settled(modem, 0)
    await here.gateway.desk.resume_all(BOSS)
    await there.becomes(message, "sent")
    line = there.line(modem)
    assert await states(there) == [(line, "paused"), (line, "active")]
    await here.stop()
    await there.stop()


async def test_what_is_claimed_ahead_is_given_back_and_what_has_begun_goes_on(
    world: World, modem: ScriptedModem
) -> None:
    """The other parts of a text that is on the air follow; the text behind it does not."""
    answer = asyncio.Event()
    begun = [Script(), Script(), Script(before_answer=answer)]
    modem.plan(*begun)
    long, behind = await world.send(BOB, LONG), await world.send(ALICE, "behind")
    await begun[2].written.wait()
    await world.until_async(lambda: world.claimed(behind))
    await world.gateway.desk.pause_line(world.line(modem), BOSS, "why not")

    async def given_back() -> bool:
        row = await world.row(behind)
        return row.claimed_by is None and row.lane is not None

    await world.until_async(given_back)
    answer.set()
    await world.becomes(long, "sent")
    await settled(modem, 3)
    await world.gateway.desk.resume_line(world.line(modem), BOSS)
    await world.becomes(behind, "sent")


async def test_parts_that_follow_are_not_held_by_a_pause(
    world: World, modem: ScriptedModem
) -> None:
    """Paused while the first is on the air: handsets join parts of one line."""
    answer, first = asyncio.Event(), Script()
    first.before_answer = answer
    modem.plan(first)
    long = await world.send(BOB, LONG)
    await first.written.wait()
    await world.gateway.desk.pause_line(world.line(modem), BOSS, "why not")
    answer.set()
    await world.becomes(long, "sent")


async def test_a_pause_holds_what_is_claimed_and_not_begun(
    world: World, modem: ScriptedModem
) -> None:
    """Even when the modem has its prompt."""
    prompt, script = asyncio.Event(), Script()
    script.before_verdict = prompt
    modem.plan(script)
    message = await world.send()
    await script.cleared.wait()
    await world.gateway.desk.pause_all(BOSS, "stop the presses")
    prompt.set()
    await world.until_async(lambda: _waits(world, message))
    assert not modem.written
    await world.gateway.desk.resume_all(BOSS)
    world.clock.now += 2
    await world.becomes(message, "sent")


async def _waits(world: World, message_id: str) -> bool:
    return await world.status(message_id) == "queued"


async def test_the_default_pool_tells_what_waits_of_no_pool(make_plain_world: MakeWorld) -> None:
    """With its kind and its plan; all lines are its own."""
    plan = Plan("spare", per_day=1)
    world = make_plain_world(default_pool=Pool("", frozenset(), "conversational", plan=plan))
    modems = ScriptedModem(1), ScriptedModem(2)
    await world.start(*modems)
    await world.becomes(await world.send(), "sent")
    await world.send(BOB)

    async def told() -> bool:
        first = (await world.gateway.desk.pools())[0]
        return bool(first["waiting_for"] == "per_day" and first["waiting"] == 1)

    await world.until_async(told)
    first = (await world.gateway.desk.pools())[0]
    assert (first["name"], first["kind"], first["plan"]) == (None, "conversational", "spare")
    assert set(first["lines"]) == {world.line(modem) for modem in modems}
    assert [(u["limit"], u["used"], u["most"]) for u in first["usage"]] == [("per_day", 1, 1)]
    await world.stop()


async def test_the_default_pool_is_paused_by_itself(make_world: MakeWorld) -> None:
    """What names a pool goes on."""
    modem = ScriptedModem(1)
    numbers = frozenset({modem.status.number or ""})
    world = make_world(pools=MappingProxyType({"a": Pool("a", numbers, "transactional")}))
    await world.start(modem)
    desk = world.gateway.desk
    view = await desk.pause_pool("", BOSS, "wrong list")
    assert (view["name"], view["paused"], view["waiting_for"]) == (
        None,
        "wrong list",
        "pool_paused",
    )
    held, other = await world.send(), await world.send(BOB, pool="a")
    await world.becomes(other, "sent")
    assert await world.status(held) == "queued"
    assert [pool["waiting_for"] for pool in await desk.pools()] == ["pool_paused", None]
    assert (await desk.resume_pool("", BOSS))["paused"] is None
    await world.becomes(held, "sent")
    await world.stop()


async def test_a_paused_pool_says_so(make_world: MakeWorld) -> None:
    """In the pool's view and at its messages; other pools go on."""
    modem = ScriptedModem(1)
    numbers = frozenset({modem.status.number or ""})
    world = make_world(
        pools=MappingProxyType({n: Pool(n, numbers, "transactional") for n in ("a", "b")})
    )
    await world.start(modem)
    desk = world.gateway.desk
    view = await desk.pause_pool("a", BOSS, "wrong list")
    assert (view["paused"], view["waiting_for"]) == ("wrong list", "pool_paused")
    held, other = await world.send(pool="a"), await world.send(BOB, pool="b")
    await world.becomes(other, "sent")
    hold = desk.holds.of_lane((await world.row(held)).lane)
    assert hold is not None
    assert (hold.rule, hold.until) == ("pool_paused", None)
    (_, a, b) = await desk.pools()
    assert (a["waiting"], b["waiting"], a["lines"]) == (1, 0, [world.line(modem)])
    assert (await desk.resume_pool("a", BOSS))["paused"] is None
    await world.becomes(held, "sent")
    with pytest.raises(RefusalError, match="there is no pool 'c'"):
        await desk.pause_pool("c", BOSS, "")
    assert await states(world) == []
    await world.stop()


# -- quarantine, rest and retirement --------------------------------------------------------------


async def test_a_sim_that_its_operator_has_blocked_is_quarantined(make_world: MakeWorld) -> None:
    """It sends nothing more but receives; what sticks to it goes another way, what names it waits;
    a person releases it.
    """
    world = make_world(line_rest_s=0.0, retry_patience=0.01, blocked_after=3, max_attempts=20)
    modem, other = ScriptedModem(1), ScriptedModem(2)
    await world.start(modem)
    line, desk = world.line(modem), world.gateway.desk
    await world.write(modem, "Hello there", sender=BOB)  # they last spoke on this line
    modem.plan(*[refused(8)] * 3)
    named = await world.send(ALICE, from_=line)
    while await alerts(world) != [("alert.raised", "line_blocked")]:
        await world.later(30)
    await world.until(lambda: world.gateway.registry.standing(line).state == "quarantined")
    await world.present(other)
    sticky = await world.send(BOB)
    await world.becomes(sticky, "sent")
    assert len(other.written) == 1
    await world.write(modem, "Still here?")
    assert len(await world.inbound()) == 2
    await world.later(300)
    hold = desk.holds.of_line(line)
    assert hold is not None
    assert hold.rule == "line_quarantined"
    view = await desk.line(line)
    assert "refused 3 texts in a row (+CMS ERROR 8)" in view["reason"]
    assert (view["state"], view["until"]) == ("quarantined", None)
    assert len(modem.written) == 3
    assert (await desk.release(line, BOSS))["state"] == "active"
    await world.becomes(named, "sent")
    assert await states(world) == [(line, "quarantined"), (line, "active")]
    assert await alerts(world) == [
        ("alert.raised", "line_blocked"),
        ("alert.cleared", "line_blocked"),
    ]
    assert [action for action, _ in await audited(world)] == ["line_quarantined", "line_released"]
    await world.stop()


async def test_what_waits_for_a_line_moves_at_once_when_it_is_retired(
    make_world: MakeWorld,
) -> None:
    """Not when its patience is over; and nobody may name the line any more."""
    world = make_world(sticky_wait_s=3_600.0)
    modem, other = ScriptedModem(1), ScriptedModem(2)
    await world.start(modem)
    line, desk = world.line(modem), world.gateway.desk
    await world.write(modem, "Hello there")
    await desk.pause_line(line, BOSS, "first")
    sticky, named = await world.send(ALICE), await world.send(BOB, from_=line)
    await world.present(other)
    await settled(other, 0)
    assert (await desk.retire(line, BOSS))["state"] == "retired"
    await world.becomes(sticky, "sent")
    await settled(other, 1)
    assert await world.status(named) == "queued"
    for name in (line, modem.status.number):
        refusal = await world.ask(from_=name)
        assert isinstance(refusal, RefusalError)
        assert (refusal.kind, refusal.field) == ("line-retired", "from")
    await world.write(modem, "Anybody?", sender=BOB)
    assert len(await world.inbound()) == 2
    await desk.release(line, BOSS)
    await desk.resume_line(line, BOSS)
    await world.becomes(named, "sent")
    assert [state for _, state in await states(world)] == ["paused", "retired", "paused", "active"]
    await world.stop()


async def test_a_line_whose_texts_arrive_no_longer_rests(make_world: MakeWorld) -> None:
    """With an alert, for as long as is configured; then it sends again by itself."""
    world, modem = make_world(drop_rest_s=7_200.0), ScriptedModem(1)
    await world.start(modem)
    line, gateway = world.line(modem), world.gateway
    for i in range(60):
        await _sent_and_reported(world, modem, i, reported=True)
        world.clock.now += 60
    world.clock.now += RECENT_S + SOON_S
    for i in range(60):
        await _sent_and_reported(world, modem, 60 + i, reported=False)
        world.clock.now += 55
    world.clock.now += SOON_S
    await gateway._guard.judge()
    await world.until(lambda: gateway.registry.standing(line).state == "resting")
    standing = gateway.registry.standing(line)
    assert standing.until == pytest.approx(world.clock.now + 7_200)
    message = await world.send(BOB)
    await settled(modem, 120)
    world.clock.now += 7_200
    await gateway._guard.judge()
    await world.becomes(message, "sent")
    assert await states(world) == [(line, "resting"), (line, "active")]
    assert await alerts(world) == [
        ("alert.raised", "line_silent"),
        ("alert.cleared", "line_silent"),
    ]
    await world.stop()


async def _sent_and_reported(
    world: World, modem: ScriptedModem, number: int, *, reported: bool
) -> None:
    to = f"+1202555{number:04}"
    await world.becomes(await world.send(to), "sent")
    if reported:
        await world.report(modem, modem._mr, to)


# -- what people set ------------------------------------------------------------------------------


async def test_a_number_that_was_typed_in_stays(world: World, modem: ScriptedModem) -> None:
    """Also where the SIM tells another; taking it back leaves the SIM's."""
    line, desk = world.line(modem), world.gateway.desk
    view = await desk.change(line, BOSS, {"number": "+12025550199", "name": "Berlin 3"})
    assert (view["number"], view["sim_number"]) == ("+12025550199", "+12025550191")
    modem.status = replace(modem.status, rssi_dbm=-70, operator="Net")
    await world.present(modem)
    view = await desk.line(line)
    assert (view["number"], view["name"], view["operator"]) == ("+12025550199", "Berlin 3", "Net")
    await world.until(lambda: world.gateway.dispatcher.is_live(line))
    message = await world.send(BOB)
    await world.becomes(message, "sent")
    assert (await world.row(message)).sender == "+12025550199"
    view = await desk.change(line, BOSS, {"number": None})
    assert (view["number"], view["typed_number"]) == ("+12025550191", None)
    silent = replace(modem.status, number=None)
    modem.status = silent
    await desk.change(line, BOSS, {"number": "+12025550199"})
    await world.present(modem)
    assert (await desk.line(line))["number"] == "+12025550199"


async def test_two_lines_have_no_number_in_common(make_world: MakeWorld) -> None:
    """A text that names it would go on either; one that is retired is out of the way."""
    world, modem, other = make_world(), ScriptedModem(1), ScriptedModem(2)
    await world.start(modem, other)
    desk, number = world.gateway.desk, {"number": other.status.number}
    with pytest.raises(RefusalError) as caught:
        await desk.change(world.line(modem), BOSS, number)
    assert (caught.value.kind, caught.value.field) == ("number-taken", "number")
    await desk.change(world.line(other), BOSS, number)
    await desk.retire(world.line(other), BOSS)
    view = await desk.change(world.line(modem), BOSS, number)
    assert view["number"] == other.status.number
    message = await world.send(from_=other.status.number)
    await world.becomes(message, "sent")
    assert len(modem.written) == 1
    await world.stop()


async def test_a_tag_brings_a_line_into_a_pool(make_world: MakeWorld) -> None:
    """At once, in whichever modem it sits; and out again."""
    pool = Pool("cheap", frozenset(), "transactional", tags=frozenset({"prepaid", "cheap"}))
    world, modem = make_world(pools=MappingProxyType({"cheap": pool})), ScriptedModem(1)
    await world.start(modem)
    line, desk = world.line(modem), world.gateway.desk
    message = await world.send(pool="cheap")
    await settled(modem, 0)
    hold = desk.holds.of_lane((await world.row(message)).lane)
    assert hold is not None
    assert hold.rule == "no_line"
    view = await desk.change(line, BOSS, {"tags": ["prepaid", "berlin"], "cost": 0.05})
    assert (view["pools"], view["cost"]) == (["cheap"], 0.05)
    await world.becomes(message, "sent")
    assert (await desk.change(line, BOSS, {"tags": []}))["pools"] == []
    await world.until(lambda: world.gateway.dispatcher.is_live(line))
    await world.send(BOB, pool="cheap")
    await settled(modem, 1)
    await world.stop()


# -- own numbers ----------------------------------------------------------------------------------


async def test_a_line_learns_its_number_from_another(make_world: MakeWorld) -> None:
    """By the sender of its text; a text that somebody else makes up teaches nothing."""
    world, modem, other = make_world(), ScriptedModem(1), ScriptedModem(2)
    modem.status = replace(modem.status, number=None)
    await world.start(modem, other)
    line, desk = world.line(modem), world.gateway.desk
    message = await desk.learn_number(line, BOSS)
    await world.becomes(message["id"], "sent")
    assert (message["to"], modem.texts) == (other.status.number, [message["text"]])
    await world.write(other, "modemgw 0123456789abcdef", sender="+12025550166")
    await world.write(modem, message["text"], sender="+12025550166")
    assert (await desk.line(line))["number"] is None
    await world.write(other, message["text"], sender="+12025550191")
    view = await desk.line(line)
    assert (view["number"], view["sim_number"]) == ("+12025550191", None)
    told = (await world.inbound())[-1].metadata
    assert told == {"own_line": line}
    await world.stop()


async def test_nobody_is_there_to_learn_from(world: World, modem: ScriptedModem) -> None:
    """A lone line cannot text another."""
    with pytest.raises(RefusalError) as caught:
        await world.gateway.desk.learn_number(world.line(modem), BOSS)
    assert caught.value.kind == "no-other-line"


async def test_a_text_from_an_own_line_is_no_customer_s(make_world: MakeWorld) -> None:
    """Whatever it says: no opt-out, no answer, no reply to it in the eyes of the gate."""
    world, modem, other = make_world(), ScriptedModem(1), ScriptedModem(2)
    await world.start(modem, other)
    await world.gateway.registry.refresh()
    own = modem.status.number or ""
    for text in ("STOP", "HELP", "START"):
        await world.write(other, text, sender=own)
    rows = await world.inbound()
    assert [row.classified for row in rows] == [None] * 3
    assert {row.metadata["own_line"] for row in rows} == {world.line(modem)}
    await settled(other, 0)
    assert own not in world.gateway.refusals
    await world.write(other, "STOP", sender=ALICE)
    await settled(other, 1)
    await world.stop()


# -- inventory ------------------------------------------------------------------------------------


async def test_a_line_that_stays_away_is_missed(make_world: MakeWorld) -> None:
    """Said at once, raised when it has had the time to come, cleared when it is back."""
    modem, other = ScriptedModem(1), ScriptedModem(2)
    iccids = frozenset({modem.status.iccid or "", other.status.iccid or ""})
    world = make_world(expected=iccids)
    await world.start(modem)
    gateway = world.gateway
    await gateway.registry.refresh()
    stock = gateway.desk.inventory
    assert stock.words == f"1 of 2, missing: {other.status.iccid}"
    look: Callable[..., Any] = gateway._stocktaker.look
    await look()
    world.clock.now += PATIENCE_S - 1
    await look()
    assert await alerts(world) == []
    world.clock.now += 1
    await look()
    await look()
    assert await alerts(world) == [("alert.raised", "line_missing")]
    await world.present(other)
    await gateway.registry.refresh()
    await look()
    assert (await alerts(world))[-1] == ("alert.cleared", "line_missing")
    other.go(ModemState.NO_SIM)
    await world.present(other)
    await gateway.registry.refresh()
    assert gateway.desk.inventory.missing == (other.status.iccid,)
    await gateway.desk.retire(_line_of(world, other), BOSS)
    assert gateway.desk.inventory.words == "1 of 1"
    await world.stop()


def _line_of(world: World, modem: ScriptedModem) -> str:
    found = world.gateway.registry.rows.values()
    return str(next(row.id for row in found if row.iccid == modem.status.iccid))
