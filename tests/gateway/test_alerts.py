"""Alerts about modems: raised once, cleared once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modemgw.modem.interface import ModemState
from tests.gateway.scripted import ScriptedModem

if TYPE_CHECKING:
    from tests.gateway.world import World


async def told(world: World) -> list[tuple[str, str, str]]:
    """What was told so far: raised or cleared, what, and of which port."""
    events = await world.events("alert.raised") + await world.events("alert.cleared")
    return [
        (event.type, event.data["alert"], event.data["port"])
        for event in sorted(events, key=lambda event: event.position)
    ]


async def test_a_modem_that_was_given_up_is_told_until_it_works(
    world: World, modem: ScriptedModem
) -> None:
    """The attempts in between, each of which fails, are no news."""
    port = modem.status.port
    for state in (
        ModemState.RECOVERING,
        ModemState.QUARANTINED,
        ModemState.OPENING,
        ModemState.INITIALISING,
        ModemState.RECOVERING,
        ModemState.QUARANTINED,
    ):
        modem.go(state)
        await world.present(modem)
    assert await told(world) == [("alert.raised", "modem_quarantined", port)]
    (event,) = await world.events("alert.raised")
    assert event.data["message"] == modem.status.reason
    assert event.data["modem"] == world.gateway.roster.modem_id(modem)
    for state in (ModemState.OPENING, ModemState.INITIALISING, ModemState.REGISTERING):
        modem.go(state)
        await world.present(modem)
    assert await told(world) == [
        ("alert.raised", "modem_quarantined", port),
        ("alert.cleared", "modem_quarantined", port),
    ]


async def test_a_storage_that_stays_full_is_told_until_there_is_room(
    world: World, modem: ScriptedModem
) -> None:
    """No text comes in meanwhile, and nothing else shows it."""
    for full in ("ME", "ME", None):
        modem.status = replace(modem.status, full=full, reason=f"{full}")
        await world.present(modem)
    assert [(type_, kind) for type_, kind, _ in await told(world)] == [
        ("alert.raised", "storage_full"),
        ("alert.cleared", "storage_full"),
    ]


async def test_two_modems_with_one_imei_are_told(world: World, modem: ScriptedModem) -> None:
    """As in pools that were cloned. A second port of one modem, which is left alone, is not."""
    other = ScriptedModem(2)
    other.status = replace(other.status, imei=modem.status.imei, iccid=None)
    for state in (ModemState.INITIALISING, ModemState.ABSENT):
        other.go(state)
        await world.present(other)
    assert await told(world) == []
    other.status = replace(other.status, state=ModemState.READY, iccid="8901000000000000002")
    await world.present(other)
    assert await told(world) == [("alert.raised", "imei_twice", other.status.port)]
