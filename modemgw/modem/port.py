"""A port: bytes to a modem and back, over a tty, raw TCP (`socket://`) or RFC 2217.

A write is a plain call, not a coroutine: what has been decided in this very moment must leave in
this very moment. What the modem does not take at once waits in a short buffer; when nothing
moves for `Timing.write_s` the modem has stopped reading and the port counts as lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from modemgw.modem import tty
from modemgw.modem.errors import PortError, PortFault
from modemgw.modem.telnet import Telnet

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.modem.settings import PortSettings, Timing

_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class PortEvents:
    """Whom a port tells: of bytes, and once of its loss. Both are plain calls."""

    data: Callable[[bytes], None]
    lost: Callable[[PortError], None]


class Port(Protocol):
    """An open port."""

    def listen(self, events: PortEvents) -> None:
        """Begin to tell of bytes; to be called once, directly after opening."""

    def write(self, data: bytes) -> None:
        """Write, now. A loss that shows in writing is told by `PortEvents.lost`, later."""

    async def close(self) -> None:
        """Close, within a time limit. Nothing is told any more."""


def is_url(pattern: str) -> bool:
    """Whether a port is reached over the network."""
    return "://" in pattern


def is_present(path: str) -> bool:
    """Whether opening can be tried: a URL always, a path while it leads somewhere."""
    return is_url(path) or os.path.exists(path)  # noqa: PTH110 - Path.exists raises EACCES


async def open_port(path: str, settings: PortSettings, timing: Timing) -> Port:
    """Open a port for us alone. Raises PortError, with what a person can do about it."""
    if is_url(path):
        return await _open_url(path, settings, timing)
    descriptor = await tty.open_tty(path, settings.baudrate, settings.rtscts, timing.open_s)
    return TtyPort(path, descriptor, timing)


class TtyPort:
    """A serial port or pty, read when the loop says that there is something."""

    def __init__(self, path: str, descriptor: int, timing: Timing) -> None:
        self._path = path
        self._descriptor = descriptor
        self._timing = timing
        self._loop = asyncio.get_running_loop()
        self._events: PortEvents | None = None
        self._unwritten = bytearray()
        self._stuck: asyncio.TimerHandle | None = None

    def listen(self, events: PortEvents) -> None:
        """See `Port.listen`."""
        self._events = events
        self._loop.add_reader(self._descriptor, self._readable)

    def write(self, data: bytes) -> None:
        """See `Port.write`."""
        if self._descriptor < 0:
            return
        written = 0 if self._unwritten else self._write_some(data)
        if written < len(data):
            self._unwritten += data[written:]
            self._loop.add_writer(self._descriptor, self._writable)
            self._watch()

    async def close(self) -> None:
        """See `Port.close`."""
        self._events = None
        descriptor = self._stop()
        if descriptor >= 0:
            await tty.close_tty(descriptor, self._timing.close_s)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(f"reading from {self._path} failed: {error.strerror}")
            return
        if not data:
            self._lose(f"{self._path} is gone: unplugged, or the modem has restarted")
        elif self._events is not None:
            self._events.data(data)

    def _writable(self) -> None:
        written = self._write_some(bytes(self._unwritten))
        if self._descriptor < 0:
            return
        del self._unwritten[:written]
        if written:
            self._watch()
        if not self._unwritten:
            self._loop.remove_writer(self._descriptor)

    def _write_some(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._lose(f"writing to {self._path} failed: {error.strerror}")
            return len(data)

    def _watch(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        if self._unwritten:
            self._stuck = self._loop.call_later(self._timing.write_s, self._give_up)

    def _give_up(self) -> None:
        self._lose(f"the modem on {self._path} takes no bytes for {self._timing.write_s:g} s")

    def _lose(self, text: str) -> None:
        events, self._events = self._events, None
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
        if events is not None:
            # Later, because a write may be what noticed it, and its caller is not yet done.
            self._loop.call_soon(events.lost, PortError(PortFault.LOST, text))

    def _stop(self) -> int:
        descriptor, self._descriptor = self._descriptor, -1
        if self._stuck is not None:
            self._stuck.cancel()
        if descriptor >= 0:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)
        return descriptor


class NetworkPort(asyncio.Protocol):
    """A TCP connection, with Telnet's escapes for RFC 2217."""

    def __init__(self, url: str, telnet: Telnet | None, timing: Timing) -> None:
        self._url = url
        self._telnet = telnet
        self._timing = timing
        self._events: PortEvents | None = None
        self._early = b""
        self._transport: asyncio.Transport | None = None
        self._closed = asyncio.Event()
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._telnet is not None:
            data, reply = self._telnet.receive(data)
            if reply and self._transport is not None:
                self._transport.write(reply)
        if self._events is None:
            self._early = (self._early + data)[-_CHUNK:]
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

    def listen(self, events: PortEvents) -> None:
        """See `Port.listen`."""
        self._events = events
        early, self._early = self._early, b""
        if early:
            events.data(early)

    def write(self, data: bytes) -> None:
        """See `Port.write`."""
        if self._transport is not None:
            self._transport.write(data if self._telnet is None else Telnet.escape(data))

    async def close(self) -> None:
        """See `Port.close`."""
        self._events = None
        self.resume_writing()
        if self._transport is not None:
            self._transport.abort()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), self._timing.close_s)

    def _give_up(self) -> None:
        self._lose(f"{self._url} takes no bytes for {self._timing.write_s:g} s")

    def _lose(self, text: str) -> None:
        events, self._events = self._events, None
        if events is not None:
            events.lost(PortError(PortFault.LOST, text))


async def _open_url(url: str, settings: PortSettings, timing: Timing) -> Port:
    parts = urlsplit(url)
    if parts.scheme not in ("socket", "rfc2217") or not parts.hostname or not parts.port:
        raise PortError(
            PortFault.UNREACHABLE,
            f"{url}: write socket://host:port or rfc2217://host:port",
        )
    telnet = Telnet() if parts.scheme == "rfc2217" else None
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timing.open_s):
            transport, port = await loop.create_connection(
                lambda: NetworkPort(url, telnet, timing), parts.hostname, parts.port
            )
    except TimeoutError:
        raise PortError(
            PortFault.UNREACHABLE, f"{url}: no connection within {timing.open_s:g} s"
        ) from None
    except OSError as error:
        raise PortError(
            PortFault.UNREACHABLE, f"{url}: {error.strerror or error}; is the device server up?"
        ) from error
    _keep_alive(transport)
    if telnet is not None:
        transport.write(Telnet.greeting(settings.baudrate))
    return port


def _keep_alive(transport: asyncio.BaseTransport) -> None:
    """Notice a half-open link: first probe after 30 s, dead after two more minutes."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for option, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
