"""Texts out: what the network accepted stands in the journal, whatever the modem said of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modemgw import pdu
from modemgw.simulator.dice import dice
from modemgw.simulator.faults import Fault, FaultName, Faults
from modemgw.simulator.phone import Phones
from tests.simulator.line import PATIENCE_S, Control, Line, journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from modemgw.simulator.bank import Bank

FRAME = pdu.encode("+15550001001", "Hello")[0]
REPORTED = pdu.encode("+15550001001", "Hello", srr=True)[0]


async def until(promise: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not promise():
            await asyncio.sleep(0.002)


async def decided(directory: Path, count: int = 1) -> list[dict[str, Any]]:
    """The journal's submits, once there are so many."""
    await until(lambda: len(journal(directory, "submit")) >= count)
    return journal(directory, "submit")


async def reported(directory: Path, count: int) -> None:
    """Wait until the modem took so many reports."""
    await until(lambda: len(journal(directory, "report")) >= count)


async def type_in(line: Line, frame: pdu.Frame = FRAME) -> None:
    """Send a text up to Ctrl-Z."""
    line.write(b"AT+CMGS=%d\r" % frame.length)
    await line.expect(rb"\r\n> ")
    line.write(frame.hex.encode() + b"\x1a")


async def test_a_submit_is_journaled_with_its_reference_and_reported(
    line: Line, tmp_path: Path
) -> None:
    """The modem counts the references; the report bears the same one."""
    assert "+CMGS: 0" in await line.submit(REPORTED.hex, REPORTED.length)
    assert "+CMGS: 1" in await line.submit(REPORTED.hex, REPORTED.length)
    first, second = journal(tmp_path, "submit")
    assert (first["mr"], first["answer"], first["accepted"]) == (0, "ok", True)
    assert first["t_ctrl_z"] < first["t"] < second["t_ctrl_z"]
    sent = pdu.decode(second["pdu"], to_network=True)
    assert isinstance(sent, pdu.Submit)
    assert (sent.mr, sent.text, sent.address.number) == (1, "Hello", "+15550001001")
    await reported(tmp_path, 2)
    raw = (await line.say("AT+CMGR=1"))[-2]
    report = pdu.decode(raw)
    assert isinstance(report, pdu.StatusReport)
    assert (report.mr, report.st) == (0, 0)
    assert await line.say("AT+CRSM=176,28483,0,0,2") == ['+CRSM: 144,0,"01FF"', "OK"]


async def test_escape_at_the_prompt_sends_nothing(line: Line, tmp_path: Path) -> None:
    """OK, and neither network nor journal heard of it."""
    line.write(b"AT+CMGS=%d\r" % FRAME.length)
    await line.expect(rb"\r\n> ")
    line.write(FRAME.hex.encode()[:10] + b"\x1b")
    await line.expect(rb"\r\nOK\r\n")
    assert not journal(tmp_path, "submit")


