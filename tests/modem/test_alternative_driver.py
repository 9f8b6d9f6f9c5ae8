"""python-gsmmodem-new behind the same interface: it sends, receives and reports."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw import pdu
from modemgw.modem.alternative_driver import AlternativeDriver
from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState, Outcome, UssdOutcome, Verdict
from modemgw.modem.settings import BankSettings, DriverKind, PortSettings
from modemgw.simulator.faults import FaultName
from tests.modem.conftest import driven
from tests.modem.listening import Listener, Permit
from tests.modem.scene import PIN, TIMING, scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.modem.scene import Scene

# The library listens in a thread that wakes once a second.
PATIENT = replace(TIMING, patience=0.6, submit_s=2.0, prompt_s=1.0, marker_s=0.5)


def _scene(
    folder: Path, profile: str = "generic", *, pin: bool = False
) -> AbstractAsyncContextManager[Scene]:
    return scene(folder, profile, PATIENT, driver=DriverKind.GSMMODEM, pin=pin)


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Scene]:
    """A modem that python-gsmmodem-new has made ready."""
    async with _scene(tmp_path) as opened:
        yield opened


def _texts(listener: Listener) -> list[str]:
    """The texts that came in, sorted, without the reports."""
    tpdus = [pdu.decode(incoming.pdu) for incoming in listener.incoming]
    return sorted(tpdu.text or "" for tpdu in tpdus if isinstance(tpdu, pdu.Deliver))


async def test_it_sends_receives_and_reports(on: Scene) -> None:
    """A text out with its report, and texts in, each deleted when it was committed."""
    assert isinstance(on.driver, AlternativeDriver)
    assert not on.driver.guaranteed
    result = await on.submit("Hello")
    assert result.outcome is Outcome.ACCEPTED
    await on.taken_in(1)
    report = pdu.decode(on.listener.incoming[0].pdu)
    assert isinstance(report, pdu.StatusReport)
    assert report.mr == result.mr
    on.inject("Grüße, 5 €")
    on.inject("And a second one")
    await on.taken_in(3)
    assert _texts(on.listener) == ["And a second one", "Grüße, 5 €"]
    assert {incoming.iccid for incoming in on.listener.incoming} == {on.driver.status.iccid}
    async with asyncio.timeout(10):
        while len(on.modem.storage("ME")):
            await asyncio.sleep(0.02)
    assert on.modem.submitter.submits == 1


@pytest.mark.parametrize("profile", ["huawei-e3372", "simcom-sim800", "telit-le910"])
async def test_it_knows_who_the_modem_is(tmp_path: Path, profile: str) -> None:
    """Whatever the library has set up before."""
    async with _scene(tmp_path, profile) as on:
        status = on.driver.status
        assert (status.imei, status.maker) == (on.modem.imei, on.modem.personality.maker)
        assert status.number == on.modem.number
        assert on.modem.sim is not None
        assert status.iccid == on.modem.sim.iccid


async def test_many_texts_go_once_each_while_others_come_in(on: Scene) -> None:
    """On a line without faults; but a report printed into a command may be lost in its answer."""
    for number in range(10):
        on.inject(f"in {number}")
        assert (await on.submit(f"out {number}")).outcome is Outcome.ACCEPTED
    await on.listener.until(lambda: len(_texts(on.listener)) == 10, 20)
    assert on.modem.submitter.submits == 10
    assert _texts(on.listener) == [f"in {number}" for number in range(10)]


async def test_a_refused_clearance_sends_nothing(on: Scene) -> None:
    """Neither before AT+CMGS nor at its prompt; the modem works on."""
    frame = pdu.encode("+15550199999", "No")[0]
    for permit in (Permit(granted=False), Permit(Verdict.NO)):
        result = await on.driver.submit(frame.hex, frame.length, permit)
        assert result.outcome is Outcome.WITHDRAWN
    stale = Permit(Verdict.STALE, Verdict.GO)
    assert (await on.driver.submit(frame.hex, frame.length, stale)).outcome is Outcome.ACCEPTED
    assert stale.obtained == 2
    assert on.modem.submitter.submits == 1


async def test_errors_and_missing_answers_are_told_apart(on: Scene) -> None:
    """Refused by the network, no prompt, and nobody knows; each text behind them goes."""
    on.arm(FaultName.CMS_ERROR, code=28)
    refused = await on.submit("Refused")
    assert (refused.outcome, refused.code) == (Outcome.REFUSED, 28)
    on.arm(FaultName.NO_PROMPT)
    assert (await on.submit("No prompt")).outcome is Outcome.REFUSED
    on.arm(FaultName.LOST_OK)
    assert (await on.submit("Lost")).outcome is Outcome.UNKNOWN
    assert (await on.submit("At last")).outcome is Outcome.ACCEPTED


async def test_a_pin_is_entered_by_us_and_kept_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by the library, which would try it again and again; neither log nor recorder has it."""
    caplog.set_level(logging.DEBUG)
    async with _scene(tmp_path, pin=True) as on:
        assert (await on.submit("Open")).outcome is Outcome.ACCEPTED
        kept = b"".join(entry.data for entry in on.driver.recorder.entries)
        assert b"****" in kept
        assert PIN.encode() not in kept
        assert PIN not in caplog.text


