"""Whose turn it is: pools and keys that share a line get the same number of parts.

Each *flow* (a pool and a key) has a clock that moves on by the parts that it has sent, and of those
who have something waiting the one that is furthest behind sends next. A flow that had nothing
waiting takes up where the line is now: what it did not use is not owed to it. That shares as
deficit round robin does, within one text of what is just, and needs no quantum: flows alternate
text by text (start-time fair queueing; Goyal, Vin and Cheng, 1996).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.gateway.lanes import Flow

FLOWS_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Turns:
    """How the flows of one line stand at a moment."""

    sent: Mapping[Flow, int] = field(default_factory=dict)
    now: int = 0

    def standing(self, flow: Flow) -> int:
        """How much a flow has had; who has had least is next."""
        return max(self.sent.get(flow, 0), self.now)

    def charged(self, flow: Flow, parts: int) -> Turns:
        """How they stand when a flow sends so many parts."""
        now = self.standing(flow)
        # Who is not ahead of the line stands where it does, and need not be remembered.
        ahead = {other: sent for other, sent in self.sent.items() if sent > now}
        if len(ahead) < FLOWS_LIMIT:
            ahead[flow] = now + parts
        return Turns(ahead, now)
