"""Whatever comes in whatever order, the reassembler says what its rules say one by one."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from modemgw import pdu

from .naive_reassembler import NaiveReassembler

T0 = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
LINES = ("8931440000000000001", "8931440000000000002")
WINDOW_S, MAX_OPEN, MAX_PER_SENDER, SPREAD_S = 100, 4, 2, 3600


def _message(sender: str, text: str, ref: int, late_s: int) -> list[pdu.Deliver]:
    frames = pdu.encode_deliver(sender, text, scts=T0 + timedelta(seconds=late_s), ref=ref)
    parts = (pdu.decode(frame.hex) for frame in frames)
    return [part for part in parts if isinstance(part, pdu.Deliver)]


# Few references, so that they collide: with other content, at another time, or with both alike.
POOL = [
    part
    for sender in ("+31641600986", "+12025550123", "Bank")
    for letter, total in (("a", 2), ("b", 2), ("c", 3))
    for ref in (1, 2)
    for late_s in (0, 60, 90_000)
    for part in _message(sender, letter * 150 * total, ref, late_s)
]
POOL += [dataclasses.replace(part, scts=None) for part in POOL[:12]]


class AsItsRules(RuleBasedStateMachine):
    """The machine beside the naive one."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = pdu.Reassembler(
            window_s=WINDOW_S, max_open=MAX_OPEN, max_per_sender=MAX_PER_SENDER, spread_s=SPREAD_S
        )
        self.naive = NaiveReassembler(WINDOW_S, MAX_OPEN, MAX_PER_SENDER, SPREAD_S)
        self.now = 0.0
        self.token = 0
        self.latest = POOL[0]

    @rule(part=st.sampled_from(POOL), line=st.sampled_from(LINES), given=st.booleans())
    def a_part_comes(self, part: pdu.Deliver, line: str, given: bool) -> None:
        """Any of the pool."""
        self._add(part, line, given=given)

    @rule(index=st.integers(0, len(POOL) - 1), stride=st.integers(1, 2))
    def its_neighbours_come(self, index: int, stride: int) -> None:
        """Parts that are likely to make something whole."""
        for part in POOL[index : index + 3 * stride : stride]:
            self._add(part, LINES[0])

    @rule()
    def the_latest_part_comes_again(self) -> None:
        """As networks repeat what was not acknowledged."""
        self._add(self.latest, LINES[0])

    @rule(seconds=st.sampled_from([0.5, 10, 40, 100, 101, -30, -1000]))
    def the_clock_jumps(self, seconds: float) -> None:
        """Forward, or back."""
        self.now += seconds

    @rule(older_than_s=st.sampled_from([0, 10, 50, 1000]))
    def the_owner_wants_what_is_old(self, older_than_s: float) -> None:
        """Partial messages."""
        assert self.machine.expire(self.now, older_than_s) == self.naive.expire(
            self.now, older_than_s
        )

    @rule(older_than_s=st.sampled_from([0, 10, 50]))
    def the_owner_sleeps_until_something_is_due(self, older_than_s: float) -> None:
        """And finds it, though nothing a moment before."""
        deadline = self.machine.next_deadline(older_than_s)
        if deadline is None or deadline <= self.now:
            return
        self.now = deadline
        due = self.machine.expire(deadline, older_than_s)
        assert due
        assert due == self.naive.expire(deadline, older_than_s)

    @rule()
    def the_process_ends_and_starts(self) -> None:
        """What was stored is the machine."""
        self.machine = pdu.Reassembler.restored(
            self.machine.dump(),
            window_s=WINDOW_S,
            max_open=MAX_OPEN,
            max_per_sender=MAX_PER_SENDER,
            spread_s=SPREAD_S,
        )

    @invariant()
    def the_same_waits(self) -> None:
        """Within the bounds."""
        assert len(self.machine) == len(self.naive.open) <= MAX_OPEN
        assert self.machine.next_deadline(20) == self.naive.next_deadline(20)

    def _add(self, part: pdu.Deliver, line: str, *, given: bool = False) -> None:
        self.token += 1
        self.latest = part
        joined = self.machine.add(
            line, part, now=self.now, token=self.token, delivered_partial=given
        )
        assert joined == self.naive.add(line, part, self.now, self.token, given=given)


TestTheReassembler = AsItsRules.TestCase
TestTheReassembler.settings = settings(stateful_step_count=40)
