"""A Unix stream socket that speaks lines, with bounds for all: connections, lines, buffers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONNECTIONS_LIMIT: Final = 256
_UNREAD_LIMIT: Final = 65_536
_HANG_UP_S: Final = 2.0


class LineServer:
    """Serves one socket. `answer` makes of a line what is written back, None for nothing;
    `greeting` is written to whoever connects."""

    def __init__(
        self,
        path: Path,
        *,
        line_limit: int,
        answer: Callable[[bytes], bytes | None],
        greeting: Callable[[], bytes] = bytes,
    ) -> None:
        """A line of more than `line_limit` octets ends its connection."""
        self._path = path
        self._line_limit = line_limit
        self._answer = answer
        self._greeting = greeting
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen; what an earlier server left there goes. OSError where that cannot be."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, self._path, limit=self._line_limit
        )

    async def close(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for writer in self._connections.values():
            writer.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_HANG_UP_S)
        self._path.unlink(missing_ok=True)

    def tell(self, line: bytes) -> None:
        """Write to all; whoever has not read 64 KiB of earlier ones is hung up on."""
        for writer in self._connections.values():
            if writer.transport.get_write_buffer_size() > _UNREAD_LIMIT:
                writer.transport.abort()
            else:
                writer.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._connections) >= CONNECTIONS_LIMIT:
            writer.close()
            return
        self._connections[task] = writer
        try:
            writer.write(self._greeting())
            while line := await reader.readline():
                if answer := self._answer(line):
                    writer.write(answer)
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line beyond the limit
            pass
        finally:
            del self._connections[task]
            writer.close()
