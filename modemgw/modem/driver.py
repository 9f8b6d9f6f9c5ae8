"""One modem: its port opened again and again, its status kept, its submits taken.

The driver owns what outlives an opening: who the modem is, where it stands, its recorder, and
the ladder that says what to do when an opening ends. An opening itself is a `Session`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from modemgw.at.errors import AtError
from modemgw.at.unsolicited import is_boot
from modemgw.modem import power
from modemgw.modem.asked import Wish
from modemgw.modem.channel import Channel
from modemgw.modem.direct import DirectTexts
from modemgw.modem.errors import ModemError, PortError, PortFault, SamePortError
from modemgw.modem.interface import (
    Incoming,
    ModemState,
    ModemStatus,
    Outcome,
    PinError,
    PinFault,
    Reset,
    ResetError,
    SubmitResult,
    UssdError,
    UssdFault,
)
from modemgw.modem.lifecycle import Life, Stage
from modemgw.modem.port import is_present, open_port
from modemgw.modem.recorder import Direction, Recorder
from modemgw.modem.recording import Heading, recording
from modemgw.modem.recovery import Ladder, Rung
from modemgw.modem.session import Session
from modemgw.modem.submit import late_acceptance
from modemgw.modem.ussd import UssdDesk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from modemgw.modem.direct import HandOver
    from modemgw.modem.discovery import Found
    from modemgw.modem.interface import Clearance, ModemListener, Source, UssdSession
    from modemgw.modem.profile import Profile
    from modemgw.modem.settings import BankSettings, LineSettings, PortSettings
    from modemgw.modem.shared import Shared

_log = logging.getLogger(__name__)

# Only time, or a person, mends these: no reset reaches the modem.
_NOT_OURS = frozenset(
    {PortFault.BUSY, PortFault.NO_RIGHTS, PortFault.NOT_A_TTY, PortFault.UNREACHABLE}
)
_OWN_STORAGES = frozenset({"ME", "MT"})  # the SIM's own goes where the SIM goes
_USABLE = frozenset({ModemState.READY, ModemState.DEGRADED})
_RUNGS = {
    Reset.REOPEN: Rung.REOPEN,
    Reset.RESTART: Rung.RESET,
    Reset.POWER_CYCLE: Rung.POWER_CYCLE,
}


class Driver:
    """A modem on one port, as the gateway drives it (`interface.Modem`)."""

    guaranteed = True
    _session_kind = Session

    def __init__(
        self,
        path: str,
        settings: PortSettings,
        bank: BankSettings,
        listener: ModemListener,
        shared: Shared,
    ) -> None:
        """`shared` is what all drivers of a bank have in common."""
        self.path = path
        self.recorder = Recorder(bank.recorder_bytes)
        self._settings = settings
        self._timing = bank.timing.times(settings.patience)
        self._listener = listener
        self._shared = shared
        self._life = Life()
        self._status = ModemStatus(
            path, self._life.stage.state, self._life.stage.reason, self._life.stage.since
        )
        self._ladder = Ladder(
            self._timing, can_cycle_power=settings.power_cycle_command is not None
        )
        self._wish = Wish()
        self._runs = self._is_resetting = False
        self._present = asyncio.Event()
        self._gone = asyncio.Event()
        self._session: Session | None = None
        self._bank = bank
        self._profile = bank.profiles.generic
        self._usb_identity: str | None = None
        self._is_one_of_several = False  # ports of a module, any of which might be the right one
        self._late: SubmitResult | None = None
        self._direct = DirectTexts()
        self._ussd = UssdDesk(self._timing, self._ussd_changed)
        self._proven = False  # it has been seen to be a modem for texts

    @property
    def status(self) -> ModemStatus:
        """See `interface.Modem`."""
        return self._status

    @property
    def ussd(self) -> UssdSession | None:
        """See `interface.Modem`."""
        return self._ussd.session

    def start_ussd(self, code: str) -> UssdSession:
        """See `interface.Modem`."""
        if self._status.state is not ModemState.READY:
            words = f"the modem is {self._status.state}: {self._status.reason}"
            raise UssdError(UssdFault.NOT_READY, words)
        return self._ussd.start(code)

    def answer_ussd(self, text: str) -> UssdSession:
        """See `interface.Modem`."""
        return self._ussd.answer(text)

    def end_ussd(self) -> UssdSession:
        """See `interface.Modem`."""
        return self._ussd.end()

    def _ussd_changed(self, session: UssdSession) -> None:
        try:
            self._listener.ussd_changed(self, session)
        except Exception:
            _log.exception("%s: words of a USSD session could not be told", self.path)

    @property
    def history(self) -> tuple[Stage, ...]:
        """Where the modem has been, oldest first."""
        return self._life.history

    @property
    def profile(self) -> Profile:
        """See `face.Face`."""
        return self._profile

    @property
    def line(self) -> LineSettings:
        """See `face.Face`."""
        return self._bank.lines.get(self._status.iccid or "", self._bank.any_line)

    def recognise(self, maker: str | None, model: str | None) -> None:
        """See `face.Face`."""
        profiles = self._bank.profiles
        if self._settings.profile is not None:
            self._profile = profiles.named(self._settings.profile)
        else:
            self._profile = profiles.of(maker or "", model or "", self._usb_identity)

    def found_at(self, port: Found) -> None:
        """Tell what discovery knows of the port."""
        usb = port.usb
        self._usb_identity = usb.identity if usb is not None else None
        self._is_one_of_several = usb is not None and usb.is_of_module and not port.named

    def set_present(self, present: bool) -> None:
        """Tell whether the port is there to be opened."""
        if present:
            self._present.set()
            self._gone.clear()
        else:
            self._present.clear()
            self._gone.set()

    async def submit(self, pdu: str, length: int, clearance: Clearance) -> SubmitResult:
        """See `interface.Modem`."""
        session = self._session
        # Degraded is without a network: its answer to a submit would prove nothing.
        if session is None or self._status.state is not ModemState.READY:
            return SubmitResult(
                Outcome.REFUSED, detail=f"the modem is {self._status.state}: {self._status.reason}"
            )
        try:
            return await session.submit(pdu, length, clearance)
        except Exception as error:
            # A fault of ours: nobody can say any more how far it had come.
            _log.exception("%s: a submit failed in a way that it must not", self.path)
            return SubmitResult(Outcome.UNKNOWN, detail=f"internal error: {error!r}")

    def reset(self, rung: Reset) -> None:
        """See `interface.Modem`."""
        self._refuse_reset(rung)
        session = self._session
        if rung is Reset.RESYNC:
            assert session is not None
            session.resynchronise()
            return
        self._wish.make(rung)
        if session is not None:
            session.end(f"given up for a reset: {rung} was asked for")

    async def enter_pin(self, pin: str) -> None:
        """See `interface.Modem`."""
        session = self._session
        if session is None or self._status.state is not ModemState.LOCKED:
            words = f"the modem does not wait for a PIN, it is {self._status.state}"
            reason = f": {self._status.reason}" if self._status.reason else ""
            raise PinError(PinFault.NOT_ASKED, words + reason)
        await session.enter_pin(pin)

    def _refuse_reset(self, rung: Reset) -> None:
        """Raises ResetError where a reset cannot be done, or is none of this modem."""
        session, state, reason = self._session, self._status.state, self._status.reason
        if self._is_resetting or self._wish.is_open or (session and session.has_errand):
            raise ResetError("a reset is under way: wait for its end, the state tells of it")
        if rung is Reset.POWER_CYCLE and self._settings.power_cycle_command is None:
            raise ResetError(
                "no command for its power is configured (`power_cycle_command` of its port): "
                "replug it by hand"
            )
        can_come_back = rung is Reset.POWER_CYCLE and not self._present.is_set()
        if not self._runs or (state is ModemState.ABSENT and not can_come_back):
            raise ResetError(f"the modem is {state}: {reason}")
        if rung is Reset.RESYNC and session is None:
            raise ResetError(f"the port is not open, the modem is {state}: ask for reopen or above")
        if rung is not Reset.REOPEN and self._is_one_of_several and not self._proven:
            raise ResetError(
                "no text has gone by this port yet: it may be another port of a modem that works, "
                "which a reset would take with it; ask for reopen"
            )

    def recording(self, *, masked: bool = True) -> list[str]:
        """See `interface.Modem`."""
        status = self._status
        heading = Heading(maker=status.maker, model=status.model, revision=status.revision)
        now = (time.time(), time.monotonic())
        return list(recording(self.recorder, heading, now, mask=masked).lines())

    async def run(self) -> None:
        """Drive the modem until cancelled."""
        self._runs = True
        try:
            await self._drive()
        finally:
            self._runs = False
            self._wish.take()  # nobody would come to it

    async def _drive(self) -> None:
        absence = f"there is no {self.path}: unplugged, or a wrong name"
        while True:
            if not self._present.is_set():
                self.go(ModemState.ABSENT, absence)
                await self._wish.wait(other=self._present)
            asked = self._wish.take()
            if asked is not None:
                await self._reset_as_asked(asked)
                continue
            error = await self._open_once()
            self._note_steadiness()
            if _is_missing(error) or not is_present(self.path):
                self._present.clear()
                absence = f"unplugged, or restarting: {error}"
            elif not self._wish.is_open:
                await self._recover(error)

    def crashed(self, error: BaseException | None) -> None:
        """Note that `run` has died, which it must not; whoever owns it starts it again."""
        _log.error("%s: the driver died and is started again", self.path, exc_info=error)
        if self._status.state is not ModemState.ABSENT:
            self._life = Life()
        self.go(ModemState.ABSENT, f"the driver died: {error!r}")

    def moved_away(self, reason: str) -> None:
        """Note that the modem which was here answers on another port: nothing is known here now."""
        self._late = None
        self.another_modem()
        self.go(ModemState.ABSENT, reason)
        stage = self._life.stage
        self.learn(ModemStatus(self.path, stage.state, stage.reason, stage.since))

    def go(self, state: ModemState, reason: str = "") -> None:
        """See `face.Face`."""
        if not self._life.go(state, reason):
            return
        stage = self._life.stage
        self._proven = self._proven or state in _USABLE
        if state is ModemState.READY:
            self._ladder.usable()
        self.recorder.record(Direction.NOTE, f"{state} {reason}".encode())
        self.learn(replace(self._status, state=stage.state, reason=stage.reason, since=stage.since))

    def learn(self, status: ModemStatus) -> None:
        """See `face.Face`."""
        if status == self._status:
            return
        self._status = status
        try:
            self._listener.changed(self)
        except Exception:
            _log.exception("%s: a change of its status could not be told", self.path)

    def called(self, caller: str | None) -> bool:
        """See `face.Face`."""
        try:
            return self._listener.called(self, caller)
        except Exception:
            _log.exception("%s: a call could not be told", self.path)
            return False

    def another_modem(self) -> None:
        """See `face.Face`."""
        self._proven = False
        self._ladder.steady()

    def pin_was_tried(self, pin: str) -> bool:
        """See `face.Face`."""
        return self._shared.pins.was_tried(self._modem_key, pin)

    def may_enter_pin(self, pin: str) -> bool:
        """See `face.Face`."""
        return self._shared.pins.may_enter(self._modem_key, pin)

    @property
    def pin_turn(self) -> asyncio.Lock:
        """See `face.Face`."""
        return self._shared.pins.turn(self._modem_key)

    def sim_is_open(self) -> None:
        """See `face.Face`."""
        self._shared.pins.proved(self._modem_key)

    @property
    def _modem_key(self) -> str:
        """By what the modem is known beyond this port: one without an IMEI is known by it."""
        return self._status.imei or self.path

    def claim(self, iccid: str) -> None:
        """See `face.Face`."""
        self._shared.claims.take(iccid, self.path, self._status.imei, self._sim_moved)

    def release(self) -> None:
        """See `face.Face`."""
        self._shared.claims.release(self.path)

    def _sim_moved(self) -> None:
        if self._session is not None:
            self._session.look_again()

    def hand_over(self, former: str | None = None) -> HandOver:
        """See `face.Face`."""
        iccid = self._status.iccid

        async def hand_over(pdu: str, source: Source, storage: str = "", index: int = -1) -> bool:
            line = former if former and storage in _OWN_STORAGES else iccid
            incoming = Incoming(pdu, source, line, storage, index)
            try:
                async with asyncio.timeout(self._timing.handover_s):
                    return await self._listener.received(self, incoming)
            except Exception:
                _log.exception("%s: a text was not taken in and stays", self.path)
                return False

        return hand_over

    async def late_answer(self, mr: int | None) -> None:
        """See `face.Face`."""
        await self._tell(self._listener.late_answer(self, mr), "a late answer")

    async def swept(self) -> None:
        """See `face.Face`."""
        await self._tell(self._listener.swept(self), "the end of the sweep")

    async def _tell(self, telling: Awaitable[None], what: str) -> None:
        """A listener that fails is no fault of the modem's."""
        try:
            async with asyncio.timeout(self._timing.handover_s):
                await telling
        except Exception:
            _log.exception("%s: %s could not be told", self.path, what)

    async def _open_once(self) -> Exception:
        """One opening, until it ends: why it did."""
        self.go(ModemState.OPENING)
        try:
            channel = await self._open_channel()
        except ModemError as error:
            return error
        if self._wish.is_open:
            await channel.close()
            return PortError(PortFault.LOST, "given up for a reset that was asked for")
        session = self._session_kind(
            channel,
            self._settings,
            self._timing,
            self,
            self._late,
            self._direct,
            self._ussd,
            self._bank.clock,
        )
        self._session = session
        try:
            await session.run()
        except (ModemError, AtError) as error:
            return error
        finally:
            self._session = None
            self._late = session.late
            self.release()
            await channel.close()
        raise AssertionError("a session ends by an exception only")

    async def _open_channel(self) -> Channel:
        """Raises ModemError."""
        port = await open_port(self.path, self._settings, self._timing)
        return Channel(port, self.recorder, self._timing)

    async def _recover(self, error: Exception) -> None:
        self.go(ModemState.RECOVERING, str(error))
        if isinstance(error, PortError) and error.fault in _NOT_OURS:
            await self._wish.wait(self._ladder.pause())
            return
        if isinstance(error, SamePortError):
            self.go(ModemState.ABSENT, str(error))
            await self._quarantine(self._timing.quarantine_s)
            return
        step = self._ladder.fail()
        wait_s = step.wait_s
        match step.rung:
            case Rung.REOPEN:
                pass
            case Rung.RESET if not self._proven:
                # Maybe another port of a modem that works: it must not be reset through this one.
                pass
            case Rung.POWER_CYCLE if not self._proven and self._is_one_of_several:
                pass
            case Rung.RESET:
                with self._resetting():
                    await self._reset(self._start_s or wait_s)
                return
            case Rung.POWER_CYCLE:
                with self._resetting():
                    await self._cycle_power()
                wait_s = self._start_s or wait_s
            case Rung.QUARANTINE:
                failures = self._ladder.failures
                self.go(
                    ModemState.QUARANTINED,
                    f"left alone for {step.wait_s:g} s after {failures} failures: {error}",
                )
                await self._quarantine(step.wait_s)
                return
        await self._wish.wait(wait_s)

    @contextlib.contextmanager
    def _resetting(self) -> Iterator[None]:
        self._is_resetting = True
        try:
            yield
        finally:
            self._is_resetting = False

    async def _reset_as_asked(self, rung: Reset) -> None:
        """Begin recovery where a person wants it to."""
        if not self._present.is_set() and rung is not Reset.POWER_CYCLE:
            return  # it has gone meanwhile, and is opened anew when it comes
        step = self._ladder.start_at(_RUNGS[rung])
        self.go(ModemState.RECOVERING, f"{rung} was asked for")
        wait_s = self._start_s or step.wait_s
        match rung:
            case Reset.RESTART:
                with self._resetting():
                    await self._reset(wait_s)
            case Reset.POWER_CYCLE:
                with self._resetting():
                    await self._cycle_power()
                absent = not self._present.is_set()
                await self._wish.wait(wait_s, self._present if absent else None)

    async def _quarantine(self, limit_s: float) -> None:
        """Leave it alone; but somebody who unplugs it meanwhile has done something about it."""
        await self._wish.wait(limit_s, self._gone)
        if self._gone.is_set():
            self._ladder.steady()

    def _note_steadiness(self) -> None:
        usable = self._life.stage.state in _USABLE
        if usable and self._life.lasted_s() >= self._timing.steady_s:
            self._ladder.steady()

    @property
    def _start_s(self) -> float | None:
        start_s = self._profile.start_s
        return None if start_s is None else start_s * self._timing.patience

    async def _reset(self, limit_s: float) -> None:
        """Tell the modem to restart, and give it this time, unless it is there again before."""
        self.go(ModemState.RECOVERING, f"resetting by {self._profile.reset}")
        try:
            port = await open_port(self.path, self._settings, self._timing)
        except PortError as error:
            _log.info("%s: no reset: %s", self.path, error)
            await asyncio.sleep(limit_s)
            return
        channel = Channel(port, self.recorder, self._timing)
        profile = self._profile
        channel.is_boot = lambda line: is_boot(line) or profile.tells_start(line)
        channel.on_unsolicited = self._hear_direct
        try:
            await channel.reset(profile.reset, limit_s)
        except ModemError as error:
            _log.info("%s: while resetting: %s", self.path, error)
        finally:
            self._late = late_acceptance(channel.late) or self._late
            await channel.close()

    def _hear_direct(self, lines: tuple[str, ...]) -> None:
        """Keep what a modem prints before it resets: whose it is, the next opening finds out."""
        self._direct.hear(lines)

    async def _cycle_power(self) -> None:
        command = self._settings.power_cycle_command
        assert command is not None
        self.go(ModemState.RECOVERING, "cutting its power")
        await power.cycle(self.path, command, self._timing.power_command_s)


def _is_missing(error: Exception) -> bool:
    return isinstance(error, PortError) and error.fault is PortFault.MISSING
