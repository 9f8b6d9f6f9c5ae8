"""The ladder: what to do about a modem that fails, and how long to wait before.

Its lowest rung, bringing the dialogue into step, is the channel's own and has failed before this
is asked. Then the port is reopened, some times, each after a longer pause; then the modem is
reset; then its power is cut, where a command for that is configured; then it is left alone for a
while, and a person is told. A modem that ran steadily begins at the foot again. One that failed
again soon after a reset or a new start had helped gets the same sooner, a few times.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.modem.settings import Timing


class Rung(Enum):
    """What to do."""

    REOPEN = auto()
    RESET = auto()
    POWER_CYCLE = auto()
    QUARANTINE = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and how long to wait then before opening the port, in seconds."""

    rung: Rung
    wait_s: float


_REOPENINGS = 4
_DOUBLINGS = 16
_CURES = 3


class Ladder:
    """The failures of one modem in a row."""

    __slots__ = ("_cures", "_doublings", "_failures", "_position", "_random", "_rungs", "_timing")

    def __init__(
        self,
        timing: Timing,
        *,
        can_cycle_power: bool,
        random: Callable[[], float] = random.random,
    ) -> None:
        last = Rung.POWER_CYCLE if can_cycle_power else Rung.RESET
        reopen = (Rung.REOPEN,) * _REOPENINGS
        self._rungs = (*reopen, Rung.RESET, *reopen, last, *reopen)
        self._timing = timing
        self._random = random
        self.steady()

    @property
    def failures(self) -> int:
        """Failures since it last ran steadily."""
        return self._failures

    def steady(self) -> None:
        """It ran long enough to be trusted again."""
        self._failures = self._position = self._doublings = self._cures = 0

    def usable(self) -> None:
        """It works again; for how long is not known yet."""
        self._doublings = 0
        taken = self._rungs[self._position - 1] if self._position else Rung.REOPEN
        if taken is not Rung.REOPEN and self._cures < _CURES:
            self._cures += 1
            self._position -= 2  # one reopening, then what has helped now

    def fail(self) -> Step:
        """It failed once more: what now?"""
        pause = self.pause()
        if self._position == len(self._rungs):
            return Step(Rung.QUARANTINE, self._timing.quarantine_s)
        rung = self._rungs[self._position]
        self._position += 1
        if rung is not Rung.REOPEN:
            return Step(rung, self._timing.reset_s)
        return Step(rung, pause)

    def start_at(self, rung: Rung) -> Step:
        """A person wants this rung, whatever has failed before: go on from there.

        `POWER_CYCLE` only where it can be done.
        """
        self._position = self._rungs.index(rung) + 1
        self._doublings = self._cures = 0
        return Step(rung, 0.0 if rung is Rung.REOPEN else self._timing.reset_s)

    def pause(self) -> float:
        """It could not be opened, which no rung but time or a person can mend: how long to wait.

        Jitter: after a hub's reset sixteen modems shall not come back in the same instant.
        """
        doubled = self._timing.backoff_s * (1 << min(self._doublings, _DOUBLINGS))
        self._failures += 1
        self._doublings += 1
        return min(doubled, self._timing.backoff_limit_s) * (0.5 + self._random())
