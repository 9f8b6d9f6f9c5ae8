"""The control socket: JSON lines in, one JSON line out for each.

A line that is no JSON object, or names no command, is answered by an error; the connection stays.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from modemgw.simulator.requests import carry_out

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.bank import Bank

SOCKET_NAME = "control.sock"
_LINE_LIMIT = 1 << 20
_HANG_UP_S = 2.0


class ControlServer:
    """Serves the control socket of a bank."""

    def __init__(self, bank: Bank, path: Path) -> None:
        self._bank = bank
        self._path = path
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LINE_LIMIT)

    async def close(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for writer in self._connections.values():
            writer.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_HANG_UP_S)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line beyond the limit
            pass
        finally:
            del self._connections[task]
            writer.close()

    def answer(self, line: bytes) -> dict[str, object]:
        """What one line is answered with."""
        try:
            request = json.loads(line)
        except ValueError as problem:
            return {"ok": False, "error": f"this is no JSON: {problem}"}
        if not isinstance(request, dict):
            return {"ok": False, "error": "a JSON object is expected"}
        return carry_out(self._bank, request, "socket")
