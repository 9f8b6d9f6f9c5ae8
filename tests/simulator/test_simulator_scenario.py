"""Scenarios: read with care, carried out at their times, and the same each time."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from modemgw.simulator.bank import Bank
from modemgw.simulator.options import Options, chosen
from modemgw.simulator.scenario_file import ScenarioError, load_scenario
from tests.simulator.line import PATIENCE_S, Line, journal
from tests.simulator.test_simulator_phones import send
from tests.simulator.test_simulator_process import start
from tests.simulator.test_simulator_submit import until

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLE = Path(__file__).parents[2] / "docs" / "simulator.example.toml"


def written(tmp_path: Path, text: str) -> Path:
    """A file with a scenario."""
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return path


def bank_of(tmp_path: Path, text: str, **given: Any) -> Bank:
    """The bank of a scenario."""
    return Bank(chosen(tmp_path / "bank", load_scenario(written(tmp_path, text)), **given))


async def opened(bank: Bank, modem: int) -> Line:
    """A modem's port, echo off, texts stored and announced."""
    line = Line(bank.link(modem))
    for command in ("ATE0", "AT+CMEE=1", "AT+CNMI=2,1,0,2,0"):
        assert (await line.say(command))[-1] == "OK"
    return line


async def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    """All that it says comes true."""
    bank = Bank(chosen(tmp_path / "bank", load_scenario(EXAMPLE)))
    try:
        bank.power_on()
        folder = tmp_path / "bank"
        assert bank.seed == 7
        assert [modem.personality.name for modem in bank.modems] == [
            "quectel-ec25",
            "generic",
        ] * 2
        line = await opened(bank, 0)
        assert '+CNUM: "","+15550107000",145' in await line.say("AT+CNUM")
        assert any("Othertel" in row for row in await line.say("AT+COPS?"))
        assert (await line.say("AT+CIMI"))[0].startswith("00102")
        locked = Line(bank.link(3))
        assert "+CPIN: SIM PIN" in await locked.say("AT+CPIN?")
        locked.close()
        await send(line, "to one that is off", to="+15550003001", srr=True)
        await send(line, "to none", to="+15550004001")
        await send(line, "to one that answers", to="+15550001001")
        await until(lambda: len(journal(folder, "send")) == 1)
        await until(lambda: len(journal(folder, "outage")) == 4)
        line.close()
        scripted = [row for row in journal(folder, "control") if row["by"] == "script"]
        assert [row["cmd"] for row in scripted] == ["inject", *["signal"] * 3, "outage"]
        assert all(row["ok"] for row in journal(folder, "control"))
        assert [row["reason"] for row in journal(folder, "undelivered")] == ["unknown"]
        await until(lambda: len(journal(folder, "arrive")) == 2)
        assert journal(folder, "start")[0]["seed"] == 7
    finally:
        bank.close()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("seed = -1", "seed: a number from 0"),
        ("sed = 1", "sed: there is no such field; did you mean seed?"),
        ("seed = 1\nseed = 2", "scenario.toml"),
        ("[bank]\nmodems = 0", "bank.modems"),
        ('[bank]\nprofiles = ["nokia"]', "nokia"),
        ("[bank]\nports = 2", "bank.ports"),
        ('[network]\nsmsc = "123"', "network.smsc"),
        ("[network]\nplmn = 101", "network.plmn"),
        ('[network]\nvalidity = "long"', "network.validity"),
        ("[network]\noperator = 'Sim\"tel'", "network.operator"),
        ("[[sims]]\nmodem = 9", "sims: there is no modem 9"),
        ("[[sims]]\nmodem = 0\n[[sims]]\nmodem = 0", "sims[1].modem"),
        ('[[sims]]\nmodem = 0\npin = "12"', "sims[0].pin"),
        (
            '[[sims]]\nmodem = 0\nnumber = "+15551"\n[[sims]]\nmodem = 1\nnumber = "+15551"',
            "sims[1].number",
        ),
        ('[[sims]]\nmodem = 0\nnumber = "+15550100001"', "+15550100001"),
        ("[latency]\ndelay = { uniform = [2, 1] }", "latency.delay.uniform"),
        ("[reports]\nloose = 0.1", "reports.loose: there is no such field; did you mean lose?"),
        ("reports = 7", "reports: a list of objects"),
        ('[[phones]]\nanswer = "x"', "phones[0].number"),
        ('[[phones]]\nnumber = "everybody"', "phones[0].number"),
        ('[[phones]]\nnumber = "+1"\nanser = "x"', "phones[0].anser"),
        ('[[limits]]\nlimits = [{ count = 1, per = "often" }]', "limits[0].limits[0].per"),
        ('[[faults]]\nname = "rain"', "faults[0].name: one of"),
        ('[[faults]]\nname = "nul"\nmodem = 4', "faults[0].modem"),
        ('[[script]]\nat = "1s"', "script[0].cmd"),
        ('[[script]]\nat = "later"\ncmd = "unplug"', "script[0].at"),
        ('[[script]]\ncmd = "unplug"\nmodem = 4', "script[0].modem"),
        ('[[script]]\ncmd = "unplug"\nmodme = 1', "script[0].modme"),
        ('[[script]]\ncmd = "explode"', "script[0].cmd: there is no command 'explode'"),
        ('[[script]]\ncmd = "unplug"\ntimes = 2', "script[0].times"),
        ('[[script]]\ncmd = "unplug"\nevery = 0', "script[0].every"),
        ('[[script]]\ncmd = "inject"\nmodem = 0\nfrom = "+1"', "script[0].text"),
        (
            '[[script]]\ncmd = "inject"\nmodem = 0\nfrom = "+1"\ntext = "ж"\nalphabet = "gsm7"',
            "script[0]: this text cannot be sent",
        ),
        ('[[script]]\ncmd = "ussd"\nmodem = 0\npush = 7', "script[0]: a page is"),
    ],
)
async def test_what_is_wrong_in_a_file_is_said_with_its_place(
    tmp_path: Path, text: str, named: str
) -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match=re.escape(named)):
        bank_of(tmp_path, text)
    assert not list(tmp_path.glob("bank/modem*"))


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    """With its path and the reason."""
    with pytest.raises(ScenarioError, match=r"none\.toml: No such file"):
        load_scenario(tmp_path / "none.toml")
    (tmp_path / "big.toml").write_bytes(b"#" * ((4 << 20) + 1))
    with pytest.raises(ScenarioError, match=r"big\.toml: a scenario has 4 MiB at most"):
        load_scenario(tmp_path / "big.toml")
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    with pytest.raises(ScenarioError, match=r"latin\.toml"):
        load_scenario(tmp_path / "latin.toml")


