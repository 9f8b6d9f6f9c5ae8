"""Double opt-in: one text asks, the gate permitting, and a YES alone makes the consent given."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from modemgw.consent.agreement import DoubleOptIn
from modemgw.consent.gate import Policy
from modemgw.consent.hours import parse_window
from modemgw.consent.requirement import Requirement
from modemgw.consent.scopes import OptOutRules
from modemgw.gateway.consenting import Consent
from modemgw.gateway.requests import Caller, RefusalError
from modemgw.gateway.settings import Pool
from modemgw.store import consents
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import ALICE, BOB, START, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from modemgw.store.prepared import Record
    from tests.gateway.conftest import MakeWorld

POLICY = replace(Policy.parse("off", ["*"]), consent=Requirement(frozenset({"marketing"})))
RULES = DoubleOptIn(answer_within_s=3_600.0, again_after_s=7_200.0)
FORM = Consent(ALICE, "marketing", "all", "form", "key_1", evidence="form 7")
BOSS = Caller("key_1", frozenset({"admin"}), frozenset())
QUESTION = "Acme: may we text you? Answer YES to get our texts. STOP ends them."


@pytest.fixture
async def world(make_plain_world: MakeWorld) -> AsyncIterator[World]:
    """A running gateway whose marketing needs consent."""
    world = make_plain_world(policy=POLICY, double_opt_in=RULES)
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
async def modem(world: World) -> ScriptedModem:
    """A modem that is ready."""
    modem = ScriptedModem(1)
    await world.present(modem)
    return modem


async def ask(world: World, consent: Consent = FORM, language: str | None = None) -> dict[str, Any]:
    return await world.gateway.consent_desk.record(consent, BOSS, double=True, language=language)


async def asked_lately(world: World, consent: Consent = FORM) -> bool:
    """Whether it is refused to ask now; else the question is queued."""
    try:
        await ask(world, consent)
    except RefusalError as refusal:
        return refusal.kind == "asked-lately"
    return False


async def kept(world: World, kind: str = "marketing") -> Record:
    row = await world.reader.run(lambda c: consents.get(c, ALICE, kind, "all"))
    assert row is not None
    return row


async def asked(world: World, modem: ScriptedModem) -> dict[str, Any]:
    """A question that has been sent."""
    consent = await ask(world)
    await world.becomes(consent["request"], "sent")
    return consent


async def refused(world: World) -> str:
    answer = await world.ask(kind="marketing")
    return answer.kind if isinstance(answer, RefusalError) else ""


async def test_a_yes_to_the_question_makes_it_given(make_world: MakeWorld) -> None:
    """With what they answered, and to what; until then nothing else goes that needs it."""
    world, modem = make_world(policy=POLICY, double_opt_in=RULES), ScriptedModem(1)
    await world.start(modem)
    consent = await asked(world, modem)
    assert (consent["state"], consent["evidence"]) == ("pending", "form 7")
    assert modem.texts == [QUESTION]
    await world.write(modem, "Who is this?")
    assert (await kept(world)).state == "pending"
    assert await refused(world) == "consent-required"
    await world.write(modem, "Yes!")
    row = await kept(world)
    assert (row.state, row.message_id) == ("given", (await world.inbound())[-1].id)
    assert (row.wording, row.evidence, row.recorded_by) == (QUESTION, "form 7", "key_1")
    assert await refused(world) == ""
    assert len(await world.events("consent.requested")) == 1
    assert len(await world.events("consent.given")) == 1
    entries = await world.reader.run(lambda c: world.ledger.entries(c, ALICE))
    actions = [entry["action"] for entry in entries]
    assert {"consent_requested", "consent_given"} <= set(actions)
    await world.stop()


async def test_a_yes_counts_only_while_it_is_asked_for(world: World, modem: ScriptedModem) -> None:
    """Not before, not from another, not on another line, not one sent earlier, not too late."""
    other = ScriptedModem(2)
    await world.present(other)
    await world.write(modem, "YES")
    await ask(world)
    await world.until(lambda: len(modem.written) + len(other.written) == 1)
    mine, stranger = (modem, other) if modem.written else (other, modem)
    request = (await kept(world)).request_id
    await world.becomes(request, "sent")
    await world.write(mine, "YES", sender=BOB)
    await world.write(stranger, "YES")
    scts = datetime.fromtimestamp(START - 3_600, UTC)
    for frame in pdu.encode_deliver(ALICE, "YES", scts=scts):
        assert await world.arrive(mine, frame.hex)
    assert (await kept(world)).state == "pending"
    world.clock.now += RULES.answer_within_s
    await world.write(mine, "YES")
    assert (await kept(world)).state == "pending"


async def test_a_question_is_sent_once_within_its_time(world: World, modem: ScriptedModem) -> None:
    """Whatever it is about; asked again while it is open nothing changes."""
    first = await asked(world, modem)
    assert (await ask(world))["request"] == first["request"]
    assert await asked_lately(world, replace(FORM, kind="transactional"))
    world.clock.now += RULES.answer_within_s
    assert await asked_lately(world)
    world.clock.now += RULES.again_after_s - RULES.answer_within_s
    assert not await asked_lately(world)
    await world.until(lambda: modem.texts == [QUESTION] * 2)
    await world.gateway.consent_desk.give(FORM)
    assert (await ask(world))["state"] == "given"
    assert len(modem.written) == 2


async def test_stop_ends_what_was_asked_for_and_start_does_not_give_it(
    world: World, modem: ScriptedModem
) -> None:
    """Nor may they be asked while they have opted out."""
    await asked(world, modem)
    await world.write(modem, "STOP")
    assert ((await kept(world)).state, (await kept(world)).ended_by) == ("withdrawn", "declined")
    await world.write(modem, "START")
    await world.write(modem, "YES")
    assert (await kept(world)).state == "withdrawn"
    await world.write(modem, "STOP")
    world.clock.now += RULES.again_after_s
    with pytest.raises(RefusalError, match="opted out"):
        await ask(world)
    assert (await kept(world)).state == "withdrawn"


async def test_a_question_does_not_go_behind_a_withdrawal(
    world: World, modem: ScriptedModem
) -> None:
    """Neither from the queue, nor once it is claimed: it has no consent, and asks for none."""
    begin = asyncio.Event()
    modem.plan(Script(before_obtain=begin))
    consent = await ask(world)
    await world.until_async(lambda: world.claimed(consent["request"]))
    await world.writer.run(
        lambda tx: consents.end(tx.connection, (ALICE, "marketing", "all"), 1.0, "request")
    )
    begin.set()
    await world.until(lambda: modem.withdrawn + len(modem.written) == 1)
    assert modem.withdrawn == 1


@pytest.mark.parametrize("way", ["hand", "list"])
async def test_nobody_is_asked_for_what_was_recorded_meanwhile(world: World, way: str) -> None:
    """The question that waits is canceled and says why; one that has gone may still be answered."""
    consent = await ask(world)
    if way == "hand":
        await world.gateway.consent_desk.give(FORM)
    else:
        rows = [replace(FORM, obtained_at=world.clock.now)]
        assert await world.gateway.bulk.consent(rows) == [True]
    row = await world.row(consent["request"])
    assert (row.status, row.error_code) == ("canceled", "consent_recorded")
    world.assert_nothing_dangles(row)
    assert (await kept(world)).state == "given"
    modem = ScriptedModem(1)
    await world.present(modem)
    await world.becomes(await world.send(kind="marketing", text="An offer"), "sent")
    assert modem.texts == ["An offer"]


async def test_a_brand_s_question_comes_from_one_of_its_pools(
    make_plain_world: MakeWorld,
) -> None:
    """The customer answers to the brand; where that is recorded, a pool's question is needless."""
    names, lines = ("care", "news", "sales"), frozenset({"+12025550191"})
    pools = MappingProxyType({name: Pool(name, lines) for name in names})
    rules = OptOutRules("pool", frozenset(pools), MappingProxyType({"sales": "a", "news": "a"}))
    settings = {"pools": pools, "optouts": rules, "double_opt_in": RULES}
    world, modem = make_plain_world(policy=POLICY, **settings), ScriptedModem(1)
    await world.start()
    needless = await ask(world, replace(FORM, number=BOB, scope="pool:sales"))
    await world.gateway.consent_desk.give(replace(FORM, number=BOB, scope="brand:a"))
    assert await world.status(needless["request"]) == "canceled"
    consent = await ask(world, replace(FORM, scope="brand:a"))
    await world.present(modem)
    await world.becomes(consent["request"], "sent")
    assert (await world.row(consent["request"])).pool == "news"
    await world.write(modem, "YES")
    for pool, refusal in (("sales", ""), ("news", ""), ("care", "consent-required")):
        answer = await world.ask(kind="marketing", pool=pool)
        assert (answer.kind if isinstance(answer, RefusalError) else "") == refusal
    await world.stop()


