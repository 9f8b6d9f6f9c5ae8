"""What is taken, what is refused, and when a text may go."""

from __future__ import annotations

import asyncio
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from modemgw.consent.gate import Policy
from modemgw.gateway.requests import Caller, ConflictError, Once, RefusalError, SendRequest
from modemgw.gateway.settings import Pool
from modemgw.modem.interface import ModemState
from modemgw.store import tables
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import ALICE, ANYBODY, BOB, START, World

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld

HOUR = 3_600.0


async def kept(world: World) -> int:
    query = select(func.count()).select_from(tables.messages)
    return await world.reader.run(lambda c: c.execute(query).scalar_one())


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"to": "no number"}, "invalid-number", "to"),
    ({"to": "911"}, "invalid-number", "to"),
    ({"text": " \n"}, "empty-text", "text"),
    ({"text": "x" * 10_000}, "text-too-long", "text"),
    ({"text": "ä日" * 900}, "text-too-long", "text"),
    ({"text": "half \ud83d"}, "invalid-text", "text"),
    ({"text": "nul \0"}, "invalid-text", "text"),
    ({"text": "4111 1111 1111 1111"}, "card-number", "text"),
    ({"pool": "none"}, "unknown-pool", "pool"),
    ({"kind": "spam"}, "kind-not-granted", "kind"),
    ({"from_": "+12025550999"}, "unknown-line", "from"),
    ({"from_": "nobody"}, "invalid-number", "from"),
    ({"send_at": START + 400 * 86_400.0}, "invalid-time", "send_at"),
    ({"valid_for_s": 0.5}, "invalid-time", "valid_for"),
    ({"valid_for_s": 1e9}, "invalid-time", "valid_for"),
]


async def test_what_cannot_be_sent_is_refused_and_not_kept(world: World) -> None:
    """Each refusal names the field that is at fault; there is no message."""
    for options, kind, field in REFUSED:
        refusal = await world.ask(**options)
        assert isinstance(refusal, RefusalError), options
        assert (refusal.kind, refusal.field) == (kind, field), options
    assert await kept(world) == 0
    assert world.gateway.tally.refused == Counter(kind for _, kind, _ in REFUSED)


async def test_the_same_idempotency_key_gets_the_same_answer(world: World) -> None:
    """Another body gets a conflict, another API key another message."""
    once = Once("token", "digest")
    first = await world.ask(once=once)
    again = await world.ask(once=once)
    assert isinstance(first, dict)
    assert again == first
    with pytest.raises(ConflictError):
        await world.ask(once=Once("token", "other"))
    stranger = Caller("key_other", ANYBODY.scopes, ANYBODY.kinds)
    (other,) = await world.gateway.send([SendRequest(ALICE, "Hello")], stranger, once)
    assert isinstance(other, dict)
    assert other["id"] != first["id"]
    assert await kept(world) == 2
    assert world.gateway.tally.accepted == {"transactional": 2}


async def test_a_batch_has_an_outcome_for_each_in_order(world: World) -> None:
    """Also when it is asked for again under its key."""
    batch = [SendRequest(ALICE, "one"), SendRequest("nobody", "two"), SendRequest(BOB, "three")]
    once = Once("batch", "d")
    first = await world.gateway.send(batch, ANYBODY, once)
    again = await world.gateway.send(batch, ANYBODY, once)
    for outcomes in (first, again):
        one, two, three = outcomes
        assert isinstance(one, dict)
        assert isinstance(two, RefusalError)
        assert isinstance(three, dict)
        assert (one["text"], two.kind, three["text"]) == ("one", "invalid-number", "three")
    assert await kept(world) == 2


async def test_a_refusal_is_not_kept_under_its_key(world: World) -> None:
    """What was wrong can be put right and asked for again."""
    await world.gateway.opt_out(ALICE, "api", "")
    once = Once("token", "digest")
    assert isinstance(await world.ask(once=once), RefusalError)
    await world.gateway.opt_in(ALICE, "api", "")
    assert isinstance(await world.ask(once=once), dict)


