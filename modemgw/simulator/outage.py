"""Cells that go dark: a set of modems loses its network for a while, the others do not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from modemgw.simulator.journal import Event
from modemgw.simulator.radio import Taker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modemgw.simulator.journal import Journal
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.timers import Timers


@dataclass(slots=True, eq=False)
class _Outage:
    modem: SimulatedModem


class Outages:
    """Those of a bank; a modem has one at most."""

    def __init__(self, journal: Journal, timers: Timers) -> None:
        self._journal = journal
        self._timers = timers
        self._running: dict[int, _Outage] = {}

    def begin(
        self, modems: Iterable[SimulatedModem], stat: int, seconds: float | None = None
    ) -> None:
        """Take the network away from these, for so long or until `end`; `stat` as +CREG tells it.

        A modem that has none already stays without it until the newer outage is over.
        """
        for modem in modems:
            outage = self._running[modem.index] = _Outage(modem)
            self._journal.write(Event.OUTAGE, modem.index, stat=stat, seconds=seconds)
            modem.take_network(Taker.OUTAGE, stat)
            if seconds is not None:
                self._timers.after(seconds, partial(self._over, outage))

    def end(self, modems: Iterable[SimulatedModem]) -> None:
        """Give it back to these; nothing happens to one that has it."""
        for modem in modems:
            if outage := self._running.get(modem.index):
                self._over(outage)

    def _over(self, outage: _Outage) -> None:
        modem = outage.modem
        if self._running.get(modem.index) is not outage:
            return
        del self._running[modem.index]
        self._journal.write(Event.OUTAGE, modem.index, stat=modem.radio.stat, over=True)
        modem.give_network(Taker.OUTAGE)
