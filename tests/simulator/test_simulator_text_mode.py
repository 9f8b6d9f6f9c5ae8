"""Text mode: numbers, texts and status words as 27.005 has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from modemgw import pdu
from modemgw.pdu import Concat
from tests.simulator.line import FINAL, Control, Line, journal

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.bank import Bank

SENDER = "+15550003001"
AT = datetime(2026, 11, 22, 13, 14, 15, tzinfo=UTC)
WHEN = '"26/11/22,13:14:15+00"'


def deliver(text: str, **options: object) -> str:
    return pdu.encode_deliver(SENDER, text, scts=AT, **options)[0].hex  # type: ignore[arg-type]


async def typed(line: Line, command: str, text: bytes, end: bytes = b"\x1a") -> list[str]:
    """A command that asks for a text, the text and its end; the lines of the answer."""
    line.write(command.encode() + b"\r")
    await line.expect(rb"\r\n> ")
    line.write(text + end)
    answer = await line.expect(FINAL)
    return [part for part in answer.decode("latin-1").replace("\r", "\n").split("\n") if part]


async def sent(directory: Path) -> pdu.Submit:
    """The newest part that the network took."""
    message = pdu.decode(journal(directory, "submit")[-1]["pdu"], to_network=True)
    assert isinstance(message, pdu.Submit)
    return message


@pytest.fixture
async def text(line: Line) -> Line:
    """A line in text mode, IRA, without details."""
    assert await line.say('AT+CMGF=1;+CSCS="IRA"') == ["OK"]
    return line


async def test_a_text_goes_out_with_the_parameters_of_csmp(text: Line, tmp_path: Path) -> None:
    """27.005 §3.5.1: number and text, the rest from +CSMP and +CSCA (§3.3.4)."""
    assert await text.say("AT+CMGF?;+CSMP?;+CSDH?") == [
        "+CMGF: 1",
        "+CSMP: 17,167,0,0",
        "+CSDH: 0",
        "OK",
    ]
    assert await typed(text, 'AT+CMGS="+15550001001"', b"Hello") == ["+CMGS: 0", "OK"]
    submit = await sent(tmp_path)
    assert (submit.text, submit.address.number, submit.dcs, submit.pid) == (
        "Hello",
        "+15550001001",
        0,
        0,
    )
    assert submit.vp == pdu.RelativeValidity(167)
    assert submit.sca is not None
    assert submit.sca.number == "+15550009999"
    assert await text.say("AT+CSMP=49,11,65,16") == ["OK"]
    assert await typed(text, 'AT+CMGS="5550001001",129', b"x") == ["+CMGS: 1", "OK"]
    await text.expect(rb'\+CDSI: "ME",1\r\n')
    submit = await sent(tmp_path)
    assert (submit.srr, submit.pid, submit.message_class) == (True, 65, 0)
    assert (submit.vp, submit.address.number) == (pdu.RelativeValidity(11), "5550001001")
    assert await text.say('AT+CSMP=25,"26/12/24,18:00:00+04"') == ["OK"]
    assert await typed(text, 'AT+CMGS="15550001001",145', b"x") == ["+CMGS: 2", "OK"]
    submit = await sent(tmp_path)
    assert isinstance(submit.vp, pdu.AbsoluteValidity)
    assert submit.vp.time is not None
    assert submit.vp.time.isoformat() == "2026-12-24T18:00:00+01:00"
    assert submit.address.number == "+15550001001"
    assert await text.say("AT+CSMP?") == ['+CSMP: 25,"26/12/24,18:00:00+04",65,16', "OK"]


async def test_each_form_of_validity_is_told_again(text: Line) -> None:
    """27.005 §3.1 `<vp>`: a time, hex of the enhanced form, nothing at all."""
    forms = {
        "17,167": "167",
        '25,"26/12/24,18:00:00+04"': '"26/12/24,18:00:00+04"',
        '9,"01A70000000000"': '"01A70000000000"',
        "1": "",
    }
    await text.say("AT+CSDH=1")
    for index, (given, told) in enumerate(forms.items(), 1):
        assert await text.say(f"AT+CSMP={given}") == ["OK"]
        assert (await typed(text, 'AT+CMGW="+15550001001"', b"x"))[-1] == "OK"
        assert (await text.say(f"AT+CMGR={index}"))[0] == (
            f'+CMGR: "STO UNSENT","+15550001001",,145,{given.split(",")[0]},0,0,{told},'
            '"+15550009999",145,1'
        )


@pytest.mark.parametrize(
    "command",
    [
        "AT+CSMP=0,167,0,0",
        "AT+CSMP=17,256",
        'AT+CSMP=25,"tomorrow"',
        'AT+CSMP=9,"01A7"',
        "AT+CSMP=17,167,0,300",
        "AT+CSDH=2",
        'AT+CMGS=""',
        'AT+CMGS="+1555000100x2"',
        'AT+CMGS="123456789012345678901"',
        'AT+CMGS="+15550001001",7',
        "AT+CMGL=4",
        'AT+CMGL="SEEN"',
        'AT+CMGW="+15550001001",145,2',
        'AT+CSCB=2,"1"',
        'AT+CSCB=0,"x-y"',
        "AT+CSAS=4",
    ],
)
async def test_a_wrong_parameter_is_said_so(text: Line, command: str) -> None:
    """With the code that 27.005 §3.2.5 has for text mode; numbers are no status words (§3.1)."""
    assert await text.say(command) == ["+CMS ERROR: 305"]


async def test_pdu_mode_knows_no_words(line: Line) -> None:
    """27.005 §4.1: numbers, or +CMS ERROR: 304."""
    assert await line.say('AT+CMGL="ALL"') == ["+CMS ERROR: 304"]
    assert await line.say("AT+CMGL=?") == ["+CMGL: (0-4)", "OK"]
    assert await line.say("AT+CMGF=1;+CMGL=?") == [
        '+CMGL: ("REC UNREAD","REC READ","STO UNSENT","STO SENT","ALL")',
        "OK",
    ]


async def test_the_prompt_comes_again_behind_each_line_and_backspace_deletes(
    text: Line, tmp_path: Path
) -> None:
    """27.005 §3.5.1, with the default alphabet."""
    text.write(b'AT+CMGS="+15550001001"\r')
    await text.expect(rb"\r\n> ")
    text.write(b"onee\x08\r")
    await text.expect(rb"\r\n> ")
    text.write(b"two\x1a")
    await text.expect(rb"\+CMGS: 0\r\n\r\nOK\r\n")
    assert (await sent(tmp_path)).text == "one\rtwo"


async def test_escape_gives_a_text_up(text: Line, tmp_path: Path) -> None:
    """27.005 §3.5.1: nothing is sent, nothing stored."""
    assert await typed(text, 'AT+CMGS="+15550001001"', b"Hel", b"\x1b") == ["OK"]
    assert await typed(text, 'AT+CMGW="+15550001001"', b"Hel", b"\x1b") == ["OK"]
    assert await text.say('AT+CMGL="ALL"') == ["OK"]
    assert not journal(tmp_path, "submit")


async def test_a_text_of_more_than_one_message_is_refused(text: Line, tmp_path: Path) -> None:
    """160 septets, 140 octets; an extension character is two."""
    for content, fits in ((b"x" * 160, True), (b"x" * 161, False), (b"x" * 159 + b"[", False)):
        answer = await typed(text, 'AT+CMGS="+15550001001"', content)
        assert (answer[-1] == "OK") is fits
    assert answer == ["+CMS ERROR: 305"]
    assert await typed(text, 'AT+CMGS="+15550001001"', b"x" * 4000) == ["+CMS ERROR: 305"]
    assert [entry["code"] for entry in journal(tmp_path, "refused")] == [305, 305, 305]
    await text.say("AT+CSMP=17,167,0,4")
    assert await typed(text, 'AT+CMGS="+15550001001"', b"AA" * 141) == ["+CMS ERROR: 305"]
    assert await typed(text, 'AT+CMGS="+15550001001"', b"no hex") == ["+CMS ERROR: 305"]


@pytest.mark.parametrize(
    ("name", "number", "written"),
    [
        ("IRA", "+15550001001", b"Hi @$"),
        ("GSM", "+15550001001", b"Hi \x00\x02"),
        ("UCS2", "002B00310035003500350030003000300031003000300031", b"00480069002000400024"),
        ("HEX", "2B3135353530303031303031", b"4869200002"),
    ],
)
async def test_the_character_set_is_that_of_cscs(
    line: Line, bank: Bank, tmp_path: Path, name: str, number: str, written: bytes
) -> None:
    """27.007 §5.5 and 27.005 §3.1, for numbers and for texts, both ways."""
    await line.say(f'AT+CMGF=1;+CSCS="{name}"')
    assert (await typed(line, f'AT+CMGS="{number}"', written))[-1] == "OK"
    submit = await sent(tmp_path)
    assert (submit.text, submit.address.number) == ("Hi @$", "+15550001001")
    bank.network.deliver("+15550100000", [deliver("Hi @$")])
    await line.expect(rb'\+CMTI: "ME",1\r\n')
    line.write(b"AT+CMGR=1\r")
    printed = await line.expect(rb"\r\nOK\r\n")
    assert b"\r\n" + written + b"\r\n" in printed
    sender = number.replace("31003000300031", "33003000300031")
    if name == "HEX":
        sender = number.replace("31303031", "33303031")
    elif name in ("IRA", "GSM"):
        sender = SENDER
    assert f'"{sender}"'.encode() in printed


async def test_ucs2_and_data_are_hex_whatever_the_character_set(
    text: Line, bank: Bank, tmp_path: Path
) -> None:
    """27.005 §3.1 `<data>`: octets as two digits each, the header with them."""
    await text.say("AT+CSMP=17,167,0,8")
    assert (await typed(text, 'AT+CMGS="+15550001001"', b"041F04400438"))[-1] == "OK"
    assert (await sent(tmp_path)).text == "При"
    await text.say("AT+CSMP=17,167,0,4")
    assert (await typed(text, 'AT+CMGS="+15550001001"', b"00ff7F"))[-1] == "OK"
    assert (await sent(tmp_path)).data == b"\x00\xff\x7f"
    await text.say("AT+CSMP=81,167,0,0")
    assert (await typed(text, 'AT+CMGS="+15550001001"', b"050003070201906536FB0D"))[-1] == "OK"
    submit = await sent(tmp_path)
    assert submit.concat == Concat(ref=7, total=2, seq=1, bits=8)
    bank.network.deliver(
        "+15550100000", [deliver("При"), deliver("", data=b"\x00\xff"), deliver("x" * 161, ref=7)]
    )
    listed = await text.say('AT+CMGL="ALL"')
    assert listed[-6::2] == ["041F04400438", "00FF", listed[-2]]
    assert listed[-2].startswith("050003070201")


async def test_messages_are_listed_and_read_with_status_words(text: Line, control: Control) -> None:
    """27.005 §3.4.2, §3.4.3: "REC UNREAD" until read once."""
    await control.do("inject", modem=0, pdu=deliver("Hello"))
    head = f'"{SENDER}",,{WHEN}'
    await text.expect(rb'\+CMTI: "ME",1\r\n')
    assert await text.say('AT+CMGL="STO UNSENT"') == ["OK"]
    assert await text.say("AT+CMGL") == [f'+CMGL: 1,"REC UNREAD",{head}', "Hello", "OK"]
    assert await text.say("AT+CMGL") == ["OK"]
    assert await text.say('AT+CMGL="REC READ"') == [f'+CMGL: 1,"REC READ",{head}', "Hello", "OK"]
    assert await text.say("AT+CSDH=1;+CMGR=1") == [
        f'+CMGR: "REC READ",{head},145,4,0,0,"",129,5',
        "Hello",
        "OK",
    ]
    assert await text.say('AT+CMGL="ALL"') == [
        f'+CMGL: 1,"REC READ",{head},145,5',
        "Hello",
        "OK",
    ]
    assert await text.say("AT+CMGR=7") == ["+CMS ERROR: 321"]


async def test_an_alphanumeric_sender_is_a_text(text: Line, bank: Bank) -> None:
    """23.040 §9.1.2.5: type of number 5."""
    raw = pdu.encode_deliver("MyBank", "Hi", scts=AT, smsc="+15550009999")[0].hex
    bank.network.deliver("+15550100000", [raw])
    await text.expect(rb"\+CMTI")
    assert (await text.say("AT+CSDH=1;+CMGR=1"))[-3:] == [
        f'+CMGR: "REC UNREAD","MyBank",,{WHEN},208,4,0,0,"+15550009999",145,2',
        "Hi",
        "OK",
    ]


async def test_texts_and_reports_are_printed_in_text_mode(
    text: Line, control: Control, tmp_path: Path
) -> None:
    """27.005 §3.4.1: +CMT with its fields and text, +CDS in one line."""
    await text.say("AT+CNMI=2,2,0,1,0")
    await control.do("inject", modem=0, pdu=deliver("Hello"))
    await text.expect(
        rb'\+CMT: "\+15550003001",,"26/11/22,13:14:15\+00"\r\nHello\r\n',
    )
    await text.say("AT+CSDH=1")
    await control.do("inject", modem=0, pdu=deliver("Hello"))
    await text.expect(rb'\+CMT: "[^"]*",,"[^"]*",145,4,0,0,"",129,5\r\nHello\r\n')
    await text.say("AT+CSMP=49")
    await typed(text, 'AT+CMGS="+15550001001"', b"x")
    moment = rb'"\d\d/\d\d/\d\d,\d\d:\d\d:\d\d\+00"'
    await text.expect(
        rb'\+CDS: 6,0,"\+15550001001",145,' + moment + rb"," + moment + rb",0\r\n",
    )


async def test_stored_reports_are_read_in_text_mode(text: Line, control: Control) -> None:
    """27.005 §3.4.2 and §3.4.3."""
    await text.say("AT+CSMP=49")
    await typed(text, 'AT+CMGS="+15550001001"', b"x")
    await text.expect(rb'\+CDSI: "ME",1\r\n')
    (listed, _) = await text.say("AT+CMGL")
    assert listed.startswith('+CMGL: 1,"REC UNREAD",6,0,"+15550001001",145,"')
    assert listed.endswith(",0")
    assert (await text.say("AT+CMGR=1"))[0].startswith('+CMGR: "REC READ",6,0,"+15550001001",145,')


async def test_a_text_is_written_and_sent_from_the_storage(text: Line, tmp_path: Path) -> None:
    """27.005 §3.5.3, §3.5.4: +CMGW, +CMSS, which makes "STO SENT" of "STO UNSENT"."""
    assert await typed(text, 'AT+CMGW="+15550001001"', b"Draft") == ["+CMGW: 1", "OK"]
    assert await text.say('AT+CMGL="STO UNSENT"') == [
        '+CMGL: 1,"STO UNSENT","+15550001001",,',
        "Draft",
        "OK",
    ]
    assert await text.say("AT+CMSS=1") == ["+CMSS: 0", "OK"]
    assert await text.say("AT+CSDH=1;+CMGR=1") == [
        '+CMGR: "STO SENT","+15550001001",,145,17,0,0,167,"+15550009999",145,5',
        "Draft",
        "OK",
    ]
    assert await text.say('AT+CMSS=1,"+15550001002"') == ["+CMSS: 1", "OK"]
    first, second = journal(tmp_path, "submit")
    assert (first["to"], second["to"]) == ("+15550001001", "+15550001002")
    assert await text.say("AT+CMSS=2") == ["+CMS ERROR: 321"]


async def test_a_draft_may_have_no_recipient_yet(text: Line, tmp_path: Path) -> None:
    """27.005 §3.5.3: +CMGW alone; +CMSS then has to name one."""
    assert await typed(text, "AT+CMGW", b"Draft") == ["+CMGW: 1", "OK"]
    assert await text.say("AT+CMSS=1") == ["+CMS ERROR: 304"]
    assert await text.say('AT+CMSS=1,"+15550001001"') == ["+CMSS: 0", "OK"]
    written = await typed(text, f'AT+CMGW="{SENDER}",145,"REC UNREAD"', b"came in")
    assert written == ["+CMGW: 2", "OK"]
    assert await text.say("AT+CMSS=2") == ["+CMS ERROR: 302"]
    assert (await text.say("AT+CMGL"))[0].startswith(f'+CMGL: 2,"REC UNREAD","{SENDER}",,"')
    assert (await text.say("AT+CMGD=1,3"))[-1] == "OK"
    assert (await text.say('AT+CMGL="ALL"')) == ["OK"]


async def test_pdu_mode_writes_and_sends_from_the_storage_too(line: Line, bank: Bank) -> None:
    """27.005 §4.4, §4.5: by length and status; a full storage says 322."""
    frame = pdu.encode("+15550001001", "Draft")[0]
    assert await typed(line, f"AT+CMGW={frame.length}", frame.hex.encode()) == ["+CMGW: 1", "OK"]
    assert (await line.say("AT+CMGL=2"))[0] == f"+CMGL: 1,2,,{frame.length}"
    assert await line.say("AT+CMSS=1") == ["+CMSS: 0", "OK"]
    assert (await line.say("AT+CMGL=3"))[0] == f"+CMGL: 1,3,,{frame.length}"
    raw = deliver("in")
    length = len(raw) // 2 - 1
    assert (await typed(line, f"AT+CMGW={length},1", raw.encode()))[-1] == "OK"
    assert await typed(line, f"AT+CMGW={length},0", b"00") == ["+CMS ERROR: 304"]
    assert await typed(line, f"AT+CMGW={length},2", raw.encode()) == ["+CMS ERROR: 304"]
    assert await line.say(f"AT+CMGW={length},9") == ["+CMS ERROR: 304"]
    assert (await line.say("AT+CMGR=2"))[0] == f"+CMGR: 1,,{length}"
    bank.modems[0].storage("ME").capacity = 2
    full = await typed(line, f"AT+CMGW={frame.length}", frame.hex.encode())
    assert full == ["+CMS ERROR: 322"]


@pytest.mark.parametrize(("flag", "kept"), [(1, [0, 2, 3]), (2, [0, 2]), (3, [0]), (4, [])])
async def test_each_delete_flag_leaves_what_it_says(line: Line, flag: int, kept: list[int]) -> None:
    """27.005 §3.5.5: read; and sent; and unsent; and unread ones."""
    submit, incoming = pdu.encode("+15550001001", "x")[0], deliver("x")
    for stat, (raw, length) in {
        0: (incoming, len(incoming) // 2 - 1),
        1: (incoming, len(incoming) // 2 - 1),
        2: (submit.hex, submit.length),
        3: (submit.hex, submit.length),
    }.items():
        assert (await typed(line, f"AT+CMGW={length},{stat}", raw.encode()))[-1] == "OK"
    assert await line.say(f"AT+CMGD=1,{flag}") == ["OK"]
    listed = [entry for entry in await line.say("AT+CMGL=4") if entry.startswith("+CMGL")]
    assert [int(entry.split(",")[1]) for entry in listed] == kept


async def test_parameters_are_saved_and_restored(text: Line, control: Control) -> None:
    """27.005 §3.3.5, §3.3.6: +CSAS keeps them over a restart, +CRES brings them back."""
    assert await text.say('AT+CSCA="+15550008888",145;+CSMP=49,11;+CSCB=0,"50-60"') == ["OK"]
    assert await text.say("AT+CSAS=1") == ["OK"]
    await control.do("reboot", modem=0)
    await text.expect(rb"SMS Ready\r\n")
    await text.say("ATE0")
    assert await text.say("AT+CSMP?;+CSCA?") == [
        "+CSMP: 17,167,0,0",
        '+CSCA: "+15550008888",145',
        "OK",
    ]
    assert await text.say("AT+CRES=1;+CSMP?;+CSCB?") == [
        "+CSMP: 49,11,0,0",
        '+CSCB: 0,"50-60",""',
        "OK",
    ]
    assert await text.say("AT+CRES;+CSMP?;+CSCA?") == [
        "+CSMP: 17,167,0,0",
        '+CSCA: "+15550009999",145',
        "OK",
    ]
    assert await text.say("AT+CSAS=?;+CRES=?") == ["+CSAS: (0-3)", "+CRES: (0-3)", "OK"]


async def test_what_cannot_be_read_is_shown_as_it_is(text: Line, bank: Bank) -> None:
    """A damaged PDU blocks no listing."""
    bank.network.deliver("+15550100000", ["0004", deliver("Hello")])
    assert await text.say('AT+CMGL="ALL"') == [
        '+CMTI: "ME",1',
        '+CMTI: "ME",2',
        '+CMGL: 1,"REC UNREAD",,,',
        "0004",
        f'+CMGL: 2,"REC UNREAD","{SENDER}",,{WHEN}',
        "Hello",
        "OK",
    ]
    assert (await text.say("AT+CMGR=1"))[0] == '+CMGR: "REC READ",,,'
    await text.say("AT+CNMI=2,2")
    bank.network.deliver("+15550100000", ["0004"])
    await text.expect(rb"\+CMT: ,,\r\n0004\r\n")
