"""Consents: list, look up, record, withdraw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.api.consents_shapes import (
    ConsentList,
    ConsentPage,
    ConsentRecord,
    ConsentsQuery,
    GiveConsent,
    WithdrawQuery,
)
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.problems import FieldError, invalid
from modemgw.api.queries import decode_cursor, encode_cursor, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import NoQuery
from modemgw.gateway import views
from modemgw.gateway.consenting import Consent
from modemgw.store import consents

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway

TAG = "consents"
_CURSOR = r"(\+?[0-9]{1,31}|#[0-9a-f]{31}) [a-z]{1,16} [\w.:-]{1,80}"  # of a number, or its hash
_NUMBER = "/v1/consents/{number}"


class Consents:
    """The resource `/v1/consents`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/consents",
                self.list_page,
                Scope.READ,
                "List consents, by number",
                Answer(200, ConsentPage),
                TAG,
                query=ConsentsQuery,
                problems=("invalid",),
            ),
            Route(
                "GET",
                _NUMBER,
                self.read,
                Scope.READ,
                "What is on record of a number",
                Answer(200, ConsentList, description="All of it; none, where nothing is."),
                TAG,
                query=NoQuery,
                problems=("invalid-number",),
            ),
            Route(
                "PUT",
                _NUMBER,
                self.put,
                Scope.ADMIN,
                "Record a consent",
                Answer(200, ConsentRecord, description="It stands, from now or from before."),
                TAG,
                description="It replaces what stood there of this kind and scope; the audit keeps "
                "both. It lifts no opt-out. With `double` it is pending until they answer YES to a "
                "text that asks them, which has to pass the gate as any text of the kind.",
                body=GiveConsent,
                problems=(
                    "invalid",
                    "invalid-number",
                    "unknown-pool",
                    "asked-lately",
                    "service-number",
                    "opted-out",
                    "destination",
                ),
                examples={
                    "a form": {
                        "kind": "marketing",
                        "source": "web form",
                        "obtained_at": "2026-11-02T09:30:00Z",
                        "wording": "Yes, text me offers. I can stop them at any time.",
                        "evidence": "form 4711",
                    },
                    "ask them": {"kind": "marketing", "source": "web form", "double": True},
                },
            ),
            Route(
                "DELETE",
                _NUMBER,
                self.delete,
                Scope.SEND,
                "Withdraw consents",
                Answer(200, ConsentList, description="What was withdrawn; it stays on record."),
                TAG,
                description="Nothing begins any more that needs them. What waits ends as blocked.",
                query=WithdrawQuery,
                problems=("invalid", "invalid-number", "unknown-pool"),
            ),
        )

    async def list_page(self, request: web.Request) -> web.Response:
        """One page of consents."""
        query = read_query(request, ConsentsQuery)
        behind = decode_cursor(query.cursor, _CURSOR)
        after = None
        if behind is not None:
            number, kind, scope = behind.split(" ")
            after = (number, kind, scope)
        rows = await self._gateway.reader.run(
            lambda c: consents.page(
                c, kind=query.kind, state=query.state, after=after, limit=query.limit + 1
            )
        )
        shown = rows[: query.limit]
        more = None
        if len(rows) > query.limit:
            last = shown[-1]
            more = encode_cursor(f"{last.number} {last.kind} {last.scope}")
        return page([views.consent(row) for row in shown], more)

    async def read(self, request: web.Request) -> web.Response:
        """The consents of one number."""
        read_query(request, NoQuery)
        number = self._number(request)
        hashed = self._gateway.refusals.erased_as(number)
        rows = await self._gateway.reader.run(lambda c: consents.of_number(c, number, hashed))
        return answer({"items": [views.consent(row) for row in rows]})

    async def put(self, request: web.Request) -> web.Response:
        """Record a consent."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body, desk = validate(GiveConsent, raw), self._gateway.consent_desk
        if body.obtained_at is not None and body.obtained_at > self._gateway.clock():
            raise invalid(FieldError("obtained_at", "nobody has consented in the future"))
        consent = Consent(
            number=self._number(request),
            kind=body.kind,
            scope=desk.check_scope(body.scope),
            source=body.source,
            by=request[CALLER].key_id,
            obtained_at=body.obtained_at,
            wording=body.wording,
            evidence=body.evidence,
        )
        recorded = await desk.record(
            consent, request[CALLER], double=body.double, language=body.language
        )
        return answer(recorded)

    async def delete(self, request: web.Request) -> web.Response:
        """Withdraw consents."""
        query, desk = read_query(request, WithdrawQuery), self._gateway.consent_desk
        caller = request[CALLER]
        ended = await desk.withdraw(
            self._number(request),
            by=caller.key_id,
            reason=query.reason or f"with key {caller.key_id}",
            kind=query.kind,
            scope=query.scope and desk.check_scope(query.scope),
        )
        return answer({"items": ended})

    def _number(self, request: web.Request) -> str:
        return self._gateway.read_number(request.match_info["number"])
