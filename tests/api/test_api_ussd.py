"""USSD over HTTP: a real gateway on a simulated modem and its network."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.api.modem_shapes import UssdSession
from modemgw.modem.bank import Bank
from modemgw.modem.settings import BankSettings, PortSettings
from modemgw.simulator import bank as simulated
from modemgw.simulator.options import Options
from modemgw.store import events
from tests.api.house import House, until
from tests.modem.conftest import driven
from tests.modem.scene import TIMING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from modemgw.store.events import Event


@dataclass(slots=True)
class Site:
    """The API, and the one modem that it knows."""

    house: House
    simulated: simulated.Bank
    path: str

    async def call(self, method: str, path: str = "", body: Any = None, key: str = "all") -> Any:
        """A request to the modem's session."""
        return await self.house.call(method, self.path + path, body, key=key)

    async def told(self, count: int) -> list[Event]:
        """The events of USSD, when there are so many."""
        found: list[Event] = []
        async with asyncio.timeout(10):
            while len(found) < count:
                await asyncio.sleep(0.02)
                kept = await self.house.gateway.reader.run(lambda c: events.after(c, 0, 1000))
                found = [event for event in kept if event.type == "ussd.received"]
        return found


@pytest.fixture
async def site(house: House, tmp_path: Path) -> AsyncIterator[Site]:
    """Ready for a code."""
    network = simulated.Bank(Options(modems=1, dir=tmp_path / "bank", profiles=("generic",)))
    network.power_on()
    gateway = house.gateway
    task = asyncio.create_task(gateway.run())
    port = PortSettings(str(network.link(0)))
    try:
        async with driven(Bank(BankSettings((port,), TIMING), gateway)):
            await until(lambda: gateway.modems_ready == (1, 1))
            (modem,) = gateway.roster.modems
            await until(lambda: gateway.roster.line_of(modem) is not None)
            yield Site(house, network, f"/v1/modems/{gateway.roster.modem_id(modem)}/ussd")
    finally:
        task.cancel()
        network.close()


async def test_a_menu_goes_to_and_fro_and_is_told_by_events(site: Site) -> None:
    """Begun, asked, answered, done: each event is the session as it stood."""
    assert (await site.call("GET")).kind == "not-found"
    begun = await site.call("POST", body={"code": "*101#"})
    assert (begun.status, begun.headers["Location"]) == (201, site.path)
    session = UssdSession.model_validate(begun.json)
    assert (session.state, session.code) == ("waiting", "*101#")
    assert re.fullmatch(r"uss_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", session.id)  # a UUIDv7
    assert session.line is not None
    await site.told(1)
    asked = UssdSession.model_validate((await site.call("GET")).json)
    assert (asked.id, asked.state) == (session.id, "answer_wanted")
    assert str(asked.text).startswith("Shop\n1. Data")
    assert (await site.call("POST", "/answer", {"text": "0"})).json["state"] == "waiting"
    question, end = await site.told(2)
    assert UssdSession.model_validate(question.data) == asked
    assert end.data == (await site.call("GET")).json
    assert (end.data["state"], end.data["outcome"]) == ("ended", "done")
    assert end.data["text"] == "Good-bye"


async def test_a_session_is_one_at_a_time_and_can_be_ended(site: Site) -> None:
    """Each refusal has its kind."""
    assert (await site.call("DELETE")).kind == "not-found"
    assert (await site.call("POST", "/answer", {"text": "1"})).kind == "ussd-no-question"
    await site.call("POST", body={"code": "*101#"})
    assert (await site.call("POST", body={"code": "*100#"})).kind == "ussd-busy"
    ended = await site.call("DELETE")
    assert (ended.status, ended.json["outcome"]) == (200, "canceled")
    assert (await site.call("DELETE")).json["outcome"] == "canceled"


async def test_what_is_no_code_names_the_field(site: Site) -> None:
    """Nothing of it reaches the modem."""
    refused = await site.call("POST", body={"code": "nonsense"})
    assert (refused.kind, refused.fields) == ("invalid-text", {"code"})
    assert (await site.call("POST", body={"code": ""})).kind == "invalid"
    assert (await site.call("POST", body={})).kind == "invalid"
    assert site.simulated.modems[0].ussd.heard == []


async def test_ussd_may_cost_money_and_is_for_administrators(site: Site) -> None:
    """Others may read what the network said."""
    await site.house.make_key("reader", scopes=["send", "read"])
    for method, path, body in (
        ("POST", "", {"code": "*100#"}),
        ("POST", "/answer", {"text": "1"}),
        ("DELETE", "", None),
    ):
        assert (await site.call(method, path, body, key="reader")).kind == "missing-scope"
    assert (await site.call("GET", key="reader")).kind == "not-found"


async def test_a_modem_that_is_not_ready_says_why(site: Site) -> None:
    """Its state and reason are in the answer."""
    site.simulated.modems[0].unplug()
    await until(lambda: site.house.gateway.modems_ready == (0, 1))
    refused = await site.call("POST", body={"code": "*100#"})
    assert refused.kind == "modem-not-ready"
    assert "absent" in refused.json["detail"]
