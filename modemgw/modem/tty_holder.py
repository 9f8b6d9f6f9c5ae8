"""Who has a tty, as far as the system lets us see."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK_FOLDERS: Final = (Path("/run/lock"), Path("/var/lock"))
_PROC: Final = Path("/proc")
_BINARY_PID_OCTETS: Final = 4


def holder(path: str) -> str | None:
    """Another process that has the file open, as `process 7 (minicom)`; who locked it first.

    Of a pty the program at the far end may have it open, too, which is not the one that drives it.
    """
    wanted = os.path.realpath(path)
    lockers = _lockers(wanted)
    found = None
    for process in _PROC.iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if any(str(entry.readlink()) == wanted for entry in (process / "fd").iterdir()):
                if process.name in lockers:
                    return _named(process)
                found = found or _named(process)
    return found


def lock_file_holder(path: str, folders: tuple[Path, ...] = LOCK_FOLDERS) -> str | None:
    """A living process whose lock file (FHS 5.9, `LCK..ttyUSB0`) claims the port.

    minicom, pppd, gammu and Kannel write such files, and not all of them lock the port itself.
    """
    for pid in _claimants(Path(os.path.realpath(path)).name, folders):
        process = _PROC / str(pid)
        if pid > 0 and pid != os.getpid() and process.exists():
            return _named(process)
    return None


def _claimants(name: str, folders: tuple[Path, ...]) -> Iterator[int]:
    for folder in folders:
        with contextlib.suppress(OSError, ValueError, IndexError):
            content = (folder / f"LCK..{name}").read_bytes()
            if len(content) == _BINARY_PID_OCTETS:  # the old form; the new one is ten digits
                yield int.from_bytes(content, "little")
            else:
                yield int(content.split()[0])


def _named(process: Path) -> str:
    try:
        name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        name = "?"
    return f"process {process.name} ({name})"


def _lockers(path: str) -> set[str]:
    """The processes that hold an flock of a file."""
    with contextlib.suppress(OSError):
        number = Path(path).stat().st_ino
        device = Path(path).stat().st_dev
        wanted = f"{os.major(device):02x}:{os.minor(device):02x}:{number}"
        rows = (row.split() for row in (_PROC / "locks").read_text("ascii").splitlines())
        return {row[4] for row in rows if "FLOCK" in row and wanted in row}
    return set()
