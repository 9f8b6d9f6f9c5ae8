"""No expression that the configuration may hold makes a text take long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.consent.expressions import LONGEST, compiled

TEN_PARTS = 1_530  # characters
# What a bounded expression needs at the worst on a slow machine; one without a bound takes years.
LIMIT_S = 10.0

HOSTILE = [
    "(a+)+b",
    "(a*)*b",
    "(a|a){40}b",
    "(?:a|aa){30}b",
    "(a?){40}a{40}",
    "a?" * 40 + "a" * 40,
    "(?:a|a)" * 40 + "b",
    "((a{0,9}){0,9}){0,9}b",
    "(a{0,255}){0,255}b",
    ".{0,255}.{0,255}.{0,255}b",
    "[a-z]{1,200}[a-z]{1,200}x",
    "(?:(?:(?:a|b)|(?:a|b)){0,8}|c){0,8}d",
]


@pytest.mark.parametrize("expression", HOSTILE)
def test_what_might_never_end_is_refused(expression: str) -> None:
    """However the ways to fit it multiply: nested, one behind the other, or as alternatives."""
    with pytest.raises(ValueError, match=r"steps|does not belong"):
        compiled(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "", "a{0,3}", "|a", r"\b", "^$", "(a", "a)", "a{3,1}", "a{256}", "a{1,}", "[]a]", "[a",
        r"(a)\1", "(?=a)b", "(?<!a)b", "(?P<x>a)", "(?i)a", "a**", "{3}", "^{2}a", r"\p{L}", "\\",
        "a" * (LONGEST + 1), "(" * 30 + "a" + ")" * 30, "[z-a]",
    ],
)  # fmt: skip
def test_what_is_not_counted_is_not_let_in(expression: str) -> None:
    """What fits every text, what is no expression, and all syntax that is left out."""
    with pytest.raises(ValueError, match=r"\w"):
        compiled(expression)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", "DE89 3704 0044 0532 01"),
        (r"\bpin:? ?\d{4,8}\b", "your PIN: 4711"),
        (r"guaranteed|risk.free|100 ?%", "RISK-FREE"),
        (r"https?://bit\.ly/\w{1,40}", "see https://bit.ly/abc"),
        (r"[^\d\]]\]x{2}?", "a]xx"),
        ("ж{1,3}", "ЖЖ"),
    ],
)
def test_what_people_look_for_can_be_written(expression: str, text: str) -> None:
    """Accounts, codes, words and links; case does not matter."""
    assert compiled(expression).search(text)


@pytest.mark.parametrize(
    "expression",
    ["(?:a|a){10}b", "(?:a?){11}b", "a{0,60}a{0,30}b", "(?:a{0,12}){3}b", ".{0,255}b"],
)
@pytest.mark.parametrize("text", ["a" * TEN_PARTS, "ab" * (TEN_PARTS // 2), "aé" * 335])
def test_the_worst_that_is_let_in_ends_soon_on_a_long_text(expression: str, text: str) -> None:
    """Each of these tries nearly as many ways as may be, at every place of ten parts."""
    began = time.process_time()
    compiled(expression).search(text)
    assert time.process_time() - began < LIMIT_S


PIECES = st.sampled_from(["a", "b", ".", r"\w", "[ab]", "(?:a|b)", "(?:a|a)", "(?:a?b?)", "(a|ab)"])
REPEATS = st.sampled_from(["", "?", "{0,3}", "{2}", "{1,30}", "{0,9}?"])
EXPRESSIONS = st.recursive(
    st.tuples(PIECES, REPEATS).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.tuples(inner, REPEATS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
@settings(deadline=None, max_examples=200)
def test_whatever_is_let_in_ends_soon(expression: str) -> None:
    """Expressions by chance, on a text that keeps them trying until its end."""
    try:
        found = compiled(f"{expression}#")
    except ValueError:
        return
    began = time.process_time()
    assert not found.search("a" * TEN_PARTS)
    assert time.process_time() - began < LIMIT_S
