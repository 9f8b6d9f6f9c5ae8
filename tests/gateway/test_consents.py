"""Consent: what needs it goes only while it is on record, asked at every step to the modem."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.consent.gate import Policy
from modemgw.consent.requirement import Requirement
from modemgw.consent.scopes import OptOutRules
from modemgw.gateway import consenting
from modemgw.gateway.asking import Checked
from modemgw.gateway.consenting import Consent
from modemgw.gateway.requests import Caller, RefusalError, SendRequest
from modemgw.gateway.settings import Pool
from modemgw.store import consents
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import ALICE, BOB, START, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.gateway.conftest import MakeWorld

POLICY = replace(Policy.parse("off", ["*"]), consent=Requirement(frozenset({"marketing"})))
FORM = Consent(ALICE, "marketing", "all", "form", "key_1", evidence="form 7")


@pytest.fixture
async def world(make_world: MakeWorld) -> AsyncIterator[World]:
    """A running gateway whose marketing needs consent."""
    world = make_world(policy=POLICY)
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
async def modem(world: World) -> ScriptedModem:
    """A modem that is ready."""
    modem = ScriptedModem(1)
    await world.present(modem)
    return modem


async def give(world: World, consent: Consent = FORM) -> None:
    await world.gateway.consent_desk.give(consent)


async def withdraw(world: World, **which: Any) -> list[dict[str, Any]]:
    values = {"by": "key_1", "reason": "asked", "kind": None, "scope": None, **which}
    return await world.gateway.consent_desk.withdraw(ALICE, **values)


async def states(world: World) -> list[tuple[str, str, str]]:
    rows = await world.reader.run(lambda c: consents.of_number(c, ALICE))
    return [(row.kind, row.state, row.source) for row in rows]


async def audit(world: World) -> list[str]:
    rows = await world.reader.run(lambda c: world.ledger.entries(c, ALICE))
    return [row["action"] for row in rows][::-1]


async def refused(world: World, **options: Any) -> str:
    """The problem for which an offer is refused; "" where it is taken."""
    answer = await world.ask(text="An offer", **{"kind": "marketing", **options})
    return answer.kind if isinstance(answer, RefusalError) else ""


async def ends_blocked(world: World, message_id: str) -> None:
    """Wait until a text that was taken back is looked at again, and refused."""

    async def waits() -> bool:
        return (await world.row(message_id)).ready_at is not None

    await world.until_async(waits)
    await world.later(2)
    await world.becomes(message_id, "blocked")


async def test_an_offer_is_taken_only_with_consent(world: World, modem: ScriptedModem) -> None:
    """Of that recipient and that kind; what needs none goes without."""
    assert await refused(world) == "consent-required"
    await give(world, replace(FORM, kind="transactional"))
    assert await refused(world) == "consent-required"
    await give(world)
    await world.becomes(await world.send(kind="marketing"), "sent")
    assert await refused(world, to=BOB) == "consent-required"
    await world.becomes(await world.send(BOB, kind="transactional"), "sent")


async def test_consent_to_a_pool_is_none_to_others(world: World) -> None:
    """And consent to all counts for each."""
    await give(world, replace(FORM, scope="pool:sales"))
    assert await refused(world, pool="sales") == ""
    assert await refused(world) == "consent-required"
    await give(world)
    assert await refused(world) == ""


async def test_withdrawn_after_it_was_accepted_it_is_blocked_at_the_claim(
    world: World, modem: ScriptedModem
) -> None:
    """The consent stays on record with its evidence; both changes are told and in the audit."""
    await give(world)
    waiting = await world.send(kind="marketing", send_at=world.clock.now + 60)
    (ended,) = await withdraw(world)
    assert (ended["state"], ended["ended_by"], ended["evidence"]) == (
        "withdrawn",
        "request",
        "form 7",
    )
    await world.later(61)
    await world.becomes(waiting, "blocked")
    row = await world.row(waiting)
    assert row.error_code == "consent_required"
    world.assert_nothing_dangles(row)
    assert modem.written == []
    assert await audit(world) == ["consent_given", "consent_withdrawn", "blocked"]
    assert len(await world.events("consent.given")) == 1
    assert len(await world.events("consent.withdrawn")) == 1


async def test_the_write_ahead_asks_the_database_for_consent(
    world: World, modem: ScriptedModem
) -> None:
    """Another host has withdrawn it after our claim, and memory does not know of it yet."""
    await give(world)
    begin = asyncio.Event()
    modem.plan(Script(before_obtain=begin))
    message_id = await world.send(kind="marketing")
    await world.until_async(lambda: world.claimed(message_id))
    await world.writer.run(
        lambda tx: consents.end(tx.connection, (ALICE, "marketing", "all"), 1.0, "request")
    )
    begin.set()
    await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
    assert modem.withdrawn == 1
    await ends_blocked(world, message_id)


async def test_withdrawn_between_the_clearance_and_the_write_nothing_goes(
    world: World, modem: ScriptedModem
) -> None:
    """The last look is into memory; what needs no consent passes it."""
    await give(world)
    prompt = asyncio.Event()
    script = Script(before_verdict=prompt)
    modem.plan(script)
    message_id = await world.send(kind="marketing")
    await script.cleared.wait()
    await withdraw(world)
    prompt.set()
    await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
    assert modem.withdrawn == 1
    await ends_blocked(world, message_id)
    await world.becomes(await world.send(kind="transactional"), "sent")


async def test_an_answer_to_the_customer_s_own_text_needs_none(make_world: MakeWorld) -> None:
    """Where even conversations need consent."""
    policy = replace(POLICY, consent=Requirement(frozenset({"conversational"})))
    world, modem = make_world(policy=policy), ScriptedModem(1)
    await world.start(modem)
    assert await refused(world, kind="conversational") == "consent-required"
    await world.write(modem, "When do you open?")
    await world.becomes(await world.send(kind="conversational"), "sent")
    await world.stop()


async def test_stop_withdraws_and_start_brings_back_what_it_ended(
    world: World, modem: ScriptedModem
) -> None:
    """Our confirmation promises so. What was withdrawn by itself stays so."""
    await give(world)
    await give(world, replace(FORM, kind="transactional"))
    await withdraw(world, kind="transactional")
    await world.write(modem, "STOP")
    assert await states(world) == [
        ("marketing", "withdrawn", "form"),
        ("transactional", "withdrawn", "form"),
    ]
    await world.write(modem, "START")
    assert await states(world) == [
        ("marketing", "given", "keyword"),
        ("transactional", "withdrawn", "form"),
    ]
    row = await world.reader.run(lambda c: consents.get(c, ALICE, "marketing", "all"))
    assert row is not None
    assert row.message_id == (await world.inbound())[-1].id
    await world.becomes(await world.send(kind="marketing"), "sent")


POOLS = MappingProxyType({name: Pool(name, frozenset()) for name in ("sales", "care", "news")})
RULES = OptOutRules("brand", frozenset(POOLS), MappingProxyType({"sales": "a", "news": "a"}))


async def test_an_opt_out_ends_the_consents_that_lie_in_its_scope(
    make_plain_world: MakeWorld,
) -> None:
    """One of a brand those to its pools; the others, and that to all pools, when all are ended."""
    world = make_plain_world(policy=POLICY, pools=POOLS, optouts=RULES)
    await world.start()
    for scope in ("all", "pool:sales", "pool:care"):
        await give(world, replace(FORM, scope=scope))
    await world.gateway.opt_out(ALICE, "api", "asked", "brand:a")
    assert await refused(world, pool="sales") == "opted-out"
    assert await refused(world, pool="care") == ""
    rows = await world.reader.run(lambda c: consents.of_number(c, ALICE))
    assert [(row.scope, row.ended_by) for row in rows] == [
        ("all", None),
        ("pool:care", None),
        ("pool:sales", "opt_out"),
    ]
    await world.gateway.opt_out(ALICE, "api", "asked", "all")
    assert {state for _, state, _ in await states(world)} == {"withdrawn"}
    await world.stop()


async def test_consent_to_a_brand_is_one_to_each_of_its_pools(make_world: MakeWorld) -> None:
    """And to no other. Withdrawn, it lets nothing begin that was accepted with it."""
    pools = MappingProxyType({name: Pool(name, frozenset({"+12025550191"})) for name in POOLS})
    world, modem = make_world(policy=POLICY, pools=pools, optouts=RULES), ScriptedModem(1)
    await world.start(modem)
    await give(world, replace(FORM, scope="brand:a"))
    refusals = {pool: await refused(world, pool=pool) for pool in (*POOLS, None)}
    assert refusals == {
        "sales": "",
        "news": "",
        "care": "consent-required",
        None: "consent-required",
    }
    await world.becomes(await world.send(kind="marketing", pool="sales"), "sent")
    waiting = await world.send(kind="marketing", pool="news", send_at=world.clock.now + 60)
    await withdraw(world, scope="brand:a")
    await world.later(61)
    await world.becomes(waiting, "blocked")
    await world.stop()


async def test_an_opt_out_of_a_brand_ends_the_consent_to_it_and_one_of_a_pool_does_not(
    make_plain_world: MakeWorld,
) -> None:
    """Unless that pool is all of the brand; the START that lifts it brings the consent back."""
    rules = OptOutRules("pool", frozenset(POOLS), MappingProxyType({"sales": "a", "care": "b"}))
    rules = replace(rules, brands=MappingProxyType({**rules.brands, "news": "a"}))
    pools = MappingProxyType({**POOLS, "care": Pool("care", frozenset({"+12025550191"}))})
    world, modem = make_plain_world(policy=POLICY, pools=pools, optouts=rules), ScriptedModem(1)
    await world.start(modem)
    for brand in ("a", "b"):
        await give(world, replace(FORM, scope=f"brand:{brand}"))
    await world.gateway.opt_out(ALICE, "api", "asked", "pool:news")
    await world.write(modem, "STOP")  # to a line of the pool `care`
    rows = await world.reader.run(lambda c: consents.of_number(c, ALICE))
    assert [(row.scope, row.state) for row in rows] == [
        ("brand:a", "given"),
        ("brand:b", "withdrawn"),
    ]
    assert await refused(world, pool="news") == "opted-out"
    assert await refused(world, pool="sales") == ""
    await world.write(modem, "START")
    assert await refused(world, pool="care") == ""
    await world.stop()


async def test_an_opt_out_leaves_the_consents_to_kinds_that_it_leaves(
    make_plain_world: MakeWorld,
) -> None:
    """As the configuration has it; marketing never is."""
    rules = OptOutRules(leaves=frozenset({"transactional"}), leaves_in=frozenset({"FR"}))
    world, modem = make_plain_world(policy=POLICY, optouts=rules), ScriptedModem(1)
    await world.start(modem)
    french = "+33612345678"
    for kind in ("marketing", "transactional"):
        await give(world, replace(FORM, number=french, kind=kind))
    await world.write(modem, "STOP", sender=french)
    rows = await world.reader.run(lambda c: consents.of_number(c, french))
    assert [(row.kind, row.state) for row in rows] == [
        ("marketing", "withdrawn"),
        ("transactional", "given"),
    ]
    await world.stop()


async def test_a_start_gives_as_widely_as_the_opt_outs_that_it_lifts(
    make_plain_world: MakeWorld,
) -> None:
    """To the pool whose opt-out it lifts, and not to one whose own still stands."""
    rules = OptOutRules("pool", frozenset(POOLS))
    pools = MappingProxyType({**POOLS, "sales": Pool("sales", frozenset({"+12025550191"}))})
    settings = {"pools": pools, "optouts": rules, "start_gives": ("marketing",)}
    world, modem = make_plain_world(policy=POLICY, **settings), ScriptedModem(1)
    await world.start(modem)
    await give(world, replace(FORM, scope="pool:care"))
    await world.gateway.opt_out(ALICE, "api", "asked", "pool:care")
    await world.write(modem, "STOP")
    await world.write(modem, "START")
    rows = await world.reader.run(lambda c: consents.of_number(c, ALICE))
    assert [(row.scope, row.state) for row in rows] == [
        ("pool:care", "withdrawn"),
        ("pool:sales", "given"),
    ]
    await world.stop()


async def test_a_start_brings_back_nothing_that_another_opt_out_had_ended(
    make_plain_world: MakeWorld,
) -> None:
    """That one was lifted by hand, which gives no consent; nor does a START to another pool."""
    rules = OptOutRules("pool", frozenset(POOLS))
    pools = MappingProxyType({**POOLS, "sales": Pool("sales", frozenset({"+12025550191"}))})
    world, modem = make_plain_world(policy=POLICY, pools=pools, optouts=rules), ScriptedModem(1)
    await world.start(modem)
    await give(world, replace(FORM, scope="pool:care"))
    await world.gateway.opt_out(ALICE, "api", "asked", "pool:care")
    await world.gateway.opt_in(ALICE, "api", "a mistake", "pool:care")
    await world.write(modem, "STOP")
    await world.write(modem, "START")
    assert await states(world) == [("marketing", "withdrawn", "form")]
    await world.stop()


async def test_a_list_is_older_than_the_last_of_several_refusals(world: World) -> None:
    """What they agreed to between two, the second has ended."""
    await world.gateway.opt_out(ALICE, "api", "on the phone")
    obtained_at = world.clock.now + 60.0
    world.clock.now += 120.0
    await world.gateway.opt_out(ALICE, "api", "on the phone, again")
    found = await world.gateway.bulk.consent([replace(FORM, obtained_at=obtained_at)])
    assert isinstance(found[0], RefusalError)
    assert await states(world) == []


async def test_a_list_is_older_than_the_withdrawal_of_a_wider_consent(
    make_plain_world: MakeWorld,
) -> None:
    """Who wants no offers of anybody wants none of one brand or pool; a newer row counts."""
    rules = OptOutRules(pools=frozenset({"sales", "care"}), brands=MappingProxyType({"sales": "a"}))
    world = make_plain_world(policy=POLICY, optouts=rules)
    await world.start()
    for wide, narrow in (("all", "brand:a"), ("brand:a", "pool:sales")):
        await give(world, replace(FORM, scope=wide))
        obtained_at = world.clock.now
        world.clock.now += 60.0
        await withdraw(world)
        old = replace(FORM, scope=narrow, obtained_at=obtained_at)
        (outcome,) = await world.gateway.bulk.consent([old])
        assert isinstance(outcome, RefusalError)
        assert outcome.kind == "withdrawn-since"
        world.clock.now += 60.0
    new = replace(FORM, scope="pool:sales", obtained_at=world.clock.now)
    other = replace(FORM, scope="pool:care", kind="transactional", obtained_at=START)
    assert await world.gateway.bulk.consent([new, other]) == [True, True]
    await world.stop()


async def test_a_start_brings_back_nothing_that_was_withdrawn_behind_the_stop(
    world: World, modem: ScriptedModem
) -> None:
    """They wrote STOP, and then had their consent withdrawn for good."""
    await give(world)
    await world.write(modem, "STOP")
    assert len(await withdraw(world)) == 1
    assert await withdraw(world) == []
    await world.write(modem, "START")
    assert await refused(world) == "consent-required"


async def test_what_is_asked_beforehand_is_told_of_consent(world: World) -> None:
    """ "May I text them", and a preview, say what the acceptance would."""
    wanted = SendRequest(to=ALICE, text="An offer", kind="marketing")
    caller = Caller("key_1", frozenset({"read"}), frozenset({"marketing"}))
    asking = world.gateway.asking
    for given in (False, True):
        if given:
            await give(world)
        checked, asked = await asking.check(wanted, caller), await asking.ask(wanted, caller)
        assert isinstance(checked, Checked)
        rules = [objection.rule for objection in checked.objections]
        assert rules == ([] if given else ["consent_required"])
        told = "" if asked.refusal is None else asked.refusal.kind
        assert told == ("" if given else "consent-required")


async def test_an_opt_out_that_is_lifted_by_hand_brings_no_consent_back(world: World) -> None:
    """Whoever lifts it records the new consent."""
    await give(world)
    await world.gateway.opt_out(ALICE, "api", "on the phone")
    await world.gateway.opt_in(ALICE, "api", "a new form")
    assert await refused(world) == "consent-required"


@pytest.mark.parametrize("kinds", [(), ("marketing",)])
async def test_a_start_is_consent_where_the_configuration_says_so(
    make_world: MakeWorld, kinds: tuple[str, ...]
) -> None:
    """That which lifts an opt-out; else nobody agrees to what they had not agreed to before."""
    world, modem = make_world(policy=POLICY, start_gives=kinds), ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, "START")
    assert await refused(world) == "consent-required"  # nothing was refused that it could lift
    await world.write(modem, "STOP")
    await world.write(modem, "START")
    assert await refused(world) == ("" if kinds else "consent-required")
    await world.stop()


async def test_the_same_once_more_changes_nothing(world: World) -> None:
    """One entry in the audit, one event; a withdrawal of nothing is none."""
    for _ in range(2):
        await give(world)
    await withdraw(world)
    assert await withdraw(world) == []
    assert await audit(world) == ["consent_given", "consent_withdrawn"]


async def test_another_host_s_withdrawal_reaches_the_last_look(
    two_hosts: tuple[World, World],
) -> None:
    """Within moments, by its event."""
    here, there = two_hosts
    await here.start()
    await there.start()
    await give(here)
    before = asyncio.get_running_loop().time()
    await withdraw(here)
    await there.until(lambda: there.gateway.refusals.withdrawals.since(ALICE, before))
    await here.stop()
    await there.stop()


async def test_a_withdrawal_that_fails_holds_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hold is left; the consent stands."""
    await give(world)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(consenting, "withdraw", fail)
        with pytest.raises(RuntimeError):
            await withdraw(world)
    assert not world.gateway.refusals.withdrawals.since(ALICE, 0.0)
    assert await refused(world) == ""
