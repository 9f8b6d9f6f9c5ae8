"""The control socket: JSON lines, each answered by one, none fatal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulator.line import Control

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.simulator.bank import Bank


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"7", b"{}", b'{"cmd": 7}', b'{"cmd": "x"}', b"\xff"]
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
        ("inject", {"modem": 0, "pdu": "zz"}, "pdu"),
        ("inject", {"modem": 0, "pdu": ""}, "pdu"),
        ("hang", {"modem": 0}, "seconds"),
        ("signal", {"modem": 0, "rssi": 40}, "rssi"),
        ("fault", {"modem": 0, "name": "rain", "p": 1}, "name"),
        ("fault", {"modem": 0, "name": "nul", "p": 2}, "p"),
        ("latency", {"min_ms": 5, "max_ms": 1}, "max_ms"),
        ("replug", {"modem": 0}, "plugged in"),
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
