"""The bank's clock: hours pass in no time, and whoever follows is told."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from modemgw import pdu
from modemgw.simulator.clock import Clock
from modemgw.simulator.clock_server import ClockServer
from modemgw.simulator.timers import Timers
from tests.simulator.line import PATIENCE_S, Control, Line, journal
from tests.simulator.test_simulator_submit import REPORTED, reported

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from modemgw.simulator.bank import Bank

HOUR_S = 3600


@pytest.fixture
async def follower(bank: Bank, tmp_path: Path) -> AsyncIterator[Control]:
    """A connection to the clock's socket."""
    server = ClockServer(bank, tmp_path / "clock.sock")
    await server.start()
    follower = await Control.open(tmp_path / "clock.sock")
    yield follower
    follower.close()
    await server.close()


async def told(follower: Control) -> dict[str, float]:
    """The next line that a follower hears."""
    async with asyncio.timeout(PATIENCE_S):
        line: dict[str, float] = json.loads(await follower._reader.readline())
    return line


async def test_a_follower_is_told_how_time_runs_and_whenever_that_changes(
    control: Control, follower: Control
) -> None:
    """A straight line over CLOCK_MONOTONIC; the same for all."""
    first = await told(follower)
    assert first["scale"] == 1
    assert first["now"] + time.monotonic() - first["t"] == pytest.approx(time.time(), abs=1)
    await control.do("clock", scale=60, advance=HOUR_S)
    second = await told(follower)
    assert second["scale"] == 60
    here = time.monotonic()
    gained_s = (second["now"] + (here - second["t"]) * 60) - (first["now"] + here - first["t"])
    assert gained_s >= HOUR_S
    follower._writer.write(b'{"scale": 2}\n')
    assert (await told(follower))["scale"] == 2
    assert (await control.do("clock"))["scale"] == 2


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"x", "JSON"),
        (b"[]", "object"),
        (b'{"scale": -1}', "scale"),
        (b'{"advance": -1}', "advance"),
        (b'{"to": "yesterday"}', "to"),
        (b'{"to": "2020-01-01T00:00:00"}', "offset"),
        (b'{"to": "2020-01-01T00:00:00+00:00"}', "go back"),
        (b'{"speed": 3}', "speed"),
    ],
)
async def test_what_no_clock_can_do_is_refused(
    follower: Control, line: bytes, complaint: str
) -> None:
    """Time goes on, never back."""
    await told(follower)
    answer = await follower.raw(line)
    assert answer["ok"] is False
    assert complaint in answer["error"]


async def test_a_report_of_hours_comes_when_the_clock_is_set_on(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Its discharge time is by the bank's clock, and the answer to the submit took real time."""
    await control.do("report", delay="6h")
    assert (await line.submit(REPORTED.hex, REPORTED.length))[-1] == "OK"
    assert not journal(tmp_path, "report")
    await control.do("clock", advance=6 * HOUR_S)
    await reported(tmp_path, 1)
    report = pdu.decode(journal(tmp_path, "report")[0]["pdu"])
    assert isinstance(report, pdu.StatusReport)
    assert report.discharge is not None
    assert report.scts is not None
    assert report.discharge - report.scts >= timedelta(hours=6)
    assert report.scts <= datetime.now(UTC)


async def test_the_clock_can_be_set_to_a_time_of_day(control: Control, bank: Bank) -> None:
    """20:59 in Berlin, as a script for quiet hours wants it."""
    to = (bank.clock.date() + timedelta(days=1)).replace(hour=19, minute=59).isoformat()
    answer = await control.do("clock", to=to, scale=0)
    assert answer["date"].startswith(to[:16])
    assert (await control.do("clock"))["date"] == answer["date"]


async def test_what_is_overdue_happens_in_its_order() -> None:
    """Nothing comes due while the clock stands still, until it is set on."""
    clock = Clock()
    timers = Timers(clock)
    happened: list[str] = []
    over = asyncio.Event()
    clock.set(scale=0)
    timers.after(30, over.set)
    timers.after(20, lambda: happened.append("second"))
    timers.after(10, lambda: happened.append("first"))
    canceled = timers.after(15, lambda: happened.append("never"))
    timers.cancel(canceled)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not happened
    clock.set(advance_s=60)
    async with asyncio.timeout(PATIENCE_S):
        await over.wait()
    assert happened == ["first", "second"]
    assert not len(timers)
