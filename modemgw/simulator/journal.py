"""The journal: what happened at the network and in the modems, one JSON object a line.

`t` is CLOCK_MONOTONIC in nanoseconds, the same clock for every process of the machine, so that
anyone can lay the journal beside other logs. A line is written whole and at once, before the modem
learns of it: who counts submits in it counts what the network did.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "journal.jsonl"
_CHUNK: Final = 65_536
_as_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Event(StrEnum):
    """What a line tells of. docs/simulator.md says what each bears."""

    START = "start"  # a bank came up: its seed, and what it consists of
    SUBMIT = "submit"  # the network decided on a part
    REFUSED = "refused"  # the modem itself refused a part: it never reached the network
    ARRIVE = "arrive"  # a phone took a text from the network
    HOLD = "hold"  # a text or report waits at the network: its recipient cannot take it now
    UNDELIVERED = "undelivered"  # the network gave a text up
    REPORT_LOST = "report_lost"  # a status report that the network made and lost
    SEND = "send"  # a phone wrote a text to a line
    DELIVER = "deliver"  # a modem took a text from the network
    REPORT = "report"  # a modem took a status report from the network
    DELETE = "delete"  # a stored message was deleted
    POWER = "power"  # plugged, unplugged, rebooting, hung, up again
    LOST = "lost"  # a direct delivery that was never acknowledged
    OUTAGE = "outage"  # a cell went dark; with `over`: it is back
    CONTROL = "control"  # somebody told the bank something: socket, scenario or its script
    FAULT = "fault"  # an armed fault struck; with `over`: the modem can work again


class Answer(StrEnum):
    """What the modem said after Ctrl-Z. Whether the network accepted the part stands beside it:
    `ok`, `late` and `lost` were, `dropped` was not, `error` may be either.
    """

    OK = "ok"
    LATE = "late"
    LOST = "lost"
    ERROR = "error"
    DROPPED = "dropped"


class JournalError(OSError):
    """A line could not be written: what it was to tell of must not happen."""


class Journal:
    """An append-only file of events. OSError where another simulator writes it.

    It has whole lines only: one that a full disk or a loss of power has torn is taken away.
    """

    def __init__(self, path: Path) -> None:
        # Unbuffered and opened for appending: each line is one write(2), never torn by a kill.
        self._file = path.open("ab", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise OSError(f"another simulator runs in {path.parent}") from None
        self._path = path
        self._size = _whole(path)
        self._file.truncate(self._size)
        self._problem: JournalError | None = None

    def write(self, event: Event, modem: int | None, **fields: object) -> None:
        """Add a line. `modem` is the index in the bank; None where no modem has to do with it.

        JournalError where that cannot be, from then on always.
        """
        if self._file.closed:
            return
        if self._problem is not None:
            raise self._problem
        entry = {"t": time.monotonic_ns(), "event": event, "modem": modem, **fields}
        line = _as_json(entry).encode() + b"\n"
        try:
            written = self._file.write(line)
        except OSError as problem:
            self._fail(problem.strerror)
        if written != len(line):
            self._file.truncate(self._size)
            self._fail("no room for a whole line")
        self._size += len(line)

    def _fail(self, reason: str | None) -> NoReturn:
        self._problem = JournalError(f"{self._path}: {reason}")
        raise self._problem from None

    @property
    def has_failed(self) -> bool:
        """Whether a line could not be written."""
        return self._problem is not None

    def close(self) -> None:
        """Nobody is told any more."""
        self._file.close()


def _whole(path: Path) -> int:
    """How many octets of the file are whole lines."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _CHUNK)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0
