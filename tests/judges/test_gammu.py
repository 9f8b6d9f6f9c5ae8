"""Gammu, the command."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.judges.desk import Desk, Running, holds, run, until
from tests.judges.personalities import with_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]

_HANGS_S = 20.0
_UNKNOWN_LINE = "prints by itself what Gammu takes for a part of an answer, and Gammu hangs"
_OWN = {
    "qualcomm-m6280": _UNKNOWN_LINE,
    "simcom-sim7670": "prints another prompt than 27.005 §3.5.1 has, and Gammu waits",
}
_LONG = " ".join(f"word{number}" for number in range(60))[:400]


def configured(desk: Desk, modem: int = 0) -> Path:
    """Gammu's configuration for one modem."""
    file = desk.folder / f"gammu{modem}.rc"
    file.write_text(f"[gammu]\ndevice = {desk.port(modem)}\nconnection = at\n")
    return file


def gammu(desk: Desk, *words: str, modem: int = 0, stdin: str = "", limit_s: float = 60.0) -> str:
    file = configured(desk, modem)
    return run("gammu", "-c", file, *words, stdin=stdin, limit_s=limit_s)


def field(printed: str, name: str) -> str:
    """The value behind a name in Gammu's listings."""
    found = re.search(rf"^{name} *: (.*)$", printed, re.MULTILINE)
    assert found, f"no {name!r} in {printed!r}"
    return found[1].strip().strip('"')


def test_identify(desk: Desk, happened: Callable[[object], None]) -> None:
    """`identify` shows maker, IMEI and IMSI."""
    printed = gammu(desk, "identify")
    about = desk.ctl("stats")["modems"][0]
    assert field(printed, "IMEI") == about["imei"]
    assert field(printed, "Manufacturer") == "Simulated"
    assert field(printed, "SIM IMSI").isdigit()
    happened("IMEI as the simulator's, maker, IMSI")


def test_networkinfo(desk: Desk, happened: Callable[[object], None]) -> None:
    """`networkinfo` shows a modem that is registered at home and attached."""
    printed = gammu(desk, "networkinfo")
    assert field(printed, "Network state") == "home network"
    assert field(printed, "GPRS") == "attached"
    happened(f"{field(printed, 'Network state')}, {field(printed, 'Network')}")


def test_getsmsc(desk: Desk, happened: Callable[[object], None]) -> None:
    """`getsmsc` shows the service centre's number."""
    number = field(gammu(desk, "getsmsc"), "Number")
    assert re.fullmatch(r"\+\d{8,15}", number)
    happened(number)


@pytest.mark.parametrize(
    ("text", "options"),
    [("hello @£ {curly} €", ()), ("Привет 😀 мир", ("-unicode",))],
    ids=["GSM-7 with extensions", "Unicode with an emoji"],
)
def test_sendsms(
    desk: Desk, happened: Callable[[object], None], text: str, options: tuple[str, ...]
) -> None:
    """`sendsms TEXT` sends one text, once and unchanged."""
    to = f"+4670100{len(text):04d}"
    gammu(desk, "sendsms", "TEXT", to, *options, "-text", text)
    assert [part.text for part in desk.sent(to)] == [text]
    happened("1 submit in the journal with that text")


def test_sendsms_long(desk: Desk, happened: Callable[[object], None]) -> None:
    """`sendsms TEXT -len 400` sends a long text in parts that the recipient's phone joins."""
    to = "+46701010001"
    gammu(desk, "sendsms", "TEXT", to, "-len", "400", stdin=_LONG + "\n")
    parts = desk.sent(to)
    assert len(parts) == 3
    assert desk.read_by(to) == [_LONG]
    happened(f"{len(parts)} submits, joined to the same {len(_LONG)} characters")


