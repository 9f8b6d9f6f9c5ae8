"""A person's data are shown whole, erased whole, and an opt-out outlives them."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from modemgw.gateway import persons, settle
from modemgw.gateway.consenting import Consent
from modemgw.gateway.requests import Caller, Once, RefusalError
from modemgw.modem.interface import Outcome, SubmitResult
from modemgw.store import optouts, tables, webhooks
from modemgw.store.proof import verify
from modemgw.store.webhooks import Endpoint
from tests.gateway.scripted import Script, unknown
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.gateway.conftest import MakeWorld
    from tests.gateway.scripted import ScriptedModem

IN_TPDUS = "2120550511F1"  # ALICE in semi-octets, 23.040 §9.1.2.3
BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())


async def erase(world: World, number: str = ALICE) -> dict[str, Any]:
    return await world.gateway.persons.erase(number, "asked for it", BOSS)


async def show(world: World, number: str = ALICE) -> dict[str, Any]:
    return await world.gateway.persons.show(number, before=None, limit=100)


async def hide_an_opt_out(world: World) -> None:
    """As another host does whose erasing has not seen a text that we accept at this moment."""
    values = {
        "number": world.ledger.erased_as(ALICE),
        "scope": "all",
        "source": "cli",
        "reason": "",
        "created_at": world.clock.now,
        "sent_at": world.clock.now,
        "erased_at": world.clock.now,
    }
    await world.writer.run(lambda tx: optouts.add(tx.connection, values))


def dump(connection: Connection) -> str:
    """Everything that stands in the database."""
    rows = [
        str(tuple(row))
        for table in tables.metadata.sorted_tables
        for row in connection.execute(select(table))
    ]
    return "\n".join(rows)


async def test_everything_is_shown_and_then_nowhere(world: World, modem: ScriptedModem) -> None:
    """Texts to and from, raw TPDUs, events, the audit's payloads; others keep theirs, and the
    audit holds."""
    reported = await world.send(to=ALICE, text="a secret for Alice")
    await world.becomes(reported, "sent")
    await world.report(modem, 1)
    await world.becomes(reported, "delivered")
    await world.becomes(await world.send(to=BOB, text="a word for Bob"), "sent")
    await world.write(modem, "my own words")
    await world.write(modem, "STOP")
    await world.until(lambda: len(modem.written) == 3)
    later = await world.send(to=BOB, send_at=world.clock.now + 3_600)
    before = await world.reader.run(dump)
    assert ALICE in before
    assert IN_TPDUS in before
    shown = await show(world)
    texts = {item["text"] for item in shown["messages"]}
    assert {"a secret for Alice", "my own words", "STOP"} <= texts
    assert {entry["action"] for entry in shown["audit"]} == {"opted_out", "permit_used"}
    assert (shown["opt_outs"][0]["number"], len(shown["conversations"])) == (ALICE, 1)
    told = await erase(world)
    assert (told["messages"], told["audit"], told["opted_out"]) == (4, 2, True)
    left = await world.reader.run(dump)
    words = (ALICE, IN_TPDUS, "a secret for Alice", "my own words")
    assert not [word for word in words if word in left]
    assert "a word for Bob" in left
    assert await world.status(later) == "scheduled"
    shown = await show(world)
    assert (shown["messages"], shown["audit"], shown["conversations"]) == ([], [], [])
    verdict = await world.reader.run(lambda c: verify(c, [], world.ledger.key))
    assert (verdict.erased, verdict.breaks) == (2, ())


async def test_consents_are_shown_and_erased(world: World) -> None:
    """Of what was withdrawn only that it was stays, under the hash; another's stay whole, and the
    number stands nowhere afterwards."""
    for number in (ALICE, BOB):
        for kind in ("marketing", "transactional"):
            consent = Consent(number, kind, "all", f"form of {number}", "key_1", wording="I agree")
            await world.gateway.consent_desk.give(consent)
    await withdraw_marketing(world)
    shown = (await show(world))["consents"]
    assert [(item["kind"], item["state"]) for item in shown] == [
        ("marketing", "withdrawn"),
        ("transactional", "given"),
    ]
    told = await erase(world)
    assert (told["consents"], told["audit"]) == (2, 3)
    assert ALICE not in await world.reader.run(dump)
    (left,) = (await show(world))["consents"]
    assert left["number"] == world.ledger.erased_as(ALICE)
    assert (left["kind"], left["state"], left["ended_by"]) == ("marketing", "withdrawn", "request")
    assert {left[name] for name in ("source", "wording", "evidence", "message")} == {"", None}
    assert len((await show(world, BOB))["consents"]) == 2


async def withdraw_marketing(world: World) -> None:
    await world.gateway.consent_desk.withdraw(
        ALICE, by="key_1", reason="asked", kind="marketing", scope=None
    )


async def test_a_list_from_before_brings_nothing_back_of_whom_was_erased(world: World) -> None:
    """What they had withdrawn stays so, however often they are erased; a newer consent counts."""
    old = Consent(ALICE, "marketing", "all", "form", "key_1", obtained_at=world.clock.now)
    for _ in range(2):
        new = replace(old, obtained_at=world.clock.now)
        assert await world.gateway.bulk.consent([new]) == [True]
        world.clock.now += 60.0
        await withdraw_marketing(world)
        await erase(world)
        world.clock.now += 60.0
        for one in (old, new):
            (outcome,) = await world.gateway.bulk.consent([one])
            assert isinstance(outcome, RefusalError)
            assert outcome.kind == "withdrawn-since"
        assert ALICE not in await world.reader.run(dump)
    assert len((await show(world))["consents"]) == 1


async def test_start_brings_back_what_its_stop_had_ended_of_whom_was_erased(
    world: World, modem: ScriptedModem
) -> None:
    """As it does of others, with the START for evidence; not what they withdrew by themselves."""
    for kind in ("marketing", "transactional"):
        await world.gateway.consent_desk.give(Consent(ALICE, kind, "all", "form", "key_1"))
    await withdraw_marketing(world)
    await world.write(modem, "STOP")
    await world.until(lambda: len(modem.written) == 1)
    await erase(world)
    await world.write(modem, "START")
    shown = (await show(world))["consents"]
    assert [(item["kind"], item["state"], item["source"]) for item in shown] == [
        ("marketing", "withdrawn", ""),
        ("transactional", "given", "keyword"),
    ]


async def test_an_erased_opt_out_still_refuses_and_start_lifts_it(
    world: World, modem: ScriptedModem, make_world: MakeWorld
) -> None:
    """At accept, also after a restart; nobody has to know the number for it."""
    await world.write(modem, "STOP")
    await world.until(lambda: len(modem.written) == 1)
    await erase(world)
    refusal = await world.ask()
    assert isinstance(refusal, RefusalError)
    assert refusal.kind == "opted-out"
    assert ALICE in world.gateway.refusals
    assert BOB not in world.gateway.refusals
    await world.stop()
    await world.start(modem)
    assert ALICE in world.gateway.refusals
    assert isinstance(await world.ask(), RefusalError)
    await world.write(modem, "STOP")
    assert await world.reader.run(lambda c: c.execute(_OPT_OUTS).scalar_one()) == 1
    await world.write(modem, "START")
    assert ALICE not in world.gateway.refusals
    await world.becomes(await world.send(text="Welcome back"), "sent")


_OPT_OUTS = select(func.count()).select_from(tables.opt_outs)


async def test_a_text_accepted_elsewhere_meanwhile_is_blocked_in_the_claim(
    world: World, modem: ScriptedModem
) -> None:
    """As of another host that did not know of the opt-out yet: it is ended, and never begins."""
    message_id = await world.send(send_at=world.clock.now + 60)
    await hide_an_opt_out(world)
    await world.later(61)
    await world.becomes(message_id, "blocked")
    assert modem.written == []


async def test_the_write_ahead_asks_the_database_for_hashes(
    world: World, modem: ScriptedModem
) -> None:
    """Erased on another host after our claim, and memory does not know of it yet."""
    begin = asyncio.Event()
    modem.plan(Script(before_obtain=begin))
    message_id = await world.send()
    await world.until_async(lambda: world.claimed(message_id))
    await hide_an_opt_out(world)
    begin.set()
    await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
    assert modem.withdrawn == 1

    async def put_off() -> bool:
        return (await world.row(message_id)).ready_at is not None

    await world.until_async(put_off)
    await world.later(2)
    await world.becomes(message_id, "blocked")


async def test_what_is_queued_is_canceled_and_what_is_under_review_ends_as_an_opt_out(
    world: World, modem: ScriptedModem
) -> None:
    """Nobody could decide about a text that is gone; so nothing more is sent on doubt."""
    await world.write(modem, "not interested")
    await world.send(send_at=world.clock.now + 60)
    shown = await show(world)
    assert len(shown["reviews"]) == 1
    told = await erase(world)
    assert (told["messages"], told["opted_out"]) == (2, True)
    await world.later(61)
    assert modem.written == []
    assert isinstance(await world.ask(), RefusalError)


async def test_a_text_on_the_air_is_waited_for(
    world: World, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer has to be recorded; one that does not come refuses the erasing, whole."""
    answered = asyncio.Event()
    script = Script(before_answer=answered)
    modem.plan(script)
    await world.send(text="on the air")
    await script.written.wait()
    monkeypatch.setattr(persons, "WAIT_S", 0.3)
    with pytest.raises(RefusalError) as refusal:
        await erase(world)
    assert refusal.value.kind == "in-flight"
    assert len((await show(world))["messages"]) == 1
    monkeypatch.setattr(persons, "WAIT_S", 10.0)
    erasing = asyncio.create_task(erase(world))
    answered.set()
    assert (await erasing)["messages"] == 1
    assert (await show(world))["messages"] == []


