"""Opt-outs of one pool or brand: what they cover is held, everywhere; the rest goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from modemgw.consent.keywords import own_words
from modemgw.consent.replies import Replies, Reply
from modemgw.consent.scopes import OptOut, OptOutRules
from modemgw.gateway.refusals import Refusals
from modemgw.gateway.requests import RefusalError
from modemgw.gateway.settings import Pool
from modemgw.store import optouts
from modemgw.store.messages import Filter, find
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import ALICE, START, World

if TYPE_CHECKING:
    from collections.abc import Collection

    from modemgw.consent.scopes import Width
    from tests.gateway.conftest import MakeWorld

FRENCH = "+33612345678"
# Lines one and two sell for Acme, three supports it, four asks for another firm.
LINES = {"sales": {1, 2}, "support": {3}, "surveys": {4}}
POOLS = MappingProxyType(
    {
        name: Pool(name, frozenset(f"+120255501{90 + line}" for line in lines))
        for name, lines in LINES.items()
    }
)
BRANDS = {"sales": "acme", "support": "acme"}
STANDING = {
    "source": "keyword",
    "reason": "on another host",
    "created_at": 0.0,
    "sent_at": 0.0,
}


def rules(width: Width = "pool", leaves: Collection[str] = ()) -> dict[str, Any]:
    """The settings of a bank of three pools."""
    told = OptOutRules(width, frozenset(POOLS), BRANDS, frozenset(leaves))
    return {"pools": POOLS, "optouts": told}


async def scopes(world: World, number: str = ALICE) -> list[str]:
    rows = await world.reader.run(lambda c: optouts.of(c, number))
    return [row.scope for row in rows]


async def confirmations(world: World) -> int:
    rows = await world.reader.run(
        lambda c: find(c, Filter(direction="outbound"), before=None, limit=100)
    )
    return sum(row.permit == "confirmation" for row in rows)


async def asked(world: World, **options: Any) -> str | None:
    """Ask for a text; by which rule it was refused."""
    answer = await world.ask(**options)
    return answer.kind if isinstance(answer, RefusalError) else None


async def test_a_stop_to_a_pool_cancels_and_refuses_its_texts_alone(make_world: MakeWorld) -> None:
    """Those of other pools go on; one that names no pool might go by any, and does not go."""
    world = make_world(**rules())
    sales, support = ScriptedModem(1), ScriptedModem(3)
    await world.start(sales, support)
    at = world.clock.now + 3_600
    queued = {pool: await world.send(pool=pool, send_at=at) for pool in (*POOLS, None)}
    await world.write(sales, "Stop")
    assert await scopes(world) == ["pool:sales"]
    stands = {pool: await world.status(message_id) for pool, message_id in queued.items()}
    assert stands == {
        "sales": "canceled",
        None: "canceled",
        "support": "scheduled",
        "surveys": "scheduled",
    }
    assert await asked(world, pool="sales") == await asked(world) == "opted-out"
    await world.becomes(await world.send(pool="support", text="Your parcel"), "sent")
    (created,) = await world.events("optout.created")
    assert (created.data["scope"], created.data["leaves"]) == ("pool:sales", [])
    assert support.texts == ["Your parcel"]
    await world.until(lambda: len(sales.texts) == 1)  # the confirmation
    await world.stop()


async def test_a_stop_to_a_brand_covers_its_pools(make_world: MakeWorld) -> None:
    """A line whose pool is of no brand has the next wider scope: all."""
    world = make_world(**rules("brand"))
    sales, surveys = ScriptedModem(1), ScriptedModem(4)
    await world.start(sales, surveys)
    await world.write(sales, "STOP")
    assert [await asked(world, pool=pool) for pool in POOLS] == ["opted-out", "opted-out", None]
    await world.write(surveys, "STOP")
    assert await scopes(world) == ["all", "brand:acme"]
    assert await asked(world, pool="surveys") == "opted-out"
    assert await confirmations(world) == 1
    await world.stop()


@pytest.mark.parametrize("words", ["STOP ALL", "stopall", "Please stop texting me", "STOP alles"])
async def test_stop_all_and_plain_refusals_end_everything(
    make_world: MakeWorld, words: str
) -> None:
    """Whatever is configured: also what an earlier STOP has left."""
    world = make_world(**rules(leaves={"transactional"}))
    modem = ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, "STOP", FRENCH)
    kept = await world.send(FRENCH, pool="surveys", send_at=world.clock.now + 3_600)
    await world.write(modem, words, FRENCH)
    assert await world.status(kept) == "canceled"
    assert await scopes(world, FRENCH) == ["all", "pool:sales"]
    for kind in ("transactional", "conversational", "marketing"):
        assert await asked(world, to=FRENCH, pool="surveys", kind=kind) == "opted-out"
    await world.stop()


async def test_stop_all_ends_what_a_stop_of_the_same_scope_left(make_world: MakeWorld) -> None:
    """It is told as an event, and cancels; a STOP after it brings nothing back."""
    world = make_world(**rules("all", {"transactional"}))
    modem = ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, "STOP", FRENCH)
    kept = await world.send(FRENCH, kind="transactional", send_at=world.clock.now + 3_600)
    assert await asked(world, to=FRENCH, kind="marketing") == "opted-out"
    await world.write(modem, "STOP ALL", FRENCH)
    assert await world.status(kept) == "canceled"
    await world.write(modem, "STOP", FRENCH)
    assert await asked(world, to=FRENCH, kind="transactional") == "opted-out"
    told = [event.data["leaves"] for event in await world.events("optout.created")]
    assert told == [["transactional"], []]
    await world.stop()


async def test_start_lifts_what_covers_its_line_and_nothing_else(make_world: MakeWorld) -> None:
    """A START to another pool's line is ordinary talk."""
    world = make_world(**rules())
    sales, surveys = ScriptedModem(1), ScriptedModem(4)
    await world.start(sales, surveys)
    for modem in (sales, surveys):
        await world.write(modem, "STOP")
    await world.gateway.opt_out(ALICE, "api", "by phone", "brand:acme")
    assert await scopes(world) == ["brand:acme", "pool:sales", "pool:surveys"]
    await world.write(sales, "START")
    assert await scopes(world) == ["pool:surveys"]
    assert [await asked(world, pool=pool) for pool in POOLS] == [None, None, "opted-out"]
    await world.write(sales, "START")
    assert (await world.inbound())[-1].classified is None
    removed = {event.data["scope"] for event in await world.events("optout.removed")}
    assert removed == {"brand:acme", "pool:sales"}
    await world.stop()


