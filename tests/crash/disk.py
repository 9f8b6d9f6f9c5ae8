"""A disk whose power can fail: what was not synced is lost, whole or in part, new names too.

Theory of operation. `kill -9` leaves the page cache as it is, so it proves nothing about a power
cut. `disk.c`, loaded into the daemon, logs in order what the daemon does to the files of one
folder. `Disk.cut` replays that log upon what was safe before, and puts in place of the folder what
a disk could hold then:

- A file has what was written to it before its last sync began, if that sync ended.
- A name (made, renamed, removed) is as it was when its directory was last synced.
- Of what came later, nothing is there, or some: changed names up to any point of their order, as a
  journaling file system has them; of the writes any sectors of 512 octets, so they are torn and out
  of order.
- A file that was written through a shared mapping (SQLite's `-shm`) is gone, or full of noise.

What POSIX leaves open is decided against the daemon: to sync a file does not keep its new name.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.shim import build

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

SECTOR = 512
_HEAD = struct.Struct("<IIQQQ")


class Op(IntEnum):
    """What a record of the log tells; as in disk.c."""

    OPENED = 1
    CREATED = 2
    UNLINKED = 3
    RENAMED = 4
    WRITTEN = 5
    TRUNCATED = 6
    SYNC_BEGINS = 7
    SYNC_ENDS = 8
    MAPPED = 9


@dataclass(frozen=True, slots=True)
class Record:
    """`number` is an offset, a length or a sync's, as the op has it."""

    op: Op
    inode: int
    number: int
    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """To the contents of a file: octets at an offset, or a new length where `data` is None."""

    at: int
    offset: int
    data: bytes | None


