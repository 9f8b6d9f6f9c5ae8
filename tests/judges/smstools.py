"""SMS Server Tools 3, configured and run: smsd with its spool folders."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.judges.desk import Running

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ANNOUNCE = "AT+CNMI=2,1,0,1,0"
_FOLDERS = ("outgoing", "checked", "incoming", "sent", "failed", "report")
_QUICK = ("pre_init = no", "check_network = no", "routed_status_report_cnma = no")


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


class Smstools:
    """smsd on some modems, and its spool. `inits` are the modems' own set-up; with `queues` each
    modem takes only what names it (`Queue: GSM0`), else each takes what comes next. `quick` leaves
    out the waits and commands that sending does not need, and logs little."""

    def __init__(
        self,
        folder: Path,
        ports: Sequence[Path],
        inits: Sequence[str],
        *,
        queues: bool = False,
        quick: bool = False,
    ) -> None:
        self.folder = folder / "spool"
        names = [f"GSM{modem}" for modem in range(len(ports))]
        for name in (*_FOLDERS, *names):
            (self.folder / name).mkdir(parents=True)
        lines = [f"devices = {', '.join(names)}"]
        lines += [f"{name} = {self.folder / name}" for name in _FOLDERS]
        lines += [f"{kind}file = {self.folder / kind}" for kind in ("info", "pid", "log")]
        lines += ["delaytime = 1", "autosplit = 3", "user = root", "group = root"]
        lines += ["loglevel = 4", "trust_outgoing = yes"] if quick else ["loglevel = 7"]
        for name, port, init in zip(names, ports, inits, strict=True):
            lines += [f"[{name}]", f"device = {port}", "incoming = yes", "report = yes"]
            lines += ["baudrate = 115200", "rtscts = no", f"init = {init}"]
            lines += _QUICK if quick else ()
            lines += [f"queues = {name}"] * queues
        if queues:
            lines += ["[queues]", *(f"{name} = {self.folder / name}" for name in names)]
        self._configuration = self.folder / "smsd.conf"
        self._configuration.write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        words = ("smsd", "-t", f"-c{self._configuration}")
        self.running = Running(self.folder / "out.txt", *words)

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
        self.running.stop(signal.SIGTERM)
