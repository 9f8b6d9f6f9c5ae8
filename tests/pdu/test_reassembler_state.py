"""A reassembler survives a restart: what is stored and read goes on as if nothing had happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu

T0 = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
LINE = "8931440000000000001"
TEXTS = ("Grüße " * 60, "привет " * 30, "{[€]} " * 60, "ok " * 120, "👍🏽 " * 50)


def _delivers(frames: list[pdu.Frame]) -> list[pdu.Deliver]:
    parts = (pdu.decode(frame.hex) for frame in frames)
    return [part for part in parts if isinstance(part, pdu.Deliver)]


def _parts(text: str, sender: str, ref: int, late_s: int = 0) -> list[pdu.Deliver]:
    scts = T0 + timedelta(seconds=late_s)
    return _delivers(pdu.encode_deliver(sender, text, scts=scts, ref=ref))


POOL = [
    part
    for ref, text in enumerate(TEXTS * 2)
    for part in _parts(text, ("+31641600986", "+12025550123")[ref % 2], ref // 4, ref * 60)
] + _delivers(pdu.encode_deliver("Service", data=bytes(range(200)), scts=T0, ref=9))


@given(
    st.lists(st.integers(0, len(POOL) - 1), max_size=60),
    st.integers(0, 60),
    st.sampled_from([1, 3, 100]),
)
def test_stored_and_read_it_goes_on_as_if_nothing_had_happened(
    order: list[int], at: int, max_open: int
) -> None:
    """At whatever point, with whatever waits, was displaced, or was whole."""
    kept = pdu.Reassembler(max_open=max_open)
    other = pdu.Reassembler(max_open=max_open)
    for step, index in enumerate(order):
        if step == at:
            state = other.dump()
            other = pdu.Reassembler.restored(state, max_open=max_open)
            assert other.dump() == state
        if step % 7 == 6:
            assert kept.expire(step, 5) == other.expire(step, 5)
        part, now = POOL[index], float(step)
        assert kept.add(LINE, part, now=now, token=index) == other.add(
            LINE, part, now=now, token=index
        )
        assert kept.next_deadline(5) == other.next_deadline(5)
    assert kept.expire(1e9, 0) == other.expire(1e9, 0)


def test_what_waits_beyond_smaller_bounds_makes_room() -> None:
    """The one that was opened first comes out of the next `expire`."""
    machine = pdu.Reassembler()
    for part in (POOL[0], _parts(TEXTS[3], "+4915112345678", 77)[0]):
        machine.add(LINE, part, now=0.0)
    smaller = pdu.Reassembler.restored(machine.dump(), max_open=1)
    assert len(smaller) == 1
    assert [joined.sender for joined in smaller.expire(1.0, 100)] == [POOL[0].address]


def test_a_token_that_cannot_be_stored_is_refused() -> None:
    """With words that name it."""
    machine = pdu.Reassembler()
    machine.add(LINE, POOL[0], now=0.0, token=("a", 1))
    with pytest.raises(TypeError, match="token"):
        machine.dump()


def _state() -> Any:
    machine = pdu.Reassembler(max_open=3)
    for index in (0, 7, 12, len(POOL) - 1):
        machine.add(LINE, POOL[index], now=1.0, token="t")
    for part in _parts(TEXTS[0], "+31641600987", 200):
        machine.add(LINE, part, now=2.0)
    machine.add(LINE, _parts(TEXTS[3] * 2, "+31641600988", 201)[0], now=3.0)
    return json.loads(machine.dump().partition(b"\n")[2])


def _stored(state: object) -> bytes:
    body = json.dumps(state).encode()
    return b"modemgw-reassembler 1 %08x\n%b" % (crc32(body), body)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"something else",
        b"modemgw-reassembler 2 00000000\n{}",
        b"modemgw-reassembler 1 00000000\n{}",
        b"modemgw-reassembler 1 %08x\n{" % crc32(b"{"),
        _stored([]),
        _stored({}),
    ],
)
def test_what_is_no_state_is_refused(state: bytes) -> None:
    """By its name, its version, its checksum, its form."""
    with pytest.raises(pdu.PduError, match="not what a reassembler stored"):
        pdu.Reassembler.restored(state)


def test_contradictions_are_refused() -> None:
    """A part twice, a text that its tables cannot say, a time without an offset …"""
    twice, unsayable, naive, empty, width, wide = (_state() for _ in range(6))
    waiting = next(m for m in twice["waiting"] if m["total"] > 2)
    waiting["parts"] = waiting["parts"][:1] * 2
    part = next(p for m in unsayable["displaced"] for p in m["parts"] if p["septets"])
    part["text"], part["septets"][2] = "привет", ""
    naive["waiting"][0]["scts"] = "2026-01-01T00:00:00"
    empty["waiting"][0]["parts"] = []
    width["waiting"][0]["bits"] = 9
    part = next(p for m in wide["displaced"] for p in m["parts"] if p["septets"])
    part["septets"][2] = "ff"
    for state in (twice, unsayable, naive, empty, width, wide):
        with pytest.raises(pdu.PduError):
            pdu.Reassembler.restored(_stored(state))


def _paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value."""
    inner: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(found for step, part in inner for found in _paths(part, (*path, step)))]


@pytest.mark.parametrize(
    "wrong",
    [None, -1, 1e300, "x", [], {}, [[]], [{}], float("inf"), 10**400, "2026-01-01", True],
    ids=lambda wrong: repr(wrong)[:12],
)
def test_a_state_with_one_wrong_value_is_refused_or_harmless(wrong: object) -> None:
    """One clear error, or a machine that works: never a failure later."""
    for path in _paths(_state())[1:]:
        state = inner = _state()
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = wrong
        try:
            machine = pdu.Reassembler.restored(_stored(state))
        except pdu.PduError:
            continue
        for part in POOL:
            machine.add(LINE, part, now=3.0)
        machine.next_deadline(1)
        machine.expire(1e9, 0)
