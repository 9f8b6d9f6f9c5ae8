"""Canceling all texts that fit a description, while lines go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from modemgw.gateway.cancels import AT_ONCE, LONGEST_S
from modemgw.gateway.requests import SendRequest
from modemgw.ids import new_id
from modemgw.store.waiting import Wanted
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.world import ALICE, ANYBODY, BOB, World

if TYPE_CHECKING:
    from modemgw.gateway.cancels import Outcome

LONG = "long " * 70  # three parts


def wanted(**values: Any) -> Wanted:
    return Wanted(new_id("msg"), **values)


async def cancel(world: World, longest_s: float = LONGEST_S, **values: Any) -> Outcome:
    return await world.gateway.cancels.cancel(wanted(**values), longest_s)


async def send_many(world: World, count: int, **options: Any) -> list[str]:
    requests = [SendRequest(ALICE, f"text {n}", **options) for n in range(count)]
    answers = await world.gateway.send(requests, ANYBODY)
    return [answer["id"] for answer in answers if isinstance(answer, dict)]


async def test_all_that_fit_are_canceled_and_nothing_else(world: World) -> None:
    """Queued and scheduled ones, more than go into one transaction, each with its event."""
    campaign = {"campaign": "winter"}
    queued = await send_many(world, AT_ONCE + 20, kind="marketing", metadata=campaign)
    later = world.clock() + 3_600
    queued += await send_many(world, 5, kind="marketing", metadata=campaign, send_at=later)
    other = await world.send(BOB, kind="marketing", metadata={"campaign": "summer"})
    done = await cancel(world, kind="marketing", metadata=campaign)
    assert (done.canceled, done.left, done.more) == (len(queued), 0, False)
    for message_id in queued:
        row = await world.row(message_id)
        assert (row.status, row.error_code) == ("canceled", "canceled")
        world.assert_nothing_dangles(row)
    assert await world.status(other) == "queued"
    assert len(await world.events("message.status")) == len(queued)
    again = await cancel(world, kind="marketing", metadata=campaign)
    assert again.canceled == 0


async def test_a_text_of_which_a_part_has_begun_is_left_and_counted(
    world: World, modem: ScriptedModem
) -> None:
    """What is on the air cannot be called back, nor the rest of what has gone in part."""
    script = Script(before_answer=asyncio.Event())
    modem.plan(script)
    on_air = await world.send(text=LONG, reference="r")
    await script.written.wait()
    queued = await world.send(BOB, reference="r")
    done = await cancel(world, reference="r")
    assert (done.canceled, done.left) == (1, 1)
    assert script.before_answer is not None
    script.before_answer.set()
    await world.becomes(on_air, "sent")
    assert await world.status(queued) == "canceled"
    assert len(modem.written) == 3


async def test_nothing_that_fits_begins_while_a_cancel_is_carried_out(world: World) -> None:
    """A line that comes upon such a text cancels it, and goes on with others."""
    doomed = await send_many(world, 30, kind="marketing", priority=9)
    spared = await world.send(BOB, "spared")
    description = wanted(kind="marketing")
    modem = ScriptedModem(1)
    with world.gateway.cancels._carried_out(description) as running:
        await world.present(modem)
        await world.becomes(spared, "sent")
        await world.until(lambda: running.caught == set(doomed))
    for message_id in doomed:
        await world.becomes(message_id, "canceled")
    assert modem.texts == ["spared"]


async def test_what_comes_after_the_cancel_is_not_canceled(world: World) -> None:
    """A cancel means what waits now."""
    description = wanted(kind="marketing")
    newer = await world.send(kind="marketing")
    done = await world.gateway.cancels.cancel(description)
    assert done.canceled == 0
    assert await world.status(newer) == "queued"


async def test_when_the_time_is_up_the_rest_is_told(world: World) -> None:
    """The caller asks again; nobody waits for minutes."""
    await send_many(world, 10, kind="marketing")
    done = await cancel(world, longest_s=0.0, kind="marketing")
    assert (done.canceled, done.left, done.more) == (0, 10, True)


async def test_an_answer_of_our_own_is_never_canceled(world: World) -> None:
    """Who writes STOP is told that it was understood, whatever an administrator cleans up."""
    modem = ScriptedModem(1)
    modem.plan(Script(before_answer=asyncio.Event()))
    await world.present(modem)
    await world.send(BOB)  # keeps the line busy
    await world.write(modem, "STOP")
    done = await cancel(world, created_after=0.0, recipient=ALICE)
    assert done.canceled == 0


async def test_each_field_of_a_description_narrows_it(world: World, modem: ScriptedModem) -> None:
    """What the database finds and what is checked in the transaction agree."""
    line = world.line(modem)
    tomorrow = world.clock() + 86_400
    options: dict[str, Any] = {"send_at": tomorrow}
    plain = await world.send(**options)
    fields: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"pool": "sales"}, {"pool": "sales"}),
        ({"kind": "marketing"}, {"kind": "marketing"}),
        ({"to": BOB}, {"recipient": BOB}),
        ({"reference": "r"}, {"reference": "r"}),
        ({"from_": line}, {"line_id": line}),
        ({"priority": 1}, {"priority_below": 2}),
        ({"metadata": {"tag": "a"}}, {"metadata": {"tag": "a"}}),
    ]
    await world.send(metadata={"tag": 5}, **options)
    assert (await cancel(world, metadata={"tag": "5"})).canceled == 0
    for request, description in fields:
        message_id = await world.send(**options | request)
        assert (await cancel(world, **description)).canceled == 1, description
        assert await world.status(message_id) == "canceled", description
    created = world.clock()
    assert (await cancel(world, created_after=created)).canceled == 0
    assert (await cancel(world, created_before=created)).canceled == 0
    assert (await cancel(world, key_id="key_other", created_after=0.0)).canceled == 0
    assert await world.status(plain) == "scheduled"
    assert (await cancel(world, created_after=created - 1, created_before=created + 1)).canceled
    assert await world.status(plain) == "canceled"