def test_sendsms_report(desk: Desk, happened: Callable[[object], None]) -> None:
    """`sendsms TEXT -report` asks for a status report, and the modem gets one."""
    to = "+46701010002"
    gammu(desk, "sendsms", "TEXT", to, "-report", "-text", "with a report")
    assert [part.wants_report for part in desk.sent(to)] == [True]
    until("the status report", lambda: desk.journal("report"))
    happened("TP-SRR set, 1 report in the journal")


def test_getussd(desk: Desk, happened: Callable[[object], None]) -> None:
    """`getussd` sends a code in the character set that it chose and reads the answer."""
    printed = gammu(desk, "getussd", "*100#")
    assert field(printed, "Service reply") == "Your balance is 5.00"
    assert field(printed, "Status") != "Not supported"
    happened(field(printed, "Service reply"))


def test_getussd_unicode(desk: Desk, happened: Callable[[object], None]) -> None:
    """`getussd` reads an answer in UCS-2."""
    reply = field(gammu(desk, "getussd", "*102#"), "Service reply")
    assert reply == "Ваш баланс: 120.50 р."
    happened(reply)


def test_reading_and_deleting(desk: Desk, happened: Callable[[object], None]) -> None:
    """`getallsms` and `geteachsms` show what came in, long texts in parts and joined; `deletesms`
    takes each away."""
    texts = ("short and plain", "Привет ж", _LONG)
    for text in texts:
        desk.inject("+15553000001", text, modem=1)
    until("five parts in the modem", lambda: desk.stored(1) == 5)
    listed = gammu(desk, "getallsms", modem=1)
    joined = gammu(desk, "geteachsms", modem=1)
    assert "5 SMS parts in 5 SMS sequences" in listed
    assert "5 SMS parts in 3 SMS sequences" in joined
    for text in texts:
        assert f"\n{text}\n" in joined
    for location in re.findall(r"^Location (\d+)", listed, re.MULTILINE):
        gammu(desk, "deletesms", "0", location, modem=1)
    assert desk.stored(1) == 0
    assert len(desk.journal("delete")) == 5
    happened("5 parts in 3 texts, all right; 5 deleted, 0 left in the modem")


def test_monitor(desk: Desk, happened: Callable[[object], None]) -> None:
    """`monitor` shows texts that come in, a status report, a call, and that a USSD push came."""
    desk.ctl("report", modem=1, delay_ms=15_000)
    gammu(desk, "sendsms", "TEXT", "+46701010003", "-report", "-text", "report later", modem=1)
    watching = Running(desk.folder / "monitor.txt", "gammu", "-c", configured(desk, 1), "monitor")
    try:
        until("monitor mode", lambda: "GPRS" in watching.printed)
        for text in ("first text", "plain second"):
            desk.inject("+15553000009", text, modem=1)
            until(text, holds(f"\n{text}\n", lambda: [watching.printed]))
        desk.ctl("ring", modem=1, **{"from": "+15553000010"})
        until("the call", lambda: 'incoming call from "+15553000010"' in watching.printed)
        desk.ctl("ussd", modem=1, push="pushed by the network")
        until("the push", lambda: "USSD received" in watching.printed)
        until("the report", lambda: "SM received by the SME" in watching.printed)
    finally:
        watching.stop(signal.SIGINT)
    assert watching.printed.count("SMS message received") == 3
    happened("2 texts, 1 report (SM received by the SME), the caller; USSD received")


def test_each_personality(bank_of_all: Desk, happened: Callable[[object], None]) -> None:
    """`identify` and `sendsms TEXT` with every personality."""
    about = bank_of_all.ctl("stats")["modems"]

    def attempt(modem: int, profile: str) -> None:
        printed = gammu(bank_of_all, "identify", modem=modem, limit_s=_HANGS_S)
        assert field(printed, "IMEI") == about[modem]["imei"]
        to, text = f"+46701020{modem:03d}", f"Grüße from {profile} €"
        gammu(bank_of_all, "sendsms", "TEXT", to, "-text", text, modem=modem, limit_s=_HANGS_S)
        assert [part.text for part in bank_of_all.sent(to)] == [text]

    happened(with_each(attempt, _OWN))
