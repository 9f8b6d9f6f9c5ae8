"""A text comes in: kept, joined, told once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw.gateway import letters
from modemgw.gateway.settings import Pool
from modemgw.modem.interface import Incoming, Source
from modemgw.store import inbox, lines
from modemgw.store.messages import Filter, find
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from tests.gateway.conftest import MakeWorld

LONG = "A customer who has much to tell about the weather. " * 7  # three parts


async def defects(world: World) -> Sequence[Row[object]]:
    return await world.reader.run(lambda c: inbox.defective(c, before=None, limit=9))


async def test_a_text_is_told_once_however_often_it_is_read(
    world: World, modem: ScriptedModem
) -> None:
    """A repeat is answered like the first, so that the modem may delete it."""
    octets = world.deliver("Hello 👋")[0]
    for _ in range(3):
        assert await world.arrive(modem, octets)
    (row,) = await world.inbound()
    assert (row.text, row.sender, row.recipient) == ("Hello 👋", ALICE, modem.status.number)
    assert len(await world.events("message.received")) == 1
    assert world.gateway.tally.repeats == 2


async def test_the_same_text_twice_is_two_messages(world: World, modem: ScriptedModem) -> None:
    """A repeat is known by the whole TPDU, never by its text."""
    await world.write(modem, "Hello?")
    await world.write(modem, "Hello?")
    assert len(await world.inbound()) == 2


async def test_two_copies_at_once_are_one_message(world: World, modem: ScriptedModem) -> None:
    """An announcement and a sweep may find the same text at the same time."""
    octets = world.deliver("Hello")[0]
    assert all(await asyncio.gather(*(world.arrive(modem, octets) for _ in range(5))))
    assert len(await world.inbound()) == 1


async def test_parts_out_of_order_interleaved_and_across_a_restart_are_joined(
    make_world: MakeWorld,
) -> None:
    """Two customers, the same reference, and a new process in the middle."""
    world, modem = make_world(), ScriptedModem(1)
    await world.start(modem)
    alice = world.deliver(LONG, ALICE, ref=7)
    bob = world.deliver(LONG.upper(), BOB, ref=7)
    assert len(alice) == len(bob) == 3
    for octets in (alice[2], bob[0], alice[0]):
        assert await world.arrive(modem, octets)
    assert await world.inbound() == []
    await world.stop()
    await world.start(modem)
    for octets in (bob[2], alice[1], bob[1], alice[1]):
        assert await world.arrive(modem, octets)
    found = {row.sender: row.text for row in await world.inbound()}
    assert found == {ALICE: LONG, BOB: LONG.upper()}
    assert len(await world.inbound()) == 2
    await world.stop()


async def test_a_message_whose_parts_stay_away_is_given_out_and_still_completed(
    world: World, modem: ScriptedModem
) -> None:
    """Partial after its time, once; whole when the rest comes: the same message."""
    first, second, third = world.deliver(LONG, ref=9)
    await world.arrive(modem, third)
    await world.arrive(modem, first)
    await world.later(200)
    assert await world.inbound() == []
    await world.later(101)
    await world.later(101)
    (partial,) = await world.inbound()
    assert partial.partial
    assert partial.text == LONG[:153] + LONG[306:]
    await world.arrive(modem, second)
    (whole,) = await world.inbound()
    assert (whole.id, whole.partial, whole.text) == (partial.id, False, LONG)
    assert [e.data["partial"] for e in await world.events("message.received")] == [True, False]


async def test_parts_that_nobody_was_given_before_a_long_rest_are_given_out(
    make_world: MakeWorld,
) -> None:
    """Out of service for longer than parts can be joined: what has come is told all the same."""
    world, modem = make_world(), ScriptedModem(1)
    await world.start(modem)
    await world.arrive(modem, world.deliver(LONG, ref=3)[0])
    await world.stop()
    world.clock.now += 5 * 86_400
    await world.start(modem)
    await world.later(1)
    (partial,) = await world.inbound()
    assert (partial.partial, partial.text) == (True, LONG[:153])
    await world.later(400)
    assert len(await world.inbound()) == 1
    await world.stop()


async def test_a_part_whose_row_sorts_before_its_siblings_still_completes(
    world: World, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts' clocks differ: what came last need not be the newest by its identifier or time."""
    first, second, third = world.deliver(LONG, ref=4)
    await world.arrive(modem, first)
    await world.arrive(modem, second)
    world.clock.now -= 100
    await world.arrive(modem, third)
    assert [row.text for row in await world.inbound()] == [LONG]


