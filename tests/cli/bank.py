"""A bank of simulated modems in a process of its own."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.cli.control import ask
from tests.cli.commands import COMMAND, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bank:
    """Where it is."""

    path: Path

    def control(self, **command: object) -> None:
        """One command, which must be taken."""
        answer = ask(self.path, json.dumps(command))
        assert answer["ok"], answer


@contextmanager
def simulated_bank(path: Path, *, modems: int) -> Iterator[Bank]:
    """Runs from its `ready` until the end of the context."""
    process = subprocess.Popen(
        (COMMAND, "simulate", "--modems", str(modems), "--dir", str(path), "--boot-ms", "0"),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    with process.stdout as lines:
        try:
            assert lines.readline() == "simulator ready\n"
            yield Bank(path)
        finally:
            process.terminate()
            process.wait(20)
