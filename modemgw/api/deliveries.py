"""What became of events at an endpoint, and posting them once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from modemgw.api.jsonbody import read_json, validate
from modemgw.api.problems import problem_error
from modemgw.api.queries import decode_cursor, encode_cursor, is_id, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import Answer, Route, Scope
from modemgw.api.schemas import NoQuery
from modemgw.api.webhook_shapes import DeliveriesQuery, Delivery, DeliveryPage, Replay, Replayed
from modemgw.gateway.views import timestamp
from modemgw.store import deliveries, webhooks
from modemgw.store.deliveries import Range

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.api.pump import Pump
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

TAG: Final = "webhooks"
REPLAYED_AT_ONCE: Final = 1_000


class Deliveries:
    """The resource `/v1/webhooks/{id}/deliveries`."""

    def __init__(self, gateway: Gateway, pump: Pump, settings: ApiSettings) -> None:
        self._gateway, self._pump, self._settings = gateway, pump, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/webhooks/{id}/deliveries",
                self.list_page,
                Scope.ADMIN,
                "List what became of its events, the newest first",
                Answer(200, DeliveryPage),
                TAG,
                query=DeliveriesQuery,
                problems=("invalid", "not-found"),
            ),
            Route(
                "GET",
                "/v1/webhooks/{id}/deliveries/{event}",
                self.read,
                Scope.ADMIN,
                "Read what became of one event",
                Answer(200, Delivery),
                TAG,
                query=NoQuery,
                problems=("not-found",),
            ),
            Route(
                "POST",
                "/v1/webhooks/{id}/replay",
                self.replay,
                Scope.ADMIN,
                "Post events once more",
                Answer(200, Replayed),
                TAG,
                description="One event, or those of a time, oldest first, at most "
                f"{REPLAYED_AT_ONCE} a call. They come beside what is new, with the ids that they "
                "had. What the endpoint still waits for is left as it is.",
                body=Replay,
                problems=("invalid", "not-found"),
                examples={
                    "one": {"event": "evt_" + "0" * 32},
                    "what was given up": {"after": "2027-01-31T08:00:00Z"},
                },
            ),
        )

    async def list_page(self, request: web.Request) -> web.Response:
        """One page of an endpoint's deliveries."""
        query = read_query(request, DeliveriesQuery)
        cursor = decode_cursor(query.cursor, r"[0-9]{1,18}")
        before = None if cursor is None else int(cursor)
        row = await self._endpoint(request)
        rows = await self._gateway.reader.run(
            lambda c: deliveries.log(
                c, row.id, before=before, limit=query.limit + 1, status=query.status
            )
        )
        shown = rows[: query.limit]
        more = encode_cursor(str(shown[-1].position)) if len(rows) > query.limit else None
        return page([_view(item) for item in shown], more)

    async def read(self, request: web.Request) -> web.Response:
        """One delivery."""
        read_query(request, NoQuery)
        row, event_id = await self._endpoint(request), request.match_info["event"]
        found = None
        if is_id(event_id, "evt"):
            found = await self._gateway.reader.run(lambda c: deliveries.get(c, row.id, event_id))
        if found is None:
            raise problem_error("not-found", "this endpoint was not owed an event with this id")
        return answer(_view(found))

    async def replay(self, request: web.Request) -> web.Response:
        """Let events be posted once more."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body, row = validate(Replay, raw), await self._endpoint(request)
        dead = body.status == "dead" if body.status else body.event is None
        wanted = Range(body.event, body.after, body.before, dead)
        now = self._gateway.clock()

        def operation(tx: Transaction) -> tuple[int, bool]:
            return deliveries.replay(tx.connection, row, wanted, now, REPLAYED_AT_ONCE)

        replayed, more = await self._gateway.writer.run(operation)
        self._pump.wake()
        return answer({"replayed": replayed, "more": more})

    async def _endpoint(self, request: web.Request) -> Record:
        """The endpoint of the path. Raises ProblemError."""
        webhook_id, row = request.match_info["id"], None
        if is_id(webhook_id, "whk"):
            row = await self._gateway.reader.run(lambda c: webhooks.get(c, webhook_id))
        if row is None:
            raise problem_error("not-found", "there is no webhook endpoint with this id")
        return row


def _view(row: Record) -> dict[str, Any]:
    return {
        "event": row.event_id,
        "status": row.status,
        "attempts": row.attempts,
        "next_at": timestamp(row.next_at),
        "first_tried_at": timestamp(row.first_tried_at),
        "settled_at": timestamp(row.settled_at),
        "last_status": row.last_status,
        "last_error": row.last_error,
    }
