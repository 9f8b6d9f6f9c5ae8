"""The gate: who may be texted now, later, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, reset_tzpath

import pytest

from modemgw.consent.country_hours import CountryHours, Hours
from modemgw.consent.gate import (
    HOLD_RECHECK,
    JITTER,
    REPLY_WINDOW,
    REVIEW_RECHECK,
    Allow,
    Block,
    Decision,
    Defer,
    Kind,
    Permit,
    Policy,
    Question,
    closing,
    decide,
)
from modemgw.consent.places import UnknownZoneError, zones_called, zones_of
from modemgw.consent.requirement import Requirement

NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # 12:00 in New York
NIGHT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 03:00 in New York
MORNING = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)  # 08:00 in New York
DAYTIME = Policy.parse("08:00-21:00", ["own"])

NEW_YORK = "+12125550123"
HAVANA = "+5352123456"
JAMAICA = "+18765550123"
UNKNOWN_US = "+15550001111"  # in no number plan: may be anywhere from Guam to Bermuda

AT_NOON = Question(
    recipient=NEW_YORK,
    kind=Kind.MARKETING,
    default_region="US",
    now=NOON,
    policy=DAYTIME,
    line_country="US",
)
AT_NIGHT = replace(AT_NOON, now=NIGHT)


def _minute(at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


def rule_of(decision: Decision) -> str:
    """Name the rule that objected; "" where none did."""
    return "" if isinstance(decision, Allow) else decision.rule


def test_what_nothing_speaks_against_may_go() -> None:
    """The usual case."""
    assert decide(AT_NOON) == Allow()


@pytest.mark.parametrize("kind", Kind)
def test_an_opt_out_blocks_every_kind(kind: Kind) -> None:
    """STOP ends all texts, urgent ones and replies too."""
    question = replace(
        AT_NOON, kind=kind, opted_out=True, urgent=True, last_inbound_at=NOON - timedelta(hours=1)
    )
    assert rule_of(decide(question)) == "opted_out"


def test_a_hold_defers_until_the_opt_out_is_written() -> None:
    """Between the STOP and its commit nothing begins; what it does not cover goes on then."""
    decision = decide(replace(AT_NOON, held=True))
    assert isinstance(decision, Defer)
    assert (decision.rule, decision.until) == ("held", NOON + HOLD_RECHECK)


@pytest.mark.parametrize("kind", Kind)
def test_a_review_holds_marketing_and_nothing_else(kind: Kind) -> None:
    """Urgent or not, until it is decided at the latest; the conversation goes on."""
    due_at = NOON + timedelta(hours=5)
    decision = decide(replace(AT_NOON, kind=kind, under_review=due_at, urgent=True))
    if kind is not Kind.MARKETING:
        assert decision == Allow()
        return
    assert isinstance(decision, Defer)
    assert (decision.rule, decision.until) == ("under_review", due_at)


def test_a_review_whose_time_is_over_still_holds() -> None:
    """It becomes an opt-out within moments; nothing slips through before."""
    for late in (timedelta(0), timedelta(days=3)):
        decision = decide(replace(AT_NOON, under_review=NOON - late))
        assert isinstance(decision, Defer)
        assert (decision.rule, decision.until) == ("under_review", NOON + REVIEW_RECHECK)


def test_a_permit_passes_a_review() -> None:
    """HELP is answered to whoever asks for it."""
    question = replace(AT_NOON, under_review=NOON, permit=Permit.HELP)
    assert decide(question) == Allow()


def test_an_opt_out_comes_before_a_review() -> None:
    """What is refused for good does not wait for a decision."""
    assert rule_of(decide(replace(AT_NOON, opted_out=True, under_review=NOON))) == "opted_out"


@pytest.mark.parametrize("permit", Permit)
@pytest.mark.parametrize("now", [NOON, NIGHT])
def test_a_permit_lifts_opt_out_hold_and_hours_and_is_named(permit: Permit, now: datetime) -> None:
    """The confirmation goes out at night, and the record says by what right."""
    question = replace(AT_NOON, now=now, opted_out=True, held=True, permit=permit)
    assert decide(question) == Allow(permit)


def test_a_permit_that_nothing_required_is_not_recorded() -> None:
    """Only a permit that lifted an opt-out or a hold is an override."""
    assert decide(replace(AT_NOON, permit=Permit.HELP)) == Allow()


def test_a_permit_does_not_open_a_destination() -> None:
    """A forged STOP from abroad must not make us pay for the answer."""
    question = replace(AT_NOON, recipient=JAMAICA, opted_out=True, permit=Permit.CONFIRMATION)
    assert rule_of(decide(question)) == "destination"


@pytest.mark.parametrize(
    ("destinations", "recipient", "line_country", "allowed"),
    [
        (["own"], NEW_YORK, "US", True),
        (["own"], NEW_YORK, None, True),  # the default region stands in
        (["own"], NEW_YORK, "MX", False),
        (["own"], JAMAICA, "US", False),  # +1, but another country
        (["own", "jm"], JAMAICA, "US", True),
        (["*"], HAVANA, "US", True),
        (["CU"], HAVANA, "US", True),
        (["CU"], NEW_YORK, "US", False),
        (["own"], "+882161234567", "US", False),  # satellite
        (["own"], UNKNOWN_US, "US", True),
        ([], NEW_YORK, "US", False),
    ],
)
def test_texts_go_to_the_allowed_countries_alone(
    destinations: list[str], recipient: str, line_country: str | None, allowed: bool
) -> None:
    """ "own" is the line's country, else the default region."""
    question = replace(
        AT_NOON,
        recipient=recipient,
        line_country=line_country,
        policy=Policy.parse("off", destinations),
    )
    assert rule_of(decide(question)) == ("" if allowed else "destination")


