"""The bank as a whole: the queue, and what came in and could not be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modemgw.api import answers
from modemgw.api.queries import decode_cursor, encode_cursor, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import Answer, Route, Scope
from modemgw.api.schemas import NoQuery, PageQuery
from modemgw.gateway import views
from modemgw.store import inbox

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.outlook import PoolOutlook

TAG = "bank"


class Bank:
    """The resources `/v1/queue` and `/v1/undecoded`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/queue",
                self.queue,
                Scope.READ,
                "How much waits to be sent",
                Answer(200, answers.Queue),
                TAG,
                query=NoQuery,
            ),
            Route(
                "GET",
                "/v1/undecoded",
                self.undecoded,
                Scope.READ,
                "List what came in and could not be used",
                Answer(200, answers.KeptTpduPage),
                TAG,
                description="TPDUs that did not decode, or that no line could be told for, as the "
                "modem gave them.",
                query=PageQuery,
                problems=("invalid",),
            ),
        )

    async def queue(self, request: web.Request) -> web.Response:
        """How much waits."""
        read_query(request, NoQuery)
        depth = await self._gateway.depths.look()
        pools = await self._gateway.outlook.pools()
        times = [pool.done_at for pool in pools if pool.parts]
        known = [at for at in times if at is not None]
        done_at = max(known) if known and len(known) == len(times) else None
        return answer(
            {
                "waiting": depth.waiting,
                "scheduled": depth.parked,
                "start_hold": self._gateway.dispatcher.start_hold,
                "paused": self._gateway.desk.paused,
                "expected_done_at": views.timestamp(done_at),
                "pools": [_pool(pool) for pool in pools],
            }
        )

    async def undecoded(self, request: web.Request) -> web.Response:
        """One page of TPDUs with a defect."""
        query = read_query(request, PageQuery)
        before = decode_cursor(query.cursor, r"[a-z]{3}_[0-9a-f]{32}")
        rows = await self._gateway.reader.run(
            lambda c: inbox.defective(c, before=before, limit=query.limit + 1)
        )
        shown = rows[: query.limit]
        more = encode_cursor(shown[-1].id) if len(rows) > query.limit else None
        return page([views.kept_tpdu(row) for row in shown], more)


def _pool(outlook: PoolOutlook) -> dict[str, Any]:
    return {
        "pool": outlook.pool or None,
        "waiting": outlook.messages,
        "parts": outlook.parts,
        "lines": outlook.lines,
        "expected_done_at": views.timestamp(outlook.done_at),
    }
