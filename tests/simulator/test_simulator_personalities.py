"""Each maker says what modems of its make were seen to say."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from modemgw.simulator import personality
from modemgw.simulator.bank import Bank
from modemgw.simulator.options import Options
from modemgw.simulator.personality import PERSONALITIES, PersonalityError
from modemgw.simulator.personality_page import section
from tests.simulator.line import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "simulator.md"
FINALS = ("OK", "ERROR", "COMMAND NOT SUPPORT")
SEEN = {
    "cinterion-mc75i": "mc75i-1 mc75i-2 mc75i-3",
    "huawei-e1752": "e1752-1 huawei-113 huawei-114 huawei-116 huawei-117 huawei-118",
    "huawei-e3372": "huawei-101 e3372-1 e3372-2",
    "huawei-k3715": "huawei-105 huawei-106 huawei-107 huawei-109 huawei-110 huawei-111 huawei-112",
    "qualcomm-m6280": "qualcomm-001 qualcomm-002 qualcomm-003 "
    "qualcomm-004 qualcomm-005 qualcomm-006 qualcomm-007",
    "quectel-ec25": "ec25-1",
    "siemens-mc35i": "mc35i-1",
    "sierra-em7455": "em7455-1",
    "sierra-wp7702": "wp7702-1",
    "simcom-sim7600": "sim7600-1",
    "simcom-sim800": "sim800-1 sim800-2",
    "simcom-sim900": "sim900-1 sim900-2 sim900-3",
    "telit-he910": "he910-1 he910-2 he910-3",
    "ublox-r410m": "sara-r410m-1",
    "ublox-sara": "sara-g450-1 sara-g450-2 sara-g450-3",
    "wavecom-fastrack": "wavecom-001 wavecom-002 wavecom-005 wavecom-006 wavecom-007 "
    "wavecom-008 wavecom-009 wavecom-010 wavecom-011 wavecom-012 generic-314",
    "wavecom-q2403": "q2403-1",
    "zte-k3565": "zte-001 zte-002 zte-003 zte-004",
    "zte-mf180": "mf180-1 mf180-2",
    "zte-mf710m": "mf710m-1",
}


def transcripts() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in ("at-transcripts.jsonl", "modem-dialogues.jsonl"):
        for line in (TESTS / "data" / name).read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            found[entry["id"]] = entry
    return found


def plain(line: str) -> str:
    """A line without what belongs to that one card, modem and moment."""
    if line.startswith("+CPMS"):
        line = re.sub(r"(\d+), ?(\d+)", r"0,\2", line)
    return re.sub(r"(?<=CCID: )\d{19,20}|(?<=IMEI: ).*", "…", line)


@pytest.fixture
async def bank_of_one(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bank]:
    """A modem of the maker that the test names."""
    name = request.node.callspec.params["line"]
    bank = Bank(Options(modems=1, dir=tmp_path, profiles=(name,), boot_ms=1))
    bank.power_on()
    yield bank
    bank.close()


@pytest.fixture
async def line(bank_of_one: Bank) -> AsyncIterator[Line]:
    """Its port, echo off."""
    line = Line(bank_of_one.link(0))
    await line.say("ATE0")
    yield line
    line.close()


@pytest.mark.parametrize(
    ("line", "seen"),
    [(name, one) for name, ids in SEEN.items() for one in ids.split()],
    indirect=["line"],
)
async def test_it_answers_what_its_transcript_says(line: Line, seen: str) -> None:
    """Word for word, but for how many texts there are and whose card it is."""
    entry = transcripts()[seen]
    expected = [text for text in entry.get("lines") or entry["response_lines"] if text]
    command = entry["command"].replace("ATE0+", "AT+")
    if expected[-1] in FINALS:
        answered = await line.say(command)
    elif seen == "wavecom-006":  # there was none: the next command's answer follows at once
        line.write(command.encode() + b"\r")
        await line.expect(rb"\r\n\+CPIN: READY\r\n$")
        answered = [*expected, *(await line.say("AT"))[:-1]]
    else:  # nobody wrote the final result down
        answered = (await line.say(command))[:-1]
    assert [plain(text) for text in answered] == [plain(text) for text in expected]


@pytest.mark.parametrize("line", ["cinterion-phs8"], indirect=True)
async def test_what_is_not_offered_is_refused(line: Line) -> None:
    """What +CNMI=?, +CPMS=? and +CSCS=? say is what can be set."""
    await line.say("AT+CMEE=1")
    assert await line.say("AT+CNMI=?") == ["+CNMI: (0,1,2),(0,1),(0,2),(0),(1)", "OK"]
    assert await line.say("AT+CNMI=2,1,0,0,1") == ["OK"]
    assert await line.say("AT+CNMI=2,1,0,1,1") == ["+CMS ERROR: 302"]
    assert await line.say('AT+CPMS="SM","SM","ME"') == ["ERROR"]
    assert await line.say('AT+CSCS="IRA"') == ["+CME ERROR: 50"]


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("huawei-e173", ("AT^PORTSEL=1", "AT^PORTSEL=0")),
        ("zte-mf190", ("AT+ZCDRUN=8", "AT+ZOPRT=5")),
    ],
    indirect=["line"],
)
async def test_it_takes_the_set_up_that_its_users_insist_on(
    line: Line, commands: tuple[str, ...]
) -> None:
    """Gammu gives up a modem of this maker that refuses one of these."""
    for command in commands:
        assert await line.say(command) == ["OK"]


@pytest.mark.parametrize("line", ["sierra-em7455"], indirect=True)
async def test_a_promise_about_reports_is_broken(line: Line) -> None:
    """<ds> 1 is offered, and refused when it is asked for."""
    assert "(0,1,2)" in (await line.say("AT+CNMI=?"))[0]
    assert await line.say("AT+CNMI=2,1,0,1,0") == ["+CMS ERROR: 302"]
    assert await line.say("AT+CNMI=2,1,0,2,0") == ["OK"]


@pytest.mark.parametrize("line", ["mediatek-pool"], indirect=True)
async def test_one_code_for_everything(line: Line) -> None:
    """And no maker's name at all."""
    assert await line.say("AT+CGMI") == ["OK"]
    assert await line.say("AT+CMGR=3") == ["+CMS ERROR: 500"]


