"""A text goes out: every answer that a modem can give, and what follows from it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.interface import ModemState, Outcome, SubmitResult
from tests.gateway.scripted import Script, ScriptedModem, refused
from tests.gateway.world import ALICE, ANYBODY, BOB, World

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld

LONG = "A long story. " * 25  # three parts


async def test_a_text_is_sent_and_reported_delivered(world: World, modem: ScriptedModem) -> None:
    """Accepted, then sent, then delivered by its report; each step is an event, in order."""
    message_id = await world.send(text="Grüße €")
    await world.becomes(message_id, "sent")
    assert modem.texts == ["Grüße €"]
    assert modem.written[0].address.number == ALICE
    await world.report(modem, mr=1)
    await world.becomes(message_id, "delivered")
    row = await world.row(message_id)
    assert (row.sender, row.line_id) == (modem.status.number, world.line(modem))
    world.assert_nothing_dangles(row)
    told = await world.events("message.status")
    assert [e.data["status"] for e in told] == ["sent", "delivered"]
    assert [e.sequence for e in told] == [1, 2]


async def test_parts_go_in_order_on_one_line(world: World, modem: ScriptedModem) -> None:
    """A long text is sent when all its parts are, and delivered when all are reported."""
    message_id = await world.send(text=LONG)
    await world.becomes(message_id, "sent")
    assert "".join(modem.texts) == LONG
    assert [t.concat.seq for t in modem.written if t.concat] == [1, 2, 3]
    for mr in (2, 1):
        await world.report(modem, mr)
    assert await world.status(message_id) == "sent"
    await world.report(modem, 3)
    assert await world.status(message_id) == "delivered"


async def test_a_failure_that_is_reported_and_then_undone_is_followed(
    world: World, modem: ScriptedModem
) -> None:
    """Some networks report a failure of a part, then success."""
    message_id = await world.send(text=LONG)
    await world.becomes(message_id, "sent")
    await world.report(modem, 1, st=0x45)
    assert await world.status(message_id) == "undelivered"
    await world.report(modem, 1)
    assert await world.status(message_id) == "sent"
    assert (await world.row(message_id)).error_code is None
    await world.report(modem, 2)
    await world.report(modem, 3)
    assert await world.status(message_id) == "delivered"


async def test_a_failure_that_is_reported_before_the_last_part_went_is_told_at_the_end(
    world: World, modem: ScriptedModem
) -> None:
    """With its reason, though nothing was wrong with the part that ends the message."""
    answer = asyncio.Event()
    last = Script(before_answer=answer)
    modem.plan(Script(), Script(), last)
    message_id = await world.send(text=LONG)
    await last.written.wait()
    await world.report(modem, 1, st=0x45)
    assert await world.status(message_id) == "sending"
    answer.set()
    await world.becomes(message_id, "undelivered")
    row = await world.row(message_id)
    assert (row.error_code, row.error_message) == (
        "undelivered",
        "The network could not deliver it (TP-ST 0x45).",
    )


async def test_a_report_that_overtakes_its_answer_is_applied(
    world: World, modem: ScriptedModem
) -> None:
    """It is kept until the answer tells the MR."""
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    message_id = await world.send()
    await script.written.wait()
    await world.report(modem, mr=1)
    answer.set()
    await world.becomes(message_id, "delivered")


async def test_a_report_that_says_still_trying_changes_nothing(
    world: World, modem: ScriptedModem
) -> None:
    """TP-ST 20 to 3F is no end (23.040 §9.2.3.15); a report about nothing is kept."""
    message_id = await world.send()
    await world.becomes(message_id, "sent")
    await world.report(modem, 1, st=0x30)
    await world.report(modem, 77)
    assert await world.status(message_id) == "sent"
    await world.report(modem, 1)
    assert await world.status(message_id) == "delivered"


async def test_a_refusal_for_good_fails_the_text(world: World, modem: ScriptedModem) -> None:
    """A number that does not exist is not tried again."""
    modem.plan(refused(1))
    message_id = await world.send()
    await world.becomes(message_id, "failed")
    row = await world.row(message_id)
    assert row.error_code == "unknown_recipient"
    world.assert_nothing_dangles(row)


async def test_a_refusal_for_now_is_tried_again(world: World, modem: ScriptedModem) -> None:
    """Congestion: queued again until its time, then sent; the refused attempt is counted."""
    modem.plan(refused(42))
    message_id = await world.send()
    await world.until(lambda: len(modem.written) == 1)
    await world.becomes(message_id, "queued")
    assert (await world.row(message_id)).hold_reason == "network_trouble"
    await world.later(60)
    await world.becomes(message_id, "sent")
    assert len(modem.written) == 2


async def test_patience_shortens_the_wait_between_attempts(make_world: MakeWorld) -> None:
    """An unreachable recipient is tried again after five minutes, times the patience."""
    world, modem = make_world(retry_patience=0.1), ScriptedModem(1)
    await world.start(modem)
    modem.plan(refused(27))
    message_id = await world.send()
    await world.until(lambda: len(modem.written) == 1)
    await world.becomes(message_id, "queued")
    await world.later(30 * 1.25)
    await world.becomes(message_id, "sent")
    await world.stop()


async def test_retries_end_with_the_attempts(make_world: MakeWorld) -> None:
    """The last refusal fails the text."""
    world, modem = make_world(max_attempts=2), ScriptedModem(1)
    await world.start(modem)
    modem.plan(refused(314), refused(314))
    message_id = await world.send()
    await world.until(lambda: len(modem.written) == 1)
    await world.becomes(message_id, "queued")
    await world.later(60)
    await world.becomes(message_id, "failed")
    await world.stop()


async def test_a_line_that_is_refused_rests_and_another_sends(
    world: World, modem: ScriptedModem
) -> None:
    """A barred SIM: the text goes on another line, what was claimed ahead too."""
    other = ScriptedModem(2)
    modem.plan(refused(8))
    first = await world.send(text="first")
    await world.until(lambda: len(modem.written) == 1)
    await world.becomes(first, "queued")
    await world.present(other)
    await world.later(10)
    await world.becomes(first, "sent")
    assert world.gateway.tally.rests[world.line(modem)] == 1


async def test_an_endless_error_of_a_modem_is_recorded(world: World, modem: ScriptedModem) -> None:
    """Whatever a modem prints fits into the record."""
    result = SubmitResult(Outcome.REFUSED, family="cms", code=10**30, detail="x\0" * 2_000)
    modem.plan(Script(result), Script(result, at_prompt=True))
    message_id = await world.send()
    await world.until_async(lambda: world.attempted(message_id, 1))
    await world.later(60)
    await world.until_async(lambda: world.attempted(message_id, 2))
    await world.later(60)
    await world.becomes(message_id, "sent")


async def test_a_text_that_expires_behind_the_prompt_is_withdrawn(
    world: World, modem: ScriptedModem
) -> None:
    """The gate's last look is at the clock, too."""
    message_id = await world.expire_at_the_prompt(modem)
    await world.until_async(lambda: world.attempted(message_id, 0))  # it was no attempt
    await world.later(10)
    assert await world.status(message_id) == "expired"
    assert modem.written == []
    world.assert_nothing_dangles(await world.row(message_id))


