"""Windows of the day, in zones that disagree and on days that are not 24 hours long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.consent.hours import HORIZON, Window, parse_window

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
AUCKLAND = ZoneInfo("Pacific/Auckland")
DAY = Window(8 * 60, 21 * 60)


def utc(*fields: int) -> datetime:
    """An instant in UTC."""
    year, month, day, hour, minute = (*fields, 0, 0)[:5]
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [
        ("08:00-21:00", 480, 1260),
        (" 8:30 - 9:05 ", 510, 545),
        ("00:00-24:00", 0, 1440),
        ("08:00–21:00", 480, 1260),
    ],
)
def test_a_window_is_read_as_written(text: str, opens: int, closes: int) -> None:
    """Spaces, one-digit hours and the end of the day are understood."""
    window = parse_window(text)
    assert window == Window(opens, closes)
    assert parse_window(str(window)) == window


@pytest.mark.parametrize("text", ["off", " OFF "])
def test_off_is_no_window(text: str) -> None:
    """Off in any case."""
    assert parse_window(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "8-21", "08:00", "08:00-21:60", "21:00-08:00", "08:00-08:00", "08:00-24:01", "on"],
)
def test_a_window_that_makes_no_sense_is_refused(text: str) -> None:
    """A window that would never open, or differently than meant, is an error at the start."""
    with pytest.raises(ValueError, match=r"window|minutes"):
        parse_window(text)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (utc(2026, 1, 5, 6, 59), False),
        (utc(2026, 1, 5, 7, 0), True),
        (utc(2026, 1, 5, 19, 59), True),
        (utc(2026, 1, 5, 20, 0), False),
        (utc(2026, 7, 6, 6, 0), True),  # summer time: 08:00 an hour earlier
        (utc(2026, 7, 6, 5, 59), False),
    ],
)
def test_a_window_opens_and_closes_to_the_minute_by_the_wall_clock(
    at: datetime, is_open: bool
) -> None:
    """Open at 08:00:00, closed at 21:00:00, in winter and in summer."""
    assert DAY.is_open(at, [BERLIN]) is is_open


def test_the_next_opening_is_the_next_morning_even_when_the_clocks_change() -> None:
    """The night of 29 March 2026 is an hour short in Berlin, that of 25 October an hour long."""
    assert DAY.next_opening(utc(2026, 3, 28, 20), [BERLIN]) == utc(2026, 3, 29, 6)
    assert DAY.next_opening(utc(2026, 10, 24, 20), [BERLIN]) == utc(2026, 10, 25, 7)


def test_an_opening_in_the_hour_that_is_skipped_comes_right_after_it() -> None:
    """02:30 does not exist on 29 March 2026 in Berlin: the clock goes from two to three."""
    window = Window(2 * 60 + 30, 5 * 60)
    opening = window.next_opening(utc(2026, 3, 29, 0, 0), [BERLIN])
    assert opening == utc(2026, 3, 29, 1, 0)
    assert window.is_open(opening, [BERLIN])


def test_a_window_within_the_hour_that_is_skipped_opens_the_day_after() -> None:
    """02:10 to 02:50 does not happen at all that night."""
    window = Window(2 * 60 + 10, 2 * 60 + 50)
    assert window.next_opening(utc(2026, 3, 29, 0, 0), [BERLIN]) == utc(2026, 3, 30, 0, 10)


def test_an_opening_in_the_hour_that_is_repeated_happens_twice() -> None:
    """By the wall clock 02:30 to 02:45 comes twice on 25 October 2026 in Berlin."""
    window = Window(2 * 60 + 30, 2 * 60 + 45)
    assert window.next_opening(utc(2026, 10, 25, 0, 0), [BERLIN]) == utc(2026, 10, 25, 0, 30)
    assert window.next_opening(utc(2026, 10, 25, 0, 50), [BERLIN]) == utc(2026, 10, 25, 1, 30)


def test_a_zone_that_skips_a_day_opens_on_the_next_one() -> None:
    """Samoa had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    before = datetime(2011, 12, 29, 22, 0, tzinfo=apia)
    opening = DAY.next_opening(before, [apia])
    assert opening is not None
    assert opening.astimezone(apia).isoformat() == "2011-12-31T08:00:00+14:00"


def test_all_zones_must_be_open() -> None:
    """Berlin and New York share an afternoon; Auckland and Berlin an hour in their summer."""
    night = utc(2026, 1, 5, 3)
    assert DAY.next_opening(night, [BERLIN, NEW_YORK]) == utc(2026, 1, 5, 13)
    assert DAY.next_opening(night, [BERLIN, AUCKLAND]) == utc(2026, 1, 5, 7)
    assert Window(10 * 60, 20 * 60).next_opening(night, [BERLIN, AUCKLAND]) is None


ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            "America/New_York",
            "America/St_Johns",
            "Asia/Kolkata",
            "Australia/Lord_Howe",
            "Europe/London",
            "Pacific/Auckland",
            "UTC",
        )
    ]
)


def test_a_window_whose_beginning_is_skipped_opens_with_the_skip() -> None:
    """At three o'clock, where the clock goes from two to three and the window begins at 02:01."""
    new_york = ZoneInfo("America/New_York")
    for opens, closes in ((121, 181), (150, 200)):
        opening = Window(opens, closes).next_opening(
            datetime(2024, 3, 10, 6, tzinfo=UTC), [new_york]
        )
        assert opening == datetime(2024, 3, 10, 7, tzinfo=UTC)


@settings(max_examples=150)
@given(
    at=st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    opens=st.integers(0, 1439),
    length=st.integers(1, 1440),
    zones=st.lists(ZONES, min_size=1, max_size=3),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    at: datetime, opens: int, length: int, zones: list[ZoneInfo]
) -> None:
    """Every quarter of an hour before the opening is closed in at least one zone."""
    window = Window(opens, min(1440, opens + length))
    opening = window.next_opening(at, zones)
    end = at + HORIZON if opening is None else opening
    if opening is not None:
        assert at <= opening
        assert window.is_open(opening, zones)
    moment = at
    while moment < end:
        assert not window.is_open(moment, zones)
        moment += timedelta(minutes=15)