def test_at_night_a_text_waits_for_the_recipients_morning() -> None:
    """Deferral goes to the next opening in the recipient's own time, given in UTC."""
    decision = decide(AT_NIGHT)
    assert isinstance(decision, Defer)
    assert decision.rule == "outer_window"
    assert decision.until == MORNING
    assert decision.until.tzinfo is UTC
    assert decide(replace(AT_NIGHT, now=decision.until)) == Allow()


def test_the_window_is_the_recipients_and_not_the_lines() -> None:
    """Nine in New York is six in Los Angeles."""
    question = replace(AT_NOON, now=datetime(2026, 11, 23, 14, 0, tzinfo=UTC))
    assert decide(question) == Allow()
    assert rule_of(decide(replace(question, recipient="+12135550123"))) == "outer_window"


@pytest.mark.parametrize(
    "question",
    [
        replace(AT_NIGHT, urgent=True),
        replace(AT_NIGHT, kind=Kind.CONVERSATIONAL, last_inbound_at=NIGHT - REPLY_WINDOW),
        replace(
            AT_NIGHT,
            recipient="36111",
            policy=Policy.parse("08:00-21:00", ["own"], allow=["36111"]),
        ),
        replace(AT_NIGHT, policy=Policy.parse("off", ["own"])),
    ],
    ids=["urgent key", "conversational reply", "short code", "no window"],
)
def test_what_the_window_does_not_concern_goes_at_night(question: Question) -> None:
    """Replies, urgent keys and services are exempt."""
    assert decide(question) == Allow()


@pytest.mark.parametrize(
    ("kind", "last_inbound_at"),
    [
        (Kind.CONVERSATIONAL, None),
        (Kind.CONVERSATIONAL, NIGHT - REPLY_WINDOW - timedelta(seconds=1)),
        (Kind.TRANSACTIONAL, NIGHT - timedelta(minutes=1)),
        (Kind.MARKETING, NIGHT - timedelta(minutes=1)),
    ],
)
def test_what_is_no_reply_waits(kind: Kind, last_inbound_at: datetime | None) -> None:
    """Calling a text conversational does not make it a reply; nor does a recent text alone."""
    question = replace(AT_NIGHT, kind=kind, last_inbound_at=last_inbound_at)
    assert rule_of(decide(question)) == "outer_window"


def test_a_number_of_many_zones_waits_for_an_hour_common_to_all() -> None:
    """A number in no plan may be in Guam or in Bermuda: it is texted when both are awake."""
    question = replace(AT_NOON, recipient=UNKNOWN_US)
    decision = decide(question)
    assert isinstance(decision, Defer)
    zones = zones_of(UNKNOWN_US, "US")
    assert len(zones) > 30
    assert DAYTIME.outer_window is not None
    assert all(480 <= _minute(decision.until, zone) < 1260 for zone in zones)


def test_zones_without_a_common_hour_block_at_once() -> None:
    """Waiting would never end, so the caller is told, with the remedy."""
    policy = Policy.parse("12:00-13:00", ["own"])
    decision = decide(replace(AT_NOON, recipient=UNKNOWN_US, policy=policy))
    assert isinstance(decision, Block)
    assert decision.rule == "no_common_hour"
    assert "gate.outer_window" in decision.words


