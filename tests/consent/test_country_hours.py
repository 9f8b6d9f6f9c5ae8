"""The hours of countries: those of the laws, and those that an operator puts in their place."""

from __future__ import annotations

from collections import Counter
from datetime import date

import phonenumbers
import pytest
from phonenumbers import geocoder

from modemgw.consent import country_hours
from modemgw.consent.country_hours import CountryHours, Hours
from modemgw.consent.hours import ALL_DAY, Timetable, Window

FLORIDA, TEXAS, NEW_YORK = "+13055550123", "+15125550123", "+12125550123"
BERLIN, PARIS, JOHANNESBURG = "+4930123456", "+33142685300", "+27112345678"
MONDAY, SATURDAY, SUNDAY = date(2026, 6, 1), date(2026, 6, 6), date(2026, 6, 7)
LAWS = CountryHours.of()


@pytest.mark.parametrize(
    ("number", "day", "window"),
    [
        (NEW_YORK, SUNDAY, "08:00-21:00"),
        (FLORIDA, MONDAY, "08:00-20:00"),
        (TEXAS, SATURDAY, "09:00-21:00"),
        (TEXAS, SUNDAY, "12:00-21:00"),
        ("+14015550123", MONDAY, "09:00-18:00"),
        ("+14015550123", SUNDAY, "10:00-17:00"),
        ("+14165550123", SATURDAY, "10:00-18:00"),
        (PARIS, MONDAY, "08:00-20:00"),
        (PARIS, SATURDAY, "10:00-18:00"),
        (PARIS, SUNDAY, None),
        ("+919820012345", SUNDAY, "10:00-21:00"),
        (JOHANNESBURG, SATURDAY, "09:00-13:00"),
        (JOHANNESBURG, SUNDAY, None),
    ],
)
def test_marketing_has_the_hours_of_the_recipients_law(
    number: str, day: date, window: str | None
) -> None:
    """By country, and in the United States by the state that the area code belongs to."""
    timetable = LAWS.for_number(number, "marketing")
    assert timetable is not None
    found = timetable.on(day)
    assert (None if found is None else str(found)) == window


def test_the_laws_bind_marketing_alone() -> None:
    """An appointment is no offer; and where no law is known, there are no hours."""
    assert LAWS.for_number(FLORIDA, "transactional") is None
    assert LAWS.for_number(FLORIDA, "conversational") is None
    assert LAWS.for_number(BERLIN, "marketing") is None


def test_the_hours_of_a_state_lie_within_those_of_its_country() -> None:
    """Whoever keeps to a state's keeps to the federal ones, too."""
    federal = Window(8 * 60, 21 * 60)
    for hours in country_hours._laws():
        if hours.place.startswith("US-"):
            assert hours.window is not None
            assert federal.opens <= hours.window.opens < hours.window.closes <= federal.closes


@pytest.mark.no_cover  # traced line by line it would take several times as long
def test_area_codes_are_in_the_states_that_outsiders_say() -> None:
    """The geography of libphonenumber is the witness: it knows all codes listed, and no other."""
    names = {
        "AL": "Alabama", "CA": "California", "CT": "Connecticut", "FL": "Florida",
        "IL": "Illinois", "KY": "Kentucky", "LA": "Louisiana", "MA": "Massachusetts",
        "MD": "Maryland", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
        "NJ": "New Jersey", "OK": "Oklahoma", "RI": "Rhode Island", "TX": "Texas",
        "WA": "Washington State",
    }  # fmt: skip
    states = {name: f"US-{code}" for code, name in names.items()}
    for area in range(200, 1_000):
        described: Counter[str] = Counter()
        for exchange in range(200, 1_000, 11):
            number = phonenumbers.parse(f"+1{area}{exchange}0100")
            if phonenumbers.region_code_for_number(number) == "US":
                place = geocoder.description_for_number(number, "en")
                described[f"US-{place[-2:]}" if ", " in place else states.get(place, place)] += 1
        usual = described.most_common(1)[0][0] if described else ""
        expected = usual if usual in states.values() else None
        assert country_hours._areas().get(str(area)) == expected, area