@pytest.mark.parametrize("line", ["huawei-e1752"], indirect=True)
async def test_a_listing_may_have_empty_lines_in_it(bank_of_one: Bank, line: Line) -> None:
    """One behind each text, in PDU mode and in text mode, where a text has lines of its own."""
    frames = pdu.encode_deliver("+15550003001", "one\ntwo", scts=datetime.now(UTC))
    bank_of_one.network.deliver("+15550100000", [frames[0].hex] * 2)
    line.write(b"AT+CMGL=4\r")
    await line.expect(rb"\r\n\+CMGL: 0,[^\r]*\r\n\w+\r\n\r\n\+CMGL: 1,[^\r]*\r\n\w+\r\n\r\n\r\nOK")
    await line.say("AT+CMGF=1")
    line.write(b'AT+CMGL="ALL"\r')
    heard = await line.expect(rb"\r\nOK\r\n")
    assert heard.count(b"two\r\n\r\n") == 2


@pytest.mark.parametrize("line", ["simcom-sim7670"], indirect=True)
async def test_a_prompt_may_end_its_line(line: Line) -> None:
    """CR LF behind `>`, and no blank."""
    line.write(b"AT+CMGS=12\r")
    await line.expect(rb"\r\n>\r\n$")


@pytest.mark.parametrize("line", ["quectel-m35"], indirect=True)
async def test_texts_have_to_wait_until_a_modem_has_settled(line: Line) -> None:
    """They are refused with the maker's code until it says that it is ready for them."""
    assert await line.say("AT+CFUN=1,1") == ["OK"]
    await line.expect(rb"Call Ready\r\n")
    await line.say("ATE0")
    assert await line.say("AT+CPMS?") == ["+CMS ERROR: 515"]
    await line.expect(rb"SMS Ready\r\n")
    assert (await line.say("AT+CPMS?"))[-1] == "OK"


@pytest.mark.parametrize("line", ["zte-mf180"], indirect=True)
async def test_asking_for_storages_ends_the_flood(bank_of_one: Bank, line: Line) -> None:
    """+ZUSIMR comes by itself until +CPMS? was asked."""
    bank_of_one.modems[0].timing.chatter_s = 0.01
    await line.say("AT+CFUN=1,1")
    await line.expect(rb"\+ZUSIMR:2\r\n.*\+ZUSIMR:2\r\n.*\+ZUSIMR:2\r\n")
    assert (await line.say("ATE0+CPMS?"))[-1] == "OK"
    line.heard = b""
    for _ in range(20):
        assert (await line.say("AT"))[-1] == "OK"
    assert b"+ZUSIMR" not in line.heard


@pytest.mark.parametrize("line", ["zte-mf180"], indirect=True)
async def test_some_do_not_tell_the_technology(line: Line) -> None:
    """+CREG ends with the cell."""
    assert await line.say("AT+CREG=2;+CREG?") == ['+CREG: 2,1,"1A2B","0C3D4E5"', "OK"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('maker = "A"\nmodel = "B"\nrevision = "C"\ncolour = 3', "colour"),
        ('maker = "A"\nmodel = "B"', "revision"),
        ('like = "nobody"', "nobody"),
        ('like = "mine"', "recursion"),
        ('maker = "A"\nmodel = "B"\nrevision = "C"\nregistration = "all"', "registration"),
    ],
)
def test_a_file_that_describes_no_personality_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    """By its name and what is wrong with it."""
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(PersonalityError, match=rf"mine\.toml.*{complaint}"):
        personality.load(tmp_path)


def test_the_page_has_them_all() -> None:
    """The section in docs/simulator.md is what `modemgw.simulator.personality_page` prints."""
    assert section(PERSONALITIES) in PAGE.read_text(encoding="utf-8")
