"""One opening of a modem's port: from its first byte until something goes wrong.

Theory of operation
-------------------
`run` reads what an earlier opening left unread, brings the modem up, and then attends to it: one
loop that sleeps until there is something to do. What wakes it is an announcement, the loss of
the port, or the next of its own times (health, sweep). Submits come from outside and take the
same turn (`Channel.lock`), so a text that was announced is read before the next one goes out,
whoever comes first.

`run` ends only by an exception: ModemError for what recovery has to deal with. A modem that
started anew by itself has forgotten its settings and is brought up again on the open port.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from modemgw.at import answers, commands
from modemgw.at.answers import Registration
from modemgw.at.errors import AtError
from modemgw.at.parameters import prefix_of
from modemgw.at.unsolicited import is_boot
from modemgw.modem import startup
from modemgw.modem.collect import Collector, DirectTexts, HandOver
from modemgw.modem.errors import CommandTimeoutError, ModemError
from modemgw.modem.interface import ModemState, ModemStatus, Outcome, SubmitResult
from modemgw.modem.profile import Profile, profile_for, profile_named
from modemgw.modem.startup import SimState
from modemgw.modem.submit import late_acceptance, submit

if TYPE_CHECKING:
    from modemgw.modem.channel import Channel
    from modemgw.modem.interface import Clearance
    from modemgw.modem.settings import PortSettings, Timing

_log = logging.getLogger(__name__)

_RESTARTS: Final = 5
_REGISTRATION_PREFIXES: Final = frozenset({"+CREG", "+CGREG", "+CEREG"})
_RING_GAP_S: Final = 8.0  # 22.001 lets rings be up to 6 s apart; a longer silence ends a call


class _RestartedError(Exception):
    """The modem has started anew and forgotten its settings."""


class Face(Protocol):
    """Whom a session tells what it learns."""

    @property
    def status(self) -> ModemStatus:
        """What is known so far."""

    def go(self, state: ModemState, reason: str = "") -> None:
        """The modem enters a state."""

    def learn(self, status: ModemStatus) -> None:
        """Something is known that was not, or has changed."""

    def called(self, caller: str | None) -> None:
        """A call rings, for the first time."""

    def may_enter_pin(self) -> bool:
        """Whether the configured PIN was not tried yet; true once."""

    def claim(self, iccid: str) -> None:
        """This line is driven here. Raises SamePortError if it is already, on another port."""

    def hand_over(self, former: str | None = None) -> HandOver:
        """A way for texts to the listener, on the line that is in the modem now.

        What lies in the modem's own storage was for the `former` one, where that is given.
        """

    async def late_answer(self, mr: int | None) -> None:
        """A submit of an earlier opening was accepted."""

    async def swept(self) -> None:
        """All that was stored when the modem became usable is committed."""


class Session:
    """One opening of one modem's port."""

    def __init__(
        self,
        channel: Channel,
        settings: PortSettings,
        timing: Timing,
        face: Face,
        late: SubmitResult | None,
        direct: DirectTexts,
    ) -> None:
        self.profile: Profile = profile_named("generic")
        self._channel = channel
        self._settings = settings
        self._timing = timing
        self._face = face
        self._direct = direct
        self._wake = asyncio.Event()
        self._collector: Collector | None = None
        self._domains = list(commands.REGISTRATIONS)
        self.late = late
        """An acceptance read too late, as long as it was not told."""
        self._told_swept = False
        self._restarted = False
        self._check_now = False
        self._shows_caller = False
        self._last_ring = float("-inf")
        self._next_sweep = 0.0
        channel.on_unsolicited = self._hear

    async def run(self) -> None:
        """See the module. Raises ModemError, AtError."""
        self._channel.lost.add_done_callback(lambda _: self._wake.set())
        try:
            await self._channel.listen()
            await self._live()
        finally:
            self._gather_late()

    async def _live(self) -> None:
        clock = asyncio.get_running_loop().time
        restarts = 0
        while restarts < _RESTARTS:
            began = clock()
            self._restarted = False
            try:
                await self._bring_up()
                await self._attend()
            except _RestartedError:
                restarts = 0 if clock() - began > self._timing.steady_s else restarts + 1
                await self._channel.await_boot()
        raise ModemError(
            f"the modem restarted {_RESTARTS} times in a row: is its power supply strong enough?"
        )

    async def submit(self, pdu: str, length: int, clearance: Clearance) -> SubmitResult:
        """See `Modem.submit`."""
        async with self._channel.lock:
            if self._collector is None:
                return SubmitResult(Outcome.REFUSED, detail="the modem is not ready")
            try:
                await self._collector.collect()
            except (ModemError, AtError) as error:
                return SubmitResult(
                    Outcome.REFUSED, detail=f"an announced text could not be read: {error}"
                )
            limit_s = self.profile.submit_s or self._timing.submit_s
            result = await submit(self._channel, pdu, length, clearance, self._timing, limit_s)
        if result.outcome is not Outcome.ACCEPTED:
            self._check_now = True
            self._wake.set()
        return result

    async def _bring_up(self) -> None:
        face, channel = self._face, self._channel
        self._collector = None
        face.go(ModemState.INITIALISING)
        await startup.initialise(channel)
        self._gather_late()
        await self._identify()
        await startup.switch_on(channel)
        await self._await_sim()
        former = await self._subscribe()
        plan = await startup.prepare_texts(
            channel, self.profile, self._timing, self._settings.storage
        )
        self._shows_caller = await startup.shows_caller(channel)
        await self._tell_late_answer()
        self._collector = Collector(
            channel, plan, face.hand_over(), face.hand_over(former), self._direct
        )
        face.go(ModemState.REGISTERING, "looking for a network")
        await self._sweep(everywhere=True)
        self._wake.set()  # for what was delivered directly meanwhile

    async def _identify(self) -> None:
        identity = await startup.identify(self._channel)
        known = self._face.status
        if known.imei is not None and identity.imei != known.imei:
            _log.warning("%s: another modem answers than before", known.port)
            known = ModemStatus(known.port, known.state, known.reason, known.since)
            self.late = None
        self._face.learn(
            replace(
                known,
                imei=identity.imei,
                maker=identity.maker,
                model=identity.model,
                revision=identity.revision,
            )
        )
        if self._settings.profile is not None:
            self.profile = profile_named(self._settings.profile)
        else:
            self.profile = profile_for(identity.maker or "", identity.model or "")

    async def _await_sim(self) -> None:
        """Wait until the SIM is usable, entering the configured PIN once."""
        while True:
            sim = await startup.sim_state(self._channel, self._timing)
            if sim.state is SimState.READY:
                if self._face.status.state is not ModemState.INITIALISING:
                    self._face.go(ModemState.INITIALISING)
                return
            if sim.needs == "SIM PIN" and await self._unlock():
                continue
            if sim.state is SimState.LOCKED:
                self._face.go(ModemState.LOCKED, _locked(sim.needs, self._settings.pin))
            else:
                self._face.go(
                    ModemState.NO_SIM, f"no usable SIM ({sim.needs or 'no answer'}): is it in?"
                )
            await self._pause(self._timing.sim_poll_s)

    async def _unlock(self) -> bool:
        pin = self._settings.pin
        if pin is None or not self._face.may_enter_pin():
            return False
        return await startup.unlock(self._channel, pin, self.profile.settle_s)

    async def _subscribe(self) -> str | None:
        """Learn which line is in the modem; the line that was in it before, if it has changed."""
        former = self._face.status.iccid
        line = await startup.subscribe(self._channel, self.profile, self._timing)
        self._face.learn(
            replace(
                self._face.status,
                iccid=line.iccid,
                imsi=line.imsi,
                number=line.number,
                smsc=line.smsc,
            )
        )
        if line.iccid is not None:
            self._face.claim(line.iccid)
        return None if former == line.iccid else former

    def _gather_late(self) -> None:
        """Keep what proves an earlier submit: a modem that was busy with it tells only now."""
        self.late = late_acceptance(self._channel.late) or self.late
        self._channel.late.clear()

    async def _tell_late_answer(self) -> None:
        late, self.late = self.late, None
        if late is not None:
            await self._face.late_answer(late.mr)

    async def _attend(self) -> None:
        """Look after the modem until something fails."""
        clock = asyncio.get_running_loop().time
        poll_s = self._timing.registration_poll_s
        while True:
            self._check_now = False
            await self._judge()
            if self._face.status.state is ModemState.READY:
                wait_s, poll_s = self._timing.health_s, self._timing.registration_poll_s
            else:
                wait_s, poll_s = poll_s, min(poll_s * 2, self._timing.health_s)
            next_check = clock() + wait_s
            while clock() < next_check and not self._check_now:
                await self._pause(min(next_check, self._next_sweep) - clock())
                try:
                    await self._take_in()
                except (CommandTimeoutError, AtError) as error:
                    # The lowest rung: the next command brings the dialogue into step, or fails.
                    _log.info("%s: %s", self._face.status.port, error)
                    self._check_now = True

    async def _judge(self) -> None:
        """Ask for registration and signal, and say where that leaves the modem."""
        state = await startup.registration(self._channel, self._domains)
        face = self._face
        rssi_dbm = await startup.attempt(self._channel, commands.SIGNAL)
        status = replace(face.status, rssi_dbm=rssi_dbm)
        if state.usable and status.state is not ModemState.READY:
            operator = await startup.attempt(self._channel, commands.OPERATOR)
            status = replace(status, operator=operator.name if operator else None)
        face.learn(status)
        if state.usable:
            face.go(ModemState.READY)
        elif status.state is ModemState.READY:
            face.go(ModemState.DEGRADED, "registration lost: " + _words(state))
        elif state is Registration.DENIED:
            face.go(ModemState.DENIED, "the network refuses this SIM: is it active, and paid for?")
        elif status.state is not ModemState.DEGRADED:
            face.go(ModemState.REGISTERING, _words(state) + ": check antenna and coverage")

    async def _take_in(self) -> None:
        collector = self._collector
        assert collector is not None
        if collector.pending:
            async with self._channel.lock:
                await collector.collect()
        now = asyncio.get_running_loop().time()
        if collector.sweep_due:
            self._next_sweep = min(self._next_sweep, now + self._timing.sweep_again_s)
            collector.sweep_due = False
        if now >= self._next_sweep:
            await self._sweep(everywhere=not self._told_swept)

    async def _sweep(self, *, everywhere: bool) -> None:
        collector = self._collector
        assert collector is not None
        now = asyncio.get_running_loop().time()
        # What fails or is not committed is tried again when that may have been mended.
        self._next_sweep = now + self._timing.health_s
        if not await collector.sweep(everywhere=everywhere):
            return
        self._next_sweep = now + self._timing.sweep_s
        collector.end_backlog()
        if not self._told_swept:
            self._told_swept = True
            await self._face.swept()

    async def _pause(self, limit_s: float) -> None:
        """Sleep until there is something to do. Raises PortError, _RestartedError."""
        try:
            async with asyncio.timeout(max(0.0, limit_s)):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
        if self._channel.lost.done():
            raise self._channel.lost.result()
        if self._restarted:
            raise _RestartedError

    def _hear(self, lines: tuple[str, ...]) -> None:
        line = lines[0]
        prefix = prefix_of(line)
        if self._direct.hear(lines) or (self._collector and self._collector.hear(lines)):
            self._wake.set()
        elif prefix in _REGISTRATION_PREFIXES:
            # Its two forms cannot always be told apart (`+CREG: 0,1`), so it only makes us ask.
            self._check_now = True
            self._wake.set()
        elif prefix == "+CLIP":
            self._ring(answers.caller(line))
        elif line.upper() == "RING" and not self._shows_caller:
            self._ring(None)
        elif self._collector is not None and (is_boot(line) or prefix == "+CPIN"):
            self._restarted = True
            self._wake.set()

    def _ring(self, caller: str | None) -> None:
        now = asyncio.get_running_loop().time()
        first = now - self._last_ring > _RING_GAP_S
        self._last_ring = now
        if first:
            self._face.called(caller)


def _locked(needs: str, pin: str | None) -> str:
    if needs != "SIM PIN":
        return f"the SIM asks for {needs}: put it into a telephone and unlock it there"
    if pin is None:
        return "the SIM asks for its PIN: configure it, or switch the PIN off"
    return "the SIM refused the configured PIN, or it was tried before: it is not tried again"


def _words(state: Registration) -> str:
    return state.name.lower().replace("_", " ")
