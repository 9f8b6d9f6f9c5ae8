"""python-gsmmodem-new, and the examples that are published with it."""

from __future__ import annotations

import importlib.metadata
import queue
import re
import signal
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from gsmmodem.exceptions import CmsError
from gsmmodem.modem import GsmModem

from tests.judges.desk import Desk, Running, run, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.judges, pytest.mark.timeout(300)]

_NEWS_S = 15
_LONG = "a text that is much longer than one part " * 10


class Phone:
    """A connected GsmModem and what it called back with."""

    def __init__(self, desk: Desk, modem: int) -> None:
        self.news: queue.Queue[Any] = queue.Queue()
        self.modem = GsmModem(
            str(desk.port(modem)),
            115200,
            smsReceivedCallbackFunc=self.news.put,
            incomingCallCallbackFunc=self.news.put,
        )
        self.modem.smsTextMode = False
        self.modem.connect()


@pytest.fixture(scope="module")
def phone(desk: Desk) -> Iterator[Phone]:
    connected = Phone(desk, 0)
    yield connected
    connected.modem.close()


@pytest.fixture
def receiver(desk: Desk) -> Iterator[Phone]:
    """On the other modem, where no reports are stored."""
    connected = Phone(desk, 1)
    yield connected
    connected.modem.close()


def test_connect(desk: Desk, phone: Phone, happened: Callable[[object], None]) -> None:
    """`connect()`, and what the modem and the network are."""
    assert phone.modem.imei == desk.ctl("stats")["modems"][0]["imei"]
    assert phone.modem.networkName == "Simtel"
    assert phone.modem.smsc
    happened(f"{phone.modem.manufacturer}, {phone.modem.networkName}, IMEI as the simulator's")


@pytest.mark.parametrize(
    ("to", "text"),
    [("+46701500001", "Grüße €"), ("+46701500002", "Привет"), ("+46701500003", _LONG)],
    ids=["GSM-7", "Unicode", "long"],
)
def test_send(
    desk: Desk, phone: Phone, happened: Callable[[object], None], to: str, text: str
) -> None:
    """`sendSms(…, waitForDeliveryReport=True)` sends once, unchanged, and sees it delivered."""
    sms = phone.modem.sendSms(to, text, waitForDeliveryReport=True, deliveryTimeout=_NEWS_S)
    assert sms.report.deliveryStatus == 0
    assert desk.read_by(to) == [text]
    happened(f"{len(desk.sent(to))} submits, the text unchanged; report: delivered")


def test_refusal(desk: Desk, phone: Phone, happened: Callable[[object], None]) -> None:
    """A refusal by the network is raised with its number."""
    desk.ctl("fault", modem=0, name="cms_error", p=1, count=1, code=500)
    with pytest.raises(CmsError) as refused:
        phone.modem.sendSms("+46701500004", "refused")
    assert refused.value.code == 500
    happened("CmsError 500")


def test_receive(desk: Desk, receiver: Phone, happened: Callable[[object], None]) -> None:
    """The callback gets 20 texts, one after the other, each once, and deletes them."""
    texts = [f"in {number} ж" for number in range(20)]
    got = []
    for text in texts:
        desk.inject("+15553000001", text, modem=1)
        got.append(receiver.news.get(timeout=_NEWS_S).text)
        until("an empty modem", lambda: desk.stored(1) == 0)
    assert got == texts
    happened(f"{len(got)} texts, right; 0 left in the modem")


def test_receive_at_once(desk: Desk, receiver: Phone, happened: Callable[[object], None]) -> None:
    """Several texts at once: of announcements that follow each other without a pause it sees the
    first; the others stay in the modem, complete, for `processStoredSms()`."""
    texts = [f"at once {number}" for number in range(5)]
    for text in texts:
        desk.inject("+15553000001", text, modem=1)
    first = receiver.news.get(timeout=_NEWS_S).text
    receiver.modem.processStoredSms()
    rest = [receiver.news.get(timeout=_NEWS_S).text for _ in texts[1:]]
    assert sorted([first, *rest]) == texts
    happened(f"{len(texts)} texts, right")


def test_ussd(phone: Phone, happened: Callable[[object], None]) -> None:
    """`sendUssd()` reads an answer, and answers a question."""
    assert phone.modem.sendUssd("*100#").message == "Your balance is 5.00"
    shop = phone.modem.sendUssd("*101#")
    assert shop.sessionActive
    assert shop.reply("0").message == "Good-bye"
    happened("the answer; the question, its answer, the end")


