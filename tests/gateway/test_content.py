"""What may not stand in texts: refused on the way out, hidden on the way in."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import select

from modemgw import pdu
from modemgw.consent.content import CARD_NUMBER, Mask, Pattern
from modemgw.consent.gate import Policy
from modemgw.gateway.requests import RefusalError
from modemgw.gateway.settings import Pool
from modemgw.store import tables
from modemgw.store.ledger import every_entry
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import ALICE, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from tests.gateway.conftest import MakeWorld

CARD = "4111 1111 1111 1111"
PIN = Pattern.parse("pin", r"\bpin:? ?\d{4,8}\b")
BLOCKS_PINS = Policy.parse("off", ["*"], content=[PIN])
MASKS = Mask.of([CARD_NUMBER, "pin"], [PIN])


async def kept(world: World) -> Sequence[Row[object]]:
    """The TPDUs that are kept."""
    query = select(tables.inbound_parts).order_by(tables.inbound_parts.c.id)
    return await world.reader.run(lambda c: c.execute(query).all())


def text_of(octets: str) -> str:
    """The text of a TPDU."""
    deliver = pdu.decode(octets)
    assert isinstance(deliver, pdu.Deliver)
    return deliver.text or ""


async def assert_nowhere(world: World, digits: str) -> None:
    """In no message, no event and no TPDU of the database."""
    assert all(digits not in text_of(row.pdu) for row in await kept(world))
    assert all(digits not in row.text for row in await world.inbound())
    for type_ in ("message.received", "optout.created"):
        assert all(digits not in str(event.data) for event in await world.events(type_))


async def test_a_pattern_refuses_a_text_when_it_is_accepted(make_world: MakeWorld) -> None:
    """With its name, the field at fault, and no message."""
    world = make_world(policy=BLOCKS_PINS)
    await world.start()
    refusal = await world.ask(text="Your PIN: 4711")
    assert isinstance(refusal, RefusalError)
    assert (refusal.kind, refusal.field) == ("content", "text")
    assert "'pin'" in refusal.words
    told = await world.reader.run(every_entry)
    (entry,) = (entry for entry in told if entry["action"] == "refused")
    assert entry["detail"]["rule"] == "content:pin"
    await world.stop()


async def test_a_pattern_that_is_new_blocks_what_was_accepted_before(make_world: MakeWorld) -> None:
    """The gate is asked again at the claim, after the configuration was changed."""
    world = make_world()
    await world.start()
    message_id = await world.send(text="Your PIN 4711")
    await world.stop()
    world.settings = replace(world.settings, policy=BLOCKS_PINS)
    modem = ScriptedModem(1)
    await world.start(modem)
    await world.becomes(message_id, "blocked")
    assert (await world.row(message_id)).error_code == "content:pin"
    assert modem.written == []
    await world.stop()


async def test_the_answer_to_stop_hangs_on_no_pattern(make_world: MakeWorld) -> None:
    """Nobody forbids himself by a pattern what the law wants to be sent."""
    everything = Pattern.parse("all", r"\w")
    world = make_world(policy=Policy.parse("off", ["*"], content=[everything]))
    modem = ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, "STOP")
    await world.until(lambda: len(modem.written) == 1)
    await world.stop()


async def test_a_pool_has_a_longest_text_of_its_own(make_world: MakeWorld) -> None:
    """More or less than all others."""
    pools = {
        name: Pool(name, frozenset({"+12025550192"}), max_parts=most)
        for name, most in (("short", 1), ("long", 3), ("usual", None))
    }
    world = make_world(pools=MappingProxyType(pools), max_parts=2)
    await world.start()
    two, three = "x" * 200, "x" * 400
    for pool, text, is_fine in (
        ("short", two, False), ("long", three, True), ("usual", two, True), ("usual", three, False),
    ):  # fmt: skip
        answer = await world.ask(text=text, pool=pool)
        assert isinstance(answer, dict) is is_fine, (pool, answer)
    refusal = await world.ask(text=two, pool="short")
    assert isinstance(refusal, RefusalError)
    assert "pools.short.max_parts" in refusal.words
    await world.stop()


async def test_a_card_number_that_comes_in_is_kept_and_told_nowhere(make_world: MakeWorld) -> None:
    """Text, event and TPDU have the last four digits alone, and all else as it was."""
    world, modem = make_world(mask=MASKS), ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, f"My card is {CARD}, thanks €")
    (row,) = await world.inbound()
    assert row.text == "My card is **** **** **** 1111, thanks €"
    (event,) = await world.events("message.received")
    assert event.data["text"] == row.text
    (part,) = await kept(world)
    assert text_of(part.pdu) == row.text
    await world.stop()


async def test_a_card_number_in_two_parts_is_hidden_in_both(make_world: MakeWorld) -> None:
    """In GSM-7 and UCS-2, and as words; what lies beside it stays readable."""
    world, modem = make_world(mask=MASKS), ScriptedModem(1)
    await world.start(modem)
    spelled = "four " + "one " * 15
    for begin, number in (("x" * 140, CARD), ("ж" * 60, CARD), ("x" * 120 + " ", spelled)):
        before = len(await kept(world))
        await world.write(modem, f"{begin} {number} and more " + begin)
        row = (await world.inbound())[-1]
        parts = (await kept(world))[before:]
        assert len(parts) > 1
        assert "".join(text_of(part.pdu) for part in parts) == row.text
        assert row.text.startswith(begin)
        assert row.text.endswith("and more " + begin)
        assert sum("*" in text_of(part.pdu) for part in parts) == 2
        assert not Mask.of([CARD_NUMBER], ()).hidden(row.text)
    await assert_nowhere(world, "4111 1")
    await world.stop()


async def test_a_second_copy_of_a_masked_text_is_still_a_repeat(make_world: MakeWorld) -> None:
    """It is known by the hash of what came, not by what is kept."""
    world, modem = make_world(mask=MASKS), ScriptedModem(1)
    await world.start(modem)
    octets = world.deliver(f"Card {CARD}")[0]
    for _ in range(2):
        assert await world.arrive(modem, octets)
    assert len(await world.inbound()) == 1
    assert world.gateway.tally.repeats == 1
    await world.stop()


async def test_a_partial_text_is_masked_and_still_completed(make_world: MakeWorld) -> None:
    """What was hidden when it was given out stays hidden; the rest is joined as ever."""
    world, modem = make_world(mask=MASKS), ScriptedModem(1)
    await world.start(modem)
    first, second = world.deliver(f"{CARD} " + "word " * 40, ref=5)
    await world.arrive(modem, first)
    await world.later(400)
    (row,) = await world.inbound()
    assert row.partial
    assert row.text.startswith("**** **** **** 1111 word")
    await world.arrive(modem, second)
    (row,) = await world.inbound()
    assert not row.partial
    assert row.text == "**** **** **** 1111 " + "word " * 40
    await assert_nowhere(world, "4111 1")
    await world.stop()


async def test_stop_is_read_from_what_was_written(make_world: MakeWorld) -> None:
    """A mask that hides the word does not hide the wish."""
    stop = Pattern.parse("stop", "stop", blocks=False)
    world = make_world(mask=Mask.of(["stop"], [stop]))
    modem = ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, "STOP")
    (row,) = await world.inbound()
    assert (row.text, row.classified) == ("****", "opt_out")
    assert world.gateway.refusals.opted_out(ALICE)
    await world.stop()


async def test_data_that_come_in_are_masked_too(make_world: MakeWorld) -> None:
    """In the text that is read of them, and in the octets that the message bears."""
    world, modem = make_world(mask=MASKS), ScriptedModem(1)
    await world.start(modem)
    for data in (b"card 4111111111111111", b"card\n4111111111111111\0"):
        for octets in world.deliver("", data=data, encoding="8bit"):
            await world.arrive(modem, octets)
        row = (await world.inbound())[-1]
        assert b"************1111" in bytes.fromhex(row.metadata["data"])
        assert bytes.fromhex(row.metadata["data"])[:4] == b"card"
    shown = [row.text for row in await world.inbound()]
    assert shown == ["card ************1111", ""]
    assert all("34313131" not in row.pdu for row in await kept(world))
    await world.stop()
