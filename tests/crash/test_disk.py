"""The disk whose power can fail keeps what was synced, and nothing else."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.crash.disk import SECTOR, Disk
from tests.crash.shim import needs_compiler

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_compiler

HEAD = """
import os, sys
folder = sys.argv[1]
def path(name): return os.path.join(folder, name)
def opened(name): return os.open(path(name), os.O_RDWR | os.O_CREAT, 0o600)
def sync(name):
    fd = os.open(path(name), os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """A disk with one file on it, `old`, which is safe."""
    folder, beside = tmp_path / "on", tmp_path / "beside"
    folder.mkdir()
    beside.mkdir()
    (folder / "old").write_bytes(b"old")
    found = Disk(folder, beside, sync_us=0)
    found.build()
    return found


def run(disk: Disk, program: str) -> None:
    """Have a program use the disk and die of SIGKILL."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program + "\nos.kill(os.getpid(), 9)", str(disk.folder)],
        env=disk.environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == -9, done.stderr


def found_after_cut(disk: Disk, share: float = 0.0, seed: int = 1) -> dict[str, bytes]:
    """What is on the disk after the power has failed, by name."""
    disk.cut(random.Random(seed), share)
    return {path.name: path.read_bytes() for path in disk.folder.iterdir()}


def test_what_was_not_synced_is_lost(disk: Disk) -> None:
    """Its writer saw it in the file; the disk never did."""
    run(disk, "fd = opened('old'); os.pwrite(fd, b'new!', 0)")
    assert (disk.folder / "old").read_bytes() == b"new!"
    assert found_after_cut(disk) == {"old": b"old"}
    assert disk.lost == 1


def test_what_was_synced_is_kept_and_what_came_later_is_not(disk: Disk) -> None:
    """By whatever descriptor it was synced; a shorter length is a change like any other."""
    run(disk, "fd = opened('old'); os.write(fd, b'safe'); sync('old'); os.ftruncate(fd, 1)")
    assert found_after_cut(disk) == {"old": b"safe"}


def test_a_new_name_is_lost_until_its_folder_is_synced(disk: Disk) -> None:
    """Even where the file itself was synced."""
    program = "a = opened('a'); os.write(a, b'x'); os.fsync(a)\n"
    run(disk, program)
    assert found_after_cut(disk) == {"old": b"old"}
    run(disk, program + "sync('.'); opened('b')")
    assert found_after_cut(disk) == {"old": b"old", "a": b"x"}


def test_a_name_that_went_is_back_unless_its_folder_was_synced(disk: Disk) -> None:
    """Renamed and removed names alike."""
    run(disk, "os.rename(path('old'), path('new'))")
    assert found_after_cut(disk) == {"old": b"old"}
    run(disk, "os.rename(path('old'), path('new')); sync('.'); os.unlink(path('new'))")
    assert found_after_cut(disk) == {"new": b"old"}


def test_what_lies_across_two_runs_is_kept(disk: Disk) -> None:
    """What the first cut left is what the next run begins with."""
    run(disk, "fd = opened('old'); os.pwrite(fd, b'1', 3); os.fsync(fd)")
    found_after_cut(disk)
    run(disk, "fd = opened('old'); os.pwrite(fd, b'2', 4); os.fsync(fd)")
    assert found_after_cut(disk) == {"old": b"old12"}


def test_of_what_was_not_synced_any_sectors_may_be_there(disk: Disk) -> None:
    """Torn and out of order: a later one without an earlier one."""
    sectors = 40
    program = f"fd = opened('old'); os.ftruncate(fd, {sectors * SECTOR}); os.fsync(fd)\n"
    run(disk, program + f"os.pwrite(fd, b'n' * {sectors * SECTOR}, 0)")
    content = found_after_cut(disk, share=0.5)["old"]
    states = [content[at : at + SECTOR] for at in range(SECTOR, len(content), SECTOR)]
    assert set(states) == {bytes(SECTOR), b"n" * SECTOR}
    assert states != sorted(states)
    assert states != sorted(states, reverse=True)


def test_a_mapped_file_is_lost(disk: Disk) -> None:
    """What is written through a mapping is not seen, so nothing of it is relied on."""
    run(disk, "import mmap; fd = opened('old'); mmap.mmap(fd, 3)[0:1] = b'x'; os.fsync(fd)")
    assert found_after_cut(disk) == {}


def test_a_full_disk_lets_nothing_grow(disk: Disk) -> None:
    """What is there can be written over."""
    disk.set("full", on=True)
    run(
        disk,
        "import errno; fd = opened('old'); os.pwrite(fd, b'OLD', 0); os.fsync(fd)\n"
        "try: os.pwrite(fd, b'more', 3)\n"
        "except OSError as e: assert e.errno == errno.ENOSPC\n"
        "else: sys.exit('it grew')",
    )
    assert found_after_cut(disk) == {"old": b"OLD"}


def test_a_thin_disk_takes_nothing(disk: Disk) -> None:
    """Not even what replaces something."""
    disk.set("thin", on=True)
    run(
        disk,
        "import errno; fd = opened('old')\n"
        "try: os.pwrite(fd, b'OLD', 0)\n"
        "except OSError as e: assert e.errno == errno.ENOSPC\n"
        "else: sys.exit('it took it')",
    )
    assert found_after_cut(disk, share=1) == {"old": b"old"}


def test_a_broken_disk_syncs_nothing(disk: Disk) -> None:
    """An error, and what was to be synced is lost with the power."""
    disk.set("broken", on=True)
    run(
        disk,
        "fd = opened('old'); os.pwrite(fd, b'OLD', 0)\n"
        "try: os.fsync(fd)\n"
        "except OSError: pass\n"
        "else: sys.exit('it synced')",
    )
    assert found_after_cut(disk) == {"old": b"old"}
