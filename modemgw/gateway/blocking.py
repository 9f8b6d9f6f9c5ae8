"""Whether an operator has blocked a SIM: it refuses one text after the other.

Of the codes that tell of it (24.011 §8.2.5.4), two may mean something else. 28 is what some
networks say of a recipient that does not exist, so each recipient counts once. 38 is an outage of
the network, which strikes all its lines: it counts once for each recipient, too, and 38 alone
proves nothing unless another line of the same operator was heard out meanwhile. Kept in memory:
after a restart the count begins anew. Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.modem.interface import Outcome

if TYPE_CHECKING:
    from modemgw.gateway.claims import Job
    from modemgw.modem.interface import SubmitResult

BLOCKING: Final = frozenset({8, 10, 21, 28, 29, 38, 50, 69})
OUTAGE: Final = 38
_BY_RECIPIENT: Final = frozenset({28, OUTAGE})
LONGEST_RUN: Final = 100


@dataclass(frozen=True, slots=True)
class Run:
    """Refusals of a line with nothing accepted between them, since a time."""

    since: float
    counted: tuple[tuple[int, str | None], ...] = ()  # code, and whose it is where that matters

    def and_refused(self, code: int, recipient: str) -> Run:
        """With one more."""
        item = (code, recipient if code in _BY_RECIPIENT else None)
        if item[1] is not None and any(known == recipient for _, known in self.counted):
            return self
        return Run(self.since, (*self.counted, item)[-LONGEST_RUN:])

    def is_blocked(self, refusals: int, network_worked_at: float | None) -> bool:
        """Whether so many refusals say that the SIM is blocked. `network_worked_at`: when another
        line of its operator last had a text accepted.
        """
        if len(self.counted) < refusals:
            return False
        certain = any(code != OUTAGE for code, _ in self.counted)
        return certain or (network_worked_at is not None and network_worked_at >= self.since)

    @property
    def words(self) -> str:
        """What came, for a person."""
        codes = ", ".join(str(code) for code in sorted({code for code, _ in self.counted}))
        return (
            f"its operator refused {len(self.counted)} texts in a row (+CMS ERROR {codes}): the "
            "SIM seems to be blocked"
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a network said to a part. `code` is the `+CMS ERROR` that it was refused with for
    certain; `at` in seconds of the epoch.
    """

    line_id: str
    operator: str | None
    recipient: str
    accepted: bool
    code: int | None
    want_report: bool
    at: float

    @classmethod
    def of(
        cls, line_id: str, operator: str | None, job: Job, result: SubmitResult, at: float
    ) -> Answer:
        """That to a part of a message."""
        refused = result.outcome is Outcome.REFUSED and result.family == "cms"
        return cls(
            line_id,
            operator,
            job.recipient,
            result.outcome is Outcome.ACCEPTED,
            result.code if refused else None,
            job.want_report,
            at,
        )


class Watch:
    """Follows the answers to all lines of this host."""

    def __init__(self, refusals: int) -> None:
        """`refusals` in a row mean that a SIM is blocked; 0: nothing does."""
        self._refusals = refusals
        self._runs: dict[str, Run] = {}
        self._accepted: dict[str, tuple[str | None, float]] = {}  # operator and time, by line

    def told(self, answer: Answer) -> Run | None:
        """Note an answer; the run by which the line is blocked now, if it is."""
        if answer.accepted:
            self._accepted[answer.line_id] = (answer.operator, answer.at)
            self._runs.pop(answer.line_id, None)
            return None
        if not self._refusals or answer.code not in BLOCKING:
            return None
        before = self._runs.get(answer.line_id, Run(answer.at))
        run = self._runs[answer.line_id] = before.and_refused(answer.code, answer.recipient)
        return run if run.is_blocked(self._refusals, self._worked_at(answer)) else None

    def forget(self, line_id: str) -> None:
        """Begin anew with a line."""
        self._runs.pop(line_id, None)

    def _worked_at(self, answer: Answer) -> float | None:
        times = (
            at
            for line_id, (operator, at) in self._accepted.items()
            if line_id != answer.line_id and operator == answer.operator is not None
        )
        return max(times, default=None)