async def test_a_wider_consent_makes_a_question_needless(world: World) -> None:
    """One for a part of what is asked does not, nor one to another kind. Withdrawn, they may be
    asked again in their time."""
    give = world.gateway.consent_desk.give
    part = replace(FORM, number=BOB, scope="pool:sales")
    of_all, of_part = (await ask(world))["request"], (await ask(world, part))["request"]
    await give(replace(FORM, scope="pool:sales"))
    await give(replace(FORM, number=BOB, kind="transactional"))
    assert await world.status(of_all) == await world.status(of_part) == "queued"
    await give(replace(FORM, number=BOB))
    assert (await world.status(of_all), await world.status(of_part)) == ("queued", "canceled")
    await world.gateway.consent_desk.withdraw(
        BOB, by="key_1", reason="asked", kind=None, scope="all"
    )
    assert await asked_lately(world, part)
    world.clock.now += RULES.again_after_s
    assert not await asked_lately(world, part)


async def test_a_question_keeps_the_hours_of_its_kind(make_plain_world: MakeWorld) -> None:
    """And is in the language that is asked for; its time runs from when it may go."""
    policy = replace(POLICY, outer_window=parse_window("08:00-10:00"))
    world = make_plain_world(policy=policy, double_opt_in=RULES)
    await world.start()
    consent = await ask(world, language="de")
    row = await world.row(consent["request"])
    assert (row.status, row.hold_reason, row.kind) == ("scheduled", "outer_window", "marketing")
    assert "JA" in row.text
    assert (await kept(world)).due_at == row.ready_at + RULES.answer_within_s
    await world.stop()


async def test_what_is_recorded_is_asked_for_by_default_where_the_configuration_says_so(
    make_plain_world: MakeWorld,
) -> None:
    """A record may say otherwise."""
    world = make_plain_world(policy=POLICY, double_opt_in=replace(RULES, by_default=True))
    await world.start()
    desk = world.gateway.consent_desk
    assert (await desk.record(FORM, BOSS, double=None))["state"] == "pending"
    assert (await desk.record(FORM, BOSS, double=False))["state"] == "given"
    await world.stop()
