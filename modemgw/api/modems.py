"""Modems: how they are, where they have been, and what people do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modemgw.api import modem_shapes
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.queries import decode_cursor, encode_cursor, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import NoQuery, PageQuery, PauseReason
from modemgw.store.modem_history import KEPT

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway

TAG = "bank"
PATH = "/v1/modems/{id}"


class Modems:
    """The resource `/v1/modems`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._desk, self._settings = gateway.modem_desk, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        modem = Answer(200, modem_shapes.Modem)
        return (
            Route(
                "GET",
                "/v1/modems",
                self.modems,
                Scope.READ,
                "List the modems",
                Answer(200, modem_shapes.ModemPage),
                TAG,
                query=NoQuery,
            ),
            Route(
                "GET",
                PATH,
                self.modem,
                Scope.READ,
                "Read a modem",
                modem,
                TAG,
                query=NoQuery,
                problems=("not-found",),
            ),
            Route(
                "GET",
                PATH + "/history",
                self.history,
                Scope.READ,
                "List the states that a modem was in",
                Answer(200, modem_shapes.ModemHistory),
                TAG,
                description=f"The newest first, the last {KEPT} of each modem, across restarts of "
                "the daemon.",
                query=PageQuery,
                problems=("invalid", "not-found"),
            ),
            Route(
                "POST",
                PATH + "/pause",
                self.pause,
                Scope.ADMIN,
                "Let nothing be sent through a modem until it is resumed",
                modem,
                TAG,
                description="Whichever SIM sits in it. The rest of a message that has begun goes "
                "on; texts that come in are read.",
                body=PauseReason,
                body_required=False,
                problems=("invalid", "not-found"),
                examples={"why": {"reason": "a new aerial"}},
            ),
            Route(
                "POST",
                PATH + "/resume",
                self.resume,
                Scope.ADMIN,
                "End the pause of a modem",
                modem,
                TAG,
                problems=("not-found",),
            ),
            Route(
                "POST",
                PATH + "/reset",
                self.reset,
                Scope.ADMIN,
                "Reset a modem",
                Answer(
                    202, modem_shapes.Modem, description="It begins; state and history tell of it."
                ),
                TAG,
                description="Begins recovery at a rung of its ladder, behind a text that is on "
                "the air; no other begins. What does not help goes on with the rungs above.",
                body=modem_shapes.ResetModem,
                body_required=False,
                problems=("invalid", "not-found", "not-here", "cannot-reset"),
                examples={"open its port anew": {"rung": "reopen"}},
            ),
            Route(
                "POST",
                PATH + "/pin",
                self.pin,
                Scope.ADMIN,
                "Open the SIM of a modem that waits for its PIN",
                Answer(200, modem_shapes.Modem, description="The SIM is open."),
                TAG,
                description="It is kept nowhere: after the next reset the SIM asks again. None is "
                "entered where one try is left, where the modem does not tell how many, or twice.",
                body=modem_shapes.SimPin,
                problems=(
                    "invalid",
                    "not-found",
                    "not-here",
                    "modem-not-ready",
                    "pin-not-asked",
                    "pin-unsafe",
                    "pin-refused",
                ),
                examples={"a PIN": {"pin": "0000"}},
            ),
        )

    async def modems(self, request: web.Request) -> web.Response:
        """Every modem."""
        read_query(request, NoQuery)
        return page(await self._desk.modems())

    async def modem(self, request: web.Request) -> web.Response:
        """One modem."""
        read_query(request, NoQuery)
        return answer(await self._desk.modem(_id(request)))

    async def history(self, request: web.Request) -> web.Response:
        """One page of the states that it was in."""
        query = read_query(request, PageQuery)
        before = decode_cursor(query.cursor, r"mst_[0-9a-f]{32}")
        found = await self._desk.history(_id(request), before=before, limit=query.limit + 1)
        shown = found[: query.limit]
        return page(shown, encode_cursor(shown[-1]["id"]) if len(found) > query.limit else None)

    async def pause(self, request: web.Request) -> web.Response:
        """Pause one."""
        raw, caller = await self._body(request), request[CALLER]
        reason = validate(PauseReason, {} if raw is None else raw).reason
        words = reason or f"with key {caller.key_id}"
        return answer(await self._desk.pause(_id(request), caller, words))

    async def resume(self, request: web.Request) -> web.Response:
        """Resume one."""
        return answer(await self._desk.resume(_id(request), request[CALLER]))

    async def reset(self, request: web.Request) -> web.Response:
        """Reset one."""
        raw, caller = await self._body(request), request[CALLER]
        rung = validate(modem_shapes.ResetModem, {} if raw is None else raw).rung
        return answer(await self._desk.reset(_id(request), caller, rung), 202)

    async def pin(self, request: web.Request) -> web.Response:
        """Open the SIM of one."""
        pin = validate(modem_shapes.SimPin, await self._body(request)).pin
        return answer(await self._desk.enter_pin(_id(request), request[CALLER], pin))

    async def _body(self, request: web.Request) -> Any:
        settings = self._settings
        return await read_json(
            request, limit=settings.body_limit, timeout_s=settings.body_timeout_s
        )


def _id(request: web.Request) -> str:
    return request.match_info["id"]
