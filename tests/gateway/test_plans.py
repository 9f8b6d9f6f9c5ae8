"""Spans of time, and that no span ever holds more than its limit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.limits import Account
from modemgw.gateway.plans import Plan, day, month
from modemgw.store.engine import writer_engine
from modemgw.store.schema import migrate

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

BERLIN = ZoneInfo("Europe/Berlin")


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("now", "begins", "hours"),
    [
        (at(2026, 6, 10, 13), at(2026, 6, 10), 24),
        (at(2026, 3, 29, 13), at(2026, 3, 29), 23),  # clocks go forward
        (at(2026, 10, 25, 13), at(2026, 10, 25), 25),  # and back
    ],
)
def test_a_day_is_as_long_as_the_calendar_has_it(now: float, begins: float, hours: int) -> None:
    """From midnight to midnight, by the wall clock."""
    span = day(now, BERLIN)
    assert (span.begins, span.ends - span.begins) == (begins, hours * 3_600)


@given(
    st.floats(datetime(1990, 1, 1, tzinfo=UTC).timestamp(), at(2037, 1, 1)),
    st.sampled_from(
        (
            "America/Havana",
            "America/Sao_Paulo",
            "Asia/Beirut",
            "Australia/Lord_Howe",
            "Europe/Berlin",
        )
    ),
    st.floats(0, 1),
)
def test_a_moment_is_in_one_day_and_one_month(now: float, zone_name: str, share: float) -> None:
    """Whichever moment of it is asked: also where midnight comes twice, or never."""
    zone = ZoneInfo(zone_name)
    for span in (day(now, zone), month(now, zone, 1)):
        assert span.begins <= now < span.ends
        other = min(span.begins + share * (span.ends - span.begins), span.ends - 1)
        found = day(other, zone) if span.name == "day" else month(other, zone, 1)
        assert found == span


def test_midnight_that_comes_twice_begins_one_day() -> None:
    """In Havana, clocks go back from one o'clock on the first of November 2026."""
    midnight = datetime(2026, 11, 1, 4, tzinfo=UTC).timestamp()
    for hours in (0, 0.5, 1.5, 12):
        span = day(midnight + hours * 3_600, ZoneInfo("America/Havana"))
        assert (span.begins, span.ends) == (midnight, midnight + 25 * 3_600)


@pytest.mark.parametrize(
    ("now", "billing_day", "begins", "ends"),
    [
        (at(2026, 6, 10, 13), 1, at(2026, 6, 1), at(2026, 7, 1)),
        (at(2026, 6, 10, 13), 15, at(2026, 5, 15), at(2026, 6, 15)),
        (at(2026, 6, 15), 15, at(2026, 6, 15), at(2026, 7, 15)),
        (at(2026, 1, 3), 28, at(2025, 12, 28), at(2026, 1, 28)),
        (at(2026, 12, 31, 23, 59), 1, at(2026, 12, 1), at(2027, 1, 1)),
    ],
)
def test_a_month_begins_on_the_billing_day(
    now: float, billing_day: int, begins: float, ends: float
) -> None:
    """Also over the turn of the year."""
    span = month(now, BERLIN, billing_day)
    assert (span.begins, span.ends) == (begins, ends)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder: Path = tmp_path_factory.mktemp("limits")
    url = f"sqlite:///{folder}/x.db"
    migrate(url)
    return writer_engine(url)


@given(
    pauses=st.lists(st.floats(0, 40), min_size=1, max_size=60),
    per_minute=st.integers(1, 6),
    per_hour=st.integers(5, 30),
)
def test_no_minute_and_no_hour_holds_more_than_its_limit(
    engine: Engine, pauses: list[float], per_minute: int, per_hour: int
) -> None:
    """Whenever it is tried: any sixty seconds and any sixty minutes are looked at afterwards. And
    what has to wait may go when it is told, not later."""
    account = Account("line:x", Plan("p", per_minute=per_minute, per_hour=per_hour), 0.0)
    now, sent = datetime(2026, 6, 10, tzinfo=UTC).timestamp(), []
    with engine.connect() as connection:
        for pause in pauses:
            now += pause
            wait = account.wait(connection, 1, now)
            if wait is not None:
                assert now < wait.until
                now = wait.until
                assert account.wait(connection, 1, now) is None
            account.reserve(connection, 1, "+12025550111", now)
            sent.append(now)
        connection.rollback()
    for width, most in ((60, per_minute), (3_600, per_hour)):
        for moment in sent:
            assert sum(moment - width < other <= moment for other in sent) <= most