async def test_the_kind_is_the_requests_the_pools_the_keys_or_the_default(world: World) -> None:
    """In this order; a key may only use what it was granted."""
    modem = ScriptedModem(2)
    await world.present(modem)

    async def kind(caller: Caller = ANYBODY, **options: Any) -> str:
        (answer,) = await world.gateway.send([SendRequest(ALICE, "x", **options)], caller)
        return answer.kind if isinstance(answer, RefusalError) else str(answer["kind"])

    chatty = Caller("k", ANYBODY.scopes, ANYBODY.kinds, "conversational")
    modest = Caller("m", ANYBODY.scopes, frozenset({"transactional"}))
    assert await kind() == "transactional"
    assert await kind(chatty) == "conversational"
    assert await kind(chatty, pool="sales") == "marketing"
    assert await kind(chatty, pool="sales", kind="transactional") == "transactional"
    assert await kind(modest, kind="marketing") == "kind-not-granted"


async def test_from_names_a_line_by_number_or_identifier(world: World) -> None:
    """The text goes there and nowhere else; a line that is not in the pool is refused."""
    one, two = ScriptedModem(1), ScriptedModem(2)
    await world.present(one)
    await world.present(two)
    by_number = await world.send(text="by number", from_="202-555-0192")
    by_id = await world.send(text="by id", from_=world.line(two), pool="sales")
    for message_id in (by_number, by_id):
        await world.becomes(message_id, "sent")
    assert sorted(two.texts) == ["by id", "by number"]
    refusal = await world.ask(from_=one.status.number, pool="sales")
    assert isinstance(refusal, RefusalError)
    assert (refusal.kind, refusal.field) == ("unknown-line", "from")


async def test_a_pool_is_served_by_its_lines_only(world: World) -> None:
    """Another line never takes its texts."""
    one, two = ScriptedModem(1), ScriptedModem(2)
    await world.present(one)
    message_id = await world.send(pool="sales", kind="transactional")
    other = await world.send(BOB)
    await world.becomes(other, "sent")
    assert await world.status(message_id) == "queued"
    await world.present(two)
    await world.becomes(message_id, "sent")
    assert two.texts == ["Hello"]


async def test_a_scheduled_text_goes_at_its_time(world: World, modem: ScriptedModem) -> None:
    """Not before; its validity begins then."""
    message_id = await world.send(send_at=START + HOUR, valid_for_s=60.0)
    assert await world.status(message_id) == "scheduled"
    await world.later(HOUR - 1)
    assert await world.status(message_id) == "scheduled"
    await world.later(1)
    await world.becomes(message_id, "sent")


async def test_what_is_not_sent_in_its_validity_expires(world: World) -> None:
    """In a lane or parked, and it waits nowhere afterwards."""
    queued = await world.send(valid_for_s=60.0)
    scheduled = await world.send(send_at=START + 30, valid_for_s=60.0)
    await world.later(61)
    assert await world.status(queued) == "expired"
    await world.later(61)
    for message_id in (queued, scheduled):
        row = await world.row(message_id)
        assert (row.status, row.error_code) == ("expired", "expired")
        world.assert_nothing_dangles(row)


async def test_a_claim_expires_what_is_too_old(world: World) -> None:
    """Before the clock of the upkeep comes round, a line that looks ends it."""
    message_id = await world.send(valid_for_s=60.0)
    world.clock.now += 61
    await world.present(ScriptedModem(1))
    await world.becomes(message_id, "expired")


async def test_outside_the_window_a_text_waits_for_the_morning(make_world: MakeWorld) -> None:
    """15:00 UTC is 08:00 in California, 11:00 in New York; from 09:00 on, spread a little."""
    world, modem = make_world(policy=Policy.parse("09:00-20:00", ["*"])), ScriptedModem(1)
    await world.start(modem)
    west, east = await world.send("+14155550123"), await world.send("+12125550123")
    await world.becomes(east, "sent")
    row = await world.row(west)
    assert (row.status, row.hold_reason) == ("scheduled", "outer_window")
    await world.later(1.25 * HOUR)
    await world.becomes(west, "sent")
    await world.stop()


async def test_whom_lists_and_pools_exclude_is_refused(make_world: MakeWorld) -> None:
    """At the door, before anything is kept; each rule has its own name."""
    policy = Policy.parse(
        "off", ["US"], deny=[BOB], allow=["36111"], pool_destinations={"sales": ["FR"]}
    )
    world = make_world(policy=policy)
    await world.start()
    for to, pool, kind in (
        (BOB, None, "denied"),
        ("36112", None, "service-number"),
        (ALICE, "sales", "destination"),
        ("+33612345678", None, "destination"),
    ):
        refusal = await world.ask(to, pool=pool)
        assert isinstance(refusal, RefusalError)
        assert (refusal.kind, refusal.field) == (kind, "to")
    for to, pool in ((ALICE, None), ("36111", None), ("+33612345678", "sales")):
        assert isinstance(await world.ask(to, pool=pool), dict)
    assert await kept(world) == 3
    await world.stop()


