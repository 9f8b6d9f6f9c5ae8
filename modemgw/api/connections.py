"""One connection of the API, and the times that it is given.

Theory of operation. aiohttp has one clock for a connection that waits, whatever it waits for, and
none for a reader who does not read. So each connection is a protocol of ours that passes everything
on to aiohttp's and looks at no byte of it; it knows where a request stands from two events alone:
bytes came, and the middleware began or ended a request. From that follow the three things that a
connection can be waiting for, and the time that each of them has:

    head      the head of a request: from its first byte (of the first request: from the connection
              on) until its handler is called. More bytes give no more time.
    handler   a request is being answered: no clock of this file. The body has one of its own
              (`jsonbody`), streams have theirs (`streams`, `sockets`).
    idle      an answer was given: its reader takes it, and sends the next request or does not.
"""

from __future__ import annotations

import asyncio
import enum
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from aiohttp.web_protocol import _ErrInfo

from modemgw.api.problems import CONTENT_TYPE, Problem
from modemgw.api.respond import to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import StreamReader

    from modemgw.api.places import Place
    from modemgw.api.settings import ApiSettings

log = structlog.get_logger(__name__)

NO_HTTP = Problem("bad-request", "this is no request of HTTP/1.1, or its head is too large")
SLOW_HEAD = Problem("timeout", "the head of the request took too long")


class Wait(enum.Enum):
    """What a connection waits for."""

    HEAD = "head"
    HANDLER = "handler"
    IDLE = "idle"


class Connection(asyncio.Protocol):
    """Passes everything on to the HTTP server's protocol, and cuts what takes too long."""

    def __init__(
        self,
        server: Callable[[], asyncio.Protocol],
        settings: ApiSettings,
        place: Place,
        cut: Callable[[str], None],
    ) -> None:
        self._server, self._settings = server, settings
        self.place, self._cut = place, cut
        self._wait = Wait.HEAD
        self._clock: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._inner: asyncio.Protocol | None = None

    # -- what the middleware says ---------------------------------------------------------------

    def request_began(self) -> None:
        """Its head is there, and its handler is called."""
        self._now(Wait.HANDLER, None)

    def request_ended(self) -> None:
        """The handler has answered; the answer may be on its way still."""
        self._now(Wait.IDLE, self._settings.keepalive_timeout_s)

    # -- asyncio's events -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The clock of the first head begins."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._inner = transport, self._server()
        self._now(Wait.HEAD, self._settings.head_timeout_s)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, of a body or of a stream."""
        if self._wait is Wait.IDLE:
            self._now(Wait.HEAD, self._settings.head_timeout_s)
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """The client sends no more."""
        return None if self._inner is None else self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._now(self._wait, None)
        inner, self._inner, self._transport = self._inner, None, None
        self.place.leave()
        if inner is not None:
            inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """The reader is slower than we are."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        if self._inner is not None:
            self._inner.resume_writing()

    # -- the clock ------------------------------------------------------------------------------

    def _now(self, wait: Wait, seconds: float | None) -> None:
        self._wait = wait
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        if seconds is not None and self._transport is not None:
            loop = asyncio.get_running_loop()
            self._clock = loop.call_later(seconds, self._too_long)

    def _too_long(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._cut(self._wait.value)
        if transport.get_write_buffer_size():  # an answer that nobody reads would never end
            transport.abort()
            return
        if self._wait is Wait.HEAD:
            transport.write(written(SLOW_HEAD))
        transport.close()


class Http(web.RequestHandler):
    """aiohttp's protocol, with a problem for what is no HTTP.

    aiohttp's own answer would be plain text, and its log would have what a stranger sent, whole and
    unmasked. And it would let who reads a body wait in vain for its rest where that cannot be
    parsed: aiohttp lines the error up behind the request, for an answer of its own.
    """

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, of a body, or of neither."""
        super().data_received(data)
        if self._messages and isinstance(self._messages[-1][0], _ErrInfo):
            self._fail_body()

    def _fail_body(self) -> None:
        """End the body that is not framed as its head says, if it is that in which the error is.

        The answer to it is the last: nobody knows where a request would begin. Behind a request
        that waits for its turn the error waits, too, and closes the connection.
        """
        if len(self._messages) > 1:
            self._fail(self._messages[-2][1])
        elif self._current_request is not None and self._fail(self._current_request.content):
            self._messages.pop()
            self.close()

    @staticmethod
    def _fail(body: StreamReader) -> bool:
        if body.is_eof():
            return False
        body.set_exception(web.RequestPayloadError("a body that cannot be parsed"))
        body.feed_eof()
        return True

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer, the last of its connection. Raises ConnectionError where one has begun."""
        fault = None if exc is None else type(exc).__name__
        log.info("not_http", status=status, error=fault, client=request.remote)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun")
        bad = status < HTTPStatus.INTERNAL_SERVER_ERROR
        problem = NO_HTTP if bad else Problem("internal", "it could not be answered")
        response = problem.response()
        response.headers["Server"] = "modemgw"
        response.force_close()
        return response


def connection_of(request: web.Request) -> Connection | None:
    """The connection that a request came over; None when it is gone already."""
    protocol = None if request.transport is None else request.transport.get_protocol()
    return protocol if isinstance(protocol, Connection) else None


def written(problem: Problem, **headers: str) -> bytes:
    """An answer for whom no request was read from; it is the last of its connection (RFC 9112)."""
    body = to_json(problem.document())
    head = {
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Server": "modemgw",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    status = HTTPStatus(problem.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{k}: {v}" for k, v in head.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
