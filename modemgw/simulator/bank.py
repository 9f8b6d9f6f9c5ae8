"""A bank of simulated modems on one network, each on a pty with a stable link."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from modemgw.simulator.close_watch import CloseWatch
from modemgw.simulator.journal import FILE_NAME, Journal
from modemgw.simulator.modem import Power, SimulatedModem
from modemgw.simulator.network import Network, ReportPolicy
from modemgw.simulator.personality import PERSONALITIES
from modemgw.simulator.port import PtyPort
from modemgw.simulator.sim import sim_for
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
        self._closes = CloseWatch()
        self.network = Network(ReportPolicy(delay_s=options.report_ms / 1000))
        self._cards: dict[tuple[int, int], Sim] = {}
        self.modems = tuple(self._build(index, options) for index in range(options.modems))

    def _build(self, index: int, options: Options) -> SimulatedModem:
        submit_s = options.submit_ms / 1000
        personality = PERSONALITIES[options.profiles[index % len(options.profiles)]]
        card = self.card(index, 0)
        card.storage.capacity = personality.sm_capacity
        return SimulatedModem(
            index,
            personality=personality,
            sim=card,
            network=self.network,
            journal=self.journal,
            timing=Timing(
                submit_min_s=submit_s, submit_max_s=submit_s, boot_s=options.boot_ms / 1000
            ),
            rng=Random(f"{options.seed}/{index}"),
            replug=lambda: self.replug(index),
        )

    def link(self, index: int) -> Path:
        """Where the modem's port is found."""
        return self._dir / f"modem{index:03d}"

    def power_on(self) -> None:
        """Plug every modem in; they are up at once."""
        for modem in self.modems:
            modem.plug(self._port(modem), warm=True)

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
        return self._cards.setdefault((index, generation), sim_for(index, generation))

    def close(self) -> None:
        """Unplug everything; the links vanish, the journal stays."""
        for modem in self.modems:
            modem.mishaps.close()
            modem.unplug()
        self._closes.close()
        self.journal.close()