async def test_what_may_not_go_any_more_when_it_is_claimed_is_blocked_or_waits(
    make_world: MakeWorld,
) -> None:
    """The gate is asked at the claim: the policy of the day it goes counts."""
    world = make_world()
    await world.start()
    abroad, here = await world.send("+33612345678"), await world.send("+14155550123")
    await world.stop()
    strict = World(world.url, policy=Policy.parse("09:00-20:00", ["US"]))
    modem = ScriptedModem(1)
    await strict.start(modem)
    await strict.becomes(abroad, "blocked")
    row = await strict.row(abroad)
    assert row.error_code == "destination"
    strict.assert_nothing_dangles(row)

    async def waits() -> bool:
        return str((await strict.row(here)).hold_reason) == "outer_window"

    await strict.until_async(waits)
    await strict.later(1.25 * HOUR)
    await strict.becomes(here, "sent")
    await strict.stop()


async def test_the_urgent_goes_before_the_old(world: World) -> None:
    """Priority first, then age."""
    await world.send(text="c1")
    await world.send(text="offer", kind="marketing")
    await world.send(text="c2")
    last = await world.send(text="chat", kind="conversational")
    await world.send(text="first of all", priority=9)
    modem = ScriptedModem(1)
    await world.present(modem)
    await world.becomes(last, "sent")
    await world.until(lambda: len(modem.written) == 5)
    assert modem.texts == ["first of all", "chat", "c1", "c2", "offer"]


async def test_after_a_start_marketing_waits_for_the_first_sweeps(make_world: MakeWorld) -> None:
    """A STOP may lie unread in a modem; what was asked for is sent meanwhile."""
    world, modem = make_world(start_hold_s=60.0), ScriptedModem(1)
    await world.start(modem)
    offer = await world.send(text="offer", kind="marketing")
    due = await world.send(text="due", send_at=START + 5)
    other = await world.send(text="asked for")
    await world.becomes(other, "sent")
    held = world.gateway.dispatcher.start_hold
    await world.later(6)
    assert (await world.row(due)).hold_reason == "start_hold"
    await world.gateway.swept(modem)
    assert (held, world.gateway.dispatcher.start_hold) == (True, False)
    await world.later(2)
    await world.becomes(offer, "sent")
    await world.becomes(due, "sent")
    await world.stop()


async def test_a_line_keeps_its_row_and_pools_as_its_modem_changes(make_world: MakeWorld) -> None:
    """States are told as events; a SIM that moves is the same line in another modem."""
    pools = {"vip": Pool("vip", frozenset({"8901000000000000001"}))}
    world = make_world(pools=MappingProxyType(pools))
    one, two = ScriptedModem(1), ScriptedModem(2)
    await world.start(one)
    line_id = world.line(one)
    assert world.gateway.roster.line_of(one) is not None
    assert world.gateway.modems_ready == (1, 1)
    one.go(ModemState.NO_SIM)
    await world.present(one)
    two.status = type(two.status)(
        port="/dev/b", state=ModemState.READY, imei="2", iccid="8901000000000000001"
    )
    await world.present(two)
    assert world.line(two) == line_id
    message_id = await world.send(pool="vip")
    await world.becomes(message_id, "sent")
    assert two.texts == ["Hello"]
    states = [e.data["state"] for e in await world.events("modem.state")]
    assert states == ["ready", "no_sim", "ready"]
    await world.stop()


async def test_a_stop_of_the_daemon_lets_what_is_on_the_air_end(make_world: MakeWorld) -> None:
    """And gives back what was claimed ahead."""
    world, modem = make_world(), ScriptedModem(1)
    await world.start(modem)
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    first, second = await world.send(text="first"), await world.send(BOB, "second")
    await script.written.wait()
    stopping = asyncio.create_task(world.gateway.stop())
    await asyncio.sleep(0)
    answer.set()
    await stopping
    assert await world.status(first) == "sent"
    assert (await world.row(second)).claimed_by is None
    await world.kill()
