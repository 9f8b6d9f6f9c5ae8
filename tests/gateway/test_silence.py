"""Texts that are accepted and arrive no longer: told from chance, and from a silent network."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.silence import (
    BEFORE_S,
    BUCKET_S,
    LEAST_BEFORE,
    LEAST_RECENT,
    LEAST_SHARE,
    RECENT_S,
    SOON_S,
    Share,
    Shares,
    has_fallen,
)

START, HOUR = 1_000_000 * BUCKET_S, 3_600.0


@st.composite
def shares(draw: st.DrawFn) -> Share:
    """Any count."""
    sent = draw(st.integers(0, 5_000))
    return Share(sent, draw(st.integers(0, sent)))


@given(shares(), shares())
def test_only_a_fall_by_half_with_enough_texts_counts(recent: Share, before: Share) -> None:
    """Whatever the counts are."""
    if has_fallen(recent, before):
        assert recent.value <= before.value / 2
        assert recent.sent >= LEAST_RECENT
        assert before.sent >= LEAST_BEFORE
        assert before.value >= LEAST_SHARE


@given(shares(), shares(), st.integers(1, 100))
def test_fewer_arriving_never_makes_it_better(recent: Share, before: Share, lost: int) -> None:
    """What counts as fallen still does when less arrives."""
    worse = Share(recent.sent, max(recent.delivered - lost, 0))
    assert has_fallen(worse, before) or not has_fallen(recent, before)


@given(shares())
def test_the_bounds_hold_the_share(share: Share) -> None:
    """Within 0 and 1."""
    low, high = share.bounds()
    assert 0.0 <= low <= high <= 1.0
    assert low <= share.value + 1e-9
    assert share.value <= high + 1e-9


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_chance_alone_lets_no_line_rest(share: float) -> None:
    """Of two thousand hours of a line whose share stays the same, not one counts as fallen."""
    chance = random.Random(7)

    def drawn(sent: int) -> Share:
        return Share(sent, sum(chance.random() < share for _ in range(sent)))

    hours = [(drawn(chance.randint(20, 60)), drawn(200)) for _ in range(2_000)]
    assert not [hour for hour in hours if has_fallen(*hour)]


def told(
    shares: Shares, line: str, begin: float, end: float, *, per_hour: int, arriving: float
) -> None:
    """Texts at even distances, of which a share is reported as delivered after ten seconds."""
    count = int((end - begin) / HOUR * per_hour)
    arrived = 0.0
    for i in range(count):
        at = begin + i * HOUR / per_hour
        shares.accepted(line, at)
        arrived += arriving
        if arrived >= 1:
            arrived -= 1
            shares.delivered(line, at, at + 10)


def a_day_and_an_hour(*lines: tuple[str, float, float]) -> tuple[Shares, float]:
    """Lines with their share of the day, and of the hour after it; and the moment to judge."""
    found, dawn = Shares(), START + BEFORE_S
    for line, before, recent in lines:
        told(found, line, START, dawn, per_hour=40, arriving=before)
        told(found, line, dawn, dawn + RECENT_S, per_hour=40, arriving=recent)
    return found, dawn + RECENT_S + SOON_S


def test_a_line_whose_texts_arrive_no_longer_is_found() -> None:
    """Alone in its bank or beside others that are well."""
    found, now = a_day_and_an_hour(("one", 0.9, 0.1))
    assert set(found.silent(now)) == {"one"}
    found, now = a_day_and_an_hour(("one", 0.9, 0.25), ("two", 0.9, 0.9), ("three", 0.8, 0.8))
    assert set(found.silent(now)) == {"one"}
    assert "25% of 40" in found.silent(now)["one"].words


def test_a_fall_of_all_lines_is_the_network_s() -> None:
    """None of them rests for it."""
    found, now = a_day_and_an_hour(("one", 0.9, 0.1), ("two", 0.9, 0.1), ("three", 0.9, 0.0))
    assert not found.silent(now)


def test_a_network_that_does_not_report_is_not_judged() -> None:
    """Silence is what it always says."""
    found, now = a_day_and_an_hour(("one", 0.0, 0.0), ("two", 0.1, 0.0), ("three", 0.9, 0.9))
    assert not found.silent(now)


def test_texts_whose_reports_may_still_come_are_not_looked_at() -> None:
    """A campaign that has just begun has no reports yet."""
    found = Shares()
    told(found, "one", START, START + BEFORE_S, per_hour=40, arriving=0.9)
    begun = START + BEFORE_S
    told(found, "one", begun, begun + SOON_S, per_hour=600, arriving=0.0)
    assert not found.silent(begun + SOON_S)
    assert set(found.silent(begun + 2 * SOON_S)) == {"one"}


def test_late_reports_count_for_neither_side() -> None:
    """A phone that was off for a day says nothing of this hour, nor of the day before."""
    found = Shares()
    found.accepted("one", START)
    found.delivered("one", START, START + SOON_S + 1)
    assert found._sum("one", START, START + 1) == Share(1, 0)
    found.delivered("one", START, START + SOON_S)
    assert found._sum("one", START, START + 1) == Share(1, 1)


def test_what_is_old_is_forgotten() -> None:
    """A line that sends for ever takes no more memory than a day of it."""
    found = Shares()
    told(found, "one", START, START + 9 * BEFORE_S, per_hour=20, arriving=0.5)
    found.silent(START + 9 * BEFORE_S)
    most = (BEFORE_S + RECENT_S + SOON_S) / BUCKET_S + 1
    assert len(found._buckets["one"]) <= most
    found.silent(START + 99 * BEFORE_S)
    assert not found._buckets
    found.delivered("one", START, START + 1)
    assert not found._buckets
