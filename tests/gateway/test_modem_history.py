"""Where each modem has been is kept."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import text
from structlog.testing import capture_logs

from modemgw.modem.interface import ModemState
from modemgw.store import lines, modem_history
from modemgw.store.modem_history import KEPT, Stage
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import START

if TYPE_CHECKING:
    import pytest

    from modemgw.store.transaction import Transaction
    from tests.gateway.conftest import MakeWorld
    from tests.gateway.world import World


async def history(world: World, modem_id: str | None) -> list[tuple[str, str, float]]:
    """What is kept of a modem, the oldest first."""
    assert modem_id is not None
    rows = await world.reader.run(
        lambda c: modem_history.page(c, modem_id, before=None, limit=10 * KEPT)
    )
    return [(row.state, row.reason, row.at - START) for row in rows][::-1]


def note(tx: Transaction, modem_id: str, stages: list[Stage]) -> None:
    modem_history.note(tx.connection, modem_id, stages)


def go(world: World, modem: ScriptedModem, state: ModemState, reason: str = "") -> None:
    """Let a modem tell of a state, a second later."""
    world.clock.now += 1
    modem.status = replace(modem.status, state=state, reason=reason)
    world.gateway.changed(modem)


async def test_states_that_go_by_quickly_are_kept_in_order_across_a_restart(
    make_world: MakeWorld,
) -> None:
    """Each with its reason and time, even where only the last one is written of the modem."""
    world, modem = make_world(), ScriptedModem(1)
    await world.start(modem)
    modem_id = world.gateway.roster.modem_id(modem)
    go(world, modem, ModemState.RECOVERING, "it hangs")
    go(world, modem, ModemState.OPENING)
    go(world, modem, ModemState.OPENING)
    go(world, modem, ModemState.QUARANTINED, "left alone")
    await world.present(modem)
    await world.stop()
    world.clock.now += 10
    await world.start()
    kept = [
        ("ready", "", 0),
        ("recovering", "it hangs", 1),
        ("opening", "", 2),
        ("quarantined", "left alone", 4),
        ("absent", "not seen since the daemon started", 14),
    ]
    assert await history(world, modem_id) == kept
    await world.present(modem)
    assert await history(world, modem_id) == [*kept, ("quarantined", "left alone", 14)]
    await world.stop()


async def test_the_last_two_hundred_of_each_modem_are_kept(
    world: World, modem: ScriptedModem
) -> None:
    """A modem that flaps fills no disk, and takes nothing from another's."""
    other, modem_id = ScriptedModem(2), world.gateway.roster.modem_id(modem)
    await world.present(other)
    assert modem_id is not None
    for first in range(0, KEPT + 20, 44):
        stages = [Stage("ready", str(number), START) for number in range(first, first + 44)]
        await world.writer.run(partial(note, modem_id=modem_id, stages=stages))
    kept = await history(world, modem_id)
    assert [reason for _, reason, _ in kept] == [str(number) for number in range(20, KEPT + 20)]
    assert len(await history(world, world.gateway.roster.modem_id(other))) == 1


async def test_what_cannot_be_written_now_is_written_later(
    world: World, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that does not take it loses none; the row, its event and the history are one."""
    monkeypatch.setattr("modemgw.gateway.roster.RETRY_S", 0.01)

    async def rename(name: str, to: str) -> None:
        words = text(f"ALTER TABLE {name} RENAME TO {to}")
        await world.writer.run(lambda tx: tx.connection.execute(words) and None)

    await rename("modem_history", "elsewhere")
    go(world, modem, ModemState.RECOVERING, "it hangs")
    with capture_logs() as logs:
        await world.until(lambda: len(logs) > 1)
    go(world, modem, ModemState.OPENING)
    assert [event.data["state"] for event in await world.events("modem.state")] == ["ready"]
    await rename("elsewhere", "modem_history")
    await world.present(modem)
    kept = await history(world, world.gateway.roster.modem_id(modem))
    assert [state for state, _, _ in kept] == ["ready", "recovering", "opening"]


async def test_what_was_noted_before_the_imei_was_known_is_the_modems(world: World) -> None:
    """A modem that comes to another port begins there without a name."""

    def operation(tx: Transaction) -> tuple[str, str]:
        told = {"state": "opening", "reason": "", "since": START}
        known = lines.see_modem(tx.connection, "here", "/dev/a", START, imei="1", **told)
        nameless = lines.see_modem(tx.connection, "here", "/dev/b", START, **told)
        modem_history.note(tx.connection, nameless.id, [Stage("opening", "at b", START)])
        lines.see_modem(tx.connection, "here", "/dev/b", START, imei="1", **told)
        return known.id, nameless.id

    known, nameless = await world.writer.run(operation)
    assert await history(world, known) == [("opening", "at b", 0)]
    assert await history(world, nameless) == []