async def test_a_permit_that_has_grown_old_is_asked_for_again(make_world: MakeWorld) -> None:
    """A slow prompt: the database is asked once more before the write."""
    world, modem = make_world(permit_age_s=0.05), ScriptedModem(1)
    await world.start(modem)
    prompt = asyncio.Event()
    script = Script(before_verdict=prompt)
    modem.plan(script)
    message_id = await world.send()
    await script.cleared.wait()
    await asyncio.sleep(0.06)  # the age itself is what is tested
    prompt.set()
    await world.becomes(message_id, "sent")
    await world.stop()


async def test_something_more_urgent_overtakes_what_was_claimed_ahead(
    world: World, modem: ScriptedModem
) -> None:
    """The claim made on the air is given back, and goes next."""
    prompt, answer = asyncio.Event(), asyncio.Event()
    script = Script(before_verdict=prompt, before_answer=answer)
    modem.plan(script)
    await world.send(text="first")
    await script.cleared.wait()
    calm = await world.send(BOB, "calm", kind="marketing")
    prompt.set()
    await world.until_async(lambda: world.claimed(calm))
    urgent = await world.send(BOB, "urgent", kind="conversational")
    answer.set()
    await world.becomes(calm, "sent")
    await world.becomes(urgent, "sent")
    assert modem.texts == ["first", "urgent", "calm"]


