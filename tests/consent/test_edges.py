"""The gate's hours where clocks are put, in zones of half hours, and at the date line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from modemgw.consent.country_hours import CountryHours, Hours
from modemgw.consent.gate import (
    JITTER,
    REPLY_WINDOW,
    Allow,
    Block,
    Defer,
    Kind,
    Policy,
    Question,
    closing,
    decide,
)

MINUTE = timedelta(minutes=1)
ANYWHERE = Policy.parse("08:00-21:00", ["*"])
NIGHTLY = Policy.parse("02:30-04:00", ["*"])  # a window in the hours that are put
BERLIN, ADELAIDE, KOLKATA = "+4915112345678", "+61412345678", "+919876543210"


def ask(now: datetime, **options: object) -> Question:
    """Marketing to Berlin, unless another recipient is named."""
    usual = {"recipient": BERLIN, "policy": ANYWHERE, "kind": Kind.MARKETING}
    return Question(default_region="US", now=now, **{**usual, **options})  # type: ignore[arg-type]


def opening(question: Question) -> datetime:
    """When it may go, being too early now."""
    decision = decide(question)
    assert isinstance(decision, Defer), decision
    return decision.until


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "evening", "opens"),
    [
        ("Europe/Berlin", utc(2026, 3, 28, 20), utc(2026, 3, 29, 6)),  # spring: ten hours
        ("Europe/Berlin", utc(2026, 10, 24, 19), utc(2026, 10, 25, 7)),  # autumn: twelve
        ("America/New_York", utc(2026, 3, 8, 2), utc(2026, 3, 8, 12)),
        ("America/New_York", utc(2026, 11, 1, 1), utc(2026, 11, 1, 13)),
        ("Australia/Lord_Howe", utc(2026, 10, 3, 10, 30), utc(2026, 10, 3, 21)),  # half an hour
        ("Australia/Lord_Howe", utc(2026, 4, 4, 10), utc(2026, 4, 4, 21, 30)),
        ("Africa/Casablanca", utc(2026, 2, 14, 20), utc(2026, 2, 15, 8)),  # Ramadan begins
    ],
)
def test_the_outer_window_opens_by_the_wall_clock_after_a_night_in_which_it_was_put(
    zone: str, evening: datetime, opens: datetime
) -> None:
    """21:00 is closed, 08:00 is open, however many hours lie between."""
    question = ask(evening, time_zone=ZoneInfo(zone))
    assert decide(replace(question, now=evening - MINUTE)) == Allow()
    assert opening(question) == opens
    assert isinstance(decide(replace(question, now=opens - MINUTE)), Defer)
    assert decide(replace(question, now=opens)) == Allow()


def test_in_the_spring_gap_an_opening_that_does_not_exist_is_the_gaps_end() -> None:
    """02:30 is skipped in Berlin on 29 March 2026: it opens at 03:00, which is 01:00 UTC."""
    question = ask(utc(2026, 3, 29, 0, 59), policy=NIGHTLY, kind=Kind.TRANSACTIONAL)
    assert opening(question) == utc(2026, 3, 29, 1)
    assert decide(replace(question, now=utc(2026, 3, 29, 1, 59))) == Allow()
    assert opening(replace(question, now=utc(2026, 3, 29, 2))) == utc(2026, 3, 30, 0, 30)


def test_in_the_autumn_fold_a_window_opens_closes_and_opens_again() -> None:
    """02:30 to 03:00 comes twice in Berlin on 25 October 2026, with two o'clock between."""
    question = ask(utc(2026, 10, 25, 0, 29), policy=NIGHTLY, kind=Kind.TRANSACTIONAL)
    assert opening(question) == utc(2026, 10, 25, 0, 30)
    assert decide(replace(question, now=utc(2026, 10, 25, 0, 59))) == Allow()
    assert closing(replace(question, now=utc(2026, 10, 25, 0, 59))) == utc(2026, 10, 25, 1)
    assert opening(replace(question, now=utc(2026, 10, 25, 1))) == utc(2026, 10, 25, 1, 30)
    assert decide(replace(question, now=utc(2026, 10, 25, 1, 30))) == Allow()


@pytest.mark.parametrize(
    ("recipient", "zone", "opens"),
    [
        (KOLKATA, None, utc(2026, 11, 24, 2, 30)),  # +05:30
        ("+9779841234567", None, utc(2026, 11, 24, 2, 15)),  # Kathmandu, +05:45
        ("+930701234567", None, utc(2026, 11, 24, 3, 30)),  # Kabul, +04:30
        ("+17095550123", "America/St_Johns", utc(2026, 11, 24, 11, 30)),  # -03:30
        ("+17095550123", None, utc(2026, 11, 24, 12)),  # and Labrador, -04:00: both must allow
        (ADELAIDE, "Australia/Adelaide", utc(2026, 11, 24, 21, 30)),  # +10:30 in summer
        (ADELAIDE, "Pacific/Chatham", utc(2026, 11, 24, 18, 15)),  # +13:45 in summer
    ],
)
def test_the_outer_window_knows_zones_of_half_and_quarter_hours(
    recipient: str, zone: str | None, opens: datetime
) -> None:
    """To the minute, where the number or the contact tells the zone."""
    found = ZoneInfo(zone) if zone else None
    question = ask(opens - MINUTE, recipient=recipient, time_zone=found, kind=Kind.TRANSACTIONAL)
    first = decide(question)
    second = decide(replace(question, now=opens))
    assert isinstance(first, Defer)
    assert first.until == opens
    assert second == Allow()


