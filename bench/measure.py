"""What the measurements of a running bank have in common.

They must not disturb what they measure: the journal is read once, as it grows, and the webhooks'
receiver does nothing but answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

TICKS = os.sysconf("SC_CLK_TCK")
SECRET = "whsec_" + "A" * 32


def cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def processes(session: int) -> list[int]:
    """The processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile
            if int(_stat(int(folder.name))[3]) == session:
                found.append(int(folder.name))
    return found


def _stat(pid: int) -> list[str]:
    """What proc(5) has of a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    return (
        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    )


def fsync_ms(folder: str | None = None) -> tuple[float, float]:
    """p50 and p99 of writing and syncing a page on this disk."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder or tempfile.gettempdir()) as file:
        for _ in range(200):
            begin = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return percentiles(times)


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[int(len(ordered) * 0.99)]


class Journal:
    """The simulator's journal, of which each line is read once."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def read(self) -> None:
        """Take in what has been written since."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for row in map(json.loads, lines):
            self.rows.setdefault(row["event"], []).append(row)

    def count(self, event: str) -> int:
        """How many lines tell of such an event by now."""
        self.read()
        return len(self.rows.get(event, ()))


class Hook(asyncio.Protocol):
    """A webhook's receiver: 204 to every request."""

    _ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (head := self._data.find(b"\r\n\r\n") + 4) > 3:
            length = self._data[:head].lower().partition(b"content-length:")[2].split(None, 1)[0]
            if len(self._data) < head + int(length):
                return
            end = head + int(length)
            self.took(self._data[head:end])
            self._data = self._data[end:]
            self._transport.write(self._ANSWER)

    def took(self, body: bytes) -> None:
        """A body has come, whole."""


class Receiver:
    """A webhook in a thread of its own, for the time of a `with`."""

    def __init__(self, hook: Callable[[], Hook] = Hook) -> None:
        self._hook = hook
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Receiver:
        server = self._loop.run_until_complete(
            self._loop.create_server(self._hook, host="127.0.0.1", port=0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    @property
    def config(self) -> str:
        """The section of the configuration that names it."""
        return f'[[webhooks]]\nurl = "http://127.0.0.1:{self.port}/"\nsecret = "{SECRET}"\n'


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure beside what was asked for."""

    what: str
    measured: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def goals_table(goals: Sequence[Goal], *, markdown: bool) -> Table:
    """A row for a goal: what was measured, what was asked for, whether it is met."""
    table = Table(box=MARKDOWN if markdown else HEAVY_HEAD)
    table.add_column("goal")
    for title in ("measured", "goal", "met"):
        table.add_column(title, justify="right")
    for goal in goals:
        sign = "≥" if goal.at_least else "≤"
        table.add_row(
            goal.what,
            f"{goal.measured:.4g} {goal.unit}",
            f"{sign} {goal.limit:.4g} {goal.unit}",
            "yes" if goal.met else "NO",
        )
    return table
