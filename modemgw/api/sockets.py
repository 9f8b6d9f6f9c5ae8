"""`GET /v1/events/ws`: events as they happen over a WebSocket (RFC 6455), resumable.

The same as the stream of server-sent events, for clients that have WebSockets at hand. A browser
cannot send a header with its handshake: it sends the key in its first message instead, which never
stands in an address, and so in nobody's log.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aiohttp import WSCloseCode, WSMsgType, web

from modemgw.api.auth import demand
from modemgw.api.clients import CLIENT
from modemgw.api.feed import Frame, json_of
from modemgw.api.problems import ProblemError, problem_error
from modemgw.api.queries import read_query
from modemgw.api.respond import to_json
from modemgw.api.routing import Answer, Route, Scope
from modemgw.api.schemas import EventsQuery
from modemgw.api.streams import types_of
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.api.auth import Auth
    from modemgw.api.clients import Client
    from modemgw.api.feed import Feed
    from modemgw.api.settings import ApiSettings
    from modemgw.api.streams import Streams
    from modemgw.gateway.requests import Caller

FIRST_MESSAGE_S: Final = 10.0
STRANGERS_AT_ONCE: Final = 100
LARGEST_MESSAGE: Final = 4_096
UNAUTHORIZED: Final = 4_401  # of the range that applications may use (§7.4.2)
RESET: Final = to_json({"type": "reset", "reason": "that event is unknown or no longer kept"})


class Sockets:
    """The resource `/v1/events/ws`."""

    def __init__(self, feed: Feed, auth: Auth, streams: Streams, settings: ApiSettings) -> None:
        self._feed, self._auth, self._streams, self._settings = feed, auth, streams, settings
        self._strangers = 0  # connected, without a key yet

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/events/ws",
                self.connect,
                None,
                "Follow events over a WebSocket",
                Answer(
                    HTTPStatus.SWITCHING_PROTOCOLS,
                    description="Each event is one text message, the same JSON as elsewhere.",
                ),
                "events",
                description="Resumes after the event that `after` names; when that is unknown or "
                'no longer kept, the first message is `{"type": "reset"}`, and the stream begins '
                "now. "
                "The key comes as `Authorization: Bearer KEY`, or, from a browser, in the first "
                'message: `{"key": "KEY"}`. Without one the socket is closed with 4401.',
                query=EventsQuery,
                problems=(
                    "bad-request",
                    "invalid",
                    "unauthorized",
                    "missing-scope",
                    "too-many-streams",
                ),
            ),
        )

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Events until the client goes or the daemon stops."""
        query = read_query(request, EventsQuery)
        types = types_of(query.types)
        authorization = request.headers.get("Authorization")
        if authorization is not None:
            await self._check(authorization, request[CLIENT])
        socket = web.WebSocketResponse(
            heartbeat=self._settings.ping_s, max_msg_size=LARGEST_MESSAGE, compress=False
        )
        if not socket.can_prepare(request):
            raise problem_error("bad-request", "this address speaks WebSocket (RFC 6455) alone")
        with contextlib.suppress(ConnectionError, TimeoutError):
            if authorization is not None:
                with self._streams.counted(request):
                    await socket.prepare(request)
                    await self._serve(socket, authorization, types, query.after)
                return socket
            authorization = await self._introduced(socket, request)
            if authorization is None:
                await socket.close(code=UNAUTHORIZED, message=b"send a key first")
                return socket
            try:
                with self._streams.counted(request):
                    await self._serve(socket, authorization, types, query.after)
            except ProblemError as problem:
                words = problem.problem.detail.encode()
                await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=words)
        return socket

    async def _introduced(self, socket: web.WebSocketResponse, request: web.Request) -> str | None:
        """What the first message says, see there. Who has no key yet takes no stream's place.

        Raises ProblemError where too many are about to say who they are.
        """
        if self._strangers >= STRANGERS_AT_ONCE:
            raise problem_error("too-many-streams", f"{self._strangers} wait to send their key")
        self._strangers += 1
        try:
            await socket.prepare(request)
            return await self._first_message(socket, request[CLIENT])
        finally:
            self._strangers -= 1

    async def _check(self, authorization: str, client: Client | None = None) -> Caller:
        """Who reads. Raises ProblemError unless the key may."""
        if client is not None and client.clear and not self._settings.allow_anywhere:
            raise problem_error("in-the-clear", "the proxy says that this came without TLS")
        caller = await self._auth.identify(authorization, for_bound=True, client=client)
        demand(caller, Scope.READ)
        return caller

    async def _first_message(self, socket: web.WebSocketResponse, client: Client) -> str | None:
        """The header that the first message stands for; None where it has no key that may read."""
        try:
            message = await socket.receive(FIRST_MESSAGE_S)
            given: Any = json.loads(message.data) if message.type is WSMsgType.TEXT else None
            authorization = f"Bearer {given['key']}"
            await self._check(authorization, client)
        except (TimeoutError, ValueError, TypeError, KeyError, RecursionError, ProblemError):
            return None
        return authorization

    async def _serve(
        self,
        socket: web.WebSocketResponse,
        authorization: str,
        types: frozenset[str],
        after: str | None,
    ) -> None:
        start = await self._feed.start(after)
        if not start.known:
            await self._send(socket, RESET)
        listening = asyncio.create_task(self._until_closed(socket), name="websocket reader")
        try:
            with self._feed.listening():
                await self._follow(socket, listening, authorization, start.position, types)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"resume after the last event")

    async def _follow(
        self,
        socket: web.WebSocketResponse,
        listening: asyncio.Task[None],
        authorization: str,
        position: int,
        types: frozenset[str],
    ) -> None:
        caller: Caller | None = None
        while not (self._feed.closed or listening.done()):
            bell = self._feed.bell
            frames: Sequence[Frame] = await self._feed.frames(position)
            caller = await self._ask_again(authorization, caller)
            if caller is None:
                await socket.close(code=UNAUTHORIZED, message=b"the key is no longer in force")
                return
            for frame in frames:
                position = frame.position
                if frame.type in types and caller.has_pool(frame.pool):
                    await self._send(socket, json_of(frame))
            if not frames:
                await self._news(bell, listening)

    async def _news(self, bell: asyncio.Event, listening: asyncio.Task[None]) -> None:
        """Wait until there is news, the client has gone, or it is time to look at the key."""
        ringing = asyncio.create_task(bell.wait(), name="websocket bell")
        try:
            await asyncio.wait(
                (ringing, listening),
                timeout=self._settings.heartbeat_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            ringing.cancel()

    async def _ask_again(self, authorization: str, known: Caller | None) -> Caller | None:
        """Who the key is now; None: it may no longer read. A database that is away sends nobody
        away."""
        try:
            return await self._check(authorization)
        except ProblemError:
            return None
        except StoreUnavailableError:
            return known

    async def _send(self, socket: web.WebSocketResponse, data: bytes) -> None:
        """Send, and wait until the client has read enough. Raises TimeoutError, ConnectionError."""
        async with asyncio.timeout(self._settings.stream_write_timeout_s):
            await socket.send_str(data.decode())

    @staticmethod
    async def _until_closed(socket: web.WebSocketResponse) -> None:
        """Read what the client says, which means nothing, until it goes; answers its pings."""
        async for _ in socket:
            pass
