"""What a host leaves that has died goes on elsewhere, and never twice."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw.gateway import settle
from modemgw.gateway.neighbours import AWAY
from modemgw.store import lines, messages
from modemgw.store.engine import sole_daemon, writer_engine
from modemgw.store.transaction import Transaction
from tests.gateway.scripted import Script, ScriptedModem, refused
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from collections.abc import Iterator

CAROL = "+12025550133"
WAIT_S = 0.5


@pytest.fixture
def hosts(postgres_url: str) -> Iterator[tuple[World, World, ExitStack]]:
    """Two hosts on one database, not started yet; what is held of the first ends its tenure."""
    options = {"host_wait_s": WAIT_S, "sticky_wait_s": WAIT_S}
    here, there = World(postgres_url, **options), World(postgres_url, host="there", **options)
    with ExitStack() as tenure, sole_daemon(postgres_url, "there"):
        tenure.enter_context(sole_daemon(postgres_url, "here"))
        yield here, there, tenure


async def claim_and_begin(here: World, modem: ScriptedModem) -> tuple[Script, str, str]:
    """A text on the air, and one that is claimed behind it."""
    on_the_air = Script(before_answer=asyncio.Event())
    modem.plan(on_the_air)
    begun = await here.send(ALICE)
    await on_the_air.written.wait()
    ahead = await here.send(BOB)
    await here.until_async(lambda: here.claimed(ahead))
    return on_the_air, begun, ahead


async def test_what_a_dead_host_had_not_begun_goes_on_another(
    hosts: tuple[World, World, ExitStack],
) -> None:
    """Its claims and what sticks to its lines; what was on the air is in doubt, and what names one
    of its lines waits and says for what."""
    here, there, tenure = hosts
    first, second = ScriptedModem(1), ScriptedModem(2)
    await here.start(first)
    await here.becomes(await here.send(CAROL), "sent")
    line_id = here.line(first)
    _, begun, ahead = await claim_and_begin(here, first)
    sticky, bound = await here.send(CAROL), await here.send(ALICE, from_=line_id)
    await here.kill()
    tenure.close()
    await there.start(second)
    await there.becomes(begun, "in_doubt")
    await there.becomes(ahead, "sent")
    there.clock.now += WAIT_S
    await there.until(lambda: line_id in there.gateway.dispatcher._out_since)
    await there.later(0)
    await there.becomes(sticky, "sent")
    await there.gateway.registry.refresh()
    row = await there.row(bound)
    hold = there.gateway.desk.holds.of_lane(row.lane)
    assert row.status == "queued"
    assert hold is not None
    assert hold.rule == "line_away"
    assert await there.status(begun) == "in_doubt"
    assert [len(first.written), len(second.written)] == [2, 2]
    await there.stop()


async def test_a_host_that_was_taken_for_dead_doubles_nothing(
    hosts: tuple[World, World, ExitStack],
) -> None:
    """It lives, and only its tenure was lost: what it had claimed it cannot begin any more, its
    late answer settles the doubt, and its modem is there again."""
    here, there, tenure = hosts
    first, second = ScriptedModem(1), ScriptedModem(2)
    await here.start(first)
    on_the_air, begun, ahead = await claim_and_begin(here, first)
    tenure.close()
    await there.start(second)
    await there.becomes(begun, "in_doubt")
    await there.becomes(ahead, "sent")
    assert on_the_air.before_answer is not None
    on_the_air.before_answer.set()
    await here.becomes(begun, "sent")
    await here.until(lambda: first.withdrawn == 1)
    tenure.enter_context(sole_daemon(here.url, "here"))
    await here.until_async(lambda: _is_ready(here, first))
    await here.becomes(await here.send(CAROL, from_=here.line(first)), "sent")
    assert await there.status(ahead) == "sent"
    assert [len(first.written), len(second.written)] == [2, 1]
    await here.stop()
    await there.stop()


@pytest.mark.parametrize("way", ["withdrawn", "refused"])
async def test_what_was_certainly_not_sent_is_in_doubt_no_longer(
    hosts: tuple[World, World, ExitStack], way: str
) -> None:
    """Its host lives and tells so, of the very attempt: it goes on another line at once."""
    here, there, tenure = hosts
    first, second = ScriptedModem(1), ScriptedModem(2)
    gate = asyncio.Event()
    script = Script(before_verdict=gate)
    if way == "withdrawn":
        here.settings = replace(here.settings, permit_age_s=0.0)  # the prompt comes too late
    else:
        script = refused(38)  # network out of order: worth another attempt
        script.before_answer = gate
    first.plan(script)
    await here.start(first)
    begun = await here.send(ALICE)
    await (script.cleared if way == "withdrawn" else script.written).wait()
    tenure.close()
    await there.start(second)
    await there.becomes(begun, "in_doubt")
    behind = await there.send(ALICE, "and one more")
    gate.set()

    async def settled() -> bool:
        return await there.status(begun) != "in_doubt"

    await there.until_async(settled)
    row = await there.row(begun)
    assert (row.status, row.error_code) == ("queued", None)
    await here.stop()
    there.clock.now += 3_600.0
    await there.becomes(begun, "sent")
    await there.becomes(behind, "sent")
    assert sorted(second.texts) == ["Hello", "and one more"]
    assert len(first.written) == (0 if way == "withdrawn" else 1)
    told = [e.data["status"] for e in await there.events("message.status") if e.data["id"] == begun]
    assert told[-3:] == ["in_doubt", "queued", "sent"]
    await there.stop()


async def test_what_was_never_sent_ends_where_its_recipient_has_opted_out_meanwhile(
    hosts: tuple[World, World, ExitStack],
) -> None:
    """While it was in doubt; nothing goes."""
    here, there, tenure = hosts
    first, second, gate = ScriptedModem(1), ScriptedModem(2), asyncio.Event()
    script = Script(before_verdict=gate)
    here.settings = replace(here.settings, permit_age_s=0.0)  # the prompt comes too late
    first.plan(script)
    await here.start(first)
    begun = await here.send(ALICE)
    await script.cleared.wait()
    tenure.close()
    await there.start(second)
    await there.becomes(begun, "in_doubt")
    await there.gateway.opt_out(ALICE, "api", "on the phone")
    gate.set()
    await there.becomes(begun, "canceled")
    row = await there.row(begun)
    assert row.error_code == "opted_out"
    there.assert_nothing_dangles(row)
    assert first.written == second.written == []
    await here.stop()
    await there.stop()


async def test_the_modems_of_a_dead_host_are_told_of(
    hosts: tuple[World, World, ExitStack],
) -> None:
    """Once, and once more when it is back."""
    here, there, tenure = hosts
    first = ScriptedModem(1)
    await here.start(first)
    await here.kill()
    tenure.close()
    await there.start()

    async def told() -> list[tuple[str, str, str]]:
        events = [event.data for event in await there.events("modem.state")]
        return [(data["host"], data["state"], data["reason"]) for data in events]

    async def is_told() -> bool:
        return ("here", "absent", AWAY) in await told()

    await there.until_async(is_told)
    await there.gateway._neighbours.look()
    assert (await told()).count(("here", "absent", AWAY)) == 1
    tenure.enter_context(sole_daemon(here.url, "here"))
    await here.start(first)
    assert (await told())[-1][:2] == ("here", "ready")
    await here.stop()
    await there.stop()


async def test_a_host_that_lives_keeps_what_it_has(
    hosts: tuple[World, World, ExitStack],
) -> None:
    """However long its answers take; and one that is missing for a moment is not gone."""
    here, there, tenure = hosts
    first = ScriptedModem(1)
    await here.start(first)
    on_the_air, begun, ahead = await claim_and_begin(here, first)
    await there.start()
    neighbours = there.gateway._neighbours
    for _ in range(2):
        await neighbours.look()
        tenure.close()
        await neighbours.look()
        tenure.enter_context(sole_daemon(here.url, "here"))
        await neighbours.look()
    await asyncio.sleep(WAIT_S)
    await neighbours.look()
    assert await there.status(begun) == "sending"
    assert await here.claimed(ahead)
    assert on_the_air.before_answer is not None
    on_the_air.before_answer.set()
    await here.becomes(ahead, "sent")
    await here.stop()
    await there.stop()


async def test_a_host_that_starts_while_it_is_taken_over_leaves_the_others_what_they_took(
    hosts: tuple[World, World, ExitStack],
) -> None:
    """It waits for the end of the takeover, and then has nothing to settle."""
    here, there, _ = hosts
    first = ScriptedModem(1)
    await here.start(first)
    _, begun, ahead = await claim_and_begin(here, first)
    await here.kill()
    engine, its_engine = writer_engine(here.url), writer_engine(here.url)
    with engine.begin() as connection:  # a crash could not give it back
        messages.change(connection, ahead, claimed_by="here", lane=None, ready_at=None)
    with engine.connect() as taking_over:
        tx = Transaction(taking_over)
        assert settle.recover(tx, there.settings, 1.0, of_host="here") == (1, 1)
        messages.change(tx.connection, ahead, claimed_by="there", ready_at=None)

        def start() -> tuple[int, int]:
            with its_engine.begin() as connection:
                return settle.recover(Transaction(connection), here.settings, 2.0)

        starting = asyncio.create_task(asyncio.to_thread(start))
        await asyncio.sleep(0.5)
        taking_over.commit()
        assert await starting == (0, 0)
        for message_id, status, host in ((ahead, "queued", "there"), (begun, "in_doubt", None)):
            row = messages.get(taking_over, message_id)
            assert row is not None
            assert (row.status, row.claimed_by) == (status, host)
    engine.dispose()
    its_engine.dispose()


async def _is_ready(world: World, modem: ScriptedModem) -> bool:
    rows = await world.reader.run(lines.all_modems)
    return any(row.imei == modem.status.imei and row.state == "ready" for row in rows)
