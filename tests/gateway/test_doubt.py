"""Nobody can say whether a part went: what waits, what settles it, and what ends it."""

from __future__ import annotations

from tests.gateway.scripted import Script, ScriptedModem, refused, unknown
from tests.gateway.world import BOB, World

LONG = "A long story. " * 25  # three parts


async def test_an_unknown_outcome_is_in_doubt_and_never_repeated(
    world: World, modem: ScriptedModem
) -> None:
    """Nothing else goes to that recipient on that line; others go on."""
    modem.plan(unknown())
    doubtful = await world.send(text="doubtful")
    await world.becomes(doubtful, "in_doubt")
    behind, other = await world.send(text="behind"), await world.send(BOB, "other")
    await world.becomes(other, "sent")
    await world.later(40)
    assert await world.status(behind) == "queued"
    assert modem.texts == ["doubtful", "other"]


async def test_the_rest_of_a_message_waits_for_a_part_in_doubt(
    world: World, modem: ScriptedModem
) -> None:
    """A report whose MR belongs to no other part settles the doubt, and the rest goes."""
    modem.plan(Script(), unknown())
    message_id = await world.send(text=LONG)
    await world.becomes(message_id, "in_doubt")
    await world.later(10)
    assert await world.parts(message_id) == ["sent", "in_doubt", "queued"]
    await world.report(modem, 1)  # another part's: it says nothing of the doubt
    assert await world.status(message_id) == "in_doubt"
    await world.report(modem, 200)
    await world.later(0)
    await world.becomes(message_id, "sent")
    assert await world.parts(message_id) == ["delivered", "delivered", "sent"]
    assert len(modem.written) == 3


async def test_a_late_answer_settles_a_doubt(world: World, modem: ScriptedModem) -> None:
    """The modem still had the OK of its last submit; what waited for the doubt goes."""
    modem.plan(unknown())
    doubtful = await world.send(text="doubtful")
    await world.becomes(doubtful, "in_doubt")
    behind = await world.send(text="behind")
    await world.until_async(lambda: _waits(world, behind))
    await world.gateway.late_answer(modem, 9)
    assert await world.status(doubtful) == "sent"
    await world.gateway.late_answer(modem, 9)  # a second one is about nothing
    await world.later(0)
    await world.becomes(behind, "sent")
    await world.report(modem, 9)
    assert await world.status(doubtful) == "delivered"


async def _waits(world: World, message_id: str) -> bool:
    return str((await world.row(message_id)).hold_reason) == "recipient_in_doubt"


async def test_a_doubt_that_nothing_settles_ends_as_outcome_unknown(
    world: World, modem: ScriptedModem
) -> None:
    """After its time; silence is never proof."""
    modem.plan(unknown())
    message_id = await world.send(valid_for_s=7 * 86_400.0)
    await world.becomes(message_id, "in_doubt")
    await world.later(86_000)
    assert await world.status(message_id) == "in_doubt"
    await world.later(500)
    row = await world.row(message_id)
    assert (row.status, row.error_code) == ("failed", "outcome_unknown")
    world.assert_nothing_dangles(row)
    assert len(modem.written) == 1


async def test_a_doubt_is_sent_again_once_if_the_sender_chose_so(
    world: World, modem: ScriptedModem
) -> None:
    """Also when it was refused before; the second doubt ends it."""
    modem.plan(refused(42), unknown(), unknown())
    message_id = await world.send(if_in_doubt="resend", valid_for_s=7 * 86_400.0)
    await world.until(lambda: len(modem.written) == 1)
    await world.becomes(message_id, "queued")
    dispatcher = world.gateway.dispatcher
    await world.until(lambda: dispatcher.line_wait(world.line(modem)) is not None)  # it is slowed
    await world.later(60)
    await world.becomes(message_id, "in_doubt")
    await world.later(86_500)
    await world.until(lambda: len(modem.written) == 3)
    await world.becomes(message_id, "in_doubt")
    await world.later(86_500)
    assert await world.status(message_id) == "failed"
    assert len(modem.written) == 3
