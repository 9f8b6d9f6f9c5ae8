"""The network: what it takes, refuses, keeps, gives up and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from modemgw.simulator.bank import Bank
from modemgw.simulator.behaviour import Behaviour, Rule, State
from modemgw.simulator.network import NetworkSettings
from modemgw.simulator.options import Options
from modemgw.simulator.scenario import Scenario
from tests.simulator.line import Control, Line, journal
from tests.simulator.test_simulator_phones import PHONE, send, statuses
from tests.simulator.test_simulator_submit import until

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "+15550100001"  # the SIM of the second modem


async def refused(line: Line, to: str = PHONE, **options: Any) -> str:
    """The answer to a submit that is not taken."""
    frame = pdu.encode(to, "x", **options)[0]
    return (await line.submit(frame.hex, frame.length))[-1]


async def test_a_sim_has_so_many_texts_a_while(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Beyond, the network refuses with its cause; when the while is over, it takes again."""
    await control.do("limit", modem=0, count=2, per="300ms")
    await send(line, "1")
    await send(line, "2")
    assert await refused(line) == "+CMS ERROR: 21"
    assert await refused(line) == "+CMS ERROR: 21"
    other = Line(tmp_path / "modem001")
    await other.say("ATE0")
    for text in ("1", "2", "3"):
        await send(other, text)
    other.close()
    rows = [row for row in journal(tmp_path, "submit") if row["modem"] == 0]
    assert [row["accepted"] for row in rows] == [True, True, False, False]
    assert rows[2]["reason"] == "limit"
    while await refused(line) == "+CMS ERROR: 21":
        pass
    await control.do("limit", modem=0)
    for text in ("1", "2", "3"):
        await send(line, text)


async def test_beyond_its_limit_a_sim_can_be_blocked(line: Line, control: Control) -> None:
    """For longer than the limit itself would; each SIM by what it sent itself."""
    await control.do("limit", count=1, per="hour", code=38, block="1d")
    assert [await refused(line) for _ in range(2)] == ["OK", "+CMS ERROR: 38"]
    await control.do("clock", advance=2 * 3600)
    assert await refused(line) == "+CMS ERROR: 38"
    await control.do("unblock", modem=0)
    assert await refused(line) == "OK"


async def test_a_limit_can_be_by_silence(line: Line, control: Control, tmp_path: Path) -> None:
    """OK and a reference, but nothing arrives and nothing is reported."""
    await control.do(
        "limit", limits=[{"count": 1, "per": "day", "drop": True}, {"count": 9, "per": "hour"}]
    )
    for text in ("one", "two", "three"):
        await send(line, text, srr=True)
    assert [text["text"] for text in (await control.do("inbox", number=PHONE))["texts"]] == ["one"]
    rows = journal(tmp_path, "submit")
    assert [(row["answer"], row["accepted"]) for row in rows] == [("ok", True)] * 3
    assert [(row["reason"], row["mr"]) for row in journal(tmp_path, "undelivered")] == [
        ("dropped", 1),
        ("dropped", 2),
    ]
    await until(lambda: statuses(tmp_path) == [0])


async def test_an_operator_blocks_a_sim_at_once(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """With a cause or silently, for a while or until it changes its mind."""
    await control.do("block", modem=0)
    assert await refused(line) == "+CMS ERROR: 10"
    await control.do("block", modem=0, drop=True)
    assert await refused(line) == "OK"
    assert journal(tmp_path, "undelivered")[0]["reason"] == "dropped"
    await control.do("block", modem=0, code=8, seconds="20ms")
    assert await refused(line) == "+CMS ERROR: 8"
    while await refused(line) != "OK":
        pass
    await control.do("block")
    await control.do("unblock", modems=[0])
    assert await refused(line) == "OK"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"count": 1}, "per"),
        ({"count": -1, "per": "hour"}, "count"),
        ({"count": 1, "per": "hour", "code": 21, "drop": True}, "code"),
        ({"limits": [{"count": 1, "per": "hour"}, {"count": 1, "per": "often"}]}, "limits[1].per"),
        ({"limits": [{"count": 1, "per": "hour", "cause": 1}]}, "limits[0].cause"),
    ],
)
async def test_a_limit_that_cannot_be_is_named(
    control: Control, fields: dict[str, Any], named: str
) -> None:
    """And none is set."""
    answer = await control.ask("limit", **fields)
    assert answer["ok"] is False
    assert named in answer["error"]


