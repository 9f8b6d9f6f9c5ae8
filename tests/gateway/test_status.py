"""The tables of statuses and causes: total, closed, and true to each other."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.causes import Fault, of_refusal, retry_wait_s
from modemgw.gateway.reports import verdict
from modemgw.gateway.status import (
    ACCEPTED,
    CANCELABLE,
    MOVES,
    PART_MOVES,
    UNFINISHED,
    IllegalMoveError,
    MessageStatus,
    PartStatus,
    moved,
    part_moved,
    summarise,
)

PARTS = st.lists(st.sampled_from(PartStatus), min_size=1, max_size=6)
ENDED = {MessageStatus.CANCELED, MessageStatus.EXPIRED, MessageStatus.BLOCKED}


@given(PARTS)
def test_any_parts_make_a_status_whatever_their_order(parts: list[PartStatus]) -> None:
    """`summarise` is total, knows no order, and never says what only a whole message can be."""
    status = summarise(parts)
    assert status is summarise(parts[::-1])
    assert status in MOVES
    assert status not in ENDED | {MessageStatus.SCHEDULED, MessageStatus.RECEIVED}
    assert (status is MessageStatus.DELIVERED) == (set(parts) == {PartStatus.DELIVERED})
    if status in (MessageStatus.SENT, MessageStatus.UNDELIVERED):
        assert ACCEPTED.issuperset(parts)


def test_the_tables_know_every_status_and_lead_nowhere_else() -> None:
    """Closed under every step; what has ended for good is left by none."""
    assert set(MOVES) == set(MessageStatus)
    assert set(PART_MOVES) == set(PartStatus)
    assert CANCELABLE < UNFINISHED
    for status in ENDED:
        assert not MOVES[status]
    for status in CANCELABLE:
        assert MessageStatus.CANCELED in MOVES[status]


def test_a_step_that_is_not_in_the_table_raises() -> None:
    """A mistake of ours is found where it is made."""
    for now, to in itertools.product(MessageStatus, MessageStatus):
        if to in MOVES[now]:
            assert moved(now, to) is to
        else:
            with pytest.raises(IllegalMoveError):
                moved(now, to)
    for was, then in itertools.product(PartStatus, PartStatus):
        if then in PART_MOVES[was]:
            assert part_moved(was, then) is then
        else:
            with pytest.raises(IllegalMoveError):
                part_moved(was, then)


def test_whatever_accepted_parts_still_learn_the_message_can_follow() -> None:
    """Reports in any order never ask for a step that the message's table lacks."""
    learns = {
        PartStatus.SENT: (PartStatus.DELIVERED, PartStatus.UNDELIVERED),
        PartStatus.UNDELIVERED: (PartStatus.DELIVERED,),
        PartStatus.DELIVERED: (),
    }
    for count in (1, 2, 3):
        todo = [(PartStatus.SENT,) * count]
        seen = set(todo)
        while todo:
            parts = todo.pop()
            for i, part in enumerate(parts):
                for to in learns[part]:
                    then = (*parts[:i], part_moved(part, to), *parts[i + 1 :])
                    was, now = summarise(parts), summarise(then)
                    assert now is was or now in MOVES[was], (parts, then)
                    if then not in seen:
                        seen.add(then)
                        todo.append(then)


@given(st.sampled_from(["cms", "cme", "", "other"]), st.none() | st.integers(-1, 10**9))
def test_every_refusal_has_a_cause(family: str, code: int | None) -> None:
    """Whatever a modem says, there is a word, a sentence and somebody's fault."""
    cause = of_refusal(family, code)
    assert cause.code.isidentifier()
    assert len(cause.code) <= 48
    assert cause.words.endswith(".")


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (1, Fault.MESSAGE),
        (8, Fault.LINE),
        (21, Fault.LINE),
        (27, Fault.RECIPIENT),
        (38, Fault.NETWORK),
        (42, Fault.NETWORK),
        (310, Fault.LINE),
        (314, Fault.MODEM),
        (322, Fault.MODEM),
    ],
)
def test_well_known_refusals_are_whose_fault_they_are(code: int, fault: Fault) -> None:
    """27.005 §3.2.5 and 24.011 §8.2.5.4."""
    assert of_refusal("cms", code).fault is fault


@given(st.sampled_from(Fault), st.integers(1, 1_000), st.floats(0, 1))
def test_waits_grow_within_bounds(fault: Fault, attempt: int, jitter: float) -> None:
    """Never before its time, never longer than an hour and a quarter; hopeless is hopeless."""
    wait_s = retry_wait_s(fault, attempt, jitter)
    if fault is Fault.MESSAGE:
        assert wait_s is None
    else:
        assert wait_s is not None
        assert 0.75 <= wait_s <= 4_500
        later_s = retry_wait_s(fault, attempt + 1, jitter)
        assert later_s is not None
        assert later_s >= wait_s


@given(st.integers(0, 255))
def test_every_report_status_means_something(tp_st: int) -> None:
    """23.040 §9.2.3.15: completed, still trying, given up."""
    expected = {0: PartStatus.DELIVERED, 1: None}.get(tp_st >> 5, PartStatus.UNDELIVERED)
    assert verdict(tp_st) is expected