def test_call(desk: Desk, phone: Phone, happened: Callable[[object], None]) -> None:
    """The callback gets an incoming call with its number, and hangs up."""
    desk.ctl("ring", modem=0, **{"from": "+15553000002"})
    call = phone.news.get(timeout=_NEWS_S)
    assert call.number == "+15553000002"
    call.hangup()
    happened(call.number)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of examples in the distribution's source, fetched for this run."""
    folder = tmp_path_factory.mktemp("source")
    wanted = f"python-gsmmodem-new=={importlib.metadata.version('python-gsmmodem-new')}"
    fetch = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
    ]
    subprocess.run([*fetch, "-d", folder, wanted], check=True, timeout=120)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (found,) = folder.glob("*/examples")
    return found


def _ready(desk: Desk, examples: Path, name: str, **constants: str) -> list[str]:
    """The command that runs an example with these constants in place of its own."""
    source = (examples / f"{name}.py").read_text(encoding="utf-8")
    for constant, value in {"PORT": str(desk.port(1)), **constants}.items():
        source, count = re.subn(rf"(?m)^{constant} = .*$", f"{constant} = {value!r}", source)
        assert count == 1, constant
    file = examples / f"here_{name}.py"
    file.write_text(source, encoding="utf-8")
    return [sys.executable, "-u", str(file)]


def test_example_send_sms(desk: Desk, examples: Path, happened: Callable[[object], None]) -> None:
    """Example `send_sms_demo` sends in text mode and sees it delivered."""
    to = "+46701500010"
    printed = run(*_ready(desk, examples, "send_sms_demo", SMS_DESTINATION=to))
    assert "SMS Delivered." in printed
    (text,) = desk.read_by(to)
    assert text.startswith("A good teacher")
    happened("1 submit; it says: SMS Delivered.")


def test_example_sms_handler(
    desk: Desk, examples: Path, happened: Callable[[object], None]
) -> None:
    """Example `sms_handler_demo` answers a text that comes in."""
    sender = "+15553000020"
    handling = Running(desk.folder / "handler.txt", *_ready(desk, examples, "sms_handler_demo"))
    try:
        until("the example", lambda: "Waiting for SMS message" in handling.printed)
        desk.inject(sender, "please answer", modem=1)
        until("its answer", lambda: desk.read_by(sender))
        until("its words", lambda: "SMS sent." in handling.printed)
    finally:
        handling.stop(signal.SIGINT)
    assert desk.read_by(sender) == ['SMS received: "please answer"']
    happened(desk.read_by(sender)[0])


def test_example_ussd(desk: Desk, examples: Path, happened: Callable[[object], None]) -> None:
    """Example `ussd_demo` reads a question and closes the session."""
    printed = run(*_ready(desk, examples, "ussd_demo"))
    assert "USSD reply received: Shop" in printed
    assert "Closing USSD session." in printed
    assert not desk.ctl("ussd", modem=1)["open"]
    happened("the question; closed")


def test_example_own_number(desk: Desk, examples: Path, happened: Callable[[object], None]) -> None:
    """Example `own_number_demo` reads the SIM's number."""
    reading = Running(desk.folder / "own.txt", *_ready(desk, examples, "own_number_demo"))
    try:
        until("the number", lambda: "The SIM card phone number is:" in reading.printed)
        until("it", lambda: f"\n{desk.number(1)}\n" in reading.printed, timeout_s=10)
    finally:
        reading.stop(signal.SIGKILL)
    happened(desk.number(1))


def test_example_incoming_call(
    desk: Desk, examples: Path, happened: Callable[[object], None]
) -> None:
    """Example `incoming_call_demo` shows the caller and ends the call."""
    caller = "+15553000021"
    taking = Running(desk.folder / "call.txt", *_ready(desk, examples, "incoming_call_demo"))
    try:
        until("the example", lambda: "Waiting for incoming calls" in taking.printed)
        desk.ctl("ring", modem=1, rings=10, **{"from": caller})
        until("the caller", lambda: f"Incoming call from: {caller}" in taking.printed)
        until("the end", lambda: re.search(".*anging up.*", taking.printed))
    finally:
        taking.stop(signal.SIGINT)
    ended = re.search(".*anging up.*", taking.printed)
    happened(f"{caller}; {ended[0] if ended else ''}")


@pytest.mark.parametrize("name", ["dial_callback_demo", "dial_polling_demo"])
def test_example_dial(
    desk: Desk, examples: Path, happened: Callable[[object], None], name: str
) -> None:
    """The dialling example calls a phone, plays tones when it answers, and hangs up."""
    printed = run(*_ready(desk, examples, name, NUMBER="+46701500011"))
    assert "Playing DTMF tones" in printed
    assert "Hanging up call" in printed
    happened("answered, tones, hung up")
