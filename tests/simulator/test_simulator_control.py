"""The control socket: JSON lines, each answered by one, none fatal."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.control_commands import COMMANDS
from modemgw.simulator.line_server import CONNECTIONS_LIMIT
from tests.simulator.line import PATIENCE_S, Control, Line, journal

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.bank import Bank


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"7",
        b"{}",
        b'{"cmd": 7}',
        b'{"cmd": "x"}',
        b'{"cmd": {}}',
        b"\xff",
        b"[" * 100_000,
        b'{"cmd": "ussd", "modem": 0, "push": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
async def test_a_bad_line_is_answered_and_the_connection_stays(
    control: Control, line: bytes
) -> None:
    """The next command on it works."""
    answer = await control.raw(line)
    assert answer["ok"] is False
    assert answer["error"]
    await control.do("stats")


@pytest.mark.parametrize(
    ("cmd", "fields", "named"),
    [
        ("inject", {"modem": 9, "from": "+1555", "text": "x"}, "modem"),
        ("inject", {"modem": True, "from": "+1555", "text": "x"}, "modem"),
        ("inject", {"modem": 0.5, "from": "+1555", "text": "x"}, "modem"),
        ("inject", {"modem": 0, "text": "x"}, "from"),
        ("inject", {"modem": 0, "from": "+1555"}, "text"),
        ("inject", {"modem": 0, "from": "+1555", "text": "x", "order": [1]}, "order"),
        ("inject", {"modem": 0, "from": "+1555", "text": "x", "order": 1}, "order"),
        ("inject", {"modem": 0, "from": "+1555", "text": "€uro ж", "alphabet": "gsm7"}, "sent"),
        ("inject", {"modem": 0, "from": "+1555", "text": "x", "alphabet": "x"}, "alphabet"),
        ("inject", {"modem": 0, "from": "+1555", "text": "x", "alphabet": "8bit"}, "alphabet"),
        ("inject", {"modem": 0, "pdu": "zz"}, "pdu"),
        ("inject", {"modem": 0, "pdu": ""}, "pdu"),
        ("hang", {"modem": 0}, "seconds"),
        ("signal", {"modem": 0, "rssi": 40}, "rssi"),
        ("fault", {"modem": 0, "name": "rain", "p": 1}, "name"),
        ("fault", {"modem": 0, "name": "nul", "p": 2}, "p"),
        ("latency", {"min_ms": 5, "max_ms": 1}, "max_ms"),
        ("replug", {"modem": 0}, "plugged in"),
        ("ring", {"modem": 0, "from": "+1555\r\nOK"}, "from"),
        ("sim", {"modem": 0, "action": "pin", "pin": "12\r"}, "pin"),
        ("clock", {"to": "9999-12-31T23:59:59+00:00"}, "to"),
        ("sim", {"modem": 0, "action": "eat"}, "action"),
    ],
)
async def test_a_field_that_does_not_fit_is_named(
    control: Control, cmd: str, fields: dict[str, object], named: str
) -> None:
    """So that a person sees what to change."""
    answer = await control.ask(cmd, **fields)
    assert answer["ok"] is False
    assert named in answer["error"]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_has_help_and_can_be_checked_before_it_is_done(name: str) -> None:
    """It reads its fields, says that it has, and only then acts."""
    handler = COMMANDS[name]
    assert inspect.getdoc(handler)
    source = inspect.getsource(handler)
    assert source.count("fields.finish()") == 1
    behind = source.partition("fields.finish()")[2]
    assert "fields" not in behind


async def test_a_request_can_be_strict_and_as_it_was_typed(
    control: Control, bank: Bank, tmp_path: Path
) -> None:
    """A field that its command does not know is an error; numbers and lists may be texts."""
    answer = await control.ask("signal", rsi=9, rssi=9, strict=True)
    assert answer["error"] == "rsi: there is no such field; did you mean rssi?"
    answer = await control.ask("unplug", colour="red", strict=True)
    assert answer["error"] == "colour: there is no such field; there are modem, modems"
    typed = {"strict": True, "plain": True}
    await control.do("signal", rssi="9", modems="[0]", **typed)
    assert bank.modems[0].radio.rssi == 9
    await control.do("phone", number="+1", answer="7", answer_after="0.5", **typed)
    await control.do("phone", number="+1", answer='["8", "9"]', **typed)
    assert (await control.do("phones"))["rules"][0]["answers"] == ["8", "9"]
    assert "rssi" in (await control.ask("signal", rssi="strong", **typed))["error"]
    rows = journal(tmp_path, "control")
    assert [(row["cmd"], row["ok"]) for row in rows] == [
        ("signal", False),
        ("unplug", False),
        ("signal", True),
        ("phone", True),
        ("phone", True),
        ("signal", False),
    ]
    assert rows[2]["fields"] == {"rssi": "9", "modems": "[0]"}


async def test_the_journal_tells_who_was_told_what(control: Control, tmp_path: Path) -> None:
    """But nothing of questions, and not everything of what is very long."""
    await control.do("stats")
    await control.do("inject", modem=1, text="x" * 3000, **{"from": "+15550003001"})
    (row,) = journal(tmp_path, "control")
    assert (row["by"], row["modem"], row["cmd"], row["fields"]) == ("socket", 1, "inject", None)


async def test_what_is_armed_is_told(control: Control) -> None:
    """A fault that waits for its occasion, and how often it will strike."""
    await control.do("fault", name="lost_ok", modems=[1], skip=2, count=1)
    assert (await control.do("faults"))["faults"] == [
        {"modem": 1, "name": "lost_ok", "p": 1.0, "left": 1, "skip": 2}
    ]


async def test_stats_tell_of_every_modem(control: Control, bank: Bank) -> None:
    """Who it is, where it is, what it did."""
    await control.do("unplug")
    stats = await control.do("stats")
    assert [(modem["modem"], modem["power"]) for modem in stats["modems"]] == [
        (0, "unplugged"),
        (1, "unplugged"),
    ]
    assert stats["modems"][1]["port"] == str(bank.link(1))
    await control.do("sim", modem=0, action="remove")
    assert (await control.do("stats"))["modems"][0]["iccid"] is None
    await control.do("sim", modem=0, action="remove")
    refused = await control.ask("ring", modem=0, **{"from": "+1555"})
    assert "out of reach" in refused["error"]
    for cmd in ("reboot", "hang", "unplug"):
        await control.do(cmd, seconds=1)
    await control.do("replug")


async def test_a_user_who_leaves_in_the_middle_harms_nobody(
    control: Control, tmp_path: Path
) -> None:
    """Nor does one who sends more than a line may have."""
    other = await Control.open(tmp_path / "control.sock")
    other.close()
    flood = await Control.open(tmp_path / "control.sock")
    with pytest.raises((ValueError, ConnectionError)):
        await flood.raw(b"x" * (1 << 21))
    await control.do("stats")


async def test_so_many_may_talk_to_a_bank_at_once_and_no_more(
    control: Control, tmp_path: Path
) -> None:
    """Whoever comes beyond is hung up on; when one has gone there is room again."""
    crowd = [await Control.open(tmp_path / "control.sock") for _ in range(CONNECTIONS_LIMIT - 1)]
    for one in crowd:
        await one.do("stats")
    late = await Control.open(tmp_path / "control.sock")
    with pytest.raises((ValueError, ConnectionError)):
        await late.ask("stats")
    crowd.pop().close()
    async with asyncio.timeout(PATIENCE_S):
        while True:
            again = await Control.open(tmp_path / "control.sock")
            with contextlib.suppress(ValueError, ConnectionError):
                await again.do("stats")
                break
            again.close()
    for one in (*crowd, late, again):
        one.close()


async def test_a_storage_does_not_shrink_below_what_it_holds(control: Control, line: Line) -> None:
    """A place beyond its end would be taken for one of the card's."""
    for _ in range(3):
        await control.do("inject", modem=0, text="x", **{"from": "+15550003001"})
    answer = await control.ask("storage", modem=0, name="ME", capacity=2)
    assert "place 3" in answer["error"]
    await line.say("AT+CMGD=3")
    await control.do("storage", modem=0, name="ME", capacity=2)
