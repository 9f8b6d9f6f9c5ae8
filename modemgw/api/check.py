"""May I text them, as what, now? Why not?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modemgw.api.check_shapes import Check, CheckRecipient
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.respond import answer
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.gateway import views
from modemgw.gateway.requests import RefusalError, SendRequest

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.asking import Checked
    from modemgw.gateway.gateway import Gateway


class Checks:
    """The resource `/v1/check`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "POST",
                "/v1/check",
                self.check,
                Scope.READ,
                "Ask whether somebody may be texted",
                Answer(200, Check),
                "opt-outs",
                description="What each rule of the gate says, by the code that decides about "
                "texts; nothing is written. Of the words of a text nothing is asked, nor of limits "
                "of lines.",
                body=CheckRecipient,
                problems=(
                    "invalid",
                    "invalid-number",
                    "unknown-pool",
                    "unknown-line",
                    "line-retired",
                    "kind-not-granted",
                    "pool-not-granted",
                ),
                for_bound=True,
                examples={"an offer": {"to": "+15550001001", "kind": "marketing"}},
            ),
        )

    async def check(self, request: web.Request) -> web.Response:
        """Ask the gate."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body = validate(CheckRecipient, raw)
        wanted = SendRequest(
            to=body.to,
            text="",
            from_=body.from_,
            pool=body.pool,
            kind=body.kind,
            send_at=body.send_at,
            time_zone=body.time_zone,
        )
        found = await self._gateway.asking.check(wanted, request[CALLER])
        if isinstance(found, RefusalError):
            raise found
        return answer(_view(found))


def _view(found: Checked) -> dict[str, Any]:
    objections = [_objection(objection) for objection in found.objections]
    times = [objection["until"] for objection in objections]
    return {
        "outcome": found.outcome,
        "to": found.draft.recipient,
        "kind": found.draft.kind,
        "pool": found.draft.pool,
        "until": max(times) if times and None not in times else None,
        "objections": objections,
        "zones": list(found.zones),
        "is_reply": found.is_reply,
    }


def _objection(objection: Any) -> dict[str, Any]:
    until = getattr(objection, "until", None)
    return {
        "rule": objection.rule,
        "verdict": "blocked" if until is None else "deferred",
        "until": None if until is None else views.timestamp(until.timestamp()),
        "detail": objection.words,
    }
