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
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modemgw.at import commands
from modemgw.at.answers import Registration
from modemgw.at.errors import AtError
from modemgw.at.parameters import prefix_of
from modemgw.at.unsolicited import is_boot, is_full, is_start
from modemgw.modem import startup, texts
from modemgw.modem.asked import Errands
from modemgw.modem.asking import attempt
from modemgw.modem.calls import Calls
from modemgw.modem.collect import Collector
from modemgw.modem.errors import CommandTimeoutError, ModemError
from modemgw.modem.interface import ModemState, ModemStatus, Outcome, SubmitResult
from modemgw.modem.pins import Pins
from modemgw.modem.startup import SimState
from modemgw.modem.submit import late_acceptance, submit, submit_limit_s

if TYPE_CHECKING:
    from modemgw.clock import Clock
    from modemgw.modem.channel import Channel
    from modemgw.modem.direct import DirectTexts
    from modemgw.modem.face import Face
    from modemgw.modem.interface import Clearance
    from modemgw.modem.settings import PortSettings, Timing
    from modemgw.modem.ussd import UssdDesk

_log = logging.getLogger(__name__)

_RESTARTS: Final = 5
_MEMORY_FULL: Final = 322  # 27.005 §3.2.5
_REGISTRATION_PREFIXES: Final = frozenset({"+CREG", "+CGREG", "+CEREG"})
_ROAMING: Final = frozenset({Registration.ROAMING, Registration.ROAMING_SMS_ONLY})


