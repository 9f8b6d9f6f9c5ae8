"""What happens from the first byte of an opening until the modem is ready."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState, Outcome, Source
from modemgw.modem.settings import BankSettings, PortSettings
from tests.modem.conftest import QUICK, Start, driven
from tests.modem.listening import Listener, Permit
from tests.modem.scripted import CRLF, DEFAULTS, ScriptedModem, ok

if TYPE_CHECKING:
    from collections.abc import Callable

STORAGES = ("ME", "MT", "SM")
PDU = "0011000B915155500100F00000AA05E8329BFD06"


async def test_a_modem_is_identified(start: Start) -> None:
    """IMEI, maker, SIM, number, operator and signal are in its status when it is ready."""
    status = (await start()).status
    assert (status.imei, status.maker, status.model) == ("356938030000005", "Scripted", "S1")
    assert (status.iccid, status.imsi) == ("89015550000000000000", "001010000000000")
    assert (status.number, status.smsc) == ("+15550100000", "+15550009999")
    assert (status.operator, status.rssi_dbm) == ("Testnet", -73)
    assert (status.state, status.reason) == (ModemState.READY, "")


async def test_a_late_acceptance_is_told_before_the_modem_is_ready(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """What an earlier life left unread is the proof that its last submit was accepted."""
    modem.say(ok("+CMGS: 99"))
    await start()
    assert listener.late == [99]
    assert listener.told.index("late") < listener.told.index(ModemState.READY)


async def test_an_acceptance_from_a_modem_still_busy_is_told(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """It answers the submit of the earlier life first, and only then the marker."""
    first = iter([ok("+CMGS: 98") + ok("+CMEE: 1")])
    modem.script["AT+CMEE?"] = lambda: next(first, ok("+CMEE: 1"))
    await start()
    assert listener.late == [98]


async def test_an_ok_without_reference_proves_nothing(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A lone OK may be the end of any command."""
    modem.say(ok())
    await start()
    assert listener.late == []


