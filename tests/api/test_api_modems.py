"""Modems over HTTP: how they are, and where they have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.api import modem_shapes
from modemgw.store import lines, modem_history
from modemgw.store.modem_history import Stage

if TYPE_CHECKING:
    from modemgw.store.transaction import Transaction
    from tests.api.house import House


def see_elsewhere(tx: Transaction) -> str:
    """A modem of another host that went through five states."""
    known = {"state": "ready", "reason": "", "since": 1.0}
    modem_id = str(lines.see_modem(tx.connection, "other", "/dev/ttyUSB9", 1.0, **known).id)
    stages = [Stage("recovering", f"fault {number}", float(number)) for number in range(5)]
    modem_history.note(tx.connection, modem_id, stages)
    return modem_id


async def test_the_history_of_any_hosts_modem_is_told_page_by_page(house: House) -> None:
    """The newest first, each once; who may read may read it."""
    await house.make_key("reader", scopes=["read"])
    path = f"/v1/modems/{await house.gateway.writer.run(see_elsewhere)}/history"
    seen, cursor = [], ""
    while True:
        reply = await house.call("GET", f"{path}?limit=2{cursor}", key="reader")
        told = modem_shapes.ModemHistory.model_validate(reply.json)
        seen += [stage.reason for stage in told.items]
        if told.next is None:
            break
        cursor = f"&cursor={told.next}"
    assert seen == [f"fault {number}" for number in (4, 3, 2, 1, 0)]


async def test_the_history_of_no_modem_and_from_no_cursor_is_refused(house: House) -> None:
    """With words."""
    path = f"/v1/modems/{await house.gateway.writer.run(see_elsewhere)}/history"
    await house.make_key("sender", scopes=["send"])
    assert (await house.call("GET", path, key="sender")).kind == "missing-scope"
    assert (await house.call("GET", path + "?cursor=nonsense")).fields == {"cursor"}
    assert (await house.call("GET", path + "?limit=0")).fields == {"limit"}
    for unknown in ("mdm_" + "0" * 32, "nonsense", "%00"):
        assert (await house.call("GET", f"/v1/modems/{unknown}/history")).kind == "not-found"
        assert (await house.call("GET", f"/v1/modems/{unknown}")).kind == "not-found"


async def test_a_modem_is_paused_and_resumed_by_administrators(house: House) -> None:
    """Of whichever host; the reason is shown, and who gave none is named."""
    await house.make_key("reader", scopes=["send", "read"])
    path = f"/v1/modems/{await house.gateway.writer.run(see_elsewhere)}"
    for act in ("pause", "resume"):
        assert (await house.call("POST", f"{path}/{act}", key="reader")).kind == "missing-scope"
        assert (await house.call("POST", f"/v1/modems/none/{act}")).kind == "not-found"
    assert (await house.call("POST", f"{path}/pause", {"reason": ""})).kind == "invalid"
    paused = await house.call("POST", f"{path}/pause", {"reason": "a new aerial"})
    assert (paused.status, paused.json["paused"]) == (200, "a new aerial")
    assert (await house.call("GET", path, key="reader")).json == paused.json
    (listed,) = (await house.call("GET", "/v1/modems")).json["items"]
    assert listed == paused.json
    assert (await house.call("POST", f"{path}/resume")).json["paused"] is None
    assert "with key" in (await house.call("POST", f"{path}/pause")).json["paused"]
