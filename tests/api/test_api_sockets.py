"""Events over a WebSocket: live, resumed, reset, filtered, and closed."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import (
    ClientSession,
    ClientWebSocketResponse,
    TCPConnector,
    WSCloseCode,
    WSMsgType,
    WSServerHandshakeError,
)

from modemgw.api import sockets
from modemgw.gateway.views import event as view
from modemgw.store import events, keys
from tests.api.house import House, event, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def connected(
    house: House, query: str = "", key: str | None = "all"
) -> AsyncIterator[ClientWebSocketResponse]:
    """A socket that is open; `key` None: without a header."""
    headers = {} if key is None else {"Authorization": f"Bearer {house.keys.get(key, key)}"}
    url = f"{house.base}/v1/events/ws{query}"
    async with house.client.ws_connect(url, headers=headers) as socket:
        yield socket


async def told(socket: ClientWebSocketResponse, count: int) -> list[dict[str, Any]]:
    """The next messages."""
    return [json.loads((await socket.receive(5)).data) for _ in range(count)]


async def listens(house: House) -> None:
    """Wait until the daemon serves a socket: what is published from here on is in it."""
    async with asyncio.timeout(5):
        while not house.api._feed._listeners:
            await asyncio.sleep(0.005)


async def test_events_come_as_they_happen_whole_and_in_order(house: House) -> None:
    """The same JSON as in webhooks."""
    async with connected(house) as socket:
        await listens(house)
        sent = [event(f"n{n} 😀") for n in range(5)]
        await house.emit(*sent)
        assert await told(socket, 5) == [view(one) for one in sent]


async def test_a_socket_resumes_after_the_last_event_seen(house: House) -> None:
    """Nothing is skipped; types filter."""
    sent = [event("n0"), event("n1"), event("other", kind="modem.state"), event("n2")]
    await house.emit(*sent)
    async with connected(house, f"?after={sent[0].id}&types=message.received") as socket:
        assert [one["id"] for one in await told(socket, 2)] == [sent[1].id, sent[3].id]


async def test_an_unknown_resume_point_gets_a_reset(house: House) -> None:
    """Then what is new."""
    async with connected(house, "?after=evt_" + "0" * 32) as socket:
        assert (await told(socket, 1))[0]["type"] == "reset"
        await listens(house)
        await house.emit(event("new"))
        assert (await told(socket, 1))[0]["data"] == {"text": "new"}


async def test_a_browser_sends_its_key_first(house: House) -> None:
    """In a message, since it cannot send a header; never in an address."""
    async with connected(house, key=None) as socket:
        await socket.send_json({"key": house.keys["all"]})
        await listens(house)
        await house.emit(event("n0"))
        assert (await told(socket, 1))[0]["data"] == {"text": "n0"}


@pytest.mark.parametrize("first", ['{"key": "mgw_nobody"}', "hello", "[]", '{"key": null}'])
async def test_without_a_good_key_the_socket_is_closed(house: House, first: str) -> None:
    """With a code that says so, and no event was told."""
    async with connected(house, key=None) as socket:
        await socket.send_str(first)
        message = await socket.receive(5)
        assert (message.type, message.data) == (WSMsgType.CLOSE, sockets.UNAUTHORIZED)


async def test_who_sends_no_key_is_not_waited_for_long(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or thousands could hold what others need."""
    monkeypatch.setattr(sockets, "FIRST_MESSAGE_S", 0.1)
    async with connected(house, key=None) as socket:
        assert (await socket.receive(5)).data == sockets.UNAUTHORIZED


@pytest.mark.parametrize(("key", "status"), [("mgw_nobody", 401), ("sender", 403)])
async def test_a_header_without_rights_is_refused_at_once(
    house: House, key: str, status: int
) -> None:
    """Before anything is switched."""
    await house.make_key("sender", scopes=("send",))
    with pytest.raises(WSServerHandshakeError) as failed:
        async with connected(house, key=key):
            pass
    assert failed.value.status == status


async def test_another_protocol_is_told(house: House) -> None:
    """A plain GET gets a problem."""
    reply = await house.call("GET", "/v1/events/ws")
    assert (reply.status, reply.kind) == (400, "bad-request")


async def test_a_revoked_key_ends_its_socket(house: House) -> None:
    """Within the next heartbeat or two."""
    await house.make_key("reader", scopes=("read",))
    async with connected(house, key="reader") as socket:
        await listens(house)
        await house.gateway.writer.run(lambda tx: keys.revoke(tx.connection, "reader", 1.0))
        assert (await socket.receive(5)).data == sockets.UNAUTHORIZED


async def test_sockets_are_bounded_with_the_streams_and_end_with_the_daemon(
    tmp_path: Path,
) -> None:
    """A closed one leaves room; at the end each is told to come again."""
    async with open_house(tmp_path, stream_limit=2) as house:
        async with connected(house), connected(house):
            with pytest.raises(WSServerHandshakeError) as failed:
                async with connected(house):
                    pass
            assert failed.value.status == 503
        async with asyncio.timeout(5):
            while house.api._feed._listeners:
                await asyncio.sleep(0.005)
        async with connected(house) as socket:
            await listens(house)
            await house.api.stop()
            assert (await socket.receive(5)).data == 1001


async def test_what_a_client_says_means_nothing_and_too_much_of_it_ends_it(house: House) -> None:
    """Chatter is read over; a message beyond the limit closes the socket (1009)."""
    async with connected(house) as socket:
        await listens(house)
        await socket.send_str("chatter")
        await house.emit(event("n0"))
        assert (await told(socket, 1))[0]["data"] == {"text": "n0"}
        await socket.send_str("x" * (sockets.LARGEST_MESSAGE + 1))
        assert (await socket.receive(5)).data == 1009


async def test_many_sockets_get_every_event(house: House) -> None:
    """Some that lag behind, too."""
    first = event("first")
    await house.emit(first)

    async def follow() -> list[str]:
        async with connected(house, f"?after={first.id}") as socket:
            return [one["data"]["text"] for one in await told(socket, 200)]

    followers = [asyncio.create_task(follow()) for _ in range(20)]
    for start in range(0, 200, 10):
        await house.emit(*(event(f"n{n}") for n in range(start, start + 10)))
    assert await asyncio.gather(*followers) == [[f"n{n}" for n in range(200)]] * 20
    assert await house.gateway.reader.run(events.last_position) == 201


async def test_who_sends_no_key_takes_no_streams_place(tmp_path: Path) -> None:
    """Who has one follows events, however many only connect; too many of those are refused."""
    async with open_house(tmp_path, stream_limit=2) as house, AsyncExitStack() as open_:
        unbounded = TCPConnector(limit=0)  # a client of its own holds back at 100
        house.client = await open_.enter_async_context(ClientSession(connector=unbounded))
        strangers = [
            await open_.enter_async_context(connected(house, key=None))
            for _ in range(sockets.STRANGERS_AT_ONCE)
        ]
        with pytest.raises(WSServerHandshakeError) as refused:
            async with connected(house, key=None):
                pass
        assert refused.value.status == 503
        await open_.enter_async_context(connected(house))
        await open_.enter_async_context(connected(house))
        await strangers[0].send_json({"key": house.keys["all"]})
        closing = await strangers[0].receive(5)
        assert closing.data == WSCloseCode.TRY_AGAIN_LATER


async def test_a_first_message_that_is_nested_deeply_is_no_key(house: House) -> None:
    """It ends as any other that has none."""
    async with connected(house, key=None) as socket:
        await socket.send_str("[" * 4_000)
        assert (await socket.receive(5)).data == sockets.UNAUTHORIZED
