"""The faults of a modem, one by one, as its user meets them."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from tests.simulator.line import FINAL, Control, Line, journal
from tests.simulator.test_simulator_submit import FRAME, decided, type_in, until

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.bank import Bank

ANNOUNCEMENT = (
    rb'\r\n(\+CREG: 1,"1A2B"|\^RSSI|RING|\+CTZV|\+CIEV|\*PSUTTZ|\^HCSQ|\+ZUSIMR)[^\r]*\r\n'
)


async def arm(control: Control, name: str, **fields: object) -> None:
    await control.do("fault", modem=0, name=name, **{"p": 1, **fields})


def noted(folder: Path, name: str) -> list[bool]:
    """The journal's entries about a fault: whether each tells its end."""
    return [row.get("over", False) for row in journal(folder, "fault") if row["name"] == name]


async def text_in(control: Control, **fields: object) -> None:
    await control.do("inject", modem=0, text="hi", **{"from": "+15550003001", **fields})


@pytest.mark.parametrize(
    ("fault", "final", "accepted"),
    [
        ({"name": "cms_error", "codes": [42]}, "+CMS ERROR: 42", False),
        ({"name": "cms_error", "code": 197}, "+CMS ERROR: 197", True),
        ({"name": "accepted_error"}, "+CMS ERROR: 500", True),
        ({"name": "accepted_error", "codes": [0]}, "ERROR", True),
    ],
)
async def test_an_error_says_what_it_was_told_to(
    line: Line, control: Control, tmp_path: Path, fault: dict[str, Any], final: str, accepted: bool
) -> None:
    """The journal alone knows whether the network took the text."""
    await arm(control, **fault)
    assert await line.submit(FRAME.hex, FRAME.length) == [final]
    (entry,) = await decided(tmp_path)
    assert (entry["answer"], entry["accepted"]) == ("error", accepted)
    texts = (await control.do("inbox", number="+15550001001"))["texts"]
    assert len(texts) == accepted
    assert noted(tmp_path, fault["name"]) == [False]


async def test_a_fault_can_wait_for_a_certain_occasion(line: Line, control: Control) -> None:
    """So a script makes the third submit fail, and no other."""
    await arm(control, "cms_error", skip=2, count=1, code=38)
    answers = [(await line.submit(FRAME.hex, FRAME.length))[-1] for _ in range(4)]
    assert answers == ["OK", "OK", "+CMS ERROR: 38", "OK"]


async def test_a_fault_needs_a_code_to_say(control: Control) -> None:
    """An empty list of them is refused."""
    refused = await control.ask("fault", name="cms_error", p=1, codes=[])
    assert "codes" in refused["error"]


