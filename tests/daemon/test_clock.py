"""A clock that is shared: followed, waited for, and never running back."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from modemgw import clock as followed
from modemgw.clock import SYSTEM, ClockError, SharedClock
from modemgw.simulator.bank import Bank
from modemgw.simulator.clock import Clock
from modemgw.simulator.clock_server import ClockServer
from modemgw.simulator.options import Options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

HOUR_S = 3600.0
PATIENCE_S = 10.0


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    """Somebody who has a clock."""
    bank = Bank(Options(modems=1, dir=tmp_path / "bank", profiles=("generic",)))
    yield bank
    bank.close()


@pytest.fixture
async def server(bank: Bank, tmp_path: Path) -> AsyncIterator[ClockServer]:
    """And tells it."""
    server = ClockServer(bank, tmp_path / "clock.sock")
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def clock(server: ClockServer, tmp_path: Path) -> AsyncIterator[SharedClock]:
    """Who follows."""
    clock = SharedClock(tmp_path / "clock.sock")
    await clock.connect()
    task = asyncio.create_task(clock.run())
    yield clock
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(promise: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not promise():
            await asyncio.sleep(0.002)


async def test_it_is_the_time_of_the_other(bank: Bank, clock: SharedClock) -> None:
    """From the first moment on, hurried and set on."""
    assert clock() == pytest.approx(time.time(), abs=1)
    bank.clock.set(scale=1000, advance_s=HOUR_S)
    await until(lambda: clock() - time.time() > HOUR_S)
    assert clock() == pytest.approx(bank.clock.time(), abs=100)
    began, here = clock.elapsed(), time.monotonic()
    await clock.pause(100)
    assert clock.elapsed() - began >= 100
    assert time.monotonic() - here < PATIENCE_S


async def test_a_pause_of_hours_ends_when_the_clock_is_set_on(
    bank: Bank, clock: SharedClock
) -> None:
    """Not sooner, though it stood still meanwhile; an event ends it too."""
    bank.clock.set(scale=0)
    await until(lambda: clock() == clock())
    pause = asyncio.create_task(clock.pause(2 * HOUR_S))
    began = clock()
    bank.clock.set(advance_s=HOUR_S)
    await until(lambda: clock() - began > HOUR_S - 1)
    assert not pause.done()
    bank.clock.set(advance_s=HOUR_S + 1)
    async with asyncio.timeout(PATIENCE_S):
        await pause
    over = asyncio.Event()
    asyncio.get_running_loop().call_soon(over.set)
    async with asyncio.timeout(PATIENCE_S):
        await clock.pause(HOUR_S, over)


async def test_it_runs_on_while_nobody_tells_it_and_never_back(
    bank: Bank,
    server: ClockServer,
    clock: SharedClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A simulator that is started anew begins at real time; who has followed stays ahead of it."""
    monkeypatch.setattr(followed, "RECONNECT_S", 0.01)
    bank.clock.set(advance_s=HOUR_S)
    await until(lambda: clock() - time.time() > HOUR_S - 1)
    await server.close()
    ahead = clock()
    assert ahead - time.time() > HOUR_S - 1
    bank.clock = Clock()
    anew = ClockServer(bank, tmp_path / "clock.sock")
    await anew.start()
    await until(lambda: bool(anew._connections))
    bank.clock.set(scale=60)
    here = clock()
    await until(lambda: clock() - here > 60)
    assert here >= ahead
    await anew.close()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"x\n",
        b"[]\n",
        b"{}\n",
        b'{"now": 1, "t": 1, "scale": -1}\n',
        b'{"now": NaN, "t": 1, "scale": 1}\n',
        b'{"now": "x", "t": 1, "scale": 1}\n',
    ],
)
async def test_what_tells_no_time_is_no_clock(tmp_path: Path, line: bytes) -> None:
    """With words that say where it was looked for."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / "clock.sock")
    with pytest.raises(ClockError, match=r"clock\.sock"):
        await SharedClock(tmp_path / "clock.sock").connect()
    server.close()


async def test_real_time_is_waited_for_as_ever() -> None:
    """For so long, or until the event."""
    began = time.monotonic()
    await SYSTEM.pause(0.01)
    await SYSTEM.pause(0.01, asyncio.Event())
    assert SYSTEM.elapsed() - began >= 0.02
    over = asyncio.Event()
    over.set()
    async with asyncio.timeout(PATIENCE_S):
        await SYSTEM.pause(HOUR_S, over)
    assert SYSTEM() == pytest.approx(time.time(), abs=1)
    assert not SYSTEM.warning