async def test_options_go_before_the_file(tmp_path: Path) -> None:
    """What the command line does not say stays as the file has it."""
    text = (
        "seed = 3\n[bank]\nmodems = 3\nprofiles = ['generic']\n"
        "[latency]\ndelay = '1h'\n[reports]\ndelay = '1h'\nst = 1\n"
    )
    bank = bank_of(tmp_path, text, modems=1, submit_ms=1.0, report_ms=1.0, seed=None)
    try:
        assert (bank.seed, len(bank.modems)) == (3, 1)
        bank.power_on()
        line = await opened(bank, 0)
        await send(line, "x", srr=True)
        await until(lambda: len(journal(tmp_path / "bank", "report")) == 1)
        report = pdu.decode(journal(tmp_path / "bank", "report")[0]["pdu"])
        assert isinstance(report, pdu.StatusReport)
        assert report.st == 1
        line.close()
    finally:
        bank.close()


async def test_a_script_goes_by_the_clock_of_the_file(tmp_path: Path) -> None:
    """An hour is over soon where it runs a hundred thousand times as fast."""
    text = (
        "[bank]\nmodems = 1\n[clock]\nscale = 100000\n"
        "[[script]]\nat = '1h'\nevery = '1h'\ntimes = 2\ncmd = 'signal'\nrssi = 3\n"
    )
    bank = bank_of(tmp_path, text)
    try:
        bank.power_on()
        folder = tmp_path / "bank"
        await until(lambda: len(journal(folder, "control")) == 3)
        assert [row["by"] for row in journal(folder, "control")] == ["scenario", "script", "script"]
        assert bank.modems[0].radio.rssi == 3
    finally:
        bank.close()


async def test_a_step_that_fails_is_told_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What only shows when it is done is no reason to end the bank."""
    text = "[bank]\nmodems = 1\n[[script]]\ncmd = 'replug'\n[[script]]\ncmd = 'unplug'\n"
    bank = bank_of(tmp_path, text)
    try:
        bank.power_on()
        await until(lambda: not bank.modems[0].is_plugged)
    finally:
        bank.close()
    failed, done = journal(tmp_path / "bank", "control")
    assert (failed["ok"], failed["by"], done["ok"]) == (False, "script", True)
    assert "plugged in" in failed["error"]
    assert "script[0]" in capsys.readouterr().err


def without_times(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the journal without what depends on when it happened."""
    kept = {name: value for name, value in row.items() if name not in ("t", "t_ctrl_z")}
    if row["event"] in ("arrive", "deliver", "report", "hold", "delete"):
        message = pdu.decode(row["pdu"])
        kept["pdu"] = re.sub(r"datetime\.datetime\([^)]*\)+", "", repr(message))
    return kept


