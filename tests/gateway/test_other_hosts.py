"""The lines of other hosts: a text sticks to them as to our own."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from modemgw.gateway.lanes import Lane
from modemgw.gateway.requests import Caller
from modemgw.gateway.settings import Pool
from modemgw.modem.interface import ModemState
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())
PATIENCE_S = 60.0

Site = tuple[World, World, ScriptedModem, ScriptedModem]


@pytest.fixture
async def site(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """Two hosts with a modem each; ALICE last spoke with the line of the second."""
    monkeypatch.setattr("modemgw.gateway.gateway.FOLLOW_S", 0.05)
    ours, theirs = ScriptedModem(1), ScriptedModem(2)
    numbers = frozenset(modem.status.number or "" for modem in (ours, theirs))
    pool = Pool("sales", numbers, "transactional")
    settings = {"sticky_wait_s": PATIENCE_S, "pools": MappingProxyType({"sales": pool})}
    here, there = World(postgres_url, **settings), World(postgres_url, host="there", **settings)
    await there.start(theirs)
    await here.start(ours)
    await there.write(theirs, "Hello?", ALICE)
    await here.gateway.registry.refresh()
    yield here, there, ours, theirs
    await here.stop()
    await there.stop()


async def lane_of(world: World, message_id: str) -> str | None:
    """The line alone that a text waits for."""
    return Lane.parse((await world.row(message_id)).lane).line


async def test_a_text_that_another_host_accepts_goes_on_the_line_of_before(site: Site) -> None:
    """At once; a text to somebody else goes on whichever is free."""
    here, _, ours, theirs = site
    for i in range(3):
        await here.becomes(await here.send(ALICE, f"answer {i}", pool="sales"), "sent")
    assert theirs.texts == [f"answer {i}" for i in range(3)]
    assert ours.texts == []


async def test_a_text_that_another_host_promotes_goes_on_the_line_of_before(site: Site) -> None:
    """When its time has come, whoever looks first."""
    here, _, ours, theirs = site
    later = await here.send(ALICE, "tomorrow at noon", pool="sales", send_at=here.clock.now + 60)
    await here.later(61)
    await here.becomes(later, "sent")
    assert (ours.texts, theirs.texts) == ([], ["tomorrow at noon"])


async def test_a_text_sticks_no_longer_than_the_other_host_s_line_is_waited_for(
    site: Site,
) -> None:
    """Where that is away it waits for a while; then others take it."""
    here, there, ours, theirs = site
    theirs.go(ModemState.RECOVERING)
    there.gateway.changed(theirs)
    await there.until(lambda: not there.gateway.dispatcher.is_live(there.line(theirs)))
    await here.gateway.registry.refresh()
    waiting = await here.send(ALICE, "for a while", pool="sales")
    assert await lane_of(here, waiting) == there.line(theirs)
    here.clock.now += PATIENCE_S
    await here.becomes(await here.send(ALICE, "no longer", pool="sales"), "sent")
    await here.later(0)
    await here.becomes(waiting, "sent")
    assert (sorted(ours.texts), theirs.texts) == (["for a while", "no longer"], [])


async def test_a_text_sticks_to_no_line_of_another_host_that_may_not_send_it(site: Site) -> None:
    """Because it is out of service, or is not of the text's pool."""
    here, there, ours, theirs = site
    line, sticks = there.line(theirs), here.gateway.dispatcher.sticks
    found = {pool: sticks(line, pool, here.clock.now) for pool in ("sales", None, "care")}
    assert found == {"sales": True, None: True, "care": False}
    await there.gateway.desk.retire(line, BOSS)
    await here.gateway.registry.refresh()
    await here.becomes(await here.send(ALICE, "from another", pool="sales"), "sent")
    assert ours.texts == ["from another"]


async def test_what_a_person_paused_for_a_while_is_stuck_no_longer_afterwards(site: Site) -> None:
    """This host does not take its texts away for good."""
    here, there, _, theirs = site
    line = there.line(theirs)
    await here.gateway.desk.pause_line(line, BOSS, "a while")
    assert here.gateway.dispatcher.sticks(line, None, here.clock.now)
    here.clock.now += PATIENCE_S
    assert not here.gateway.dispatcher.sticks(line, None, here.clock.now)
    await here.gateway.desk.resume_line(line, BOSS)
    assert here.gateway.dispatcher.sticks(line, None, here.clock.now)
    assert here.gateway.dispatcher.stuck_lanes() == []
    await here.becomes(await here.send(ALICE, "again", pool="sales"), "sent")
    await here.becomes(await here.send(BOB, "a stranger", pool="sales"), "sent")
    assert "again" in theirs.texts