async def test_calls_and_ussd_work_as_with_the_other_driver(on: Scene) -> None:
    """They are the same session."""
    assert on.modem.call.ring("+15550123", 2)
    await on.listener.until(lambda: on.listener.calls == ["+15550123"])
    on.driver.start_ussd("*101#")
    await on.listener.until(lambda: len(on.listener.ussd) == 1)
    assert str(on.listener.ussd[-1].text).startswith("Shop\n1. Data")
    on.driver.answer_ussd("0")
    await on.listener.until(lambda: on.listener.ussd[-1].outcome is UssdOutcome.DONE)


async def test_a_modem_that_is_unplugged_comes_back(on: Scene) -> None:
    """Its threads end, and new ones begin."""
    on.modem.unplug()
    await on.listener.until_state(ModemState.ABSENT, 20)
    assert (await on.submit("Nobody")).outcome is Outcome.REFUSED
    on.bank.replug(0)
    await on.ready()
    assert (await on.submit("Back")).outcome is Outcome.ACCEPTED


async def test_a_modem_that_hangs_is_found_out_and_comes_back(on: Scene) -> None:
    """No prompt is a certain refusal; then it is opened anew until it answers."""
    on.modem.hang(3_600)
    assert (await on.submit("Nobody hears this")).outcome is Outcome.REFUSED
    await on.listener.until_state(ModemState.RECOVERING, 30)
    on.modem.reboot()
    await on.listener.until_state(ModemState.READY, 60)
    assert (await on.submit("Back")).outcome is Outcome.ACCEPTED
    assert on.modem.submitter.submits == 1


async def test_a_port_that_is_not_there_shows_as_an_absent_modem(tmp_path: Path) -> None:
    """And needs no thread."""
    listener = Listener()
    port = PortSettings(str(tmp_path / "nothing"), driver=DriverKind.GSMMODEM)
    async with driven(Bank(BankSettings((port,), PATIENT), listener)):
        await listener.until_state(ModemState.ABSENT)


def _threads() -> set[threading.Thread]:
    """Those of the library, and of calls to it."""
    return {
        thread
        for thread in threading.enumerate()
        if "_readLoop" in thread.name or thread.name.startswith("port ")
    }


async def test_no_thread_is_left_behind(tmp_path: Path) -> None:
    """Whoever stops the bank stops them all."""
    before = _threads()
    async with _scene(tmp_path) as on:
        assert _threads() - before
        on.inject("One more")
        await on.taken_in(1)
    async with asyncio.timeout(60):
        while _threads() - before:
            await asyncio.sleep(0.05)


async def test_a_port_that_is_held_says_so(tmp_path: Path) -> None:
    """Two programs on one port lose texts."""
    async with scene(tmp_path, timing=PATIENT) as on:
        listener = Listener()
        port = PortSettings(str(on.bank.link(0)), driver=DriverKind.GSMMODEM)
        async with driven(Bank(BankSettings((port,), PATIENT), listener)):
            await listener.until_state(ModemState.RECOVERING, 20)
        assert "python-gsmmodem-new" in listener.states[-1][1]


async def test_it_says_that_no_guarantee_covers_it(
    on: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log, for whoever wonders later."""
    assert on.driver.guaranteed is False
    records = [*caplog.get_records("setup"), *caplog.records]
    assert any("no guarantee covers" in record.getMessage() for record in records)
