"""Submits through a driver, on a pty."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.interface import ModemState, Outcome, Verdict
from tests.modem.listening import Listener, Permit
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from modemgw.modem.driver import Driver
    from modemgw.modem.interface import SubmitResult
    from tests.modem.conftest import Start

PDU = "0011000B915155500100F00000AA05E8329BFD06"
LENGTH = 19


async def test_an_accepted_submit_bears_its_message_reference(
    start: Start, modem: ScriptedModem
) -> None:
    """The TPDU goes out once, as given, and +CMGS tells its number."""
    driver = await start()
    result = await driver.submit(PDU, LENGTH, Permit())
    assert (result.outcome, result.mr) == (Outcome.ACCEPTED, 7)
    assert modem.payloads == [PDU]
    assert f"AT+CMGS={LENGTH}" in modem.commands


async def test_ok_without_a_reference_is_accepted(start: Start, modem: ScriptedModem) -> None:
    """A missing +CMGS line costs the report its number, not the text its acceptance."""
    modem.script["CTRL-Z"] = ok()
    driver = await start()
    result = await driver.submit(PDU, LENGTH, Permit())
    assert (result.outcome, result.mr) == (Outcome.ACCEPTED, None)


async def test_announcements_between_prompt_and_result_harm_nobody(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """+CMTI and RING inside a submit are heard and do not end it."""
    modem.script["CTRL-Z"] = f"{CRLF}RING{CRLF}{CRLF}+CSQ: 3,99{CRLF}" + ok("+CMGS: 9")
    modem.prompt = f"{CRLF}^RSSI: 12{CRLF}{CRLF}>{CRLF}"
    driver = await start()
    result = await driver.submit(PDU, LENGTH, Permit())
    assert (result.outcome, result.mr) == (Outcome.ACCEPTED, 9)


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        ("+CMS ERROR: 38", Outcome.REFUSED, 38),
        ("+CMS ERROR: 208", Outcome.REFUSED, 208),
        ("+CMS ERROR: 197", Outcome.ACCEPTED, 197),
        ("+CMS ERROR: 330", Outcome.REFUSED, 330),
        ("+CMS ERROR: 331", Outcome.UNKNOWN, 331),
        ("+CMS ERROR: 332", Outcome.UNKNOWN, 332),
        ("+CMS ERROR: 500", Outcome.UNKNOWN, 500),
        ("+CMS ERROR: 513", Outcome.UNKNOWN, 513),
        ("+CMS ERROR: Network out of order", Outcome.UNKNOWN, None),
        ("+CME ERROR: 100", Outcome.UNKNOWN, 100),
        ("ERROR", Outcome.UNKNOWN, None),
    ],
)
async def test_errors_after_ctrl_z_are_certain_only_where_a_standard_says_so(
    start: Start, modem: ScriptedModem, answer: str, outcome: Outcome, code: int | None
) -> None:
    """Each answer after Ctrl-Z is classified by the table."""
    modem.script["CTRL-Z"] = f"{CRLF}{answer}{CRLF}"
    driver = await start()
    result = await driver.submit(PDU, LENGTH, Permit())
    assert (result.outcome, result.code) == (outcome, code)


async def test_an_error_instead_of_the_prompt_is_a_certain_refusal(
    start: Start, modem: ScriptedModem
) -> None:
    """No byte of the TPDU follows, or the modem would run it as commands."""
    modem.script[f"AT+CMGS={LENGTH}"] = f"{CRLF}+CMS ERROR: 302{CRLF}"
    driver = await start()
    permit = Permit()
    result = await driver.submit(PDU, LENGTH, permit)
    assert (result.outcome, result.family, result.code) == (Outcome.REFUSED, "cms", 302)
    assert modem.payloads == []
    assert (permit.obtained, permit.asked) == (1, 0)


async def test_a_missing_prompt_is_a_certain_refusal_and_the_modem_recovers(
    start: Start, modem: ScriptedModem
) -> None:
    """ESC ends the attempt, and the next submit works."""
    modem.script[f"AT+CMGS={LENGTH}"] = ""
    driver = await start()
    result = await driver.submit(PDU, LENGTH, Permit())
    assert result.outcome is Outcome.REFUSED
    assert "no prompt" in result.detail
    assert modem.escapes > 0
    del modem.script[f"AT+CMGS={LENGTH}"]
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.ACCEPTED


async def test_a_lost_answer_is_unknown_and_never_taken_by_the_next(
    start: Start, modem: ScriptedModem
) -> None:
    """After Ctrl-Z silence proves nothing; the next submit gets its own answer."""
    modem.script["CTRL-Z"] = ""
    driver = await start()
    result = await driver.submit(PDU, LENGTH, Permit())
    assert result.outcome is Outcome.UNKNOWN
    modem.script["CTRL-Z"] = ok("+CMGS: 12")
    assert (await driver.submit(PDU, LENGTH, Permit())).mr == 12


async def test_an_answer_that_comes_late_still_counts(start: Start, modem: ScriptedModem) -> None:
    """+CMGS and OK read while resynchronising settle what the time-out had left open."""
    modem.script["CTRL-Z"] = ""
    driver = await start()
    submitting = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    await modem.until(lambda: bool(modem.payloads))
    for marker in ("AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?"):
        name = marker[2:-1]
        modem.script[marker] = lambda name=name: ok("+CMGS: 44") + ok(f"{name}: 1")  # type: ignore[misc]
    result = await submitting
    assert (result.outcome, result.mr) == (Outcome.ACCEPTED, 44)


async def test_a_modem_that_restarts_after_ctrl_z_is_not_waited_for(
    start: Start, modem: ScriptedModem
) -> None:
    """It has forgotten the submit; whether the network took it nobody can say."""
    modem.script["CTRL-Z"] = f"{CRLF}RDY{CRLF}"
    driver = await start()
    result = await driver.submit(PDU, LENGTH, Permit())
    assert result.outcome is Outcome.UNKNOWN
    assert "restarted" in result.detail


async def test_a_port_lost_after_ctrl_z_is_unknown(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Unplugged in the middle of a submit: in doubt, and the modem shows as absent."""
    modem.script["CTRL-Z"] = ""
    driver = await start()
    submitting = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    await modem.until(lambda: bool(modem.payloads))
    modem.unplug()
    result = await submitting
    assert result.outcome is Outcome.UNKNOWN
    assert "lost" in result.detail
    await listener.until_state(ModemState.ABSENT)


