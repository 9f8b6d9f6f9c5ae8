"""The targets of `make fuzz` hold for their own seeds, and find what is broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from tests.fuzz.targets import TARGETS, Target, unless_refused

ALL = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


@ALL
def test_a_target_holds_for_its_seeds(target: Target) -> None:
    """Every test vector in the target's own form; there are some for each."""
    seeds = list(target.seeds())
    assert seeds
    for seed in seeds:
        target.run(seed)


@ALL
@given(octets=st.binary(max_size=300))
def test_a_target_takes_any_octets(target: Target, octets: bytes) -> None:
    """None at all, too: choices that are not there are the first ones."""
    target.run(octets)


def test_only_the_one_error_is_a_refusal() -> None:
    """Any other exception goes on to the fuzzer."""

    def refuse() -> None:
        raise pdu.PduError("no")

    def fail() -> None:
        raise IndexError

    assert unless_refused(refuse) is None
    with pytest.raises(IndexError):
        unless_refused(fail)
