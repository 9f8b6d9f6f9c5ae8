"""Webhook endpoints: make, list, read, change, remove, test, and give a new secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from modemgw.api.courier import Destination
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.problems import FieldError, Problem, ProblemError, invalid, problem_error
from modemgw.api.queries import is_id, read_query
from modemgw.api.respond import answer, page, to_json
from modemgw.api.routing import Answer, Route, Scope
from modemgw.api.schemas import NewWebhook, NoQuery
from modemgw.api.signing import new_secret, read_secret
from modemgw.api.targets import ForbiddenTargetError, check_url
from modemgw.api.twilio.callbacks import SCHEME
from modemgw.api.webhook_shapes import (
    ChangeWebhook,
    RotateSecret,
    TestResult,
    Webhook,
    WebhookCreated,
    WebhookPage,
    WebhookSecret,
)
from modemgw.gateway import views
from modemgw.gateway.views import timestamp
from modemgw.store import webhooks
from modemgw.store.events import Event
from modemgw.store.webhooks import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from modemgw.api.courier import Courier
    from modemgw.api.pump import Pump
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

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
                Answer(201, WebhookCreated, description="It gets every event from now on."),
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
                Answer(200, WebhookPage),
                TAG,
                query=NoQuery,
            ),
            Route(
                "GET",
                "/v1/webhooks/{id}",
                self.read,
                Scope.ADMIN,
                "Read an endpoint",
                Answer(200, Webhook),
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
                "PATCH",
                "/v1/webhooks/{id}",
                self.change,
                Scope.ADMIN,
                "Change an endpoint's address or types, or enable it again",
                Answer(200, Webhook),
                TAG,
                body=ChangeWebhook,
                problems=("invalid", "webhook-address", "not-found", "configured-webhook"),
                examples={"enable it again": {"enabled": True}},
            ),
            Route(
                "POST",
                "/v1/webhooks/{id}/rotate",
                self.rotate,
                Scope.ADMIN,
                "Give an endpoint a new secret",
                Answer(200, WebhookSecret, description="It is shown here and never again."),
                TAG,
                description="For the time of `grace` both secrets sign each request, so that the "
                "receiver can change over when it likes.",
                body=RotateSecret,
                body_required=False,
                problems=("invalid", "not-found", "configured-webhook"),
                examples={"at once": {"grace": 0}},
            ),
            Route(
                "POST",
                "/v1/webhooks/{id}/test",
                self.test,
                Scope.ADMIN,
                "Post a `webhook.test` event to it now",
                Answer(200, TestResult, description="What it said."),
                TAG,
                problems=("not-found", "configured-webhook"),
            ),
        )

    async def create(self, request: web.Request) -> web.Response:
        """Make an endpoint."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body = validate(NewWebhook, raw)
        secret = self._secret(body.secret)
        endpoint = Endpoint(self._url(body.url), tuple(dict.fromkeys(body.events)), secret)
        now, limit = self._gateway.clock(), self._settings.webhook_limit

        def operation(tx: Transaction) -> Record:
            if len(webhooks.all_endpoints(tx.connection)) >= limit:
                raise problem_error("limit-reached", f"there are {limit} endpoints already")
            return webhooks.add(tx.connection, endpoint, ORIGIN, now)

        row = await self._gateway.writer.run(operation)
        self._pump.wake()
        view = {**_view(row, 0), "secret": secret}
        return answer(view, 201, Location=f"/v1/webhooks/{row.id}")

    def _url(self, url: str) -> str:
        try:
            return check_url(url, self._courier.allowed)
        except ForbiddenTargetError as error:
            fault = FieldError("url", str(error))
            raise ProblemError(Problem("webhook-address", str(error), [fault])) from None
        except ValueError as error:
            raise invalid(FieldError("url", str(error))) from None

    @staticmethod
    def _secret(given: str | None) -> str:
        secret = given or new_secret()
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

    async def change(self, request: web.Request) -> web.Response:
        """Change an endpoint of the API."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body = validate(ChangeWebhook, raw)
        values: dict[str, Any] = {}
        if body.url is not None:
            values["url"] = self._url(body.url)
        if body.events is not None:
            values["events"] = list(dict.fromkeys(body.events))
        if body.enabled is not None:
            values["enabled"] = body.enabled
            values["disabled_reason"] = None if body.enabled else "disabled on request"
        row = await self._change(request, lambda _row: values)
        _, owed = await self._find(request)
        return answer(_view(row, owed))

    async def rotate(self, request: web.Request) -> web.Response:
        """Make a new secret, and let the former sign for a while."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body = validate(RotateSecret, {} if raw is None else raw)
        secret = self._secret(body.secret)
        until = self._gateway.clock() + body.grace
        row = await self._change(
            request,
            lambda row: {
                "secret": secret,
                "former_secret": row.secret,
                "former_until": until,
            },
        )
        _, owed = await self._find(request)
        shown = {**_view(row, owed), "secret": secret, "former_until": timestamp(until)}
        return answer(shown)

    async def _change(
        self, request: web.Request, values_of: Callable[[Record], dict[str, Any]]
    ) -> Record:
        """Set columns of an endpoint that was made over the API. Raises ProblemError."""
        webhook_id = _webhook_id(request)

        def operation(tx: Transaction) -> Record:
            row = webhooks.get(tx.connection, webhook_id)
            if row is None:
                raise _no_such_webhook()
            if row.origin != ORIGIN:
                raise problem_error("configured-webhook", "change it there")
            return webhooks.change(tx.connection, webhook_id, **values_of(row))

        row = await self._gateway.writer.run(operation)
        self._pump.wake()
        return row

    async def test(self, request: web.Request) -> web.Response:
        """Post one event that stands for nothing, and say what came back."""
        row, _ = await self._find(request)
        if row.url.startswith(SCHEME):
            words = (
                "it is an application of [[twilio.accounts]], which knows no such event; text it"
            )
            raise problem_error("configured-webhook", words)
        event = Event("webhook.test", self._gateway.clock(), {"webhook": row.id})
        destination = Destination.of(row)
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
