"""What people do about a modem over HTTP: a real gateway on a simulated modem."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modemgw.api import modem_shapes
from modemgw.modem.bank import Bank
from modemgw.modem.settings import BankSettings, PortSettings
from modemgw.simulator import bank as simulated
from modemgw.simulator.options import Options
from modemgw.store import lines
from modemgw.store.ledger import every_entry
from tests.api.house import House, until
from tests.modem.conftest import driven
from tests.modem.scene import TIMING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    import pytest

    from modemgw.modem.interface import Modem
    from modemgw.store.transaction import Transaction

READER = "reader"


@dataclass(slots=True)
class Site:
    """The API, and the one modem that it knows."""

    house: House
    simulated: simulated.Bank
    modem: Modem
    path: str

    async def call(self, method: str, path: str = "", body: Any = None, key: str = "all") -> Any:
        """A request about the modem."""
        return await self.house.call(method, self.path + path, body, key=key)

    async def history(self) -> list[tuple[str, str]]:
        """The states that it was in and why, the oldest first."""
        told = modem_shapes.ModemHistory.model_validate((await self.call("GET", "/history")).json)
        return [(stage.state, stage.reason) for stage in told.items][::-1]

    async def audit(self) -> Sequence[dict[str, Any]]:
        """All that the audit keeps."""
        return await self.house.gateway.reader.run(every_entry)


@contextlib.asynccontextmanager
async def open_site(house: House, folder: Path, state: str, pin: str = "") -> AsyncIterator[Site]:
    """A modem in a state; `pin` is what its SIM asks for."""
    network = simulated.Bank(Options(modems=1, dir=folder, profiles=("generic",)))
    if pin:
        network.card(0, 0).set_pin(pin)
    network.power_on()
    gateway = house.gateway
    await house.make_key(READER, scopes=["send", "read"])
    task = asyncio.create_task(gateway.run())
    port = PortSettings(str(network.link(0)))
    try:
        async with driven(Bank(BankSettings((port,), TIMING), gateway)):
            await until(lambda: [m.status.state for m in gateway.roster.modems] == [state])
            (modem,) = gateway.roster.modems
            await until(lambda: gateway.roster.modem_id(modem) is not None)
            path = f"/v1/modems/{gateway.roster.modem_id(modem)}"
            yield Site(house, network, modem, path)
    finally:
        task.cancel()
        network.close()


def see_elsewhere(tx: Transaction) -> str:
    """A modem of another host."""
    known = {"state": "ready", "reason": "", "since": 1.0}
    return str(lines.see_modem(tx.connection, "other", "/dev/ttyUSB9", 1.0, **known).id)


async def test_a_reset_is_answered_at_once_and_the_history_tells_of_it(
    house: House, tmp_path: Path
) -> None:
    """What cannot be done, and who may not, is refused; the audit keeps who did it."""
    async with open_site(house, tmp_path / "bank", "ready") as site:
        assert (await site.call("POST", "/reset", key=READER)).kind == "missing-scope"
        assert (await site.call("POST", "/reset", {"rung": "hammer"})).fields == {"rung"}
        refused = await site.call("POST", "/reset", {"rung": "power_cycle"})
        assert (refused.status, refused.kind) == (409, "cannot-reset")
        assert "power_cycle_command" in refused.json["detail"]
        begun = await site.call("POST", "/reset")
        assert begun.status == 202
        modem_shapes.Modem.model_validate(begun.json)
        async with asyncio.timeout(10):
            asked = ("recovering", "restart was asked for")
            while asked not in (kept := await site.history()) or kept[-1][0] != "ready":
                await asyncio.sleep(0.02)
        assert ("recovering", "resetting by AT+CFUN=1,1") in kept
        resets = [e for e in await site.audit() if e["action"] == "modem_reset"]
        assert [entry["detail"]["rung"] for entry in resets] == ["restart"]
        elsewhere = await house.gateway.writer.run(see_elsewhere)
        reply = await house.call("POST", f"/v1/modems/{elsewhere}/reset")
        assert reply.kind == "not-here"
        assert (await house.call("POST", "/v1/modems/none/reset")).kind == "not-found"


async def test_a_pin_opens_a_sim_and_is_kept_nowhere(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in logs, audit, events, history, recording or database, be it right or wrong."""
    right, wrong = "83920417", "83920418"
    async with open_site(house, tmp_path / "bank", "locked", right) as site:
        sim = site.simulated.card(0, 0)
        assert (await site.call("POST", "/pin", {"pin": right}, key=READER)).kind == "missing-scope"
        for malformed in ("123", "123456789", "12a4", " 1234", "१२३४"):
            reply = await site.call("POST", "/pin", {"pin": malformed})
            assert (reply.kind, reply.fields) == ("invalid", {"pin"})
            assert malformed not in reply.json["detail"]
        refused = await site.call("POST", "/pin", {"pin": wrong})
        assert (refused.status, refused.kind, refused.fields) == (422, "pin-refused", {"pin"})
        assert "2 tries are left" in refused.json["detail"]
        assert (await site.call("POST", "/pin", {"pin": wrong})).kind == "pin-unsafe"
        assert sim.tries == 2
        opened = await site.call("POST", "/pin", {"pin": right})
        assert (opened.status, sim.tries) == (200, 3)
        assert modem_shapes.Modem.model_validate(opened.json).state != "locked"
        await until(lambda: house.gateway.modems_ready == (1, 1))
        assert (await site.call("POST", "/pin", {"pin": right})).kind == "pin-not-asked"
        given = [e["detail"]["outcome"] for e in await site.audit() if e["action"] == "pin_given"]
        assert given == ["pin-refused", "pin-unsafe", "opened", "pin-not-asked"]
        elsewhere = await house.gateway.writer.run(see_elsewhere)
        reply = await house.call("POST", f"/v1/modems/{elsewhere}/pin", {"pin": right})
        assert reply.kind == "not-here"
        recording = (await site.call("GET", "/recording?masked=false")).body
        told = [recording, *(file.read_bytes() for file in tmp_path.glob("modemgw.db*"))]
        assert b"CPIN" in recording
        assert not any(right[:7].encode() in octets for octets in told)
        assert right[:7] not in "".join(capsys.readouterr())


async def test_the_last_try_of_a_pin_is_left_to_a_person(house: House, tmp_path: Path) -> None:
    """Who knows the PIN can still open the SIM in a telephone."""
    async with open_site(house, tmp_path / "bank", "locked", "7294") as site:
        sim = site.simulated.card(0, 0)
        for wrong in ("1111", "2222"):
            assert (await site.call("POST", "/pin", {"pin": wrong})).kind == "pin-refused"
        reply = await site.call("POST", "/pin", {"pin": "7294"})
        assert (reply.status, reply.kind, sim.tries) == (409, "pin-unsafe", 1)
        assert "telephone" in reply.json["detail"]