@pytest.mark.parametrize(
    ("zone", "opens"),
    [
        ("Pacific/Kiritimati", utc(2026, 11, 23, 18)),  # +14: the 24th
        ("Pacific/Pago_Pago", utc(2026, 11, 24, 19)),  # -11
        ("Pacific/Apia", utc(2026, 11, 23, 19)),  # +13
    ],
)
def test_quiet_hours_and_weekdays_are_the_recipients_at_the_date_line(
    zone: str, opens: datetime
) -> None:
    """Of islands a day apart each has its own Tuesday."""
    hours = CountryHours.of([Hours.parse("*", "08:00-20:00", weekdays=["tue"])], legal=False)
    policy = Policy.parse("off", ["*"], hours)
    question = ask(opens - MINUTE, policy=policy, time_zone=ZoneInfo(zone))
    assert opening(question) == opens
    open_at = replace(question, now=opens)
    assert decide(open_at) == Allow()
    assert closing(open_at) == opens + timedelta(hours=12)
    assert opening(replace(question, now=opens + timedelta(hours=12))) == opens + timedelta(days=7)


def test_a_holiday_lasts_the_recipients_day_through_a_change_of_clocks() -> None:
    """29 March 2026 has 23 hours in Berlin, 25 October has 25; and no hour of either is open."""
    for day, begins, hours in (
        (date(2026, 3, 29), utc(2026, 3, 28, 23), 23),
        (date(2026, 10, 25), utc(2026, 10, 24, 22), 25),
    ):
        all_day = CountryHours.of(holidays=[("DE", [day])], legal=False)
        policy = Policy.parse("off", ["*"], all_day)
        ends = begins + timedelta(hours=hours)
        assert decide(ask(begins - MINUTE, policy=policy)) == Allow()
        for hour in range(hours):
            at = begins + timedelta(hours=hour)
            assert opening(ask(at, policy=policy)) == ends
        assert decide(ask(ends, policy=policy)) == Allow()


def test_country_hours_open_by_the_wall_clock_after_the_clocks_were_put() -> None:
    """French marketing on the Monday after: eight o'clock is an hour earlier or later in UTC."""
    policy = Policy.parse("08:00-21:00", ["*"], CountryHours.of())
    paris = "+33612345678"
    before, after = (
        opening(ask(at, policy=policy, recipient=paris))
        for at in (utc(2026, 3, 26, 23), utc(2026, 3, 29, 12))
    )
    assert before.hour == after.hour + 1
    assert after.date() == date(2026, 3, 30)


@pytest.mark.parametrize("now", [utc(2026, 3, 29, 0, 30), utc(2026, 10, 25, 0, 30)])
def test_a_reply_is_one_for_24_hours_and_not_for_a_day_of_the_wall_clock(now: datetime) -> None:
    """Whatever a night in between was short or long of."""
    reply = ask(now, kind=Kind.CONVERSATIONAL, last_inbound_at=now - REPLY_WINDOW)
    assert decide(reply) == Allow()
    late = replace(reply, last_inbound_at=now - REPLY_WINDOW - timedelta(seconds=1))
    assert isinstance(decide(late), Defer)


@pytest.mark.parametrize("night", [utc(2026, 3, 28, 23), utc(2026, 10, 24, 23)])
def test_the_spread_of_the_morning_begins_with_the_opening(night: datetime) -> None:
    """After a night that was short or long, too: nothing before it, all within a quarter of an
    hour."""
    opens = opening(ask(night))
    spread = [opening(ask(night, message_id=f"msg_{i}")) - opens for i in range(200)]
    assert min(spread) >= timedelta(0)
    assert max(spread) <= JITTER
    assert max(spread) > JITTER * 0.9


def test_zones_a_day_apart_have_no_common_hour_and_block_whatever_the_season() -> None:
    """Kiribati's islands, Guam and Hawaii: what has none in summer has none in winter."""
    unknown = "+15550001111"  # anywhere from Guam to Bermuda
    for now in (utc(2026, 1, 15, 12), utc(2026, 3, 8, 7), utc(2026, 7, 15, 12)):
        policy = Policy.parse("11:00-15:00", ["*"])
        decision = decide(ask(now, recipient=unknown, policy=policy))
        assert isinstance(decision, Block)
        assert decision.rule == "no_common_hour"


def test_a_review_ends_at_its_instant_whatever_the_clocks_do() -> None:
    """Twenty-four hours are as many in the night of the change."""
    now = utc(2026, 3, 28, 12)
    due = now + timedelta(hours=24)
    assert opening(ask(now, under_review=due)) == due
