"""What befalls a whole modem for a while and ends by itself: dead, unplugged, no SIM, no network.

The journal says when each strikes and, with `over`, when the modem can work again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.simulator.faults import FaultName
from modemgw.simulator.journal import Event
from modemgw.simulator.radio import Taker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem

_ABOUT_TEXTS = frozenset({"+CMGS", "+CMGR", "+CMGL", "+CMGD"})
_SEARCHING = 2  # not registered, but looking for a network (27.007 §7.2)
_READ_FIRST_S = 0.01  # so long the user has to read what was printed before the plug is pulled


class Mishaps:
    """Those of one modem. `replug` plugs it in again."""

    def __init__(self, modem: SimulatedModem, replug: Callable[[], None]) -> None:
        self._modem = modem
        self._replug = replug
        self._timers: set[asyncio.TimerHandle] = set()
        self._unanswered = False

    def before(self, commands: Sequence[Command]) -> bool:
        """A command line came; false where it is not heard."""
        modem, faults = self._modem, self._modem.faults
        names = {command.name for command in commands}
        if names & _ABOUT_TEXTS and (dead := faults.strikes(FaultName.DEAD)):
            modem.hang(dead.seconds)
            self._after(dead.seconds, lambda: self.over(FaultName.DEAD))
            return False
        if "+CMGS" in names:
            if faults.strikes(FaultName.STUCK):
                modem.stick()
                return False
            if out := faults.strikes(FaultName.SIM_REMOVED):
                self._take_sim_out(out.seconds)
            if lost := faults.strikes(FaultName.REGISTRATION_LOST):
                self._lose_registration(lost.seconds)
        if "+CMGD" in names and self._unplugged_by(FaultName.UNPLUG_IN_DELETE):
            self._unanswered = modem.fault_rng.random() < 0.5
            return self._unanswered
        return True

    def answered(self) -> bool:
        """A command line was carried out; false where its answer is not printed."""
        unanswered, self._unanswered = self._unanswered, False
        return not unanswered

    def in_listing(self) -> bool:
        """A listing that has texts is about to be printed; true where only half of it is."""
        return self._unplugged_by(FaultName.UNPLUG_IN_LISTING, _READ_FIRST_S)

    def in_submit(self, latency_s: float) -> bool:
        """A part is behind its Ctrl-Z; true where the plug is pulled before its answer."""
        return self._unplugged_by(FaultName.UNPLUG_IN_SUBMIT, latency_s / 2)

    def close(self) -> None:
        """Nothing ends by itself any more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _unplugged_by(self, name: FaultName, delay_s: float = 0.0) -> bool:
        fault = self._modem.faults.strikes(name)
        if fault is None:
            return False
        self._after(delay_s, self._modem.unplug)
        self._after(delay_s + fault.seconds, lambda: self._plug_in(name))
        return True

    def _plug_in(self, name: FaultName) -> None:
        if not self._modem.is_plugged:
            self._replug()
        self.over(name)

    def _take_sim_out(self, seconds: float) -> None:
        modem, sim = self._modem, self._modem.sim
        if sim is None:
            return
        modem.remove_sim()

        def put_back() -> None:
            if modem.sim is None:
                modem.insert_sim(sim)
            self.over(FaultName.SIM_REMOVED)

        self._after(seconds, put_back)

    def _lose_registration(self, seconds: float) -> None:
        self._modem.take_network(Taker.FAULT, _SEARCHING)

        def register() -> None:
            self._modem.give_network(Taker.FAULT)
            self.over(FaultName.REGISTRATION_LOST)

        self._after(seconds, register)

    def over(self, name: FaultName) -> None:
        """What lasted has ended."""
        self._modem.journal.write(Event.FAULT, self._modem.index, name=name, over=True)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        def act() -> None:
            self._timers.discard(timer)
            action()

        timer = asyncio.get_running_loop().call_later(seconds, act)
        self._timers.add(timer)