async def test_a_prompt_left_open_is_escaped_not_sent(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Never Ctrl-Z, which would send a half-written text."""
    modem.prompt = ""
    descriptor = os.open(modem.path, os.O_RDWR | os.O_NOCTTY)
    os.write(descriptor, b"AT+CMGS=19\r0011")
    await modem.until(lambda: "AT+CMGS=19" in modem.commands)
    os.close(descriptor)
    await start()
    assert modem.payloads == []
    assert modem.escapes >= 1


async def test_garbage_before_and_between_answers_delays_nothing(
    start: Start, modem: ScriptedModem
) -> None:
    """NULs, echoes, over-long lines and foreign bytes are passed over."""
    modem.say("\x00\xff\xfe" * 50 + CRLF + "x" * 3000)
    modem.script["AT+CIMI"] = f"AT+CIMI\r{CRLF}\x00{CRLF}^RSSI: 9{CRLF}" + ok("001010000000000")
    driver = await start()
    assert driver.status.imsi == "001010000000000"


async def test_a_port_that_only_spews_is_no_modem(
    modem: ScriptedModem, listener: Listener, start: Start
) -> None:
    """It ends in recovery with a reason, not in a loop without end."""
    for marker in ("AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?"):
        modem.script[marker] = "$GPRMC,1,2,3" + CRLF
    driver = await start(ModemState.RECOVERING)
    assert "no answer to AT commands" in driver.status.reason


async def test_the_configured_pin_is_entered_once(start: Start, modem: ScriptedModem) -> None:
    """A PIN that the SIM takes unlocks it."""
    modem.script["AT+CPIN?"] = ok("+CPIN: SIM PIN")

    def unlock() -> str:
        modem.script["AT+CPIN?"] = ok("+CPIN: READY")
        return ok()

    modem.script['AT+CPIN="1234"'] = unlock
    await start(pin="1234")
    assert modem.commands.count('AT+CPIN="1234"') == 1


async def test_a_wrong_pin_is_never_tried_twice(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Three tries would lock the SIM for good."""
    modem.script["AT+CPIN?"] = ok("+CPIN: SIM PIN")
    modem.script['AT+CPIN="1234"'] = f"{CRLF}+CME ERROR: 16{CRLF}"
    driver = await start(ModemState.LOCKED, pin="1234")
    count = modem.commands.count("AT+CPIN?")
    await modem.until(lambda: modem.commands.count("AT+CPIN?") > count + 3)
    assert modem.commands.count('AT+CPIN="1234"') == 1
    assert "refused" in driver.status.reason


async def test_a_locked_sim_says_what_it_wants(start: Start, modem: ScriptedModem) -> None:
    """PIN and PUK call for different people."""
    modem.script["AT+CPIN?"] = ok("+CPIN: SIM PUK")
    driver = await start(ModemState.LOCKED)
    assert "SIM PUK" in driver.status.reason


async def test_a_sim_put_in_later_is_found(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """`no_sim` looks again and again."""
    modem.script["AT+CPIN?"] = f"{CRLF}+CME ERROR: 10{CRLF}"
    await start(ModemState.NO_SIM)
    del modem.script["AT+CPIN?"]
    await listener.until_state(ModemState.READY)


async def test_a_sim_that_is_announced_is_looked_at_at_once(
    modem: ScriptedModem, listener: Listener
) -> None:
    """Nobody waits for the next look when the modem tells that the SIM is in."""
    modem.script["AT+CPIN?"] = f"{CRLF}+CME ERROR: 10{CRLF}"
    patient = replace(QUICK, sim_poll_s=60.0)
    async with driven(Bank(BankSettings((PortSettings(modem.path),), patient), listener)):
        await listener.until_state(ModemState.NO_SIM)
        del modem.script["AT+CPIN?"]
        modem.say(f"{CRLF}+CPIN: READY{CRLF}")
        await listener.until_state(ModemState.READY)


async def test_a_busy_sim_is_waited_for(start: Start, modem: ScriptedModem) -> None:
    """SIM busy, right after a start, is no failure."""
    answers = iter([f"{CRLF}+CME ERROR: 14{CRLF}"] * 2)
    modem.script["AT+CPIN?"] = lambda: next(answers, ok("+CPIN: READY"))
    await start()


async def test_a_final_result_that_is_forgotten_after_cpin_is_survived(
    start: Start, modem: ScriptedModem
) -> None:
    """Wavecom ends +CPIN? without OK."""
    modem.script["AT+CPIN?"] = f"{CRLF}+CPIN: READY{CRLF}"
    await start()


async def test_a_refused_sim_is_denied_and_registers_later(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Registration denied has its own state and reason."""
    modem.script["AT+CREG?"] = ok("+CREG: 1,3")
    await start(ModemState.DENIED)
    del modem.script["AT+CREG?"]
    await listener.until_state(ModemState.READY)


async def test_lte_registration_counts_where_creg_denies_it(
    start: Start, modem: ScriptedModem
) -> None:
    """On LTE-only SIMs +CREG may say 0,3 while texts work."""
    modem.script["AT+CREG?"] = ok("+CREG: 0,3")
    modem.script["AT+CEREG?"] = ok("+CEREG: 0,6")
    await start()


@pytest.mark.parametrize("command", ["AT+CPMS?", "AT+CSCA?"])
@pytest.mark.parametrize("stat", [1, 5, 6, 7])
async def test_a_modem_is_ready_when_storage_and_service_centre_answer(
    start: Start, modem: ScriptedModem, listener: Listener, command: str, stat: int
) -> None:
    """Registered is not enough: for seconds after a start texts would be refused."""
    modem.script["AT+CREG?"] = ok(f"+CREG: 1,{stat}")
    modem.script[command] = f"{CRLF}+CMS ERROR: 302{CRLF}"
    driver = await start(None)
    await listener.until(lambda: driver.status.reason.startswith("registered, but not ready"))
    assert driver.status.state is ModemState.REGISTERING
    assert f"{command} was answered by +CMS ERROR: 302" in driver.status.reason
    del modem.script[command]
    await listener.until_state(ModemState.READY)


@pytest.mark.parametrize("stat", [0, 2, 3, 4, 8])
async def test_no_other_registration_counts(
    start: Start, modem: ScriptedModem, listener: Listener, stat: int
) -> None:
    """Searching, denied, unknown, emergency calls only: nothing could be sent."""
    modem.script["AT+CREG?"] = ok(f"+CREG: 1,{stat}")
    driver = await start(None)
    expected = ModemState.DENIED if stat == 3 else ModemState.REGISTERING
    await listener.until(lambda: driver.status.state is expected and listener.sweeps == 1)
    asked = modem.commands.count("AT+CREG?")
    await modem.until(lambda: modem.commands.count("AT+CREG?") > asked + 2)
    assert ModemState.READY not in listener.told


@pytest.mark.parametrize("refused", ["AT+CMGF=0", "AT+CPMS"])
async def test_a_port_that_takes_no_texts_says_so(
    start: Start, modem: ScriptedModem, refused: str
) -> None:
    """It answers AT, as the data ports of modules do."""
    for command in ("AT+CMGF=0", "AT+CPMS=?", *(f'AT+CPMS="{n}","{n}","{n}"' for n in STORAGES)):
        if command.startswith(refused):
            modem.script[command] = f"{CRLF}ERROR{CRLF}"
    driver = await start(ModemState.RECOVERING)
    assert "takes no texts here" in driver.status.reason
    assert "try another of its ports" in driver.status.reason


async def test_a_lost_registration_degrades_and_comes_back(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """An announcement makes the driver ask; the answer decides."""
    await start()
    modem.script["AT+CREG?"] = ok("+CREG: 1,2")
    modem.say(f"{CRLF}+CREG: 2{CRLF}")
    await listener.until_state(ModemState.DEGRADED)
    del modem.script["AT+CREG?"]
    modem.say(f"{CRLF}+CREG: 1{CRLF}")
    await listener.until_state(ModemState.READY)


async def test_flight_mode_is_left(start: Start, modem: ScriptedModem) -> None:
    """Another program's +CFUN=4 survives."""
    modem.script["AT+CFUN?"] = ok("+CFUN: 4")
    await start()
    assert "AT+CFUN=1" in modem.commands


async def test_reports_fall_back_to_stored_where_direct_ones_are_refused(
    start: Start, modem: ScriptedModem
) -> None:
    """Many modems promise what they refuse."""
    for buffer in (0, 1):
        modem.script[f"AT+CNMI=2,1,0,1,{buffer}"] = f"{CRLF}+CMS ERROR: 303{CRLF}"
    await start()
    assert [line for line in modem.commands if line.startswith("AT+CNMI=2")] == [
        "AT+CNMI=2,1,0,1,0",
        "AT+CNMI=2,1,0,1,1",
        "AT+CNMI=2,1,0,2,0",
    ]


async def test_storage_falls_back_to_what_is_accepted(start: Start, modem: ScriptedModem) -> None:
    """ME, then MT, then SM."""
    modem.script["AT+CPMS=?"] = f"{CRLF}ERROR{CRLF}"
    for name in ("ME", "MT"):
        modem.script[f'AT+CPMS="{name}","{name}","{name}"'] = f"{CRLF}+CMS ERROR: 302{CRLF}"
    await start()
    assert 'AT+CPMS="SM","SM","SM"' in modem.commands


async def test_the_iccid_is_found_by_whichever_command_knows_it(
    start: Start, modem: ScriptedModem
) -> None:
    """At last from its file, by +CRSM, half octets swapped."""
    for command in ("AT+CCID", "AT+ICCID", "AT+QCCID", "AT^ICCID?", "AT#CCID"):
        modem.script[command] = f"{CRLF}ERROR{CRLF}"
    modem.script["AT+CRSM=176,12258,0,0,10"] = ok('+CRSM: 144,0,"98105505000000000000"')
    assert (await start()).status.iccid == "89015550000000000000"


async def test_a_modem_that_restarts_by_itself_is_set_up_again(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """RDY means that +CNMI and the like are forgotten."""
    await start()
    before = modem.commands.count("AT+CMGF=0")
    modem.say(f"{CRLF}RDY{CRLF}")
    await listener.until_state(ModemState.INITIALISING)
    await listener.until_state(ModemState.READY)
    assert modem.commands.count("AT+CMGF=0") == before + 1
    assert listener.told.count(ModemState.OPENING) == 1


async def test_a_modem_that_vanishes_and_comes_back_is_ready_again(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Absent with a reason meanwhile; swept again after."""
    driver = await start()
    modem.unplug()
    await listener.until_state(ModemState.ABSENT)
    assert "unplugged" in driver.status.reason
    modem.plug()
    await listener.until_state(ModemState.READY)
    assert listener.sweeps == 2
    assert (await driver.submit(PDU, 19, Permit())).outcome is Outcome.ACCEPTED


async def test_another_modem_on_the_same_port_keeps_nothing_of_the_first(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The IMEI is verified after every opening."""
    driver = await start()
    modem.unplug()
    await listener.until_state(ModemState.ABSENT)
    modem.script["AT+CGSN"] = ok("356938030000013")
    modem.script["AT+CCID"] = ok("+CCID: 89015550000000000018")
    modem.plug()
    modem.say(ok("+CMGS: 5"))
    await listener.until_state(ModemState.READY)
    assert driver.status.imei == "356938030000013"
    assert driver.status.iccid == "89015550000000000018"
    assert listener.late == []


async def test_texts_of_the_former_sim_keep_their_line(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """What the first sweep after a change of SIM finds in the modem's own storage."""
    await start()
    modem.unplug()
    await listener.until_state(ModemState.ABSENT)
    modem.script["AT+CCID"] = ok("+CCID: 89015550000000000018")
    modem.stored[1] = PDU
    modem.plug()
    await listener.until_state(ModemState.READY)
    modem.store(2, PDU)
    await listener.until(lambda: len(listener.incoming) == 2)
    assert [incoming.iccid for incoming in listener.incoming] == [
        "89015550000000000000",
        "89015550000000000018",
    ]


async def test_a_modem_that_keeps_restarting_is_recovered(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A weak power supply shows as such."""
    await start()
    modem.script["AT+CSQ"] = lambda: ok("+CSQ: 20,99") + f"{CRLF}RDY{CRLF}"
    modem.say(f"{CRLF}RDY{CRLF}")
    await listener.until_state(ModemState.RECOVERING)
    assert "power supply" in listener.states[-1][1]


def once(first: str, then: str) -> Callable[[], str]:
    """An answer that is another one the first time."""
    answers = iter([first])
    return lambda: next(answers, then)


@pytest.mark.parametrize(
    "command", ["ATE0", "AT+CMGF=0", 'AT+CPMS="ME","ME","ME"', "AT+CNMI=2,1,0,1,0"]
)
async def test_a_step_that_is_not_answered_is_tried_again_before_the_port_is_given_up(
    start: Start, modem: ScriptedModem, listener: Listener, command: str
) -> None:
    """One lost answer while the modem comes up costs a time limit, not the whole way again."""
    modem.script[command] = once("", ok())
    await start()
    assert modem.commands.count(command) == 2
    assert ModemState.RECOVERING not in [state for state, _ in listener.states]


@pytest.mark.parametrize("first", ["", f"{CRLF}\xff9{CRLF}{CRLF}OK{CRLF}"])
async def test_who_modem_and_sim_are_is_asked_again_where_the_answer_is_lost(
    start: Start, modem: ScriptedModem, first: str
) -> None:
    """Without them the modem would have no line, or pass for another one."""
    for command in ("AT+CGSN", "AT+CCID"):
        modem.script[command] = once(first, str(DEFAULTS[command]))
    driver = await start()
    assert driver.status.imei == "356938030000005"
    assert driver.status.iccid == "89015550000000000000"


async def test_a_first_sweep_that_is_not_answered_is_made_again_on_the_same_port(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The modem works meanwhile."""
    modem.stored[3] = PDU
    modem.script["AT+CMGR=3"] = once("", ok("+CMGR: 1,,19", PDU))
    await start()
    await listener.until(lambda: listener.sweeps == 1)
    assert 3 not in modem.stored
    assert ModemState.RECOVERING not in [state for state, _ in listener.states]


async def test_a_command_that_times_out_is_survived(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The dialogue is brought into step; the port stays open and the text is read later."""
    await start()
    modem.script["AT+CMGR=1"] = ""
    modem.store(1, PDU)
    await modem.until(lambda: "AT+CMGR=1" in modem.commands)
    del modem.script["AT+CMGR=1"]
    await modem.until(lambda: not modem.stored)
    assert ModemState.RECOVERING not in {state for state, _ in listener.states}


async def test_a_hung_modem_is_reopened_and_then_reset(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The ladder: reopen, and after some times the reset command, blindly."""
    await start()
    for command in ("AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?", "AT+CREG?", "AT+CSQ"):
        modem.script[command] = ""
    modem.say(f"{CRLF}+CREG: 2{CRLF}")
    await listener.until_state(ModemState.RECOVERING, 30)
    await modem.until(lambda: "AT+CFUN=1,1" in modem.commands, 30)
    for command in list(modem.script):
        if command != "CTRL-Z":
            del modem.script[command]
    await listener.until_state(ModemState.READY, 10)


async def test_a_modem_that_a_reset_has_helped_is_used_as_soon_as_it_says_so(
    modem: ScriptedModem, listener: Listener
) -> None:
    """Nobody waits for the longest time that a start may take; what it still had to say counts."""
    silent = ("AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?", "AT+CREG?", "AT+CSQ")

    def restart() -> str:
        for command in silent:
            modem.script.pop(command, None)
        return ok("+CMGS: 9") + f"{CRLF}RDY{CRLF}"

    modem.script["AT+CFUN=1,1"] = restart
    patient = replace(QUICK, reset_s=60.0)
    async with driven(Bank(BankSettings((PortSettings(modem.path),), patient), listener)):
        await listener.until_state(ModemState.READY)
        modem.script |= dict.fromkeys(silent, "")
        modem.say(f"{CRLF}+CREG: 2{CRLF}")
        await listener.until_state(ModemState.RECOVERING, 30)
        await listener.until_state(ModemState.READY, 30)
    assert modem.commands.count("AT+CFUN=1,1") == 1
    assert listener.late == [9]


async def test_what_a_modem_prints_while_it_is_reset_is_kept(
    modem: ScriptedModem, listener: Listener
) -> None:
    """A text that is delivered directly exists nowhere else."""
    octets = "07915155009099F9040891515521430000621122126204000453EA130A"
    silent = ("AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?", "AT+CREG?", "AT+CSQ")

    def restart() -> str:
        for command in silent:
            modem.script.pop(command, None)
        return f"{CRLF}+CMT: ,21{CRLF}{octets}{CRLF}" + ok() + f"{CRLF}RDY{CRLF}"

    modem.script["AT+CFUN=1,1"] = restart
    patient = replace(QUICK, reset_s=60.0)
    async with driven(Bank(BankSettings((PortSettings(modem.path),), patient), listener)):
        await listener.until_state(ModemState.READY)
        modem.script |= dict.fromkeys(silent, "")
        modem.say(f"{CRLF}+CREG: 2{CRLF}")
        await listener.until_state(ModemState.RECOVERING, 30)
        await listener.until_state(ModemState.READY, 30)
        async with asyncio.timeout(10):
            while not listener.incoming:
                await asyncio.sleep(0.01)
    (incoming,) = listener.incoming
    assert (incoming.pdu, incoming.source) == (octets, Source.DIRECT)


async def test_a_modem_that_falls_silent_is_noticed_without_any_cause(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Nothing is submitted and nothing comes in, so only the regular look can tell."""
    await start()
    for command in ("AT+CMEE?", "AT+CMGF?", "AT+CSMS?", "AT+CNMI?", "AT+CREG?", "AT+CSQ"):
        modem.script[command] = ""
    await listener.until_state(ModemState.RECOVERING, 30)
    assert "no answer to AT commands" in listener.states[-1][1]


async def test_a_storage_without_a_place_is_not_chosen(start: Start, modem: ScriptedModem) -> None:
    """Some offer one that holds nothing; a text would be refused by the modem."""
    modem.script['AT+CPMS="ME","ME","ME"'] = ok("+CPMS: 0,0,0,0,0,0")
    modem.script['AT+CPMS="SM","SM","SM"'] = ok('+CPMS: "SM",1,20,"SM",1,20,"SM",1,20')
    await start()
    chosen = [line for line in modem.commands if line.startswith("AT+CPMS=") and "," in line]
    assert chosen == ['AT+CPMS="ME","ME","ME"', 'AT+CPMS="SM","SM","SM"']


async def test_a_path_that_does_not_exist_shows_as_an_absent_modem(
    listener: Listener,
) -> None:
    """With the reason, from the start."""
    bank = Bank(BankSettings((PortSettings("/nonexistent/tty"),), QUICK), listener)
    task = asyncio.create_task(bank.run())
    await listener.until_state(ModemState.ABSENT)
    assert "/nonexistent/tty" in bank.modems[0].status.reason
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_busy_port_says_who_holds_it(
    modem: ScriptedModem, listener: Listener, start: Start
) -> None:
    """Another program on the port is named by its process, and waited for."""
    program = (
        "import fcntl, os, sys, time;"
        "port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY);"
        "fcntl.flock(port, fcntl.LOCK_EX);"
        "print('held', flush=True);"
        "time.sleep(30)"
    )
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, modem.path, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await asyncio.wait_for(holder.stdout.readline(), 5) == b"held\n"
    driver = await start(ModemState.RECOVERING)
    assert "is held by process" in driver.status.reason
    holder.kill()
    await holder.wait()
