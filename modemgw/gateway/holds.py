"""What a queued message waits for, found out when somebody asks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.gateway.lanes import Lane, is_of
from modemgw.gateway.line_state import EVERYTHING, LineState, pool_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.limits import Wait
    from modemgw.gateway.registry import Registry
    from modemgw.gateway.roster import Roster


@dataclass(frozen=True, slots=True)
class Hold:
    """What is waited for, a word for programs, and until when; None: nobody can tell."""

    rule: str
    until: float | None = None


class Holds:
    """Says what holds back a lane, a pool, or a line."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        registry: Registry,
        roster: Roster,
        clock: Callable[[], float],
    ) -> None:
        self._dispatcher, self._registry = dispatcher, registry
        self._roster, self._clock = roster, clock

    def of_lane(self, name: str) -> Hold | None:
        """What the messages of a lane wait for; None: their turn."""
        lane = Lane.parse(name)
        held = self.of_pool(lane.pool)
        if held is not None:
            return held
        if lane.patient and self._dispatcher.start_hold:
            return Hold("start_hold")
        if lane.line is not None:
            return self.of_line(lane.line)
        return self._of_lines(lane.pool)

    def of_pool(self, pool: str) -> Hold | None:
        """What the texts of a pool wait for on all its lines."""
        reasons = self._registry.pauses.reasons
        if EVERYTHING in reasons:
            return Hold("paused")
        if pool_scope(pool) in reasons:
            return Hold("pool_paused")
        return self._limit(self._dispatcher.pool_wait(pool))

    def of_line(self, line_id: str) -> Hold | None:
        """What a line waits for."""
        standing = self._registry.standing(line_id)
        if standing.state is not LineState.ACTIVE:
            return Hold(f"line_{standing.state}", standing.until)
        if not self._registry.is_present(line_id):
            return Hold("line_away")
        if self._registry.modem_is_paused(line_id):
            return Hold("modem_paused")
        rest_s = self._dispatcher.line_rest_s(line_id)
        if rest_s > 0:
            return Hold(f"line_{LineState.RESTING}", self._clock() + rest_s)
        return self._limit(self._dispatcher.line_wait(line_id))

    def _of_lines(self, pool: str) -> Hold | None:
        """What all lines of a pool wait for: what is over first."""
        held = []
        for row in self._registry.rows.values():
            if not is_of(pool, self._roster.pools_of(row.iccid, row.number)):
                continue
            hold = self.of_line(row.id)
            if hold is None:
                return None
            held.append(hold)
        first = min(held, key=lambda h: math.inf if h.until is None else h.until, default=None)
        return Hold("no_line") if first is None or first.rule == "line_retired" else first

    def _limit(self, wait: Wait | None) -> Hold | None:
        if wait is None or wait.until <= self._clock():
            return None
        return Hold(wait.rule, wait.until)
