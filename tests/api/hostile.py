"""What an HTTP client can do wrong, on purpose or not, and the answers that it must get."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

PATIENCE_S: Final = 30.0
CLOSED: Final = 0  # instead of a status: the other side closed
JSON: Final = "Content-Type: application/json"
GOOD: Final = b'{"to": "+15550001001", "text": "Hello"}'
# No mutated request may be answered with any other: nothing that we send is our server's mistake.
FAIR: Final = frozenset({CLOSED, *range(200, 500), 505})


@dataclass(frozen=True, slots=True)
class Case:
    """Bytes on a connection, and the statuses that come back, in order."""

    name: str
    said: bytes
    answers: tuple[int, ...]
    later: bytes = b""  # said when only the last answer has not come


@dataclass(frozen=True, slots=True)
class Door:
    """Where to try it, and the key that lets one in."""

    host: str
    port: int
    key: str

    def post(self, body: bytes, *headers: str, length: bool = True) -> bytes:
        """A POST to /v1/messages."""
        lines = [
            "POST /v1/messages HTTP/1.1",
            "Host: test",
            f"Authorization: Bearer {self.key}",
            *headers,
            *([f"Content-Length: {len(body)}"] if length else ()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def chunked(self, *chunks: bytes, headers: tuple[str, ...] = (JSON,)) -> bytes:
        """The same, in chunks that are written as they are."""
        return self.post(b"".join(chunks), *headers, "Transfer-Encoding: chunked", length=False)


def chunk(data: bytes) -> bytes:
    """One chunk as it should be (RFC 9112 §7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def cases(door: Door) -> Iterator[Case]:
    """Everything that we could think of."""
    bodies = {
        "bad UTF-8": b'{"to": "+15550001001", "text": "\xff\xfe\xc3"}',
        "a lone surrogate": b'{"to": "+15550001001", "text": "\\ud83d"}',
        "a surrogate in UTF-8": b'{"to": "+15550001001", "text": "\xed\xa0\xbd"}',
        "duplicate keys": b'{"to": "+15550001001", "text": "a", "text": "b"}',
        "NUL": b'{"to": "+15550001001", "text": "\\u0000"}',
        "NaN": b'{"to": "+15550001001", "text": "a", "priority": NaN}',
        "a number without end": b'{"to": ' + b"9" * 100_000 + b"}",
        "half of it": GOOD[:-3],
        "two of it": GOOD * 2,
        "a byte order mark": b"\xef\xbb\xbf" + GOOD,
        "UTF-16": GOOD.decode().encode("utf-16"),
        "deep lists": b"[" * 50_000,
        "deep objects": b'{"a":' * 50_000,
    }
    for name, body in bodies.items():
        yield Case(f"JSON with {name}", door.post(body, JSON), (400,))
    yield Case("a list instead", door.post(b"[]", JSON), (422,))
    yield Case("an unknown field", door.post(b'{"colour": 1}', JSON), (422,))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ";", ""):
        yield Case(f"a body of type {kind!r}", door.post(GOOD, f"Content-Type: {kind}"), (415,))
    yield from _sizes(door)
    yield from _framing(door)


