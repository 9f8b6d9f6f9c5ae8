"""USSD sessions: menus, ends, limits, and what they do to texts: nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.interface import (
    ModemState,
    Outcome,
    UssdError,
    UssdFault,
    UssdOutcome,
    UssdState,
)
from modemgw.simulator.delay import Delay
from modemgw.simulator.ussd import Page
from tests.modem.listening import Listener, Permit
from tests.modem.scene import TIMING, scene
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from pathlib import Path

    from tests.modem.conftest import Start
    from tests.modem.scene import Scene

PDU = "0011000B915155500100F00000AA05E8329BFD06"
CODE = 'AT+CUSD=1,"*100#",15'


async def _told(on: Scene, count: int) -> None:
    await on.listener.until(lambda: len(on.listener.ussd) >= count)


@pytest.mark.parametrize("profile", ["generic", "huawei-e3372", "quectel-ec25"])
async def test_a_code_is_answered(tmp_path: Path, profile: str) -> None:
    """In plain text or packed into hex, as the maker has it."""
    async with scene(tmp_path, profile) as on:
        begun = on.driver.start_ussd("*100#")
        assert (begun.state, begun.code) == (UssdState.WAITING, "*100#")
        await _told(on, 1)
        (session,) = on.listener.ussd
        assert session.id == begun.id
        assert (session.state, session.outcome) == (UssdState.ENDED, UssdOutcome.DONE)
        assert session.text == "Your balance is 5.00"
        assert on.driver.ussd == session
        on.driver.start_ussd("*102#")
        await _told(on, 2)
        assert on.listener.ussd[-1].text == "Ваш баланс: 120.50 р."


@pytest.mark.parametrize("profile", ["generic", "huawei-e3372"])
async def test_a_menu_is_gone_through_step_by_step(tmp_path: Path, profile: str) -> None:
    """Each page is told whole; texts go in between."""
    async with scene(tmp_path, profile) as on:
        on.driver.start_ussd("*101#")
        await _told(on, 1)
        menu = on.listener.ussd[-1]
        assert menu.state is UssdState.ANSWER_WANTED
        assert menu.text == "Shop\n1. Data\n2. Minutes\n0. Leave"
        assert (await on.submit("Meanwhile")).outcome is Outcome.ACCEPTED
        assert on.driver.answer_ussd("1").state is UssdState.WAITING
        await _told(on, 2)
        assert str(on.listener.ussd[-1].text).startswith("Data\n")
        on.driver.answer_ussd("1")
        await _told(on, 3)
        last = on.listener.ussd[-1]
        assert (last.state, last.text, last.id) == (UssdState.ENDED, "Done: 1 GB", menu.id)
        assert on.modem.ussd.heard == ["*101#", "1", "1"]


async def test_one_session_a_modem(tmp_path: Path) -> None:
    """A second code is refused until the first session is over; so is an answer to nothing."""
    async with scene(tmp_path) as on:
        with pytest.raises(UssdError) as none:
            on.driver.end_ussd()
        assert none.value.fault is UssdFault.NO_SESSION
        on.driver.start_ussd("*101#")
        with pytest.raises(UssdError) as busy:
            on.driver.start_ussd("*100#")
        with pytest.raises(UssdError) as early:
            on.driver.answer_ussd("1")
        assert (busy.value.fault, early.value.fault) == (UssdFault.BUSY, UssdFault.NO_QUESTION)
        await _told(on, 1)
        assert on.driver.end_ussd().outcome is UssdOutcome.CANCELED
        async with asyncio.timeout(5):
            while on.modem.ussd.is_open:
                await asyncio.sleep(0.01)
        assert on.driver.end_ussd().outcome is UssdOutcome.CANCELED
        on.driver.start_ussd("*100#")
        await on.listener.until(lambda: on.listener.ussd[-1].outcome is UssdOutcome.DONE)


async def test_a_code_waits_until_a_submit_is_over(tmp_path: Path) -> None:
    """And leaves it alone: one text, accepted, and the code behind it."""
    async with scene(tmp_path) as on:
        on.modem.timing.submit = Delay(0.5)
        sending = asyncio.create_task(on.submit("On the air"))
        async with asyncio.timeout(5):
            while b"\x1a" not in on.driver.recorder.entries[-1].data:
                await asyncio.sleep(0.005)
        on.driver.start_ussd("*100#")
        assert (await sending).outcome is Outcome.ACCEPTED
        await _told(on, 1)
        written = b"".join(entry.data for entry in on.driver.recorder.entries)
        assert written.index(b"\x1a") < written.index(b"+CMGS: ") < written.index(b"AT+CUSD=1")
        assert on.modem.submitter.submits == 1


async def test_a_submit_does_not_wait_for_the_network_s_words(tmp_path: Path) -> None:
    """Only for the command: a network that never answers holds up no text."""
    async with scene(tmp_path) as on:
        on.driver.start_ussd("*103#")
        result = await on.submit("Go on")
        assert result.outcome is Outcome.ACCEPTED
        assert on.driver.ussd is not None
        assert on.driver.ussd.state is UssdState.WAITING


async def test_a_session_that_is_canceled_behind_a_submit_never_reaches_the_modem(
    tmp_path: Path,
) -> None:
    """There is nothing to end at the network either."""
    async with scene(tmp_path) as on:
        on.modem.timing.submit = Delay(0.3)
        sending = asyncio.create_task(on.submit("On the air"))
        await asyncio.sleep(0)
        on.driver.start_ussd("*100#")
        assert on.driver.end_ussd().outcome is UssdOutcome.CANCELED
        assert (await sending).outcome is Outcome.ACCEPTED
        assert (await on.submit("Next")).outcome is Outcome.ACCEPTED
        assert on.modem.ussd.heard == []


async def test_a_network_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    """In time, and at the network too."""
    timing = replace(TIMING, ussd_reply_s=0.3)
    async with scene(tmp_path, timing=timing) as on:
        on.driver.start_ussd("*103#")
        await _told(on, 1)
        assert on.listener.ussd[-1].outcome is UssdOutcome.NO_REPLY
        await _until_written(on, b"AT+CUSD=2\r")
        assert (await on.submit("Go on")).outcome is Outcome.ACCEPTED


async def test_a_menu_that_nobody_answers_is_ended(tmp_path: Path) -> None:
    """People walk away from screens."""
    timing = replace(TIMING, ussd_answer_s=0.2)
    async with scene(tmp_path, timing=timing) as on:
        on.driver.start_ussd("*101#")
        await _told(on, 2)
        assert on.listener.ussd[-1].outcome is UssdOutcome.NO_ANSWER
        await _until_written(on, b"AT+CUSD=2\r")


async def _until_written(on: Scene, data: bytes) -> None:
    async with asyncio.timeout(5):
        while data not in [entry.data for entry in on.driver.recorder.entries]:
            await asyncio.sleep(0.01)


async def test_what_the_network_begins_is_told_and_can_be_answered(tmp_path: Path) -> None:
    """A notice, and a question, without a code of ours."""
    async with scene(tmp_path) as on:
        on.modem.settings.ussd = True
        on.modem.ussd.push(Page("You have 3 new messages"))
        await _told(on, 1)
        notice = on.listener.ussd[-1]
        assert (notice.code, notice.state) == (None, UssdState.ENDED)
        assert notice.text == "You have 3 new messages"
        on.modem.ussd.push(Page("Buy?", {"1": Page("Bought")}))
        await _told(on, 2)
        question = on.listener.ussd[-1]
        assert (question.code, question.state) == (None, UssdState.ANSWER_WANTED)
        on.driver.answer_ussd("1")
        await _told(on, 3)
        assert (on.listener.ussd[-1].id, on.listener.ussd[-1].text) == (question.id, "Bought")


async def test_a_modem_that_goes_takes_its_session_with_it(tmp_path: Path) -> None:
    """Unplugged at a menu: it is over, and nothing can be begun until the modem is back."""
    async with scene(tmp_path) as on:
        on.driver.start_ussd("*101#")
        await _told(on, 1)
        on.modem.unplug()
        await _told(on, 2)
        assert on.listener.ussd[-1].outcome is UssdOutcome.LOST
        await on.listener.until_state(ModemState.ABSENT)
        with pytest.raises(UssdError) as caught:
            on.driver.start_ussd("*100#")
        assert caught.value.fault is UssdFault.NOT_READY
        on.bank.replug(0)
        await on.ready()
        on.driver.start_ussd("*100#")
        await _told(on, 3)


@pytest.mark.parametrize(
    "code", ["", "abc", '*100#"', "*100#\rAT", "**04*1234*5678*5678#", "1" * 161]
)
async def test_what_is_no_code_or_changes_a_pin_is_refused(start: Start, code: str) -> None:
    """Nothing of it reaches the modem, or its recorder."""
    driver = await start()
    with pytest.raises(UssdError) as caught:
        driver.start_ussd(code)
    assert caught.value.fault is UssdFault.UNSAYABLE
    assert driver.ussd is None


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("+CUSD: 2", UssdOutcome.RELEASED),
        ('+CUSD: 2,"Bye",15', UssdOutcome.RELEASED),
        ("+CUSD: 3", UssdOutcome.ELSEWHERE),
        ("+CUSD: 4", UssdOutcome.NOT_SUPPORTED),
        ("+CUSD: 5", UssdOutcome.NO_REPLY),
        ('+CUSD:0,"Hi",15', UssdOutcome.DONE),
    ],
)
@pytest.mark.parametrize("before_ok", [True, False])
async def test_every_end_is_told_before_and_behind_the_ok(
    start: Start,
    modem: ScriptedModem,
    listener: Listener,
    said: str,
    *,
    outcome: UssdOutcome,
    before_ok: bool,
) -> None:
    """Makers differ in which comes first."""
    modem.script[CODE] = f"{CRLF}{said}{CRLF}" + ok() if before_ok else ok() + f"{CRLF}{said}{CRLF}"
    driver = await start()
    driver.start_ussd("*100#")
    await listener.until(lambda: bool(listener.ussd))
    assert listener.ussd[-1].outcome is outcome
    assert (await driver.submit(PDU, 19, Permit())).outcome is Outcome.ACCEPTED
    assert len(listener.ussd) == 1


async def test_an_error_is_a_refusal_in_the_modem_s_words(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """And the modem works on."""
    modem.script[CODE] = f"{CRLF}+CME ERROR: 258{CRLF}"
    driver = await start()
    driver.start_ussd("*100#")
    await listener.until(lambda: bool(listener.ussd))
    session = listener.ussd[-1]
    assert session.outcome is UssdOutcome.REFUSED
    assert "258" in session.reason
    assert (await driver.submit(PDU, 19, Permit())).outcome is Outcome.ACCEPTED


async def test_an_empty_announcement_is_waited_behind(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Some print an empty one first (gammu, issue 513)."""
    modem.script[CODE] = ok() + f'{CRLF}+CUSD: 0,"",15{CRLF}{CRLF}+CUSD: 0,"5 EUR",15{CRLF}'
    driver = await start()
    driver.start_ussd("*100#")
    await listener.until(lambda: bool(listener.ussd))
    assert [session.text for session in listener.ussd] == ["5 EUR"]


async def test_strings_are_asked_for_as_ascii_once_an_opening(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Another program may have left the modem with hex of UCS-2; IRA first, GSM where it lacks."""
    modem.script['AT+CSCS="IRA"'] = f"{CRLF}ERROR{CRLF}"
    modem.script[CODE] = ok() + f'{CRLF}+CUSD: 0,"5 EUR",15{CRLF}'
    driver = await start()
    driver.start_ussd("*100#")
    await listener.until(lambda: len(listener.ussd) == 1)
    driver.start_ussd("*100#")
    await listener.until(lambda: len(listener.ussd) == 2)
    assert [line for line in modem.commands if "CSCS" in line] == ['AT+CSCS="IRA"', 'AT+CSCS="GSM"']


async def test_nonsense_from_the_network_changes_nothing(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Nor does the end of a session that nobody knows."""
    driver = await start()
    modem.say(
        f'{CRLF}+CUSD: 9,"?"{CRLF}{CRLF}+CUSD: {CRLF}{CRLF}+CUSD: 2{CRLF}{CRLF}+CUSD: 0{CRLF}'
    )
    assert (await driver.submit(PDU, 19, Permit())).outcome is Outcome.ACCEPTED
    assert listener.ussd == []
    assert driver.ussd is None
