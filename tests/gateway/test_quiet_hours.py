"""Hours of countries and kinds, from the acceptance of a text to its validity in the network."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from modemgw.consent.country_hours import CountryHours, Hours
from modemgw.consent.gate import Policy
from modemgw.gateway.requests import RefusalError
from modemgw.pdu.validity import RelativeValidity
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import ALICE, START

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld
    from tests.gateway.world import World

HOUR = 3_600.0
CLOSES = datetime(2026, 6, 11, 1, 0, tzinfo=UTC).timestamp()  # 21:00 in Washington
OPENS = datetime(2026, 6, 11, 12, 0, tzinfo=UTC).timestamp()  # 08:00
LAWFUL = Policy.parse("08:00-21:00", ["*"], CountryHours.of())


async def test_marketing_that_did_not_go_by_the_evening_does_not_go_in_the_morning(
    make_world: MakeWorld,
) -> None:
    """Its validity ends with the window it was accepted for; an appointment keeps its day."""
    world = make_world(policy=LAWFUL)
    await world.start()
    offer = await world.send(kind="marketing")
    appointment = await world.send(kind="transactional")
    asked = await world.send(kind="marketing", valid_for_s=40 * HOUR)
    assert (await world.row(offer)).expires_at == CLOSES
    assert (await world.row(appointment)).expires_at == START + 24 * HOUR
    assert (await world.row(asked)).expires_at == START + 40 * HOUR
    world.clock.now = OPENS + 60
    await world.later(0)
    await world.becomes(offer, "expired")
    modem = ScriptedModem(1)
    await world.present(modem)
    await world.becomes(asked, "sent")
    await world.becomes(appointment, "sent")
    assert len(modem.written) == 2
    await world.stop()


async def test_marketing_of_the_night_has_the_whole_next_day(make_world: MakeWorld) -> None:
    """It waits for the morning, within a quarter of an hour, and ends with that day's window."""
    world, modem = make_world(policy=LAWFUL), ScriptedModem(1)
    await world.start(modem)
    world.clock.now = CLOSES + HOUR
    offer = await world.send(kind="marketing")
    row = await world.row(offer)
    assert row.status == "scheduled"
    assert row.hold_reason == "outer_window"
    assert OPENS <= row.ready_at < OPENS + HOUR / 4
    assert row.expires_at == CLOSES + 24 * HOUR
    world.clock.now = row.ready_at
    await world.later(0)
    await world.becomes(offer, "sent")
    await world.stop()


async def test_the_network_may_not_deliver_marketing_at_night(make_world: MakeWorld) -> None:
    """However long its sender wants it to be valid, the service centre is given until 21:00."""
    world, modem = make_world(policy=LAWFUL), ScriptedModem(1)
    await world.start(modem)
    world.clock.now = CLOSES - 2 * HOUR
    await world.becomes(await world.send(kind="marketing", valid_for_s=40 * HOUR), "sent")
    await world.becomes(await world.send(kind="transactional"), "sent")
    minutes = [tpdu.vp.minutes for tpdu in modem.written if isinstance(tpdu.vp, RelativeValidity)]
    assert minutes == [120, 24 * 60]
    await world.stop()


async def test_hours_that_are_never_common_refuse_at_once(make_world: MakeWorld) -> None:
    """The sender is told with the remedy, which helps."""
    hours = CountryHours.of([Hours.parse("US", "12:00-13:00")])
    world = make_world(policy=Policy.parse("08:00-21:00", ["*"], hours))
    await world.start()
    refusal = await world.ask("+15550001111", kind="marketing")
    assert isinstance(refusal, RefusalError)
    assert refusal.kind == "no-common-hour"
    assert "time_zone" in str(refusal)
    answer = await world.ask("+15550001111", kind="marketing", time_zone="America/Chicago")
    assert isinstance(answer, dict)
    await world.stop()


async def test_the_recipients_own_zone_decides_up_to_the_claim(make_world: MakeWorld) -> None:
    """Eleven in Washington is the middle of the night in Tokyo, where the number's owner lives."""
    world, modem = make_world(policy=LAWFUL), ScriptedModem(1)
    await world.start()
    here = await world.send(ALICE, kind="marketing")
    abroad = await world.send(ALICE, kind="marketing", time_zone="Asia/Tokyo")
    night = await world.row(abroad)
    assert night.status == "scheduled"
    tokyo = datetime.fromtimestamp(night.ready_at, UTC)
    assert (tokyo.hour, tokyo.minute < 15) == (23, True)
    # Its time comes while no modem is there; by the time one is, the window has closed again.
    world.clock.now = night.expires_at - 1
    abroad_late = await world.send(
        ALICE, kind="marketing", time_zone="Asia/Tokyo", valid_for_s=40 * HOUR
    )
    world.clock.now += 2
    await world.later(0)
    await world.present(modem)
    await world.until_async(lambda: _waits(world, abroad_late))
    assert await world.status(here) == "expired"
    assert modem.written == []
    await world.stop()


async def _waits(world: World, message_id: str) -> bool:
    row = await world.row(message_id)
    return bool(row.hold_reason == "outer_window" and row.lane is None)
