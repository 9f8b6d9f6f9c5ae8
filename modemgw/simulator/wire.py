"""The line between a modem and its port, and what happens to octets on it.

Theory of operation. What the modem prints at once is one piece. The faults of the line change the
piece (announcements between its lines, NULs, octets above 127) or its time (late, or octet by
octet). Pieces never overtake each other: once one waits, all behind it wait too.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING

from modemgw.simulator.faults import FaultName

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from modemgw.simulator.faults import Faults

_WAITING_LIMIT = 65_536
_GARBLED_OCTETS = 4
_FIRST_HIGH = 0x80
_LINE_END = re.compile(rb"\r\n")
# What modems really say unasked, and what makes a parser stumble: known and unknown prefixes,
# quoted commas, no prefix at all.
_ANNOUNCEMENTS = (
    b'+CREG: 1,"1A2B","0C3D4E5"',
    b"^RSSI:21",
    b"RING",
    b'+CTZV: "+08"',
    b"+CIEV: 2,4",
    b'*PSUTTZ: 2026, 3, 29, 1, 0, 0, "+8", 1',
    b'^HCSQ:"LTE",40,35,110,20',
    b"+ZUSIMR:2",
)


class Wire:
    """The wire of one modem; `write` is its port's. Use on the event loop's thread."""

    def __init__(self, faults: Faults, rng: Random, write: Callable[[bytes], None]) -> None:
        self._faults = faults
        self._rng = rng
        self._write = write
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._waiting_octets = 0
        self._timer: asyncio.TimerHandle | None = None

    def send(self, data: bytes) -> None:
        """Print one piece; beyond 64 KiB that wait, the newest are lost."""
        if self._faults.are_none and not self._waiting:
            self._write(data)
            return
        data = self._changed(data)
        slow = self._faults.strikes(FaultName.SLOW)
        trickle = self._faults.strikes(FaultName.TRICKLE)
        if slow is None and trickle is None and not self._waiting:
            self._write(data)
            return
        pause_s = slow.seconds if slow else 0.0
        if trickle is None:
            self._wait(pause_s, data)
            return
        for at in range(len(data)):
            self._wait(pause_s if at == 0 else trickle.seconds, data[at : at + 1])

    def reset(self) -> None:
        """Forget what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting.clear()
        self._waiting_octets = 0

    def _wait(self, pause_s: float, data: bytes) -> None:
        if self._waiting_octets + len(data) > _WAITING_LIMIT:
            return
        self._waiting.append((pause_s, data))
        self._waiting_octets += len(data)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(pause_s, self._due)

    def _due(self) -> None:
        _, data = self._waiting.popleft()
        self._waiting_octets -= len(data)
        self._timer = None
        if self._waiting:
            pause_s = self._waiting[0][0]
            self._timer = asyncio.get_running_loop().call_later(pause_s, self._due)
        self._write(data)

    def _changed(self, data: bytes) -> bytes:
        if self._faults.is_armed(FaultName.URC):
            data = self._interrupted(data)
        if self._faults.strikes(FaultName.NUL):
            data = self._with(data, b"\0")
        if self._faults.strikes(FaultName.GARBLED):
            octets = (
                self._rng.randrange(_FIRST_HIGH, 256)
                for _ in range(self._rng.randint(1, _GARBLED_OCTETS))
            )
            data = self._with(data, bytes(octets))
        return data

    def _with(self, data: bytes, inside: bytes) -> bytes:
        at = self._rng.randrange(len(data) + 1)
        return data[:at] + inside + data[at:]

    def _interrupted(self, data: bytes) -> bytes:
        """Announcements at any place where a line may begin: each is an occasion of its own."""
        ends = [match.end() for match in _LINE_END.finditer(data)]
        pieces: list[bytes] = []
        start = 0
        for at in sorted({0, *ends, len(data)}):
            pieces.append(data[start:at])
            start = at
            if self._faults.strikes(FaultName.URC):
                pieces.append(b"\r\n" + self._rng.choice(_ANNOUNCEMENTS) + b"\r\n")
        return b"".join(pieces)
