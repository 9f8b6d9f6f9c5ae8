"""The API as tools written for Twilio see it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from twilio.rest import Client

from modemgw.api.twilio.callbacks import EVENTS, SCHEME
from modemgw.api.twilio.settings import Account, TwilioSettings
from modemgw.gateway.settings import Pool
from modemgw.store import keys, lines, messages, webhooks
from modemgw.store.sids import account_sid, message_id
from modemgw.store.webhooks import Endpoint
from tests.api.house import House, open_house
from tests.twilio.local import Local

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from modemgw.store.transaction import Transaction


@dataclass(slots=True)
class Application:
    """What an account's callbacks are posted to; `answer` says what each form gets."""

    url: str = ""
    got: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    answer: Callable[[str, dict[str, str]], tuple[int, str, str]] | None = None

    async def take(self, request: web.Request) -> web.Response:
        """One post."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.got.append((request.path, form, dict(request.headers)))
        status, kind, body = (
            (204, "text/plain", "") if self.answer is None else self.answer(request.path, form)
        )
        return web.Response(status=status, content_type=kind, text=body)

    def forms(self, path: str) -> list[dict[str, str]]:
        """What was posted to a path."""
        return [form for at, form, _ in self.got if at == path]


@dataclass(slots=True)
class Site:
    """An API, an account of it, and an application."""

    house: House
    sid: str
    token: str
    application: Application
    http: Local

    @property
    def client(self) -> Client:
        """Twilio's client with the account's credentials."""
        return Client(self.sid, self.token, http_client=self.http)

    async def call(self, act: Callable[[Client], Any]) -> Any:
        """What the client does, beside the loop."""
        return await asyncio.to_thread(act, self.client)


@asynccontextmanager
async def applying() -> AsyncIterator[Application]:
    """An application on a port of its own."""
    application = Application()
    server = web.Application()
    server.router.add_post("/{path:.*}", application.take)
    runner = web.AppRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    application.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield application
    finally:
        await runner.cleanup()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """An account whose application is told of everything at /sms."""
    async with applying() as application:
        async with open_house(tmp_path) as house:
            token = house.keys["all"]
        accounts: dict[str, Account] = {}
        twilio = TwilioSettings(
            MappingProxyType(accounts),
            MappingProxyType({"https://crm.example.com": application.url}),
        )
        async with open_house(
            tmp_path,
            twilio=twilio,
            allowed_hosts=frozenset({"127.0.0.1"}),
            gateway_settings={"pools": {"sales": Pool("sales", frozenset())}},
        ) as house:
            row = await house.gateway.reader.run(lambda c: keys.find(c, token, 1.0))
            assert row is not None
            sid = account_sid(row.id)
            accounts[sid] = Account(sid, token, inbound_url="https://crm.example.com/sms")
            wanted = [Endpoint(SCHEME + sid, EVENTS, secret="")]
            await house.gateway.writer.run(
                lambda tx: webhooks.sync_configured(tx.connection, wanted, house.gateway.clock())
            )
            yield Site(house, sid, token, application, Local(house.base))


@pytest.fixture
async def line(site: Site) -> str:
    """The number of a line."""
    number = "+15550009000"

    def operation(tx: Transaction) -> None:
        row = lines.see_line(tx.connection, "8901000000000000001", now=1.0)
        lines.change_line(tx.connection, row.id, number=number, typed_number=number)

    await site.house.gateway.writer.run(operation)
    return number


async def ended(house: House, sid: str, status: str, **columns: Any) -> None:
    """Bring a message to its end, as the gateway would write it."""
    found = message_id(sid)
    assert found is not None
    await house.gateway.writer.run(
        lambda tx: messages.change(
            tx.connection, found, status=status, lane=None, ready_at=None, **columns
        )
    )