async def test_a_port_lost_before_ctrl_z_is_a_certain_refusal(
    start: Start, modem: ScriptedModem
) -> None:
    """What was never written cannot have gone."""
    modem.script[f"AT+CMGS={LENGTH}"] = ""
    driver = await start()
    submitting = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    await modem.until(lambda: f"AT+CMGS={LENGTH}" in modem.commands)
    modem.unplug()
    assert (await submitting).outcome is Outcome.REFUSED


@pytest.mark.parametrize("permit", [Permit(granted=False), Permit(Verdict.NO)])
async def test_a_refused_clearance_writes_no_byte_of_the_text(
    start: Start, modem: ScriptedModem, permit: Permit
) -> None:
    """ESC instead of the TPDU, and the modem is usable afterwards."""
    driver = await start()
    result = await driver.submit(PDU, LENGTH, permit)
    assert result.outcome is Outcome.WITHDRAWN
    assert modem.payloads == []
    assert modem.escapes >= 1
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.ACCEPTED
    assert modem.payloads == [PDU]


async def test_a_clearance_that_fails_is_a_refused_one(start: Start, modem: ScriptedModem) -> None:
    """An exception from the gateway counts as no."""

    class Broken(Permit):
        async def obtain(self) -> bool:
            raise RuntimeError("the database is away")

    driver = await start()
    assert (await driver.submit(PDU, LENGTH, Broken())).outcome is Outcome.WITHDRAWN
    assert modem.payloads == []


async def test_a_stale_clearance_is_obtained_again(start: Start, modem: ScriptedModem) -> None:
    """STALE asks anew, and GO then lets the part begin."""
    driver = await start()
    permit = Permit(Verdict.STALE, Verdict.GO)
    result = await driver.submit(PDU, LENGTH, permit)
    assert result.outcome is Outcome.ACCEPTED
    assert (permit.obtained, permit.asked) == (2, 2)


async def test_a_clearance_that_stays_stale_is_given_up(start: Start, modem: ScriptedModem) -> None:
    """Nobody asks for ever."""
    driver = await start()
    assert (await driver.submit(PDU, LENGTH, Permit(Verdict.STALE))).outcome is Outcome.WITHDRAWN
    assert modem.payloads == []


async def test_an_error_at_the_open_prompt_is_seen_before_the_text_is_written(
    start: Start, modem: ScriptedModem
) -> None:
    """A modem that gives its prompt up while the clearance is obtained gets no TPDU."""

    class Slow(Permit):
        async def obtain(self) -> bool:
            modem.say(f"{CRLF}+CMS ERROR: 500{CRLF}")
            await asyncio.sleep(0.05)
            return True

    driver = await start()
    result = await driver.submit(PDU, LENGTH, Slow())
    assert (result.outcome, result.code) == (Outcome.REFUSED, 500)
    assert modem.payloads == []


