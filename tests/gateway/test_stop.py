"""STOP, START and HELP: nothing goes to somebody who refuses."""

from __future__ import annotations

import asyncio
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from modemgw.consent.scopes import EVERYTHING
from modemgw.gateway import acts
from modemgw.gateway.plans import Plan
from modemgw.gateway.refusals import Refusals
from modemgw.gateway.requests import Caller, RefusalError
from modemgw.gateway.settings import Pool
from modemgw.store import optouts
from modemgw.store.engine import serves_many
from modemgw.store.messages import Filter, find
from tests.gateway.scripted import Script, ScriptedModem, unknown
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sqlalchemy import Connection

    from tests.gateway.conftest import MakeWorld

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())
LONG = "An offer that nobody needs, told at length. " * 9  # three parts

PERMIT_USED = "permit_used"


async def answers(world: World, permit: str | None = "confirmation") -> list[str]:
    rows = await world.reader.run(
        lambda c: find(c, Filter(direction="outbound"), before=None, limit=100)
    )
    return [row.text for row in rows if row.permit == permit and row.key_id is None]


async def audit(world: World, number: str = ALICE) -> list[str]:
    """What the audit tells, oldest first; without the confirmation's permit, which comes when the
    confirmation does."""
    rows = await world.reader.run(lambda c: world.ledger.entries(c, number))
    actions = [row["action"] for row in rows][::-1]
    return [action for action in actions if action != PERMIT_USED]


async def test_stop_cancels_confirms_once_and_refuses_until_start(
    world: World, modem: ScriptedModem
) -> None:
    """Two STOPs on two lines get one confirmation; START lets texts through again."""
    other = ScriptedModem(2)
    await world.present(other)
    later = await world.send(send_at=world.clock.now + 3_600)
    await world.write(modem, "Stop")
    assert await world.status(later) == "canceled"
    world.assert_nothing_dangles(await world.row(later))
    refusal = await world.ask()
    assert isinstance(refusal, RefusalError)
    assert (refusal.kind, refusal.field) == ("opted-out", "to")
    await world.until(lambda: len(modem.written) == 1)
    await world.write(other, "STOP!")
    assert len(await answers(world)) == 1
    assert len(await world.events("optout.created")) == 1
    await world.write(modem, "START")
    await world.until(lambda: len(modem.written) == 2)
    message_id = await world.send(text="Welcome back")
    await world.becomes(message_id, "sent")
    assert await audit(world) == ["opted_out", "refused", "opted_out_again", "opted_in"]
    assert other.written == []


