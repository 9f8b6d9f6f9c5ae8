"""The bank as a process of its own, with users that nobody here wrote."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios
import threading
from typing import TYPE_CHECKING, Any

import pytest
from gsmmodem.modem import GsmModem

from modemgw.simulator.close_watch import CloseWatch
from modemgw.simulator.port import PtyPort
from tests.simulator.line import PATIENCE_S, Control, Line, journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIOCGEXCL = 0x80045440  # ioctl_tty(2); the termios module does not have it


def start(directory: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "modemgw.simulator", "--dir", str(directory), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """The folder of a running bank of two modems."""
    process = start(tmp_path, "--modems", "2", "--profile", "generic", "--submit-ms", "5")
    assert process.stdout is not None
    assert process.stdout.readline() == "simulator ready\n"
    yield tmp_path
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    process.communicate()
    assert not list(tmp_path.glob("modem*"))


async def test_a_foreign_program_takes_it_for_a_modem(directory: Path) -> None:
    """python-gsmmodem sends with a delivery report, receives a text and gets a call."""
    received: list[Any] = []
    news = threading.Event()

    def note(what: Any) -> None:
        received.append(what)
        news.set()

    control = await Control.open(directory / "control.sock")
    modem = GsmModem(
        str(directory / "modem000"),
        115200,
        smsReceivedCallbackFunc=note,
        incomingCallCallbackFunc=note,
    )
    modem.smsTextMode = False
    await asyncio.to_thread(modem.connect)
    try:
        assert modem.manufacturer == "Simulated"
        assert modem.imsi == "001010000000000"
        assert modem.networkName == "Simtel"
        assert modem.signalStrength > 0
        sms = await asyncio.to_thread(
            modem.sendSms, "+15550001001", "Grüße", waitForDeliveryReport=True
        )
        assert sms.report.deliveryStatus == 0
        inbox = await control.do("inbox", number="+15550001001")
        assert inbox["texts"][0]["text"] == "Grüße"
        await control.do("inject", modem=0, text="Antwort ж", **{"from": "+15550003001"})
        assert await asyncio.to_thread(news.wait, PATIENCE_S)
        assert (received[0].number, received[0].text) == ("+15550003001", "Antwort ж")
        while (await control.do("stats"))["modems"][0]["stored"]["ME"]:
            await asyncio.sleep(0.05)
        news.clear()
        await control.do("ring", modem=0, **{"from": "+15550003001"})
        assert await asyncio.to_thread(news.wait, PATIENCE_S)
        assert received[1].number == "+15550003001"
        received[1].hangup()
    finally:
        await asyncio.to_thread(modem.close)
        control.close()
    assert [entry["answer"] for entry in journal(directory, "submit")] == ["ok"]


async def test_a_foreign_program_speaks_text_mode_with_it(directory: Path) -> None:
    """python-gsmmodem again: it sends with a report, lists, receives and dials in text mode."""
    received: list[Any] = []
    news = threading.Event()

    def note(what: Any) -> None:
        received.append(what)
        news.set()

    control = await Control.open(directory / "control.sock")
    modem = GsmModem(str(directory / "modem000"), 115200, smsReceivedCallbackFunc=note)
    modem.smsTextMode = True
    await asyncio.to_thread(modem.connect)
    try:
        for text in ("Hello", "Привет"):
            sms = await asyncio.to_thread(
                modem.sendSms, "+15550001001", text, waitForDeliveryReport=True
            )
            assert sms.report.deliveryStatus == 0
        inbox = await control.do("inbox", number="+15550001001")
        assert [text["text"] for text in inbox["texts"]] == ["Hello", "Привет"]
        await control.do("inject", modem=0, text="Reply", **{"from": "+15550003001"})
        assert await asyncio.to_thread(news.wait, PATIENCE_S)
        assert (received[0].number, received[0].text) == ("+15550003001", "Reply")
        call = await asyncio.to_thread(modem.dial, "+15550003001")
        assert (await control.ask("ring", modem=0, **{"from": "+15550003001"}))["ok"] is False
        await asyncio.to_thread(call.hangup)
    finally:
        await asyncio.to_thread(modem.close)
        control.close()


@pytest.mark.parametrize(
    "options",
    [
        ("--modems", "0"),
        ("--profile", "none"),
        ("--submit-ms", "nan"),
        ("--report-ms", "inf"),
        ("--boot-ms", "1e300"),
    ],
)
def test_bad_options_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    """With exit status 2 and what is wrong."""
    process = start(tmp_path, *options)
    _out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert options[0].strip("-").replace("-ms", "_ms").rstrip("s") in errors


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    """With exit status 1, the path and the reason."""
    (tmp_path / "file").touch()
    process = start(tmp_path / "file" / "bank")
    _out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "file/bank" in errors


def test_a_second_simulator_in_the_same_folder_is_refused(directory: Path) -> None:
    """And the first one's links and socket stay."""
    process = start(directory)
    _out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "another simulator" in errors
    assert (directory / "modem000").is_char_device()
    assert (directory / "control.sock").is_socket()


