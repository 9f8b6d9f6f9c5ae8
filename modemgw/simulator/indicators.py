"""The indicators of `+CIND`, and `+CIEV` when one changes (27.007 §8.9, §8.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.simulator.storage import Stat

if TYPE_CHECKING:
    from modemgw.simulator.modem import SimulatedModem

DESCRIPTIONS = (
    '("battchg",(0-5))',
    '("signal",(0-5))',
    '("service",(0,1))',
    '("message",(0,1))',
    '("call",(0,1))',
    '("roam",(0,1))',
    '("smsfull",(0,1))',
)
_CHARGED = 5
_BARS_OF_RSSI = 6  # about so many steps of +CSQ are one bar
_MOST_BARS = 5
_UNKNOWN_SIGNAL = 99


class Indicators:
    """The indicators of one modem. `+CMER=mode,keyp,disp,ind` switches their events on."""

    def __init__(self, modem: SimulatedModem) -> None:
        self._modem = modem
        self._told: tuple[int, ...] | None = None

    def values(self) -> tuple[int, ...]:
        """As they are now, in the order of their descriptions."""
        modem = self._modem
        rssi = modem.radio.rssi if modem.radio.is_registered else _UNKNOWN_SIGNAL
        received = modem.places(modem.settings.memories[2])
        return (
            _CHARGED,
            0 if rssi == _UNKNOWN_SIGNAL else min(_MOST_BARS, rssi // _BARS_OF_RSSI),
            int(modem.radio.is_registered),
            int(any(stored.stat is Stat.RECEIVED_UNREAD for _, stored in received)),
            int(modem.call.is_active),
            int(modem.radio.is_roaming),
            int(modem.receiver.is_full),
        )

    def check(self) -> None:
        """Something may have changed."""
        mode, _keypad, _display, wanted, _buffer = self._modem.settings.kept.get("+CMER", (0,) * 5)
        if not (mode and wanted):
            self._told = None
            return
        before, self._told = self._told, self.values()
        if before is None:
            return
        for number, (old, new) in enumerate(zip(before, self._told, strict=True), 1):
            if old != new:
                self._modem.announce(f"+CIEV: {number},{new}")
