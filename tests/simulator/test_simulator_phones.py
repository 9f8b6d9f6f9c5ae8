"""Phones that behave: they answer, say STOP, are switched off, full, or not there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from tests.simulator.line import Control, Line, journal
from tests.simulator.test_simulator_submit import until

if TYPE_CHECKING:
    from pathlib import Path

PHONE = "+15550001001"


async def send(line: Line, text: str, to: str = PHONE, **options: Any) -> None:
    """Send a text in all its parts; each has to be taken."""
    for frame in pdu.encode(to, text, **options):
        assert (await line.submit(frame.hex, frame.length))[-1] == "OK"


def statuses(folder: Path) -> list[int]:
    """TP-ST of the reports that the modems took, in order."""
    reports = [pdu.decode(row["pdu"]) for row in journal(folder, "report")]
    return [report.st for report in reports if isinstance(report, pdu.StatusReport)]


def said(folder: Path) -> list[tuple[str, str]]:
    """What phones wrote: who, and what."""
    return [(row["from"], row["text"]) for row in journal(folder, "send")]


async def read_texts(line: Line) -> list[str]:
    """The texts that the modem stores, parts put together."""
    reassembler, texts = pdu.Reassembler(), []
    for row in await line.say("AT+CMGL=4"):
        if not row.startswith(("+", "OK")):
            message = pdu.decode(row)
            assert isinstance(message, pdu.Deliver)
            joined = reassembler.add("line", message, now=0)
            texts += [] if joined is None else [joined.text]
    return texts


async def test_a_phone_answers_each_text_in_turn(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Long texts get one answer, when their last part is there."""
    await control.do("phone", number=PHONE, answer=["one", "{n}: {text}"], answer_after="10ms")
    await send(line, "a" * 200)
    await line.expect(rb"\+CMTI[^\r]*\r\n")
    await send(line, "Grüße")
    await line.expect(rb"\+CMTI[^\r]*\r\n")
    assert await read_texts(line) == ["one", "2: Grüße"]
    assert said(tmp_path) == [(PHONE, "one"), (PHONE, "2: Grüße")]
    (first, _) = journal(tmp_path, "send")
    assert (first["modem"], first["to"], first["parts"]) == (0, "+15550100000", 1)


async def test_an_answer_can_be_long_and_in_any_script(line: Line, control: Control) -> None:
    """It comes in parts and reads as it was written."""
    answer = "Спасибо за сообщение! 🙂 " * 8
    await control.do("phone", number=PHONE, answer=answer)
    await send(line, "hello")
    for _ in range(3):
        await line.expect(rb"\+CMTI[^\r]*\r\n")
    assert await read_texts(line) == [answer]