def _sizes(door: Door) -> Iterator[Case]:
    huge = b" " * (2 << 20)
    yield Case(
        "a length too large",
        door.post(b"{", JSON, "Content-Length: 9" + "0" * 12, length=False),
        (413,),
    )
    yield Case("a body too large", door.post(huge, JSON), (413,))
    yield Case(
        "chunks too large", door.chunked(*[chunk(huge[: 1 << 18])] * 8, b"0\r\n\r\n"), (413,)
    )
    bomb = gzip.compress(b" " * (64 << 20))
    yield Case("a bomb of gzip", door.post(bomb, JSON, "Content-Encoding: gzip"), (415,))
    yield Case("no gzip", door.post(b"\x1f\x8bnot", JSON, "Content-Encoding: gzip"), (415,))
    yield Case("a long path", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: t\r\n\r\n", (400,))
    yield Case("a long header", door.post(GOOD, JSON, "X: " + "a" * 20_000), (400,))
    yield Case("many headers", door.post(GOOD, JSON, *["X: y"] * 1_000), (400,))


def _framing(door: Door) -> Iterator[Case]:
    health = b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n"
    yield Case("a chunk without a size", door.chunked(b"zz\r\n{}\r\n0\r\n\r\n"), (400,))
    yield Case("a chunk of another size", door.chunked(b"2\r\n{    }\r\n0\r\n\r\n"), (400,))
    yield Case("two framings", door.post(GOOD, JSON, "Transfer-Encoding: chunked"), (400,))
    yield Case("two lengths", door.post(GOOD, JSON, "Content-Length: 3"), (400,))
    yield Case(
        "a length below 0", door.post(GOOD, JSON, "Content-Length: -1", length=False), (400,)
    )
    yield Case(
        "a length in words", door.post(GOOD, JSON, "Content-Length: x", length=False), (400,)
    )
    yield Case("garbage", bytes(range(256)) * 4 + b"\r\n\r\n", (400,))
    yield Case("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n", (400,))
    yield Case("a method of NULs", b"\0\0\0 / HTTP/1.1\r\n\r\n", (400,))
    yield Case("a NUL in a header", b"GET /healthz HTTP/1.1\r\nX: \0\r\n\r\n", (400,))
    yield Case("an unknown method", health.replace(b"GET", b"BREW"), (400,))
    yield Case("a method that is not ours", health.replace(b"GET", b"LOCK"), (405,))
    yield Case("a path that climbs", health.replace(b"healthz", b"docs/../../etc/passwd"), (404,))
    yield Case("garbage behind a request", health, (200, 400), b"\x00garbage\r\n\r\n")
    yield Case("garbage behind many", health * 20, (*[200] * 20, 400), b"garbage\r\n\r\n")
    yield Case(
        "a key of garbage", health.replace(b"\r\n\r\n", b"\r\nAuthorization: \xff\r\n\r\n"), (200,)
    )


async def tried(door: Door, said: bytes, most: int, later: bytes = b"") -> tuple[int, ...]:
    """The statuses of the answers, at most so many, or CLOSED."""
    reader, writer = await asyncio.open_connection(door.host, door.port)
    found: list[int] = []
    sending = asyncio.create_task(_send(writer, said))
    try:
        async with asyncio.timeout(PATIENCE_S):
            while len(found) < most:
                if later and len(found) == most - 1:
                    writer.write(later)
                head = await reader.readuntil(b"\r\n\r\n")
                found.append(int(head.split(b" ", 2)[1]))
                lines = head.lower().split(b"\r\n")
                sizes = [int(line.split(b":")[1]) for line in lines if b"content-length" in line]
                await reader.readexactly(sizes[0] if sizes else 0)
    except (asyncio.IncompleteReadError, ConnectionError):
        found.append(CLOSED)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return tuple(found)


async def _send(writer: asyncio.StreamWriter, said: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        writer.write(said)
        await writer.drain()


async def wrong_answers(door: Door) -> list[str]:
    """The cases that were answered otherwise than they should be."""

    async def wrong(case: Case) -> str:
        found = await tried(door, case.said, len(case.answers), case.later)
        right = found == case.answers
        return "" if right else f"{case.name}: {found} instead of {case.answers}"

    return [*filter(None, await asyncio.gather(*map(wrong, cases(door))))]


def mutated(door: Door, chance: random.Random) -> bytes:
    """A good request in which some bytes are others, missing, or there twice; it never waits."""
    said = bytearray(door.post(GOOD, JSON, "Connection: close"))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(said))
        match chance.randrange(3):
            case 0:
                said[at] = chance.randrange(256)
            case 1:
                del said[at]
            case _:
                said[at:at] = said[at : at + chance.randint(1, 40)]
    return bytes(said)


async def unfair_answers(door: Door, chance: random.Random, times: int) -> list[bytes]:
    """Mutated requests that were answered as they never should be."""

    async def unfair(said: bytes) -> bytes:
        return b"" if set(await tried(door, said, 1)) <= FAIR else said

    tries = [mutated(door, chance) for _ in range(times)]
    return [*filter(None, await asyncio.gather(*map(unfair, tries)))]


async def crowd(door: Door, count: int, drips: Iterable[bytes]) -> Counter[int]:
    """So many connections at once that say next to nothing, until each was ended, and how."""
    drips = tuple(drips)
    stand = [asyncio.create_task(_stand(door, drips[i % len(drips)])) for i in range(count)]
    return Counter(await asyncio.gather(*stand))


async def _stand(door: Door, said: bytes) -> int:
    """Say it byte by byte, and wait; the status with which it was ended, or CLOSED."""
    try:
        reader, writer = await asyncio.open_connection(door.host, door.port)
    except OSError:
        return CLOSED
    dripping = asyncio.create_task(_drip(writer, said))
    try:
        async with asyncio.timeout(PATIENCE_S):
            head = await reader.read(2_000)
            while await reader.read(2_000):
                pass
    except ConnectionError:
        return CLOSED
    finally:
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()
    return int(head.split(b" ", 2)[1]) if head else CLOSED


async def _drip(writer: asyncio.StreamWriter, said: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        for byte in said:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.2)
