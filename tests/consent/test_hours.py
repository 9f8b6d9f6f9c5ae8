"""Windows of the day, in zones that disagree and on days that are not 24 hours long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.consent.hours import (
    HORIZON,
    Clock,
    Timetable,
    Window,
    is_open,
    next_closing,
    next_opening,
    parse_window,
)

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
AUCKLAND = ZoneInfo("Pacific/Auckland")
DAY = Window(8 * 60, 21 * 60)


def clocks(window: Window, *zones: ZoneInfo) -> list[Clock]:
    """The same window every day in some zones."""
    return [Clock(Timetable.daily(window), zone) for zone in zones]


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
    ("at", "expected"),
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
    at: datetime, expected: bool
) -> None:
    """Open at 08:00:00, closed at 21:00:00, in winter and in summer."""
    assert is_open(at, clocks(DAY, BERLIN)) is expected


def test_the_next_opening_is_the_next_morning_even_when_the_clocks_change() -> None:
    """The night of 29 March 2026 is an hour short in Berlin, that of 25 October an hour long."""
    assert next_opening(utc(2026, 3, 28, 20), clocks(DAY, BERLIN)) == utc(2026, 3, 29, 6)
    assert next_opening(utc(2026, 10, 24, 20), clocks(DAY, BERLIN)) == utc(2026, 10, 25, 7)


def test_an_opening_in_the_hour_that_is_skipped_comes_right_after_it() -> None:
    """02:30 does not exist on 29 March 2026 in Berlin: the clock goes from two to three."""
    window = Window(2 * 60 + 30, 5 * 60)
    opening = next_opening(utc(2026, 3, 29, 0, 0), clocks(window, BERLIN))
    assert opening == utc(2026, 3, 29, 1, 0)
    assert is_open(opening, clocks(window, BERLIN))


def test_a_window_within_the_hour_that_is_skipped_opens_the_day_after() -> None:
    """02:10 to 02:50 does not happen at all that night."""
    window = Window(2 * 60 + 10, 2 * 60 + 50)
    assert next_opening(utc(2026, 3, 29, 0, 0), clocks(window, BERLIN)) == utc(2026, 3, 30, 0, 10)


def test_an_opening_in_the_hour_that_is_repeated_happens_twice() -> None:
    """By the wall clock 02:30 to 02:45 comes twice on 25 October 2026 in Berlin."""
    window = Window(2 * 60 + 30, 2 * 60 + 45)
    assert next_opening(utc(2026, 10, 25, 0, 0), clocks(window, BERLIN)) == utc(2026, 10, 25, 0, 30)
    assert next_opening(utc(2026, 10, 25, 0, 50), clocks(window, BERLIN)) == utc(
        2026, 10, 25, 1, 30
    )


def test_a_zone_that_skips_a_day_opens_on_the_next_one() -> None:
    """Samoa had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    before = datetime(2011, 12, 29, 22, 0, tzinfo=apia)
    opening = next_opening(before, clocks(DAY, apia))
    assert opening is not None
    assert opening.astimezone(apia).isoformat() == "2011-12-31T08:00:00+14:00"


def test_all_zones_must_be_open() -> None:
    """Berlin and New York share an afternoon; Auckland and Berlin an hour in their summer."""
    night = utc(2026, 1, 5, 3)
    assert next_opening(night, clocks(DAY, BERLIN, NEW_YORK)) == utc(2026, 1, 5, 13)
    assert next_opening(night, clocks(DAY, BERLIN, AUCKLAND)) == utc(2026, 1, 5, 7)
    assert next_opening(night, clocks(Window(10 * 60, 20 * 60), BERLIN, AUCKLAND)) is None


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
        opening = next_opening(
            datetime(2024, 3, 10, 6, tzinfo=UTC), clocks(Window(opens, closes), new_york)
        )
        assert opening == datetime(2024, 3, 10, 7, tzinfo=UTC)


def test_a_window_that_is_left_and_entered_again_as_the_clock_is_put_back() -> None:
    """02:30 passes in Berlin on 25 October 2026; half an hour later it is two o'clock again."""
    bank = clocks(Window(60, 2 * 60 + 30), BERLIN)
    assert next_closing(utc(2026, 10, 25, 0, 0), bank) == utc(2026, 10, 25, 0, 30)
    assert next_opening(utc(2026, 10, 25, 0, 40), bank) == utc(2026, 10, 25, 1, 0)
    assert next_closing(utc(2026, 10, 25, 1, 0), bank) == utc(2026, 10, 25, 1, 30)