async def test_a_phone_says_stop_when_it_has_had_enough(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Once, and nothing more to that line; another line is told at its own time."""
    await control.do("phone", number="+1555000*", answer="ok", stop_after=2)
    for text in ("1", "2", "3", "4"):
        await send(line, text)
    await until(lambda: len(said(tmp_path)) == 2)
    other = Line(tmp_path / "modem001")
    await other.say("ATE0")
    await send(other, "1")
    await until(lambda: len(said(tmp_path)) == 3)
    other.close()
    assert [text for _, text in said(tmp_path)] == ["ok", "STOP", "ok"]


async def test_a_phone_answers_as_often_as_it_is_told(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """A probability of 0 is silence."""
    await control.do("phone", number=PHONE, answer="ok", answer_p=0)
    await send(line, "1")
    await control.do("phone", number=PHONE, answer_p=1)
    await send(line, "2")
    await until(lambda: bool(said(tmp_path)))
    assert said(tmp_path) == [(PHONE, "ok")]


async def test_texts_wait_for_a_phone_that_is_off(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Each is reported as not yet there, and as delivered when it is on again; in order."""
    await control.do("phone", number=PHONE, state="off")
    await send(line, "one", srr=True)
    await send(line, "two", srr=True)
    assert (await control.do("inbox", number=PHONE))["texts"] == []
    assert (await control.do("waiting"))["waiting"] == {PHONE: 2}
    await control.do("phone", number="+1666", state="on")
    assert [(row["reason"], row["to"], row["mr"]) for row in journal(tmp_path, "hold")] == [
        ("off", PHONE, 0),
        ("off", PHONE, 1),
    ]
    assert statuses(tmp_path) == [0x22, 0x22]
    await control.do("phone", number=PHONE, state="on")
    await until(lambda: statuses(tmp_path) == [0x22, 0x22, 0, 0])
    texts = (await control.do("inbox", number=PHONE))["texts"]
    assert [text["text"] for text in texts] == ["one", "two"]
    assert [row["mr"] for row in journal(tmp_path, "arrive")] == [0, 1]


async def test_a_phone_that_is_off_for_a_while_comes_back_by_itself(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Unless it was told something else meanwhile."""
    await control.do("phone", number="+1555*", state="off", **{"for": "30ms"}, waiting_st=0x21)
    await send(line, "one", srr=True)
    await until(lambda: statuses(tmp_path) == [0x21, 0])
    await control.do("phone", number="+1555*", state="off", **{"for": 0.02})
    await control.do("phone", number="+1555*", state="full")
    await send(line, "two")
    await control.do("phone", number="+1666", state="off", **{"for": 0.03})
    await send(line, "later", to="+1666")
    await until(lambda: len(journal(tmp_path, "arrive")) == 2)
    assert (await control.do("waiting"))["waiting"] == {PHONE: 1}
    assert (await control.do("phones"))["rules"][1]["state"] == "full"


async def test_a_full_phone_takes_texts_when_there_is_room(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Reported as an error that may pass."""
    await control.do("phone", number=PHONE, state="full")
    await send(line, "one", srr=True)
    await control.do("phone", number=PHONE, forget=True)
    await until(lambda: statuses(tmp_path) == [0x25, 0])
    assert journal(tmp_path, "hold")[0]["reason"] == "full"
    assert (await control.do("phones"))["rules"] == []


async def test_a_number_that_there_is_not_is_reported_for_good(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """The network takes the text, and gives it up."""
    await control.do("phone", number=PHONE, state="unknown")
    await send(line, "one", srr=True)
    await until(lambda: statuses(tmp_path) == [0x43])
    (row,) = journal(tmp_path, "undelivered")
    assert (row["reason"], row["st"], row["mr"], row["from"]) == (
        "unknown",
        0x43,
        0,
        "+15550100000",
    )
    assert (await control.do("inbox", number=PHONE))["messages"] == []


async def test_the_network_can_refuse_a_number_at_once(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """By the cause that it was told, which the modem repeats."""
    await control.do("phone", number=PHONE, refuse=1)
    frame = pdu.encode(PHONE, "one")[0]
    assert await line.submit(frame.hex, frame.length) == ["+CMS ERROR: 1"]
    (row,) = journal(tmp_path, "submit")
    assert (row["answer"], row["accepted"], row["code"], row["reason"]) == (
        "error",
        False,
        1,
        "refused",
    )


async def test_a_rule_for_a_number_goes_before_one_for_many(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Of those for many the first that fits is asked."""
    await control.do("phone", number="+1555*", answer="many")
    await control.do("phone", number="+155500010??", answer="never asked")
    await control.do("phone", number=PHONE, answer="one", st=1, report_delay=0)
    await send(line, "x", srr=True)
    await send(line, "x", to="+15550001002")
    await until(lambda: len(said(tmp_path)) == 2)
    assert said(tmp_path) == [(PHONE, "one"), ("+15550001002", "many")]
    await until(lambda: statuses(tmp_path) == [1])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"answer": 7}, "answer"),
        ({"answer": ["x"] * 101}, "answer"),
        ({"answer": "x" * 100_000}, "answer: this text cannot be sent"),
        ({"answer_after": {"uniform": [2, 1]}}, "answer_after.uniform"),
        ({"answer_after": {"normal": 1}}, "answer_after: exactly one of"),
        ({"answer_after": {"exponential": 1, "most": 2}}, "answer_after.most"),
        ({"state": "away"}, "state"),
        ({"state": "on", "for": 1}, "for"),
        ({"waiting_st": 0x40}, "waiting_st"),
    ],
)
async def test_what_no_phone_can_do_is_named(
    control: Control, fields: dict[str, Any], named: str
) -> None:
    """And nothing is changed."""
    answer = await control.ask("phone", number=PHONE, **fields)
    assert answer["ok"] is False
    assert named in answer["error"]
    assert (await control.do("phones"))["rules"] == []


async def test_there_are_so_many_rules_and_no_more(control: Control) -> None:
    """A client that makes one for each number cannot fill the memory."""
    for number in range(1000):
        await control.do("phone", number=f"+1{number}")
    assert "1000" in (await control.ask("phone", number="+2"))["error"]
    await control.do("phone", number="+1999", answer="still to be changed")


async def test_silent_and_replacing_texts_do_on_a_phone_what_they_should(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """Type 0 is thrown away, a replacement takes the place of what its sender sent before."""
    await send(line, "ping", pid=0x40)
    for text, pid in (("first", 0x41), ("other", 0x42), ("second", 0x41)):
        await send(line, text, pid=pid)
    texts = (await control.do("inbox", number=PHONE))["texts"]
    assert [text["text"] for text in texts] == ["second", "other"]
    assert len(journal(tmp_path, "arrive")) == 4


async def test_an_answer_that_cannot_be_said_is_not_said(
    line: Line, control: Control, tmp_path: Path
) -> None:
    """It quotes a text of which its alphabet has no letter."""
    await control.do("phone", number=PHONE, answer="{text}", alphabet="gsm7")
    await send(line, "ж")
    await send(line, "z")
    await until(lambda: bool(said(tmp_path)))
    assert said(tmp_path) == [(PHONE, "z")]
