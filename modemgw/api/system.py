"""Is it alive, can it work, and what it counts: for monitors, without a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from modemgw.api import answers
from modemgw.api.respond import answer
from modemgw.api.routing import Answer, Route
from modemgw.gateway import views

if TYPE_CHECKING:
    from modemgw.api.metrics import Metrics
    from modemgw.gateway.gateway import Gateway

TAG = "system"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class System:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(self, gateway: Gateway, metrics: Metrics) -> None:
        self._gateway, self._metrics = gateway, metrics

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/healthz",
                self.health,
                None,
                "Whether the daemon is alive",
                Answer(200, answers.Health),
                TAG,
            ),
            Route(
                "GET",
                "/readyz",
                self.ready,
                None,
                "Whether texts can be taken and sent",
                Answer(
                    200,
                    answers.Readiness,
                    description="Ready. 503 has the same body.",
                    or_status=503,
                ),
                TAG,
                description="Ready: the database can be written and a modem can send.",
            ),
            Route(
                "GET",
                "/metrics",
                self.scrape,
                None,
                "Metrics for Prometheus",
                Answer(200, media_type="text/plain", description="Its text format."),
                TAG,
            ),
        )

    async def health(self, _request: web.Request) -> web.Response:
        """Alive: the loop turns, or nobody would answer."""
        return answer({"status": "ok"})

    async def ready(self, _request: web.Request) -> web.Response:
        """Ready, or why not."""
        state = readiness(self._gateway)
        return answer(state, 200 if state["ready"] else 503)

    async def scrape(self, _request: web.Request) -> web.Response:
        """What is counted."""
        return web.Response(
            body=await self._metrics.scrape(), headers={"Content-Type": METRICS_TYPE}
        )


def readiness(gateway: Gateway) -> dict[str, Any]:
    """Whether texts can be taken and sent; `reasons` say why not."""
    database = gateway.writer.available
    ready, known = gateway.modems_ready
    reasons = []
    if not database:
        reasons.append("the database cannot be written; the log says why")
    if not ready:
        reasons.append(
            f"none of {known} modems is ready; GET /v1/modems says why"
            if known
            else "no modem is known; check modems.ports"
        )
    inventory = gateway.desk.inventory
    return {
        "ready": not reasons,
        "reasons": reasons,
        "database": database,
        "modems_ready": ready,
        "modems_known": known,
        "start_hold": gateway.dispatcher.start_hold,
        "paused": gateway.desk.paused,
        "inventory": views.inventory(inventory) if inventory.expected else None,
        "warnings": [gateway.clock.warning] if gateway.clock.warning else [],
    }
