"""Slowing an operator down whose network says that it is congested.

Each refusal that is the network's fault doubles the pause that every line of that operator keeps
between two messages, from one second to a minute; each part that is accepted halves it. So a bank
does not hammer a network that has just recovered, and needs nobody to tell it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.gateway import causes
from modemgw.gateway.causes import Fault
from modemgw.modem.interface import Outcome

if TYPE_CHECKING:
    from modemgw.modem.interface import SubmitResult

SLOWED = "operator_slowed"
FIRST_S, LONGEST_S, NONE_BELOW_S = 1.0, 60.0, 0.5
FORGOTTEN_AFTER_S = 600.0
OPERATORS_LIMIT = 200


class Pace:
    """The pauses of all operators."""

    def __init__(self) -> None:
        self._gaps: dict[str, tuple[float, float]] = {}  # seconds, and when that was set

    def gap_s(self, operator: str | None, now: float) -> float:
        """How long a line of this operator pauses now."""
        gap_s, at = self._gaps.get(operator or "", (0.0, now))
        return gap_s if now - at < FORGOTTEN_AFTER_S else 0.0

    def clock_put_back(self, seconds: float) -> None:
        """The times of before, by a clock that was put back."""
        self._gaps = {name: (gap_s, at - seconds) for name, (gap_s, at) in self._gaps.items()}

    def note(self, operator: str | None, result: SubmitResult, now: float) -> None:
        """An answer from this operator's network."""
        gap_s = self.gap_s(operator, now)
        if _is_congestion(result):
            gap_s = min(max(gap_s * 2, FIRST_S), LONGEST_S)
        elif result.outcome is Outcome.ACCEPTED and gap_s:
            gap_s = gap_s / 2 if gap_s / 2 >= NONE_BELOW_S else 0.0
        else:
            return
        self._gaps.pop(operator or "", None)
        if gap_s:
            self._gaps[operator or ""] = gap_s, now
        if len(self._gaps) > OPERATORS_LIMIT:
            del self._gaps[next(iter(self._gaps))]


def _is_congestion(result: SubmitResult) -> bool:
    if result.outcome is not Outcome.REFUSED:
        return False
    return causes.of_refusal(result.family, result.code).fault is Fault.NETWORK