class _RestartedError(Exception):
    """The modem has started anew and forgotten its settings."""


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
        ussd: UssdDesk,
        clock: Clock,
    ) -> None:
        """`clock` tells when texts are swept up again; all else takes real time."""
        self._channel = channel
        self._settings = settings
        self._timing = timing
        self._face = face
        self._direct = direct
        self._ussd = ussd
        self._elapsed, self._idle = clock.elapsed, clock.pause
        self._wake = asyncio.Event()
        self._collector: Collector | None = None
        self._domains = list(commands.REGISTRATIONS)
        self.late = late
        """An acceptance read too late, as long as it was not told."""
        self._receive = ""  # the storage for incoming texts
        self._told_swept = False
        self._restarted = False
        self._doubts = 0  # what has happened that puts the network into question
        self._sure = asyncio.Event()  # the network was asked about since
        self._calls = Calls(face.called, self._wake.set)
        self._next_sweep = 0.0
        self._errands = Errands(channel)
        self._pins = Pins(channel, settings, face)
        self._next_round = 0.0  # when the next sweep goes through all storages
        channel.on_unsolicited = self._hear

    async def run(self) -> None:
        """See the module. Raises ModemError, AtError."""
        self._channel.lost.add_done_callback(lambda _: self._wake.set())
        try:
            await self._channel.listen()
            await self._live()
        finally:
            self._gather_late()
            self._drop_collector()
            self._calls.end()
            self._ussd.detach()
            self._sure.set()  # who waits is refused now
            self._pins.close()
            await self._errands.close()

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

    @property
    def has_errand(self) -> bool:
        """Whether something is asked for that is not done yet."""
        return self._errands.busy

    def resynchronise(self) -> None:
        """Bring the dialogue into step behind what is on the air, and ask for the network."""
        self._errands.synchronise(self._turn_limit_s, self._question)

    def end(self, reason: str) -> None:
        """Let no submit begin, and end `run` behind the one that is on the air."""
        self._errands.end(reason, self._turn_limit_s)

    async def enter_pin(self, pin: str) -> None:
        """Have a SIM opened that waits for its PIN. Raises PinError."""
        self._wake.set()
        await self._pins.give(pin)

    @property
    def _turn_limit_s(self) -> float:
        """What a submit takes at most, to the end of all waiting for its answer."""
        timing = self._timing
        submit_s = submit_limit_s(self._face.profile, timing)
        return timing.clearance_s + submit_s + timing.boot_quiet_s

    async def submit(self, pdu: str, length: int, clearance: Clearance) -> SubmitResult:
        """See `Modem.submit`."""
        # Without a network the answer would prove nothing, and the part would be in doubt.
        if not await self._is_sure(self._timing.clearance_s):
            return SubmitResult(Outcome.WITHDRAWN, detail="nobody knows whether there is a network")
        async with self._channel.lock:
            collector = self._collector
            # Asked again: much may have happened while it waited for its turn.
            if collector is None or self._face.status.state is not ModemState.READY:
                return SubmitResult(Outcome.REFUSED, detail="the modem is not ready")
            if self._errands.ending:
                return SubmitResult(Outcome.REFUSED, detail="the modem is about to be reset")
            try:
                await collector.collect()
                await self._settle_earlier()
            except (ModemError, AtError) as error:
                return SubmitResult(Outcome.REFUSED, detail=f"before AT+CMGS: {error}")
            if collector.holds_text:
                return SubmitResult(
                    Outcome.WITHDRAWN, detail="a text that came in is not committed"
                )
            if self._restarted:
                # In text mode, for instance, AT+CMGS=19 would text to the number 19.
                return SubmitResult(Outcome.REFUSED, detail="the modem has forgotten its settings")
            if not self._sure.is_set():
                return SubmitResult(Outcome.WITHDRAWN, detail="the network may just have been lost")
            result = await self._hand_to_network(pdu, length, clearance)
        if result.outcome is not Outcome.ACCEPTED:
            self._question()
        if result.code == _MEMORY_FULL:
            self._sweep_everywhere(collector)
        return result

    async def _is_sure(self, limit_s: float) -> bool:
        """Whether the network was asked about, or is within the limit."""
        if self._sure.is_set():  # nearly always: no timer for that
            return True
        try:
            async with asyncio.timeout(limit_s):
                return await self._sure.wait()
        except TimeoutError:
            return False

    async def _hand_to_network(self, pdu: str, length: int, clearance: Clearance) -> SubmitResult:
        profile = self._face.profile
        return await submit(self._channel, pdu, length, clearance, self._timing, profile)

    async def _bring_up(self) -> None:
        face, channel = self._face, self._channel
        self._drop_collector()
        self._ussd.detach()
        face.go(ModemState.INITIALISING)
        face.release()
        await startup.initialise(channel)
        self._gather_late()
        await self._identify()
        await startup.switch_on(channel)
        await self._await_sim()
        await texts.choose_pdu_mode(channel)
        former = await self._subscribe()
        plan = await texts.prepare_texts(
            channel, face.profile, face.line, self._timing, self._settings.storage
        )
        self._calls.shows_caller = await startup.shows_caller(channel)
        await self._tell_late_answer()
        self._receive = plan.receive
        self._collector = Collector(
            channel, plan, face.hand_over(), face.hand_over(former), self._direct, self._wake.set
        )
        face.go(ModemState.REGISTERING, "looking for a network")
        try:
            await self._sweep(everywhere=True)
        except (CommandTimeoutError, AtError) as error:
            # It comes again; what is not read stays in the modem.
            _log.info("%s: the first sweep: %s", face.status.port, error)
        if self._restarted:
            raise _RestartedError
        self._ussd.attach(channel, self._face.profile.ussd)
        self._wake.set()  # for what was delivered directly meanwhile

    async def _identify(self) -> None:
        identity = await startup.identify(self._channel)
        known = self._face.status
        if known.imei is not None and identity.imei != known.imei:
            _log.warning("%s: another modem answers than before", known.port)
            known = ModemStatus(known.port, known.state, known.reason, known.since)
            self.late = None
            self._face.another_modem()
        self._face.learn(
            replace(
                known,
                imei=identity.imei,
                maker=identity.maker,
                model=identity.model,
                revision=identity.revision,
            )
        )
        self._face.recognise(identity.maker, identity.model)
        profile = self._face.profile
        self._channel.is_boot = lambda line: is_boot(line) or profile.tells_start(line)
        await startup.silence(self._channel, profile)

    async def _await_sim(self) -> None:
        """Wait until the SIM is usable, entering the configured PIN once."""
        while True:
            sim = await startup.sim_state(self._channel, self._timing)
            if sim.state is SimState.READY:
                self._face.sim_is_open()
                if self._face.status.state is not ModemState.INITIALISING:
                    self._face.go(ModemState.INITIALISING)
                self._pins.opened()
                return
            hindrance = _locked(sim.needs)
            if sim.needs == "SIM PIN":
                if await self._pins.enter_given():
                    continue
                hindrance = await self._pins.enter_configured()
                if not hindrance:
                    continue
            else:
                self._pins.refuse(hindrance)
            if sim.state is SimState.LOCKED:
                self._face.go(ModemState.LOCKED, hindrance)
            else:
                self._face.go(
                    ModemState.NO_SIM, f"no usable SIM ({sim.needs or 'no answer'}): is it in?"
                )
            await self._pause(self._timing.sim_poll_s)

    async def _subscribe(self) -> str | None:
        """Learn which line is in the modem; the line that was in it before, if it has changed."""
        former = self._face.status.iccid
        line = await startup.subscribe(self._channel, self._face.profile, self._timing)
        if line.iccid is not None:
            self._face.claim(line.iccid)
        self._face.learn(
            replace(
                self._face.status,
                iccid=line.iccid,
                imsi=line.imsi,
                number=line.number,
                smsc=line.smsc,
            )
        )
        return None if former == line.iccid else former

    def _gather_late(self) -> None:
        """Keep what proves an earlier submit: a modem that was busy with it tells only now."""
        self.late = late_acceptance(self._channel.late) or self.late
        self._channel.late.clear()

    async def _settle_earlier(self) -> None:
        """Bring the dialogue into step, and tell what that reads of an earlier submit's answer.

        Now, because behind the next submit it would be taken for that one's.
        """
        if self._channel.dirty:
            await self._channel.synchronise()
        self._gather_late()
        await self._tell_late_answer()

    async def _tell_late_answer(self) -> None:
        late, self.late = self.late, None
        if late is not None:
            await self._face.late_answer(late.mr)

    def _drop_collector(self) -> None:
        collector, self._collector = self._collector, None
        if collector is not None:
            collector.close()

    async def _attend(self) -> None:
        """Look after the modem until something fails."""
        clock = asyncio.get_running_loop().time
        poll_s = self._timing.registration_poll_s
        while True:
            doubts = self._doubts
            await self._judge()
            if doubts == self._doubts:
                self._sure.set()
            async with self._channel.lock:
                await self._settle_earlier()
            if self._face.status.state is ModemState.READY:
                wait_s, poll_s = self._timing.health_s, self._timing.registration_poll_s
            else:
                wait_s, poll_s = poll_s, min(poll_s * 2, self._timing.health_s)
            next_check = clock() + wait_s
            while clock() < next_check and self._sure.is_set():
                await self._pause(next_check - clock(), self._next_sweep - self._elapsed())
                try:
                    await self._take_in()
                except (CommandTimeoutError, AtError) as error:
                    # The lowest rung: the next command brings the dialogue into step, or fails.
                    _log.info("%s: %s", self._face.status.port, error)
                    self._question()

    def _question(self) -> None:
        """Something has happened after which the network is to be asked about."""
        self._doubts += 1
        self._sure.clear()
        self._wake.set()

    async def _judge(self) -> None:
        """Ask for registration and signal, and say where that leaves the modem."""
        state = await startup.registration(self._channel, self._domains)
        face = self._face
        rssi_dbm = await attempt(self._channel, commands.SIGNAL)
        status = replace(face.status, rssi_dbm=rssi_dbm)
        was_ready = status.state is ModemState.READY
        if state.usable and not was_ready:
            operator = await attempt(self._channel, commands.OPERATOR)
            status = replace(status, operator=operator.name if operator else None)
        face.learn(status)
        refusal = self._refusal(state)
        if refusal and not was_ready:
            face.go(ModemState.DENIED, refusal)
        elif refusal or (was_ready and not state.usable):
            face.go(ModemState.DEGRADED, refusal or "registration lost: " + _words(state))
        elif not state.usable:
            self._wait_for_service(_words(state) + ": check antenna and coverage")
        elif hindrance := "" if was_ready else await texts.no_texts_yet(self._channel):
            self._wait_for_service(hindrance)
        else:
            face.go(ModemState.READY)

    def _wait_for_service(self, reason: str) -> None:
        degraded = self._face.status.state is ModemState.DEGRADED
        self._face.go(ModemState.DEGRADED if degraded else ModemState.REGISTERING, reason)

    def _refusal(self, state: Registration) -> str:
        """Who does not want texts to go in this network, the network or we; "" for nobody."""
        if state is Registration.DENIED:
            return "the network refuses this SIM: is it active, and paid for?"
        if state in _ROAMING and not self._face.line.roaming:
            return "this is not the SIM's own network, and roaming is not allowed for this line"
        return ""

    async def _take_in(self) -> None:
        collector = self._collector
        assert collector is not None
        if self._calls.to_hang_up:
            async with self._channel.lock:
                await self._calls.hang_up(self._channel, self._face.profile.hang_up)
        if collector.pending:
            async with self._channel.lock:
                await collector.collect()
        now = self._elapsed()
        if collector.sweep_due:
            self._next_sweep = min(self._next_sweep, now + self._timing.sweep_again_s)
            collector.sweep_due = False
        if collector.missed:
            self._next_sweep = self._next_round = 0.0
            collector.missed = False
        if collector.announced:
            self._next_sweep = min(self._next_sweep, now + self._timing.sweep_after_s)
            collector.announced = False
        if now >= self._next_sweep:
            round_due = now >= self._next_round
            if round_due:
                await texts.remind(self._channel, self._face.profile)
            await self._sweep(everywhere=round_due or not self._told_swept)

    async def _sweep(self, *, everywhere: bool) -> None:
        collector = self._collector
        assert collector is not None
        clock = self._elapsed
        # What fails or is not committed is tried again when that may have been mended.
        self._next_sweep = clock() + self._timing.health_s
        if everywhere:
            self._next_round = clock() + self._timing.sweep_s
        committed = await collector.sweep(everywhere=everywhere)
        if everywhere:
            await self._note_room()
        if not committed:
            self._next_sweep = clock() + self._timing.health_s
            return
        self._next_sweep = clock() + self._timing.sweep_s
        collector.end_backlog()
        if not self._told_swept:
            self._told_swept = True
            await self._face.swept()

    async def _note_room(self) -> None:
        """Say so where a storage stays full: of drafts, or of texts that cannot be committed."""
        full = await texts.is_full(self._channel, self._receive)
        if full and not self._face.status.full:
            _log.warning("%s: %s is full, no text comes in", self._face.status.port, self._receive)
        self._face.learn(replace(self._face.status, full=self._receive if full else None))

    def _sweep_everywhere(self, collector: Collector) -> None:
        """Ask for a sweep of all storages, soon: it is not known which one is full."""
        collector.sweep_due = True
        self._next_round = 0.0
        self._wake.set()

    def look_again(self) -> None:
        """The SIM may have been taken out, which not every modem tells: ask from the beginning."""
        self._restarted = True
        self._wake.set()

    async def _pause(self, limit_s: float, sweep_s: float = math.inf) -> None:
        """Sleep until there is something to do: for so long in real time, and no longer than until
        the next sweep. Raises PortError, _RestartedError."""
        try:
            async with asyncio.timeout(max(0.0, limit_s)):
                await self._idle(max(0.0, sweep_s), self._wake)
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
        if self._direct.hear(lines):
            return
        if self._collector and self._collector.hear(lines):
            self._wake.set()
        elif prefix in _REGISTRATION_PREFIXES:
            # Its two forms cannot always be told apart (`+CREG: 0,1`), so it only makes us ask.
            self._question()
        elif self._calls.hear(line) or self._ussd.hear(lines):
            pass
        elif is_full(line) and self._collector is not None:
            self._sweep_everywhere(self._collector)
        elif is_start(line) or (
            # Until it is set up these only tell how far its start has come.
            self._collector is not None and (self._channel.is_boot(line) or prefix == "+CPIN")
        ):
            self._restarted = True
            self._wake.set()
        elif prefix == "+CPIN":
            self._wake.set()  # for who waits for the SIM


def _locked(needs: str) -> str:
    return f"the SIM asks for {needs}: put it into a telephone and unlock it there"


def _words(state: Registration) -> str:
    return state.name.lower().replace("_", " ")
