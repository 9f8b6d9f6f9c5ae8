"""The door before every route that asks for a key: who comes in, and what is noted of it."""

from __future__ import annotations

import contextlib
from functools import partial, wraps
from typing import TYPE_CHECKING

from modemgw.api import ratelimit
from modemgw.api.admin_log import AdminLog, Call, target_of, tool_of
from modemgw.api.auth import demand
from modemgw.api.clients import CLIENT
from modemgw.api.middleware import REQUEST_ID, answered
from modemgw.api.problems import problem_error
from modemgw.api.routing import CALLER, Scope
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.api.auth import Auth
    from modemgw.api.routing import Handler, Route
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import Caller


class Door:
    """Lets in whom the key and its scopes, pools and limits allow."""

    def __init__(self, gateway: Gateway, auth: Auth, settings: ApiSettings) -> None:
        self._gateway, self._auth, self._settings = gateway, auth, settings
        self._log = AdminLog(gateway)

    def guarded(self, route: Route) -> Handler:
        """The route's handler, behind the check of the key that it asks for."""
        scope = route.scope
        if scope is None:
            return route.handler

        @wraps(route.handler)
        async def behind(request: web.Request) -> web.StreamResponse:
            client = request[CLIENT]
            if client.clear and not self._settings.allow_anywhere:
                raise problem_error("in-the-clear", "the proxy says that this came without TLS")
            caller = await self._auth.identify(
                request.headers.get("Authorization"), for_bound=route.for_bound, client=client
            )
            demand(caller, scope)
            request[CALLER] = caller
            handler = route.handler
            if route.counted and (caller.per_minute or caller.per_day):
                handler = partial(self._counted, handler=handler, caller=caller)
            tool = tool_of(request)
            self._log.admit(caller.key_id, route, tool)
            if scope is Scope.ADMIN or tool is not None:
                return await self._noted(request, route, handler, caller, tool)
            return await handler(request)

        return behind

    async def _counted(
        self, request: web.Request, *, handler: Handler, caller: Caller
    ) -> web.StreamResponse:
        """The answer with the limits of the key, whether it was taken or not."""
        response = await answered(request, handler)
        with contextlib.suppress(StoreUnavailableError):  # what was taken is taken all the same
            response.headers.update(ratelimit.headers(await self._gateway.quotas(caller)))
        return response

    async def _noted(
        self,
        request: web.Request,
        route: Route,
        handler: Handler,
        caller: Caller,
        tool: str | None,
    ) -> web.StreamResponse:
        """The answer, which goes out once the audit has it."""
        response = await answered(request, handler)
        call = Call(
            key=caller.key_id,
            method=route.method,
            route=route.path,
            target=target_of(request.match_info),
            status=response.status,
            client=request[CLIENT].address,
        )
        await self._log.note(call, route, request[REQUEST_ID], tool)
        return response
