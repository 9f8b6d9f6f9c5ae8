"""SMS Server Tools 3: smsd with its spool folders."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.personality import PERSONALITIES
from tests.judges.desk import Desk, Running, holds, tally, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]

_TEXTS = 100
_TO = "+46701200000"
_ANNOUNCE = "AT+CNMI=2,1,0,1,0"
_SLOW_S = 600.0
_FOLDERS = ("outgoing", "checked", "incoming", "sent", "failed", "report")


@dataclass(frozen=True, slots=True)
class File:
    """A file that smsd wrote: headers, an empty line, the text in the headers' alphabet."""

    headers: dict[str, str]
    text: str

    @classmethod
    def read(cls, path: Path) -> File:
        head, _empty, body = path.read_bytes().partition(b"\n\n")
        lines = head.decode("latin-1").splitlines()
        fields = (line.partition(":") for line in lines)
        headers = {name: value.strip() for name, _colon, value in fields}
        alphabet = "utf-16-be" if headers.get("Alphabet") == "UCS2" else "latin-1"
        return cls(headers, body.decode(alphabet))


class Smsd:
    """A running smsd on some modems, and its spool. `inits` are the modems' own set-up."""

    def __init__(self, desk: Desk, inits: Sequence[str]) -> None:
        self.folder = desk.folder / "spool"
        for name in _FOLDERS:
            (self.folder / name).mkdir(parents=True)
        names = [f"GSM{modem}" for modem in range(len(inits))]
        lines = [f"devices = {', '.join(names)}"]
        lines += [f"{name} = {self.folder / name}" for name in _FOLDERS]
        lines += [f"{kind}file = {self.folder / kind}" for kind in ("info", "pid", "log")]
        lines += ["loglevel = 7", "delaytime = 1", "autosplit = 3", "user = root", "group = root"]
        for modem, name in enumerate(names):
            lines += [f"[{name}]", f"device = {desk.port(modem)}", "incoming = yes", "report = yes"]
            lines += ["baudrate = 115200", "rtscts = no", f"init = {inits[modem]}"]
            lines += [f"queues = {name}"]
        lines += ["[queues]", *(f"{name} = {self.folder / name}" for name in names)]
        for name in names:
            (self.folder / name).mkdir()
        configuration = self.folder / "smsd.conf"
        configuration.write_text("\n".join(lines) + "\n")
        self._running = Running(self.folder / "out.txt", "smsd", "-t", f"-c{configuration}")

    def write(self, name: str, to: str, text: str, *headers: str) -> None:
        """Put a text into the spool; it appears there whole."""
        head = "\n".join([f"To: {to.lstrip('+')}", "Report: yes", *headers])
        draft = self.folder / name
        draft.write_text(f"{head}\n\n{text}", encoding="utf-8")
        draft.rename(self.folder / "outgoing" / name)

    def files(self, folder: str) -> list[File]:
        paths = sorted((self.folder / folder).iterdir())
        return [File.read(path) for path in paths if not path.name.endswith(".LOCK")]

    def stop(self) -> None:
        self._running.stop(signal.SIGTERM)


def _one_memory(profile: str) -> str:
    """Makers differ in where they put texts; some have but one place."""
    return "AT" if profile.startswith("wavecom") else 'AT+CPMS="SM","SM","SM"'


@pytest.fixture(scope="module")
def smsd(desk: Desk) -> Iterator[Smsd]:
    daemon = Smsd(desk, [_ANNOUNCE])
    yield daemon
    daemon.stop()


@pytest.fixture
def smsd_on_all(bank_of_all: Desk) -> Iterator[Smsd]:
    daemon = Smsd(bank_of_all, [_one_memory(name) for name in PERSONALITIES])
    yield daemon
    daemon.stop()