async def test_a_stop_that_ends_many_texts_is_run_where_there_is_time(
    world: World, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop begins it on SQLite and gives it up; what is told in the end is told once."""
    loop, began = threading.get_ident(), list[int]()
    original = acts.cancel_for_opt_out

    def noted(*given: Any) -> int:
        began.append(threading.get_ident())
        return original(*given)

    monkeypatch.setattr(acts, "cancel_for_opt_out", noted)
    later = world.clock.now + 3_600
    many = [await world.send(text=f"no. {i}", send_at=later) for i in range(acts.FEW + 1)]
    await world.write(modem, "STOP")
    assert {await world.status(message_id) for message_id in many} == {"canceled"}
    assert await audit(world) == ["opted_out"]
    assert len(await world.events("optout.created")) == 1
    by_thread = [who != loop for who in began]
    assert by_thread == ([True] if serves_many(world.url) else [False, True])


@pytest.mark.parametrize("pool", ["", "care"])
async def test_a_paused_pool_does_not_silence_the_answer_to_stop(
    make_world: MakeWorld, pool: str
) -> None:
    """A campaign that went wrong is paused, and just then people write STOP."""
    modem = ScriptedModem(1)
    numbers = frozenset({modem.status.number or ""})
    world = make_world(pools=MappingProxyType({"care": Pool("care", numbers)}))
    await world.start(modem)
    await world.gateway.desk.pause_pool(pool, BOSS, "wrong list")
    held = await world.send(BOB, pool=pool or None)
    await world.write(modem, "STOP")
    await world.until(lambda: len(modem.written) == 1)
    assert len(await answers(world)) == 1
    assert await world.status(held) == "queued"
    assert [view["waiting"] for view in await world.gateway.desk.pools()] == [
        int(not pool),
        int(bool(pool)),
    ]
    await world.stop()


async def test_a_pool_that_has_used_up_its_plan_does_not_delay_the_answer_to_stop(
    make_world: MakeWorld,
) -> None:
    """The plan of the default pool is for what people send, not for what must be answered."""
    plan = Plan("office", per_hour=1)
    world, modem = make_world(default_pool=Pool("", frozenset(), plan=plan)), ScriptedModem(1)
    await world.start(modem)
    await world.becomes(await world.send(), "sent")
    over = await world.send(BOB)
    await world.until(lambda: world.gateway.dispatcher.pool_wait("") is not None)
    await world.write(modem, "STOP")
    await world.until(lambda: len(modem.written) == 2)
    assert await world.status(over) == "queued"
    await world.stop()


async def test_a_start_that_changes_nothing_is_not_answered(
    world: World, modem: ScriptedModem
) -> None:
    """Or two machines could thank each other for ever."""
    for _ in range(3):
        await world.write(modem, "START")
    assert await answers(world, None) == []


async def test_help_is_answered_once_in_five_minutes(world: World, modem: ScriptedModem) -> None:
    """Also to somebody who has opted out."""
    await world.write(modem, "STOP")
    await world.write(modem, "HELP")
    await world.write(modem, "HELP")
    assert len(await answers(world, "help")) == 1
    await world.later(301)
    await world.write(modem, "HELP")
    assert len(await answers(world, "help")) == 2


async def test_a_stop_between_clearance_and_write_withdraws_the_text(
    world: World, modem: ScriptedModem
) -> None:
    """The gate's last word comes from memory, behind the prompt."""
    prompt = asyncio.Event()
    script = Script(before_verdict=prompt)
    modem.plan(script)
    message_id = await world.send()
    await script.cleared.wait()
    await world.write(modem, "STOP")
    prompt.set()
    await world.becomes(message_id, "canceled")
    await world.until(lambda: len(modem.written) == 1)  # the confirmation
    assert modem.withdrawn == 1
    assert "Hello" not in modem.texts
    world.assert_nothing_dangles(await world.row(message_id))


async def test_a_stop_that_cannot_be_written_yet_holds_already(
    world: World, modem: ScriptedModem
) -> None:
    """The writer is stuck with the STOP in its queue; a text that is cleared meanwhile goes not."""
    prompt, stuck = asyncio.Event(), threading.Event()
    script = Script(before_verdict=prompt)
    modem.plan(script)
    message_id = await world.send()
    await script.cleared.wait()
    blocked = world.writer.submit(lambda _tx: stuck.wait(10))
    stop = asyncio.create_task(world.write(modem, "STOP"))
    try:
        await world.until(lambda: world.gateway.refusals.held(ALICE))
        prompt.set()
        await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
        assert modem.withdrawn == 1
    finally:
        stuck.set()
        await asyncio.gather(blocked, stop)
    await world.becomes(message_id, "canceled")


async def test_the_write_ahead_asks_the_database_for_opt_outs(
    world: World, modem: ScriptedModem
) -> None:
    """Another host's STOP is committed after our claim, and memory does not know of it yet."""
    begin = asyncio.Event()
    modem.plan(Script(before_obtain=begin))
    message_id = await world.send()
    await world.until_async(lambda: world.claimed(message_id))
    values = {
        "number": ALICE,
        "scope": "all",
        "source": "keyword",
        "reason": "on another host",
        "created_at": world.clock.now,
        "sent_at": world.clock.now,
    }
    await world.writer.run(lambda tx: optouts.add(tx.connection, values))
    begin.set()
    await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
    assert modem.withdrawn == 1


async def test_a_stop_in_flight_is_noted_and_ends_the_rest_of_the_message(
    world: World, modem: ScriptedModem
) -> None:
    """The part whose Ctrl-Z is out cannot be called back; the others never begin."""
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    message_id = await world.send(text=LONG)
    await script.written.wait()
    await world.write(modem, "STOP")
    assert await world.status(message_id) == "sending"
    answer.set()
    await world.becomes(message_id, "canceled")
    await world.until(lambda: len(modem.written) == 2)
    assert await world.parts(message_id) == ["sent", "queued", "queued"]
    assert "1 of 3 parts" in (await world.row(message_id)).error_message
    assert await audit(world) == ["in_flight_at_opt_out", "opted_out"]
    world.assert_nothing_dangles(await world.row(message_id))


async def test_a_single_part_in_flight_at_stop_is_sent_as_it_was(
    world: World, modem: ScriptedModem
) -> None:
    """What the network took is told as sent."""
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    message_id = await world.send()
    await script.written.wait()
    await world.write(modem, "STOP")
    answer.set()
    await world.becomes(message_id, "sent")
    world.assert_nothing_dangles(await world.row(message_id))


async def test_a_doubt_at_stop_is_never_sent_again(world: World, modem: ScriptedModem) -> None:
    """Even where the sender chose `resend`; and settled by evidence, its rest does not go."""
    modem.plan(unknown(), unknown())
    alone = await world.send(if_in_doubt="resend", valid_for_s=7 * 86_400.0)
    await world.becomes(alone, "in_doubt")
    parts = await world.send(BOB, LONG, valid_for_s=7 * 86_400.0)
    await world.becomes(parts, "in_doubt")
    for sender in (ALICE, BOB):
        await world.write(modem, "STOP", sender)
    await world.report(modem, 99, BOB)
    assert await world.status(parts) == "canceled"
    await world.later(86_500)
    row = await world.row(alone)
    assert (row.status, row.error_code) == ("failed", "outcome_unknown")
    world.assert_nothing_dangles(row)
    assert len(modem.texts) - len([t for t in modem.texts if "Acme" in t]) == 2


async def test_a_stop_in_two_parts_holds_while_it_is_joined(
    world: World, modem: ScriptedModem
) -> None:
    """The word may stand in the part that comes last."""
    text = "Please STOP texting me. " + "I have told you so many times before. " * 5
    first, second = world.deliver(text, ref=1)
    await world.arrive(modem, second)
    assert not len(world.gateway.refusals)
    await world.arrive(modem, first)
    assert ALICE in world.gateway.refusals
    assert (await world.inbound())[0].classified == "opt_out"


async def test_a_stop_in_a_partial_message_counts(world: World, modem: ScriptedModem) -> None:
    """The second part never comes."""
    text = "Please STOP texting me. " + "I have told you so many times before. " * 5
    await world.arrive(modem, world.deliver(text, ref=1)[0])
    await world.later(301)
    assert ALICE in world.gateway.refusals
    assert isinstance(await world.ask(), RefusalError)


async def test_a_stop_whose_reader_gave_up_waiting_is_remembered(
    world: World, modem: ScriptedModem
) -> None:
    """A modem waits only so long for the commit; the hold and the memory do not depend on it."""
    octets = world.deliver("STOP")[0]
    reading = asyncio.create_task(world.arrive(modem, octets))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert ALICE in world.gateway.refusals
    await world.until(lambda: world.gateway.refusals.opted_out(ALICE))
    assert not world.gateway.refusals.held(ALICE)
    assert await world.arrive(modem, octets)


async def test_an_opt_out_of_the_api_works_like_a_stop(world: World, modem: ScriptedModem) -> None:
    """Idempotent; lifting one that is not there is told."""
    later = await world.send(send_at=world.clock.now + 3_600)
    for _ in range(2):
        view = await world.gateway.opt_out("(202) 555-0111", "api", "on the phone")
        assert view["number"] == ALICE
    assert await world.status(later) == "canceled"
    assert isinstance(await world.ask(), RefusalError)
    await world.gateway.opt_in(ALICE, "api", "signed form")
    await world.send()
    with pytest.raises(RefusalError, match="has not opted out"):
        await world.gateway.opt_in(ALICE, "api", "again")
    with pytest.raises(RefusalError):
        await world.gateway.opt_out("no number", "api", "")


async def test_opt_outs_are_known_after_a_restart(make_world: MakeWorld) -> None:
    """Before the first modem is heard."""
    world = make_world()
    await world.start()
    await world.gateway.opt_out(ALICE, "api", "")
    await world.stop()
    await world.start()
    assert ALICE in world.gateway.refusals
    await world.stop()


async def test_a_stop_on_one_host_binds_the_other(two_hosts: tuple[World, World]) -> None:
    """Two daemons on one database: the write-ahead asks it, memory follows within a moment."""
    here, there = two_hosts
    one, two = ScriptedModem(1), ScriptedModem(2)
    await here.start(one)
    await there.start(two)
    await here.write(one, "STOP")
    assert isinstance(await there.ask(), RefusalError)
    await there.until(lambda: ALICE in there.gateway.refusals)
    await here.write(one, "START")
    await there.until(lambda: ALICE not in there.gateway.refusals)
    await here.stop()
    await there.stop()


async def test_a_stop_beside_the_news_of_an_older_start_stays_in_memory(
    world: World, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows the events asks whether the opt-out is lifted, and a STOP is committed before the
    answer is there."""
    await world.gateway.opt_out(ALICE, "api", "")
    await world.gateway.opt_in(ALICE, "api", "signed form")
    (lifted,) = await world.events("optout.removed")
    asked, go_on = asyncio.Event(), asyncio.Event()
    read = world.gateway.reader.run

    async def late(operation: Callable[[Connection], Any]) -> Any:
        answer = await read(operation)
        asked.set()
        await go_on.wait()
        return answer

    with monkeypatch.context() as slowed:
        slowed.setattr(world.gateway.reader, "run", late)
        following = asyncio.create_task(world.gateway._follow(lifted))
        await asyncio.wait(
            {following, asyncio.create_task(asked.wait())}, return_when="FIRST_COMPLETED"
        )
        await world.gateway.opt_out(ALICE, "api", "on the phone")
        go_on.set()
        await following
    assert ALICE in world.gateway.refusals


def test_a_number_is_held_until_every_hold_is_left() -> None:
    """Two STOPs may be on their way at once."""
    refusals = Refusals()
    with refusals.hold(ALICE):
        with refusals.hold(ALICE):
            assert ALICE in refusals
        assert refusals.held(ALICE)
    assert ALICE not in refusals
    refusals.load([(BOB, EVERYTHING)])
    assert (BOB in refusals, len(refusals)) == (True, 1)
    refusals.replace(BOB, ())
    assert not refusals.opted_out(BOB)