def test_what_is_configured_for_a_country_replaces_its_law_and_its_states() -> None:
    """Who writes hours for the United States has thought of Florida, too."""
    own = CountryHours.of([Hours.parse("US", "10:00-18:00")])
    expected = Timetable.daily(Window(600, 1080))
    assert own.for_number(FLORIDA, "marketing") == own.for_number(NEW_YORK, "marketing") == expected
    assert own.for_number(PARIS, "marketing") == LAWS.for_number(PARIS, "marketing")


def test_a_state_may_be_configured_alone() -> None:
    """Its country and the other states keep theirs."""
    own = CountryHours.of([Hours.parse("US-TX", "10:00-18:00")])
    assert own.for_number(TEXAS, "marketing") == Timetable.daily(Window(600, 1080))
    assert own.for_number(FLORIDA, "marketing") == LAWS.for_number(FLORIDA, "marketing")


def test_everywhere_is_what_has_no_hours_of_its_own() -> None:
    """Kinds apart."""
    own = CountryHours.of([Hours.parse("*", "09:00-20:00"), Hours.parse("*", "07:00-22:00", "x")])
    assert own.for_number(BERLIN, "marketing") == Timetable.daily(Window(540, 1200))
    assert own.for_number(BERLIN, "x") == Timetable.daily(Window(420, 1320))
    assert own.for_number(FLORIDA, "marketing") == LAWS.for_number(FLORIDA, "marketing")


def test_off_lifts_the_hours_of_a_country() -> None:
    """Of this kind, even where everywhere has some."""
    own = CountryHours.of([Hours.parse("DE", "off"), Hours.parse("*", "09:00-20:00")])
    assert own.for_number(BERLIN, "marketing") is None


def test_without_the_laws_only_what_is_configured_counts() -> None:
    """A bank that has switched its outer window off is asked for nothing else."""
    own = CountryHours.of([Hours.parse("DE", "09:00-20:00")], legal=False)
    assert own.for_number(FLORIDA, "marketing") is None
    assert own.for_number(BERLIN, "marketing") is not None


def test_no_marketing_on_holidays_of_the_recipients_country() -> None:
    """Whether or not the country has hours; other kinds and other countries are not concerned."""
    own = CountryHours.of(holidays=[("FR", [MONDAY]), ("DE", [MONDAY])])
    french, german = (own.for_number(number, "marketing") for number in (PARIS, BERLIN))
    assert french is not None
    assert german is not None
    assert french.on(MONDAY) is german.on(MONDAY) is None
    assert german.on(SUNDAY) == ALL_DAY
    assert own.for_number(PARIS, "transactional") is None
    american = own.for_number(NEW_YORK, "marketing")
    assert american is not None
    assert american.on(MONDAY) is not None


def test_weekdays_that_no_entry_has_are_closed() -> None:
    """Mondays and Saturdays, each its window; two windows of a day are a mistake."""
    entries = [
        Hours.parse("DE", "09:00-20:00", weekdays=["mon"]),
        Hours.parse("DE", "10:00-14:00", weekdays=["sat"]),
    ]
    timetable = CountryHours.of(entries).for_number(BERLIN, "marketing")
    assert timetable is not None
    found = [timetable.on(day) for day in (MONDAY, SATURDAY, SUNDAY)]
    assert found == [Window(540, 1200), Window(600, 840), None]
    with pytest.raises(ValueError, match="two windows on sat"):
        CountryHours.of([*entries, entries[1]])


@pytest.mark.parametrize(
    ("place", "weekdays", "words"),
    [("Narnia", ["mon"], "a country"), ("US-NY", ["mon"], "a state"), ("DE", ["Mo"], "weekdays")],
)
def test_places_and_weekdays_that_are_none_are_refused(
    place: str, weekdays: list[str], words: str
) -> None:
    """A typing error must not leave a country without hours."""
    with pytest.raises(ValueError, match=words):
        Hours.parse(place, "09:00-20:00", weekdays=weekdays)
