"""Being told when something appears in a folder or vanishes from it: inotify(7).

Links in folders (of udev's making, or of a simulator's) and a bind-mounted `/dev` in a container
come and go without any event of the kernel's device layer, so the file system is what is watched.
It tells only *that* something has changed. Who is told looks again, and looks now and then anyway:
a file system of another host, for one, tells nothing.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF, IN_ONLYDIR
_CHANGES: Final = 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800 | 0x0100_0000
_OVERFLOW: Final = 0x4000  # IN_Q_OVERFLOW: some were lost, which is a change, too
_HEAD: Final = struct.Struct("iIII")  # watch, mask, cookie, octets of the name that follows
_READ_SIZE: Final = 65_536


class FolderWatch:
    """Calls `changed` on the event loop for each change, often more than once."""

    def __init__(self, changed: Callable[[], None]) -> None:
        """OSError where the system gives no inotify."""
        self._changed = changed
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._watches: set[int] = set()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._readable)

    def follow(self, folders: Iterable[str]) -> None:
        """Watch these folders and no others. OSError where the system refuses one of them.

        Of one that does not exist the nearest parent that does is watched; `changed` is called when
        the next one appears, and then this has to be called again.
        """
        wanted = {self._watch(_nearest(folder)) for folder in folders}
        for number in self._watches - wanted:
            self._libc.inotify_rm_watch(self._descriptor, number)
        self._watches = wanted

    def close(self) -> None:
        """Watch nothing any more."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _watch(self, folder: Path) -> int:
        """A watch on a folder: the same number, if there is one already."""
        return self._checked(
            self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _CHANGES)
        )

    def _readable(self) -> None:
        events = os.read(self._descriptor, _READ_SIZE)
        if any(mask & (_CHANGES | _OVERFLOW) for mask in _masks(events)):
            self._changed()

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"inotify: {os.strerror(code)}")
        return result


def _masks(events: bytes) -> Iterator[int]:
    """What happened. That a watch has ended (IN_IGNORED) is among it, and is no change."""
    at = 0
    while at < len(events):
        _, mask, _, name_octets = _HEAD.unpack_from(events, at)
        at += _HEAD.size + name_octets
        yield mask


def _nearest(folder: str) -> Path:
    path = Path(folder).absolute()
    candidates = (path, *path.parents)
    return next(each for each in candidates if os.path.isdir(each))  # noqa: PTH112 - never raises
