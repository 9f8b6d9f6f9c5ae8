"""When so many parts will have gone, as the plans of the lines let them."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway import plans
from modemgw.gateway.forecast import HORIZON_S, Sender, done_at
from modemgw.gateway.plans import Plan

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=UTC).timestamp()
HOUR, DAY = 3_600.0, 86_400.0
FREE = Plan("free")


def at(day: int, hour: int, minute: int = 0) -> float:
    """A time in June 2026."""
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC).timestamp()


def test_lines_without_limits_send_side_by_side_at_their_own_speed() -> None:
    """Two at 2 s and one at 4 s: a part and a quarter a second."""
    senders = [Sender(FREE, part_s=2.0), Sender(FREE, part_s=2.0), Sender(FREE, part_s=4.0)]
    assert done_at(1_250, senders, NOON) == pytest.approx(NOON + 1_000)


def test_nothing_is_done_at_once_and_no_line_never() -> None:
    """The two ends."""
    assert done_at(0, [], NOON) == NOON
    assert done_at(1, [], NOON) is None
    assert done_at(1, [Sender(Plan("none", per_day=0), part_s=1.0)], NOON) is None


def test_a_limit_of_an_hour_lets_the_rest_wait_for_the_next() -> None:
    """250 at 100 an hour: two hours are full, then fifty more."""
    line = Sender(Plan("p", per_hour=100), part_s=3.0)
    assert done_at(250, [line], NOON) == pytest.approx(NOON + 2 * HOUR + 50 * 3)


def test_what_is_used_already_counts() -> None:
    """Of the hour and of the day."""
    minute_ago = {("hour", NOON - 60): 80.0}
    line = Sender(Plan("p", per_hour=100), part_s=3.0, used=minute_ago)
    assert done_at(20, [line], NOON) == pytest.approx(NOON + 60)
    assert done_at(21, [line], NOON) == pytest.approx(NOON + HOUR + 3)
    today = {("day", at(10, 0)): 90.0}
    line = Sender(Plan("p", per_day=100), part_s=3.0, used=today)
    assert done_at(15, [line], NOON) == pytest.approx(at(11, 0) + 5 * 3)


def test_a_day_begins_at_midnight_in_the_zone_of_the_plan() -> None:
    """Half past five hours off: the day of India begins at 18:30 UTC."""
    plan = Plan("p", per_day=10, time_zone=ZoneInfo("Asia/Kolkata"))
    assert done_at(15, [Sender(plan, part_s=1.0)], NOON) == pytest.approx(at(10, 18, 30) + 5)


def test_a_month_that_is_used_up_waits_for_the_billing_day() -> None:
    """However fast the line is."""
    plan = Plan("p", per_month=100, billing_day=20)
    used = {("month", plans.month(NOON, plan.time_zone, 20).begins): 100.0}
    line = Sender(plan, part_s=1.0, used=used)
    assert done_at(30, [line], NOON) == pytest.approx(at(20, 0) + 30)


def test_a_new_sim_warms_up() -> None:
    """Ten on its first day, twenty on its second, then what the plan says."""
    line = Sender(Plan("p", per_day=100, warm_up=(10, 20)), since=NOON - 60, part_s=1.0)
    assert done_at(40, [line], NOON) == pytest.approx(at(12, 0) + 10)


def test_a_least_gap_and_a_limit_of_a_minute_slow_a_line_down() -> None:
    """The slower of the two."""
    line = Sender(Plan("p", min_gap_s=4.0, gap_jitter=0.5), part_s=3.0)
    assert done_at(100, [line], NOON) == pytest.approx(NOON + 100 * 8)
    line = Sender(Plan("p", per_minute=6), part_s=3.0)
    assert done_at(100, [line], NOON) == pytest.approx(NOON + 100 * 10)


def test_a_pool_is_held_to_its_plan_however_many_lines_it_has() -> None:
    """Ten lines, a hundred parts an hour together."""
    lines = [Sender(FREE, part_s=1.0)] * 10
    together = Sender(Plan("pool", per_hour=100))
    assert done_at(150, lines, NOON, together) == pytest.approx(NOON + HOUR + 5)


def test_what_takes_longer_than_a_month_cannot_be_told() -> None:
    """Nobody knows the bank of then."""
    lines = [
        Sender(Plan(f"p{n}", per_hour=5, per_day=10, per_month=200), part_s=3.0) for n in range(64)
    ]
    assert done_at(1_000_000, lines, NOON) is None
    assert done_at(HORIZON_S - 1, [Sender(FREE, part_s=1.0)], NOON) == NOON + HORIZON_S - 1
    assert done_at(HORIZON_S + 7_200, [Sender(FREE, part_s=1.0)], NOON) is None


@given(
    parts=st.integers(1, 150),
    per_hour=st.none() | st.integers(1, 40),
    per_day=st.none() | st.integers(20, 90),
    part_s=st.floats(1.0, 60.0),
    used=st.integers(0, 30),
)
def test_the_forecast_is_that_of_a_line_that_sends_part_by_part(
    parts: int, per_hour: int | None, per_day: int | None, part_s: float, used: int
) -> None:
    """Against a naive line that asks its plan before each part: never more than an hour apart for
    each day that it takes."""
    plan = Plan("p", per_hour=per_hour, per_day=per_day)
    line = Sender(plan, part_s=part_s, used={("day", at(10, 0)): used})
    now, sent = NOON, [at(10, 1)] * used
    end = now + timedelta(days=25).total_seconds()
    for _ in range(parts):
        while now < end and any(
            len(sent) - bisect_left(sent, now - HOUR if name == "hour" else begins) >= most
            for name, begins, most in (
                (limit.span.name, limit.span.begins, limit.most) for limit in plan.parts(now, 0)
            )
        ):
            now += 30
        sent.append(now)
        now += part_s
    if now >= end:
        return
    forecast = done_at(parts, [line], NOON)
    assert forecast is not None
    days = (now - NOON) // DAY + 2
    assert abs(forecast - now) <= HOUR * days
