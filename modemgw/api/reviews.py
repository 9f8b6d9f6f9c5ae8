"""Reviews of texts that may be refusals: list, decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.api import answers
from modemgw.api.auth import demand
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.problems import problem_error
from modemgw.api.queries import decode_cursor, encode_cursor, is_id, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import ReviewDecision, ReviewsQuery
from modemgw.gateway import views
from modemgw.gateway.reviews import Decision
from modemgw.store import reviews

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web
    from sqlalchemy import Connection

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.prepared import Record

TAG = "opt-outs"


class Reviews:
    """The resource `/v1/optouts/reviews`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/optouts/reviews",
                self.list_page,
                Scope.READ,
                "List reviews of doubtful texts: the open ones, oldest first, then the decided",
                Answer(200, answers.ReviewPage),
                TAG,
                query=ReviewsQuery,
                problems=("invalid", "invalid-number"),
            ),
            Route(
                "POST",
                "/v1/optouts/reviews/{id}/decide",
                self.decide,
                Scope.SEND,
                "Decide whether a text was a refusal",
                Answer(200, answers.Review),
                TAG,
                description="`opt_out` works as a STOP does, without a confirmation. `keep` lets "
                "marketing go on and needs the scope `admin`, as the lifting of an opt-out does.",
                body=ReviewDecision,
                problems=("invalid", "not-found", "missing-scope", "already-decided"),
                examples={
                    "a refusal": {"decision": "opt_out", "reason": "wants no more offers"},
                    "none": {"decision": "keep", "reason": "was about the bus stop"},
                },
            ),
        )

    async def list_page(self, request: web.Request) -> web.Response:
        """One page of reviews."""
        query = read_query(request, ReviewsQuery)
        after = decode_cursor(query.cursor, r"(open|decided):(rev_[0-9a-f]{32})?")
        number = None if query.number is None else self._gateway.read_number(query.number)
        rows = await self._gateway.reader.run(
            lambda c: _find(c, query.state, number, after, query.limit + 1)
        )
        shown = rows[: query.limit]
        more = encode_cursor(_key(shown[-1])) if len(rows) > query.limit else None
        return page([views.review(row) for row in shown], more)

    async def decide(self, request: web.Request) -> web.Response:
        """Decide one."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body, caller = validate(ReviewDecision, raw), request[CALLER]
        decision = Decision(body.decision)
        if decision is Decision.KEEP:
            demand(caller, Scope.ADMIN)
        review_id = request.match_info["id"]
        if not is_id(review_id, "rev"):
            raise problem_error("not-found", "there is no review with this id")
        desk = self._gateway.review_desk
        return answer(await desk.decide(review_id, decision, body.reason, caller))


def _key(row: Record) -> str:
    """Where a page ended, for its cursor."""
    return f"{'open' if row.decided_at is None else 'decided'}:{row.id}"


def _find(
    connection: Connection, state: str | None, number: str | None, after: str | None, limit: int
) -> Sequence[Record]:
    """The open ones behind the cursor, then decided ones as far as there is room."""
    part, _, last = (after or "open:").partition(":")
    found: list[Record] = []
    if part == "open" and state != "decided":
        found += reviews.page_open(connection, number=number, after=last or None, limit=limit)
    if state != "open" and len(found) < limit:
        before = last if part == "decided" else None
        found += reviews.page_decided(
            connection, number=number, before=before, limit=limit - len(found)
        )
    return found
