"""CORS (WHATWG Fetch §3.2): pages of the origins that the configuration names, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from modemgw.api.ratelimit import HEADERS as RATE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Middleware

    from modemgw.api.routing import Handler

REMEMBERED_S = 600
_ALLOWED = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id"
_EXPOSED = ", ".join(("Location", "Retry-After", "X-Request-Id", *RATE_LIMIT))
_METHODS = "GET, POST, PUT, PATCH, DELETE"


def preflights(origins: frozenset[str]) -> Middleware:
    """Answers what a browser asks before a request of such an origin."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not asked or request.headers.get("Origin") not in origins:
            return await handler(request)
        return web.Response(
            status=204,
            headers={
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": _ALLOWED,
                "Access-Control-Max-Age": str(REMEMBERED_S),
            },
        )

    return middleware


def allow(
    origins: frozenset[str],
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Lets a page of such an origin read the answer. Keys are no credentials of the browser's."""

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin", "")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED

    return add
