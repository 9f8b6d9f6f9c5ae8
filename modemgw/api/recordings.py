"""The flight recorders of modems: what was said on their ports in the last minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from modemgw.api.queries import read_query
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import RecordingQuery

if TYPE_CHECKING:
    from modemgw.gateway.gateway import Gateway

TAG = "bank"
LINES_TYPE = "application/x-ndjson"

log = structlog.get_logger(__name__)


class Recordings:
    """`/v1/modems/{id}/recording`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/modems/{id}/recording",
                self.recording,
                Scope.ADMIN,
                "Read a modem's flight recorder",
                Answer(
                    200,
                    media_type=LINES_TYPE,
                    description="A recording: a heading, then an entry a line, the oldest first.",
                ),
                TAG,
                description="The last kilobytes of the dialogue with the modem, with times. "
                "Numbers and texts are masked unless asked for, a PIN is never in it. "
                "`modemgw recording replay` reads it.",
                query=RecordingQuery,
                shows_people=True,
                problems=("not-found", "not-here", "invalid", "rate-limited"),
            ),
        )

    async def recording(self, request: web.Request) -> web.Response:
        """One recording."""
        query = read_query(request, RecordingQuery)
        modem = await self._gateway.modem_desk.driven(request.match_info["id"])
        if not query.masked:
            log.warning(
                "recording_read_unmasked", port=modem.status.port, key=request[CALLER].key_id
            )
        lines = modem.recording(masked=query.masked)
        return web.Response(text="".join(f"{line}\n" for line in lines), content_type=LINES_TYPE)