async def test_a_duplicate_is_rejected_while_its_like_waits(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """Same reference, same recipient, and TP-RD is set; the waiting one stays (§9.2.3.25)."""
    sim = bank.modems[0].present_sim()
    await control.do("phone", number=PHONE, state="off")
    sim.last_mr = 6
    await send(line, "one", rd=True)
    sim.last_mr = 6
    assert await refused(line, rd=True) == "+CMS ERROR: 197"
    sim.last_mr = 6
    assert await refused(line) == "OK"
    sim.last_mr = 6
    assert await refused(line, to="+15550001002", rd=True) == "OK"
    await control.do("phone", number=PHONE, state="on")
    sim.last_mr = 6
    assert await refused(line, rd=True) == "OK"
    rows = journal(tmp_path, "submit")
    assert [row["accepted"] for row in rows] == [True, False, True, True, True]
    assert (rows[1]["code"], rows[1]["reason"]) == (197, "duplicate")


async def test_a_text_that_waits_longer_than_it_is_valid_is_given_up(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Reported with 0x46; what is valid for longer is still delivered."""
    await control.do("phone", number=PHONE, state="off")
    await send(line, "stale", srr=True, vp=pdu.EnhancedValidity(bytes((2, 1, 0, 0, 0, 0, 0))))
    await send(line, "fresh", srr=True, vp_minutes=5)
    await until(lambda: 0x46 in statuses(tmp_path))
    (row,) = journal(tmp_path, "undelivered")
    assert (row["reason"], row["mr"], row["st"]) == ("expired", 0, 0x46)
    await control.do("phone", number=PHONE, state="on")
    await until(lambda: statuses(tmp_path) == [0x22, 0x22, 0x46, 0])
    texts = (await control.do("inbox", number=PHONE))["texts"]
    assert [text["text"] for text in texts] == ["fresh"]


async def test_the_service_centre_has_its_own_idea_of_validity(tmp_path: Path) -> None:
    """For texts that say nothing, and at most for those that say too much."""
    bank, line = await patient_bank(tmp_path, NetworkSettings(validity_s=0.02, longest_s=0.04))
    await send(line, "says nothing")
    await send(line, "says a day", vp_minutes=1440)
    await until(lambda: len(journal(tmp_path, "undelivered")) == 2)
    line.close()
    bank.close()


async def test_a_text_is_kept_for_days_of_the_clock_that_all_follow(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Two of them where it says nothing itself."""
    await control.do("phone", number=PHONE, state="off")
    await send(line, "stale", srr=True)
    await control.do("clock", advance=47 * 3600)
    await send(line, "fresh", srr=True)
    assert not journal(tmp_path, "undelivered")
    await control.do("clock", advance=3600)
    await until(lambda: bool(journal(tmp_path, "undelivered")))
    assert [row["mr"] for row in journal(tmp_path, "undelivered")] == [0]
    assert (await control.do("waiting"))["waiting"][PHONE] == 1


async def test_a_text_that_was_delivered_does_not_expire(tmp_path: Path) -> None:
    """Another that is as old, and still waits, does."""
    bank, line = await patient_bank(tmp_path, NetworkSettings(validity_s=0.1))
    await send(line, "will be delivered")
    await send(line, "will not", to="+15550001002")
    bank.network.phones.add_rule(Rule(PHONE, Behaviour()))
    bank.network.phones_changed(PHONE)
    await until(lambda: bool(journal(tmp_path, "undelivered")))
    assert [row["to"] for row in journal(tmp_path, "undelivered")] == ["+15550001002"]
    assert bank.network.is_quiet
    line.close()
    bank.close()


async def patient_bank(folder: Path, settings: NetworkSettings) -> tuple[Bank, Line]:
    """A bank whose phones are all off, and the port of its modem."""
    scenario = Scenario(network=settings)
    bank = Bank(Options(1, folder, ("generic",), submit_ms=1, report_ms=1, scenario=scenario))
    bank.power_on()
    bank.network.phones.add_rule(Rule("+*", Behaviour(state=State.OFF)))
    line = Line(bank.link(0))
    await line.say("ATE0")
    return bank, line


async def test_a_text_to_a_sim_that_is_full_waits_for_memory(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Its sender is told so, and that it was delivered when something was deleted (§3.2.7)."""
    await control.do("storage", modem=1, name="ME", capacity=1)
    other = Line(tmp_path / "modem001")
    for command in ("ATE0", "AT+CNMI=2,1,0,2,0"):
        await other.say(command)
    await send(line, "one", to=OTHER, srr=True)
    await other.expect(rb"\+CMTI[^\r]*\r\n")
    await send(line, "two", to=OTHER, srr=True)
    await until(lambda: statuses(tmp_path) == [0, 0x25])
    assert journal(tmp_path, "hold")[0]["reason"] == "full"
    await other.say("AT+CMGD=1")
    await until(lambda: statuses(tmp_path) == [0, 0x25, 0])
    await send(line, "three", to=OTHER)
    assert (await control.do("waiting"))["quiet"] is False
    await control.do("storage", modem=1, name="ME", capacity=2)
    assert await control.do("waiting") == {"ok": True, "quiet": True, "waiting": {}}
    other.close()
    assert [row["modem"] for row in journal(tmp_path, "deliver")] == [1, 1, 1]


async def test_a_text_that_waits_for_an_acknowledgement_is_not_reported_as_waiting(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """It is the next as soon as the one before is acknowledged."""
    other = Line(tmp_path / "modem001")
    for command in ("ATE0", "AT+CSMS=1", "AT+CNMI=2,2,0,0,0"):
        await other.say(command)
    await send(line, "one", to=OTHER, srr=True)
    await other.expect(rb"\+CMT: [^\r]*\r\n[^\r]*\r\n")
    await send(line, "two", to=OTHER, srr=True)
    assert [row["reason"] for row in journal(tmp_path, "hold")] == ["busy"]
    await other.say("AT+CNMA")
    await other.expect(rb"\+CMT: [^\r]*\r\n[^\r]*\r\n")
    await other.say("AT+CNMA")
    await until(lambda: bank.network.is_quiet)
    assert statuses(tmp_path) == [0, 0]
    other.close()


async def test_a_text_to_a_sim_in_no_modem_waits_for_it(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """It is no phone; the report comes when it is in again, or too late."""
    await control.do("sim", modem=1, action="remove")
    await send(line, "one", to=OTHER, srr=True)
    assert [row["reason"] for row in journal(tmp_path, "hold")] == ["absent"]
    await control.do("sim", modem=1, action="insert")
    await until(lambda: statuses(tmp_path) == [0x22, 0])


async def test_a_deliver_says_what_its_submit_asked_for(
    line: Line, control: Control, bank: Bank
) -> None:
    """Reply path and status report indication (§9.2.3.17, §9.2.3.4)."""
    await send(line, "plain")
    await send(line, "both", rp=True, srr=True)
    received = [
        pdu.decode(message["pdu"])
        for message in (await control.do("inbox", number=PHONE))["messages"]
    ]
    flags = [(text.rp, text.sri) for text in received if isinstance(text, pdu.Deliver)]
    assert flags == [(False, False), (True, True)]


async def test_a_cell_goes_dark_for_some_modems(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """They lose their network for a while, the others do not; what was so before comes back."""
    await line.say("AT+CREG=1")
    await control.do("registration", modem=0, stat=5)
    await line.expect(rb"\+CREG: 5\r\n")
    await control.do("outage", modems=[0], seconds="50ms")
    await line.expect(rb"\+CREG: 2\r\n")
    assert await refused(line) == "+CMS ERROR: 331"
    other = Line(tmp_path / "modem001")
    await other.say("ATE0")
    await send(other, "goes")
    other.close()
    await line.expect(rb"\+CREG: 5\r\n")
    await send(line, "goes again")
    rows = journal(tmp_path, "outage")
    assert [(row["modem"], row["stat"], row.get("over", False)) for row in rows] == [
        (0, 2, False),
        (0, 5, True),
    ]


async def test_an_outage_lasts_until_the_newest_one_is_over(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Two overlap: the network comes back once, as it was before both."""
    await control.do("outage", seconds="10ms", stat=0)
    await control.do("outage", modem=0)
    await until(lambda: len(journal(tmp_path, "outage")) == 4)
    assert (await line.say("AT+CREG?"))[0] == "+CREG: 0,2"
    await control.do("outage", state="over")
    await control.do("outage", state="over")
    assert (await line.say("AT+CREG?"))[0] == "+CREG: 0,1"
    assert [row["modem"] for row in journal(tmp_path, "outage")] == [0, 1, 0, 1, 0]


async def test_reports_follow_their_timetable(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """Temporary ones come before the last, none behind it."""
    await control.do(
        "report",
        delay="60ms",
        temporary=[
            {"after": "10ms", "st": 0x20},
            {"after": "20ms", "st": 0x21},
            {"after": "90ms", "st": 0x22},
        ],
    )
    await send(line, "one", srr=True)
    await until(lambda: bank.network.is_quiet)
    assert statuses(tmp_path) == [0x20, 0x21, 0]
    await control.do("report", delay=0, temporary=[])
    await send(line, "two", srr=True)
    await until(lambda: bank.network.is_quiet)
    assert statuses(tmp_path) == [0x20, 0x21, 0, 0]


async def test_reports_get_lost_come_twice_and_too_early(
    line: Line, control: Control, bank: Bank, tmp_path: Path
) -> None:
    """Each by its probability; what is lost stands in the journal."""
    await control.do("report", lose=1, temporary=[{"after": "5ms", "st": 0x20}])
    await send(line, "one", srr=True)
    await until(lambda: bank.network.is_quiet)
    assert statuses(tmp_path) == []
    await control.do("report", temporary=[])
    (row,) = journal(tmp_path, "report_lost")
    assert (row["modem"], row["mr"], row["to"], row["reason"]) == (0, 0, PHONE, "lost")
    await control.do("report", lose=0, double=1, st=1)
    await send(line, "two", srr=True)
    await until(lambda: statuses(tmp_path) == [1, 1])
    line.heard = b""
    await control.do("report", modem=0, double=0, early=1, st=2)
    frame = pdu.encode(PHONE, "three", srr=True)[0]
    line.write(b"AT+CMGS=%d\r" % frame.length)
    await line.expect(rb"\r\n> ")
    line.write(frame.hex.encode() + b"\x1a")
    await line.expect(rb"^\r\n\+CDSI: [^\r]*\r\n\r\n\+CMGS: 2\r\n\r\nOK\r\n")
    assert statuses(tmp_path) == [1, 1, 2]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"temporary": [{"after": 1, "st": 0}]}, "temporary[0].st"),
        ({"temporary": [{"st": 0x20}]}, "temporary[0].after"),
        ({"temporary": [{"after": 0, "st": 0x20}] * 21}, "temporary"),
        ({"temporary": 7}, "temporary"),
        ({"lose": 2}, "lose"),
        ({"on_hold": "no"}, "on_hold"),
        ({"delay": "soon"}, "delay"),
    ],
)
async def test_a_timetable_that_cannot_be_is_named(
    control: Control, fields: dict[str, Any], named: str
) -> None:
    """And the old one stays."""
    answer = await control.ask("report", **fields)
    assert answer["ok"] is False
    assert answer["error"].startswith(named)