async def test_the_clearance_is_obtained_while_the_modem_gets_its_prompt_ready(
    start: Start, modem: ScriptedModem
) -> None:
    """The database's time hides behind the prompt's."""
    asked = asyncio.Event()

    class Watched(Permit):
        async def obtain(self) -> bool:
            asked.set()
            return await super().obtain()

    modem.script[f"AT+CMGS={LENGTH}"] = ""
    driver = await start()
    submitting = asyncio.create_task(driver.submit(PDU, LENGTH, Watched()))
    await asyncio.wait_for(asked.wait(), 2)
    assert not submitting.done()
    await submitting


class Held(Permit):
    """A clearance that ends when it is let go."""

    def __init__(self, *verdicts: Verdict) -> None:
        super().__init__(*verdicts)
        self.asked_for, self.let_go = asyncio.Event(), asyncio.Event()
        self.ended = False

    async def obtain(self) -> bool:
        self.asked_for.set()
        await self.let_go.wait()
        self.ended = True
        return await super().obtain()


async def held(driver: Driver) -> tuple[Held, asyncio.Task[SubmitResult]]:
    """A submit that has asked for its clearance, and waits for it."""
    permit = Held()
    submitting = asyncio.create_task(driver.submit(PDU, LENGTH, permit))
    await asyncio.wait_for(permit.asked_for.wait(), 5)
    return permit, submitting


async def test_a_clearance_is_seen_to_its_end_where_the_port_is_lost_meanwhile(
    start: Start, modem: ScriptedModem
) -> None:
    """What follows for the part finds its record; nothing was written, for certain."""
    driver = await start()
    permit, submitting = await held(driver)
    modem.unplug()
    await asyncio.sleep(0.1)
    assert not submitting.done()
    permit.let_go.set()
    result = await asyncio.wait_for(submitting, 5)
    assert result.outcome in (Outcome.REFUSED, Outcome.WITHDRAWN)
    assert permit.ended
    assert modem.payloads == []


async def test_a_submit_that_is_cancelled_before_its_clearance_leaves_the_modem_usable(
    start: Start, modem: ScriptedModem
) -> None:
    """Its prompt is taken back before the next command."""
    driver = await start()
    permit, submitting = await held(driver)
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting
    assert not permit.ended
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.ACCEPTED
    assert modem.payloads == [PDU]


