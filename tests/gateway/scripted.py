"""A second driver in miniature: fulfils `modem.interface.Modem`, and does what a test tells it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from modemgw import pdu
from modemgw.modem.interface import (
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
    Verdict,
)

if TYPE_CHECKING:
    from modemgw.modem.interface import Clearance, UssdSession
    from modemgw.pdu import Submit


@dataclass(slots=True)
class Script:
    """What becomes of one submit. Events that are left out are not waited for."""

    result: SubmitResult | None = None  # None: accepted with the next MR
    before_obtain: asyncio.Event | None = None  # the modem has something else to do first
    obtain_within_s: float | None = None  # the database is too slow for the modem's patience
    before_verdict: asyncio.Event | None = None  # the prompt is late
    before_answer: asyncio.Event | None = None  # the network is slow
    at_prompt: bool = False  # `result` comes instead of the prompt
    cleared: asyncio.Event = field(default_factory=asyncio.Event)  # set when obtained
    written: asyncio.Event = field(default_factory=asyncio.Event)  # set at Ctrl-Z


class ScriptedModem:
    """One modem with one line. `written` holds what has left it, in order."""

    def __init__(self, number: int) -> None:
        self.status = ModemStatus(
            port=f"/dev/ttyTEST{number}",
            state=ModemState.READY,
            imei=f"35000000000000{number}",
            iccid=f"890100000000000000{number}",
            number=f"+1202555019{number}",
        )
        self.script: deque[Script] = deque()
        self.written: list[Submit] = []
        self.withdrawn = 0
        self._mr = 0

    @property
    def guaranteed(self) -> bool:
        """As our own driver."""
        return True

    def plan(self, *scripts: Script) -> None:
        """Say what becomes of the next submits."""
        self.script.extend(scripts)

    def go(self, state: ModemState) -> None:
        """Enter another state."""
        self.status = replace(self.status, state=state, reason="as the test says")

    @property
    def texts(self) -> list[str]:
        """The texts of the parts that have left."""
        return [tpdu.text or "" for tpdu in self.written]

    async def submit(self, pdu: str, length: int, clearance: Clearance) -> SubmitResult:
        """See `modem.interface.Modem`."""
        script = self.script.popleft() if self.script else Script()
        if script.at_prompt and script.result is not None:
            return script.result
        if script.before_obtain is not None:
            await script.before_obtain.wait()
        try:
            async with asyncio.timeout(script.obtain_within_s):
                granted = await clearance.obtain()
        except Exception:
            granted = False
        script.cleared.set()
        if script.before_verdict is not None:
            await script.before_verdict.wait()
        verdict = clearance.verdict() if granted else Verdict.NO
        if verdict is Verdict.STALE and await clearance.obtain():
            verdict = clearance.verdict()
        if verdict is not Verdict.GO:
            self.withdrawn += 1
            return SubmitResult(Outcome.WITHDRAWN)
        return await self._write(pdu, length, script)

    @property
    def ussd(self) -> UssdSession | None:
        """None was ever begun."""
        return None

    def start_ussd(self, code: str) -> UssdSession:
        """Not here."""
        raise UssdError(UssdFault.NOT_READY, "not here")

    def answer_ussd(self, text: str) -> UssdSession:
        """Not here."""
        raise UssdError(UssdFault.NO_QUESTION, "not here")

    def end_ussd(self) -> UssdSession:
        """Not here."""
        raise UssdError(UssdFault.NO_SESSION, "not here")

    def reset(self, rung: Reset) -> None:
        """Nothing is wrong here."""
        raise ResetError("not here")

    async def enter_pin(self, pin: str) -> None:
        """Its SIM is open."""
        raise PinError(PinFault.NOT_ASKED, "not here")

    def recording(self, *, masked: bool = True) -> list[str]:
        """Nothing is recorded here."""
        return []

    async def _write(self, octets: str, length: int, script: Script) -> SubmitResult:
        tpdu = pdu.decode(octets, to_network=True)
        assert isinstance(tpdu, pdu.Submit)
        assert length == len(octets) // 2 - 1  # no service centre in front
        self.written.append(tpdu)
        script.written.set()
        await asyncio.sleep(0)  # as over any port: no answer comes within the turn of the write
        if script.before_answer is not None:
            await script.before_answer.wait()
        if script.result is not None:
            return script.result
        self._mr = (self._mr + 1) % 256
        return SubmitResult(Outcome.ACCEPTED, mr=self._mr)


def refused(code: int) -> Script:
    """The network refuses with +CMS ERROR."""
    return Script(SubmitResult(Outcome.REFUSED, family="cms", code=code))


def unknown() -> Script:
    """Nobody can say."""
    return Script(SubmitResult(Outcome.UNKNOWN, detail="no answer"))
