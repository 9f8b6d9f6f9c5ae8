"""Voice calls: told once each, never answered, hung up where that is wanted, no harm to texts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.modem.interface import Outcome
from modemgw.simulator.delay import Delay
from tests.modem.listening import Listener, Permit
from tests.modem.scene import scene
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from pathlib import Path

    from tests.modem.conftest import Start

CALLER = "+15550123"
OTHER = "+15550456"
RING = f"{CRLF}RING{CRLF}"
PDU = "0011000B915155500100F00000AA05E8329BFD06"


def clip(number: str) -> str:
    """A ring with its caller."""
    return f'{RING}{CRLF}+CLIP: "{number}",145{CRLF}'


async def test_a_call_is_told_once_with_its_number(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """RING repeats for as long as it rings."""
    await start()
    modem.say(clip(CALLER) + clip(CALLER))
    await listener.until(lambda: bool(listener.calls))
    modem.say(clip(CALLER) + f'{CRLF}+CMTI: "ME",9{CRLF}')
    await modem.until(lambda: "AT+CMGR=9" in modem.commands)
    assert listener.calls == [CALLER]


async def test_the_next_call_is_told_however_soon_it_comes(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """NO CARRIER ends a call, and so does another caller's number."""
    await start()
    modem.say(clip(CALLER) + f"{CRLF}NO CARRIER{CRLF}" + clip(CALLER) + clip(OTHER))
    await listener.until(lambda: len(listener.calls) == 3)
    assert listener.calls == [CALLER, CALLER, OTHER]


async def test_a_call_without_a_number_is_told_all_the_same(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The network withholds it, or never sends +CLIP though the modem agreed to show it."""
    await start()
    modem.say(f'{RING}{CRLF}+CLIP: "",128,,,,1{CRLF}{CRLF}NO CARRIER{CRLF}')
    await listener.until(lambda: listener.calls == [None])
    modem.say(RING + RING)
    await listener.until(lambda: listener.calls == [None, None])
    modem.say(f"{CRLF}NO CARRIER{CRLF}{CRLF}+CRING: VOICE{CRLF}{CRLF}NO CARRIER{CRLF}")
    await listener.until(lambda: listener.calls == [None, None, None])


async def test_a_modem_that_shows_no_callers_tells_at_the_first_ring(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """There is no +CLIP to wait for."""
    modem.script["AT+CLIP=1"] = f"{CRLF}ERROR{CRLF}"
    await start()
    modem.say(RING + RING)
    await listener.until(lambda: listener.calls == [None], limit_s=2.0)


async def test_an_unwanted_call_is_hung_up_by_what_the_modem_knows(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """+CHUP first, ATH where that is refused; again if it goes on ringing."""
    modem.script["AT+CHUP"] = f"{CRLF}ERROR{CRLF}"
    listener.rejects = True
    await start()
    modem.say(clip(CALLER))
    await modem.until(lambda: "ATH" in modem.commands)
    modem.say(clip(CALLER))
    await modem.until(lambda: modem.commands.count("ATH") == 2)
    assert modem.commands.count("AT+CHUP") == 2
    assert listener.calls == [CALLER]


async def test_a_call_that_is_over_is_not_hung_up(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """While a text was going out the caller gave up."""
    listener.rejects = True
    modem.script["CTRL-Z"] = clip(CALLER) + f"{CRLF}NO CARRIER{CRLF}" + ok("+CMGS: 9")
    driver = await start()
    result = await driver.submit(PDU, 19, Permit())
    assert (result.outcome, result.mr) == (Outcome.ACCEPTED, 9)
    assert listener.calls == [CALLER]
    await driver.submit(PDU, 19, Permit())
    assert not {"AT+CHUP", "ATH"} & set(modem.commands)


async def test_a_listener_that_fails_hangs_nobody_up(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """And the modem works on."""
    driver = await start()
    listener.rejects = True
    listener.calls = None  # type: ignore[assignment]
    modem.say(clip(CALLER))
    assert (await driver.submit(PDU, 19, Permit())).outcome is Outcome.ACCEPTED
    assert "AT+CHUP" not in modem.commands


async def test_a_simulated_call_rings_out_during_a_submit_and_harms_nothing(
    tmp_path: Path,
) -> None:
    """It is told with its number while the text is on the air, and the text goes once."""
    async with scene(tmp_path) as on:
        on.modem.timing.submit = Delay(0.6)
        sending = asyncio.create_task(on.submit("Do not disturb"))
        async with asyncio.timeout(5):
            while "AT+CMGS" not in str(on.driver.recorder.entries[-3:]):
                await asyncio.sleep(0.01)
        assert on.modem.call.ring(CALLER, 1)
        await on.listener.until(lambda: on.listener.calls == [CALLER])
        assert not sending.done()
        assert (await sending).outcome is Outcome.ACCEPTED
        await on.taken_in(1)  # its report
        assert on.modem.submitter.submits == 1


async def test_an_unwanted_call_of_the_simulator_stops_ringing(tmp_path: Path) -> None:
    """The network sees it end long before the caller would give up."""
    async with scene(tmp_path, "simcom-sim800") as on:
        on.listener.rejects = True
        assert on.modem.call.ring(CALLER, 100)
        async with asyncio.timeout(5):
            while on.modem.call.is_ringing:
                await asyncio.sleep(0.01)
        assert on.listener.calls == [CALLER]