def test_a_machine_without_zone_data_blocks_rather_than_guesses() -> None:
    """What cannot be known is not assumed; the words say what to install."""
    ZoneInfo.clear_cache()
    zones_called.cache_clear()
    reset_tzpath([])
    try:
        decision = decide(replace(AT_NOON, recipient="+18085550123"))
    finally:
        reset_tzpath()
        zones_called.cache_clear()
    if isinstance(decision, Block):  # with the tzdata package installed the zone is known anyway
        assert decision.rule == "unknown_zone"
        assert "tzdata" in decision.words


def test_a_satellite_number_follows_the_clock_of_the_default_region() -> None:
    """A calling code without zones is taken to be at home."""
    assert zones_of("+882161234567", "DE") == (ZoneInfo("Europe/Berlin"),)


def test_a_region_that_does_not_exist_has_no_clock() -> None:
    """Nothing is guessed where neither number nor region tells."""
    with pytest.raises(UnknownZoneError, match="XX"):
        zones_of("+882161234567", "XX")


def test_the_gate_refuses_a_time_that_could_mean_anything() -> None:
    """A naive time would be read as the server's own."""
    with pytest.raises(ValueError, match="time zone"):
        replace(AT_NOON, now=NOON.replace(tzinfo=None))


@pytest.mark.parametrize("destination", ["USA", "Germany", "", "**", "XX"])
def test_an_unknown_destination_is_a_configuration_error(destination: str) -> None:
    """A typing error must not silently block or open a country."""
    with pytest.raises(ValueError, match="country code"):
        Policy.parse("off", [destination])


LAWFUL = Policy.parse("08:00-21:00", ["*"], CountryHours.of())
MIAMI, PARIS = "+13055550123", "+33612345678"
EVENING = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 20:30 in New York and Miami
IN_MIAMI = replace(AT_NOON, recipient=MIAMI, now=EVENING, policy=LAWFUL)


def test_marketing_keeps_the_hours_of_the_recipients_state() -> None:
    """At 20:30 New York may still hear an offer, Florida hears it the next morning."""
    assert decide(replace(IN_MIAMI, recipient=NEW_YORK)) == Allow()
    decision = decide(IN_MIAMI)
    assert isinstance(decision, Defer)
    assert decision.rule == "quiet_hours"
    assert decision.until == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)


def test_no_key_sends_marketing_outside_the_lawful_hours() -> None:
    """Urgent passes the bank's own window, not the law's; a help text passes both."""
    assert rule_of(decide(replace(IN_MIAMI, urgent=True))) == "quiet_hours"
    assert decide(replace(IN_MIAMI, permit=Permit.HELP)) == Allow()
    at_night = replace(IN_MIAMI, kind=Kind.TRANSACTIONAL, now=NIGHT)
    assert decide(replace(at_night, urgent=True)) == Allow()


def test_configured_hours_of_other_kinds_do_not_bind_urgent_keys_and_replies() -> None:
    """They are the operator's wish, as the outer window is."""
    hours = CountryHours.of([Hours.parse("US", "10:00-11:00", "conversational")])
    question = replace(AT_NOON, kind=Kind.CONVERSATIONAL, policy=Policy.parse("off", ["*"], hours))
    assert rule_of(decide(question)) == "quiet_hours"
    assert decide(replace(question, urgent=True)) == Allow()
    assert decide(replace(question, last_inbound_at=NOON - timedelta(hours=1))) == Allow()


def test_a_sunday_in_france_is_over_on_monday_morning() -> None:
    """A weekend is one deferral, through the night in which the clocks change."""
    saturday = datetime(2026, 3, 28, 18, 0, tzinfo=UTC)  # 19:00 in Paris
    decision = decide(replace(IN_MIAMI, recipient=PARIS, now=saturday))
    assert isinstance(decision, Defer)
    assert decision.until == datetime(2026, 3, 30, 6, 0, tzinfo=UTC)  # 08:00, summer time


def test_where_the_recipient_is_known_to_be_counts_more_than_the_number() -> None:
    """A number from Miami whose owner lives in Honolulu sleeps later; Florida's hours remain."""
    moved = replace(IN_MIAMI, time_zone=ZoneInfo("Pacific/Honolulu"))  # 15:30 there
    assert decide(moved) == Allow()
    late = replace(moved, now=datetime(2026, 11, 24, 6, 15, tzinfo=UTC))  # 20:15 there
    assert rule_of(decide(late)) == "quiet_hours"
    assert decide(replace(AT_NOON, recipient=UNKNOWN_US, time_zone=ZoneInfo("UTC"))) == Allow()


