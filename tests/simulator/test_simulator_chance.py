"""What is drawn: delays by their distribution, and the same again by the same seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from statistics import fmean, median
from typing import Any

import pytest

from modemgw import pdu
from modemgw.simulator.control_fields import Fields
from modemgw.simulator.delay import AT_ONCE, Delay, read_delay
from modemgw.simulator.dice import dice
from modemgw.simulator.limits import Limit, Limits
from modemgw.simulator.timers import Timers
from modemgw.simulator.tpdu import parse_submit
from modemgw.simulator.validity import validity_s

AT = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


def draws(value: object) -> list[float]:
    """Some thousand draws of a delay as it is written."""
    delay = read_delay(Fields({"delay": value}), "delay", AT_ONCE)
    chance = dice(1, "delay")
    return [delay.draw(chance) for _ in range(4000)]


def test_a_delay_is_drawn_as_it_is_written() -> None:
    """Its mean or median is the one that was asked for, and its ends are kept."""
    assert set(draws("1.5s")) == {1.5}
    assert set(draws(2)) == {2.0}
    uniform = draws({"uniform": ["10ms", "30ms"]})
    assert 0.01 <= min(uniform) < 0.011 < 0.029 < max(uniform) <= 0.03
    exponential = draws({"exponential": "1s", "cap": "4s"})
    assert fmean(exponential) == pytest.approx(1, rel=0.1)
    assert max(exponential) == 4
    lognormal = draws({"lognormal": "1s", "sigma": 1, "cap": "1h"})
    assert median(lognormal) == pytest.approx(1, rel=0.1)
    assert fmean(lognormal) == pytest.approx(1.65, rel=0.15)
    assert set(draws({"lognormal": 0}) + draws({"exponential": 0})) == {0.0}


def test_nothing_said_is_what_was() -> None:
    """A delay that is left out stays."""
    assert read_delay(Fields({}), "delay", Delay(7.0)) == Delay(7.0)


def test_dice_hang_on_seed_and_matter_alone() -> None:
    """Whoever else draws."""
    first = dice(1, "report", "+1", 3).random()
    dice(1, "report", "+1", 2).random()
    assert dice(1, "report", "+1", 3).random() == first
    assert dice(2, "report", "+1", 3).random() != first
    assert dice(1, "report", "+1", 4).random() != first


@pytest.mark.parametrize(
    ("vp", "seconds"),
    [
        (pdu.RelativeValidity(0), 300),
        (pdu.RelativeValidity(143), 43_200),
        (pdu.RelativeValidity(144), 45_000),
        (pdu.RelativeValidity(167), 86_400),
        (pdu.RelativeValidity(168), 2 * 86_400),
        (pdu.RelativeValidity(196), 30 * 86_400),
        (pdu.RelativeValidity(197), 5 * 7 * 86_400),
        (pdu.RelativeValidity(255), 63 * 7 * 86_400),
        (pdu.AbsoluteValidity(datetime(2026, 3, 29, 12, 0, 30, tzinfo=UTC)), 30),
        (pdu.AbsoluteValidity(datetime(2026, 3, 28, tzinfo=UTC)), 0),
        (pdu.EnhancedValidity(bytes((0x01, 0, 0, 0, 0, 0, 0))), 300),
        (pdu.EnhancedValidity(bytes((0x02, 90, 0, 0, 0, 0, 0))), 90),
        (pdu.EnhancedValidity(bytes((0x02, 0, 0, 0, 0, 0, 0))), None),
        (pdu.EnhancedValidity(bytes((0x82, 0x03, 0x10, 0x20, 0x30, 0, 0))), 3723),
        (pdu.EnhancedValidity(bytes(7)), None),
        (pdu.EnhancedValidity(b"\xff" * 7), None),
        (None, None),
    ],
)
def test_every_way_to_say_a_validity_is_read(vp: Any, seconds: float | None) -> None:
    """Against what the codec wrote (23.040 §9.2.3.12)."""
    frame = pdu.encode("+15550001001", "x", vp=vp)[0]
    assert validity_s(parse_submit(frame.hex, frame.length), AT) == seconds


def test_an_absolute_validity_in_another_zone_and_one_that_is_none() -> None:
    """Quarters of an hour west of Greenwich, and a thirteenth month."""
    frame = pdu.encode("+15550001001", "x", vp=pdu.AbsoluteValidity(AT))[0]
    submit = parse_submit(frame.hex, frame.length)
    west = submit.validity[:6] + b"\x0a"
    assert validity_s(replace(submit, validity=west), AT) == 20 * 900
    assert validity_s(replace(submit, validity=b"\x62\x31" + submit.validity[2:]), AT) is None


def test_a_limit_counts_in_a_window_that_moves() -> None:
    """Refused texts do not count; the block outlasts the window."""
    now = 0.0
    limits = Limits(lambda: now)
    limits.set((Limit(2, 10, 21), Limit(3, 100, None, block_s=50)), "+1")
    rulings = []
    for now in (0.0, 4.0, 5.0, 10.0, 11.0, 15.0, 60.0, 100.0):  # noqa: B007
        ruling = limits.ruling("+1")
        rulings.append((ruling.code, ruling.drops, ruling.reason))
        if not ruling.reason:
            limits.count("+1")
    taken, refused = (None, False, ""), (21, False, "limit")
    dropped, blocked = (None, True, "limit"), (None, True, "blocked")
    assert rulings == [taken, taken, refused, taken, refused, dropped, blocked, taken]


async def test_so_much_may_wait_to_happen_and_no_more() -> None:
    """Beyond, nothing is taken on, and whoever asks is told."""
    timers = Timers(limit=2)
    happened: list[str] = []
    first = timers.after(60, lambda: happened.append("first"))
    assert timers.after(60, lambda: happened.append("second")) is not None
    assert timers.after(0, lambda: happened.append("third")) is None
    timers.cancel(first)
    timers.cancel(None)
    assert len(timers) == 1
    timers.close()
    assert not len(timers)
    assert happened == []
