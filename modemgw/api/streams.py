"""`GET /v1/events`: events as they happen (server-sent events, WHATWG HTML §9.2), resumable."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from aiohttp import web

from modemgw.api import answers
from modemgw.api.auth import demand
from modemgw.api.fields import EVENT_TYPES
from modemgw.api.problems import FieldError, ProblemError, invalid, problem_error
from modemgw.api.queries import read_query
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import EventsQuery
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modemgw.api.auth import Auth
    from modemgw.api.feed import Feed, Start
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.requests import Caller

RECONNECT_MS = 2_000
RESET = b'event: reset\ndata: {"reason":"that event is unknown or no longer kept"}\n\n'


class Streams:
    """The resource `/v1/events`."""

    def __init__(self, feed: Feed, auth: Auth, settings: ApiSettings) -> None:
        self._feed, self._auth, self._settings = feed, auth, settings
        self._open: dict[int, web.Request] = {}

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/events",
                self.stream,
                Scope.READ,
                "Follow events",
                Answer(
                    200,
                    answers.Event,
                    media_type="text/event-stream",
                    description="Server-sent events: `id` is the event's, `event` its type, "
                    "`data` the whole event.",
                ),
                "events",
                description="Begins now, or after the event that `Last-Event-ID` (or `after`) "
                "names: then nothing is skipped. When that one is unknown or no longer kept, one "
                "`reset` event comes first, and the stream begins now: read what you keep anew. "
                "A key that is bound to pools is told of their messages alone.",
                query=EventsQuery,
                problems=("invalid", "too-many-streams"),
                for_bound=True,
            ),
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Events until the client goes or the daemon stops."""
        query = read_query(request, EventsQuery)
        types = types_of(query.types)
        start = await self._feed.start(request.headers.get("Last-Event-ID") or query.after)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        )
        # It may have gone, or not read; then it resumes where it was.
        with self.counted(request), contextlib.suppress(ConnectionError, TimeoutError):
            await response.prepare(request)
            await self._write(response, _greeting(start))
            with self._feed.listening():
                await self._follow(request, response, start.position, types)
        return response

    @contextlib.contextmanager
    def counted(self, request: web.Request) -> Iterator[None]:
        """Be one of the streams that are open. Raises ProblemError where there are too many.

        One whose client has gone ends with the next news or heartbeat; it counts no more.
        """
        limit = self._settings.stream_limit
        if len(self._open) >= limit:
            there = sum(other.transport is not None for other in self._open.values())
            if there >= limit:
                raise problem_error("too-many-streams", f"{there} streams are open")
        self._open[id(request)] = request
        try:
            yield
        finally:
            del self._open[id(request)]

    async def _follow(
        self,
        request: web.Request,
        response: web.StreamResponse,
        position: int,
        types: frozenset[str],
    ) -> None:
        caller = request[CALLER]
        while not self._feed.closed:
            bell = self._feed.bell
            frames = await self._feed.frames(position)
            known = await self._ask_again(request, caller)
            if known is None:
                return
            caller = known
            if frames:
                position = frames[-1].position
                wanted = b"".join(
                    frame.data
                    for frame in frames
                    if frame.type in types and caller.has_pool(frame.pool)
                )
                if wanted:
                    await self._write(response, wanted)
                continue
            try:
                async with asyncio.timeout(self._settings.heartbeat_s):
                    await bell.wait()
            except TimeoutError:
                await self._write(response, b": still here\n\n")

    async def _write(self, response: web.StreamResponse, data: bytes) -> None:
        """Write, and wait until the client has read enough. Raises TimeoutError."""
        async with asyncio.timeout(self._settings.stream_write_timeout_s):
            await response.write(data)

    async def _ask_again(self, request: web.Request, caller: Caller) -> Caller | None:
        """Who the key is now: it may be bound otherwise since. None: it may no longer read.

        While the database is away nothing is told that is new, and nobody is sent away.
        """
        header = request.headers.get("Authorization")
        try:
            found = await self._auth.identify(header, for_bound=True)
            demand(found, Scope.READ)
        except ProblemError:
            return None
        except StoreUnavailableError:
            return caller
        return found


def _greeting(start: Start) -> bytes:
    """How long to wait before reconnecting, a reset if need be, and where to resume from.

    An `id` without data is no event, but is what the client sends as `Last-Event-ID` when the
    connection breaks before the first one.
    """
    lines = b"retry: %d\n\n" % RECONNECT_MS
    if not start.known:
        lines += RESET
    if start.event_id is not None:
        lines += b"id: %b\n\n" % start.event_id.encode()
    return lines


def types_of(wanted: str | None) -> frozenset[str]:
    """The types that a query names; all where it names none. Raises ProblemError."""
    if wanted is None:
        return frozenset(EVENT_TYPES)
    types = frozenset(name.strip() for name in wanted.split(","))
    unknown = sorted(types - frozenset(EVENT_TYPES))
    if unknown:
        words = f"{unknown[0]!r} is no type of event; there are: {', '.join(EVENT_TYPES)}"
        raise invalid(FieldError("types", words))
    return types