async def test_memory_has_the_scopes_after_a_restart(make_world: MakeWorld) -> None:
    """The last check asks it for a text's kind and pool."""
    world = make_world(**rules())
    modem = ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, "STOP")
    await world.stop()
    await world.start()
    refusals = world.gateway.refusals
    found = [refusals.refuses(ALICE, "marketing", pool) for pool in (*POOLS, None)]
    assert found == [True, False, False, True]
    await world.stop()


async def test_a_text_that_the_stop_does_not_cover_goes_after_the_hold(
    make_world: MakeWorld,
) -> None:
    """The hold is of all pools: a text behind the prompt is taken back, and goes a moment later."""
    world = make_world(**rules())
    support = ScriptedModem(3)
    prompt = asyncio.Event()
    script = Script(before_verdict=prompt)
    support.plan(script)
    await world.start(support)
    message_id = await world.send(pool="support")
    await script.cleared.wait()
    with world.gateway.refusals.hold(ALICE):
        prompt.set()
        await world.until(lambda: support.withdrawn == 1)
        held = await world.send(pool="support", text="Second")
        assert (await world.row(held)).hold_reason == "held"

    async def given_back() -> bool:
        return (await world.row(message_id)).claimed_by is None

    await world.until_async(given_back)
    await world.later(1)
    await world.becomes(message_id, "sent")
    await world.becomes(held, "sent")
    await world.stop()