async def test_what_is_claimed_and_has_not_begun_never_does(
    world: World, modem: ScriptedModem
) -> None:
    """The modem takes it back, though nobody knows of it any more, and goes on with others."""
    begin = asyncio.Event()
    modem.plan(Script(before_obtain=begin))
    message_id = await world.send(text="for Alice")
    await world.until_async(lambda: world.claimed(message_id))
    assert (await erase(world))["messages"] == 1
    begin.set()
    await world.until(lambda: modem.withdrawn == 1)
    await world.becomes(await world.send(to=BOB, text="for Bob"), "sent")
    assert modem.texts == ["for Bob"]
    withdrawn, now = SubmitResult(Outcome.WITHDRAWN), world.clock.now
    attempt = settle.Attempt(message_id, 1, world.line(modem), "mod_any", begun=False)
    step = await world.writer.run(
        lambda tx: settle.record(tx, attempt, withdrawn, world.settings, now)
    )
    assert step is settle.Step.DONE


async def test_what_is_in_doubt_goes_with_the_rest(world: World, modem: ScriptedModem) -> None:
    """Nobody waits for its outcome any more."""
    modem.plan(unknown())
    await world.becomes(await world.send(), "in_doubt")
    assert (await erase(world))["messages"] == 1
    await world.becomes(await world.send(text="anew"), "sent")


