"""gammu-smsd with its files service."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.judges.desk import Desk, Running, run, tally, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]

_TEXTS = 100
_TO = "+46701100000"
_SLOW_S = 600.0


class Smsd:
    """A running gammu-smsd and its folders."""

    def __init__(self, desk: Desk) -> None:
        self.folder = desk.folder
        folders = {name: self.folder / name for name in ("inbox", "outbox", "sent", "error")}
        for folder in folders.values():
            folder.mkdir()
        self.configuration = self.folder / "smsd.rc"
        self.configuration.write_text(
            f"[gammu]\ndevice = {desk.port()}\nconnection = at\n"
            "[smsd]\nservice = files\nreceivefrequency = 2\nloopsleep = 1\nchecksecurity = 0\n"
            f"deliveryreport = sms\nlogfile = {self.folder / 'smsd.log'}\n"
            + "".join(f"{name}smspath = {folder}/\n" for name, folder in folders.items())
            .replace("inboxsmspath", "inboxpath")
            .replace("outboxsmspath", "outboxpath")
        )
        self._running = Running(self.folder / "out.txt", "gammu-smsd", "-c", self.configuration)

    def files(self, name: str) -> list[Path]:
        return sorted((self.folder / name).iterdir())

    def reports(self) -> list[Path]:
        """The files of the inbox that say something: smsd writes an empty one for each `+CDSI`."""
        return [file for file in self.files("inbox") if file.stat().st_size]

    def stop(self) -> None:
        self._running.stop(signal.SIGTERM)


@pytest.fixture(scope="module")
def smsd(desk: Desk) -> Iterator[Smsd]:
    daemon = Smsd(desk)
    yield daemon
    daemon.stop()


def test_sends(desk: Desk, smsd: Smsd, happened: Callable[[object], None]) -> None:
    """100 texts out, a fifth of them Unicode: sent once, unchanged, each report a file."""
    texts = [f"out {number}" + " Привет 😀" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        inject = ["gammu-smsd-inject", "-c", str(smsd.configuration), "TEXT", _TO, "-report"]
        run(*inject, *([] if text.isascii() else ["-unicode"]), "-text", text)
    until("100 sent files", lambda: len(smsd.files("sent")) == _TEXTS, _SLOW_S)
    until("100 report files", lambda: len(smsd.reports()) == _TEXTS, _SLOW_S)
    sent = desk.sent(_TO)
    counted = tally(texts, [part.text for part in sent])
    assert counted.is_clean, counted
    assert all(part.wants_report for part in sent)
    delivered = [file for file in smsd.reports() if "Delivered" in _read(file)]
    assert len(delivered) == len(desk.journal("report")) == _TEXTS
    assert not smsd.files("error")
    happened(f"{len(sent)} submits, {counted}; {len(delivered)} reports as files: Delivered")
    for file in smsd.files("inbox"):
        file.unlink()


def test_receives(desk: Desk, smsd: Smsd, happened: Callable[[object], None]) -> None:
    """100 texts in: each a file with its text, and none left in the modem."""
    texts = [f"smsd in {number}" + " ж" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        desk.inject("+15553000001", text)
    until("100 files", lambda: len(smsd.files("inbox")) >= _TEXTS, _SLOW_S)
    until("an empty modem", lambda: desk.stored() == 0)
    counted = tally(texts, [_read(file) for file in smsd.files("inbox")])
    assert counted.is_clean, counted
    happened(f"{len(smsd.files('inbox'))} files, {counted}; 0 left in the modem")


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
