"""The control socket: JSON lines in, one JSON line out for each.

A line that is no JSON object, or names no command, is answered by an error; the connection stays.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from modemgw.simulator.line_server import LineServer
from modemgw.simulator.requests import answer

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.bank import Bank

SOCKET_NAME = "control.sock"
_LINE_LIMIT = 1 << 20


class ControlServer(LineServer):
    """Serves the control socket of a bank."""

    def __init__(self, bank: Bank, path: Path) -> None:
        super().__init__(path, line_limit=_LINE_LIMIT, answer=self._said)
        self._bank = bank

    def _said(self, line: bytes) -> bytes:
        return json.dumps(answer(self._bank, line, "socket")).encode() + b"\n"