CHANCY = """
seed = 11
[bank]
modems = 2
profiles = ["generic"]
[latency]
delay = { lognormal = "3ms", cap = "20ms" }
[reports]
delay = { exponential = "2ms", cap = "10ms" }
lose = 0.2
double = 0.2
early = 0.2
[[phones]]
number = "+1555*"
answer = [
  "yes, {text}",
  "no",
  "Ещё раз, пожалуйста, и по возможности короче, чем в прошлый раз, спасибо вам",
]
answer_p = 0.5
answer_after = { uniform = ["1ms", "5ms"] }
stop_after = 15
[[faults]]
name = "cms_error"
p = 0.1
codes = [38, 41, 42]
[[faults]]
name = "accepted_error"
p = 0.1
codes = [500, 512]
[[faults]]
name = "drop_cmti"
p = 0.3
"""


async def chancy_run(folder: Path, seed: int | None) -> list[list[dict[str, Any]]]:
    """What the journal says of each modem after both have sent 20 texts, kind by kind."""
    folder.mkdir()
    bank = bank_of(folder, CHANCY, seed=seed)
    try:
        bank.power_on()
        lines = [await opened(bank, modem) for modem in (0, 1)]

        async def talk(line: Line) -> None:
            for count in range(20):
                frame = pdu.encode(f"+1555000100{count % 3}", f"text {count}", srr=True)[0]
                await line.submit(frame.hex, frame.length)

        await asyncio.gather(*map(talk, lines))
        network = bank.network
        await until(lambda: network.is_quiet)
        for line in lines:
            line.close()
    finally:
        bank.close()
    rows = [without_times(row) for row in journal(folder / "bank")]
    return [
        sorted((row for row in rows if row["modem"] == modem and row["event"] == event), key=str)
        for modem in (0, 1)
        for event in ("submit", "arrive", "send", "report_lost", "report", "deliver", "fault")
    ]


async def test_the_same_seed_and_script_make_the_same_journal(tmp_path: Path) -> None:
    """Though two users talk at once and the machine mixes them as it likes."""
    first = await chancy_run(tmp_path / "1", None)
    second = await chancy_run(tmp_path / "2", None)
    other = await chancy_run(tmp_path / "3", 12)
    # Where a text is stored depends on which of two came first.
    for rows in (*first, *second, *other):
        for row in rows:
            row.pop("index", None)
    assert first == second
    assert first != other
    assert all(any(rows[event] for rows in (first[:7], first[7:])) for event in range(7))


async def test_delays_do_not_hang_on_what_a_user_asks_meanwhile(tmp_path: Path) -> None:
    """Somebody who polls the signal gets the same ones."""
    drawn = []
    for asks in (0, 3):
        bank = bank_of(tmp_path, CHANCY)
        bank.power_on()
        line = await opened(bank, 0)
        for _ in range(asks):
            await line.say("AT+CSQ")
        await send(line, "x")
        drawn.append(bank.modems[0].latency_rng.random())
        line.close()
        bank.close()
    assert drawn[0] == drawn[1]


async def test_a_process_runs_a_scenario(tmp_path: Path) -> None:
    """And one that makes no sense ends it with 2 and the place."""
    text = "[bank]\nmodems = 1\n[[script]]\ncmd = 'unplug'\n"
    process = start(tmp_path / "bank", "--scenario", str(written(tmp_path, text)))
    assert process.stdout is not None
    assert process.stdout.readline() == "simulator ready\n"
    await until(lambda: bool(journal(tmp_path / "bank", "control")))
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    process.communicate()
    for wrong in ("[bank]\nmodem = 1\n", "[[script]]\ncmd = 'unplug'\nmodem = 4\n"):
        process = start(tmp_path / "bank", "--scenario", str(written(tmp_path, wrong)))
        _out, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 2
        assert "modem" in errors


def test_options_alone_need_no_scenario(tmp_path: Path) -> None:
    """What nobody says is as it always was."""
    assert chosen(tmp_path, modems=None, seed=5) == Options(4, tmp_path, seed=5)
