"""Webhook endpoints: make, list, read, remove, test, and what became of their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from modemgw.api import answers
from modemgw.api.courier import Destination
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.problems import FieldError, Problem, ProblemError, invalid, problem_error
from modemgw.api.queries import decode_cursor, encode_cursor, is_id, read_query
from modemgw.api.respond import answer, page, to_json
from modemgw.api.routing import Answer, Route, Scope
from modemgw.api.schemas import NewWebhook, NoQuery, PageQuery
from modemgw.api.signing import new_secret, read_secret
from modemgw.api.targets import ForbiddenTargetError, check_url
from modemgw.gateway import views
from modemgw.gateway.views import timestamp
from modemgw.store import webhooks
from modemgw.store.events import Event
from modemgw.store.webhooks import Endpoint

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modemgw.api.courier import Courier
    from modemgw.api.pump import Pump
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.prepared import Record
    from modemgw.store.writer import Transaction

TAG = "webhooks"
ORIGIN = "api"


class Webhooks:
    """The resource `/v1/webhooks`."""

    def __init__(
        self, gateway: Gateway, pump: Pump, courier: Courier, settings: ApiSettings
    ) -> None:
        self._gateway, self._pump = gateway, pump
        self._courier, self._settings = courier, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "POST",
                "/v1/webhooks",
                self.create,
                Scope.ADMIN,
                "Make an endpoint",
                Answer(201, answers.WebhookCreated, description="It gets every event from now on."),
                TAG,
                description="Events are posted to it, signed by Standard Webhooks. The secret is "
                "shown in this answer and never again.",
                body=NewWebhook,
                problems=("invalid", "webhook-address", "limit-reached"),
                examples={
                    "answers": {
                        "url": "https://crm.example.com/sms",
                        "events": ["message.received", "message.status"],
                    }
                },
            ),
            Route(
                "GET",
                "/v1/webhooks",
                self.list_page,
                Scope.ADMIN,
                "List the endpoints",
                Answer(200, answers.WebhookPage),
                TAG,
                query=NoQuery,
            ),
            Route(
                "GET",
                "/v1/webhooks/{id}",
                self.read,
                Scope.ADMIN,
                "Read an endpoint",
                Answer(200, answers.Webhook),
                TAG,
                query=NoQuery,
                problems=("not-found",),
            ),
            Route(
                "DELETE",
                "/v1/webhooks/{id}",
                self.remove,
                Scope.ADMIN,
                "Remove an endpoint and what is owed to it",
                Answer(204, description="It is removed."),
                TAG,
                problems=("not-found", "configured-webhook"),
            ),
            Route(
                "GET",
                "/v1/webhooks/{id}/deliveries",
                self.deliveries,
                Scope.ADMIN,
                "List what became of its events, the newest first",
                Answer(200, answers.DeliveryPage),
                TAG,
                query=PageQuery,
                problems=("invalid", "not-found"),
            ),
            Route(
                "POST",
                "/v1/webhooks/{id}/test",
                self.test,
                Scope.ADMIN,
                "Post a `webhook.test` event to it now",
                Answer(200, answers.TestResult, description="What it said."),
                TAG,
                problems=("not-found",),
            ),
        )

    async def create(self, request: web.Request) -> web.Response:
        """Make an endpoint."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body = validate(NewWebhook, raw)
        secret = self._secret(body)
        endpoint = Endpoint(self._url(body), tuple(dict.fromkeys(body.events)), secret)
        now, limit = self._gateway.clock(), self._settings.webhook_limit

        def operation(tx: Transaction) -> Record:
            if len(webhooks.all_endpoints(tx.connection)) >= limit:
                raise problem_error("limit-reached", f"there are {limit} endpoints already")
            return webhooks.add(tx.connection, endpoint, ORIGIN, now)

        row = await self._gateway.writer.run(operation)
        self._pump.wake()
        view = {**_view(row, 0), "secret": secret}
        return answer(view, 201, Location=f"/v1/webhooks/{row.id}")

    def _url(self, body: NewWebhook) -> str:
        try:
            return check_url(body.url, self._courier.allowed)
        except ForbiddenTargetError as error:
            fault = FieldError("url", str(error))
            raise ProblemError(Problem("webhook-address", str(error), [fault])) from None
        except ValueError as error:
            raise invalid(FieldError("url", str(error))) from None

    @staticmethod
    def _secret(body: NewWebhook) -> str:
        secret = body.secret or new_secret()
        try:
            read_secret(secret)
        except ValueError as error:
            raise invalid(FieldError("secret", str(error))) from None
        return secret

    async def list_page(self, request: web.Request) -> web.Response:
        """Every endpoint."""
        read_query(request, NoQuery)

        def query(connection: Connection) -> list[dict[str, Any]]:
            owed = webhooks.owed(connection)
            rows = webhooks.all_endpoints(connection)
            return [_view(row, owed.get(row.id, 0)) for row in rows]

        return page(await self._gateway.reader.run(query))

    async def read(self, request: web.Request) -> web.Response:
        """One endpoint."""
        read_query(request, NoQuery)
        row, owed = await self._find(request)
        return answer(_view(row, owed))

    async def _find(self, request: web.Request) -> tuple[Record, int]:
        """The endpoint of the path, and how much is owed to it. Raises ProblemError."""
        webhook_id = _webhook_id(request)

        def query(connection: Connection) -> tuple[Record | None, int]:
            row = webhooks.get(connection, webhook_id)
            return row, webhooks.owed(connection).get(webhook_id, 0)

        row, owed = await self._gateway.reader.run(query)
        if row is None:
            raise _no_such_webhook()
        return row, owed

    async def remove(self, request: web.Request) -> web.Response:
        """Remove an endpoint."""
        webhook_id = _webhook_id(request)

        def operation(tx: Transaction) -> None:
            row = webhooks.get(tx.connection, webhook_id)
            if row is None:
                raise _no_such_webhook()
            if row.origin != ORIGIN:
                raise problem_error("configured-webhook", "it would be back at the next start")
            webhooks.remove(tx.connection, webhook_id)

        await self._gateway.writer.run(operation)
        self._pump.wake()
        return web.Response(status=204)

    async def deliveries(self, request: web.Request) -> web.Response:
        """One page of an endpoint's deliveries."""
        query = read_query(request, PageQuery)
        cursor = decode_cursor(query.cursor, r"[0-9]{1,18}")
        before = None if cursor is None else int(cursor)
        row, _ = await self._find(request)
        rows = await self._gateway.reader.run(
            lambda c: webhooks.log(c, row.id, before=before, limit=query.limit + 1)
        )
        shown = rows[: query.limit]
        more = encode_cursor(str(shown[-1].position)) if len(rows) > query.limit else None
        return page([_delivery(item) for item in shown], more)

    async def test(self, request: web.Request) -> web.Response:
        """Post one event that stands for nothing, and say what came back."""
        row, _ = await self._find(request)
        event = Event("webhook.test", self._gateway.clock(), {"webhook": row.id})
        destination = Destination(row.url, row.secret, trusted=row.origin != ORIGIN)
        body = to_json(views.event(event))
        receipt = await self._courier.post(destination, event.id, body)
        return answer(
            {"delivered": receipt.delivered, "status": receipt.status, "error": receipt.error}
        )


def _webhook_id(request: web.Request) -> str:
    webhook_id = request.match_info["id"]
    if not is_id(webhook_id, "whk"):
        raise _no_such_webhook()
    return webhook_id


def _no_such_webhook() -> ProblemError:
    return problem_error("not-found", "there is no webhook endpoint with this id")


def _view(row: Record, owed: int) -> dict[str, Any]:
    """An endpoint without its secret."""
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "origin": row.origin,
        "enabled": row.enabled,
        "disabled_reason": row.disabled_reason,
        "pending": owed,
        "created_at": timestamp(row.created_at),
    }


def _delivery(row: Record) -> dict[str, Any]:
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
