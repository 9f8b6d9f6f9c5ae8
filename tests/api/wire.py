"""A client that says what no library would: bytes on a connection, and what came back."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.api.house import House

PATIENCE_S = 10.0


@dataclass(slots=True)
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, data: bytes) -> None:
        """Send, unless the other side has closed already."""
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer. Raises IncompleteReadError at the end."""
        async with asyncio.timeout(PATIENCE_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.rstrip().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(first.split()[1]), headers, body

    async def problem(self) -> tuple[int, str, dict[str, str]]:
        """Status, kind and headers of the next answer, which is a problem."""
        status, headers, body = await self.answer()
        assert headers["content-type"].startswith("application/problem+json"), (status, body)
        document: dict[str, Any] = json.loads(body)
        assert document["status"] == status
        return status, str(document["type"].rpartition("/")[2]), headers

    async def end(self) -> bytes:
        """What comes until the other side closes."""
        rest = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                rest = await self.reader.read()
        return rest


@asynccontextmanager
async def wire(house: House) -> AsyncIterator[Wire]:
    """A connection to the API."""
    host, _, port = house.api.addresses[0].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def post(house: House, body: bytes, *headers: str, path: str = "/v1/messages") -> bytes:
    """A request that may send texts; its headers tell nothing of its body unless they say so."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: test",
        f"Authorization: Bearer {house.keys['all']}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