def test_sends(desk: Desk, smsd: Smsd, happened: Callable[[object], None]) -> None:
    """100 texts out, a fifth of them Unicode: sent once, unchanged, each report a file."""
    texts = [f"out {number}" + " Привет" * (number % 5 == 0) for number in range(_TEXTS)]
    for number, text in enumerate(texts):
        smsd.write(f"m{number}", _TO, text, "Alphabet: UTF-8")
    until("100 sent files", lambda: len(smsd.files("sent")) == _TEXTS, _SLOW_S)
    until("100 report files", lambda: len(smsd.files("report")) == _TEXTS, _SLOW_S)
    sent = desk.sent(_TO)
    counted = tally(texts, [part.text for part in sent])
    assert counted.is_clean, counted
    assert all(part.wants_report for part in sent)
    delivered = [file for file in smsd.files("report") if "Status: 0,Ok" in file.text]
    assert len(delivered) == _TEXTS
    assert not smsd.files("failed")
    happened(f"{len(sent)} submits, {counted}; {len(delivered)} reports as files: 0,Ok; 0 failed")


def test_receives(desk: Desk, smsd: Smsd, happened: Callable[[object], None]) -> None:
    """100 texts in, a fifth of them Unicode: each a file without a warning, none left."""
    texts = [f"in {number}" + " Привет 😀" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        desk.inject("+15553000001", text)
    until("100 files", lambda: len(smsd.files("incoming")) >= _TEXTS, _SLOW_S)
    until("an empty modem", lambda: desk.stored() == 0)
    files = smsd.files("incoming")
    counted = tally(texts, [file.text for file in files])
    assert counted.is_clean, counted
    warned = [file for file in files if any("rror" in name for name in file.headers)]
    assert not warned
    assert {file.headers["From"] for file in files} == {"15553000001"}
    happened(f"{len(files)} files, {counted}; 0 warnings, 0 left in the modem")


def test_beyond_the_bmp(desk: Desk, smsd: Smsd, happened: Callable[[object], None]) -> None:
    """A text with an emoji out: sent as smsd encodes it, which is up to the emoji."""
    to, text = "+46701200001", "Привет 😀 мир"
    smsd.write("emoji", to, text, "Alphabet: UTF-8")
    until("its submit", lambda: desk.sent(to))
    (part,) = desk.sent(to)
    assert text.startswith(part.text)
    happened(f"of {text!r} it submitted {part.text!r}")


def test_receives_long(desk: Desk, smsd: Smsd, happened: Callable[[object], None]) -> None:
    """A long text in, its parts out of order: one file."""
    text = "part after part " * 25
    desk.ctl("inject", modem=0, text=text, order=[2, 0, 1], **{"from": "+15553000002"})
    until("its file", lambda: [f for f in smsd.files("incoming") if f.text == text])
    happened(f"1 file with the same {len(text)} characters")


def test_each_personality(
    bank_of_all: Desk, smsd_on_all: Smsd, happened: Callable[[object], None]
) -> None:
    """One text in and one out with every personality at once."""
    log = smsd_on_all.folder / "log"
    for modem in range(len(PERSONALITIES)):
        until(f"GSM{modem}", holds(f"GSM{modem}: Used memory", lambda: [log.read_text("latin-1")]))
        bank_of_all.inject("+15553000003", f"in {modem}", modem=modem)
    until("the files", lambda: len(smsd_on_all.files("incoming")) == len(PERSONALITIES))
    texts = [f"out {number}" for number in range(len(PERSONALITIES))]
    for number, text in enumerate(texts):
        smsd_on_all.write(f"m{number}", _TO, text, f"Queue: GSM{number}")
    until("the sent files", lambda: len(smsd_on_all.files("sent")) == len(texts))
    counted = tally(texts, [part.text for part in bank_of_all.sent(_TO)])
    assert counted.is_clean, counted
    used = {entry["modem"] for entry in bank_of_all.journal("submit")}
    assert used == set(range(len(PERSONALITIES)))
    happened(f"1 text in each; {counted}, over all {len(used)} modems")
