"""Texts in: stored, announced, printed, acknowledged and deleted as 27.005 has it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from modemgw import pdu
from modemgw.simulator import tpdu
from modemgw.simulator.bank import Bank
from modemgw.simulator.options import Options
from modemgw.simulator.receive import Route, route
from modemgw.simulator.settings import Cnmi
from tests.simulator.line import PATIENCE_S, Control, Line, journal

if TYPE_CHECKING:
    from pathlib import Path

SENDER = "+15550003001"
AT = datetime(2026, 11, 22, tzinfo=UTC)


def deliver(text: str, message_class: int | None = None, pid: int = 0) -> str:
    return pdu.encode_deliver(SENDER, text, scts=AT, message_class=message_class, pid=pid)[0].hex


async def inject(control: Control, text: str, modem: int = 0, **fields: object) -> list[str]:
    answer = await control.do("inject", modem=modem, text=text, **{"from": SENDER}, **fields)
    pdus: list[str] = answer["pdus"]
    return pdus


@pytest.mark.parametrize(
    ("message_class", "mt", "expected"),
    [
        (None, 0, Route.STORE_QUIETLY),
        (None, 1, Route.STORE),
        (None, 2, Route.DIRECT),
        (None, 3, Route.STORE),
        (0, 0, Route.STORE_QUIETLY),
        (0, 1, Route.DIRECT),
        (2, 2, Route.STORE),
        (3, 3, Route.DIRECT),
        (3, 1, Route.STORE),
    ],
)
def test_texts_go_where_class_and_mt_send_them(
    message_class: int | None, mt: int, expected: Route
) -> None:
    """27.005 §3.4.1, and class 0 never into a storage once somebody listens."""
    assert route(tpdu.look(deliver("x", message_class)), Cnmi(mt=mt)) is expected


def test_type_0_is_acknowledged_and_thrown_away() -> None:
    """23.040 §9.2.3.9."""
    assert route(tpdu.look(deliver("x", pid=0x40)), Cnmi(mt=1)) is Route.DISCARD


async def test_a_text_is_stored_announced_read_and_deleted(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """It stays until it is deleted, and the journal knows all of it."""
    (raw,) = await inject(control, "Hello")
    await line.expect(rb'\+CMTI: "ME",1\r\n')
    length = tpdu.look(raw).length
    assert await line.say("AT+CPMS?") == [
        '+CPMS: "ME",1,100,"ME",1,100,"ME",1,100',
        "OK",
    ]
    assert await line.say("AT+CMGL") == [f"+CMGL: 1,0,,{length}", raw, "OK"]
    assert await line.say("AT+CMGL=0") == ["OK"]
    assert await line.say("AT+CMGL=4") == [f"+CMGL: 1,1,,{length}", raw, "OK"]
    assert await line.say("AT+CMGR=1") == [f"+CMGR: 1,,{length}", raw, "OK"]
    assert await line.say("AT+CMGD=?") == ["+CMGD: (1),(0-4)", "OK"]
    assert await line.say("AT+CMGD=1") == ["OK"]
    assert await line.say("AT+CMGD=1") == ["+CMS ERROR: 321"]
    assert await line.say("AT+CMGR=1") == ["+CMS ERROR: 321"]
    assert [entry["pdu"] for entry in journal(tmp_path, "deliver")] == [raw]
    assert [entry["index"] for entry in journal(tmp_path, "delete")] == [1]


async def test_deleting_by_flag_takes_what_the_flag_says(line: Line, control: Control) -> None:
    """1: what was read; 4: everything."""
    await inject(control, "one")
    await inject(control, "two")
    await line.say("AT+CMGR=1")
    assert (await line.say("AT+CMGD=1,1"))[-1] == "OK"
    assert (await line.say("AT+CMGL=4"))[0].startswith("+CMGL: 2,")
    assert (await line.say("AT+CMGD=1,4"))[-1] == "OK"
    assert await line.say("AT+CMGL=4") == ["OK"]
    assert await line.say("AT+CMGD=1,9") == ["+CMS ERROR: 302"]
    assert await line.say("AT+CMGL=5") == ["+CMS ERROR: 302"]


async def test_parts_come_in_the_order_asked_for(line: Line, control: Control) -> None:
    """Out of order in one call, interleaved by several."""
    text = "Long answer € [x] " * 20
    pdus = await inject(control, text, order=[1, 2, 0], ref=7)
    await inject(control, text, order=[0], ref=900, ref_bits=16)
    listed = [entry for entry in await line.say("AT+CMGL=4") if entry.startswith("0")]
    assert listed[:3] == pdus
    places = []
    for raw in listed:
        message = pdu.decode(raw)
        assert isinstance(message, pdu.Deliver)
        assert message.concat is not None
        places.append((message.concat.ref, message.concat.bits, message.concat.seq))
    assert places == [(7, 8, 2), (7, 8, 3), (7, 8, 1), (900, 16, 1)]


async def test_direct_texts_and_reports_are_printed(line: Line, control: Control) -> None:
    """+CMT and +CDS, in two lines."""
    await line.say("AT+CNMI=2,2,0,1,0")
    (raw,) = await inject(control, "direct")
    printed = await line.expect(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
    assert raw.encode() in printed
    frame = pdu.encode("+15550001001", "x", srr=True)[0]
    await line.submit(frame.hex, frame.length)
    await line.expect(rb"\+CDS: \d+\r\n[0-9A-F]+\r\n")
    await line.say("AT+CNMI=2,1,0,0,0")
    await line.submit(frame.hex, frame.length)
    assert await line.say("AT+CMGL=4") == ["OK"]


async def test_class_0_is_printed_and_class_2_goes_to_the_sim(line: Line, control: Control) -> None:
    """Whatever mt=1 says for the rest."""
    await control.do("inject", modem=0, pdu=deliver("now", 0))
    await line.expect(rb"\+CMT: ,\d+\r\n")
    await control.do("inject", modem=0, pdu=deliver("card", 2))
    await line.expect(rb'\+CMTI: "SM",1\r\n')
    assert await line.say('AT+CPMS="SM"') == ["+CPMS: 1,30,0,100,0,100", "OK"]
    assert await line.say('AT+CPMS="XX"') == ["+CMS ERROR: 302"]


async def test_announcements_wait_in_mode_0(line: Line, control: Control) -> None:
    """And are printed, behind the OK, or forgotten when the mode is set, as bfr says (27.005
    §3.4.1)."""
    await line.say("AT+CNMI=0,1,0,0,0")
    await inject(control, "one")
    assert await line.say("AT") == ["OK"]
    line.write(b"AT+CNMI=1,1,0,0,0\r")
    await line.expect(rb'^\r\nOK\r\n\r\n\+CMTI: "ME",1\r\n$')
    await line.say("AT+CNMI=0,1,0,0,0")
    await inject(control, "two")
    assert await line.say("AT+CNMI=2,1,0,0,1") == ["OK"]
    assert await line.say("AT+CNMI=2,9,0,0,1") == ["+CMS ERROR: 302"]


async def test_with_acknowledgement_one_direct_text_at_a_time(line: Line, control: Control) -> None:
    """+CSMS=1: the next comes after +CNMA; a +CNMA too many is refused."""
    assert (await line.say("AT+CSMS=1;+CSMS?"))[1] == "+CSMS: 1,1,1,1"
    assert await line.say("AT+CSMS=2") == ["+CMS ERROR: 303"]
    await line.say("AT+CNMI=2,2,0,0,0")
    await inject(control, "one")
    await inject(control, "two")
    await line.expect(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
    assert await line.say("AT") == ["OK"]
    line.write(b"AT+CNMA\r")
    await line.expect(rb"OK\r\n.*\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
    assert await line.say("AT+CNMA=1") == ["OK"]
    assert await line.say("AT+CNMA") == ["+CMS ERROR: 340"]


async def test_acknowledgements_have_numbers_and_reports_in_pdu_mode(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """27.005 §4.6: 1 and 2 may bring an SMS-DELIVER-REPORT; 2 leaves the text at the network."""
    assert await line.say("AT+CNMA=?") == ["+CNMA: (0-2)", "OK"]
    assert await line.say("AT+CNMA=1,3") == ["+CMS ERROR: 340"]
    await line.say("AT+CSMS=1;+CNMI=2,2,0,0,0")
    await inject(control, "one")
    await line.expect(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
    assert await line.say("AT+CNMA=3") == ["+CMS ERROR: 304"]
    line.write(b"AT+CNMA=1,3\r")
    await line.expect(rb"\r\n> ")
    line.write(b"0000\x1a")
    await line.expect(rb"\+CMS ERROR: 304\r\n")
    line.write(b"AT+CNMA=1,3\r")
    await line.expect(rb"\r\n> ")
    line.write(b"000000\x1a")
    await line.expect(rb"\r\nOK\r\n")
    assert not journal(tmp_path, "lost")
    (raw,) = await inject(control, "two")
    await line.expect(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
    assert await line.say("AT+CNMA=2") == ["OK"]
    assert [entry["pdu"] for entry in journal(tmp_path, "lost")] == [raw]
    assert await line.say("AT+CNMI?") == ["+CNMI: 2,2,0,0,0", "OK"]
    assert raw.encode() in await line.expect(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")


async def test_text_mode_acknowledges_without_numbers(line: Line, control: Control) -> None:
    """27.005 §3.4.4."""
    await line.say("AT+CMGF=1;+CSMS=1;+CNMI=2,2,0,0,0")
    assert await line.say("AT+CNMA=?") == ["OK"]
    await inject(control, "one")
    await line.expect(rb"\+CMT: [^\r]*\r\none\r\n")
    assert await line.say("AT+CNMA=0") == ["+CMS ERROR: 305"]
    assert await line.say("AT+CNMA") == ["OK"]
    assert await line.say("AT+CNMA") == ["+CMS ERROR: 340"]


async def test_an_acknowledgement_is_refused_during_a_submit(
    line: Line, control: Control, bank: Bank
) -> None:
    """The message service is taken (27.005 §3.2.5: 301); afterwards it is heard."""
    await control.do("latency", modem=0, min_ms=1000)
    await line.say("AT+CSMS=1;+CNMI=2,2,0,0,0")
    frame = pdu.encode("+15550001001", "x")[0]
    line.write(b"AT+CMGS=%d\r" % frame.length)
    await line.expect(rb"\r\n> ")
    line.write(frame.hex.encode() + b"\x1a")
    async with asyncio.timeout(PATIENCE_S):
        while not bank.modems[0].submitter.submits:
            await asyncio.sleep(0.002)
    await inject(control, "one")
    await line.expect(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
    line.write(b"AT+CNMA\r")
    await line.expect(rb"\+CMGS: 0\r\n\r\nOK\r\n\r\n\+CMS ERROR: 301\r\n")
    assert await line.say("AT+CNMA") == ["OK"]


async def test_a_missed_acknowledgement_ends_direct_delivery(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """mt and ds fall back to 0, the network delivers again, into the storage."""
    bank.modems[0].timing.acknowledge_s = 0.02
    await line.say("AT+CSMS=1;+CNMI=2,2,0,1,0")
    (raw,) = await inject(control, "one")
    async with asyncio.timeout(PATIENCE_S):
        while not journal(tmp_path, "lost"):
            await asyncio.sleep(0.005)
    await line.expect(rb"\+CMT: ")
    line.heard = b""
    assert await line.say("AT+CNMI?") == ["+CNMI: 2,0,0,0,0", "OK"]
    assert (await line.say("AT+CMGR=1"))[1] == raw


async def test_a_restart_gives_the_unacknowledged_text_back(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """It comes again after the restart, and who counts texts in the journal is told."""
    await line.say("AT+CSMS=1;+CNMI=2,2,0,0,0")
    (raw,) = await inject(control, "one")
    await line.expect(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
    await control.do("reboot", modem=0)
    await line.expect(rb"SMS Ready\r\n")
    assert raw in await line.say("AT+CMGL=4")
    told = [row["event"] for row in journal(tmp_path) if row.get("pdu") == raw]
    assert told == ["deliver", "lost", "deliver"]


async def test_what_finds_no_room_waits_at_the_network(
    line: Line, control: Control, bank: Bank
) -> None:
    """And comes when a message was deleted, a modem is back, or the other storage chosen."""
    bank.modems[0].storage("ME").capacity = 1
    await inject(control, "one")
    await inject(control, "two")
    assert (await control.do("stats"))["modems"][0]["waiting"] == 1
    await line.expect(rb'\+CMTI: "ME",1\r\n')
    line.write(b"AT+CMGD=1\r")
    await line.expect(rb'\+CMTI: "ME",1\r\n')
    await line.expect(rb"OK\r\n")
    await inject(control, "three")
    line.write(b'AT+CPMS="ME","ME","SM"\r')
    await line.expect(rb'\+CMTI: "SM",1\r\n')
    await control.do("unplug", modem=1)
    await inject(control, "later", modem=1)
    await control.do("replug", modem=1)
    other = Line(bank.link(1))
    await other.expect(rb"SMS Ready\r\n")
    assert (await other.say("AT+CMGL=4"))[1].startswith("+CMGL: 1,")
    other.close()


async def test_a_text_waits_for_a_locked_card(line: Line, control: Control) -> None:
    """Until its PIN is entered; and the card keeps what it stores when it moves out and in."""
    await line.say('AT+CPMS="SM","SM","SM"')
    await control.do("sim", modem=0, action="pin", pin="1234")
    await inject(control, "one")
    assert (await control.do("stats"))["modems"][0]["waiting"] == 1
    line.write(b'AT+CPIN="1234"\r')
    await line.expect(rb'\+CMTI: "SM",1\r\n')
    await control.do("sim", modem=0, action="insert", generation=1)
    assert (await line.say("AT+CMGL=4"))[-2:] == ["+CPIN: READY", "OK"]
    await control.do("sim", modem=0, action="insert", generation=0)
    await line.say("AT+CPIN=1234")
    assert (await line.say("AT+CMGL=4"))[-3].startswith("+CMGL: 1,")


async def test_the_service_centre_is_told_and_routing_offered(line: Line) -> None:
    """As the network has it, and as 27.005 §3.4.1 has it."""
    assert await line.say("AT+CMGF=0;+CMGF?") == ["+CMGF: 0", "OK"]
    assert await line.say("AT+CMGF=2") == ["+CMS ERROR: 303"]
    assert await line.say("AT+CSCA?") == ['+CSCA: "+15550009999",145', "OK"]
    assert await line.say("AT+CPMS") == ["ERROR"]
    assert await line.say("AT+CNMI=?") == ["+CNMI: (0-2),(0-3),(0-3),(0-2),(0,1)", "OK"]


async def test_the_network_holds_so_many_texts_and_no_more(
    control: Control, bank: Bank, tmp_path: Path
) -> None:
    """A modem that stays away cannot fill the memory."""
    await control.do("unplug", modem=0)
    bank.network.deliver("+15550100000", [deliver("x")] * 10_001)
    assert bank.network.waiting("+15550100000") == 10_000
    (lost,) = journal(tmp_path, "undelivered")
    assert (lost["modem"], lost["mr"], lost["reason"]) == (0, None, "overflow")
    bank.network.deliver("+1999", [deliver("x")])


async def test_the_faults_of_receiving(line: Line, control: Control) -> None:
    """An announcement gets lost, or comes twice; the text is stored once."""
    await control.do("fault", modem=0, name="drop_cmti", p=1, count=1)
    await inject(control, "one")
    await control.do("fault", modem=0, name="dup_cmti", p=1, count=1)
    await inject(control, "two")
    await line.expect(rb'^\r\n\+CMTI: "ME",2\r\n\r\n\+CMTI: "ME",2\r\n$')
    assert sum(entry.startswith("+CMGL") for entry in await line.say("AT+CMGL=4")) == 2


async def test_mt_is_the_modem_and_the_card_in_one_row(line: Line, control: Control) -> None:
    """27.005 §3.1 `<mem1>`: with capacities and counts of both, numbered through."""
    await inject(control, "in the modem")
    await line.say('AT+CPMS="SM","SM","SM"')
    await inject(control, "on the card")
    await line.expect(rb'\+CMTI: "SM",1\r\n')
    assert await line.say('AT+CPMS="MT","MT","MT"') == ["+CPMS: 2,130,2,130,2,130", "OK"]
    assert await line.say("AT+CPMS?") == [
        '+CPMS: "MT",2,130,"MT",2,130,"MT",2,130',
        "OK",
    ]
    heads = [entry for entry in await line.say("AT+CMGL=4") if entry.startswith("+CMGL")]
    assert [head.split(",")[0] for head in heads] == ["+CMGL: 1", "+CMGL: 101"]
    assert (await line.say("AT+CMGR=101"))[-1] == "OK"
    assert await line.say("AT+CMGD=101") == ["OK"]
    assert await line.say('AT+CPMS="SM"') == ["+CPMS: 0,30,1,130,1,130", "OK"]
    line.heard = b""
    await inject(control, "again")
    await line.expect(rb'\+CMTI: "MT",2\r\n')
    assert await line.say('AT+CPMS="BM","BM"') == ["+CMS ERROR: 302"]
    assert await line.say("AT+CPMS=?") == [
        '+CPMS: ("ME","SM","MT","BM"),("ME","SM","MT"),("ME","SM","MT")',
        "OK",
    ]


async def test_some_makers_keep_reports_apart(tmp_path: Path) -> None:
    """27.005 §3.1 `<mem1>`: SR, where the maker offers it."""
    bank = Bank(Options(modems=1, dir=tmp_path, profiles=("sierra-em7455",), submit_ms=1))
    bank.power_on()
    line = Line(bank.link(0))
    try:
        await line.say("ATE0")
        await line.say('AT+CMGF=1;+CSMP=49;+CSCS="IRA";+CNMI=2,1,0,2,0')
        line.write(b'AT+CMGS="+15550001001"\r')
        await line.expect(rb"\r\n> ")
        line.write(b"x\x1a")
        await line.expect(rb'\+CDSI: "SR",0\r\n')
        assert await line.say('AT+CPMS="SR"') == ["+CPMS: 1,20,0,255,0,255", "OK"]
        assert (await line.say("AT+CMGR=0"))[0].startswith('+CMGR: "REC UNREAD",6,0,')
        assert await line.say("AT+CMGD=0") == ["OK"]
        assert await line.say('AT+CPMS="BM"') == ["ERROR"]
    finally:
        line.close()
        bank.close()


async def test_the_modem_outlives_a_change_of_card_and_the_card_moves(
    line: Line, control: Control
) -> None:
    """What ME holds stays; what SM held, and the last reference used (EF-SMSS), goes with it."""
    frame = pdu.encode("+15550001001", "x")[0]
    for _ in range(3):
        await line.submit(frame.hex, frame.length)
    (mine,) = await inject(control, "in the modem")
    await line.say('AT+CPMS="ME","ME","SM"')
    (its,) = await inject(control, "on the card")
    await control.do("sim", modem=0, action="insert", generation=1)
    await line.expect(rb"\+CPIN: READY\r\n")
    assert mine in await line.say("AT+CMGL=4")
    assert await line.say('AT+CPMS="SM";+CMGL=4') == ["+CPMS: 0,30,1,100,0,30", "OK"]
    assert await line.say("AT+CRSM=176,28483,0,0,2") == ['+CRSM: 144,0,"FFFF"', "OK"]
    await control.do("sim", modem=0, action="insert", generation=0)
    await line.expect(rb"\+CPIN: READY\r\n")
    assert its in await line.say("AT+CMGL=4")
    assert await line.say("AT+CRSM=176,28483,0,0,2") == ['+CRSM: 144,0,"02FF"', "OK"]


async def test_broadcasts_go_where_bm_sends_them(line: Line, control: Control) -> None:
    """27.005 §3.4.1 and §3.3.3: printed or stored, of the channels that +CSCB takes."""
    told = await control.do("broadcast", modem=0, text="Storm", channel=50)
    assert told["shown"] == 0
    await line.say('AT+CNMI=2,1,2,0,0;+CSCB=0,"50,919-928"')
    (page,) = (await control.do("broadcast", text="Storm", channel=50))["pages"]
    await line.expect(rb"\+CBM: 88\r\n" + page.encode() + rb"\r\n")
    assert (await control.do("broadcast", text="Storm", channel=51))["shown"] == 0
    await line.say('AT+CMGF=1;+CSCB=1,"51"')
    await control.do("broadcast", modem=0, text="Storm", channel=920, code=2)
    await line.expect(rb"\+CBM: 16416,920,15,1,1\r\nStorm\r\n")
    await control.do("broadcast", modem=0, text="Буря", channel=920)
    await line.expect(rb"\+CBM: 16400,920,72,1,1\r\n041104430440044F000D")
    await line.say("AT+CNMI=2,1,1,0,0")
    await control.do("broadcast", modem=0, text="Storm", channel=920)
    await line.expect(rb'\+CBMI: "BM",1\r\n')
    assert await line.say('AT+CPMS="BM"') == ["+CPMS: 1,10,0,100,0,100", "OK"]
    assert await line.say("AT+CMGL") == [
        '+CMGL: 1,"REC UNREAD",16400,920,1,1',
        "Storm",
        "OK",
    ]
    assert await line.say("AT+CMGR=1") == ['+CMGR: "REC READ",16400,920,15,1,1', "Storm", "OK"]
    await line.say("AT+CNMI=2,1,3,0,0")
    for _ in range(12):
        await control.do("broadcast", modem=0, text="Storm", channel=920)
    assert (await line.say("AT+CPMS?"))[-2].startswith('+CPMS: "BM",10,10,')
    refused = await control.ask("broadcast", text="x" * 2000)
    assert "cannot be broadcast" in refused["error"]


async def test_what_waits_in_mode_0_is_bounded_and_the_oldest_is_lost(
    line: Line, control: Control, bank: Bank
) -> None:
    """27.005 §3.4.1: the buffer is full at 64."""
    await line.say("AT+CNMI=0,1,0,0,0")
    bank.network.deliver("+15550100000", [deliver("x")] * 70)
    line.write(b"AT+CNMI=2,1,0,0,0\r")
    printed = await line.expect(rb'"ME",70\r\n')
    assert printed.count(b"+CMTI") == 64
    assert b'"ME",6\r' not in printed
