"""Status reports: made by a timetable, now and then lost, doubled, or there before the OK.

Theory of operation. A part that asks for reports gets temporary ones (TP-ST 0x20 to 0x3F) at the
times of the timetable, and one when it has to wait, as long as its last one is not made. The last
one (delivered, or given up) comes a while after the network is done with the part. All are sent to
the SIM as texts are: they wait where a modem cannot take them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.simulator import tpdu
from modemgw.simulator.delay import USUAL, Delay
from modemgw.simulator.dice import dice
from modemgw.simulator.journal import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.journal import Journal
    from modemgw.simulator.part import Part
    from modemgw.simulator.timers import Timers

ABSENT: Final = 0x22  # no response from SME, still trying (23.040 §9.2.3.15)
NO_ROOM: Final = 0x25  # error in SME, still trying


@dataclass(frozen=True, slots=True)
class Temporary:
    """A report that says "not yet": so long behind the submit, with this TP-ST."""

    after_s: float
    st: int


@dataclass(frozen=True, slots=True)
class ReportPolicy:
    """How status reports are made: `st` is TP-ST (23.040 §9.2.3.15), 0 is delivered.

    `lose`, `double` and `early` are probabilities; an early one comes before the submit's OK.
    `on_hold`: a part that has to wait is told of at once.
    """

    enabled: bool = True
    delay: Delay = USUAL
    st: int = 0
    temporary: tuple[Temporary, ...] = ()
    on_hold: bool = True
    lose: float = 0.0
    double: float = 0.0
    early: float = 0.0

    @property
    def is_sure(self) -> bool:
        """Whether each report comes once, behind the OK."""
        return not (self.lose or self.double or self.early)


class Reporter:
    """Makes the reports of one service centre. `send` gives a TPDU to the SIM with a number."""

    def __init__(
        self,
        policy: ReportPolicy,
        *,
        seed: int,
        smsc: str,
        timers: Timers,
        journal: Journal,
        send: Callable[[str, str], None],
    ) -> None:
        self._for_all = policy
        self._of: dict[str, ReportPolicy] = {}
        self._seed = seed
        self._smsc = smsc
        self._timers = timers
        self._journal = journal
        self._send = send

    def set(self, policy: ReportPolicy, number: str | None = None) -> None:
        """How it reports to this SIM, whatever it does for the others; or to all of those."""
        if number is None:
            self._for_all = policy
        else:
            self._of[number] = policy

    def policy_of(self, number: str | None) -> ReportPolicy:
        """How it reports to this SIM, or to those of which nothing is said."""
        return self._for_all if number is None else self._of.get(number, self._for_all)

    def taken(self, part: Part) -> None:
        """The network took a part: its timetable begins."""
        policy = self.policy_of(part.sender)
        if policy.enabled and part.submit.wants_report:
            for temporary in policy.temporary:
                self._later(temporary.after_s, part, temporary.st)

    def held(self, part: Part, st: int) -> None:
        """A part has to wait; said so at once, but behind the answer to its submit."""
        policy = self.policy_of(part.sender)
        if policy.enabled and policy.on_hold and part.submit.wants_report:
            self._later(0.0, part, st)

    def ended(self, part: Part, st: int | None = None, delay: Delay | None = None) -> None:
        """The network is done with a part; `st` and `delay` where they are not the policy's."""
        policy = self.policy_of(part.sender)
        if not (policy.enabled and part.submit.wants_report):
            return
        final = policy.st if st is None else st
        delay = policy.delay if delay is None else delay
        if policy.is_sure and not delay.is_drawn:
            self._later(delay.s, part, final, last=True)
        else:
            self._by_chance(part, final, policy, delay)

    def _by_chance(self, part: Part, st: int, policy: ReportPolicy, delay: Delay) -> None:
        chance = dice(self._seed, "report", part.sender, part.serial)
        lost, doubled, early = (
            chance.random() < p for p in (policy.lose, policy.double, policy.early)
        )
        first, second = delay.draw(chance), delay.draw(chance)
        if lost:
            part.is_over = True
            self._lose(part, st, "lost")
            return
        if early:
            self._make_last(part, st)
        else:
            self._later(first, part, st, last=True)
        if doubled:
            self._later(second, part, st, last=True)

    def _later(self, seconds: float, part: Part, st: int, *, last: bool = False) -> None:
        def act() -> None:
            if last:
                self._make_last(part, st)
            elif not part.is_over:
                self._make(part, st)

        if self._timers.after(seconds, act) is None:
            self._lose(part, st, "too many wait")

    def _make_last(self, part: Part, st: int) -> None:
        part.is_over = True
        self._make(part, st)

    def _lose(self, part: Part, st: int, reason: str) -> None:
        self._journal.write(
            Event.REPORT_LOST, part.modem, mr=part.mr, to=part.recipient, st=st, reason=reason
        )

    def _make(self, part: Part, st: int) -> None:
        report = tpdu.report_on(
            part.submit,
            mr=part.mr,
            st=st,
            smsc=self._smsc,
            submitted=part.submitted,
            done=self._timers.date(),
        )
        self._send(part.sender, report)
