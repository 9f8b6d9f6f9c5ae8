"""Voice calls: RING until somebody answers or gives up, dialling, the list of calls (27.007 §6,
§7.18; V.250 §6.3). The far end of an answered call hangs up by itself after a while.
"""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import TYPE_CHECKING

from modemgw.simulator import tpdu
from modemgw.simulator.errors import AtError, Cme, cme

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.modem import SimulatedModem

_RING_INTERVAL_S = 1.0
_DIALLING_S = 0.2
_ALERTING_S = 1.0
_TALK_S = 30.0


class CallState(IntEnum):
    """`<stat>` of `+CLCC`."""

    ACTIVE = 0
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4


class VoiceCall:
    """The one call that a modem may have; a second caller finds it busy."""

    def __init__(self, modem: SimulatedModem) -> None:
        self._modem = modem
        self._state: CallState | None = None
        self._number = ""
        self._is_outgoing = False
        self._rings_left = 0
        self._rings = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_ringing(self) -> bool:
        return self._state is CallState.INCOMING

    @property
    def is_active(self) -> bool:
        return self._state is CallState.ACTIVE

    @property
    def is_there(self) -> bool:
        return self._state is not None

    def described(self) -> list[str]:
        """`+CLCC: <id>,<dir>,<stat>,<mode>,<mpty>,<number>,<type>` of the call, if there is one."""
        if self._state is None:
            return []
        direction = int(not self._is_outgoing)
        who = f'"{self._number}",{tpdu.type_of(self._number)}'
        return [f"+CLCC: 1,{direction},{int(self._state)},0,0,{who}"]

    def ring(self, caller: str, rings: int) -> bool:
        """Ring `rings` times, a second apart; false where the modem is busy or out of reach."""
        if self.is_there or not self._modem.is_reachable:
            return False
        self._state, self._number, self._is_outgoing = CallState.INCOMING, caller, False
        self._rings_left, self._rings = rings, 0
        self._sound()
        return True

    def answer(self) -> None:
        """Take the call that rings; AtError (NO CARRIER) where none does."""
        if not self.is_ringing:
            raise AtError(word="NO CARRIER")
        self._is_answered()

    def dial(self, number: str) -> None:
        """Call a number: it rings there and is answered. AtError where that cannot be."""
        if self.is_there:
            raise cme(Cme.NOT_ALLOWED)
        if not self._modem.is_reachable:
            raise AtError(word="NO CARRIER")
        self._state, self._number, self._is_outgoing = CallState.DIALLING, number, True
        self._later(_DIALLING_S, self._alert)

    def hang_up(self) -> None:
        """Either side ends it; nothing happens where there is no call."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._state = None

    def _sound(self) -> None:
        settings = self._modem.settings
        self._rings += 1
        codes = ["+CRING: VOICE" if settings.extended_ring else "RING"]
        if settings.clip:
            codes.append(_presented(self._number))
        self._modem.announce_together(*codes)
        if settings.registers[0] and self._rings >= settings.registers[0]:
            self._is_answered()
            return
        self._rings_left -= 1
        self._later(_RING_INTERVAL_S, self._sound if self._rings_left else self._given_up)

    def _alert(self) -> None:
        self._state = CallState.ALERTING
        self._later(_ALERTING_S, self._is_answered)

    def _is_answered(self) -> None:
        self._state = CallState.ACTIVE
        self._later(_TALK_S, self._given_up)
        self._modem.indicators.check()

    def _given_up(self) -> None:
        self.hang_up()
        self._modem.announce("NO CARRIER")
        self._modem.indicators.check()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)


def _presented(number: str) -> str:
    """`+CLIP: <number>,<type>,,,,<validity>`, 1 where the caller withheld it (27.007 §7.6)."""
    return f'+CLIP: "{number}",{tpdu.type_of(number)},,,,0' if number else '+CLIP: "",128,,,,1'
