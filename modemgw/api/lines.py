"""Lines: what they are, how they stand, and what people decide about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.api import answers
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.problems import problem_error
from modemgw.api.queries import read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import LineChange, NoQuery, PauseReason
from modemgw.gateway import views

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from aiohttp import web

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import Caller

TAG = "lines"


class Lines:
    """The resources `/v1/lines` and `/v1/inventory`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings
        self._desk = gateway.desk

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        line = Answer(200, answers.Line)
        return (
            Route(
                "GET",
                "/v1/lines",
                self.list_all,
                Scope.READ,
                "List the lines",
                Answer(200, answers.LinePage),
                TAG,
                query=NoQuery,
                for_bound=True,
            ),
            Route(
                "GET",
                "/v1/lines/{id}",
                self.read,
                Scope.READ,
                "Read a line",
                line,
                TAG,
                query=NoQuery,
                problems=("not-found",),
                for_bound=True,
            ),
            Route(
                "PATCH",
                "/v1/lines/{id}",
                self.change,
                Scope.ADMIN,
                "Set name, number, tags or cost of a line",
                line,
                TAG,
                body=LineChange,
                problems=("invalid", "invalid-number", "number-taken", "not-found"),
                examples={"name and tags": {"name": "Berlin 3", "tags": ["prepaid", "sales"]}},
            ),
            Route(
                "POST",
                "/v1/lines/{id}/pause",
                self.pause,
                Scope.ADMIN,
                "Let a line send nothing until it is resumed",
                line,
                TAG,
                description="The rest of a message that has begun goes on; the line receives.",
                body=PauseReason,
                examples={"why": {"reason": "its numbers are being ported"}},
                body_required=False,
                problems=("invalid", "not-found"),
            ),
            Route(
                "POST",
                "/v1/lines/{id}/resume",
                self.resume,
                Scope.ADMIN,
                "End the pause of a line",
                line,
                TAG,
                problems=("not-found",),
            ),
            Route(
                "POST",
                "/v1/lines/{id}/release",
                self.release,
                Scope.ADMIN,
                "Put a line into service again",
                line,
                TAG,
                description="Out of quarantine, rest or retirement.",
                problems=("not-found",),
            ),
            Route(
                "POST",
                "/v1/lines/{id}/retire",
                self.retire,
                Scope.ADMIN,
                "Take a line out of service for good",
                line,
                TAG,
                description="It receives as long as its SIM is there, and sends nothing. What "
                "waits for it alone ends with its validity.",
                problems=("not-found",),
            ),
            Route(
                "POST",
                "/v1/lines/{id}/learn-number",
                self.learn_number,
                Scope.ADMIN,
                "Find out the number of a line by a text to another own line",
                Answer(200, answers.Message, description="The text; the number follows it."),
                TAG,
                description="Costs a text. When it has come in, its sender is kept as the number.",
                problems=("not-found", "no-other-line", "line-retired", "destination"),
            ),
            Route(
                "GET",
                "/v1/inventory",
                self.inventory,
                Scope.READ,
                "Which of the expected lines are there",
                Answer(200, answers.Inventory),
                TAG,
                query=NoQuery,
            ),
        )

    async def list_all(self, request: web.Request) -> web.Response:
        """Every line."""
        read_query(request, NoQuery)
        caller = request[CALLER]
        return page(
            [_told(line, caller) for line in await self._desk.lines() if _is_of(line, caller)]
        )

    async def read(self, request: web.Request) -> web.Response:
        """One line."""
        read_query(request, NoQuery)
        line, caller = await self._desk.line(_id(request)), request[CALLER]
        if not _is_of(line, caller):
            raise problem_error("not-found", "there is no line with this id")
        return answer(_told(line, caller))

    async def change(self, request: web.Request) -> web.Response:
        """Set what people set."""
        body = validate(LineChange, await self._body(request))
        values: dict[str, Any] = body.model_dump(exclude_unset=True)
        if values.get("number") is not None:
            values["number"] = self._gateway.read_number(values["number"])
        return answer(await self._desk.change(_id(request), request[CALLER], values))

    async def pause(self, request: web.Request) -> web.Response:
        """Pause one."""
        raw, caller = await self._body(request), request[CALLER]
        reason = validate(PauseReason, {} if raw is None else raw).reason
        words = reason or f"with key {caller.key_id}"
        return answer(await self._desk.pause_line(_id(request), caller, words))

    async def resume(self, request: web.Request) -> web.Response:
        """Resume one."""
        return answer(await self._desk.resume_line(_id(request), request[CALLER]))

    async def release(self, request: web.Request) -> web.Response:
        """Release one."""
        return answer(await self._desk.release(_id(request), request[CALLER]))

    async def retire(self, request: web.Request) -> web.Response:
        """Retire one."""
        return answer(await self._desk.retire(_id(request), request[CALLER]))

    async def learn_number(self, request: web.Request) -> web.Response:
        """Begin to learn the number of one."""
        return answer(await self._desk.learn_number(_id(request), request[CALLER]))

    async def inventory(self, request: web.Request) -> web.Response:
        """What is there and what is missing."""
        read_query(request, NoQuery)
        return answer(views.inventory(self._desk.inventory))

    async def _body(self, request: web.Request) -> Any:
        settings = self._settings
        return await read_json(
            request, limit=settings.body_limit, timeout_s=settings.body_timeout_s
        )


def _is_of(line: Mapping[str, Any], caller: Caller) -> bool:
    """Whether a line is in a pool that the key has to do with."""
    return caller.pools is None or any(caller.has_pool(name) for name in line["pools"])


def _told(line: dict[str, Any], caller: Caller) -> dict[str, Any]:
    """A line, without the names of pools that the key has nothing to do with."""
    return {**line, "pools": [name for name in line["pools"] if caller.has_pool(name)]}


def _id(request: web.Request) -> str:
    return request.match_info["id"]
