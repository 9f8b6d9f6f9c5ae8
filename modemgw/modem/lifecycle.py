"""A modem's life, as a table.

    absent -> opening -> initialising -> (locked | no_sim | denied) -> registering -> ready
                                                                       ready <-> degraded
    any of these -> recovering -> opening, or quarantined -> opening; or absent, when it goes
    quarantined -> recovering, when a person asks for a reset

Whatever fails leads to `recovering`; a modem that started anew by itself to `initialising`.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.modem.interface import ModemState as S

if TYPE_CHECKING:
    from collections.abc import Callable

_FAULT: Final = frozenset({S.RECOVERING, S.ABSENT})
_WITHOUT_SERVICE: Final = frozenset({S.LOCKED, S.NO_SIM, S.DENIED, S.REGISTERING})

MAY_FOLLOW: Final[dict[S, frozenset[S]]] = {
    S.ABSENT: frozenset({S.OPENING, S.RECOVERING}),
    S.OPENING: _FAULT | {S.INITIALISING},
    S.INITIALISING: _FAULT | _WITHOUT_SERVICE,
    S.LOCKED: _FAULT | {S.INITIALISING, S.NO_SIM},
    S.NO_SIM: _FAULT | {S.INITIALISING, S.LOCKED},
    S.DENIED: _FAULT | {S.INITIALISING, S.REGISTERING, S.READY},
    S.REGISTERING: _FAULT | {S.INITIALISING, S.DENIED, S.READY},
    S.READY: _FAULT | {S.INITIALISING, S.DEGRADED},
    S.DEGRADED: _FAULT | {S.INITIALISING, S.DENIED, S.READY},
    S.RECOVERING: frozenset({S.OPENING, S.ABSENT, S.QUARANTINED}),
    S.QUARANTINED: frozenset({S.OPENING, S.RECOVERING, S.ABSENT}),
}
"""What may follow what. Staying, with another reason, is always allowed."""

_KEPT = 100


@dataclass(frozen=True, slots=True)
class Stage:
    """A state, why, and since when, in seconds of the epoch."""

    state: S
    reason: str
    since: float


class Life:
    """Where a modem stands, and where it has been."""

    __slots__ = ("_clock", "_stages")

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._stages = deque([Stage(S.ABSENT, "not looked for yet", clock())], maxlen=_KEPT)

    @property
    def stage(self) -> Stage:
        """The present one."""
        return self._stages[-1]

    @property
    def history(self) -> tuple[Stage, ...]:
        """The last hundred, oldest first."""
        return tuple(self._stages)

    def lasted_s(self) -> float:
        """How long the present one has lasted."""
        return self._clock() - self._stages[-1].since

    def go(self, state: S, reason: str = "") -> bool:
        """Enter a state; false if nothing changes. Raises ValueError for what may not follow."""
        now = self.stage
        if state is now.state:
            if reason == now.reason:
                return False
            self._stages[-1] = Stage(state, reason, now.since)
            return True
        if state not in MAY_FOLLOW[now.state]:
            raise ValueError(f"{state} may not follow {now.state}")
        self._stages.append(Stage(state, reason, self._clock()))
        return True
