"""Ports behind device servers: raw TCP and RFC 2217."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import serial
from serial.rfc2217 import PortManager

from modemgw.modem.bank import Bank
from modemgw.modem.errors import PortError, PortFault
from modemgw.modem.interface import ModemState, Outcome
from modemgw.modem.network_port import open_network_port
from modemgw.modem.port import PortEvents, open_port
from modemgw.modem.settings import BankSettings, PortSettings
from tests.modem.conftest import QUICK, driven
from tests.modem.listening import Listener, Permit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.modem.scripted import ScriptedModem

PDU = "0011000B915155500100F00000AA05E8329BFD06"


class Wireless(serial.Serial):
    """A pty: it has none of the lines that pyserial's server asks for."""

    cts = dsr = ri = cd = property(lambda _: False)


class DeviceServer:
    """Puts a modem's tty on a TCP port; with `telnet`, by pyserial's side of RFC 2217."""

    def __init__(self, modem: ScriptedModem, *, telnet: bool) -> None:
        self._modem = modem
        self._telnet = telnet
        self.device = Wireless()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.device = device = Wireless(self._modem.path, 9600, timeout=0)
        manager = PortManager(device, writer) if self._telnet else None  # type: ignore[arg-type]
        loop = asyncio.get_running_loop()

        def from_modem() -> None:
            data = device.read(4096)
            writer.write(b"".join(manager.escape(data)) if manager else data)

        loop.add_reader(device.fileno(), from_modem)
        try:
            while data := await reader.read(4096):
                device.write(b"".join(manager.filter(data)) if manager else data)
        except ConnectionError:
            pass
        finally:
            loop.remove_reader(device.fileno())
            device.close()
            writer.close()


@contextlib.asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """A server on this machine: its port's number."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
async def test_a_modem_behind_a_device_server_sends(
    modem: ScriptedModem, listener: Listener, scheme: str
) -> None:
    """`socket://` and `rfc2217://` are ports like any other."""
    server = DeviceServer(modem, telnet=scheme == "rfc2217")
    async with listening(server.serve) as number:
        settings = PortSettings(f"{scheme}://127.0.0.1:{number}")
        bank = Bank(BankSettings((settings,), QUICK), listener)
        async with driven(bank):
            await listener.until_state(ModemState.READY)
            result = await bank.modems[0].submit(PDU, 19, Permit())
    assert result.outcome is Outcome.ACCEPTED
    assert modem.payloads == [PDU]


async def test_a_server_is_told_how_to_run_its_port(modem: ScriptedModem) -> None:
    """pyserial's server has taken speed and flow control before the first answer."""
    server = DeviceServer(modem, telnet=True)
    async with listening(server.serve) as number:
        url = f"rfc2217://127.0.0.1:{number}"
        settings = PortSettings(url, baudrate=57600, rtscts=True)
        port = await open_port(url, settings, QUICK)
        answered = asyncio.Event()
        port.listen(PortEvents(lambda _: answered.set(), lambda _: None))
        port.write(b"AT\r")
        await asyncio.wait_for(answered.wait(), 5)
        device = server.device
        assert (device.baudrate, device.rtscts, device.xonxoff) == (57600, True, False)
        await port.close()


async def test_a_server_without_rfc_2217_says_so(modem: ScriptedModem) -> None:
    """Raw TCP behind rfc2217:// would let Telnet's escapes reach the modem."""
    server = DeviceServer(modem, telnet=False)
    async with listening(server.serve) as number:
        url = f"rfc2217://127.0.0.1:{number}"
        with pytest.raises(PortError, match="speaks no RFC 2217") as caught:
            await open_port(url, PortSettings(url), replace(QUICK, open_s=0.3))
        assert caught.value.fault is PortFault.UNREACHABLE


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
async def test_a_server_that_hangs_up_at_once_is_a_lost_port(scheme: str) -> None:
    """It has another client, as a rule; told even where it came before anybody listened."""

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    lost: asyncio.Future[PortError] = asyncio.get_running_loop().create_future()
    async with listening(hang_up) as number:
        url = f"{scheme}://127.0.0.1:{number}"
        try:
            port = await open_port(url, PortSettings(url), QUICK)
        except PortError as error:
            lost.set_result(error)
        else:
            port.listen(PortEvents(lambda _: None, lost.set_result))
        assert (await asyncio.wait_for(lost, 5)).fault is PortFault.LOST


async def test_a_server_that_takes_nothing_is_given_up() -> None:
    """As a modem that has stopped reading."""
    ended = asyncio.Event()

    async def be_deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    lost: asyncio.Future[PortError] = asyncio.get_running_loop().create_future()
    async with listening(be_deaf) as number:
        url = f"socket://127.0.0.1:{number}"
        port = await open_port(url, PortSettings(url), QUICK)
        port.listen(PortEvents(lambda _: None, lost.set_result))
        async with asyncio.timeout(10):
            while not lost.done():
                port.write(b"x" * 100_000)
                await asyncio.sleep(0)
        assert "takes no bytes" in str(lost.result())
        await port.close()
        ended.set()


async def test_a_half_open_link_is_noticed() -> None:
    """TCP keeps asking whether the other side is alive."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with listening(serve) as number:
        url = f"socket://127.0.0.1:{number}"
        port = await open_network_port(url, PortSettings(url), QUICK)
        assert port._transport is not None
        connection = port._transport.get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
        await port.close()


async def test_a_device_server_that_is_away_is_waited_for(listener: Listener) -> None:
    """Unreachable, with the reason; no ladder of resets."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"socket://127.0.0.1:{unused.getsockname()[1]}"
        bank = Bank(BankSettings((PortSettings(url),), QUICK), listener)
        async with driven(bank):
            await listener.until_state(ModemState.RECOVERING)
            await listener.until(lambda: len(listener.states) > 6)
    assert "is the device server up" in bank.modems[0].status.reason


async def test_a_device_server_that_swallows_connections_has_a_time_limit() -> None:
    """A listening socket whose queue is full answers nothing."""
    with contextlib.ExitStack() as sockets:
        full = sockets.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        url = f"socket://127.0.0.1:{full.getsockname()[1]}"
        with pytest.raises(PortError, match=r"no connection within 0\.3 s"):
            await open_port(url, PortSettings(url), replace(QUICK, open_s=0.3))


@pytest.mark.parametrize(
    "url",
    [
        "socket://nohost",
        "http://127.0.0.1:80",
        "socket://:7",
        "socket://host:99999",
        "rfc2217://host:x",
        "socket://me:pw@host:7",
        "rfc2217://host:7?logging=debug",
    ],
)
async def test_a_url_that_leads_nowhere_says_how_to_write_one(url: str) -> None:
    """For the person who writes the configuration."""
    with pytest.raises(PortError, match="write socket://host:port"):
        await open_port(url, PortSettings(url), QUICK)
