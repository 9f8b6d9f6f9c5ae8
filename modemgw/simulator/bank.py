"""A bank of simulated modems on one network, each on a pty with a stable link."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from modemgw.simulator.clock import Clock
from modemgw.simulator.close_watch import CloseWatch
from modemgw.simulator.delay import Delay
from modemgw.simulator.journal import FILE_NAME, Event, Journal
from modemgw.simulator.modem import Power, SimulatedModem
from modemgw.simulator.network import Network
from modemgw.simulator.outage import Outages
from modemgw.simulator.personality import PERSONALITIES
from modemgw.simulator.port import PtyPort
from modemgw.simulator.reports import ReportPolicy
from modemgw.simulator.scenario import Card
from modemgw.simulator.script import Script
from modemgw.simulator.sim import sim_for
from modemgw.simulator.timers import Timers
from modemgw.simulator.timing import Timing

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.options import Options
    from modemgw.simulator.sim import Sim


class Bank:
    """All modems, their network and the journal. Needs a running event loop."""

    def __init__(self, options: Options) -> None:
        self._dir = options.dir
        self._dir.mkdir(parents=True, exist_ok=True)
        self.journal = Journal(self._dir / FILE_NAME)
        self._remove_stale_links()
        self._closes = CloseWatch()
        self.clock = Clock()
        self._timers = Timers(self.clock)
        self._scenario = options.scenario
        self.seed = options.seed
        self.network = Network(
            self._scenario.network,
            ReportPolicy(delay=Delay(options.report_ms / 1000)),
            seed=options.seed,
            journal=self.journal,
            clock=self.clock,
        )
        self.outages = Outages(self.journal, self._timers)
        self._cards: dict[tuple[int, int], Sim] = {}
        self.modems = tuple(self._build(index, options) for index in range(options.modems))
        try:
            self._script = Script(self, self._scenario, self._timers)
            self._check_numbers()
        except ValueError:
            self.close()
            raise
        self._journal_start(options)
        self._script.set_up()

    def _remove_stale_links(self) -> None:
        """Those of a bank that was killed lead to terminals that somebody else may have by now."""
        for path in self._dir.glob("modem[0-9][0-9][0-9]"):
            if path.is_symlink():
                path.unlink()

    def _check_numbers(self) -> None:
        (number, times), *_ = Counter(modem.number for modem in self.modems).most_common(1)
        if times > 1:
            raise ValueError(f"sims: two modems have the number {number}")

    def _journal_start(self, options: Options) -> None:
        self.journal.write(
            Event.START,
            None,
            seed=options.seed,
            modems=[
                {"imei": modem.imei, "number": modem.number, "profile": modem.personality.name}
                for modem in self.modems
            ],
        )

    def _build(self, index: int, options: Options) -> SimulatedModem:
        personality = PERSONALITIES[options.profiles[index % len(options.profiles)]]
        sim = self.card(index, 0)
        sim.storage.capacity = personality.sm_capacity
        modem = SimulatedModem(
            index,
            personality=personality,
            sim=sim,
            network=self.network,
            journal=self.journal,
            timing=Timing(submit=Delay(options.submit_ms / 1000), boot_s=options.boot_ms / 1000),
            clock=self.clock,
            rng=Random(f"{options.seed}/{index}"),
            seed=options.seed,
            replug=lambda: self.replug(index),
        )
        card = self._scenario.cards.get(index, Card())
        modem.radio.operator = card.operator or self._scenario.operator
        modem.radio.plmn = card.plmn or self._scenario.plmn
        return modem

    def link(self, index: int) -> Path:
        """Where the modem's port is found."""
        return self._dir / f"modem{index:03d}"

    def power_on(self) -> None:
        """Plug every modem in; they are up at once."""
        for modem in self.modems:
            modem.plug(self._port(modem), warm=True)
        self._script.start()

    def replug(self, index: int) -> None:
        """Plug a modem in again; ValueError where it is plugged."""
        modem = self.modems[index]
        if modem.power is not Power.UNPLUGGED:
            raise ValueError(f"modem {index} is plugged in")
        modem.plug(self._port(modem))

    def _port(self, modem: SimulatedModem) -> PtyPort:
        return PtyPort(self.link(modem.index), modem.feed, self._closes)

    def card(self, index: int, generation: int) -> Sim:
        """The SIM card of a slot and generation: the same one each time, with what it stores."""
        card = self._cards.get((index, generation))
        if card is None:
            said = self._scenario.cards.get(index, Card())
            card = sim_for(index, generation, said.plmn or self._scenario.plmn)
            if generation == 0:
                card.number = said.number or card.number
                card.set_pin(said.pin or "")
            self._cards[index, generation] = card
        return card

    def close(self) -> None:
        """Unplug everything; the links vanish, the journal stays."""
        if self.journal.has_failed:
            self.journal.close()
        self._timers.close()
        self.network.close()
        for modem in self.modems:
            modem.mishaps.close()
            modem.unplug()
        self._closes.close()
        self.journal.close()
