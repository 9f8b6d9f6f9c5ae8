"""A START lifts an opt-out only where it is certain that it was sent later."""

from __future__ import annotations

import pytest

from modemgw.consent.order import (
    CLOCKS_S,
    FRESH_S,
    OLDEST_S,
    UNKNOWN,
    ZONES_S,
    Refusal,
    Sent,
    lifts,
    refusal,
)

NOW = 1_780_000_000.0
LATER = NOW + 10 * 86_400.0
CENTRE, OTHER = "+12063130004", "+12063130057"


def stamped(at: float, centre: str | None = CENTRE) -> Sent:
    return Sent(at, at, centre)


@pytest.mark.parametrize(
    ("after_s", "centre", "read_after_s", "lifted"),
    [
        (1, CENTRE, 86_400, True),
        (0, CENTRE, FRESH_S, True),
        (0, CENTRE, FRESH_S + 1, False),
        (0, OTHER, 5, False),
        (-1, CENTRE, 86_400, False),
        (1, OTHER, 1 + FRESH_S, True),
        (1, OTHER, 2 + FRESH_S, False),
        (1, None, 2 + FRESH_S, False),
        (CLOCKS_S, OTHER, LATER - NOW, False),
        (CLOCKS_S + 1, OTHER, LATER - NOW, True),
        (3_600, CENTRE, 5, True),
        (ZONES_S + 6, CENTRE, 5, False),
    ],
    ids=[
        "later by one clock",
        "in the same second, just now",
        "in the same second, a while ago",
        "in the same second of two clocks",
        "earlier",
        "stamped just now",
        "by another clock, a while ago",
        "by nobody knows whose clock",
        "later by less than clocks may be wrong",
        "later by more",
        "by a clock of another zone",
        "in the future",
    ],
)
def test_a_start_must_certainly_be_the_later_one(
    after_s: float, centre: str | None, read_after_s: float, lifted: bool
) -> None:
    """By the same clock, or stamped just now, or so much later that no clock is so wrong."""
    against = Refusal(NOW, CENTRE)
    assert lifts(stamped(NOW + after_s, centre), against, NOW + read_after_s) is lifted


def test_a_start_without_a_stamp_lifts_nothing() -> None:
    """Seven zeros, fillers, 30 February."""
    assert not lifts(UNKNOWN, Refusal(NOW, CENTRE), LATER)


def test_two_unknown_centres_are_not_the_same() -> None:
    """Some modems leave the service centre out."""
    assert not lifts(stamped(NOW + 1, None), Refusal(NOW, None), NOW + 3_600)


@pytest.mark.parametrize("at", [NOW - OLDEST_S - 1, NOW + ZONES_S + 1])
def test_an_opt_out_with_an_absurd_stamp_is_of_the_time_of_reading(at: float) -> None:
    """It counts, and no START from before can be later."""
    assert refusal(stamped(at), NOW) == Refusal(NOW)
    assert refusal(UNKNOWN, NOW) == Refusal(NOW)


def test_a_credible_stamp_is_believed() -> None:
    """Also one of yesterday: the modem was away."""
    stamp = NOW - 86_400
    assert refusal(stamped(stamp), NOW) == Refusal(stamp, CENTRE)


def test_of_several_parts_the_worse_stamp_counts() -> None:
    """A START is as of its first part, an opt-out as of its last; whose clock, only if of one."""
    sent = Sent.of([(NOW + 2, CENTRE), (NOW, CENTRE)])
    assert sent == Sent(NOW, NOW + 2, CENTRE)
    assert refusal(sent, NOW + 5).sent_at == NOW + 2
    assert not lifts(sent, Refusal(NOW + 1, CENTRE), NOW + 5)
    assert Sent.of([(NOW, CENTRE), (NOW, OTHER)]).centre is None
    assert Sent.of([(NOW, CENTRE), (None, CENTRE)]) == UNKNOWN
    assert Sent.of([]) == UNKNOWN
