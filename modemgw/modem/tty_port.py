"""A serial port or pty as an open port, read and written when the event loop says it can be."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from modemgw.modem import tty
from modemgw.modem.errors import PortError, PortFault

if TYPE_CHECKING:
    from modemgw.modem.port import PortEvents
    from modemgw.modem.settings import PortSettings, Timing

_CHUNK: Final = 65_536
_UNWRITTEN_LIMIT: Final = 1 << 20  # no dialogue comes near it


async def open_tty_port(path: str, settings: PortSettings, timing: Timing) -> TtyPort:
    """Open a tty for us alone. Raises PortError."""
    return TtyPort(path, await tty.open_tty(path, settings, timing.open_s), timing)


class TtyPort:
    """See `port.Port`."""

    def __init__(self, path: str, descriptor: int, timing: Timing) -> None:
        self._path = path
        self._descriptor = descriptor  # -1 when closed
        self._timing = timing
        self._loop = asyncio.get_running_loop()
        self._events: PortEvents | None = None
        self._lost = False
        self._unwritten = bytearray()
        self._stuck: asyncio.TimerHandle | None = None

    def listen(self, events: PortEvents) -> None:
        """See `Port.listen`."""
        self._events = events
        self._loop.add_reader(self._descriptor, self._readable)

    def write(self, data: bytes) -> None:
        """See `Port.write`."""
        if self._lost or self._descriptor < 0:
            return
        written = 0 if self._unwritten else self._write_some(data)
        if self._lost or written == len(data):
            return
        if not self._unwritten:
            self._loop.add_writer(self._descriptor, self._writable)
            self._restart_clock()
        self._unwritten += data[written:]
        if len(self._unwritten) > _UNWRITTEN_LIMIT:
            self._give_up()

    async def close(self) -> None:
        """See `Port.close`."""
        self._events = None
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        self._be_quiet(descriptor)
        await tty.close_tty(self._path, descriptor, self._timing.close_s)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(f"reading from {self._path} failed: {error.strerror}")
            return
        if not data:
            self._lose(f"{self._path} is gone: unplugged, or the modem has restarted")
        elif self._events is not None:
            self._events.data(data)

    def _writable(self) -> None:
        written = self._write_some(self._unwritten)
        if self._lost:
            return
        del self._unwritten[:written]
        if not self._unwritten:
            self._loop.remove_writer(self._descriptor)
            self._stop_clock()
        elif written:
            self._restart_clock()

    def _write_some(self, data: bytes | bytearray) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._lose(f"writing to {self._path} failed: {error.strerror}")
            return 0

    def _restart_clock(self) -> None:
        self._stop_clock()
        self._stuck = self._loop.call_later(self._timing.write_s, self._give_up)

    def _stop_clock(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()

    def _give_up(self) -> None:
        self._lose(f"the modem on {self._path} takes no bytes for {self._timing.write_s:g} s")

    def _lose(self, text: str) -> None:
        self._lost = True
        self._be_quiet(self._descriptor)
        events, self._events = self._events, None
        if events is not None:
            # Later, because a write may be what noticed it, and its caller is not yet done.
            self._loop.call_soon(events.lost, PortError(PortFault.LOST, text))

    def _be_quiet(self, descriptor: int) -> None:
        self._stop_clock()
        self._loop.remove_reader(descriptor)
        self._loop.remove_writer(descriptor)
