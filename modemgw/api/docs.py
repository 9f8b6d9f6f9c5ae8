"""The description of the API, for programs and for people: nothing of it comes from elsewhere."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web

from modemgw.api.openapi import describe
from modemgw.api.problems import KINDS, problem_error
from modemgw.api.respond import to_json
from modemgw.api.routing import Answer, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

TAG = "description"
_ASSETS = {
    "docs.html": "text/html",
    "docs.css": "text/css",
    "docs.js": "text/javascript",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Docs:
    """`/openapi.json`, `/docs`, and what each kind of problem means."""

    def __init__(self) -> None:
        folder = files(__package__).joinpath("static")
        self._assets = {name: folder.joinpath(name).read_bytes() for name in _ASSETS}
        self._api: Sequence[Route] = ()
        self._description = b""
        self._making = asyncio.Lock()

    def describe(self, api: Sequence[Route]) -> None:
        """What the description is of; it is made when somebody asks, for it takes some time."""
        self._api = api

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/openapi.json",
                self.openapi,
                None,
                "This description",
                Answer(200, media_type="application/json", description="OpenAPI 3.1."),
                TAG,
            ),
            Route(
                "GET",
                "/docs",
                self.page,
                None,
                "A page to read and try it",
                Answer(200, media_type="text/html"),
                TAG,
            ),
            Route(
                "GET",
                "/docs/{asset}",
                self.asset,
                None,
                "What the page is made of",
                Answer(200, media_type="text/plain"),
                TAG,
                problems=("not-found",),
            ),
            Route(
                "GET",
                "/problems/{kind}",
                self.problem,
                None,
                "What a kind of problem means, and what to do",
                Answer(200, media_type="text/plain"),
                TAG,
                problems=("not-found",),
            ),
        )

    async def openapi(self, _request: web.Request) -> web.Response:
        """The description."""
        async with self._making:
            if not self._description:
                self._description = await asyncio.to_thread(lambda: to_json(describe(self._api)))
        return web.Response(body=self._description, content_type="application/json")

    async def page(self, _request: web.Request) -> web.Response:
        """The page."""
        return self._serve("docs.html")

    async def asset(self, request: web.Request) -> web.Response:
        """A file of the page."""
        name = request.match_info["asset"]
        if name not in self._assets:
            raise problem_error("not-found", "the page has no such file")
        return self._serve(name)

    def _serve(self, name: str) -> web.Response:
        return web.Response(
            body=self._assets[name],
            content_type=_ASSETS[name],
            charset="utf-8",
            headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"},
        )

    async def problem(self, request: web.Request) -> web.Response:
        """One kind of problem, in words."""
        kind = request.match_info["kind"]
        known = KINDS.get(kind)
        if known is None:
            raise problem_error("not-found", "there is no such kind of problem")
        words = f"{kind} (HTTP {known.status})\n{known.title}.\n{known.advice}\n"
        return web.Response(text=words)
