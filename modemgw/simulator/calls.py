"""Incoming voice calls: RING until somebody hangs up or the caller gives up (V.250 §6.3)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemgw.simulator.modem import SimulatedModem

_RING_INTERVAL_S = 1.0
_INTERNATIONAL = 145
_UNKNOWN = 129


class IncomingCall:
    """The one call that may ring at a modem; a second caller finds it busy."""

    def __init__(self, modem: SimulatedModem) -> None:
        self._modem = modem
        self._caller = ""
        self._rings_left = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_ringing(self) -> bool:
        return self._timer is not None

    def ring(self, caller: str, rings: int) -> bool:
        """Ring `rings` times, a second apart; false where the modem is busy or out of reach."""
        if self.is_ringing or not self._modem.is_reachable:
            return False
        self._caller, self._rings_left = caller, rings
        self._sound()
        return True

    def hang_up(self) -> None:
        """Either side ends it; nothing happens where nothing rings."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sound(self) -> None:
        settings = self._modem.settings
        lines = ["+CRING: VOICE" if settings.extended_ring else "RING"]
        if settings.clip:
            kind = _INTERNATIONAL if self._caller.startswith("+") else _UNKNOWN
            lines += ["", f'+CLIP: "{self._caller}",{kind},,,,0']
        self._modem.announce(*lines)
        self._rings_left -= 1
        following = self._sound if self._rings_left else self._given_up
        self._timer = asyncio.get_running_loop().call_later(_RING_INTERVAL_S, following)

    def _given_up(self) -> None:
        self._timer = None
        self._modem.announce("NO CARRIER")