def test_links_of_a_bank_that_was_killed_do_not_outlive_the_next(tmp_path: Path) -> None:
    """They would lead to terminals that somebody else has by then."""
    process = start(tmp_path, "--modems", "3", "--profile", "generic")
    assert process.stdout is not None
    assert process.stdout.readline() == "simulator ready\n"
    process.kill()
    process.communicate()
    (tmp_path / "modem-notes").touch()
    process = start(tmp_path, "--modems", "1", "--profile", "generic")
    assert process.stdout is not None
    assert process.stdout.readline() == "simulator ready\n"
    assert [path.name for path in sorted(tmp_path.glob("modem*"))] == ["modem-notes", "modem000"]
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def test_a_journal_that_cannot_be_written_ends_the_bank(tmp_path: Path) -> None:
    """No text is answered for which there is no line; the next bank finds whole lines only."""
    script = "ulimit -f 4; exec " + " ".join(
        [sys.executable, "-m", "modemgw.simulator", "--dir", str(tmp_path), "--modems", "1"]
    )
    process = subprocess.Popen(
        ["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "simulator ready\n"
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(tmp_path / "control.sock"))
        control.settimeout(PATIENCE_S)
        answers = control.makefile("rb")
        done = 0
        with contextlib.suppress(ConnectionError):
            while True:
                control.sendall(b'{"cmd": "signal", "rssi": 9}\n')
                if not answers.readline():
                    break
                done += 1
        answers.close()
    _out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "journal.jsonl" in errors
    assert "Traceback" not in errors
    assert 0 < done == len(journal(tmp_path, "control"))
    with (tmp_path / "journal.jsonl").open("ab") as torn:
        torn.write(b'{"t":1,"event":')
    again = start(tmp_path, "--modems", "1")
    assert again.stdout is not None
    assert again.stdout.readline() == "simulator ready\n"
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=PATIENCE_S)
    assert len(journal(tmp_path, "start")) == 2


def test_a_bank_is_not_bound_by_the_soft_limit_of_open_files(tmp_path: Path) -> None:
    """A modem takes two of them."""
    script = "ulimit -Sn 64; exec " + " ".join(
        [sys.executable, "-m", "modemgw.simulator", "--dir", str(tmp_path), "--modems", "60"]
    )
    process = subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "simulator ready\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


async def test_exclusive_use_ends_with_the_user(tmp_path: Path) -> None:
    """As on a real serial port, where the last close clears TIOCEXCL."""
    closes = CloseWatch()
    port = PtyPort(tmp_path / "port", lambda data: None, closes)
    user = os.open(tmp_path / "port", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(user, termios.TIOCEXCL)
    witness = Line(tmp_path / "port")  # root may open it all the same
    os.close(user)
    flag = bytearray(4)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            fcntl.ioctl(witness.descriptor, TIOCGEXCL, flag)
            if not any(flag):
                break
            await asyncio.sleep(0.005)
    witness.close()
    port.close()
    closes.close()


async def test_what_nobody_reads_is_kept_within_bounds_and_never_blocks(tmp_path: Path) -> None:
    """The oldest octets stay, the newest are lost and counted."""
    closes = CloseWatch()
    port = PtyPort(tmp_path / "port", lambda data: None, closes)
    for _ in range(400):
        port.write(b"first" + b"x" * 1019)
    assert port.lost_octets > 0
    user = Line(tmp_path / "port")
    await user.expect(rb"^first")
    port_is_empty = 400 * 1024 - port.lost_octets
    async with asyncio.timeout(PATIENCE_S):
        while len(user.heard) < port_is_empty - 5:
            await asyncio.sleep(0.005)
    port.write(b"again")
    await user.expect(rb"again$")
    user.close()
    port.close()
    closes.close()
