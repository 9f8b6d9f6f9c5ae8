"""A pseudo-terminal with a stable name: the plug between a simulated modem and its user.

The master is never waited for. What the user does not read stays in the terminal's buffer and then
in ours, both bounded; beyond that the newest octets are lost, as on a UART without flow control.
One slave descriptor stays open here, so that a user who dies leaves no trace but unread octets.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import termios
import tty
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modemgw.simulator.close_watch import CloseWatch

_READ_SIZE = 4096
_OUTPUT_LIMIT = 65_536


class PtyPort:
    """An open pty whose slave is reached by the link `link`. Use on the event loop's thread."""

    def __init__(self, link: Path, received: Callable[[bytes], None], closes: CloseWatch) -> None:
        self._link = link
        self._closes = closes
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._unwritten = bytearray()
        self.lost_octets = 0
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._loop.add_reader(self._master, self._readable)
        self._watch = closes.add(os.ttyname(self._slave), self._user_closed)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._slave))

    def write(self, data: bytes) -> None:
        """Print; never blocks, and drops what finds no room."""
        if not self._unwritten:
            data = data[self._write_now(data) :]
        if not data:
            return
        room = _OUTPUT_LIMIT - len(self._unwritten)
        self.lost_octets += max(0, len(data) - room)
        self._unwritten += data[:room]
        self._loop.add_writer(self._master, self._writable)

    def close(self) -> None:
        """Pull the plug: the link vanishes, the user reads EIO or end of file."""
        self._link.unlink(missing_ok=True)
        self._closes.remove(self._watch)
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _user_closed(self) -> None:
        fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def _write_now(self, data: bytes) -> int:
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def _writable(self) -> None:
        del self._unwritten[: self._write_now(bytes(self._unwritten))]
        if not self._unwritten:
            self._loop.remove_writer(self._master)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _READ_SIZE)
        except BlockingIOError:
            return
        if data:
            self._received(data)
