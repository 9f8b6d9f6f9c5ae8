"""What is loaded into a program under test (LD_PRELOAD): it takes a C compiler to make it."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None, reason="this test makes a library with a C compiler (cc)"
)


def build(name: str, folder: Path) -> Path:
    """Compile `name`.c into a library in that folder; its path."""
    source, library = Path(__file__).with_name(f"{name}.c"), folder / f"{name}.so"
    command = [
        "cc",
        "-O2",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(source),
        "-ldl",
        "-lpthread",
    ]
    subprocess.run(command, check=True)
    return library


class Clock:
    """The wall clock of a program, which can be put forwards and backwards."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.put(0)
        self.environment = {
            "LD_PRELOAD": str(build("clock", folder)),
            "CLOCK_OFFSET": str(self._file),
        }

    def put(self, offset_s: int) -> None:
        """Have it show so many seconds more than it is."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("=q", offset_s))
