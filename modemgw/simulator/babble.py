"""What a modem prints by itself while it is up: the chatter of its maker, and garbage by fault."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.simulator.faults import FaultName

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.modem import SimulatedModem

_GARBAGE_OCTETS = 120


class Babble:
    """That of one modem; `write` is its wire's."""

    def __init__(self, modem: SimulatedModem, write: Callable[[bytes], None]) -> None:
        self._modem = modem
        self._write = write
        self._chattering: asyncio.TimerHandle | None = None
        self._spewing: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """The modem is up."""
        if self._modem.personality.chatter and self._chattering is None:
            self._chattering = self._after(self._modem.timing.chatter_s, self._chatter)
        self.watch()

    def watch(self) -> None:
        """Begin to spew, if that fault is armed."""
        modem = self._modem
        if modem.is_up and modem.faults.is_armed(FaultName.GARBAGE) and self._spewing is None:
            self._spewing = self._after(modem.timing.garbage_s, self._spew)

    def stop(self) -> None:
        """The modem prints nothing any more."""
        for timer in (self._chattering, self._spewing):
            if timer is not None:
                timer.cancel()
        self._chattering = self._spewing = None

    def _chatter(self) -> None:
        modem = self._modem
        self._chattering = self._after(modem.timing.chatter_s, self._chatter)
        if modem.settings.chatter:
            line = modem.rng.choice(modem.personality.chatter)
            modem.announce(line.format(rssi=modem.radio.measure(modem.rng)))

    def _spew(self) -> None:
        self._spewing = None
        rng = self._modem.rng
        if self._modem.faults.strikes(FaultName.GARBAGE):
            self._write(rng.randbytes(rng.randint(1, _GARBAGE_OCTETS)))
        self.watch()

    def _after(self, seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, action)