async def test_a_submit_takes_as_long_as_it_is_drawn(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Never more than its cap, never less than its least."""
    await control.do("latency", modem=0, delay={"uniform": ["20ms", "30ms"]})
    for _ in range(5):
        await send(line, "x")
    took = [(row["t"] - row["t_ctrl_z"]) / 1e9 for row in journal(tmp_path, "submit")]
    assert min(took) >= 0.02
    assert len(set(took)) == 5


async def test_the_network_keeps_so_many_texts_in_all(
    line: Line, control: Control, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What finds no room is given up, and reported so."""
    monkeypatch.setattr("modemgw.simulator.network._WAITING_LIMIT", 1)
    await control.do("phone", number="+1555*", state="off")
    await send(line, "one", srr=True)
    await control.do("report", on_hold=False)
    await send(line, "two", to="+15550001002", srr=True)
    await until(lambda: 0x48 in statuses(tmp_path))
    assert [row["reason"] for row in journal(tmp_path, "undelivered")] == ["overflow"]
    await control.do("phone", number="+1555*", state="on")
    await control.do("phone", number="+1555*", state="off")
    await send(line, "three")
    assert (await control.do("waiting"))["waiting"] == {PHONE: 1}


async def test_the_report_that_a_text_waits_comes_behind_the_answer_to_its_submit(
    line: Line, control: Control
) -> None:
    """At once, but nobody can match a report whose reference was not told yet."""
    await control.do("phone", number=PHONE, state="off")
    for command in ("AT+CNMI=2,1,0,1,0", "AT+CMGF=1", "AT+CSMP=49,167,0,0"):
        assert await line.say(command) == ["OK"]
    line.write(f'AT+CMGS="{PHONE}"\r'.encode())
    await line.expect(rb"> ")
    line.write(b"hello\x1a")
    await line.expect(rb"^\r\n\+CMGS: \d+\r\n\r\nOK\r\n\r\n\+CDS: ")


async def test_what_took_the_network_away_gives_it_back_and_nothing_else(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """A fault that ends in an outage; afterwards it roams as before."""
    await control.do("registration", modem=0, stat=5)
    await control.do("fault", name="registration_lost", modem=0, count=1, seconds="50ms")
    assert "+CMS ERROR: 331" in await line.submit("0001000291F100000142", 9)
    await control.do("outage", modem=0, stat=3)
    await until(lambda: any("over" in row for row in journal(tmp_path, "fault")))
    assert await line.say("AT+CREG?") == ["+CREG: 0,3", "OK"]
    await control.do("outage", modem=0, state="over")
    assert await line.say("AT+CREG?") == ["+CREG: 0,5", "OK"]
    assert journal(tmp_path, "outage")[-1]["stat"] == 5
