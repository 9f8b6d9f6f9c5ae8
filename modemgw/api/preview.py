"""A text before it is sent: what it costs, what makes it dear, and what would become of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from modemgw.api import preview_shapes
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.messages import EXAMPLES, as_request
from modemgw.api.problems import FieldError, ProblemError, invalid, of_refusal
from modemgw.api.respond import answer
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import RawBatch, SendBatch, SendMessage
from modemgw.gateway import views
from modemgw.gateway.lanes import Lane
from modemgw.gateway.sizing import size_up

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.asking import Asked
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import RefusalError

TAG = "messages"


class Preview:
    """The resource `/v1/messages/preview`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "POST",
                "/v1/messages/preview",
                self.preview,
                Scope.SEND,
                "See what a text would cost and what would become of it",
                Answer(200, preview_shapes.Preview),
                TAG,
                description="The same body as `POST /v1/messages`; nothing is written or sent. A "
                "text that would be refused has its problem in `outlook`.",
                body=SendMessage,
                problems=("invalid", "text-too-long", "invalid-text"),
                for_bound=True,
                examples=EXAMPLES,
            ),
            Route(
                "POST",
                "/v1/messages/batch/preview",
                self.preview_batch,
                Scope.SEND,
                "See what would become of many texts",
                Answer(200, preview_shapes.BatchPreview),
                TAG,
                description="The same body as `POST /v1/messages/batch`; each text is asked about "
                "as if it were sent now, alone. Nothing is written.",
                body=SendBatch,
                problems=("invalid",),
                for_bound=True,
                examples={"two": {"messages": list(EXAMPLES.values())}},
            ),
        )

    async def preview(self, request: web.Request) -> web.Response:
        """Look at one text."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        wanted = as_request(validate(SendMessage, raw))
        seen = await asyncio.to_thread(size_up, wanted, self._gateway.settings.max_parts)
        asked = await self._gateway.asking.ask(wanted, request[CALLER])
        return answer({**seen, "outlook": await self._outlook(asked)})

    async def preview_batch(self, request: web.Request) -> web.Response:
        """Look at many texts."""
        raw = await read_json(
            request, limit=self._settings.batch_body_limit, timeout_s=self._settings.body_timeout_s
        )
        bodies = validate(RawBatch, raw).messages
        if len(bodies) > self._settings.batch_limit:
            words = f"{len(bodies)} texts; {self._settings.batch_limit} are allowed at once"
            raise invalid(FieldError("messages", words))
        outcomes: Counter[str] = Counter()
        items = []
        for body in bodies:
            try:
                asked = await self._gateway.asking.ask(
                    as_request(validate(SendMessage, body)), request[CALLER]
                )
            except ProblemError as error:
                problem = error.problem
                items.append({"status": problem.status, "problem": problem.document()})
                outcomes["invalid"] += 1
            else:
                outlook = await self._outlook(asked)
                items.append({"status": 200, "outlook": outlook})
                outcomes[outlook["outcome"]] += 1
        return answer({"items": items, "outcomes": dict(outcomes)})

    async def _outlook(self, asked: Asked) -> dict[str, Any]:
        """What would become of it."""
        if asked.refusal is not None:
            return _refused(asked, asked.refusal)
        row, ahead = asked.row, self._gateway.outlook
        assert row is not None
        return {
            "outcome": row.status,
            "rule": row.hold_reason,
            "detail": asked.words,
            "not_before": views.timestamp(row.ready_at),
            "expires_at": views.timestamp(row.expires_at),
            "to": row.recipient,
            "kind": row.kind,
            "pool": row.pool,
            "line": Lane.parse(row.lane or row.home_lane).line,
            "lines": await ahead.candidates(row),
            "expected_at": views.timestamp(await ahead.expected_at(row)),
            "problem": None,
        }


def _refused(asked: Asked, refusal: RefusalError) -> dict[str, Any]:
    draft = None if asked.weighed is None else asked.weighed.draft
    return {
        "outcome": "refused",
        "rule": None if asked.weighed is None else refusal.kind.replace("-", "_"),
        "detail": refusal.words,
        "not_before": None,
        "expires_at": None,
        "to": None if draft is None else draft.recipient,
        "kind": None if draft is None else draft.kind,
        "pool": None if draft is None else draft.pool,
        "line": None,
        "lines": [],
        "expected_at": None,
        "problem": of_refusal(refusal).document(),
    }
