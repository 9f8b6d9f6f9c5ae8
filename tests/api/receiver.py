"""A program that webhooks are posted to."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from modemgw.store import deliveries, webhooks
from modemgw.store.webhooks import Endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.api.house import House

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(slots=True)
class Receiver:
    """Remembers what came; `answer` says which status each gets."""

    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    raw: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    running: int = 0
    most: int = 0
    answer: Callable[[dict[str, Any]], Awaitable[int]] | None = None

    async def take(self, request: web.Request) -> web.Response:
        """One post."""
        body = await request.read()
        event = json.loads(body)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            self.raw.append(({k.lower(): v for k, v in request.headers.items()}, body))
            self.got.append(event)
            status = 204 if self.answer is None else await self.answer(event)
        finally:
            self.running -= 1
        return web.Response(status=status, headers={"Location": self.url})

    def texts(self) -> list[str]:
        """The texts of what came, in order."""
        return [event["data"]["text"] for event in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def configure(house: House, *urls: str, events: tuple[str, ...] = ("*",)) -> list[str]:
    """Make endpoints as the configuration file does; their ids."""
    wanted = [Endpoint(url, events, SECRET) for url in urls]
    await house.gateway.writer.run(
        lambda tx: webhooks.sync_configured(tx.connection, wanted, house.gateway.clock())
    )
    rows = await house.gateway.reader.run(webhooks.all_endpoints)
    by_url = {row.url: str(row.id) for row in rows}
    return [by_url[url] for url in urls]


async def settled(house: House, webhook_id: str) -> list[tuple[str, int]]:
    """(status, attempts) of each delivery, the oldest first, when none is pending any more."""
    async with asyncio.timeout(5):
        while True:
            rows = await house.gateway.reader.run(
                lambda c: deliveries.log(c, webhook_id, before=None, limit=100)
            )
            if rows and all(row.status != "pending" for row in rows):
                return [(row.status, row.attempts) for row in reversed(rows)]
            await asyncio.sleep(0.005)
