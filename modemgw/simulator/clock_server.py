"""The clock's socket: whoever connects is told how time runs, and again whenever that changes.

A line is one JSON object: `now` was the time (seconds of the epoch) at `t` (CLOCK_MONOTONIC, in
seconds), and it runs `scale` times as fast. A line in is a request as of the control socket's
`clock`, without `cmd`; it is answered where it is wrong, and told to all where it changes the time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modemgw.simulator.line_server import LineServer
from modemgw.simulator.requests import answer

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.bank import Bank

SOCKET_NAME = "clock.sock"
_LINE_LIMIT = 4096


class ClockServer(LineServer):
    """Serves the clock of a bank."""

    def __init__(self, bank: Bank, path: Path) -> None:
        super().__init__(
            path, line_limit=_LINE_LIMIT, answer=self._complaint, greeting=self._course
        )
        self._bank = bank
        bank.clock.on_change(lambda: self.tell(self._course()))

    def _complaint(self, line: bytes) -> bytes | None:
        said = answer(self._bank, line, "clock", cmd="clock", strict=True)
        return None if said["ok"] else json.dumps(said).encode() + b"\n"

    def _course(self) -> bytes:
        course = self._bank.clock.course
        told = {"ok": True, "now": course.now, "t": course.t, "scale": course.scale}
        return json.dumps(told).encode() + b"\n"
