"""What webhooks are posted with: connections used again, and answers of every kind."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from modemgw.api.poster import BODY_LIMIT, HEAD_LIMIT, AnswerError, Place, Poster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

REQUEST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
LIMIT_S = 10.0
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CLOSE = b""


class Server:
    """Answers each request with the next of its answers, in pieces; `CLOSE` closes."""

    def __init__(self, answers: Sequence[Sequence[bytes]]) -> None:
        self._answers = iter(answers)
        self.connections = 0
        self.requests: list[bytes] = []
        self.place = Place("127.0.0.1", 0, secure=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readexactly(len(REQUEST)))
                for piece in next(self._answers):
                    if piece is CLOSE:
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.01)
        except (asyncio.IncompleteReadError, ConnectionError, StopIteration):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(*answers: Sequence[bytes]) -> AsyncIterator[tuple[Server, Poster]]:
    server, poster = Server(answers), Poster()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.place = Place("127.0.0.1", listener.sockets[0].getsockname()[1], secure=False)
    try:
        yield server, poster
    finally:
        await poster.close()
        listener.close()


async def posted(server: Server, poster: Poster, times: int) -> list[int]:
    """The statuses, one request after the other, each when what is left of the last has come."""
    statuses = []
    for _ in range(times):
        statuses.append(await poster.post(server.place, REQUEST, LIMIT_S))
        await asyncio.sleep(0.05)
    return statuses


@pytest.mark.parametrize(
    "answer",
    [
        [NO_CONTENT],
        [EMPTY],
        [b"HTTP/1.1 200 OK\r\ncontent-length:2\r\n", b"\r\nO", b"K"],
        [bytes([octet]) for octet in NO_CONTENT],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n", b"0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n", b"\r\n0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n", b"\r\n"],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", EMPTY],
    ],
    ids=[
        "no content",
        "empty",
        "in pieces",
        "octet by octet",
        "chunked",
        "like its end",
        "trailers",
        "interim",
    ],
)
async def test_a_connection_whose_answer_has_ended_is_used_again(answer: list[bytes]) -> None:
    """However the end of the body is told."""
    async with serving(answer, answer, answer) as (server, poster):
        statuses = await posted(server, poster, 3)
        assert len(set(statuses)) == 1
        assert statuses[0] in (200, 204)
        assert (server.connections, server.requests) == (1, [REQUEST] * 3)


@pytest.mark.parametrize(
    "answer",
    [
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n\r\nuntil the end", CLOSE],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 5_000],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nHTTP/"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nmore than two"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nno chunk\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"x" * (BODY_LIMIT + 1)],
    ],
    ids=[
        "close",
        "1.0",
        "endless",
        "long",
        "two lengths",
        "two lengths, no body yet",
        "longer than told",
        "in the middle of a chunk",
        "no chunks",
        "length and chunks",
        "long chunk",
    ],
)
async def test_a_connection_that_may_hold_more_is_not_used_again(answer: list[bytes]) -> None:
    """What is left of one answer must not be taken for the next."""
    async with serving(answer, [NO_CONTENT]) as (server, poster):
        assert await posted(server, poster, 2) == [200, 204]
        assert server.connections == 2


async def test_a_body_that_is_still_to_come_does_not_delay_and_is_not_mixed() -> None:
    """The status is told with the head; the next request goes elsewhere meanwhile."""
    slow = [b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\n", b"a", b"b", b"c"]
    async with serving(slow, [NO_CONTENT], [EMPTY]) as (server, poster):
        assert await poster.post(server.place, REQUEST, LIMIT_S) == 500
        assert await poster.post(server.place, REQUEST, LIMIT_S) == 204
        assert server.connections == 2


async def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    """The receiver may close a connection in the moment that it is used again."""
    async with serving([EMPTY], [CLOSE], [NO_CONTENT]) as (server, poster):
        assert await posted(server, poster, 2) == [200, 204]
        assert (server.connections, len(server.requests)) == (2, 3)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([CLOSE], "closed"),
        ([b"SSH-2.0-OpenSSH\r\n\r\n"], "no HTTP"),
        ([b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * HEAD_LIMIT], "octets"),
        ([b"HTTP/1.1 200 OK\r\nContent-", CLOSE], "closed"),
    ],
)
async def test_what_is_no_answer_is_an_error_in_words(answer: list[bytes], words: str) -> None:
    """And the connection is given up."""
    async with serving(answer, [NO_CONTENT]) as (server, poster):
        with pytest.raises(AnswerError, match=words):
            await poster.post(server.place, REQUEST, LIMIT_S)
        assert await poster.post(server.place, REQUEST, LIMIT_S) == 204


async def test_who_stops_waiting_leaves_no_connection_in_the_middle_of_an_answer() -> None:
    """The answer that comes too late must not answer the next request."""
    async with serving([], [NO_CONTENT]) as (server, poster):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await poster.post(server.place, REQUEST, LIMIT_S)
        assert await poster.post(server.place, REQUEST, LIMIT_S) == 204
        assert server.connections == 2


async def test_an_answer_has_its_time_on_a_kept_connection_too() -> None:
    """Each request has its own: that of the one before is over with its answer."""
    async with serving([EMPTY], [EMPTY], [b"HTTP/1.1 200"]) as (server, poster):
        assert await poster.post(server.place, REQUEST, 0.3) == 200
        await asyncio.sleep(0.4)
        assert await poster.post(server.place, REQUEST, LIMIT_S) == 200
        begun_at = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(poster.post(server.place, REQUEST, 0.2), LIMIT_S)
        assert 0.2 <= time.monotonic() - begun_at < LIMIT_S / 2
        assert server.connections == 1
