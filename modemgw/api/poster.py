"""POST over HTTP/1.1 (RFC 9112): as much of it as webhooks need, because a client costs much more.

Theory of operation
-------------------
A `Connection` carries one request at a time: it is written in one piece, and the answer's status is
told as soon as its head is there. Nobody wants the body; but what is left of it would stand in
front of the next answer. So a connection is *clean*, and can be used again, only once all of a
short body has come: of the announced length, or none, or chunked and ended. Any other is closed.

A `Poster` keeps clean connections for a while, each for the place that it was made to. The other
side may close one in the moment that it is used again: where not one octet of an answer came, the
request is written once more, on a new one. What webhooks tell may come twice, by the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.alarm import Alarm
from modemgw.api.chunks import ChunkedEnd, ChunkError

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver
    from yarl import URL

HEAD_LIMIT: Final = 16_384
BODY_LIMIT: Final = 1_024  # so much of an answer is waited for, to use its connection again
IDLE_S: Final = 15.0
IDLE_LIMIT: Final = 256  # connections that are kept for one place

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*(?=\r\n)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[^\r]*close", re.IGNORECASE)
_BODILESS: Final = frozenset({204, 304})  # RFC 9110 §6.4.1


class AnswerError(OSError):
    """What came is no HTTP answer, or none came at all."""


class _GoneError(AnswerError):
    """The connection was closed before any of an answer had come."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests go: the other end of connections."""

    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: URL) -> Place:
        """The place of a URL that has passed `targets.check_url`."""
        assert url.raw_host is not None
        assert url.port is not None
        return cls(url.raw_host, url.port, url.scheme == "https")


