"""A simulated modem: power, SIM, storages, settings, and the parts that talk.

Theory of operation. `Power` says what the modem can do: it listens and prints only while UP. Each
power-up, restart and hang begins a new `session`; what an older session waited for is not heard.
The terminal turns octets into lines, `commands` answers them, `submit` and `receive` are the two
directions of a text. Whenever it becomes reachable again, it asks the network for what waits.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from modemgw.simulator import accent
from modemgw.simulator.babble import Babble
from modemgw.simulator.calls import VoiceCall
from modemgw.simulator.dice import dice
from modemgw.simulator.errors import Cme, Cms, cme, cms
from modemgw.simulator.faults import FaultName, Faults
from modemgw.simulator.indicators import Indicators
from modemgw.simulator.interpreter import Interpreter
from modemgw.simulator.journal import Event
from modemgw.simulator.mishaps import Mishaps
from modemgw.simulator.modem_clock import ModemClock
from modemgw.simulator.radio import Radio
from modemgw.simulator.receive import Receiver
from modemgw.simulator.sim import Lock, imei
from modemgw.simulator.storage import Combined, Storage
from modemgw.simulator.submit import Submitter
from modemgw.simulator.terminal import Terminal
from modemgw.simulator.ussd import Ussd
from modemgw.simulator.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from modemgw.simulator.clock import Clock
    from modemgw.simulator.journal import Journal
    from modemgw.simulator.network import Network
    from modemgw.simulator.personality import Personality
    from modemgw.simulator.radio import Taker
    from modemgw.simulator.settings import Profile, SavedService, Settings
    from modemgw.simulator.sim import Contact, Sim
    from modemgw.simulator.storage import Places
    from modemgw.simulator.timing import Timing

_BROADCASTS = 10
_REPORTS = 20
_RESET = b"AT+CFUN=1,1\r"  # 27.007 §8.2
_LOCK_CODES_OF_EQUIPMENT = {Lock.PIN: Cme.SIM_PIN_REQUIRED, Lock.PUK: Cme.SIM_PUK_REQUIRED}
_LOCK_CODES = {Lock.PIN: Cms.SIM_PIN_REQUIRED, Lock.PUK: Cms.SIM_PUK_REQUIRED}


class Power(Enum):
    """What a modem can do."""

    UNPLUGGED = "unplugged"  # has no port
    BOOTING = "booting"  # has a port, is silent
    UP = "up"
    HUNG = "hung"  # has a port, is silent, will come back as it was
    STUCK = "stuck"  # has a port, is silent, hears nothing but a reset


class Port(Protocol):
    """Where a modem prints."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class SimulatedModem:
    """One modem of the bank. Use on the event loop's thread."""

    def __init__(
        self,
        index: int,
        *,
        personality: Personality,
        sim: Sim,
        network: Network,
        journal: Journal,
        timing: Timing,
        clock: Clock,
        rng: Random,
        seed: int,
        replug: Callable[[], None],
    ) -> None:
        """`replug` gives it a new port where it has none. What depends on what its user does hangs
        on `seed` alone; `rng` is for what it does by itself."""
        self.index = index
        self.imei = imei(index)
        self.personality = personality
        self.network = network
        self.journal = journal
        self.timing = timing
        self.rng = rng
        self.latency_rng = dice(seed, index, "latency")
        self.fault_rng = dice(seed, index, "fault")
        self.faults = Faults(lambda name: dice(seed, index, "fault", name), self._note_fault)
        self.mishaps = Mishaps(self, replug)
        self.radio = Radio(rssi=rng.randint(14, 28))
        self.settings = accent.settings_of(personality)
        self.session = 0
        self.is_settling = False
        self.power = Power.UNPLUGGED
        self._sim: Sim | None = sim
        sim.storage.renumber(personality.first_index)
        self._me = Storage("ME", personality.me_capacity, personality.first_index)
        self.broadcasts = Storage("BM", _BROADCASTS, personality.first_index)
        self.reports = Storage("SR", _REPORTS, personality.first_index)
        self.clock = ModemClock(clock)
        self.profile: Profile | None = None
        self.saved_services: dict[int, SavedService] = {}
        self.phonebook: dict[int, Contact] = {}
        self._port: Port | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._wire = Wire(self.faults, dice(seed, index, "wire"), self._to_port)
        self.terminal = Terminal(
            settings=lambda: self.settings,
            write=self._print,
            line=lambda line: self.interpreter.run(line),
            text=lambda text: self.interpreter.text(text),
            prompt=personality.prompt.encode(),
        )
        self.interpreter = Interpreter(self)
        self.submitter = Submitter(self)
        self.receiver = Receiver(self)
        self.call = VoiceCall(self)
        self.ussd = Ussd(self)
        self.indicators = Indicators(self)
        self.babble = Babble(self, self._print)
        network.register(sim.number, self, index)

    @property
    def is_plugged(self) -> bool:
        return self._port is not None

    @property
    def is_up(self) -> bool:
        return self.power is Power.UP

    @property
    def is_reachable(self) -> bool:
        """Whether the network finds it."""
        return self.is_up and self.obstacle() is None

    @property
    def sim(self) -> Sim | None:
        return self._sim

    @property
    def number(self) -> str:
        """The SIM's number; empty without a SIM."""
        return self._sim.number if self._sim else ""

    def obstacle(self) -> Cms | None:
        """Why no text can go in or out; None if nothing is in the way."""
        if self._sim is None:
            return Cms.SIM_NOT_INSERTED
        if self._sim.lock in _LOCK_CODES:
            return _LOCK_CODES[self._sim.lock]
        return None if self.radio.is_registered else Cms.NO_NETWORK_SERVICE

    def present_sim(self) -> Sim:
        """The SIM, whatever its lock; AtError (CME 10) without one."""
        if self._sim is None:
            raise cme(Cme.SIM_NOT_INSERTED)
        return self._sim

    def unlocked_sim(self) -> Sim:
        """The SIM, unlocked, for any other command; AtError (CME 10, 11, 12) otherwise."""
        sim = self.present_sim()
        if sim.lock in _LOCK_CODES_OF_EQUIPMENT:
            raise cme(_LOCK_CODES_OF_EQUIPMENT[sim.lock])
        return sim

    def usable_sim(self) -> Sim:
        """The SIM, unlocked, for a message command; AtError otherwise: CMS 310, 311, 316, or what
        the maker says while it settles after its start."""
        if self._sim is None:
            raise cms(Cms.SIM_NOT_INSERTED)
        if self._sim.lock in _LOCK_CODES:
            raise cms(_LOCK_CODES[self._sim.lock])
        if self.is_settling:
            raise cms(self.personality.settling)
        return self._sim

    def fresh_settings(self) -> Settings:
        """Those of a modem that was just switched on: the maker's, and what `AT&W` stored."""
        settings = accent.settings_of(self.personality)
        return settings if self.profile is None else self.profile.onto(settings)

    @property
    def service_centre(self) -> str:
        """What `+CSCA` tells: the card's, else the network's own."""
        own = self._sim.service_centre if self._sim else ""
        return own or self.network.smsc

    def storage(self, name: str) -> Storage:
        """`SM` on the SIM while there is one, else `ME` in the modem."""
        return self._sim.storage if name == "SM" and self._sim else self._me

    def places(self, name: str) -> Places:
        """What a `<mem>` of `+CPMS` stands for."""
        if name == "BM":
            return self.broadcasts
        if name == "SR":
            return self.reports
        if name == "MT" and self._sim:
            return Combined(self._me, self._sim.storage)
        return self.storage(name)

    def plug(self, port: Port, *, warm: bool = False) -> None:
        """Give it a port; it boots, or is up at once where `warm`."""
        self._port = port
        if warm:
            self._become(Power.UP)
            self.babble.start()
        else:
            self._boot()

    def unplug(self) -> None:
        """Take port and power away. Parts behind Ctrl-Z still go, unheard."""
        if self._port is not None:
            self._port.close()
            self._port = None
        self._lose_power(Power.UNPLUGGED)

    def reboot(self) -> None:
        """Forget what is volatile, be silent, print the banner."""
        if self._port is not None:
            self._boot()

    def hang(self, seconds: float) -> None:
        """Neither listen nor print for so long; settings stay, what was said is lost."""
        if not self.is_up:
            return
        self._silence(Power.HUNG)
        self._later("power", seconds, self._back)

    def stick(self) -> None:
        """Neither listen nor print until a reset."""
        if self.is_up:
            self._silence(Power.STUCK)

    def _boot(self) -> None:
        self._lose_power(Power.BOOTING)
        self._later("power", self.timing.boot_s, self._booted)

    def _booted(self) -> None:
        self._become(Power.UP)
        for line in self.personality.banner:
            self.announce(line)
        if self.personality.settle_s:
            self.is_settling = True
            self._later("settle", self.personality.settle_s, self._settled)
        self._back()

    def _settled(self) -> None:
        self.is_settling = False
        for line in self.personality.settled:
            self.announce(line)

    def _back(self) -> None:
        self._become(Power.UP)
        self.babble.start()
        self.flush()

    def _lose_power(self, power: Power) -> None:
        self._silence(power)
        self.settings = self.fresh_settings()
        self.radio.functionality = 1
        self.receiver.reset()
        if self._sim is not None:
            self._sim.power_up()

    def _silence(self, power: Power) -> None:
        self.session += 1
        self._become(power)
        self.terminal.reset()
        self._wire.reset()
        self.call.hang_up()
        self.ussd.end()
        self.babble.stop()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.is_settling = False

    def _become(self, power: Power) -> None:
        if power is not self.power:
            self.power = power
            self.journal.write(Event.POWER, self.index, state=power.value)

    def remove_sim(self) -> None:
        if self._sim is not None:
            self.network.unregister(self._sim.number)
            self._sim = None
            self.announce("+CPIN: NOT INSERTED")

    def insert_sim(self, sim: Sim) -> None:
        """Put this card in place of what is there; its PIN has to be entered."""
        self.remove_sim()
        sim.power_up()
        sim.storage.renumber(self.personality.first_index)
        self._sim = sim
        self.network.register(sim.number, self, self.index)
        self.announce(f"+CPIN: {sim.lock}")
        self.flush()

    def set_registration(self, stat: int) -> None:
        """The network's view changes, to be seen while nothing takes the network away."""
        self.radio.stat = stat
        self.registration_changed()

    def take_network(self, taker: Taker, stat: int) -> None:
        """Something takes it away, which is told as `stat`."""
        self.radio.taken[taker] = stat
        self.registration_changed()

    def give_network(self, taker: Taker) -> None:
        """It gives it back."""
        self.radio.taken.pop(taker, None)
        self.registration_changed()

    def registration_changed(self) -> None:
        """Announce it to whom asked for that (27.007 §7.2), and get what waits."""
        for name, level in self.settings.registration_reports.items():
            if level:
                told = f"{name}: {self.radio.told(level)}"
                self.announce(accent.registered(self.personality, told))
        self.indicators.check()
        self.flush()

    def offer(self, pdu: str) -> bool:
        """Take a TPDU from the network."""
        return self.receiver.offer(pdu)

    def why_not(self) -> str:
        """Why it took none: it is `absent`, `full`, or `busy` with one that is not acknowledged."""
        if not self.is_reachable:
            return "absent"
        return "full" if self.receiver.is_full else "busy"

    def flush(self) -> None:
        """Ask the network for what waits."""
        if self.is_reachable:
            self.network.flush(self.number)

    def feed(self, data: bytes) -> None:
        """Octets from the user; lost unless the modem is up, but for what resets it."""
        if self.is_up:
            self.terminal.feed(data)
        elif self.power is Power.STUCK and _RESET in data.upper():
            self._boot()

    def announce(self, *lines: str) -> None:
        """Print an unsolicited result code, if the modem can print."""
        if self.is_up:
            self.terminal.announce(*lines)

    def announce_together(self, *codes: str) -> None:
        """Print several unsolicited result codes as one piece, if the modem can print."""
        if self.is_up:
            self.terminal.announce_together(*codes)

    def _print(self, data: bytes) -> None:
        if self.is_up:
            self._wire.send(data)

    def _to_port(self, data: bytes) -> None:
        if self.is_up and self._port is not None:
            self._port.write(data)

    def _note_fault(self, name: FaultName) -> None:
        self.journal.write(Event.FAULT, self.index, name=name)

    def ask(self, *, typed: bool) -> None:
        """Ask the user for a text."""
        if self.faults.strikes(FaultName.NO_PROMPT):
            return
        if slow := self.faults.strikes(FaultName.SLOW_PROMPT):
            self.terminal.busy()
            self._later("prompt", slow.seconds, lambda: self._prompt_late(typed=typed))
        else:
            self.terminal.prompt(typed=typed)

    def _prompt_late(self, *, typed: bool) -> None:
        self.mishaps.over(FaultName.SLOW_PROMPT)
        self.terminal.prompt(typed=typed)
        self.terminal.resume()

    def _later(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        if running := self._timers.pop(name, None):
            running.cancel()
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, action)