@dataclass(slots=True)
class File:
    """The contents that are safe, and what was done since. `at`s count the log's records."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)
    mapped: bool = False

    def synced(self, before: int) -> None:
        """What was done before this point of the log is safe now."""
        done = [change for change in self.pending if change.at < before]
        self.pending = self.pending[len(done) :]
        for change in done:
            _apply(self.safe, change)

    def after_cut(self, chance: random.Random, share: float) -> bytes | None:
        """What the disk has of it; None: nothing. `share` of what is pending has reached it."""
        if self.mapped:
            return chance.randbytes(len(self.safe) or SECTOR) if chance.random() < share else None
        content = bytearray(self.safe)
        for change in self.pending:
            if change.data is None:
                if chance.random() < share:
                    _apply(content, change)
                continue
            for start, end in _sectors(change.offset, len(change.data)):
                if chance.random() < share:
                    piece = change.data[start - change.offset : end - change.offset]
                    _apply(content, Change(change.at, start, piece))
        return bytes(content)


@dataclass(frozen=True, slots=True)
class Renaming:
    """A change of names: `file` is at `path` now; None: nothing is."""

    at: int
    path: str
    file: File | None
    from_path: str = ""


def _apply(content: bytearray, change: Change) -> None:
    if change.data is None:
        length = change.offset
        del content[length:]
    else:
        length = change.offset + len(change.data)
    content.extend(bytes(max(0, length - len(content))))
    if change.data is not None:
        content[change.offset : length] = change.data


def _sectors(offset: int, length: int) -> Iterator[tuple[int, int]]:
    """From where to where each sector of a write reaches."""
    start = offset
    while start < offset + length:
        end = min((start // SECTOR + 1) * SECTOR, offset + length)
        yield start, end
        start = end


def records(log: bytes) -> Iterator[Record]:
    """The records of a log; the last one may be torn, when its writer was killed."""
    at = 0
    while at + _HEAD.size <= len(log):
        op, path_length, inode, number, length = _HEAD.unpack_from(log, at)
        start = at + _HEAD.size + path_length
        at = start + length
        if at <= len(log):
            path = log[start - path_length : start].decode()
            yield Record(Op(op), inode, number, path, log[start:at])


class Replay:
    """What of a folder is safe, while a log is read from its begin."""

    def __init__(self, safe: dict[str, bytes]) -> None:
        """`safe`: the files that are there, by path."""
        self.safe_names = {path: File(bytearray(content)) for path, content in safe.items()}
        self._names = dict(self.safe_names)
        self._pending: list[Renaming] = []
        self._files: dict[int, File] = {}
        self._folders: dict[int, str] = {}
        self._syncs: dict[int, tuple[int, int]] = {}
        self.syncs = 0

    def note(self, at: int, record: Record) -> None:
        """The record number `at`."""
        match record.op:
            case Op.OPENED if record.number:
                self._folders[record.inode] = record.path
            case Op.OPENED:
                self._files[record.inode] = self._names[record.path]
            case Op.CREATED:
                self._rename(at, record.path, File())
                self._files[record.inode] = self._names[record.path]
                self._folders.pop(record.inode, None)
            case Op.UNLINKED:
                self._rename(at, record.path, None)
            case Op.RENAMED:
                old, _, new = record.path.partition("\n")
                self._rename(at, new, self._names[old], old)
                del self._names[old]
            case Op.WRITTEN:
                change = Change(at, record.number, record.data)
                self._files[record.inode].pending.append(change)
            case Op.TRUNCATED:
                self._files[record.inode].pending.append(Change(at, record.number, None))
            case Op.SYNC_BEGINS:
                self._syncs[record.number] = (at, record.inode)
            case Op.SYNC_ENDS:
                self._synced(*self._syncs.pop(record.number))
            case Op.MAPPED:
                self._files[record.inode].mapped = True

    def _rename(self, at: int, path: str, file: File | None, from_path: str = "") -> None:
        self._pending.append(Renaming(at, path, file, from_path))
        if file is None:
            self._names.pop(path, None)
        else:
            self._names[path] = file

    def _synced(self, began: int, inode: int) -> None:
        self.syncs += 1
        folder = self._folders.get(inode)
        if folder is None:
            self._files[inode].synced(began)
            return
        kept = [one for one in self._pending if not _is_safe(one, began, folder)]
        for one in self._pending:
            if _is_safe(one, began, folder):
                _take(self.safe_names, one)
        self._pending = kept

    @property
    def pending(self) -> int:
        """How many changes of contents and names are not safe."""
        files = {id(file): file for file in (*self._files.values(), *self._names.values())}
        return len(self._pending) + sum(len(f.pending) for f in files.values() if not f.mapped)

    def after_cut(self, chance: random.Random, share: float) -> dict[str, bytes]:
        """What a disk could hold now, by path."""
        names = dict(self.safe_names)
        for one in self._pending:
            if chance.random() >= share:
                break
            _take(names, one)
        contents = {path: file.after_cut(chance, share) for path, file in names.items()}
        return {path: content for path, content in contents.items() if content is not None}


def _is_safe(one: Renaming, began: int, folder: str) -> bool:
    return one.at < began and str(Path(one.path).parent) == folder


def _take(names: dict[str, File], one: Renaming) -> None:
    if one.from_path:
        names.pop(one.from_path, None)
    if one.file is None:
        names.pop(one.path, None)
    else:
        names[one.path] = one.file


@dataclass(slots=True)
class Disk:
    """The disk under `folder`. `beside` is a folder for what belongs to the disk, not on it."""

    folder: Path
    beside: Path
    sync_us: int = 1_000
    cuts: int = 0
    lost: int = 0  # changes that were not safe when the power failed
    syncs: int = 0
    _safe: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder, self.beside = self.folder.resolve(), self.beside.resolve()

    def build(self) -> None:
        """Make what is loaded into the daemon. Everything on the disk now is safe."""
        build("disk", self.beside)
        self._keep()

    @property
    def _library(self) -> Path:
        return self.beside / "disk.so"

    @property
    def _log(self) -> Path:
        return self.beside / "disk.log"

    @property
    def environment(self) -> dict[str, str]:
        """What has a program use this disk."""
        return {
            "LD_PRELOAD": str(self._library),
            "DISK_FOLDER": str(self.folder),
            "DISK_LOG": str(self._log),
            "DISK_CONTROL": str(self.beside),
            "DISK_SYNC_US": str(self.sync_us),
            # The audit's heads belong on another disk; what is appended this one does not know.
            "MODEMGW_AUDIT__HEAD_FILE": str(self.beside / "audit.heads"),
        }

    def set(self, trouble: str, *, on: bool) -> None:
        """`full`: no file can grow; `thin`: nothing can be written; `broken`: no sync succeeds."""
        flag = self.beside / trouble
        if on:
            flag.touch()
        else:
            flag.unlink(missing_ok=True)

    def cut(self, chance: random.Random, share: float) -> None:
        """The power has failed, and all who wrote are dead: leave what the disk has.

        `share`, 0 to 1: how much of what was not safe has reached it all the same.
        """
        replay = Replay(self._safe)
        log = self._log.read_bytes() if self._log.exists() else b""
        for at, record in enumerate(records(log)):
            replay.note(at, record)
        self.cuts += 1
        self.lost += replay.pending
        self.syncs += replay.syncs
        found = replay.after_cut(chance, share)
        for path in self._paths():
            path.unlink()
        for name, content in found.items():
            Path(name).write_bytes(content)
        self._log.unlink(missing_ok=True)
        self._keep()

    def _keep(self) -> None:
        self._safe = {str(path): path.read_bytes() for path in self._paths()}

    def _paths(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]