async def test_no_webhook_is_sent_what_was_erased(world: World, modem: ScriptedModem) -> None:
    """What still waits for an endpoint is gone, and what it has got cannot be sent again."""
    endpoint = Endpoint("http://127.0.0.1:9/hook", ("*",), "whsec_" + "A" * 32)
    await world.writer.run(
        lambda tx: webhooks.sync_configured(tx.connection, [endpoint], world.clock.now)
    )
    await world.becomes(await world.send(), "sent")
    await world.becomes(await world.send(to=BOB), "sent")
    before = await world.reader.run(owed)
    await erase(world)
    left = await world.reader.run(owed)
    assert "person.erased" in left
    assert 0 < left.count("message.status") < before.count("message.status")
    orphans = select(func.count()).where(
        tables.deliveries.c.position.not_in(select(tables.events.c.position))
    )
    assert await world.reader.run(lambda c: c.execute(orphans).scalar_one()) == 0


def owed(connection: Connection) -> list[str]:
    """The types of the events that webhooks are owed."""
    joined = tables.deliveries.c.position == tables.events.c.position
    query = select(tables.events.c.type).join(tables.deliveries, joined)
    return list(connection.execute(query).scalars())


async def test_the_same_request_again_texts_nobody_who_was_erased(
    world: World, modem: ScriptedModem
) -> None:
    """The answer stays under its Idempotency-Key, without what it told."""
    once = Once("token", "digest")
    with contextlib.suppress(RefusalError):
        await world.ask(once=once)
    await world.until(lambda: len(modem.written) == 1)
    await world.until_async(lambda: is_sent(world))
    await erase(world)
    again = await world.ask(once=once)
    assert isinstance(again, dict)
    assert (again["to"], again["text"]) == (None, "")
    assert len(modem.written) == 1


async def is_sent(world: World) -> bool:
    return [item["status"] for item in (await show(world))["messages"]] == ["sent"]


async def test_another_host_learns_that_an_erased_person_opted_out(
    two_hosts: tuple[World, World],
) -> None:
    """By its hash alone."""
    here, there = two_hosts
    await here.start()
    await there.start()
    await here.gateway.opt_out(ALICE, "api", "")
    await there.until(lambda: ALICE in there.gateway.refusals)
    await erase(here)
    there.gateway.refusals.forget(ALICE)
    await there.until(lambda: ALICE in there.gateway.refusals)
    await here.stop()
    await there.stop()
