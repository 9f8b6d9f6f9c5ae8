"""gammu-smsd with its files service, configured and run."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.judges.desk import Running

if TYPE_CHECKING:
    from pathlib import Path


class GammuSmsd:
    """gammu-smsd on one modem, and its folders."""

    def __init__(self, folder: Path, port: Path) -> None:
        self.folder = folder
        folders = {name: self.folder / name for name in ("inbox", "outbox", "sent", "error")}
        for each in folders.values():
            each.mkdir(parents=True)
        self.configuration = self.folder / "smsd.rc"
        self.configuration.write_text(
            f"[gammu]\ndevice = {port}\nconnection = at\n"
            "[smsd]\nservice = files\nreceivefrequency = 2\nloopsleep = 1\nchecksecurity = 0\n"
            f"deliveryreport = sms\nlogfile = {self.folder / 'smsd.log'}\n"
            + "".join(f"{name}smspath = {each}/\n" for name, each in folders.items())
            .replace("inboxsmspath", "inboxpath")
            .replace("outboxsmspath", "outboxpath")
        )

    def start(self) -> None:
        words = ("gammu-smsd", "-c", self.configuration)
        self.running = Running(self.folder / "out.txt", *words)

    def write(self, name: str, to: str, text: str) -> None:
        """Put an ASCII text with a report into the outbox; its name says to whom, and `d` that."""
        draft = self.folder / name
        draft.write_text(text, encoding="ascii")
        draft.rename(self.folder / "outbox" / f"OUTC20260101_000000_00_{to}_{name}.txtd")

    def files(self, name: str) -> list[Path]:
        return sorted((self.folder / name).iterdir())

    def reports(self) -> list[Path]:
        """The files of the inbox that say something: smsd writes an empty one for each `+CDSI`."""
        return [file for file in self.files("inbox") if file.stat().st_size]

    def stop(self) -> None:
        self.running.stop(signal.SIGTERM)
