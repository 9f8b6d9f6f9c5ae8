"""An opt-out that stands and is told once more: what is news, and what is the same act again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modemgw.gateway import opting
from modemgw.gateway.bulk import Refused
from modemgw.gateway.requests import Caller
from modemgw.store import consents, optouts
from tests.gateway.test_consents import FORM, audit, give, states
from tests.gateway.world import ALICE, START, World

if TYPE_CHECKING:
    from modemgw.store.prepared import Record
    from tests.gateway.scripted import ScriptedModem

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())


async def kept(world: World) -> Record:
    """The opt-out, whatever it is kept as."""
    (row,) = await world.reader.run(lambda c: optouts.of(c, ALICE, world.ledger.erased_as(ALICE)))
    return row


async def bring(world: World, reason: str) -> bool:
    """Bring in a list with this one number; whether it was news."""
    (is_new,) = await world.gateway.bulk.opt_out([Refused(ALICE, "all", reason)])
    return is_new is True


async def tell(world: World, reason: str) -> None:
    await world.gateway.opt_out(ALICE, "api", reason)


async def test_a_list_leaves_an_opt_out_that_stands_as_it_is(world: World) -> None:
    """Whatever words it brings: a row has no date, and a consent recorded since may be newer."""
    assert await bring(world, "old system")
    world.clock.now += 60.0
    await give(world)
    for reason in ("old system", "another list"):
        world.clock.now += 60.0
        assert not await bring(world, reason)
    row = await kept(world)
    assert (row.created_at, row.sent_at, row.reason) == (START, START, "old system")
    assert await states(world) == [("marketing", "given", "form")]
    assert await audit(world) == ["opted_out", "consent_given"]


async def test_a_list_says_nothing_new_of_a_stop(world: World, modem: ScriptedModem) -> None:
    """The text and its time stay the evidence."""
    await world.write(modem, "STOP")
    before = await kept(world)
    world.clock.now += 60.0
    assert not await bring(world, "of last night")
    assert await kept(world) == before


async def test_the_same_request_once_more_moves_the_time_alone(world: World) -> None:
    """A caller that heard no answer repeats itself; other words tell of another refusal, and that,
    too, is told only once."""
    for words in ("on the phone", "on the phone, again"):
        world.clock.now += 60.0
        await tell(world, words)
        assert [state for _, state, _ in await states(world)] in ([], ["withdrawn"])
        told = await kept(world)
        assert (told.sent_at, told.reason, told.created_at) == (world.clock.now, words, START + 60)
        await give(world, replace(FORM, evidence=f"signed after: {words}"))
        world.clock.now += 60.0
        await tell(world, words)
        assert await kept(world) == told._replace(sent_at=world.clock.now)
        assert await states(world) == [("marketing", "given", "form")]
    assert (await audit(world)).count("opted_out_again") == 1


async def test_another_stop_is_news(world: World, modem: ScriptedModem) -> None:
    """Its text is the evidence then, and the consent recorded between the two is ended."""
    await world.write(modem, "STOP")
    first = await kept(world)
    await give(world)
    await world.write(modem, "STOP")
    row = await kept(world)
    assert row.sent_at > first.sent_at
    assert row.message_id == (await world.inbound())[-1].id != first.message_id
    assert await states(world) == [("marketing", "withdrawn", "form")]


async def test_a_list_told_again_leaves_an_erased_person_s_opt_out_as_it_is(world: World) -> None:
    """Its words are not kept, nor do they come back with a request that tells new ones."""
    await tell(world, "on the phone, Alice Smith")
    await world.gateway.persons.erase(ALICE, "asked for it", BOSS)
    before = await kept(world)
    world.clock.now += 60.0
    await give(world)
    await bring(world, "of last night")
    await tell(world, "on the phone, Alice Smith")
    assert await kept(world) == before._replace(sent_at=world.clock.now)
    assert await states(world) == [("marketing", "given", "form")]
    await world.writer.run(
        lambda tx: opting.opt_out(
            tx,
            ALICE,
            world.clock.now,
            opting.of_row(before),
            world.settings.optouts,
            source="cli",
            reason="Alice Smith once more",
        )
    )
    row = await kept(world)
    assert (row.number, row.reason, row.sent_at) == (before.number, "", world.clock.now)
    assert (
        await world.reader.run(lambda c: consents.stands(c, ALICE, "marketing", ("all", "all")))
        is False
    )
