"""What a machine and a program's processes did in any part of a run, looked at while it runs."""

from __future__ import annotations

import abc
import bisect
import contextlib
import threading
import time
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import cpu_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from bench.radio import Span


class _Watch(abc.ABC):
    """Counters that only grow, looked at every half second for the time of a `with`."""

    _EVERY_S = 0.5

    def __init__(self) -> None:
        self._seen: list[tuple[int, tuple[float, ...]]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()

    @abc.abstractmethod
    def _look(self) -> tuple[float, ...]:
        """The counters now."""

    def _watch(self) -> None:
        while True:
            self._seen.append((time.monotonic_ns(), self._look()))
            if self._ending.wait(self._EVERY_S):
                self._seen.append((time.monotonic_ns(), self._look()))
                return

    def _grown(self, begin_ns: int, end_ns: int) -> list[float]:
        """By how much each did in a time of CLOCK_MONOTONIC; between two looks, evenly."""
        return [b - a for a, b in zip(self._at(begin_ns), self._at(end_ns), strict=True)]

    def _at(self, when_ns: int) -> list[float]:
        """The counters at a time; before the first look or after the last one, as then."""
        after = bisect.bisect_left(self._seen, when_ns, key=itemgetter(0))
        if after in (0, len(self._seen)):
            return list(self._seen[min(after, len(self._seen) - 1)][1])
        (t0, before), (t1, then) = self._seen[after - 1 : after + 1]
        part = (when_ns - t0) / (t1 - t0)
        return [a + (b - a) * part for a, b in zip(before, then, strict=True)]


class Machine(_Watch):
    """How busy all cores together were."""

    def busy(self, span: Span) -> float:
        """The share of a time in which they were; what waits for a disk may count back: proc(5)."""
        idle, total = self._grown(span.begin_ns, span.end_ns)
        return min(max(0.0, 1 - idle / max(1, total)), 1.0)

    def _look(self) -> tuple[float, ...]:
        """Idle time (waiting for a disk is idle), and all of it, in ticks: proc(5)."""
        ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return ticks[3] + ticks[4], sum(ticks)


class Spent(_Watch):
    """The CPU that a program's processes need; those that have ended stay counted."""

    def __init__(self, find: Callable[[], Iterable[int]]) -> None:
        super().__init__()
        self._find = find
        self._by_process: dict[int, float] = {}

    def seconds(self, span: Span) -> float:
        """What they needed in a time."""
        return self._grown(span.begin_ns, span.end_ns)[0]

    @property
    def all_seconds(self) -> float:
        """What they needed from their start to the last look."""
        return self._seen[-1][1][0]

    def _look(self) -> tuple[float, ...]:
        for pid in self._find():
            with contextlib.suppress(OSError):  # ended meanwhile
                self._by_process[pid] = cpu_s(pid)
        return (sum(self._by_process.values()),)
