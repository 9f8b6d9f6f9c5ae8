"""The user's end of a simulated modem's port, and the control socket's, for tests."""

from __future__ import annotations

import asyncio
import json
import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 5.0
FINAL = rb"\r\n(OK|ERROR|NO CARRIER|COMMAND NOT SUPPORT|\+CM[ES] ERROR: [^\r]*)\r\n"


class Line:
    """An open port. Everything that was printed and not yet expected waits in `heard`."""

    def __init__(self, port: Path) -> None:
        self.descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self.heard = b""
        self.is_over = False
        self._loop.add_reader(self.descriptor, self._readable)

    def _readable(self) -> None:
        try:
            data = os.read(self.descriptor, 4096)
        except OSError:
            data = b""
        if not data:
            self.is_over = True
            self._loop.remove_reader(self.descriptor)
        self.heard += data
        self._news.set()

    def write(self, data: bytes) -> None:
        os.write(self.descriptor, data)

    async def expect(self, pattern: bytes) -> bytes:
        """Wait until the pattern was printed; everything up to its end."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if match := re.search(pattern, self.heard, re.DOTALL):
                    seen, self.heard = self.heard[: match.end()], self.heard[match.end() :]
                    return seen
                self._news.clear()
                await self._news.wait()

    async def say(self, command: str) -> list[str]:
        """Run a command; the lines of its answer, the final one included."""
        self.write(command.encode() + b"\r")
        answer = await self.expect(FINAL)
        return [text for text in answer.decode().replace("\r", "\n").split("\n") if text]

    async def submit(self, pdu: str, length: int) -> list[str]:
        """Send a TPDU; the lines of the answer."""
        self.write(b"AT+CMGS=%d\r" % length)
        await self.expect(rb"\r\n> ")
        self.write(pdu.encode() + b"\x1a")
        answer = await self.expect(FINAL)
        return [text for text in answer.decode().replace("\r", "\n").split("\n") if text]

    async def gone(self) -> None:
        """Wait until the port was unplugged."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.is_over:
                self._news.clear()
                await self._news.wait()

    def close(self) -> None:
        """Let go of the port; a second time does nothing."""
        if self.descriptor >= 0:
            self._loop.remove_reader(self.descriptor)
            os.close(self.descriptor)
            self.descriptor = -1


class Control:
    """A connection to the control socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, path: Path) -> Control:
        return cls(*await asyncio.open_unix_connection(path, limit=1 << 24))

    async def raw(self, line: bytes) -> dict[str, Any]:
        self._writer.write(line + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            answer: dict[str, Any] = json.loads(await self._reader.readline())
        return answer

    async def ask(self, cmd: str, **fields: object) -> dict[str, Any]:
        """The answer to a command, whatever it is."""
        return await self.raw(json.dumps({"cmd": cmd, **fields}).encode())

    async def do(self, cmd: str, **fields: object) -> dict[str, Any]:
        """The answer to a command that has to work."""
        answer = await self.ask(cmd, **fields)
        assert answer["ok"] is True, answer
        return answer

    def close(self) -> None:
        self._writer.close()


def journal(directory: Path, event: str = "") -> list[dict[str, Any]]:
    """The journal's entries, or those of one event."""
    lines = (directory / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [entry for entry in entries if event in ("", entry["event"])]
