"""Texts that may be refusals: marketing waits for a person, and an undecided one is an opt-out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.gateway.requests import RefusalError
from modemgw.gateway.reviews import Decision
from modemgw.store import optouts, reviews
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import ALICE, ANYBODY, BOB, World

if TYPE_CHECKING:
    from modemgw.store.prepared import Record
    from tests.gateway.conftest import MakeWorld

DOUBTFUL, ORDINARY = "not interested", "See you at five then"
DAY_S = 86_400.0


async def offer(world: World, to: str = ALICE, **options: Any) -> str:
    """A marketing text that may wait for days."""
    return await world.send(to, "An offer", kind="marketing", valid_for_s=7 * DAY_S, **options)


async def review_of(world: World, number: str = ALICE) -> Record | None:
    return await world.reader.run(lambda c: reviews.open_of(c, number))


async def open_review(world: World, modem: ScriptedModem) -> Record:
    await world.write(modem, DOUBTFUL)
    row = await review_of(world)
    assert row is not None
    return row


async def waits(world: World, message_id: str) -> None:
    """Wait until a message is parked for a review."""

    async def parked() -> bool:
        return bool((await world.row(message_id)).hold_reason == "under_review")

    await world.until_async(parked)


async def audit(world: World) -> list[str]:
    rows = await world.reader.run(lambda c: world.ledger.entries(c, ALICE))
    return [row["action"] for row in rows][::-1]


async def test_marketing_waits_and_the_conversation_goes_on(
    world: World, modem: ScriptedModem
) -> None:
    """Whether it was accepted before the doubtful text or after; others get theirs."""
    at = world.clock.now + 60
    before = await offer(world, send_at=at)
    row = await open_review(world, modem)
    after = await offer(world)
    assert (await world.row(after)).status == "scheduled"
    assert (await world.row(after)).ready_at == row.due_at
    await world.later(61)
    await waits(world, before)
    for kind in ("conversational", "transactional"):
        await world.becomes(await world.send(text=f"An answer, {kind}", kind=kind), "sent")
    await world.becomes(await offer(world, BOB), "sent")
    assert modem.texts.count("An offer") == 1


async def test_a_further_doubtful_text_joins_and_a_clear_one_closes_nothing(
    world: World, modem: ScriptedModem
) -> None:
    """One review a number, of the first text; who opened and joined it stands in the audit."""
    row = await open_review(world, modem)
    await world.write(modem, "this is spam")
    await world.write(modem, ORDINARY)
    assert await review_of(world) == row
    assert len(await world.events("review.opened")) == 1
    assert await audit(world) == ["review_opened", "review_joined"]
    first = (await world.inbound())[0]
    assert (row.message_id, first.classified) == (first.id, "review")


async def test_stop_closes_the_review_as_opted_out(world: World, modem: ScriptedModem) -> None:
    """The customer has decided; START afterwards lets marketing through again."""
    row = await open_review(world, modem)
    waiting = await offer(world)
    await world.write(modem, "STOP")
    assert await world.status(waiting) == "canceled"
    closed = await world.reader.run(lambda c: reviews.get(c, row.id))
    assert closed is not None
    assert (closed.decision, closed.decided_by) == ("opt_out", "keyword")
    await world.write(modem, "START")
    await world.becomes(await offer(world), "sent")


async def test_who_has_opted_out_is_not_reviewed(world: World, modem: ScriptedModem) -> None:
    """Nothing goes to them anyhow, and no end of a time may opt them out a second time."""
    await world.write(modem, "STOP")
    await world.write(modem, DOUBTFUL)
    assert await review_of(world) is None
    assert (await world.inbound())[-1].classified is not None


async def test_kept_what_waited_goes(world: World, modem: ScriptedModem) -> None:
    """At once, and what comes later, too."""
    row = await open_review(world, modem)
    waiting = await offer(world)
    view = await world.gateway.review_desk.decide(row.id, Decision.KEEP, "a joke", ANYBODY)
    assert (view["decision"], view["by"]) == ("keep", ANYBODY.key_id)
    await world.becomes(waiting, "sent")
    await world.becomes(await offer(world), "sent")
    assert await audit(world) == ["review_opened", "review_decided"]


async def test_decided_as_a_refusal_it_is_an_opt_out_without_a_confirmation(
    world: World, modem: ScriptedModem
) -> None:
    """Everything queued is canceled; once more it changes nothing, and the other is refused."""
    row = await open_review(world, modem)
    waiting = [await offer(world), await world.send(send_at=world.clock.now + 60)]
    desk = world.gateway.review_desk
    for _ in range(2):
        await desk.decide(row.id, Decision.OPT_OUT, "means it", ANYBODY)
    assert [await world.status(message_id) for message_id in waiting] == ["canceled"] * 2
    assert isinstance(await world.ask(), RefusalError)
    assert len(await world.events("review.decided")) == 1
    with pytest.raises(RefusalError, match="DELETE /v1/optouts") as refusal:
        await desk.decide(row.id, Decision.KEEP, "or not", ANYBODY)
    assert refusal.value.kind == "already-decided"
    await world.later(10)
    assert modem.written == []


async def test_undecided_in_time_it_becomes_an_opt_out(world: World, modem: ScriptedModem) -> None:
    """Not a moment before; with its source in the audit, everything canceled, nobody texted."""
    await open_review(world, modem)
    waiting = await offer(world)
    await world.later(DAY_S - 1)
    await world.gateway.review_desk.look()
    assert await review_of(world) is not None
    await world.later(1)
    await world.gateway.review_desk.look()
    assert await world.status(waiting) == "canceled"
    assert isinstance(await world.ask(), RefusalError)
    (row,) = await world.reader.run(lambda c: optouts.of(c, ALICE))
    assert (row.source, row.message_id) == ("review", (await world.inbound())[0].id)
    assert "nobody decided" in row.reason
    (decided,) = await world.events("review.decided")
    assert (decided.data["decision"], decided.data["by"]) == ("opt_out", "timeout")
    assert await audit(world) == ["review_opened", "review_decided", "opted_out", "refused"]
    assert ALICE in world.gateway.refusals
    assert modem.written == []


async def test_nothing_goes_between_the_end_of_the_time_and_the_opt_out(
    world: World, modem: ScriptedModem
) -> None:
    """A text whose waiting is over is asked about again, not sent."""
    await open_review(world, modem)
    waiting = await offer(world)
    await world.later(DAY_S)
    await waits(world, waiting)
    assert (await world.row(waiting)).ready_at > world.clock.now
    assert modem.written == []


async def test_an_alert_tells_that_reviews_wait_and_is_cleared(
    world: World, modem: ScriptedModem
) -> None:
    """Raised once after half the time, cleared once nothing waits."""
    row = await open_review(world, modem)
    desk = world.gateway.review_desk
    await desk.look()
    assert await world.events("alert.raised") == []
    await world.later(DAY_S / 2)
    for _ in range(2):
        await desk.look()
    (raised,) = await world.events("alert.raised")
    assert raised.data["alert"] == "reviews_waiting"
    await desk.decide(row.id, Decision.KEEP, "a joke", ANYBODY)
    for _ in range(2):
        await desk.look()
    assert len(await world.events("alert.cleared")) == 1


async def test_a_doubtful_text_between_clearance_and_write_withdraws_marketing(
    world: World, modem: ScriptedModem
) -> None:
    """The last look is into memory; an answer of an agent passes it."""
    prompt = asyncio.Event()
    script = Script(before_verdict=prompt)
    modem.plan(script)
    held = await offer(world)
    await script.cleared.wait()
    await world.write(modem, DOUBTFUL)
    prompt.set()
    await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
    assert modem.withdrawn == 1
    await world.later(2)
    await waits(world, held)
    await world.becomes(await world.send(kind="conversational"), "sent")


async def test_the_write_ahead_asks_the_database_for_reviews(
    world: World, modem: ScriptedModem
) -> None:
    """Another host's review is committed after our claim, and memory does not know of it yet."""
    begin = asyncio.Event()
    modem.plan(Script(before_obtain=begin))
    message_id = await offer(world)
    await world.until_async(lambda: world.claimed(message_id))
    values = {
        "id": "rev_1",
        "number": ALICE,
        "reason": "on another host",
        "created_at": world.clock.now,
        "due_at": world.clock.now + DAY_S,
    }
    await world.writer.run(lambda tx: reviews.add(tx.connection, values))
    begin.set()
    await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
    assert modem.withdrawn == 1


