"""A modem that a person has paused sends nothing, whichever SIM sits in it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw.gateway.requests import RefusalError
from modemgw.modem.interface import ModemState
from modemgw.store import lines, pauses
from tests.gateway.scripted import Script, ScriptedModem
from tests.gateway.test_lines import BOSS, audited, settled

if TYPE_CHECKING:
    from modemgw.store.transaction import Transaction
    from tests.gateway.conftest import MakeWorld
    from tests.gateway.world import World


def id_of(world: World, modem: ScriptedModem) -> str:
    """The identifier of a modem."""
    found = world.gateway.roster.modem_id(modem)
    assert found is not None
    return found


async def waits_for(world: World, modem: ScriptedModem) -> str | None:
    """What the texts of a modem's line wait for."""
    view = await world.gateway.desk.line(world.line(modem))
    return view["waiting_for"]  # type: ignore[no-any-return]


async def test_a_paused_modem_reads_and_sends_nothing_across_a_restart(
    make_world: MakeWorld,
) -> None:
    """Resumed, it sends what waited; the audit and events tell of both."""
    world, modem = make_world(), ScriptedModem(1)
    await world.start(modem)
    modem_id, desk = id_of(world, modem), world.gateway.modem_desk
    view = await desk.pause(modem_id, BOSS, "a new aerial")
    assert (view["state"], view["paused"]) == ("ready", "a new aerial")
    message = await world.send(from_=world.line(modem))
    await world.stop()
    await world.start(modem)
    desk = world.gateway.modem_desk
    await world.write(modem, "Is anybody there?")
    assert [row.text for row in await world.inbound()] == ["Is anybody there?"]
    await settled(modem, 0)
    assert (await desk.pause(modem_id, BOSS, "said twice"))["paused"] == "a new aerial"
    assert await waits_for(world, modem) == "modem_paused"
    assert (await world.gateway.desk.line(world.line(modem)))["state"] == "active"
    assert not world.gateway.dispatcher.is_stuck(world.line(modem))
    world.clock.now += world.settings.sticky_wait_s
    assert world.gateway.dispatcher.is_stuck(world.line(modem))
    assert (await desk.resume(modem_id, BOSS))["paused"] is None
    await world.becomes(message, "sent")
    assert await audited(world) == [("paused", "key_boss"), ("resumed", "key_boss")]
    told = [event.data["paused"] for event in await world.events("modem.state")]
    assert told == [None, "a new aerial", "a new aerial", None]
    await world.stop()


async def test_the_pause_stays_with_the_modem_when_sims_move(
    world: World, modem: ScriptedModem
) -> None:
    """The SIM of a paused modem sends from another; another's SIM does not send from it."""
    other = ScriptedModem(2)
    await world.present(other)
    first, second = modem.status.iccid, other.status.iccid
    await world.gateway.modem_desk.pause(id_of(world, modem), BOSS, "a new aerial")
    for moved in (modem, other):
        moved.status = replace(moved.status, state=ModemState.NO_SIM, iccid=None, number=None)
        await world.present(moved)
    for moved, iccid in ((modem, second), (other, first)):
        moved.status = replace(moved.status, state=ModemState.READY, iccid=iccid)
        await world.present(moved)
    held = await world.send(from_=world.line(modem))
    await world.becomes(await world.send(from_=world.line(other)), "sent")
    await settled(modem, 0)
    assert len(other.written) == 1
    assert [await waits_for(world, moved) for moved in (modem, other)] == ["modem_paused", None]
    await world.gateway.modem_desk.resume(id_of(world, modem), BOSS)
    await world.becomes(held, "sent")


async def test_a_modem_that_is_paused_at_its_prompt_writes_nothing(
    world: World, modem: ScriptedModem
) -> None:
    """The text goes by another modem."""
    prompt, script = asyncio.Event(), Script()
    script.before_verdict = prompt
    modem.plan(script)
    message = await world.send()
    await script.cleared.wait()
    await world.gateway.modem_desk.pause(id_of(world, modem), BOSS, "a new aerial")
    other = ScriptedModem(2)
    await world.present(other)
    prompt.set()
    await world.until(lambda: modem.withdrawn == 1)
    world.clock.now += 2
    await world.becomes(message, "sent")
    assert (len(modem.written), len(other.written)) == (0, 1)


async def test_no_modem_cannot_be_paused(world: World) -> None:
    """Nothing is kept of it."""
    for act in (
        world.gateway.modem_desk.pause("mdm_none", BOSS, "why"),
        world.gateway.modem_desk.resume("mdm_none", BOSS),
    ):
        with pytest.raises(RefusalError, match="no modem"):
            await act
    assert await audited(world) == []


async def test_a_pause_outlives_that_the_imei_becomes_known(world: World) -> None:
    """What was paused without a name is paused under it; a pause of that name keeps its reason."""

    def operation(tx: Transaction) -> list[str | None]:
        found = []
        for port in "ab":
            told = {"state": "opening", "reason": "", "since": 0.0}
            nameless = lines.see_modem(tx.connection, "here", f"/dev/{port}", 0.0, **told)
            pauses.begin(tx.connection, pauses.modem_scope(nameless.id), port, 0.0)
            lines.see_modem(tx.connection, "here", "/dev/z", 0.0, imei="1", **told)
            known = lines.see_modem(tx.connection, "here", f"/dev/{port}", 0.0, imei="1", **told)
            found.append(pauses.of_modem(tx.connection, known.id))
        assert len(pauses.every(tx.connection)) == 1
        return found

    assert await world.writer.run(operation) == ["a", "a"]
