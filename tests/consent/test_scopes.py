"""What an opt-out covers."""

from __future__ import annotations

from itertools import product

import pytest

from modemgw.consent.gate import Kind
from modemgw.consent.scopes import EVERYTHING, OptOut, OptOutRules, Width

AMERICAN, FRENCH = "+12025550111", "+33612345678"
BRANDS = {"sales": "acme", "support": "acme", "surveys": "other"}
POOLS = frozenset({*BRANDS, "plain"})  # the last is of no brand
RULES = OptOutRules(pools=POOLS, brands=BRANDS)

# Scope, and the pools whose texts it covers; the text that names no pool is always covered.
REACH = [
    ("all", {"sales", "support", "surveys", "plain"}),
    ("pool:sales", {"sales"}),
    ("pool:plain", {"plain"}),
    ("brand:acme", {"sales", "support"}),
    ("brand:other", {"surveys"}),
    ("pool:gone", POOLS),
    ("brand:gone", POOLS),
    ("brand:sales", POOLS),  # a pool is no brand
    ("pool:acme", POOLS),
    ("nonsense", POOLS),
]


@pytest.mark.parametrize(("scope", "covered"), REACH)
def test_a_scope_covers_its_pools_and_what_names_none(scope: str, covered: set[str]) -> None:
    """Whatever the kind; a scope that is not configured any more covers everything."""
    for kind, pool in product(Kind, [*POOLS, None, ""]):
        expected = not pool or pool in covered
        assert RULES.covers(OptOut(scope), AMERICAN, kind, pool) is expected, (kind, pool)


@pytest.mark.parametrize(("scope", "covered"), REACH)
def test_a_start_lifts_what_covers_the_pools_of_its_line(scope: str, covered: set[str]) -> None:
    """On a line of no pool it lifts what covers everything, and no narrower one."""
    for pool in POOLS:
        assert RULES.is_lifted_at(OptOut(scope), [pool]) is (pool in covered)
        assert RULES.is_lifted_at(OptOut(scope), ["plain", pool]) is bool({pool, "plain"} & covered)
    assert RULES.is_lifted_at(OptOut(scope), []) is (covered == POOLS)


def test_a_pool_s_texts_lie_in_its_own_scope_and_its_brand_s() -> None:
    """Where it has none, and for texts of no pool, that of all is the next wider."""
    assert RULES.around("sales") == ("pool:sales", "brand:acme")
    assert RULES.around("plain") == ("pool:plain", "all")
    assert RULES.around(None) == RULES.around("") == ("all", "all")


@pytest.mark.parametrize(
    ("scope", "includes", "touches"),
    [
        ("all", {"all", "brand:acme", "pool:sales", "brand:gone"}, {"all", "pool:gone"}),
        ("brand:acme", {"brand:acme", "pool:sales", "pool:support"}, {"all", "pool:sales"}),
        ("brand:other", {"brand:other", "pool:surveys"}, {"all", "pool:surveys"}),
        ("pool:surveys", {"pool:surveys", "brand:other"}, {"all", "brand:other"}),
        ("pool:sales", {"pool:sales"}, {"all", "brand:acme"}),
        ("brand:gone", {"brand:gone"}, {"all", "brand:gone"}),
    ],
)
def test_scopes_lie_in_each_other_by_their_pools(
    scope: str, includes: set[str], touches: set[str]
) -> None:
    """One that is not configured any more has nothing in common with others but that of all."""
    every = {"all", "brand:acme", "brand:other", "brand:gone", *(f"pool:{p}" for p in POOLS)}
    within = {other for other in every if RULES.includes(scope, other)}
    assert within == (every if scope == "all" else includes)
    assert {o for o in every if RULES.overlap(scope, o)} == within | (touches & every)


# What is configured, the pools of the line, and the scope of a STOP to it.
WIDTHS: list[tuple[Width, list[str], str]] = [
    ("all", ["sales"], "all"),
    ("all", [], "all"),
    ("pool", ["sales"], "pool:sales"),
    ("pool", ["plain"], "pool:plain"),
    ("pool", ["sales", "support"], "brand:acme"),
    ("pool", ["sales", "surveys"], "all"),
    ("pool", ["sales", "plain"], "all"),
    ("pool", [], "all"),
    ("brand", ["sales"], "brand:acme"),
    ("brand", ["sales", "support"], "brand:acme"),
    ("brand", ["sales", "surveys"], "all"),
    ("brand", ["plain"], "all"),
    ("brand", [], "all"),
]


@pytest.mark.parametrize(("width", "pools", "scope"), WIDTHS)
def test_a_stop_has_the_scope_that_is_configured_or_the_next_wider(
    width: Width, pools: list[str], scope: str
) -> None:
    """Where a line is of no one pool or brand; STOP ALL is always of everything."""
    rules = OptOutRules(width, POOLS, BRANDS, frozenset({"transactional"}))
    assert rules.of_stop(FRENCH, pools, everything=False).scope == scope
    assert rules.of_stop(FRENCH, pools, everything=True) == EVERYTHING


@pytest.mark.parametrize("leaves", [set(), {"transactional"}, {"transactional", "conversational"}])
def test_a_stop_leaves_what_configuration_and_law_leave_and_never_marketing(
    leaves: set[str],
) -> None:
    """In France; in the United States it ends all kinds."""
    rules = OptOutRules(pools=POOLS, leaves=frozenset(leaves))
    for number, kind in product((FRENCH, AMERICAN, "36111"), Kind):
        opt_out = rules.of_stop(number, [], everything=False)
        left = number == FRENCH and kind in leaves
        assert rules.covers(opt_out, number, kind, "sales") is not left
        assert rules.covers(EVERYTHING, number, kind, "sales")


def test_what_a_stop_left_ends_when_the_configuration_no_longer_leaves_it() -> None:
    """And what it did not leave stays ended when the configuration leaves more."""
    before, after = OptOutRules(), OptOutRules(leaves=frozenset({"transactional"}))
    early = before.of_stop(FRENCH, [], everything=False)
    late = after.of_stop(FRENCH, [], everything=False)
    assert after.covers(early, FRENCH, "transactional", None)
    assert not after.covers(late, FRENCH, "transactional", None)
    assert before.covers(late, FRENCH, "transactional", None)


def test_an_opt_out_that_forgot_the_law_ends_marketing_all_the_same() -> None:
    """However a row came to say so."""
    forged = OptOut.parse("all", "marketing transactional")
    rules = OptOutRules(leaves=frozenset({"transactional"}))
    assert rules.covers(forged, FRENCH, "marketing", None)


def test_rules_that_the_law_forbids_are_refused() -> None:
    """Before a text is sent by them."""
    with pytest.raises(ValueError, match="marketing"):
        OptOutRules(leaves=frozenset({"marketing"}))
    with pytest.raises(ValueError, match="US"):
        OptOutRules(leaves_in=frozenset({"US", "FR"}))


def test_what_is_kept_of_an_opt_out_is_read_again() -> None:
    """The usual one as the same value."""
    opt_out = OptOut("pool:sales", frozenset({"transactional", "conversational"}))
    assert OptOut.parse(opt_out.scope, opt_out.kept_leaves) == opt_out
    assert OptOut.parse("all", "") is EVERYTHING
