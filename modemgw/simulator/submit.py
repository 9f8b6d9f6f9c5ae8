"""The sending side of a modem: from Ctrl-Z to the network's decision.

Theory of operation. At Ctrl-Z the modem checks the TPDU, gives it its own message reference and
puts it on the air; nothing that happens to the modem afterwards calls it back. After the latency
the network decides, and the journal's `submit` line is written then, before the answer. If
the modem was unplugged, restarted or hung in between, or a fault swallowed the answer, the part was
accepted and its answer is `lost`. Only a fault *at* Ctrl-Z (a restart, the plug, no answer at all)
may cut a part off before it was on the air: then its answer is `dropped` and `accepted` is false.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from modemgw.simulator import tpdu
from modemgw.simulator.errors import AtError, Cms, cms
from modemgw.simulator.faults import FaultName
from modemgw.simulator.journal import Answer, Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.modem import SimulatedModem

_LINK_S = 5.0  # so long `+CMMS=1` keeps the link for the next text (27.005 §3.5.6: 1 to 5)
_DUPLICATE = 197  # TP-FCS, 23.040 §9.2.3.22: the service centre has an earlier copy


@dataclass(frozen=True, slots=True)
class Attempt:
    """A part on its way. `session` is the modem's power-up that sent it, `t_ctrl_z` the journal's
    time of its Ctrl-Z."""

    submit: tpdu.Submit
    mr: int
    sender: str
    session: int
    t_ctrl_z: int
    on_air: bool
    deaf_s: float  # how long the modem goes on hearing nothing, where it is not to answer
    told: str  # the command that it answers
    sent: Callable[[], None] | None


class Submitter:
    """The sending side of one modem."""

    def __init__(self, modem: SimulatedModem) -> None:
        self._modem = modem
        self.submits = 0
        self._link: asyncio.TimerHandle | None = None

    def begin(
        self, read: Callable[[], tpdu.Submit], *, told: str, sent: Callable[[], None] | None = None
    ) -> None:
        """A text and its Ctrl-Z came, or a stored one is to go: `read` makes a SUBMIT of it.

        The interpreter gets `told: mr` when the network has it, and `sent` is called. AtError
        where the modem itself refuses it.
        """
        t_ctrl_z = time.monotonic_ns()
        modem = self._modem
        try:
            submit = read()
        except tpdu.TpduError as problem:
            self._refuse(Cms.INVALID_PDU_PARAMETER, str(problem), t_ctrl_z)
        except AtError as error:
            self._refuse(error.code, str(error), t_ctrl_z)
        obstacle = modem.obstacle()
        if obstacle is not None:
            self._refuse(obstacle, "no service", t_ctrl_z)
        if modem.receiver.is_full and modem.faults.strikes(FaultName.MEMORY_FULL):
            self._refuse(Cms.MEMORY_FULL, "memory full", t_ctrl_z)
        latency_s = modem.timing.submit.draw(modem.latency_rng)
        sim = modem.present_sim()
        restarts = modem.faults.strikes(FaultName.REBOOT_IN_SUBMIT) is not None
        torn = restarts or modem.mishaps.in_submit(latency_s)
        deaf = modem.faults.strikes(FaultName.NO_ANSWER)
        attempt = Attempt(
            submit=submit,
            mr=sim.next_mr(),
            sender=sim.number,
            session=modem.session,
            t_ctrl_z=t_ctrl_z,
            on_air=deaf is None and (not torn or modem.fault_rng.random() < 0.5),
            deaf_s=deaf.seconds if deaf else 0.0,
            told=told,
            sent=sent,
        )
        self.submits += 1
        if self._link is not None:
            self._link.cancel()
        modem.terminal.busy()
        asyncio.get_running_loop().call_later(latency_s, self._decide, attempt)
        if restarts:
            modem.reboot()

    def _refuse(self, code: int, reason: str, t_ctrl_z: int) -> NoReturn:
        self._modem.journal.write(
            Event.REFUSED, self._modem.index, code=int(code), reason=reason, t_ctrl_z=t_ctrl_z
        )
        raise cms(code)

    def _decide(self, attempt: Attempt) -> None:
        modem = self._modem
        if not attempt.on_air:
            self._record(attempt, Answer.DROPPED, accepted=False)
            self._later(attempt.deaf_s, self._swallow, attempt, FaultName.NO_ANSWER)
            return
        ruling = modem.network.ruling(attempt.sender, attempt.submit, attempt.mr)
        if ruling.code is not None:
            self._end_by_error(attempt, ruling.code, accepted=False, reason=ruling.reason)
            return
        if refusal := modem.faults.strikes(FaultName.CMS_ERROR):
            code = modem.fault_rng.choice(refusal.codes)
            self._end_by_error(attempt, code, accepted=code == _DUPLICATE)
            return
        if error := modem.faults.strikes(FaultName.ACCEPTED_ERROR):
            self._end_by_error(attempt, modem.fault_rng.choice(error.codes), accepted=True)
            return
        lost = not self._is_heard(attempt) or modem.faults.strikes(FaultName.LOST_OK) is not None
        late = None if lost else modem.faults.strikes(FaultName.LATE_OK)
        answer = Answer.LOST if lost else Answer.LATE if late else Answer.OK
        self._record(attempt, answer, accepted=True)
        self._accept(attempt, drops=ruling.drops)
        if late is not None:
            self._later(late.seconds, self._finish, attempt, FaultName.LATE_OK)
        elif lost:
            self._swallow(attempt)
        else:
            self._finish(attempt)

    def _accept(self, attempt: Attempt, *, drops: bool = False) -> None:
        network = self._modem.network
        network.accept(self._modem.index, attempt.sender, attempt.submit, attempt.mr, drops=drops)

    def _end_by_error(
        self, attempt: Attempt, code: int, *, accepted: bool, reason: str = ""
    ) -> None:
        extra = {"reason": reason} if reason else {}
        self._record(attempt, Answer.ERROR, accepted=accepted, code=code, **extra)
        if accepted:
            self._accept(attempt)
        self._finish(attempt, error=cms(code) if code else AtError())

    def _later(
        self, seconds: float, end: Callable[[Attempt], None], attempt: Attempt, name: FaultName
    ) -> None:
        """End what a fault draws out."""

        def act() -> None:
            if self._is_heard(attempt):
                self._modem.mishaps.over(name)
            end(attempt)

        asyncio.get_running_loop().call_later(seconds, act)

    def _record(self, attempt: Attempt, answer: Answer, *, accepted: bool, **extra: object) -> None:
        self._modem.journal.write(
            Event.SUBMIT,
            self._modem.index,
            pdu=attempt.submit.hex(attempt.mr),
            mr=attempt.mr,
            t_ctrl_z=attempt.t_ctrl_z,
            answer=answer,
            accepted=accepted,
            to=attempt.submit.destination,
            **extra,
        )

    def _is_heard(self, attempt: Attempt) -> bool:
        """Whether the modem that sent it still waits for its answer."""
        return self._modem.is_up and self._modem.session == attempt.session

    def _swallow(self, attempt: Attempt) -> None:
        if self._is_heard(attempt):
            self._modem.terminal.idle()
            self._modem.terminal.resume()

    def _finish(self, attempt: Attempt, error: AtError | None = None) -> None:
        if not self._is_heard(attempt):
            return
        if error is not None:
            self._modem.interpreter.failed(error)
            return
        if attempt.sent is not None:
            attempt.sent()
        self._keep_link()
        self._modem.interpreter.done([f"{attempt.told}: {attempt.mr}"])

    def _keep_link(self) -> None:
        """`+CMMS=1` becomes 0 by itself where no further text comes in time (27.005 §3.5.6)."""
        kept = self._modem.settings.kept
        if kept.get("+CMMS") == (1,):
            loop = asyncio.get_running_loop()
            self._link = loop.call_later(_LINK_S, kept.pop, "+CMMS", None)
