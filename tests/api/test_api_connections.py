"""Connections: how many there may be, and how long each may be slow; streams stand apart."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from modemgw.api.clients import counted_with, networks
from modemgw.api.places import Kind
from tests.api.hostile import Door, unfair_answers, wrong_answers
from tests.api.house import House, open_house, until
from tests.api.test_api_tls import make
from tests.api.wire import PATIENCE_S, post, wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GET = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """One that is impatient, and lets in three connections of a client."""
    async with open_house(
        tmp_path,
        head_timeout_s=0.3,
        keepalive_timeout_s=0.6,
        body_timeout_s=0.3,
        client_connection_limit=3,
        heartbeat_s=0.1,
    ) as opened:
        yield opened


def opened(house: House, kind: Kind = Kind.CONNECTION) -> int:
    """How many connections the API counts."""
    return house.api._edge.places.of_kind[kind]


def cut(house: House) -> dict[str, int]:
    """Connections that were refused or ended, by reason."""
    return dict(house.api._edge.cut)


async def drip(line: asyncio.StreamWriter, text: bytes) -> None:
    """Send byte by byte until told to stop."""
    for byte in text:
        line.write(bytes([byte]))
        await asyncio.sleep(0.02)


async def test_a_head_that_comes_byte_by_byte_gets_no_more_time(house: House) -> None:
    """408, and the end, however steadily it comes; it would have taken a minute and a half."""
    async with wire(house) as line:
        slow = asyncio.create_task(drip(line.writer, b"GET / HTTP/1.1\r\nX: " + b"a" * 4_000))
        status, kind, headers = await line.problem()
        slow.cancel()
        assert (status, kind, headers["connection"]) == (408, "timeout", "close")
        await line.end()
    await until(lambda: opened(house) == 0)
    assert cut(house) == {"head": 1}


async def test_a_connection_that_says_nothing_is_ended(house: House) -> None:
    """The first head has its time from the connection on."""
    async with wire(house) as line:
        assert (await line.problem())[0] == 408
        assert await line.end() == b""
    assert cut(house) == {"head": 1}


async def test_a_second_head_has_the_time_of_a_head_too(house: House) -> None:
    """What stands between requests gives a slow one nothing."""
    async with wire(house) as line:
        await line.say(GET)
        assert (await line.answer())[0] == 200
        await line.say(b"GET /hea")
        assert (await line.problem())[:2] == (408, "timeout")
    assert cut(house) == {"head": 1}


async def test_a_connection_between_requests_is_closed_without_a_word(house: House) -> None:
    """It serves many requests first."""
    async with wire(house) as line:
        for _ in range(3):
            await line.say(GET)
            assert (await line.answer())[0] == 200
        assert await line.end() == b""
    assert cut(house) == {"idle": 1}


async def test_a_body_that_comes_byte_by_byte_gets_408(house: House) -> None:
    """It has its own time."""
    async with wire(house) as line:
        await line.say(
            post(house, b"", "Content-Type: application/json", "Content-Length: 1000", "X: y")
        )
        slow = asyncio.create_task(drip(line.writer, b" " * 1_000))
        assert (await line.problem())[:2] == (408, "timeout")
        slow.cancel()


async def test_a_body_whose_chunks_are_garbage_is_refused_at_once(tmp_path: Path) -> None:
    """400, one answer and the last, though what is wrong comes when the head was read long ago."""
    said = (
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"zz",
        b"2\r\n{}\r\ngarbage\r\n",
        b"2\r\n{    }\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\n\0nonsense\r\n\r\n",
    )
    head = ("Content-Type: application/json", "Transfer-Encoding: chunked", "Expect: 100-continue")
    async with open_house(tmp_path, body_timeout_s=PATIENCE_S * 2) as house:
        for garbage in said:
            async with wire(house) as line:
                await line.say(post(house, b"", *head))
                assert (await line.answer())[0] == 100  # the handler waits for the body now
                await line.say(garbage)
                status, kind, headers = await line.problem()
                assert (status, kind, headers["connection"]) == (400, "bad-request", "close")
                assert await line.end() == b""
        async with wire(house) as line:  # whole, and garbage behind it: each has its answer
            await line.say(post(house, b"", *head))
            assert (await line.answer())[0] == 100
            await line.say(b"2\r\n{}\r\n0\r\n\r\n")
            assert (await line.problem())[:2] == (422, "invalid")
            await line.say(b"garbage\r\n\r\n")
            assert (await line.problem())[:2] == (400, "bad-request")
            assert await line.end() == b""


async def test_a_garbled_body_behind_a_request_that_takes_its_time_is_refused_in_its_turn(
    tmp_path: Path,
) -> None:
    """Each gets its answer, in order, and then the connection ends."""
    head = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    free = threading.Event()
    async with open_house(tmp_path, body_timeout_s=PATIENCE_S * 2) as house:
        reader, runner = house.gateway.reader, house.api._runner
        assert runner is not None
        assert runner.server is not None
        busy = [asyncio.create_task(reader.run(lambda _: free.wait(PATIENCE_S))) for _ in range(4)]
        async with wire(house) as line:
            await line.say(post(house, b"").replace(b"POST", b"GET", 1))
            await until(lambda: reader._pool._work_queue.qsize() > 0)
            await line.say(post(house, b"", *head))
            (http,) = runner.server.connections
            await until(lambda: len(http._messages) == 1)  # it waits for its turn
            await line.say(b"zz\r\n{}\r\n0\r\n\r\n")
            await until(lambda: len(http._messages) == 2)
            free.set()
            assert (await line.answer())[0] == 200
            assert (await line.problem())[:2] == (400, "bad-request")
            await line.end()
        await asyncio.gather(*busy)


async def test_an_answer_that_nobody_reads_holds_no_connection(house: House) -> None:
    """A client asks again and again, and reads nothing: it is cut, and its answers are dropped."""
    host, _, port = house.api.addresses[0].rpartition(":")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(deaf, (host, int(port)))
        asking = b"GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n" * 200
        try:
            async with asyncio.timeout(PATIENCE_S):
                await loop.sock_sendall(deaf, asking)
                await until(lambda: opened(house) == 0)
        except ConnectionError:
            pass
        await until(lambda: opened(house) == 0)
    assert sum(cut(house).values()) == 1


async def test_more_connections_than_a_client_may_have_are_refused_in_words(house: House) -> None:
    """503 with Retry-After, nothing read; when one is given back the next is let in."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(wire(house)) for _ in range(3)]
        await until(lambda: opened(house) == 3)
        async with wire(house) as line:
            await line.say(GET)
            status, kind, headers = await line.problem()
            assert (status, kind) == (503, "too-many-connections")
            assert headers["retry-after"] == "5"
            assert await line.end() == b""
        assert cut(house) == {"too_many_of_client": 1}
        lines[0].writer.close()
        await until(lambda: opened(house) == 2)
        async with wire(house) as line:
            await line.say(GET)
            assert (await line.answer())[0] == 200