async def test_a_reference_that_comes_again_begins_a_new_message(
    world: World, modem: ScriptedModem
) -> None:
    """Eight bits wrap."""
    for text in (LONG, LONG[::-1]):
        for octets in world.deliver(text, ref=200):
            await world.arrive(modem, octets)
    assert [row.text for row in await world.inbound()] == [LONG, LONG[::-1]]


async def test_what_does_not_decode_is_kept_and_blocks_nothing(
    world: World, modem: ScriptedModem
) -> None:
    """Kept as it came, with what is wrong, once; the next text is taken in."""
    broken = ["", "zz", "0791", "00", "F" * 5_000, "nul \0 \udc80", "04" * 9]
    for octets in (*broken, *broken):
        assert await world.arrive(modem, octets)
    rows = await defects(world)
    assert len(rows) == len(broken)
    assert all(row.defect for row in rows)
    await world.write(modem, "Next")
    assert "Next" in [row.text for row in await world.inbound()]


async def test_a_fault_of_ours_keeps_the_text_aside_and_blocks_nothing(
    world: World, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What we fail to work on is kept for a technician; the modem may delete it."""

    def fault(*_args: object) -> None:
        raise ValueError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr(letters, "take_in_letter", fault)
        assert await world.arrive(modem, world.deliver("Poison")[0])
    (row,) = await defects(world)
    assert "could not be taken in" in str(row.defect)
    await world.write(modem, "Next")
    assert [row.text for row in await world.inbound()] == ["Next"]


async def test_a_text_of_no_known_line_is_told_and_shown_to_the_technician(
    world: World, modem: ScriptedModem
) -> None:
    """No line, no answer; a line that is new is made; what an old SIM left is its line's."""
    stranger = ScriptedModem(5)
    assert await world.arrive(stranger, world.deliver("STOP")[0], iccid=None)
    (row,) = await defects(world)
    assert "line" in str(row.defect)
    (message,) = await world.inbound()
    assert (message.line_id, message.classified) == (None, "opt_out")
    assert await world.arrive(modem, world.deliver("left over", BOB)[0], iccid=None)
    assert (await world.inbound())[1].line_id == world.line(modem)
    assert await world.arrive(modem, world.deliver("new SIM", BOB)[0], iccid="8" * 40)
    assert (await world.inbound())[2].line_id not in (None, world.line(modem))


async def test_texts_of_services_and_odd_data_are_kept(world: World, modem: ScriptedModem) -> None:
    """A name may write STOP without effect; 8-bit data that is text is read, other is kept."""
    await world.write(modem, "STOP", sender="Acme Bank")
    for data in (b"plain", b"\x00\x01\xff"):
        for octets in world.deliver("", data=data):
            await world.arrive(modem, octets)
    rows = await world.inbound()
    assert [row.text for row in rows] == ["STOP", "plain", ""]
    assert rows[2].metadata == {"data": "0001ff"}
    assert rows[0].classified is None
    assert not len(world.gateway.refusals)


async def test_a_submit_from_the_network_is_shown_as_odd(
    world: World, modem: ScriptedModem
) -> None:
    """A TPDU of a type that no network sends is kept with its defect."""
    assert await world.arrive(modem, "0001000B9121436587F900000141")
    rows = await defects(world)
    assert len(rows) == 1


async def test_a_call_is_told_as_an_event(world: World, modem: ScriptedModem) -> None:
    """Who rings is told, on which line."""
    world.gateway.called(modem, BOB)

    async def told() -> bool:
        return bool(await world.events("call.received"))

    await world.until_async(told)
    (event,) = await world.events("call.received")
    assert (event.data["from"], event.data["to"]) == (BOB, modem.status.number)
    assert event.data["rejected"] is False


@pytest.mark.parametrize(
    ("everywhere", "pool", "rejected"),
    [
        (False, None, False),
        (True, None, True),
        (False, True, True),
        (True, False, False),
    ],
)
async def test_a_call_is_hung_up_where_its_pool_or_else_the_bank_says_so(
    make_world: MakeWorld, everywhere: bool, pool: bool | None, rejected: bool
) -> None:
    """The modem is told at once, the event says so."""
    modem = ScriptedModem(1)
    lines = frozenset({str(modem.status.number)})
    pools = {"desk": Pool("desk", lines, reject_calls=pool)}
    world = make_world(reject_calls=everywhere, pools=pools)
    await world.start(modem)
    assert world.gateway.called(modem, BOB) is rejected

    async def told() -> bool:
        return bool(await world.events("call.received"))

    await world.until_async(told)
    (event,) = await world.events("call.received")
    assert event.data["rejected"] is rejected
    await world.stop()


async def test_what_a_former_sim_left_in_the_modem_belongs_to_its_line(
    make_world: MakeWorld,
) -> None:
    """The SIM is changed while the daemon is down: what the first sweep finds in ME came for the
    old line, what lies on the SIM and all that comes later is the new one's.
    """
    world = make_world()
    modem = ScriptedModem(1)
    await world.start(modem)
    old = world.line(modem)
    await world.stop()
    modem.status = replace(modem.status, iccid="8901000000000000777", number="+12025550177")
    await world.start()
    (left,) = world.deliver("For the old line")
    (on_sim,) = world.deliver("From the SIM", BOB)
    await world.gateway.received(modem, Incoming(left, Source.STORED, modem.status.iccid, "ME", 1))
    await world.gateway.received(
        modem, Incoming(on_sim, Source.STORED, modem.status.iccid, "SM", 1)
    )
    await world.gateway.swept(modem)
    await world.present(modem)
    new = world.line(modem)
    (later,) = world.deliver("For the new line", "+12025550133")
    await world.gateway.received(modem, Incoming(later, Source.STORED, modem.status.iccid, "ME", 1))
    rows = await world.reader.run(
        lambda c: find(c, Filter(direction="inbound"), before=None, limit=10)
    )
    assert {row.text: row.line_id for row in rows} == {
        "For the old line": old,
        "From the SIM": new,
        "For the new line": new,
    }
    await world.stop()


async def test_two_modems_with_one_imei_keep_a_row_each(world: World, modem: ScriptedModem) -> None:
    """As in pools whose modules were cloned: the port stands for the second."""
    twin = ScriptedModem(2)
    twin.status = replace(twin.status, imei=modem.status.imei)
    await world.present(twin)
    rows = await world.reader.run(lines.all_modems)
    assert [(row.port, row.imei) for row in rows] == [
        (modem.status.port, modem.status.imei),
        (twin.status.port, None),
    ]
    message_id = await world.send(from_=world.line(twin))
    await world.becomes(message_id, "sent")


_STARTED = """
import asyncio, sys
from modemgw.consent import lexicon, weighing
from tests.gateway.world import World

async def start():
    world = World(sys.argv[1])
    await world.start()
    tables = (lexicon.languages, lexicon.sayings, lexicon.everywhere, weighing._weights)
    print([table.cache_info().currsize for table in tables])
    await world.stop()

asyncio.run(start())
"""


def test_all_words_are_read_before_the_first_text_comes(sqlite_url: str) -> None:
    """To read them takes some tenths of a second, in which the loop would do nothing else; once in
    the life of a process, so it is tried in one of its own.
    """
    command = [sys.executable, "-c", _STARTED, sqlite_url]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.splitlines()[-1] == "[1, 1, 1, 1]"