def test_a_holiday_that_lasts_a_week_blocks_with_the_remedy() -> None:
    """What does not open within seven days is refused rather than kept."""
    week = [(NOON + timedelta(days=days)).date() for days in range(10)]
    policy = Policy.parse("08:00-21:00", ["*"], CountryHours.of(holidays=[("US", week)]))
    decision = decide(replace(IN_MIAMI, now=NOON, policy=policy))
    assert isinstance(decision, Block)
    assert decision.rule == "no_common_hour"
    assert "gate.hours" in decision.words
    assert "urgent" not in decision.words  # it would not help


def test_not_everything_goes_in_the_first_second_of_the_morning() -> None:
    """Openings spread over a quarter of an hour, the same each time for the same text."""
    until = set()
    for number in range(500):
        question = replace(AT_NIGHT, message_id=f"msg_{number}")
        decision = decide(question)
        assert isinstance(decision, Defer)
        assert decision == decide(question)
        assert MORNING <= decision.until < MORNING + JITTER
        assert decide(replace(question, now=decision.until)) == Allow()
        until.add(int((decision.until - MORNING).total_seconds() // 60))
    assert until == set(range(15))


def test_a_window_shorter_than_the_spread_is_not_missed() -> None:
    """What would come after the closing comes at the opening."""
    question = replace(AT_NIGHT, policy=Policy.parse("12:00-12:05", ["*"]))
    for number in range(50):
        decision = decide(replace(question, message_id=f"msg_{number}"))
        assert isinstance(decision, Defer)
        assert NOON <= decision.until < NOON + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("question", "closes"),
    [
        (AT_NOON, datetime(2026, 11, 24, 2, 0, tzinfo=UTC)),
        (replace(IN_MIAMI, now=NOON), datetime(2026, 11, 24, 1, 0, tzinfo=UTC)),
        (replace(IN_MIAMI, now=NOON, kind=Kind.TRANSACTIONAL, urgent=True), None),
        (replace(AT_NOON, recipient="36111"), None),
    ],
    ids=["outer window", "state", "urgent", "short code"],
)
def test_the_closing_is_that_of_the_hours_which_bind_the_text(
    question: Question, closes: datetime | None
) -> None:
    """The first of them that ends."""
    assert closing(question) == closes


@pytest.mark.parametrize("permit", [None, *Permit])
def test_no_card_number_goes_out(permit: Permit | None) -> None:
    """Not at any hour, by no permit; the words say what to do."""
    question = replace(AT_NIGHT, text="Card 4111 1111 1111 1111", permit=permit, urgent=True)
    decision = decide(question)
    assert isinstance(decision, Block)
    assert decision.rule == "card_number"
    assert "last four digits" in decision.words
    assert "4111" not in decision.words
    unbound = Policy.parse("off", ["*"], block_cards=False)
    assert decide(replace(question, policy=unbound)) == Allow()


@pytest.mark.parametrize(
    ("recipient", "destinations", "rule"),
    [
        ("36111", ["own"], "service_number"),
        ("36111", ["DE"], "destination"),
        ("+19005550123", ["own"], "service_number"),  # premium
        ("+498001234567", ["*"], ""),  # freephone
        ("+499001234567", ["*"], "service_number"),
        ("+491801123456", ["*"], "service_number"),  # shared cost
        ("+882161234567", ["*"], "service_number"),  # satellite
        ("+881612345678", ["*"], "service_number"),
    ],
)
def test_services_are_texted_only_by_name(
    recipient: str, destinations: list[str], rule: str
) -> None:
    """Whatever countries are open: they may cost much; each may be allowed."""
    question = replace(
        AT_NOON, recipient=recipient, policy=Policy.parse("off", destinations), text="BALANCE"
    )
    assert rule_of(decide(question)) == rule
    allowed = Policy.parse("off", destinations, allow=[recipient])
    assert decide(replace(question, policy=allowed)) == Allow()


@pytest.mark.parametrize(
    ("deny", "allow", "rule"),
    [
        (["+1212*"], [], "denied"),
        ([NEW_YORK], ["+1212*"], "denied"),  # the one that says more exactly
        (["+1212*"], [NEW_YORK], ""),
        (["+1*"], ["+1212*"], ""),
        (["+1212*"], ["+1212*"], "denied"),
        ([f"{NEW_YORK}*"], [NEW_YORK], ""),
        (["+1213*", "212*"], [], ""),
    ],
)
def test_of_two_lists_the_more_exact_counts(deny: list[str], allow: list[str], rule: str) -> None:
    """Where both are as exact, nobody is texted; no permit and no key changes that."""
    policy = Policy.parse("off", ["own"], deny=deny, allow=allow)
    question = replace(AT_NOON, policy=policy)
    assert rule_of(decide(question)) == rule
    assert rule_of(decide(replace(question, permit=Permit.EMERGENCY, urgent=True))) == rule


def test_who_opted_out_is_not_texted_because_he_is_allowed() -> None:
    """The list is about costs, the opt-out about a wish."""
    policy = Policy.parse("off", ["own"], allow=[NEW_YORK])
    assert rule_of(decide(replace(AT_NOON, policy=policy, opted_out=True))) == "opted_out"


def test_a_pool_has_countries_of_its_own() -> None:
    """They take the place of the bank's, wider or narrower."""
    policy = Policy.parse("off", ["US"], pool_destinations={"islands": ["jm"]})
    question = replace(AT_NOON, policy=policy)
    assert decide(question) == Allow()
    assert rule_of(decide(replace(question, pool="islands"))) == "destination"
    assert decide(replace(question, pool="islands", recipient=JAMAICA)) == Allow()
    assert rule_of(decide(replace(question, pool="sales", recipient=JAMAICA))) == "destination"
    with pytest.raises(ValueError, match="country code"):
        Policy.parse("off", ["US"], pool_destinations={"islands": ["Narnia"]})


@pytest.mark.parametrize("entry", ["0151 1234", "+49x", "*", "+", "+49**", "12"])
def test_an_entry_that_names_nobody_is_a_configuration_error(entry: str) -> None:
    """A typing error must not leave somebody on no list."""
    with pytest.raises(ValueError, match="a number is written"):
        Policy.parse("off", ["*"], deny=[entry])


def needing(kinds: tuple[str, ...], **countries: tuple[str, ...]) -> Policy:
    """A policy under which these kinds need consent, and others in some countries."""
    in_countries = {name: frozenset(of) for name, of in countries.items()}
    return replace(DAYTIME, consent=Requirement(frozenset(kinds), in_countries))


def test_by_default_nothing_needs_consent_on_record() -> None:
    """Who keeps consents elsewhere goes on sending."""
    assert decide(AT_NOON) == Allow()


@pytest.mark.parametrize("kind", Kind)
def test_what_needs_consent_is_blocked_without_and_goes_with_it(kind: Kind) -> None:
    """Of the kinds that are named, and urgent or not; the others need none."""
    question = replace(AT_NOON, kind=kind, policy=needing(("marketing",)), urgent=True)
    wanted = "consent_required" if kind is Kind.MARKETING else ""
    assert rule_of(decide(question)) == wanted
    assert decide(replace(question, consented=True)) == Allow()


def test_a_country_may_demand_more_or_less_consent_than_others() -> None:
    """What is said of it takes the place of what is said of all."""
    policy = needing(("marketing",), US=("transactional",), JM=())
    policy = replace(policy, outer_window=None, destinations=("*",))
    for recipient, kind, rule in (
        (NEW_YORK, Kind.MARKETING, ""),
        (NEW_YORK, Kind.TRANSACTIONAL, "consent_required"),
        (JAMAICA, Kind.MARKETING, ""),
        (HAVANA, Kind.MARKETING, "consent_required"),
    ):
        question = replace(AT_NOON, recipient=recipient, kind=kind, policy=policy)
        assert rule_of(decide(question)) == rule


def test_the_customer_s_own_text_is_consent_to_the_answer_alone() -> None:
    """To the last instant of the reply window, and not to an offer."""
    question = replace(
        AT_NOON,
        kind=Kind.CONVERSATIONAL,
        policy=needing(("conversational", "marketing")),
        last_inbound_at=NOON - REPLY_WINDOW,
    )
    assert decide(question) == Allow()
    late = replace(question, last_inbound_at=NOON - REPLY_WINDOW - timedelta(seconds=1))
    assert rule_of(decide(late)) == "consent_required"
    assert rule_of(decide(replace(question, kind=Kind.MARKETING))) == "consent_required"


@pytest.mark.parametrize("permit", Permit)
def test_a_permit_needs_no_consent(permit: Permit) -> None:
    """The confirmation of a STOP goes to whoever has just withdrawn everything."""
    question = replace(AT_NOON, policy=needing(tuple(Kind)), permit=permit)
    assert decide(question) == Allow()


def test_consent_does_not_pass_an_opt_out() -> None:
    """The refusal counts, whatever was agreed before."""
    question = replace(AT_NOON, policy=needing(("marketing",)), consented=True, opted_out=True)
    assert rule_of(decide(question)) == "opted_out"


def test_a_lack_of_consent_is_told_at_night_too() -> None:
    """Nobody waits for the morning in order to be refused."""
    question = replace(AT_NIGHT, policy=needing(("marketing",)))
    assert rule_of(decide(question)) == "consent_required"