async def test_a_message_can_be_canceled_until_it_begins(
    world: World, modem: ScriptedModem
) -> None:
    """What is queued is canceled and never sent; what is on the air is not cancelable."""
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    on_air = await world.send(text="on the air")
    await script.written.wait()
    queued = await world.send(BOB, "never")
    with pytest.raises(Exception, match="sending"):
        await world.gateway.cancel(on_air, ANYBODY)
    assert (await world.gateway.cancel(queued, ANYBODY))["status"] == "canceled"
    assert (await world.gateway.cancel(queued, ANYBODY))["status"] == "canceled"
    with pytest.raises(Exception, match="no message"):
        await world.gateway.cancel("msg_none", ANYBODY)
    answer.set()
    await world.becomes(on_air, "sent")
    last = await world.send(BOB, "last")
    await world.becomes(last, "sent")
    assert modem.texts == ["on the air", "last"]
    world.assert_nothing_dangles(await world.row(queued))


async def test_what_waits_is_sent_when_a_line_becomes_ready(world: World) -> None:
    """No modem: queued. A modem that leaves gives back; another goes on."""
    message_id = await world.send()
    modem = ScriptedModem(1)
    modem.go(ModemState.REGISTERING)
    await world.present(modem)
    assert await world.status(message_id) == "queued"
    modem.go(ModemState.READY)
    await world.present(modem)
    await world.becomes(message_id, "sent")


async def test_what_waits_for_a_line_that_has_gone_goes_on_another(
    world: World, modem: ScriptedModem
) -> None:
    """A conversation sticks to a line for a while when that is gone; a named line is waited for."""
    await world.write(modem, "Hi")
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    first = await world.send(BOB, "first")
    await script.written.wait()
    line_id = world.line(modem)
    sticky = await world.send(text="sticky")
    named = await world.send(text="named", from_=line_id)
    modem.go(ModemState.RECOVERING)
    world.gateway.changed(modem)
    await world.until(lambda: world.gateway.roster._written[id(modem)] == modem.status)
    answer.set()
    await world.becomes(first, "sent")
    await world.until(lambda: not world.gateway.dispatcher.is_live(line_id))
    other = ScriptedModem(2)
    await world.present(other)
    await world.later(world.settings.sticky_wait_s - 1)
    assert await world.status(sticky) == "queued"
    await world.later(world.settings.sticky_wait_s)
    await world.becomes(sticky, "sent")
    assert other.texts == ["sticky"]
    assert await world.status(named) == "queued"


async def test_a_modem_that_leaves_between_parts_keeps_the_rest(
    world: World, modem: ScriptedModem
) -> None:
    """The rest waits for its line, and goes there; after `part_wait` it fails as partly sent."""
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    message_id = await world.send(text=LONG)
    await script.written.wait()
    modem.go(ModemState.RECOVERING)
    world.gateway.changed(modem)
    await world.until(lambda: world.gateway.roster._written[id(modem)] == modem.status)
    answer.set()
    other = ScriptedModem(2)
    await world.present(other)
    await world.until(lambda: not world.gateway.dispatcher.is_live(world.line(modem)))
    await world.later(60)
    assert await world.parts(message_id) == ["sent", "queued", "queued"]
    assert other.written == []
    await world.later(3_600)
    row = await world.row(message_id)
    assert (row.status, row.error_code) == ("failed", "partly_sent")
    world.assert_nothing_dangles(row)