@pytest.mark.parametrize(
    ("scope", "leaves", "kind", "goes"),
    [
        ("pool:sales", "", "transactional", False),
        ("pool:surveys", "", "transactional", True),
        ("brand:acme", "", "marketing", False),
        ("all", "transactional", "transactional", True),
        ("all", "transactional", "marketing", False),
    ],
)
async def test_a_claim_asks_for_the_scope_and_kind(
    make_world: MakeWorld, scope: str, leaves: str, kind: str, goes: bool
) -> None:
    """Of an opt-out that came while the text waited, and that nobody has canceled it for."""
    world = make_world(**rules(leaves={"transactional"}))
    modem = ScriptedModem(1)
    await world.start()
    message_id = await world.send(FRENCH, pool="sales", kind=kind)
    values = {"number": FRENCH, "scope": scope, "leaves": leaves, **STANDING}
    await world.writer.run(lambda tx: optouts.add(tx.connection, values))
    await world.present(modem)
    await world.becomes(message_id, "sent" if goes else "blocked")
    await world.stop()


@pytest.mark.parametrize(("scope", "goes"), [("pool:sales", False), ("pool:surveys", True)])
async def test_the_write_ahead_asks_for_the_scope(
    make_world: MakeWorld, scope: str, goes: bool
) -> None:
    """Another host's STOP is committed after our claim, and memory does not know of it yet."""
    world = make_world(**rules())
    modem = ScriptedModem(1)
    begin = asyncio.Event()
    modem.plan(Script(before_obtain=begin))
    await world.start(modem)
    message_id = await world.send(pool="sales")
    await world.until_async(lambda: world.claimed(message_id))
    values = {"number": ALICE, "scope": scope, "leaves": "", **STANDING}
    await world.writer.run(lambda tx: optouts.add(tx.connection, values))
    begin.set()
    await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
    assert (modem.withdrawn, len(modem.written)) == (0, 1) if goes else (1, 0)
    await world.stop()


