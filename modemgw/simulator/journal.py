"""The journal: what happened at the network and in the modems, one JSON object a line.

`t` is CLOCK_MONOTONIC in nanoseconds, the same clock for every process of the machine, so that
anyone can lay the journal beside other logs. A line is written whole and at once, before the modem
learns of it: who counts submits in it counts what the network did.
"""

from __future__ import annotations

import fcntl
import json
import time
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "journal.jsonl"
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


class Journal:
    """An append-only file of events. OSError where another simulator writes it."""

    def __init__(self, path: Path) -> None:
        # Unbuffered and opened for appending: each line is one write(2), never torn by a kill.
        self._file = path.open("ab", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise OSError(f"another simulator runs in {path.parent}") from None

    def write(self, event: Event, modem: int | None, **fields: object) -> None:
        """Add a line. `modem` is the index in the bank; None where no modem has to do with it."""
        entry = {"t": time.monotonic_ns(), "event": event, "modem": modem, **fields}
        self._file.write(_as_json(entry).encode() + b"\n")

    def close(self) -> None:
        self._file.close()
