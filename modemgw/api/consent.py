"""Opt-outs: list, look up, record, lift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from modemgw.api import answers
from modemgw.api.consent_shapes import OptInQuery, OptOutQuery, OptOutRequest
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.problems import problem_error
from modemgw.api.queries import decode_cursor, encode_cursor, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import PageQuery
from modemgw.gateway import views
from modemgw.store import optouts

if TYPE_CHECKING:
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import Caller

TAG = "opt-outs"
SOURCE = "api"


class Consent:
    """The resource `/v1/optouts`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/optouts",
                self.list_page,
                Scope.READ,
                "List opt-outs, by number and scope",
                Answer(200, answers.OptOutPage),
                TAG,
                query=PageQuery,
                problems=("invalid",),
            ),
            Route(
                "GET",
                "/v1/optouts/{number}",
                self.read,
                Scope.READ,
                "Whether a number has opted out",
                Answer(200, answers.OptOut, description="It has, and this is how."),
                TAG,
                description="A number may have several opt-outs, each of a scope.",
                query=OptOutQuery,
                problems=("invalid", "invalid-number", "not-found"),
                for_bound=True,
            ),
            Route(
                "PUT",
                "/v1/optouts/{number}",
                self.put,
                Scope.SEND,
                "Record an opt-out",
                Answer(200, answers.OptOut, description="It stands, from now or from before."),
                TAG,
                description="For a refusal that came another way than by text. What is queued for "
                "the number and covered is canceled. It is of texts of every kind.",
                body=OptOutRequest,
                body_required=False,
                problems=("invalid", "invalid-number", "unknown-scope"),
                for_bound=True,
                examples={"by phone": {"reason": "asked our agent on the phone"}},
            ),
            Route(
                "DELETE",
                "/v1/optouts/{number}",
                self.delete,
                Scope.ADMIN,
                "Lift an opt-out",
                Answer(204, description="It is lifted."),
                TAG,
                description="Only with new consent that can be documented: `reason` says what it "
                "is and where.",
                query=OptInQuery,
                problems=("invalid", "invalid-number", "not-found"),
            ),
        )

    async def list_page(self, request: web.Request) -> web.Response:
        """One page of opt-outs."""
        query = read_query(request, PageQuery)
        after = _behind(query.cursor)
        rows = await self._gateway.reader.run(
            lambda c: optouts.page(c, after=after, limit=query.limit + 1)
        )
        shown = rows[: query.limit]
        more = (
            encode_cursor(f"{shown[-1].number} {shown[-1].scope}")
            if len(rows) > query.limit
            else None
        )
        return page([views.opt_out(row) for row in shown], more)

    async def read(self, request: web.Request) -> web.Response:
        """One opt-out of a number."""
        scope = read_query(request, OptOutQuery).scope
        number = self._number(request)
        hashed = self._gateway.refusals.erased_as(number)
        rows = await self._gateway.reader.run(lambda c: optouts.of(c, number, hashed))
        found = [row for row in rows if scope in (None, row.scope)]
        if not found:
            of = "" if scope is None else f" of {scope}"
            raise problem_error("not-found", f"this number has not opted out{of}")
        return answer(_told(views.opt_out(found[0]), request[CALLER]))

    async def put(self, request: web.Request) -> web.Response:
        """Record an opt-out."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body = validate(OptOutRequest, {} if raw is None else raw)
        reason = body.reason or f"with key {request[CALLER].key_id}"
        number = self._number(request)
        view = await self._gateway.opt_out(number, SOURCE, reason, body.scope)
        return answer(_told(view, request[CALLER]))

    async def delete(self, request: web.Request) -> web.Response:
        """Lift an opt-out."""
        query = read_query(request, OptInQuery)
        reason = query.reason or f"no evidence was given, with key {request[CALLER].key_id}"
        await self._gateway.opt_in(self._number(request), SOURCE, reason, query.scope)
        return web.Response(status=204)

    def _number(self, request: web.Request) -> str:
        return self._gateway.read_number(request.match_info["number"])


def _told(opt_out: dict[str, Any], caller: Caller) -> dict[str, Any]:
    """An opt-out, which may hold for all pools; how it came about may be another's to know."""
    if caller.pools is None:
        return opt_out
    return {**opt_out, "reason": "", "message": None, "line": None}


def _behind(cursor: str | None) -> tuple[str, str] | None:
    """The number, or its hash, and scope that a cursor leads on behind."""
    key = decode_cursor(cursor, r"(\+?[0-9]{1,31}|#[0-9a-f]{31}) [\w.:-]{1,80}")
    if key is None:
        return None
    number, _, scope = key.partition(" ")
    return number, scope
