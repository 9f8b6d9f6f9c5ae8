"""USSD sessions: codes such as `*100#`, what the network says, and answers to its menus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.api.jsonbody import read_json, validate
from modemgw.api.modem_shapes import UssdSession
from modemgw.api.queries import read_query
from modemgw.api.respond import answer
from modemgw.api.routing import Answer, Route, Scope
from modemgw.api.schemas import NoQuery, UssdAnswer, UssdCode

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway

TAG = "bank"
PATH = "/v1/modems/{id}/ussd"
_ELSEWHERE = ("not-found", "not-here")


class Ussd:
    """The resource `/v1/modems/{id}/ussd`: the one session of a modem."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "POST",
                PATH,
                self.start,
                Scope.ADMIN,
                "Begin a USSD session",
                Answer(201, UssdSession, description="Begun; what comes of it is told."),
                TAG,
                description="Waits behind a text that is under way. What the network says comes as "
                "an event `ussd.received`, and is read here with GET. A modem has one session at a "
                "time.",
                body=UssdCode,
                problems=(*_ELSEWHERE, "invalid", "invalid-text", "modem-not-ready", "ussd-busy"),
                examples={"a balance": {"code": "*100#"}},
            ),
            Route(
                "GET",
                PATH,
                self.read,
                Scope.READ,
                "Read the USSD session of a modem",
                Answer(200, UssdSession, description="The open one, or the last one."),
                TAG,
                query=NoQuery,
                problems=_ELSEWHERE,
            ),
            Route(
                "POST",
                PATH + "/answer",
                self.answer,
                Scope.ADMIN,
                "Answer the network in a USSD session",
                Answer(200, UssdSession),
                TAG,
                description="While `state` is `answer_wanted`.",
                body=UssdAnswer,
                problems=(*_ELSEWHERE, "invalid", "invalid-text", "ussd-no-question"),
                examples={"a menu": {"text": "1"}},
            ),
            Route(
                "DELETE",
                PATH,
                self.end,
                Scope.ADMIN,
                "End the USSD session of a modem",
                Answer(200, UssdSession, description="Ended, or as it had ended before."),
                TAG,
                query=NoQuery,
                problems=_ELSEWHERE,
            ),
        )

    async def start(self, request: web.Request) -> web.Response:
        """Begin."""
        body = validate(UssdCode, await self._body(request))
        modem = await self._gateway.modem_desk.driven(request.match_info["id"])
        return answer(self._gateway.ussd.start(modem, body.code), 201, Location=request.path)

    async def read(self, request: web.Request) -> web.Response:
        """How it stands."""
        read_query(request, NoQuery)
        modem = await self._gateway.modem_desk.driven(request.match_info["id"])
        return answer(self._gateway.ussd.session(modem))

    async def answer(self, request: web.Request) -> web.Response:
        """Say something to the network."""
        body = validate(UssdAnswer, await self._body(request))
        modem = await self._gateway.modem_desk.driven(request.match_info["id"])
        return answer(self._gateway.ussd.answer(modem, body.text))

    async def end(self, request: web.Request) -> web.Response:
        """End."""
        read_query(request, NoQuery)
        modem = await self._gateway.modem_desk.driven(request.match_info["id"])
        return answer(self._gateway.ussd.end(modem))

    async def _body(self, request: web.Request) -> object:
        return await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
