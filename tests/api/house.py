"""A gateway without modems, and its API: real server, real database, real client."""

from __future__ import annotations

import asyncio
import atexit
import json
import shutil
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import aiohttp

from modemgw.api.app import Api, ApiSettings
from modemgw.clock import SYSTEM
from modemgw.consent.gate import ANYWHERE, Policy
from modemgw.consent.replies import Replies
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.settings import GatewaySettings
from modemgw.store import keys, messages
from modemgw.store.events import Event, Published
from modemgw.store.ledger import Ledger
from modemgw.store.reader import Reader
from modemgw.store.schema import migrate
from modemgw.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from multidict import CIMultiDictProxy

    from modemgw.clock import Clock
    from modemgw.store.transaction import Transaction

PATIENCE_S = 5.0

SETTINGS = ApiSettings(
    listen=(("127.0.0.1", 0),),
    heartbeat_s=0.1,
    poll_s=0.05,
    webhook_timeout_s=0.5,
    webhook_backoff_s=(0.02, 0.05),
    webhook_dead_after_s=60.0,
    stop_grace_s=0.5,
    body_timeout_s=2.0,
    batch_limit=450,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answered."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        """The kind of a problem."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self
        document = self.json
        assert document["status"] == self.status
        assert {"type", "title", "detail", "errors"} <= document.keys()
        return str(document["type"].rpartition("/")[2])

    @property
    def fields(self) -> set[str]:
        """The fields that a problem names."""
        return {error["field"] for error in self.json["errors"]}


@dataclass(slots=True)
class House:
    """A running API."""

    gateway: Gateway
    api: Api
    client: aiohttp.ClientSession
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """Where it listens."""
        return f"http://{self.api.addresses[0]}"

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        key: str = "all",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request; `body` goes as JSON, `raw` as it is. `key` names one; "" sends none."""
        head = {"Authorization": f"Bearer {self.keys.get(key, key)}"} if key else {}
        if body is not None or raw is not None:
            head["Content-Type"] = "application/json"
        data = raw if body is None else json.dumps(body).encode()
        async with self.client.request(
            method, self.base + path, data=data, headers={**head, **(headers or {})}
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def send(self, **message: Any) -> Reply:
        """POST /v1/messages."""
        return await self.call(
            "POST", "/v1/messages", {"to": "+15550001001", "text": "Hello", **message}
        )

    async def make_key(self, name: str, **values: Any) -> str:
        """A key that tests call by this name."""
        key = await self.gateway.writer.run(
            lambda tx: keys.create(tx.connection, name=name, now=1.0, **values)
        )
        self.keys[name] = key
        return key

    async def emit(self, *events: Event) -> None:
        """Publish events, each with the conversation that it names."""

        def operation(tx: Transaction) -> None:
            for event in events:
                tx.emit(event)

        await self.gateway.writer.run(operation)

    async def receive(self, **values: Any) -> str:
        """An inbound message, written as the gateway writes one."""
        row = {
            "id": "msg_" + "0" * 32,
            "direction": "inbound",
            "status": "received",
            "text": "Hi",
            "encoding": "gsm7",
            "parts": 1,
            "created_at": 1_700_000_000.0,
            **values,
        }
        await self.gateway.writer.run(lambda tx: messages.insert_message(tx.connection, row))
        return str(row["id"])


def event(text: str, conversation: str | None = None, kind: str = "message.received") -> Event:
    """An event that stands for a text."""
    return Event(kind, 1_700_000_000.0, {"text": text}, conversation)


async def until(promise: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not promise():
            await asyncio.sleep(0.005)


@cache
def _empty_database() -> Path:
    """A database with our schema and nothing in it, made once."""
    folder = Path(tempfile.mkdtemp(prefix="modemgw-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate(f"sqlite:///{folder / 'empty.db'}")
    return folder / "empty.db"


def _file_in(folder: Path) -> str:
    database = folder / "modemgw.db"
    if not database.exists():
        shutil.copyfile(_empty_database(), database)
    return f"sqlite:///{database}"


@asynccontextmanager
async def open_house(
    folder: Path,
    settings: ApiSettings = SETTINGS,
    *,
    database_url: str | None = None,
    host: str = "test",
    gateway_settings: Mapping[str, Any] = MappingProxyType({}),
    clock: Clock = SYSTEM,
    **changes: Any,
) -> AsyncIterator[House]:
    """Start everything, on a database in this folder or another; a second time is a restart."""
    url = database_url or _file_in(folder)
    await asyncio.to_thread(migrate, url)
    apis: list[Api] = []

    def published(published: Published) -> None:
        apis[0].published(published)

    writer = Writer(url, host, published=published, ledger=Ledger(host, b"a" * 32))
    reader = Reader(url)
    gateway = Gateway(
        writer,
        reader,
        GatewaySettings(
            **{
                "host": host,
                "default_region": "US",
                "policy": Policy(None, (ANYWHERE,)),
                "fingerprint_key": b"k" * 32,
                **gateway_settings,
            }
        ),
        Replies("Test"),
        clock,
    )
    api = Api(gateway, replace(settings, **changes))
    apis.append(api)
    writer.start()
    try:
        await gateway.prepare()
        await api.start()
        background = asyncio.create_task(api.run())
        async with aiohttp.ClientSession() as client:
            house = House(gateway, api, client)
            await house.make_key("all", scopes=keys.SCOPES)
            yield house
            assert not background.done(), background
        await api.stop()
        background.cancel()
        await asyncio.gather(background, return_exceptions=True)
    finally:
        await api.stop()
        await writer.stop()
        reader.close()
