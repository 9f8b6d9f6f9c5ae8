"""A time limit for one exchange after the other."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from typing import TYPE_CHECKING, Any

from modemgw.alarm import Alarm

if TYPE_CHECKING:
    import pytest


class Bell:
    """Notes when it rings, after its making."""

    def __init__(self) -> None:
        self._made_at = time.monotonic()
        self.rang_at: list[float] = []

    def __call__(self) -> None:
        self.rang_at.append(time.monotonic() - self._made_at)


async def until_rung(bell: Bell) -> float:
    async with asyncio.timeout(10):
        while not bell.rang_at:
            await asyncio.sleep(0.01)
    return bell.rang_at[0]


async def test_it_rings_once_when_its_time_has_come() -> None:
    alarm, bell = Alarm(), Bell()
    alarm.set(0.1, bell)
    assert await until_rung(bell) >= 0.1
    await asyncio.sleep(0.2)
    assert len(bell.rang_at) == 1


async def test_a_later_time_counts_and_what_was_set_before_is_forgotten() -> None:
    """The timer of the first looks again when it rings."""
    alarm, first, second = Alarm(), Bell(), Bell()
    alarm.set(0.1, first)
    alarm.set(0.4, second)
    assert await until_rung(second) >= 0.4
    assert first.rang_at == []


async def test_an_earlier_time_is_not_waited_for_with_the_later_timer() -> None:
    alarm, later, earlier = Alarm(), Bell(), Bell()
    alarm.set(60, later)
    alarm.set(0.1, earlier)
    assert 0.1 <= await until_rung(earlier) < 10


async def test_what_is_cleared_does_not_ring_and_can_be_set_again() -> None:
    alarm, before, after = Alarm(), Bell(), Bell()
    alarm.set(0.1, before)
    alarm.clear()
    await asyncio.sleep(0.2)
    alarm.set(0.1, after)
    alarm.clear()
    alarm.set(0.1, after)
    assert await until_rung(after) >= 0.3
    assert before.rang_at == []


async def test_what_is_closed_leaves_no_timer() -> None:
    """A port that is gone is forgotten, however long its last exchange might have taken."""
    alarm, bell = Alarm(), Bell()
    alarm.set(60, bell)
    alarm.close()
    gone = weakref.ref(alarm)
    del alarm
    gc.collect()
    assert gone() is None


async def test_one_timer_serves_many_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ends before its limit, as nearly all do."""
    loop, made = asyncio.get_running_loop(), []
    call_at = loop.call_at

    def counting(*arguments: Any) -> asyncio.TimerHandle:
        made.append(arguments)
        return call_at(*arguments)

    monkeypatch.setattr(loop, "call_at", counting)
    alarm, bell = Alarm(), Bell()
    for _ in range(100):
        alarm.set(60, bell)
        alarm.clear()
    assert len(made) == 1
    alarm.close()


async def test_it_may_be_set_while_it_rings() -> None:
    alarm, bell = Alarm(), Bell()
    alarm.set(0.05, lambda: alarm.set(0.05, bell))
    assert await until_rung(bell) >= 0.1
