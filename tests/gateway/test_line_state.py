"""How a line stands, by what is kept of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.line_state import (
    EVERYTHING,
    Facts,
    LineState,
    Pauses,
    line_scope,
    pool_scope,
    standing_of,
)

NOW = 1_000.0
moments = st.none() | st.floats(0, 2 * NOW)
facts = st.builds(
    Facts, moments, moments, st.none() | st.just("blocked"), moments, st.none() | st.just("silent")
)
scopes = st.sampled_from([EVERYTHING, line_scope("one"), line_scope("two"), pool_scope("one")])
paused = st.builds(Pauses, st.dictionaries(scopes, st.just("by us")))


def expected(known: Facts, pauses: Pauses) -> LineState:
    """The order of the states: what only a person ends comes before what ends by itself."""
    if known.retired_at is not None:
        return LineState.RETIRED
    if known.quarantined_at is not None:
        return LineState.QUARANTINED
    if {EVERYTHING, line_scope("one")} & pauses.reasons.keys():
        return LineState.PAUSED
    if known.resting_until is not None and known.resting_until > NOW:
        return LineState.RESTING
    return LineState.ACTIVE


@given(facts, paused)
def test_what_lasts_longest_is_told(known: Facts, pauses: Pauses) -> None:
    """One state for every combination; only a rest has an end that is known."""
    standing = standing_of("one", known, pauses, NOW)
    assert standing.state == expected(known, pauses)
    assert (standing.until is not None) == (standing.state is LineState.RESTING)
    assert standing.state is not LineState.ACTIVE or standing.reason is None


def test_a_rest_ends_by_itself() -> None:
    """To the second."""
    known = Facts(resting_until=NOW)
    assert standing_of("one", known, Pauses(), NOW - 1).state is LineState.RESTING
    assert standing_of("one", known, Pauses(), NOW).state is LineState.ACTIVE


def test_a_line_s_own_pause_gives_the_reason() -> None:
    """Where everything is paused, too."""
    pauses = Pauses({EVERYTHING: "fire drill", line_scope("one"): "no credit"})
    assert standing_of("one", Facts(), pauses, NOW).reason == "no credit"
    assert standing_of("two", Facts(), pauses, NOW).reason == "fire drill"
