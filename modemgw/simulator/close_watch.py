"""Noticing that a user has closed a port, which a pty's master is not told.

While the simulator holds the slave open, the kernel keeps the terminal's exclusive flag
(TIOCEXCL) beyond the death of the program that set it, and nobody but root could open the port
again; on a real serial port the last close clears it. So inotify tells each close, and the port
clears the flag.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CLOSE = 0x00000008 | 0x00000010  # IN_CLOSE_WRITE, IN_CLOSE_NOWRITE: inotify(7)
_HEAD = struct.Struct("iIII")
_READ_SIZE = 16_384


class CloseWatch:
    """One inotify instance for all ports of a bank. OSError where the kernel has none to give."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._closed: dict[int, Callable[[], None]] = {}
        asyncio.get_running_loop().add_reader(self._descriptor, self._readable)

    def add(self, path: str, closed: Callable[[], None]) -> int:
        """Call `closed` whenever somebody has closed `path`; the watch's number."""
        number = self._checked(
            self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), _CLOSE)
        )
        self._closed[number] = closed
        return number

    def remove(self, number: int) -> None:
        """End a watch."""
        if self._closed.pop(number, None) is not None:
            self._libc.inotify_rm_watch(self._descriptor, number)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _checked(self, result: int) -> int:
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"inotify: {os.strerror(code)}")
        return result

    def _readable(self) -> None:
        events = os.read(self._descriptor, _READ_SIZE)
        at = 0
        while at < len(events):
            number, _mask, _cookie, name_octets = _HEAD.unpack_from(events, at)
            at += _HEAD.size + name_octets
            closed = self._closed.get(number)
            if closed is not None:
                closed()
