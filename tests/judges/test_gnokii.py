"""gnokii with its AT driver."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.judges.desk import Desk, Running, run, until
from tests.judges.personalities import with_each

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]

_OWN = {"simcom-sim7670": "prints another prompt than 27.005 §3.5.1 has, and gnokii waits"}
_EMPTY_INDEX = 16  # how it ends at the first empty index
_MONITOR_ONCE = 5  # how it ends `--monitor once`


def configured(desk: Desk, modem: int = 0) -> Path:
    """gnokii's configuration for one modem."""
    file = desk.folder / f"gnokii{modem}.conf"
    port = desk.port(modem).resolve()  # gnokii cuts off what is long
    lines = ["[global]", f"port = {port}", "model = AT", "connection = serial"]
    lines += ["use_locking = no", "serial_baudrate = 19200", "[flags]"]
    file.write_text("\n".join(lines) + "\n")
    return file


def gnokii(
    desk: Desk, *words: str, modem: int = 0, stdin: str = "", status: tuple[int, ...] = (0,)
) -> str:
    return run("gnokii", "--config", configured(desk, modem), *words, stdin=stdin, status=status)


def test_identify(desk: Desk, happened: Callable[[object], None]) -> None:
    """`--identify` shows IMEI, maker, model and revision."""
    printed = gnokii(desk, "--identify")
    imei = desk.ctl("stats")["modems"][0]["imei"]
    assert re.search(rf"IMEI +: {imei}$", printed, re.MULTILINE)
    assert re.search(r"Manufacturer +: Simulated$", printed, re.MULTILINE)
    happened("IMEI as the simulator's, maker, model")


@pytest.mark.parametrize("text", ["hello @£ €", "Привет"], ids=["GSM-7", "Unicode"])
@pytest.mark.parametrize("options", [(), ("-r",)], ids=["plain", "-r"])
def test_sendsms(
    desk: Desk, happened: Callable[[object], None], text: str, options: tuple[str, ...]
) -> None:
    """`--sendsms` sends a text once and unchanged, with a report where `-r` asks for one."""
    to = f"+4670130{len(text):02d}{len(options):02d}"
    reports = len(desk.journal("report"))
    assert "Send succeeded" in gnokii(desk, "--sendsms", to, *options, stdin=text + "\n")
    sent = desk.sent(to)
    assert [part.text for part in sent] == [text]
    assert sent[0].wants_report == bool(options)
    if options:
        until("the report", lambda: len(desk.journal("report")) == reports + 1)
    happened("1 submit, right text" + (", 1 report" if options else ""))


def test_reading_and_deleting(desk: Desk, happened: Callable[[object], None]) -> None:
    """`--getsms` shows what came in, `--deletesms` takes it away."""
    texts = ("one", "два", "three €")
    for text in texts:
        desk.inject("+15553000001", text, modem=1)
    until("three texts in the modem", lambda: desk.stored(1) == len(texts))
    printed = gnokii(desk, "--getsms", "ME", "1", "end", modem=1, status=(0, _EMPTY_INDEX))
    shown = [text for text in texts if re.search(rf"^{text}$", printed, re.MULTILINE)]
    assert shown == list(texts), printed
    for index in range(1, len(texts) + 1):
        gnokii(desk, "--deletesms", "ME", str(index), modem=1)
    assert desk.stored(1) == 0
    happened(f"{len(shown)} texts shown, right; {len(texts)} deleted, 0 left in the modem")


def test_getsmsc(desk: Desk, happened: Callable[[object], None]) -> None:
    """`--getsmsc` shows the service centre's number."""
    printed = gnokii(desk, "--getsmsc", status=(0, _EMPTY_INDEX))
    number = re.search(r"SMS center number is (\+\d+)", printed)
    assert number, printed
    happened(number[1])


def test_monitor(desk: Desk, happened: Callable[[object], None]) -> None:
    """`--monitor once` shows network, cell and signal."""
    printed = gnokii(desk, "--monitor", "once", status=(0, _MONITOR_ONCE))
    assert "001 01" in printed
    level = re.search(r"^RFLevel: (\d+)$", printed, re.MULTILINE)
    assert level, printed
    happened(f"network 001 01, signal {level[1]}")


def test_smsreader(desk: Desk, happened: Callable[[object], None]) -> None:
    """`--smsreader` shows a text when it is announced."""
    reading = Running(
        desk.folder / "reader.txt", "gnokii", "--config", configured(desk, 1), "--smsreader"
    )
    try:
        until("the reader", lambda: "Entered sms reader mode" in reading.printed)
        desk.inject("+15553000004", "read at once", modem=1)
        until("the text", lambda: "read at once" in reading.printed)
    finally:
        reading.stop(signal.SIGINT)
    happened("shown on +CMTI")


def test_each_personality(bank_of_all: Desk, happened: Callable[[object], None]) -> None:
    """`--identify` and `--sendsms` with every personality."""
    about = bank_of_all.ctl("stats")["modems"]

    def attempt(modem: int, profile: str) -> None:
        assert about[modem]["imei"] in gnokii(bank_of_all, "--identify", modem=modem)
        to, text = f"+46701320{modem:03d}", f"from {profile}"
        gnokii(bank_of_all, "--sendsms", to, modem=modem, stdin=text + "\n")
        assert [part.text for part in bank_of_all.sent(to)] == [text]

    happened(with_each(attempt, _OWN))