async def test_announced_texts_are_read_before_the_next_submit(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A STOP that waits is committed before AT+CMGS goes out."""
    driver = await start()
    first = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    modem.script["CTRL-Z"] = lambda: _arrives_with_the_result(modem)
    await first
    at_prompt: list[int] = []

    class Watched(Permit):
        async def obtain(self) -> bool:
            at_prompt.append(len(listener.incoming))
            return True

    await driver.submit(PDU, LENGTH, Watched())
    assert at_prompt == [1]
    order = [line for line in modem.commands if line.startswith(("AT+CMGS", "AT+CMGR"))]
    assert order[0].startswith("AT+CMGS")
    assert order[1].startswith("AT+CMGR")


async def test_a_cancelled_submit_leaves_the_modem_usable(
    start: Start, modem: ScriptedModem
) -> None:
    """Its late answer is nobody's, and the next submit gets its own."""
    modem.script["CTRL-Z"] = ""
    driver = await start()
    submitting = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    await modem.until(lambda: bool(modem.payloads))
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting
    modem.say(ok("+CMGS: 1"))
    modem.script["CTRL-Z"] = ok("+CMGS: 2")
    assert (await driver.submit(PDU, LENGTH, Permit())).mr == 2


async def test_a_modem_that_is_not_ready_refuses_at_once(
    start: Start, modem: ScriptedModem
) -> None:
    """No clearance is asked for a modem that cannot send."""
    modem.script["AT+CPIN?"] = f"{CRLF}+CME ERROR: 10{CRLF}"
    driver = await start(ModemState.NO_SIM)
    permit = Permit()
    result = await driver.submit(PDU, LENGTH, permit)
    assert result.outcome is Outcome.REFUSED
    assert permit.obtained == 0


def _arrives_with_the_result(modem: ScriptedModem) -> str:
    modem.stored[3] = "0791515500909988"
    modem.script["CTRL-Z"] = ok("+CMGS: 2")
    return ok("+CMGS: 1") + f'{CRLF}+CMTI: "ME",3{CRLF}'


async def test_a_missed_call_during_a_submit_is_not_its_answer(
    start: Start, modem: ScriptedModem
) -> None:
    """NO CARRIER ends the caller's call; +CMGS and OK still come."""
    modem.script["CTRL-Z"] = f"{CRLF}NO CARRIER{CRLF}" + ok("+CMGS: 8")
    driver = await start()
    result = await driver.submit(PDU, LENGTH, Permit())
    assert (result.outcome, result.mr) == (Outcome.ACCEPTED, 8)


async def test_nothing_is_written_to_a_modem_that_restarted_at_its_prompt(
    start: Start, modem: ScriptedModem
) -> None:
    """Its prompt is gone: the TPDU would be run as commands, or be sent in text mode."""

    class Slow(Permit):
        async def obtain(self) -> bool:
            modem.say(f"{CRLF}RDY{CRLF}")
            await asyncio.sleep(0.05)
            return True

    driver = await start()
    permit = Slow()
    result = await driver.submit(PDU, LENGTH, permit)
    assert (result.outcome, permit.asked) == (Outcome.WITHDRAWN, 0)
    assert modem.payloads == []


async def test_a_modem_that_restarted_takes_no_submit_until_it_is_set_up(
    start: Start, modem: ScriptedModem
) -> None:
    """In text mode AT+CMGS=19 would text to the number 19."""
    driver = await start()
    modem.say(f"{CRLF}RDY{CRLF}")
    while not any(b"RDY" in entry.data for entry in driver.recorder.entries):
        await asyncio.sleep(0)
    result = await driver.submit(PDU, LENGTH, Permit())
    assert result.outcome is Outcome.REFUSED
    assert not [line for line in modem.commands if line.startswith("AT+CMGS=")]


async def test_a_late_acceptance_is_told_before_the_next_submit_and_never_after_it(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Told behind the next submit it would settle that one instead."""
    modem.script["CTRL-Z"] = ""
    driver = await start()
    submitting = asyncio.create_task(driver.submit(PDU, LENGTH, Permit()))
    await modem.until(lambda: bool(modem.payloads))
    submitting.cancel()
    await asyncio.gather(submitting, return_exceptions=True)
    modem.say(ok("+CMGS: 41"))
    told: list[list[int | None]] = []

    class Watched(Permit):
        async def obtain(self) -> bool:
            told.append(list(listener.late))
            return True

    submitting = asyncio.create_task(driver.submit(PDU, LENGTH, Watched()))
    await modem.until(lambda: len(modem.payloads) == 2)
    modem.unplug()
    assert (await submitting).outcome is Outcome.UNKNOWN
    modem.plug()
    await listener.until_state(ModemState.READY)
    assert told == [[41]]
    assert listener.late == [41]


async def test_an_ok_in_place_of_the_prompt_refuses_and_the_prompt_is_escaped(
    start: Start, modem: ScriptedModem
) -> None:
    """The prompt that opens behind it must not swallow the next command."""
    command = f"AT+CMGS={LENGTH}"

    def out_of_step() -> str:
        del modem.script[command]
        modem._at_prompt = True
        return f"{ok()}{CRLF}> "

    modem.script[command] = out_of_step
    driver = await start()
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.REFUSED
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.ACCEPTED
    assert modem.payloads == [PDU]


async def test_without_a_network_nothing_is_submitted(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """What a modem answers then (331, ERROR) would leave the part in doubt."""
    driver = await start()
    modem.script["AT+CREG?"] = ok("+CREG: 1,2")
    modem.say(f"{CRLF}+CREG: 2{CRLF}")
    await listener.until_state(ModemState.DEGRADED)
    permit = Permit()
    assert (await driver.submit(PDU, LENGTH, permit)).outcome is Outcome.REFUSED
    assert permit.obtained == 0


async def test_a_loss_of_the_network_that_was_announced_is_looked_at_before_the_next_submit(
    start: Start, modem: ScriptedModem
) -> None:
    """Or what the queue hands over meanwhile would be left in doubt, one text after another."""
    driver = await start()
    asked = len(modem.commands)
    modem.script["AT+CREG?"] = ok("+CREG: 1,2")
    modem.say(f"{CRLF}+CREG: 2{CRLF}")
    await modem.until(lambda: "AT+CREG?" in modem.commands[asked:])
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.REFUSED
    assert not any(command.startswith("AT+CMGS") for command in modem.commands)


async def test_after_an_answer_that_proves_nothing_the_network_is_looked_at(
    start: Start, modem: ScriptedModem
) -> None:
    """Before the next text goes the same way."""
    driver = await start()
    modem.script["AT+CREG?"] = ok("+CREG: 1,2")
    modem.script["CTRL-Z"] = f"{CRLF}+CMS ERROR: 331{CRLF}"
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.UNKNOWN
    assert (await driver.submit(PDU, LENGTH, Permit())).outcome is Outcome.REFUSED
    assert len(modem.payloads) == 1


async def test_a_prompt_is_not_left_open_for_longer_than_one_clearance(
    start: Start, modem: ScriptedModem
) -> None:
    """Clearances that are obtained again and again share one time limit."""

    class Slow(Permit):
        async def obtain(self) -> bool:
            await asyncio.sleep(0.4)
            return await super().obtain()

    driver = await start()
    stale = Verdict.STALE
    result = await driver.submit(PDU, LENGTH, Slow(stale, stale, stale, Verdict.GO))
    assert result.outcome is Outcome.WITHDRAWN
    assert modem.payloads == []
