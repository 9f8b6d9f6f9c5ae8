"""A second connection to the database that looks, as often as it can, who is opted out.

Usage: python -m tests.stop_race.watch DATABASE_URL FILE
A process of its own, so that nothing else holds it up. Each look is a snapshot of the table, taken
between two readings of CLOCK_MONOTONIC. FILE grows by one JSON object a line:

- `{"number", "before", "seen"}`: the look that ended at `seen` was the first to see the opt-out;
  the look before, which began at `before`, did not. So the commit was between the two, and `seen`
  is T0.
- `{"number", "last"}`: the last look that saw it began at `last`; the next did not see it.
- `{"looks", "median", "p99", "most"}`: at the end, by SIGTERM: the time from the beginning of a
  look to the end of the next, which is how exactly a commit's time is known.

All times are nanoseconds of CLOCK_MONOTONIC, as in the simulator's journal.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
import time
from typing import TYPE_CHECKING, Protocol

import psycopg

if TYPE_CHECKING:
    from pathlib import Path

PAUSE_S = 0.0003  # between two looks: the machine has others to serve
_ALL = "SELECT number FROM opt_outs"
_GAPS_LIMIT = 4_000_000


class Look(Protocol):
    """A connection that can look."""

    def numbers(self) -> frozenset[str]:
        """Every number that is opted out at this moment."""


class SqliteLook:
    """Reads the table only when another connection has committed something."""

    def __init__(self, url: str) -> None:
        path = url.removeprefix("sqlite:///")
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        self._version = -1
        self._found: frozenset[str] = frozenset()

    def numbers(self) -> frozenset[str]:
        """See `Look`."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._found = frozenset(row[0] for row in self._connection.execute(_ALL))
            # The version first: what is committed between the two is seen, and read once more.
            self._version = version
        return self._found


class PostgresLook:
    """Each look is one statement, and so one snapshot."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)

    def numbers(self) -> frozenset[str]:
        """See `Look`."""
        return frozenset(row[0] for row in self._connection.execute(_ALL))


def look_at(url: str) -> Look:
    """A new connection to a database."""
    return SqliteLook(url) if url.startswith("sqlite") else PostgresLook(url)


class Watch:
    """Looks again and again, and writes down what changes."""

    def __init__(self, look: Look, file: Path) -> None:
        self._look = look
        self._file = file.open("w", buffering=1)
        self._known: frozenset[str] = frozenset()
        self._gaps: list[int] = []
        self.ending = False

    def run(self) -> None:
        """Until `ending`."""
        before = time.monotonic_ns()
        while not self.ending:
            began = time.monotonic_ns()
            found = self._look.numbers()
            ended = time.monotonic_ns()
            for number in found - self._known:
                self._tell(number=number, before=before, seen=ended)
            for number in self._known - found:
                self._tell(number=number, last=before)
            if len(self._gaps) < _GAPS_LIMIT:
                self._gaps.append(ended - before)
            self._known, before = found, began
            time.sleep(PAUSE_S)
        for number in self._known:
            self._tell(number=number, last=before)
        gaps = sorted(self._gaps)
        self._tell(
            looks=len(gaps),
            median=gaps[len(gaps) // 2],
            p99=gaps[len(gaps) * 99 // 100],
            most=gaps[-1],
        )

    def _tell(self, **fields: object) -> None:
        self._file.write(json.dumps(fields) + "\n")


def main(url: str, file: Path) -> None:
    """Watch until SIGTERM."""
    watch = Watch(look_at(url), file)

    def end(_signal: int, _frame: object) -> None:
        watch.ending = True

    signal.signal(signal.SIGTERM, end)
    print("watching", flush=True)
    watch.run()


if __name__ == "__main__":
    import pathlib

    main(sys.argv[1], pathlib.Path(sys.argv[2]))
