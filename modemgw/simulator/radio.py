"""The radio side of a modem: signal, registration, operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_HOME = (1, 6, 9)  # 6: for SMS only; 9: CS fall-back not preferred (27.007 §7.2)
_ROAMING = (5, 7, 10)
_LTE = 7
_NOT_KNOWN = "255"
_UNKNOWN_SIGNAL = 99
_WANDER = 3


class Taker(Enum):
    """What takes the network away for a while."""

    OUTAGE = "outage"
    FAULT = "fault"


@dataclass(slots=True)
class Radio:
    """`rssi` is +CSQ's 0 to 31, or 99 (27.007 §8.5); `stat` is +CREG's (27.007 §7.2) where nothing
    takes the network away; `taken` is what +CREG tells while something does, by what it is.
    `functionality` is +CFUN's: 1 is full, 0 and 4 switch the radio off (27.007 §8.2).
    """

    rssi: int = 22
    stat: int = 1
    functionality: int = 1
    operator: str = "Simtel"
    plmn: str = "00101"
    area: str = "1A2B"
    cell: str = "0C3D4E5"
    access_technology: int = 7
    taken: dict[Taker, int] = field(default_factory=dict)
    _drift: int = 0

    @property
    def is_registered(self) -> bool:
        return self.registration in (*_HOME, *_ROAMING)

    @property
    def is_roaming(self) -> bool:
        return self.registration in _ROAMING

    @property
    def registration(self) -> int:
        """What +CREG tells: 0 while the radio is off."""
        if self.functionality != 1:
            return 0
        return next(reversed(self.taken.values()), self.stat)

    def told(self, level: int) -> str:
        """`<stat>[,<lac>,<ci>,<AcT>]` of +CREG and its kin under that level; the place is told
        while there is one (27.007 §7.2).
        """
        place = f',"{self.area}","{self.cell}",{self.access_technology}'
        return f"{self.registration}{place if level > 1 and self.is_registered else ''}"

    def measure(self, rng: Random) -> int:
        """The signal now: wanders a few steps around `rssi`."""
        if self.rssi == _UNKNOWN_SIGNAL or self.functionality != 1:
            return _UNKNOWN_SIGNAL
        self._drift = max(-_WANDER, min(_WANDER, self._drift + rng.choice((-1, 0, 1))))
        return max(0, min(31, self.rssi + self._drift))

    def measure_extended(self, rng: Random) -> str:
        """`<rxlev>,<ber>,<rscp>,<ecno>,<rsrq>,<rsrp>` of +CESQ (27.007 §8.69): those of the radio
        in use, the others not known. RSRP lies some 20 dB below the signal of the whole band.
        """
        rssi = self.measure(rng)
        if rssi == _UNKNOWN_SIGNAL:
            return f"99,99,{_NOT_KNOWN},{_NOT_KNOWN},{_NOT_KNOWN},{_NOT_KNOWN}"
        dbm = 2 * rssi - 113
        if self.access_technology == _LTE:
            return f"99,99,{_NOT_KNOWN},{_NOT_KNOWN},20,{max(0, min(97, dbm - 20 + 141))}"
        rxlev = max(0, min(63, dbm + 111))
        return f"{rxlev},99,{_NOT_KNOWN},{_NOT_KNOWN},{_NOT_KNOWN},{_NOT_KNOWN}"
