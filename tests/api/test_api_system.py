"""Health, readiness, metrics, the bank's lists, and the way the API is bound."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from modemgw.api import answers, modem_shapes
from modemgw.api.app import Api, ApiError, ApiSettings
from modemgw.modem.interface import ModemState, ModemStatus
from modemgw.store import inbox, lines
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event
from tests.api.house import House, open_house, until
from tests.gateway.scripted import ScriptedModem

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.modem.interface import Clearance, SubmitResult
    from modemgw.store.transaction import Transaction


class StillModem(ScriptedModem):
    """A modem that has a status and is never asked for more."""

    def __init__(self, status: ModemStatus) -> None:
        super().__init__(0)
        self.status = status

    async def submit(self, pdu: str, length: int, clearance: Clearance) -> SubmitResult:
        """Wait for ever: nothing is sent in these tests."""
        await asyncio.Event().wait()
        raise AssertionError

    def recording(self, *, masked: bool = True) -> list[str]:
        """One line that says how it was asked for."""
        return [f"masked {masked}"]


READY = ModemStatus(
    port="/dev/ttyUSB0",
    state=ModemState.READY,
    since=1_700_000_000.0,
    imei="490154203237518",
    maker="Test",
    iccid="8944500000000000001",
    number="+15550009999",
    operator="Net",
    rssi_dbm=-71,
)


async def put_in(house: House, status: ModemStatus = READY) -> asyncio.Task[None]:
    """Let the gateway see a modem; its own tasks run until the returned one is cancelled."""
    task = asyncio.create_task(house.gateway.run())
    modem = StillModem(status)
    house.gateway.changed(modem)
    await until(lambda: house.gateway.roster.modem_id(modem) is not None)
    return task


async def test_a_recording_is_for_administrators_and_masked_unless_asked_for(
    house: House,
) -> None:
    """It holds people's numbers and texts; an unknown modem has none."""
    await house.make_key("reader", scopes=["send", "read"])
    task = await put_in(house)
    modem = (await house.call("GET", "/v1/modems")).json["items"][0]["id"]
    path = f"/v1/modems/{modem}/recording"
    reply = await house.call("GET", path)
    assert (reply.status, reply.body) == (200, b"masked True\n")
    assert reply.headers["Content-Type"].startswith("application/x-ndjson")
    assert (await house.call("GET", f"{path}?masked=false")).body == b"masked False\n"
    assert (await house.call("GET", path, key="reader")).kind == "missing-scope"
    unknown = await house.call("GET", f"/v1/modems/mdm_{'0' * 32}/recording")
    assert unknown.kind == "not-found"
    task.cancel()


async def test_a_modem_of_another_host_is_asked_for_there(house: House) -> None:
    """The answer names the host."""

    def elsewhere(tx: Transaction) -> str:
        known = {"state": "ready", "reason": "", "since": 1.0}
        return str(lines.see_modem(tx.connection, "other", "/dev/ttyUSB9", 1.0, **known).id)

    modem = await house.gateway.writer.run(elsewhere)
    reply = await house.call("GET", f"/v1/modems/{modem}/recording")
    assert reply.kind == "not-here"
    assert "other" in reply.json["detail"]


async def test_it_is_alive_without_a_modem_but_not_ready(house: House) -> None:
    """The body says why."""
    assert (await house.call("GET", "/healthz", key="")).json == {"status": "ok"}
    reply = await house.call("GET", "/readyz", key="")
    assert reply.status == 503
    state = answers.Readiness.model_validate(reply.json)
    assert not state.ready
    assert "modems.ports" in state.reasons[0]
    assert (await house.call("HEAD", "/healthz", key="")).status == 200


async def test_it_is_ready_with_a_modem_and_not_without_a_database(house: House) -> None:
    """Both are needed."""
    task = await put_in(house)
    reply = await house.call("GET", "/readyz", key="")
    assert reply.status == 200
    assert answers.Readiness.model_validate(reply.json).modems_ready == 1
    async with asyncio.timeout(5):
        while reply.status == 200:  # a commit that was on its way says that it is there
            with pytest.raises(StoreUnavailableError):
                await house.gateway.writer.run(
                    lambda tx: tx.emit(Event("call.received", 0.0, {"data": object()}))
                )
            reply = await house.call("GET", "/readyz", key="")
    assert (reply.status, reply.json["database"]) == (503, False)
    task.cancel()


async def test_the_bank_is_shown(house: House) -> None:
    """Lines, modems, and the one modem by its id."""
    task = await put_in(house)
    (line,) = (await house.call("GET", "/v1/lines")).json["items"]
    answers.Line.model_validate(line)
    modems = (await house.call("GET", "/v1/modems")).json
    (modem,) = modem_shapes.ModemPage.model_validate(modems).items
    assert (modem.state, modem.line, modem.imei) == ("ready", line["id"], READY.imei)
    assert modem.guaranteed is True
    one = await house.call("GET", f"/v1/modems/{modem.id}")
    assert one.json == modems["items"][0]
    task.cancel()


async def test_what_could_not_be_decoded_is_shown_in_pages(house: House) -> None:
    """As the modem gave it, with what is wrong with it."""
    for n in range(3):
        kept = {
            "id": f"tpd_{n:032x}",
            "fingerprint": str(n),
            "pdu": f"0{n}",
            "kind": "undecodable",
            "defect": "too short",
            "received_at": 1_700_000_000.0 + n,
        }
        await house.gateway.writer.run(lambda tx, kept=kept: inbox.keep(tx.connection, kept))  # type: ignore[misc]
    first = (await house.call("GET", "/v1/undecoded?limit=2")).json
    answers.KeptTpduPage.model_validate(first)
    second = (await house.call("GET", f"/v1/undecoded?limit=2&cursor={first['next']}")).json
    pdus = [item["pdu"] for item in [*first["items"], *second["items"]]]
    assert (pdus, second["next"]) == (["02", "01", "00"], None)


