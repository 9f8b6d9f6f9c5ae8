"""The clock's socket: whoever connects is told how time runs, and again whenever that changes.

A line is one JSON object: `now` was the time (seconds of the epoch) at `t` (CLOCK_MONOTONIC, in
seconds), and it runs `scale` times as fast. A line in is a request as of the control socket's
`clock`, without `cmd`; it is answered where it is wrong, and told to all where it changes the time.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from modemgw.simulator.requests import carry_out

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.bank import Bank

SOCKET_NAME = "clock.sock"
_LINE_LIMIT = 4096
_FOLLOWERS_LIMIT = 256
_HANG_UP_S = 2.0


class ClockServer:
    """Serves the clock of a bank."""

    def __init__(self, bank: Bank, path: Path) -> None:
        self._bank = bank
        self._path = path
        self._server: asyncio.Server | None = None
        self._followers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        bank.clock.on_change(self._tell)

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LINE_LIMIT)

    async def close(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is not None:
            self._server.close()
        for writer in self._followers.values():
            writer.close()
        if self._followers:
            await asyncio.wait(self._followers, timeout=_HANG_UP_S)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._followers) >= _FOLLOWERS_LIMIT:
            writer.close()
            return
        self._followers[task] = writer
        try:
            writer.write(self._course())
            while line := await reader.readline():
                answer = self._answer(line)
                if not answer["ok"]:
                    writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line beyond the limit
            pass
        finally:
            del self._followers[task]
            writer.close()

    def _answer(self, line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
        except ValueError as problem:
            return {"ok": False, "error": f"this is no JSON: {problem}"}
        if not isinstance(request, dict):
            return {"ok": False, "error": "a JSON object is expected"}
        return carry_out(self._bank, {**request, "cmd": "clock", "strict": True}, "clock")

    def _course(self) -> bytes:
        course = self._bank.clock.course
        told = {"ok": True, "now": course.now, "t": course.t, "scale": course.scale}
        return json.dumps(told).encode() + b"\n"

    def _tell(self) -> None:
        for writer in self._followers.values():
            writer.write(self._course())
