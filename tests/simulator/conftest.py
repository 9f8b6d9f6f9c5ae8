"""A running bank of two generic modems in the test's own event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.bank import Bank
from modemgw.simulator.control import ControlServer
from modemgw.simulator.options import Options
from tests.simulator.line import Control, Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    """Two modems that answer fast."""
    options = Options(
        modems=2, dir=tmp_path, profiles=("generic",), submit_ms=5, report_ms=5, boot_ms=20
    )
    bank = Bank(options)
    bank.power_on()
    yield bank
    bank.close()


@pytest.fixture
async def line(bank: Bank) -> AsyncIterator[Line]:
    """The first modem's port, echo off, texts stored and announced."""
    line = Line(bank.link(0))
    for command in ("ATE0", "AT+CMEE=1", "AT+CNMI=2,1,0,2,0"):
        assert (await line.say(command))[-1] == "OK"
    yield line
    line.close()


@pytest.fixture
async def control(bank: Bank, tmp_path: Path) -> AsyncIterator[Control]:
    """A connection to the bank's control socket."""
    server = ControlServer(bank, tmp_path / "control.sock")
    await server.start()
    control = await Control.open(tmp_path / "control.sock")
    yield control
    control.close()
    await server.close()