def test_days_of_the_week_and_holidays_are_the_recipients() -> None:
    """Closed from Friday evening until Tuesday morning, where Monday is a holiday."""
    weekdays = Timetable((DAY,) * 5 + (None, None), frozenset({date(2026, 12, 28)}))
    auckland = [Clock(weekdays, AUCKLAND)]
    friday_evening = utc(2026, 12, 25, 9)  # 22:00 in Auckland
    assert next_opening(friday_evening, auckland) == utc(2026, 12, 28, 19)  # Tuesday, 08:00
    assert next_closing(friday_evening, auckland) == friday_evening


def test_what_never_closes_has_no_closing() -> None:
    """All day, every day; with a Sunday off it closes as Saturday ends."""
    always = Timetable.daily(Window(0, 1440))
    assert next_closing(utc(2026, 1, 5), [Clock(always, BERLIN)]) is None
    but_sunday = Timetable((*always.days[:6], None))
    assert next_closing(utc(2026, 1, 5), [Clock(but_sunday, BERLIN)]) == utc(2026, 1, 10, 23)


def test_a_week_has_seven_days() -> None:
    """A timetable that lacks one is a mistake of the caller."""
    with pytest.raises(ValueError, match="7 days"):
        Timetable((DAY,))


MOMENTS = st.one_of(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001
    st.sampled_from(  # around changes of daylight saving
        [
            datetime(2026, 3, 8, 6),  # noqa: DTZ001
            datetime(2026, 3, 28, 23),  # noqa: DTZ001
            datetime(2026, 4, 4, 13),  # noqa: DTZ001
            datetime(2026, 10, 3, 14),  # noqa: DTZ001
            datetime(2026, 10, 24, 23),  # noqa: DTZ001
            datetime(2026, 11, 1, 4),  # noqa: DTZ001
        ]
    ).flatmap(lambda base: st.integers(0, 300).map(lambda m: base + timedelta(minutes=m))),
).map(lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC))
WINDOWS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(
    lambda drawn: Window(drawn[0], min(1440, sum(drawn)))
)
WEEKS = st.lists(st.one_of(st.none(), WINDOWS), min_size=7, max_size=7).map(tuple)
TIMETABLES = st.one_of(
    WINDOWS.map(Timetable.daily),
    st.builds(
        Timetable, WEEKS, st.frozensets(st.dates(date(2026, 3, 7), date(2026, 3, 30)), max_size=9)
    ),
)
BANKS = st.lists(st.builds(Clock, TIMETABLES, ZONES), min_size=1, max_size=3)


def open_by_the_minute(at: datetime, bank: list[Clock]) -> bool:
    """The same, said another way: the day's hours as a set of minutes."""
    for clock in bank:
        local = at.astimezone(clock.zone)
        if local.date() in clock.timetable.holidays:
            return False
        window = clock.timetable.days[local.isoweekday() - 1]
        minutes = range(window.opens, window.closes) if window else range(0)
        if (local - local.replace(hour=0, minute=0)).seconds // 60 not in minutes:
            return False
    return True


def first_minute(at: datetime, bank: list[Clock], *, wanted: bool) -> datetime | None:
    """Walk through the week."""
    for minute in range(int(HORIZON.total_seconds()) // 60 + 1):
        moment = at + timedelta(minutes=minute)
        if open_by_the_minute(moment, bank) is wanted:
            return moment
    return None


@settings(max_examples=150, deadline=None)
@given(at=MOMENTS, bank=BANKS)
def test_openings_and_closings_are_those_of_a_walk_minute_by_minute(
    at: datetime, bank: list[Clock]
) -> None:
    """Through nights of 23 and 25 hours, weekdays and holidays, in zones that disagree."""
    assert is_open(at, bank) is open_by_the_minute(at, bank)
    assert next_opening(at, bank) == first_minute(at, bank, wanted=True)
    closing, walked = next_closing(at, bank), first_minute(at, bank, wanted=False)
    assert closing == walked or (walked is None and closing is not None and closing > at + HORIZON)


def test_what_was_seen_of_a_night_holds_for_it_and_no_longer() -> None:
    """Asked again and again, forwards and back, the answers are those of the walk."""
    bank = [
        Clock(Timetable.daily(Window(8 * 60, 21 * 60)), ZoneInfo("America/New_York")),
        Clock(Timetable.daily(Window(9 * 60, 20 * 60)), ZoneInfo("America/Chicago")),
    ]
    begins = datetime(2026, 10, 30, 12, tzinfo=UTC)
    times = [begins + timedelta(minutes=97 * step) for step in range(45)]
    for at in (*times, *reversed(times)):
        assert is_open(at, bank) is open_by_the_minute(at, bank)
        assert next_opening(at, bank) == first_minute(at, bank, wanted=True)
        assert next_closing(at, bank) == first_minute(at, bank, wanted=False)
