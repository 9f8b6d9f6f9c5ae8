"""The gate: who may be texted now, later, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, reset_tzpath

import pytest

from modemgw.consent.gate import (
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
    decide,
)
from modemgw.consent.places import UnknownZoneError, zones_of

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


def test_a_hold_blocks_before_the_opt_out_is_written() -> None:
    """Between the STOP and its commit nothing begins."""
    assert rule_of(decide(replace(AT_NOON, held=True))) == "held"


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
        (["own"], "36111", "FR", True),
        (["FR"], "36111", "FR", True),
        (["DE"], "36111", "FR", False),
        ([], NEW_YORK, "US", False),
    ],
)
def test_texts_go_to_the_allowed_countries_alone(
    destinations: list[str], recipient: str, line_country: str | None, allowed: bool
) -> None:
    """ "own" is the line's country, else the default region; short codes are at home there."""
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
        replace(AT_NIGHT, recipient="36111"),
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
    assert DAYTIME.outer_window.is_open(decision.until, zones)


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
    zones_of.cache_clear()
    reset_tzpath([])
    try:
        decision = decide(replace(AT_NOON, recipient="+18085550123"))
    finally:
        reset_tzpath()
        zones_of.cache_clear()
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