class Connection(asyncio.Protocol):
    """One connection; see the module."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._answered: asyncio.Future[int] | None = None
        self._alarm = Alarm()
        self._data = bytearray()
        self._body_from = 0  # where the body begins; 0: the head is not there yet
        self._body = 0  # octets of it that have come
        self._length = 0  # of it, unless it is chunked
        self._chunks: ChunkedEnd | None = None
        self.clean = False
        """Whether the next request can be written."""
        self.used_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.clean = True

    async def post(self, request: bytes, until: float) -> int:
        """Write a request; the status of its answer. Raises AnswerError, and TimeoutError where
        that is not there by a time of the loop.

        Whoever stops waiting must close the connection.
        """
        if not self.clean or self._transport is None:
            raise _GoneError("it closed the connection")
        self.clean = False
        self._data.clear()
        self._body_from = self._body = 0
        self.used_at = self._loop.time()
        self._answered = self._loop.create_future()
        self._alarm.set(until - self.used_at, self._give_up)
        self._transport.write(request)
        try:
            return await self._answered
        finally:
            self._alarm.clear()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.clean or self._answered is None:  # nothing was asked
            self.close()
            return
        if self._body_from:
            self._look_at_body(data)
            return
        self._data += data
        try:
            self._read_head()
        except AnswerError as error:
            self._fail(error)

    def _read_head(self) -> None:
        """Take the head in, once it is there, and what came with it. Raises AnswerError."""
        while (end := self._data.find(b"\r\n\r\n") + 4) > 3:
            found = _STATUS.match(self._data)
            if found is None:
                raise AnswerError("its answer is no HTTP")
            status = int(found[2])
            if status >= 200:
                self._body_from = end
                self._note_body(bytes(self._data[:end]), status, keeps=found[1] == b"1")
                self._tell(status)
                self._look_at_body(self._data[end:])
                return
            del self._data[:end]  # RFC 9110 §15.2: an interim answer
        if len(self._data) > HEAD_LIMIT:
            raise AnswerError(f"the head of its answer has more than {HEAD_LIMIT} octets")

    def _note_body(self, head: bytes, status: int, *, keeps: bool) -> None:
        """Find out how the body ends; a connection that cannot be used again is closed."""
        lengths = _LENGTH.findall(head[:-2])
        self._chunks = None
        if status in _BODILESS:
            self._length = 0
        elif _CHUNKED.search(head):
            self._chunks = ChunkedEnd()
            keeps = keeps and not lengths  # RFC 9112 §6.3: with both, one of them is a lie
        elif len(lengths) == 1 and int(lengths[0]) <= BODY_LIMIT:
            self._length = int(lengths[0])
        else:
            keeps = False
        if not keeps or _CLOSE.search(head):
            self.close()

    def _look_at_body(self, data: bytes | bytearray) -> None:
        """Take in what came of the body; it may be its end, or more than there may be."""
        self._body += len(data)
        try:
            ended = self._has_ended(data)
        except ChunkError:
            self.close()
            return
        if self._body > (BODY_LIMIT if self._chunks else self._length):
            self.close()
        elif ended and self.is_open:
            self._answered = None
            self.clean = True

    def _has_ended(self, data: bytes | bytearray) -> bool:
        if self._chunks is None:
            return self._body == self._length
        self._chunks.feed(data)
        return self._chunks.has_ended

    @property
    def is_open(self) -> bool:
        """Whether it is neither closed nor closing."""
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        """Give it up."""
        self.clean = False
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.clean = False
        self._alarm.close()
        words = f"the connection broke: {exc}" if exc else "it closed the connection"
        self._fail(AnswerError(words) if self._data else _GoneError(words))

    def _tell(self, status: int) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(status)

    def _give_up(self) -> None:
        self._fail(TimeoutError())

    def _fail(self, error: OSError) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)
        self.close()


class Poster:
    """Posts, and keeps connections for the next. How many at once is the callers' affair."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        """`resolver` gives the addresses that a name may be called at; None: any."""
        self._resolver = resolver
        self._idle: dict[Place, deque[Connection]] = {}
        self._tls: ssl.SSLContext | None = None
        self._sweeping: asyncio.TimerHandle | None = None

    async def post(self, place: Place, request: bytes, within_s: float) -> int:
        """Write a whole request; the status of its answer.

        Raises OSError, AnswerError and TimeoutError among them. Cancelling closes the connection.
        """
        until = asyncio.get_running_loop().time() + within_s
        connection = self._kept(place)
        if connection is not None:
            with contextlib.suppress(_GoneError):
                return await self._exchange(place, connection, request, until)
        async with asyncio.timeout_at(until):
            connection = await self._connect(place)
        return await self._exchange(place, connection, request, until)

    async def _exchange(
        self, place: Place, connection: Connection, request: bytes, until: float
    ) -> int:
        try:
            status = await connection.post(request, until)
        except BaseException:
            connection.close()
            raise
        if connection.is_open:
            self._keep(place, connection)
        return status

    def _kept(self, place: Place) -> Connection | None:
        """A clean connection, the one that was used last."""
        idle = self._idle.get(place, ())
        found = next((kept for kept in reversed(idle) if kept.clean), None)
        if found is not None:
            self._idle[place].remove(found)
        return found

    def _keep(self, place: Place, connection: Connection) -> None:
        idle = self._idle.setdefault(place, deque())
        idle.append(connection)
        if len(idle) > IDLE_LIMIT:
            idle.popleft().close()
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(IDLE_S, self._sweep)

    def _sweep(self) -> None:
        """Close what has not been used for a while."""
        self._sweeping = None
        loop = asyncio.get_running_loop()
        for place, idle in list(self._idle.items()):
            while idle and (idle[0].used_at < loop.time() - IDLE_S or not idle[0].is_open):
                idle.popleft().close()
            if not idle:
                del self._idle[place]
        if self._idle:
            self._sweeping = loop.call_later(IDLE_S, self._sweep)

    async def _connect(self, place: Place) -> Connection:
        """A new connection. Raises OSError."""
        failure: OSError | None = None
        for address in await self._addresses(place):
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection,
                    address,
                    place.port,
                    ssl=self._context() if place.secure else None,
                    server_hostname=place.host if place.secure else None,
                )
            except OSError as error:
                failure = error
            else:
                return connection
        raise failure or OSError(f"{place.host} has no address")

    async def _addresses(self, place: Place) -> list[str]:
        if self._resolver is None or _is_address(place.host):
            return [place.host]
        return [found["host"] for found in await self._resolver.resolve(place.host, place.port)]

    def _context(self) -> ssl.SSLContext:
        self._tls = self._tls or ssl.create_default_context()
        return self._tls

    async def close(self) -> None:
        """Close all connections."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()
        if self._resolver is not None:
            await self._resolver.close()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
