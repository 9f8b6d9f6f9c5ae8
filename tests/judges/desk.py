"""A simulated bank on a desk, in a process of its own.

What went out is counted in the simulator's journal, what came in in the judge's own output.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modemgw import pdu
from tests.e2e.site import Site, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_COMMAND_S = 60.0
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A part that the network accepted, as it was decoded from the journal."""

    to: str
    text: str
    wants_report: bool
    mr: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Texts wanted and texts found, compared text by text."""

    right: int
    doubled: int
    missing: int
    strange: int

    def __str__(self) -> str:
        return (
            f"{self.right} with the right text, doubled {self.doubled}, missing {self.missing}, "
            f"others {self.strange}"
        )

    @property
    def is_clean(self) -> bool:
        return not (self.doubled or self.missing or self.strange)


def tally(wanted: Iterable[str], found: Iterable[str]) -> Tally:
    """Compare; each text is wanted once."""
    expected, seen = set(wanted), Counter(found)
    return Tally(
        right=sum(1 for text in expected if seen[text]),
        doubled=sum(seen[text] - 1 for text in expected if seen[text] > 1),
        missing=sum(1 for text in expected if not seen[text]),
        strange=sum(count for text, count in seen.items() if text not in expected),
    )


class Desk:
    """The bank, and a folder for the judge."""

    def __init__(self, folder: Path, profiles: str, modems: int = 2) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self._site = Site(folder, database_url="", modems=modems, profiles=profiles)

    def open(self) -> None:
        self._site.start_bank()

    def close(self) -> None:
        self._site.close()

    def port(self, modem: int = 0) -> Path:
        return self._site.bank / f"modem{modem:03d}"

    def ctl(self, cmd: str, **fields: Any) -> dict[str, Any]:
        """Tell the simulator something; it must be taken."""
        return self._site.ctl(cmd, **fields)

    def inject(self, sender: str, text: str, modem: int = 0) -> None:
        self._site.inject(modem, sender, text)

    def journal(self, event: str) -> list[dict[str, Any]]:
        return self._site.journal(event)

    def number(self, modem: int = 0) -> str:
        return str(self.ctl("stats")["modems"][modem]["number"])

    def sent(self, to: str) -> list[Sent]:
        """The parts to this number (with or without its +) that the network accepted."""
        return [part for part in self._sent() if part.to.lstrip("+") == to.lstrip("+")]

    def _sent(self) -> Iterator[Sent]:
        for entry in self.journal("submit"):
            if entry["accepted"]:
                part = pdu.decode(entry["pdu"], to_network=True)
                assert isinstance(part, pdu.Submit)
                yield Sent(part.address.number, part.text or "", bool(part.srr), entry["mr"])

    def read_by(self, to: str) -> list[str]:
        """The whole texts on the phone with this number, as it joins them."""
        texts = self.ctl("inbox", number=to)["texts"]
        return [str(text["text"]) for text in texts if text["complete"]]

    def stored(self, modem: int = 0) -> int:
        """How many texts wait in the modem and on its SIM."""
        stored: dict[str, int] = self.ctl("stats")["modems"][modem]["stored"]
        return sum(stored.values())


def run(
    *command: str | Path,
    stdin: str = "",
    status: Sequence[int] = (0,),
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    limit_s: float = _COMMAND_S,
) -> str:
    """Run a judge's command to its end; all that it printed. AssertionError where it ends
    with another status, or not at all."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit_s,
            cwd=cwd,
            env=env,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise AssertionError(f"no end of `{' '.join(words)}` within {limit_s} s") from None
    printed = done.stdout.decode(errors="replace")
    assert done.returncode in status, f"exit status {done.returncode}: {printed[-2000:]}"
    return printed


def until(what: str, test: Callable[[], object], timeout_s: float = _PATIENCE_S) -> None:
    """Wait until it is so; AssertionError that says what did not come."""
    wait_for(what, test, timeout_s, pause_s=0.2)


def holds(words: str, of: Callable[[], Iterable[str]]) -> Callable[[], bool]:
    """A test for `until`: whether one of these texts has the words."""
    return lambda: any(words in text for text in of())


class Running:
    """A judge that runs until it is stopped; what it prints is in `output`."""

    def __init__(
        self, output: Path, *command: str | Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._output = output
        with output.open("wb") as printed:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                cwd=output.parent,
                env=env,
                start_new_session=True,
            )

    @property
    def session(self) -> int:
        """The session of it and of all that it started."""
        return self._process.pid

    @property
    def printed(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")

    def stop(self, number: int) -> None:
        """Send a signal and wait for the end; killed, with what it started, where that stays."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
