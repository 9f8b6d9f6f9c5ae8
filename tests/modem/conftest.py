"""A scripted modem, a listener and a bank that drives the one for the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.driver import Driver
from modemgw.modem.interface import ModemState
from modemgw.modem.settings import BankSettings, PortSettings, Timing
from tests.modem.listening import Listener
from tests.modem.scripted import ScriptedModem

if TYPE_CHECKING:
    from pathlib import Path

QUICK = Timing(
    open_s=2.0,
    close_s=2.0,
    write_s=0.5,
    rescan_s=0.02,
    settle_s=0.02,
    patience=0.05,
    listen_s=0.05,
    listen_limit_s=0.5,
    drain_s=0.02,
    escape_s=0.2,
    marker_s=0.2,
    synchronise_attempts=3,
    prompt_s=0.3,
    submit_s=0.3,
    clearance_s=1.0,
    boot_quiet_s=0.05,
    sim_poll_s=0.05,
    sim_busy_s=1.0,
    registration_poll_s=0.05,
    health_s=0.5,
    sweep_s=5.0,
    sweep_again_s=0.05,
    backoff_s=0.02,
    backoff_limit_s=0.1,
    reset_s=0.1,
    quarantine_s=0.2,
)

Start = Callable[..., Awaitable[Driver]]


@contextlib.asynccontextmanager
async def driven(bank: Bank) -> AsyncIterator[Bank]:
    """A bank at work."""
    task = asyncio.create_task(bank.run())
    try:
        yield bank
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def modem(tmp_path: Path) -> AsyncIterator[ScriptedModem]:
    scripted = ScriptedModem(tmp_path)
    scripted.plug()
    yield scripted
    scripted.unplug()


@pytest.fixture
async def start(modem: ScriptedModem, listener: Listener) -> AsyncIterator[Start]:
    """Start a bank on the scripted modem and wait until it is in a state (ready)."""
    tasks: list[asyncio.Task[None]] = []

    async def start_bank(
        state: ModemState | None = ModemState.READY, *, pin: str | None = None
    ) -> Driver:
        bank = Bank(BankSettings((PortSettings(modem.path, pin=pin),), QUICK), listener)
        tasks.append(asyncio.create_task(bank.run()))
        if state is not None:
            await listener.until_state(state)
        else:
            await asyncio.sleep(0)
        return bank.modems[0]

    yield start_bank
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
