"""Packing by lanes is packing bit by bit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.septets import MAX_SEPTETS, pack, packed_length, unpack

SEPTETS = st.binary(max_size=MAX_SEPTETS).map(lambda octets: bytes(o & 0x7F for o in octets))


def _naive_pack(septets: bytes) -> bytes:
    number = sum(septet << 7 * i for i, septet in enumerate(septets))
    return number.to_bytes(packed_length(len(septets)), "little")


@given(SEPTETS)
def test_packing_is_the_naive_packing(septets: bytes) -> None:
    """The same octets as one septet at a time."""
    assert pack(septets) == _naive_pack(septets)


@given(SEPTETS)
def test_unpacking_gives_back_what_was_packed(septets: bytes) -> None:
    """At every length, whole groups or not."""
    assert unpack(bytes(pack(septets)), len(septets)) == septets


@given(st.binary(max_size=packed_length(MAX_SEPTETS)), st.integers(0, MAX_SEPTETS))
def test_unpacking_is_the_naive_unpacking(octets: bytes, count: int) -> None:
    """Any octets, also with spare bits that are set."""
    count = min(count, len(octets) * 8 // 7)
    number = int.from_bytes(octets, "little")
    assert unpack(octets, count) == bytes(number >> 7 * i & 0x7F for i in range(count))