async def test_a_trusted_proxy_is_many_clients_up_to_the_bound_of_all(tmp_path: Path) -> None:
    """The bound of one address would shut out those behind it."""
    async with open_house(
        tmp_path, trusted_proxies=("127.0.0.1",), client_connection_limit=1, connection_limit=3
    ) as house:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                line = await stack.enter_async_context(wire(house))
                await line.say(GET)
                assert (await line.answer())[0] == 200
            async with wire(house) as line:
                assert (await line.problem())[:2] == (503, "too-many-connections")
        assert cut(house) == {"too_many": 1}


def test_clients_are_counted_as_guesses_are() -> None:
    """Of IPv6 by the /64 that one customer has; a proxy by none."""
    trusted = networks(["10.0.0.0/8"])
    assert counted_with("192.0.2.7", trusted) == "192.0.2.7"
    assert counted_with("2001:db8::1", trusted) == counted_with("2001:db8::2", trusted)
    assert counted_with("::ffff:10.0.0.1", trusted) is None


async def test_streams_outlast_every_clock_and_take_no_connection_of_their_client(
    house: House,
) -> None:
    """Server-sent events and WebSockets have bounds of their own."""
    head = {"Authorization": f"Bearer {house.keys['all']}"}
    async with AsyncExitStack() as stack:
        for _ in range(3):
            reply = await stack.enter_async_context(
                house.client.get(f"{house.base}/v1/events", headers=head)
            )
            assert reply.status == 200
        socket = await stack.enter_async_context(
            house.client.ws_connect(f"{house.base}/v1/events/ws", headers=head)
        )
        await until(lambda: opened(house, Kind.STREAM) == 4)
        await asyncio.sleep(0.7)  # longer than any clock of connections
        assert opened(house) == 0
        assert not socket.closed
        scrape = (await house.call("GET", "/metrics")).body.decode()
        assert 'modemgw_http_open{kind="stream"} 4.0' in scrape
        assert 'modemgw_http_open{kind="connection"} 1.0' in scrape
        assert cut(house) == {}
    await until(lambda: opened(house, Kind.STREAM) == 0)


async def test_a_tls_handshake_that_does_not_come_is_counted_and_ended(tmp_path: Path) -> None:
    """Before it a connection holds a place as well."""
    async with open_house(
        tmp_path,
        tls=make(tmp_path / "tls", "one"),
        head_timeout_s=0.3,
        client_connection_limit=1,
    ) as house:
        async with wire(house) as line, wire(house) as other:
            assert await other.end() == b""  # refused, and in the clear it cannot be told why
            await until(lambda: opened(house) == 1)
            assert await line.end() == b""
        await until(lambda: opened(house) == 0)
        assert cut(house) == {"too_many_of_client": 1, "handshake": 1}


async def test_hostile_clients_are_answered_rightly_and_leave_no_task_behind(
    tmp_path: Path,
) -> None:
    """Nor a place: each that they took is given back."""
    async with open_house(tmp_path, head_timeout_s=0.5) as house:
        host, _, port = house.api.addresses[0].rpartition(":")
        door = Door(host, int(port), house.keys["all"])
        before = len(asyncio.all_tasks())
        assert await wrong_answers(door) == []
        assert await unfair_answers(door, random.Random(1), 60) == []
        await until(lambda: len(asyncio.all_tasks()) <= before)
        assert opened(house) == 0
