"""Flows that share a line get the same, whatever they have waiting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.lanes import Lane, WaitingLanes, lane_of
from modemgw.gateway.turns import Turns

A, B, C = ("a", ""), ("b", ""), ("c", "")


@given(st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=1, max_size=200))
def test_two_that_always_have_something_differ_by_one_text_at_most(
    texts: list[tuple[int, int]],
) -> None:
    """Whatever the lengths of their texts."""
    turns, had = Turns(), {A: 0, B: 0}
    for of_a, of_b in texts:
        flow = min(had, key=turns.standing)
        parts = of_a if flow == A else of_b
        turns = turns.charged(flow, parts)
        had[flow] += parts
        assert abs(had[A] - had[B]) <= 10


def test_who_was_silent_is_owed_nothing() -> None:
    """It takes up where the line is, and does not hold the others up for what it never used."""
    turns = Turns()
    for _ in range(100):
        turns = turns.charged(A, 1)
    order = []
    for _ in range(6):
        flow = min((A, B), key=turns.standing)
        turns = turns.charged(flow, 1)
        order.append(flow)
    assert order.count(A) == 3


def seen(
    lanes: WaitingLanes, of: str = "lin_1", *, closed: str = "", patient_too: bool = True
) -> list[str]:
    """The lanes that a line of the pool `sales` sees."""
    return lanes.of(of, {"", "sales"}, lambda pool: pool != closed, patient_too=patient_too)


def test_what_was_put_into_a_lane_while_it_was_looked_at_is_not_forgotten() -> None:
    """A lane that a claim found empty stays, if something came meanwhile."""
    lanes, name = WaitingLanes(), lane_of("lin_1", "sales", "key_0123456789", kind="marketing")
    lanes.add(name, 2)
    mark = lanes.mark
    lanes.add(name, 2)
    lanes.emptied([name], mark)
    assert seen(lanes) == [name]
    assert seen(lanes, patient_too=False) == []
    assert seen(lanes, closed="sales") == []
    assert seen(lanes, of="lin_2") == []
    lanes.emptied([name], lanes.mark)
    assert seen(lanes) == []
    assert Lane.parse(name) == Lane("lin_1", "sales", "23456789", patient=True)