async def test_what_the_modem_refuses_never_reaches_the_network(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """A wrong length, no PDU at all, no network."""
    assert await line.submit(FRAME.hex, FRAME.length + 1) == ["+CMS ERROR: 304"]
    assert await line.submit("hello", 5) == ["+CMS ERROR: 304"]
    assert await line.say("AT+CMGS=0") == ["+CMS ERROR: 304"]
    await control.do("registration", modem=0, stat=2)
    assert await line.submit(FRAME.hex, FRAME.length) == ["+CMS ERROR: 331"]
    assert not journal(tmp_path, "submit")
    assert [entry["code"] for entry in journal(tmp_path, "refused")] == [304, 304, 331]


async def test_a_long_text_arrives_as_written(line: Line, control: Control) -> None:
    """On a phone, part by part and joined; emoji and all."""
    text = "Grüße 😀 [€] " * 20
    for frame in pdu.encode("+15550001001", text, ref=3):
        assert (await line.submit(frame.hex, frame.length))[-1] == "OK"
    inbox = await control.do("inbox", number="+15550001001")
    assert inbox["texts"] == [{"from": "+15550100000", "text": text, "complete": True}]
    assert len(inbox["messages"]) == len(pdu.encode("+15550001001", text))
    assert (await control.do("inbox", number="+1999"))["texts"] == []


async def test_what_a_phone_cannot_read_is_said_so(bank: Bank, control: Control) -> None:
    """With the codec's reason; what is no text is left out."""
    phone = bank.network.phones.reach("+15550001001")
    phone.take("+15550100000", "00")
    phone.take(
        "+15550100000",
        pdu.encode_status_report(
            1, "+15550001001", scts=datetime.now(UTC), discharge=datetime.now(UTC), st=0
        ).hex,
    )
    (text,) = (await control.do("inbox", number="+15550001001"))["texts"]
    assert text["text"].startswith("(not readable")


def test_the_phone_that_was_silent_for_longest_is_forgotten() -> None:
    """Numbers are many, memory is not."""
    phones = Phones()
    phones.reach("0")
    for number in range(50_000):
        phones.reach(str(number))
    phones.reach("0")
    phones.reach("one more")
    assert (phones.get("1"), len(phones)) == (None, 50_000)
    assert phones.get("0") is not None


def test_phones_hold_so_many_texts_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a long run sends to many numbers does not fill the memory."""
    monkeypatch.setattr("modemgw.simulator.phone._TEXTS_LIMIT", 10)
    phones = Phones()
    for count in range(30):
        phones.take(str(count % 4), "+15550100000", f"{count:02}")
        assert sum(len(phone.received) for phone in filter(None, map(phones.get, "0123"))) <= 10
    assert phones.get("1") is not None
    for count in range(30):
        phones.take("1", "+15550100000", f"{count:02}", replace_type=0x41)
    assert sum(len(phone.received) for phone in filter(None, map(phones.get, "0123"))) <= 10


async def test_missing_parts_show_as_incomplete(line: Line, control: Control) -> None:
    """What a person would see who waits for the rest."""
    frames = pdu.encode("+15550001001", "x" * 200, ref=3)
    await line.submit(frames[1].hex, frames[1].length)
    (text,) = (await control.do("inbox", number="+15550001001"))["texts"]
    assert (text["complete"], text["text"]) == (False, "x" * 47)


async def test_a_text_to_another_modem_of_the_bank_gets_there(line: Line, bank: Bank) -> None:
    """With or without the + of an international number."""
    other = Line(bank.link(1))
    await other.say("ATE0")
    await other.say("AT+CNMI=2,2,0,0,0")
    for number in ("+15550100001", "15550100001"):
        frame = pdu.encode(number, "to the neighbour")[0]
        assert (await line.submit(frame.hex, frame.length))[-1] == "OK"
        printed = await other.expect(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
        message = pdu.decode(printed.split()[-1].decode())
        assert isinstance(message, pdu.Deliver)
        assert (message.text, message.address.number) == ("to the neighbour", "+15550100000")
    other.close()


async def test_during_a_submit_commands_wait_and_announcements_do_not(
    line: Line, control: Control, bank: Bank
) -> None:
    """One command at a time."""
    await control.do("latency", modem=0, min_ms=1000, max_ms=1000)
    await type_in(line)
    await until(lambda: bank.modems[0].submitter.submits == 1)
    line.write(b"AT+CSQ\r")
    await control.do("inject", modem=0, text="hi", **{"from": "+15550003001"})
    printed = await line.expect(rb"\+CSQ: [^\r]*\r\n\r\nOK\r\n")
    assert printed.index(b"+CMTI") < printed.index(b"+CMGS: 0") < printed.index(b"+CSQ")


async def test_unplugged_behind_ctrl_z_it_is_accepted_and_its_answer_lost(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """The link vanishes, the user reads the end, a new plug is a new port."""
    await control.do("latency", min_ms=50)
    await type_in(line)
    await until(lambda: bank.modems[0].submitter.submits == 1)
    await control.do("unplug", modem=0)
    await line.gone()
    assert not bank.link(0).is_symlink()
    (entry,) = await decided(tmp_path)
    assert (entry["answer"], entry["accepted"]) == ("lost", True)
    await control.do("replug", modem=0)
    again = Line(bank.link(0))
    await again.expect(rb"RDY\r\n")
    await again.expect(rb"SMS Ready\r\n")
    assert await again.say("AT") == ["AT", "OK"]
    assert (await control.ask("replug", modem=0))["ok"] is False
    again.close()


async def test_a_user_who_dies_finds_the_late_answer_at_the_port(
    line: Line, bank: Bank, control: Control, tmp_path: Path
) -> None:
    """The pty keeps what the modem said meanwhile."""
    await control.do("latency", min_ms=30)
    await type_in(line)
    line.close()
    await decided(tmp_path)
    again = Line(bank.link(0))
    assert b"+CMGS: 0" in await again.expect(rb"OK\r\n")
    again.close()


async def test_hung_or_restarted_modems_lose_their_answers(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """The parts are at the network all the same, and the modem works again afterwards."""
    modem = bank.modems[0]
    await control.do("latency", min_ms=40)
    await type_in(line)
    await until(lambda: modem.submitter.submits == 1)
    await control.do("hang", modem=0, seconds=0.1)
    await control.do("hang", modem=0, seconds=9)
    line.write(b"AT\r")
    await until(lambda: modem.is_up)
    assert await line.say("AT") == ["OK"]
    await type_in(line)
    await until(lambda: modem.submitter.submits == 2)
    await control.do("reboot", modem=0)
    assert [entry["answer"] for entry in await decided(tmp_path, 2)] == ["lost", "lost"]
    assert b"+CMGS" not in await line.expect(rb"SMS Ready\r\n")


async def test_the_faults_of_sending(line: Line, control: Control, tmp_path: Path) -> None:
    """Each as its name says; what the network accepted is journaled as accepted."""
    await control.do("fault", modem=0, name="cms_error", p=1, code=42, count=1)
    assert await line.submit(FRAME.hex, FRAME.length) == ["+CMS ERROR: 42"]
    await control.do("fault", modem=0, name="no_prompt", p=1, count=1)
    line.write(b"AT+CMGS=%d\r" % FRAME.length)
    assert await line.say("AT+CSQ") != []
    await control.do("fault", modem=0, name="late_ok", p=1, seconds=0.05, count=1)
    assert await line.submit(FRAME.hex, FRAME.length) == ["+CMGS: 1", "OK"]
    await control.do("fault", modem=0, name="lost_ok", p=1, count=1)
    await type_in(line)
    await decided(tmp_path, 3)
    assert (await line.say("AT"))[-1] == "OK"
    entries = journal(tmp_path, "submit")
    assert [(entry["answer"], entry["accepted"]) for entry in entries] == [
        ("error", False),
        ("late", True),
        ("lost", True),
    ]
    assert entries[0]["code"] == 42


async def test_a_restart_at_ctrl_z_is_on_the_air_or_not(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Both happen, and the journal says which."""
    await control.do("fault", modem=0, name="reboot_in_submit", p=1)
    for count in range(1, 13):
        await type_in(line)
        await line.expect(rb"SMS Ready\r\n")
        await decided(tmp_path, count)
    entries = journal(tmp_path, "submit")
    assert {(entry["answer"], entry["accepted"]) for entry in entries} == {
        ("lost", True),
        ("dropped", False),
    }


async def test_the_faults_of_the_line(line: Line, control: Control) -> None:
    """Echo comes back, NULs and garbage come in between; taken away, all is well again."""
    await control.do("fault", modem=0, name="echo", p=1)
    assert await line.say("AT") == ["OK"]
    assert await line.say("AT") == ["AT", "OK"]
    await control.do("fault", modem=0, name="echo", p=0)
    assert await line.say("ATE0") == ["ATE0", "OK"]
    await control.do("fault", modem=0, name="nul", p=1)
    line.write(b"AT\r")
    await line.expect(rb"\0")
    await control.do("fault", modem=0, name="nul", p=0)
    line.heard = b""
    await control.do("fault", modem=0, name="garbage", p=1)
    await until(lambda: len(line.heard) > 200)
    await control.do("fault", modem=0, name="garbage", p=0)
    line.write(b"AT\r")
    await line.expect(rb"\r\nOK\r\n")


async def test_reports_can_be_changed_or_switched_off(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Another TP-ST, later, or none."""
    await control.do("report", st=0x46, delay_ms=1)
    await line.submit(REPORTED.hex, REPORTED.length)
    await reported(tmp_path, 1)
    report = pdu.decode((await line.say("AT+CMGR=1"))[-2])
    assert isinstance(report, pdu.StatusReport)
    assert report.st == 0x46
    await control.do("report", state="off")
    line.heard = b""
    await line.submit(REPORTED.hex, REPORTED.length)
    await control.do("inject", modem=0, text="behind it", **{"from": "+15550003001"})
    assert b"+CDSI" not in await line.expect(rb"\+CMTI")


async def test_the_link_is_kept_for_the_next_text_and_no_longer(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """27.005 §3.5.6: +CMMS=1 becomes 0 by itself, 2 does not."""
    monkeypatch.setattr("modemgw.simulator.submit._LINK_S", 0.01)
    assert await line.say("AT+CMMS=1;+CMMS?") == ["+CMMS: 1", "OK"]
    await line.submit(FRAME.hex, FRAME.length)
    async with asyncio.timeout(PATIENCE_S):
        while await line.say("AT+CMMS?") != ["+CMMS: 0", "OK"]:
            await asyncio.sleep(0.005)
    await line.say("AT+CMMS=2")
    await line.submit(FRAME.hex, FRAME.length)
    await asyncio.sleep(0.03)
    assert await line.say("AT+CMMS?") == ["+CMMS: 2", "OK"]


def test_the_same_seed_makes_the_same_faults() -> None:
    """So that a failure can be run again; a fault with a count ends by itself."""

    def strikes(seed: int) -> list[bool]:
        faults = Faults(lambda name: dice(seed, name), lambda _: None)
        faults.arm(FaultName.LOST_OK, Fault(p=0.5, left=20))
        return [faults.strikes(FaultName.LOST_OK) is not None for _ in range(200)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert sum(strikes(3)) == 20
