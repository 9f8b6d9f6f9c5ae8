"""Pools, and the queue as a whole: how they stand; pause and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from modemgw.api import answers
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.queries import read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import NoQuery, PauseReason

if TYPE_CHECKING:
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway

TAG = "pools"


class Pools:
    """The resources `/v1/pools` and `/v1/queue/pause`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._desk, self._settings = gateway.desk, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/pools",
                self.list_all,
                Scope.READ,
                "List the pools",
                Answer(200, answers.PoolPage),
                TAG,
                query=NoQuery,
                for_bound=True,
            ),
            Route(
                "POST",
                "/v1/pools/{name}/pause",
                self.pause,
                Scope.ADMIN,
                "Let no line begin a text of a pool",
                Answer(200, answers.Pool),
                TAG,
                body=PauseReason,
                examples={"why": {"reason": "its numbers are being ported"}},
                body_required=False,
                problems=("invalid", "not-found"),
            ),
            Route(
                "POST",
                "/v1/pools/{name}/resume",
                self.resume,
                Scope.ADMIN,
                "End the pause of a pool",
                Answer(200, answers.Pool),
                TAG,
                problems=("not-found",),
            ),
            Route(
                "POST",
                "/v1/default-pool/pause",
                self.pause,
                Scope.ADMIN,
                "Let no line begin a text of the default pool",
                Answer(200, answers.Pool),
                TAG,
                description="Of those that name no pool, and that no route gives to one.",
                body=PauseReason,
                examples={"why": {"reason": "wrong list"}},
                body_required=False,
                problems=("invalid",),
            ),
            Route(
                "POST",
                "/v1/default-pool/resume",
                self.resume,
                Scope.ADMIN,
                "End the pause of the default pool",
                Answer(200, answers.Pool),
                TAG,
            ),
            Route(
                "POST",
                "/v1/queue/pause",
                self.pause_all,
                Scope.ADMIN,
                "Let no line begin a text",
                Answer(204, description="Nothing begins until it is resumed."),
                TAG,
                description="Automatic answers to STOP wait, too; the opt-outs are recorded.",
                body=PauseReason,
                examples={"why": {"reason": "its numbers are being ported"}},
                body_required=False,
                problems=("invalid",),
            ),
            Route(
                "POST",
                "/v1/queue/resume",
                self.resume_all,
                Scope.ADMIN,
                "Let texts go again",
                Answer(204, description="What is paused by itself stays so."),
                TAG,
            ),
        )

    async def list_all(self, request: web.Request) -> web.Response:
        """Every pool."""
        read_query(request, NoQuery)
        caller = request[CALLER]
        return page([pool for pool in await self._desk.pools() if caller.has_pool(pool["name"])])

    async def pause(self, request: web.Request) -> web.Response:
        """Pause one."""
        reason = await self._reason(request)
        return answer(await self._desk.pause_pool(_name(request), request[CALLER], reason))

    async def resume(self, request: web.Request) -> web.Response:
        """Resume one."""
        return answer(await self._desk.resume_pool(_name(request), request[CALLER]))

    async def pause_all(self, request: web.Request) -> web.Response:
        """Pause everything."""
        await self._desk.pause_all(request[CALLER], await self._reason(request))
        return web.Response(status=204)

    async def resume_all(self, request: web.Request) -> web.Response:
        """End that."""
        await self._desk.resume_all(request[CALLER])
        return web.Response(status=204)

    async def _reason(self, request: web.Request) -> str:
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        reason = validate(PauseReason, {} if raw is None else raw).reason
        return reason or f"with key {request[CALLER].key_id}"


def _name(request: web.Request) -> str:
    """The pool that a path names; none does the default pool's."""
    return request.match_info.get("name", "")
