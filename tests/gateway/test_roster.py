"""Which line sits in which modem, when SIMs and modems move."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from modemgw.modem.interface import ModemState
from modemgw.store import lines
from tests.gateway.scripted import ScriptedModem

if TYPE_CHECKING:
    from tests.gateway.world import World


@pytest.mark.parametrize("state", [ModemState.NO_SIM, ModemState.ABSENT, ModemState.LOCKED])
async def test_a_line_stays_where_its_sim_was_seen_last(
    world: World, modem: ScriptedModem, state: ModemState
) -> None:
    """What becomes of the modem that had it before does not take it back."""
    other = ScriptedModem(2)
    other.status = replace(other.status, iccid=modem.status.iccid, number=modem.status.number)
    modem.go(state)
    await world.present(modem)
    await world.present(other)
    modem.status = replace(modem.status, reason="looked at again")
    await world.present(modem)
    rows = await world.reader.run(
        lambda connection: connection.execute(
            select(lines._modems.c.port).where(lines._modems.c.line_id.is_not(None))
        ).all()
    )
    assert [row.port for row in rows] == [other.status.port]