async def test_a_submit_without_an_answer_never_reached_the_network(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """The modem hears nothing for a while, and goes on as if nothing had been."""
    await arm(control, "no_answer", seconds=0.1, count=1)
    await type_in(line)
    (entry,) = await decided(tmp_path)
    assert (entry["answer"], entry["accepted"]) == ("dropped", False)
    assert noted(tmp_path, "no_answer") == [False]
    assert await line.say("AT") == ["OK"]
    assert noted(tmp_path, "no_answer") == [False, True]
    assert (await line.submit(FRAME.hex, FRAME.length))[-1] == "OK"


async def test_unplugged_in_a_submit_it_was_on_the_air_or_not(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """Both happen; it is plugged in again by itself."""
    await arm(control, "unplug_in_submit", seconds=0.02)
    port = line
    for count in range(1, 11):
        await type_in(port)
        await port.gone()
        await decided(tmp_path, count)
        port.close()
        await until(bank.link(0).exists)
        port = Line(bank.link(0))
        await port.expect(rb"SMS Ready\r\n")
    port.close()
    answers = {(row["answer"], row["accepted"]) for row in journal(tmp_path, "submit")}
    assert answers == {("lost", True), ("dropped", False)}
    assert noted(tmp_path, "unplug_in_submit") == [False, True] * 10


async def test_unplugged_in_a_listing_half_of_it_was_printed(
    line: Line, control: Control, bank: Bank
) -> None:
    """The texts are still there; an empty listing is no occasion."""
    await arm(control, "unplug_in_listing", seconds=0.02, count=1)
    assert await line.say("AT+CMGL=4") == ["OK"]
    await text_in(control)
    await line.expect(rb"\+CMTI: [^\r]*\r\n")
    line.write(b"AT+CMGL=4\r")
    await line.gone()
    assert b"+CMGL: 1" in line.heard
    assert not re.search(FINAL, line.heard)
    await until(bank.link(0).exists)
    again = Line(bank.link(0))
    await again.expect(rb"SMS Ready\r\n")
    assert (await again.say("AT+CMGL=4"))[1].startswith("+CMGL: 1")
    again.close()


async def test_unplugged_in_a_delete_it_was_deleted_or_not(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """Both happen, and nobody is told which."""
    await arm(control, "unplug_in_delete", seconds=0.01)
    port, left = line, set()
    for _ in range(10):
        bank.modems[0].storage("ME").add("00", 0)
        port.write(b"AT+CMGD=1\r")
        await port.gone()
        assert not re.search(FINAL, port.heard)
        left.add(bank.modems[0].storage("ME").remove(1) is None)
        port.close()
        await until(bank.link(0).exists)
        port = Line(bank.link(0))
        await port.expect(rb"SMS Ready\r\n")
        await port.say("ATE0")
    port.close()
    assert left == {True, False}
    assert (await control.do("stats"))["modems"][0]["power"] == "up"


async def test_a_dead_modem_has_a_port_that_opens(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """What it is told meanwhile is lost; afterwards it is as it was."""
    await arm(control, "dead", seconds=0.05, count=1)
    assert (await line.say("AT+CSQ"))[-1] == "OK"
    line.write(b"AT+CMGR=1\r")
    await until(lambda: not bank.modems[0].is_up)
    line.write(b"AT+CSQ\r")
    await until(lambda: noted(tmp_path, "dead") == [False, True])
    assert await line.say("AT") == ["OK"]


async def test_a_stuck_modem_hears_nothing_but_a_reset(
    line: Line, control: Control, bank: Bank
) -> None:
    """Which costs it its settings."""
    await arm(control, "stuck", count=1)
    line.write(b"AT+CMGS=%d\r" % FRAME.length)
    await until(lambda: not bank.modems[0].is_up)
    line.write(b"AT\r\x1b\r")
    line.write(b"\x1b\rat+cfun=1,1\r")
    assert b"OK" not in await line.expect(rb"SMS Ready\r\n")
    assert await line.say("AT") == ["AT", "OK"]


async def test_sim_and_network_go_and_come_back(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Each told by its announcement; a text cannot go meanwhile."""
    await line.say("AT+CREG=1")
    await arm(control, "sim_removed", seconds=0.05, count=1)
    assert await line.say(f"AT+CMGS={FRAME.length}") == ["+CPIN: NOT INSERTED", "+CMS ERROR: 310"]
    await line.expect(rb"\+CPIN: READY\r\n")
    await arm(control, "registration_lost", seconds=0.05, count=1)
    assert (await line.submit(FRAME.hex, FRAME.length))[-1] == "+CMS ERROR: 331"
    await line.expect(rb"\+CREG: 1\r\n")
    assert (await line.submit(FRAME.hex, FRAME.length))[-1] == "OK"
    assert noted(tmp_path, "sim_removed") == [False, True]
    assert noted(tmp_path, "registration_lost") == [False, True]


async def test_a_sim_that_somebody_else_put_in_stays(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """The fault ends without a second card, or a second plug."""
    await arm(control, "sim_removed", seconds=0.05, count=1)
    await line.say(f"AT+CMGS={FRAME.length}")
    number = (await control.do("sim", modem=0, action="insert", generation=1))["number"]
    await until(lambda: noted(tmp_path, "sim_removed") == [False, True])
    assert (await control.do("stats"))["modems"][0]["number"] == number
    await control.do("sim", modem=0, action="remove")
    await arm(control, "sim_removed", count=1)
    assert (await line.say(f"AT+CMGS={FRAME.length}"))[-1] == "+CMS ERROR: 310"


async def test_a_full_memory_is_told_and_takes_no_text_to_send(
    line: Line, control: Control, bank: Bank
) -> None:
    """By the maker's words, until something is deleted."""
    modem = bank.modems[0]
    modem.personality = replace(modem.personality, full='^SMMEMFULL: "{storage}"')
    await line.say('AT+CPMS="SM","SM","SM"')
    for _ in range(2):
        modem.storage("SM").add("00", 0)
    assert (await control.do("storage", modem=0, name="SM", capacity=2))["stored"] == 2
    await arm(control, "memory_full")
    await text_in(control)
    await line.expect(rb'\^SMMEMFULL: "SM"\r\n')
    assert await line.submit(FRAME.hex, FRAME.length) == ["+CMS ERROR: 322"]
    assert '+CMTI: "SM",1' in await line.say("AT+CMGD=1")
    await line.say("AT+CMGD=2")
    assert (await line.submit(FRAME.hex, FRAME.length))[-1] == "OK"


async def test_announcements_come_wherever_a_line_may_begin(line: Line, control: Control) -> None:
    """In front of an answer, behind it, between its lines, behind a prompt, before a PDU."""
    await control.do("fault", modem=0, name="urc", p=1)
    line.write(b"AT+CSQ\r")
    answer = await line.expect(rb"\r\nOK\r\n" + ANNOUNCEMENT)
    assert re.match(ANNOUNCEMENT, answer)
    assert re.search(rb"\+CSQ: \d+,99\r\n" + ANNOUNCEMENT + rb".*OK", answer, re.DOTALL)
    line.write(b"AT+CMGS=%d\r" % FRAME.length)
    await line.expect(rb"> " + ANNOUNCEMENT)
    line.write(FRAME.hex.encode() + b"\x1a")
    await line.expect(rb"\+CMGS: 0\r\n" + ANNOUNCEMENT + rb".*OK\r\n")
    await text_in(control, **{"class": 0})
    await line.expect(rb"\+CMT: ,\d+\r\n" + ANNOUNCEMENT + rb"[0-9A-F]+\r\n")


async def test_octets_can_come_one_by_one_or_late(line: Line, control: Control) -> None:
    """In their order, and nothing overtakes them."""
    await arm(control, "trickle", seconds=0.001)
    line.write(b"AT+CSQ\r")
    await line.expect(rb"\+")
    assert b"OK" not in line.heard
    await control.do("fault", modem=0, name="trickle", p=0)
    await arm(control, "slow", seconds=0.05, count=1)
    line.write(b"AT+CMEE?\r")
    await asyncio.sleep(0)
    line.write(b"AT+CREG?\r")
    assert re.fullmatch(
        rb"CSQ: \d+,99\r\n\r\nOK\r\n\r\n\+CMEE: 1\r\n\r\nOK\r\n\r\n\+CREG: 0,1\r\n\r\nOK\r\n",
        await line.expect(rb"\+CREG: 0,1\r\n\r\nOK\r\n"),
    )


async def test_what_waits_on_the_wire_is_lost_with_the_power(line: Line, control: Control) -> None:
    """As it would be in a modem's buffer."""
    await arm(control, "slow", seconds=0.05, count=1)
    line.write(b"AT+CSQ\r")
    line.write(b"AT+CMEE?\r")
    await until(lambda: True)
    await control.do("reboot", modem=0)
    printed = await line.expect(rb"SMS Ready\r\n")
    assert b"CSQ" not in printed
    assert b"CMEE" not in printed


async def test_octets_above_127_come_inside_an_answer(line: Line, control: Control) -> None:
    """Taken out again, the answer is whole."""
    await arm(control, "garbled")
    line.write(b"AT+CMEE?\r")
    async with asyncio.timeout(5):
        while re.sub(rb"[\x80-\xff]", b"", line.heard) != b"\r\n+CMEE: 1\r\n\r\nOK\r\n":
            await asyncio.sleep(0.002)
    assert re.search(rb"[\x80-\xff]", line.heard)


async def test_a_late_prompt_is_noted_when_it_comes(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Until then the modem does nothing else; what was typed meanwhile is text."""
    await arm(control, "slow_prompt", seconds=0.02, count=1)
    line.write(b"AT+CMGS=%d\r" % FRAME.length)
    line.write(b"\x1bAT+CSQ\r")
    printed = await line.expect(rb"\+CSQ: \d+,99\r\n\r\nOK\r\n")
    assert printed.startswith(b"\r\n> \r\nOK\r\n")
    assert noted(tmp_path, "slow_prompt") == [False, True]


async def test_one_sim_can_go_without_reports(line: Line, control: Control, tmp_path: Path) -> None:
    """While the network reports to the others."""
    await control.do("report", modem=0, state="off")
    frame = pdu.encode("+15550001001", "Hello", srr=True)[0]
    await line.submit(frame.hex, frame.length)
    other = Line(tmp_path / "modem001")
    for command in ("ATE0", "AT+CNMI=2,1,0,2,0"):
        await other.say(command)
    await other.submit(frame.hex, frame.length)
    await other.expect(rb"\+CDSI")
    other.close()
    assert [row["modem"] for row in journal(tmp_path, "report")] == [1]