async def test_reviews_are_known_after_a_restart(make_world: MakeWorld) -> None:
    """Before the first modem is heard; and what ended meanwhile is decided."""
    world = make_world()
    await world.start()
    modem = ScriptedModem(1)
    await world.present(modem)
    row = await open_review(world, modem)
    await world.stop()
    await world.start()
    assert world.gateway.refusals.review_due_at(ALICE) == row.due_at
    await world.stop()
    world.clock.now += DAY_S
    await world.start()
    await world.until(lambda: world.gateway.refusals.opted_out(ALICE))
    await world.stop()


async def test_what_is_put_aside_after_the_decision_goes_soon(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another host learns of a decision a moment late; what it accepts meanwhile does not wait."""
    monkeypatch.setattr("modemgw.gateway.gateway.FOLLOW_S", 0.5)
    here, there = World(postgres_url), World(postgres_url, host="there")
    one = ScriptedModem(1)
    await here.start(one)
    await there.start()
    row = await open_review(here, one)
    await there.until(lambda: there.gateway.refusals.review_due_at(ALICE) == row.due_at)
    await here.gateway.review_desk.decide(row.id, Decision.KEEP, "a joke", ANYBODY)
    late = await offer(there)
    await here.becomes(late, "sent")
    await here.stop()
    await there.stop()


async def test_a_review_on_one_host_binds_the_other(two_hosts: tuple[World, World]) -> None:
    """Two daemons on one database: memory follows what is opened, decided and ended elsewhere."""
    here, there = two_hosts
    one, two = ScriptedModem(1), ScriptedModem(2)
    await here.start(one)
    await there.start(two)
    refusals = there.gateway.refusals
    row = await open_review(here, one)
    await there.until(lambda: refusals.review_due_at(ALICE) == row.due_at)
    await here.gateway.review_desk.decide(row.id, Decision.KEEP, "a joke", ANYBODY)
    await there.until(lambda: refusals.review_due_at(ALICE) is None)
    await open_review(here, one)
    here.clock.now += DAY_S
    await here.gateway.review_desk.look()
    await there.until(lambda: refusals.opted_out(ALICE))
    await here.stop()
    await there.stop()