async def test_another_host_learns_the_scope(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the opt-out, and that one of two was lifted."""
    monkeypatch.setattr("modemgw.gateway.gateway.FOLLOW_S", 0.05)
    here, there = World(postgres_url, **rules()), World(postgres_url, host="there", **rules())
    one = ScriptedModem(1)
    await here.start(one)
    await there.start()
    refusals = there.gateway.refusals
    await here.write(one, "STOP")
    await there.until(lambda: refusals.refuses(ALICE, "marketing", "sales"))
    assert not refusals.refuses(ALICE, "marketing", "support")
    await here.gateway.opt_out(ALICE, "api", "by phone", "pool:support")
    await there.until(lambda: refusals.refuses(ALICE, "marketing", "support"))
    await here.write(one, "START")
    await there.until(lambda: not refusals.refuses(ALICE, "marketing", "sales"))
    assert refusals.refuses(ALICE, "marketing", "support")
    await here.stop()
    await there.stop()


async def test_a_narrow_opt_out_leaves_the_review_of_the_others_open(
    make_world: MakeWorld,
) -> None:
    """What may have been a refusal of everything still holds the marketing of other pools."""
    world = make_world(**rules())
    sales = ScriptedModem(1)
    await world.start(sales)
    await world.write(sales, "not interested")
    assert world.gateway.refusals.review_due_at(ALICE) is not None
    await world.write(sales, "STOP")
    assert world.gateway.refusals.review_due_at(ALICE) is not None
    held = await world.send(pool="surveys", kind="marketing")
    assert (await world.row(held)).hold_reason == "under_review"
    await world.write(sales, "STOP ALL")
    assert world.gateway.refusals.review_due_at(ALICE) is None
    assert await world.status(held) == "canceled"
    await world.stop()


@pytest.mark.parametrize(
    ("digits", "ton"),
    [
        ("+12025550111", 1),
        ("12025550111", 0),
        ("2025550111", 2),
        ("2025550111", 0),
        ("0012025550111", 0),
        ("01112025550111", 0),
    ],
)
async def test_a_stop_counts_however_the_number_is_written(
    make_world: MakeWorld, digits: str, ton: int
) -> None:
    """International, national (TON 2) and with a prefix for calls abroad: one person."""
    world = make_world(default_region="US")
    modem = ScriptedModem(1)
    await world.start(modem)
    scts = datetime.fromtimestamp(START, UTC)
    (frame,) = pdu.encode_deliver(pdu.Address(digits, ton, 1), "STOP", scts=scts)
    assert await world.arrive(modem, frame.hex)
    for asked_for in (ALICE, "(202) 555-0111", "011 1 202 555 0111"):
        assert await asked(world, to=asked_for) == "opted-out", asked_for
    await world.stop()


async def test_the_api_knows_the_pools_and_brands(make_world: MakeWorld) -> None:
    """An opt-out of one that is not configured would cover everything; it is refused instead."""
    world = make_world(**rules())
    await world.start()
    for scope in ("pool:gone", "brand:sales"):
        with pytest.raises(RefusalError, match="configured") as refusal:
            await world.gateway.opt_out(ALICE, "api", "", scope)
        assert refusal.value.field == "scope"
    await world.gateway.opt_out(ALICE, "api", "", "pool:sales")
    await world.gateway.opt_out(ALICE, "api", "", "brand:acme")
    await world.gateway.opt_in(ALICE, "api", "form", "pool:sales")
    assert await scopes(world) == ["brand:acme"]
    with pytest.raises(RefusalError, match="of pool:sales"):
        await world.gateway.opt_in(ALICE, "api", "form", "pool:sales")
    await world.gateway.opt_in(ALICE, "api", "form")
    assert not len(world.gateway.refusals)
    await world.stop()


def test_an_opt_out_is_kept_in_memory_once_a_scope() -> None:
    """What it left may have become less."""
    refusals = Refusals(OptOutRules(pools=frozenset(POOLS), leaves=frozenset({"transactional"})))
    refusals.add(FRENCH, OptOut("pool:sales", frozenset({"transactional"})))
    assert not refusals.refuses(FRENCH, "transactional", "sales")
    refusals.add(FRENCH, OptOut("pool:sales"))
    assert refusals.refuses(FRENCH, "transactional", "sales")
    assert len(refusals) == 1


async def test_a_pool_has_keywords_and_answers_of_its_own(make_world: MakeWorld) -> None:
    """On its lines alone; each STOP is confirmed once, in the pool's words."""
    pools = dict(POOLS)
    words = own_words(["no bargains"], ["bargains"], ["bargain desk"])
    pools["sales"] = replace(POOLS["sales"], words=words)
    world = make_world(**{**rules(), "pools": MappingProxyType(pools)})
    own = Replies("Acme Deals", {"de": {Reply.OPTED_OUT: "{brand}: Schluss."}}, "de")
    world.replies = Replies("Acme", pools={"sales": own})
    sales, support = ScriptedModem(1), ScriptedModem(3)
    await world.start(sales, support)
    await world.write(support, "No bargains!")
    await world.write(support, "Bargain desk")
    assert await scopes(world) == []
    await world.write(sales, "Bargain desk")
    await world.until(lambda: len(sales.texts) == 1)
    for _ in range(2):
        await world.write(sales, "No bargains!")
    await world.until(lambda: len(sales.texts) == 2)
    await world.write(support, "STOP")
    assert await scopes(world) == ["pool:sales", "pool:support"]
    await world.write(support, "Bargains")
    await world.write(sales, "Bargains")
    assert await scopes(world) == ["pool:support"]
    await world.until(lambda: len(sales.texts) == 3)
    assert sales.texts[0].startswith("Acme Deals: Antworten")
    assert sales.texts[1] == "Acme Deals: Schluss."
    assert sales.texts[2].startswith("Acme Deals: Sie bekommen wieder")
    assert support.texts == []
    kinds = [row.classified for row in await world.inbound()]
    assert kinds == [None, None, "help", "opt_out", "opt_out", "opt_out", None, "opt_in"]
    await world.stop()