async def test_the_queue_is_counted(house: House) -> None:
    """What waits for a line, and what waits for a time."""
    await house.send()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await house.send(send_at=tomorrow.isoformat())
    queue = answers.Queue.model_validate((await house.call("GET", "/v1/queue")).json)
    assert (queue.waiting, queue.scheduled) == (1, 1)


async def test_opt_outs_are_listed_by_number_in_pages(house: House) -> None:
    """And one can be looked up."""
    numbers = [f"+1555000100{n}" for n in range(3)]
    for number in reversed(numbers):
        body = {"reason": "asked on the phone"}
        put = await house.call("PUT", f"/v1/optouts/%2B{number[1:]}", body)
        assert (put.json["source"], put.json["reason"]) == ("api", "asked on the phone")
    first = (await house.call("GET", "/v1/optouts?limit=2")).json
    second = (await house.call("GET", f"/v1/optouts?limit=2&cursor={first['next']}")).json
    assert second["next"] is None
    assert [o["number"] for o in [*first["items"], *second["items"]]] == numbers
    one = await house.call("GET", "/v1/optouts/(555)%20000-1001")
    assert one.json["number"] == numbers[1]
    gone = await house.call("DELETE", "/v1/optouts/%2B15550001009?reason=form")
    assert (gone.status, gone.kind) == (404, "not-found")


async def test_metrics_are_prometheus_text_and_name_nobody(house: House) -> None:
    """What is counted is there; no label is a number or a text."""
    task = await put_in(house)
    await house.send()
    await house.send(to="nobody")
    await house.call("GET", "/v1/optouts/%2B15550001001")
    reply = await house.call("GET", "/metrics", key="")
    families = {f.name: f for f in text_string_to_metric_families(reply.body.decode())}
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert samples["modemgw_accepted_total", ("kind", "transactional")] == 1
    assert samples["modemgw_refused_total", ("rule", "invalid-number")] == 1
    assert samples["modemgw_modems", ("state", "ready")] == 1
    assert samples[("modemgw_database_up",)] == 1
    assert ("modemgw_queue", ("for", "line")) in samples
    assert -71 in [value for (name, *_), value in samples.items() if name == "modemgw_signal_dbm"]
    assert "15550001001" not in reply.body.decode()
    task.cancel()


async def test_a_port_that_is_taken_is_told_in_words(house: House, tmp_path: Path) -> None:
    """Which one, and what to do; what was bound before is let go."""
    host, _, port = house.api.addresses[0].rpartition(":")
    api = Api(house.gateway, ApiSettings(listen=((host, 0), (host, int(port)))))
    with pytest.raises(ApiError, match=f"{host}:{port}.*another program"):
        await api.start()
    assert api.addresses == ()
    await api.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.invalid"])
async def test_it_binds_beyond_loopback_only_when_told(tmp_path: Path, host: str) -> None:
    """The words name the setting."""
    with pytest.raises(ApiError, match="allow_anywhere"):
        async with open_house(tmp_path, listen=((host, 0),)):
            pass


async def test_it_binds_beyond_loopback_only_with_a_key(tmp_path: Path) -> None:
    """An API that nobody can use must not be reachable by everybody."""
    with pytest.raises(ApiError, match="keys create"):
        async with open_house(tmp_path, listen=(("0.0.0.0", 0),), allow_anywhere=True):
            pass
    async with open_house(tmp_path):
        pass
    async with open_house(tmp_path, listen=(("0.0.0.0", 0),), allow_anywhere=True) as house:
        assert house.api.addresses[0].startswith("0.0.0.0:")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", "does not have that address"),
        ("example.invalid", "no address of this machine"),
    ],
)
async def test_an_address_of_another_machine_is_told_in_words(
    tmp_path: Path, host: str, words: str
) -> None:
    """Rather than an error number."""
    async with open_house(tmp_path):
        pass
    with pytest.raises(ApiError, match=words):
        async with open_house(tmp_path, listen=((host, 0),), allow_anywhere=True):
            pass


async def test_several_addresses_are_served(tmp_path: Path) -> None:
    """IPv4 and, where the machine has it, IPv6."""
    listen = [("127.0.0.1", 0), ("localhost", 0)]
    if socket.has_ipv6 and await _has_ipv6_loopback():
        listen.append(("::1", 0))
    async with open_house(tmp_path, listen=tuple(listen)) as house:
        assert len(house.api.addresses) >= len(listen)
        for address in house.api.addresses:
            async with house.client.get(f"http://{address}/healthz") as response:
                assert response.status == 200


async def _has_ipv6_loopback() -> bool:
    try:
        server = await asyncio.start_server(lambda _r, w: w.close(), "::1", 0)
    except OSError:
        return False
    server.close()
    return True


async def test_a_bad_network_in_allowed_hosts_is_told(house: House) -> None:
    """With the key of the configuration."""
    with pytest.raises(ApiError, match=r"api\.allowed_hosts"):
        Api(house.gateway, ApiSettings(listen=(), allowed_hosts=frozenset({"10.0.0.0/99"})))
