"""A person's data: shown, erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.api.person_shapes import Erased, EraseQuery, Person, PersonQuery
from modemgw.api.queries import decode_cursor, encode_cursor, read_query
from modemgw.api.respond import answer
from modemgw.api.routing import CALLER, Answer, Route, Scope

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.gateway.gateway import Gateway

TAG = "persons"


class Persons:
    """The resource `/v1/persons`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/persons/{number}",
                self.show,
                Scope.ADMIN,
                "Everything that is kept about a number",
                Answer(200, Person),
                TAG,
                query=PersonQuery,
                shows_people=True,
                problems=("invalid", "invalid-number", "rate-limited"),
            ),
            Route(
                "DELETE",
                "/v1/persons/{number}",
                self.erase,
                Scope.ADMIN,
                "Erase what is kept about a number",
                Answer(200, Erased),
                TAG,
                description="What is queued for it is canceled first. An opt-out stays, as a hash "
                "of the number, and so does that a consent was withdrawn; an open review "
                "becomes an opt-out.",
                query=EraseQuery,
                problems=("invalid", "invalid-number", "in-flight"),
            ),
        )

    async def show(self, request: web.Request) -> web.Response:
        """A person's data, the messages by pages."""
        query = read_query(request, PersonQuery)
        before = decode_cursor(query.cursor, r"msg_[0-9a-f]{32}")
        shown = await self._gateway.persons.show(
            self._number(request), before=before, limit=query.limit
        )
        more = shown["next"]
        return answer(shown | {"next": None if more is None else encode_cursor(more)})

    async def erase(self, request: web.Request) -> web.Response:
        """Erase them."""
        query = read_query(request, EraseQuery)
        number, caller = self._number(request), request[CALLER]
        return answer(await self._gateway.persons.erase(number, query.reason, caller))

    def _number(self, request: web.Request) -> str:
        return self._gateway.read_number(request.match_info["number"])
