"""A serial port behind a device server: raw TCP, or Telnet with port control (RFC 2217)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Final

from modemgw.modem.errors import PortError, PortFault
from modemgw.modem.patterns import NetworkAddress, Scheme
from modemgw.modem.telnet import LineSettings, Telnet

if TYPE_CHECKING:
    from modemgw.modem.port import PortEvents
    from modemgw.modem.settings import PortSettings, Timing

_EARLY_LIMIT: Final = 65_536
_UNWRITTEN_LIMIT: Final = 1 << 20  # no dialogue comes near it
# A half-open link: first probe after 30 s without traffic, dead after two more minutes.
_KEEP_ALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4))


async def open_network_port(url: str, settings: PortSettings, timing: Timing) -> NetworkPort:
    """Connect, and agree on the port's settings where the server can. Raises PortError.

    Nothing is purged on the server's side: what waits there may be the answer to a submit of an
    earlier life.
    """
    try:
        address = NetworkAddress.parse(url)
    except ValueError as error:
        raise _unreachable(str(error)) from None
    telnet = None
    if address.scheme is Scheme.RFC2217:
        telnet = Telnet(
            LineSettings(settings.baudrate, settings.parity, settings.xonxoff, settings.rtscts)
        )
    port = NetworkPort(url, telnet, timing)
    try:
        async with asyncio.timeout(timing.open_s):
            await asyncio.get_running_loop().create_connection(
                lambda: port, address.host, address.number
            )
    except TimeoutError:
        raise _unreachable(f"{url}: no connection within {timing.open_s:g} s") from None
    except OSError as error:
        why = error.strerror or error
        raise _unreachable(f"{url}: {why}; is the device server up?") from error
    try:
        await port.negotiate()
    except BaseException:
        await port.close()
        raise
    return port


class NetworkPort(asyncio.Protocol):
    """See `port.Port`."""

    def __init__(self, url: str, telnet: Telnet | None, timing: Timing) -> None:
        self._url = url
        self._telnet = telnet
        self._timing = timing
        self._events: PortEvents | None = None
        self._early = b""
        self._transport: asyncio.Transport | None = None
        self._agreed = asyncio.Event()
        self._closed = asyncio.Event()
        self._error: PortError | None = None
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        _keep_alive(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._telnet is not None:
            data, reply = self._telnet.receive(data)
            self._send(reply)
            if self._telnet.has_port_control is not None:
                self._agreed.set()
        if self._events is None:
            self._early = (self._early + data)[-_EARLY_LIMIT:]
        elif data:
            self._events.data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._closed.set()
        self._lose(f"the connection to {self._url} broke: {exc or 'closed by the other side'}")

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._stuck = asyncio.get_running_loop().call_later(self._timing.write_s, self._give_up)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        if self._stuck is not None:
            self._stuck.cancel()

    async def negotiate(self) -> None:
        """Wait until the server says whether it controls its port. Raises PortError."""
        if self._telnet is None:
            return
        self._send(self._telnet.greeting())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.open_s):
                await self._agreed.wait()
        if self._error is not None:
            raise self._error
        if not self._telnet.has_port_control:
            raise _unreachable(
                f"{self._url}: the server there speaks no RFC 2217: write socket://, and set the "
                "speed in the server"
            )

    def listen(self, events: PortEvents) -> None:
        """See `Port.listen`."""
        self._events = events
        early, self._early = self._early, b""
        if early:
            events.data(early)
        if self._error is not None:
            self._tell(self._error)

    def write(self, data: bytes) -> None:
        """See `Port.write`."""
        self._send(data if self._telnet is None else Telnet.escape(data))

    async def close(self) -> None:
        """See `Port.close`."""
        self._events = None
        self.resume_writing()
        if self._transport is not None:
            self._transport.abort()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), self._timing.close_s)

    def _send(self, data: bytes) -> None:
        if not data or self._transport is None or self._error is not None:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _UNWRITTEN_LIMIT:
            self._give_up()

    def _give_up(self) -> None:
        self._lose(f"{self._url} takes no bytes for {self._timing.write_s:g} s")

    def _lose(self, text: str) -> None:
        if self._error is not None:
            return
        self._error = PortError(PortFault.LOST, text)
        self._agreed.set()
        self._tell(self._error)

    def _tell(self, error: PortError) -> None:
        """Later, because a write may be what noticed it, and its caller is not yet done."""
        events, self._events = self._events, None
        if events is not None:
            asyncio.get_running_loop().call_soon(events.lost, error)


def _unreachable(text: str) -> PortError:
    return PortError(PortFault.UNREACHABLE, text)


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in _KEEP_ALIVE:
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
