"""Which of several idle lines sends next: the one that is used least, is cheapest, is heard best;
and how fast each is.

The score of a line is the sum of three numbers, and the lowest wins: what it has sent lately as a
share of what it may send in an hour (of a hundred parts, where no plan says); its cost of a part;
and up to a tenth for a weak signal. So cost decides between lines that cost differently as soon as
it outweighs how much one of them is used, and signal only between equals.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemgw.gateway.plans import Plan
    from modemgw.gateway.roster import Line

WINDOW_S = 3_600.0
USUAL_PARTS = 100.0
_WEAKEST_DBM, _STRONGEST_DBM = -113, -51  # 27.007 §8.5
_SIGNAL_WEIGHT = 0.1
_TEMPO_WEIGHT = 0.1


class Load:
    """How many parts a line has sent lately: each counts less the longer ago it was."""

    def __init__(self) -> None:
        self._parts, self._at = 0.0, 0.0

    def add(self, parts: int, now: float) -> None:
        """So many were sent now."""
        self._parts, self._at = self.parts(now) + parts, now

    def parts(self, now: float) -> float:
        """How many that are now."""
        return self._parts * math.exp(-max(now - self._at, 0.0) / WINDOW_S)


class Tempo:
    """How long a line takes for a part lately: the last few count most."""

    def __init__(self) -> None:
        self.part_s: float | None = None  # None: it has sent none yet

    def note(self, seconds: float) -> None:
        """A part was accepted after this time."""
        before = seconds if self.part_s is None else self.part_s
        self.part_s = before + (seconds - before) * _TEMPO_WEIGHT


def score(line: Line, parts: float, rssi_dbm: int | None) -> float:
    """How unfit a line is to send the next text; see above."""
    dbm = _WEAKEST_DBM if rssi_dbm is None else rssi_dbm
    strength = (dbm - _WEAKEST_DBM) / (_STRONGEST_DBM - _WEAKEST_DBM)
    weakness = 1 - min(max(strength, 0.0), 1.0)
    return parts / _parts_an_hour(line.plan) + line.cost + _SIGNAL_WEIGHT * weakness


def _parts_an_hour(plan: Plan) -> float:
    rates = (
        plan.per_minute and plan.per_minute * 60.0,
        plan.per_hour,
        plan.per_day and plan.per_day / 24.0,
        plan.per_month and plan.per_month / 720.0,
    )
    return min((rate for rate in rates if rate), default=USUAL_PARTS)
