"""Modems: how they are, and where they have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modemgw.api import answers, modem_shapes
from modemgw.api.problems import problem_error
from modemgw.api.queries import decode_cursor, encode_cursor, is_id, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import Answer, Route, Scope
from modemgw.api.schemas import NoQuery, PageQuery
from modemgw.gateway import views
from modemgw.store import lines, modem_history

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.gateway.gateway import Gateway
    from modemgw.store.prepared import Record

TAG = "bank"


class Modems:
    """The resource `/v1/modems`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/modems",
                self.modems,
                Scope.READ,
                "List the modems",
                Answer(200, answers.ModemPage),
                TAG,
                query=NoQuery,
            ),
            Route(
                "GET",
                "/v1/modems/{id}",
                self.modem,
                Scope.READ,
                "Read a modem",
                Answer(200, answers.Modem),
                TAG,
                query=NoQuery,
                problems=("not-found",),
            ),
            Route(
                "GET",
                "/v1/modems/{id}/history",
                self.history,
                Scope.READ,
                "List the states that a modem was in",
                Answer(200, modem_shapes.ModemHistory),
                TAG,
                description="The newest first, the last "
                f"{modem_history.KEPT} of each modem, across restarts of the daemon.",
                query=PageQuery,
                problems=("invalid", "not-found"),
            ),
        )

    async def modems(self, request: web.Request) -> web.Response:
        """Every modem."""
        read_query(request, NoQuery)
        rows = await self._gateway.reader.run(lines.all_modems)
        return page([self._view(row) for row in rows])

    async def modem(self, request: web.Request) -> web.Response:
        """One modem."""
        read_query(request, NoQuery)
        return answer(self._view(await self._row(request)))

    async def history(self, request: web.Request) -> web.Response:
        """One page of the states that it was in."""
        query = read_query(request, PageQuery)
        before = decode_cursor(query.cursor, r"mst_[0-9a-f]{32}")
        modem_id = (await self._row(request)).id
        rows = await self._gateway.reader.run(
            lambda c: modem_history.page(c, modem_id, before=before, limit=query.limit + 1)
        )
        shown = rows[: query.limit]
        more = encode_cursor(shown[-1].id) if len(rows) > query.limit else None
        return page([views.stage(row) for row in shown], more)

    async def _row(self, request: web.Request) -> Record:
        modem_id = request.match_info["id"]
        row = None
        if is_id(modem_id, "mdm"):
            row = await self._gateway.reader.run(lambda c: lines.modem_by_id(c, modem_id))
        if row is None:
            raise problem_error("not-found", "there is no modem with this id")
        return row

    def _view(self, row: Record) -> dict[str, Any]:
        driven = self._gateway.roster.modem_by_id(row.id)
        return views.modem(row, driven.guaranteed if driven is not None else None)
