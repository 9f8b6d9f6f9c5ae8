"""What the gateway forgets with time, and what a late copy does then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.store import messages
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import ALICE, BOB

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld

DAY_S = 86_400.0


async def test_texts_go_in_their_time_and_a_stop_stays_proven(make_world: MakeWorld) -> None:
    """A year later the text is forgotten; the STOP to it, and that it is refused, are not."""
    world, modem = make_world(keep_messages_s=365 * DAY_S), ScriptedModem(1)
    await world.start(modem)
    old = await world.send(BOB, "Hello")
    await world.becomes(old, "sent")
    await world.write(modem, "STOP", ALICE)
    stop = (await world.inbound())[0].id
    await world.later(366 * DAY_S)
    young = await world.send(BOB, "Hello again")
    await world.becomes(young, "sent")
    kept = await world.reader.run(lambda c: [messages.get(c, i) for i in (old, stop, young)])
    assert [row is None for row in kept] == [True, False, False]
    assert not isinstance(await world.ask(ALICE, "Hello"), dict)
    await world.stop()


async def test_a_stop_stays_proven_when_a_person_notes_it_once_more(make_world: MakeWorld) -> None:
    """Who writes STOP and calls as well has still written it."""
    world, modem = make_world(keep_messages_s=365 * DAY_S), ScriptedModem(1)
    await world.start(modem)
    await world.write(modem, "STOP", ALICE)
    (stop,) = await world.inbound()
    world.clock.now += 60.0
    view = await world.gateway.opt_out(ALICE, "api", "on the phone")
    told = (view["source"], view["reason"], view["message"], view["line"])
    assert told == ("api", "on the phone", stop.id, stop.line_id)
    await world.later(366 * DAY_S)
    assert await world.reader.run(lambda c: messages.get(c, stop.id)) is not None
    await world.stop()


async def test_a_report_that_is_repeated_after_it_was_forgotten_changes_nothing(
    make_world: MakeWorld,
) -> None:
    """Its text is delivered, once; the copy is of a report of long ago."""
    world, modem = make_world(keep_reports_s=14 * DAY_S, keep_events_s=99 * DAY_S), ScriptedModem(1)
    await world.start(modem)
    sent = await world.send(ALICE, "Hello")
    await world.becomes(sent, "sent")
    await world.report(modem, 1)
    assert await world.status(sent) == "delivered"
    await world.later(15 * DAY_S)
    world._scts = 0  # the very same report
    await world.report(modem, 1)
    told = await world.events("message.status")
    assert [event.data["status"] for event in told if event.data["id"] == sent] == [
        "sent",
        "delivered",
    ]
    await world.stop()


async def test_a_report_that_is_repeated_after_it_was_forgotten_is_not_about_a_newer_text(
    make_world: MakeWorld,
) -> None:
    """MRs come again after 256 texts, and reports from a SIM that lets nothing be deleted."""
    world, modem = make_world(keep_reports_s=14 * DAY_S), ScriptedModem(1)
    await world.start(modem)
    old = await world.send(ALICE, "Hello")
    await world.becomes(old, "sent")
    await world.report(modem, 1)
    await world.later(15 * DAY_S)
    modem._mr = 0
    young = await world.send(ALICE, "Hello again")
    await world.becomes(young, "sent")
    world._scts = 0  # the very same report
    await world.report(modem, 1)
    assert await world.status(young) == "sent"
    await world.stop()
