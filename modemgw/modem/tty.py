"""Opening and closing a tty for us alone, off the event loop.

Opening a dead USB port can block for many seconds and closing one for thirty, so each has a
thread of its own (a pool could be filled by a few dead ports) and a deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import stat
import termios
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from modemgw.modem.errors import PortError, PortFault

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# The far end of a pty may keep the near one open: exclusiveness would outlive a killed holder.
_PTY_MAJORS = range(136, 144)
_FAULTS = {
    errno.ENOENT: (PortFault.MISSING, "there is no {path}: unplugged, or a wrong name"),
    errno.ENXIO: (PortFault.MISSING, "{path} has no device behind it: unplugged"),
    errno.ENODEV: (PortFault.MISSING, "{path} has no device behind it: unplugged"),
    errno.EACCES: (
        PortFault.NO_RIGHTS,
        "no right to open {path}: add this user to its group (dialout, as a rule)",
    ),
    errno.EPERM: (
        PortFault.NO_RIGHTS,
        "no right to open {path}: DeviceAllow of the service may not cover it",
    ),
}


async def open_tty(path: str, baudrate: int, rtscts: bool, limit_s: float) -> int:
    """The descriptor of a tty, raw, non-blocking and ours alone. Raises PortError.

    Nothing is flushed: what waits in the port may be the answer to a submit of an earlier life.
    """
    try:
        return await _in_thread(lambda: _open(path, baudrate, rtscts), limit_s, _close_quietly)
    except TimeoutError:
        raise PortError(
            PortFault.LOST, f"{path} did not open within {limit_s:g} s: replug or power-cycle it"
        ) from None


async def close_tty(descriptor: int, limit_s: float) -> None:
    """Close a descriptor; one that takes longer than the limit is left to its thread."""
    with contextlib.suppress(TimeoutError):
        await _in_thread(lambda: _close_quietly(descriptor), limit_s, lambda _: None)


def _open(path: str, baudrate: int, rtscts: bool) -> int:
    try:
        # O_NONBLOCK, or an open waits for carrier on a port without CLOCAL.
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _port_error(path, error) from error
    try:
        if not stat.S_ISCHR(os.fstat(descriptor).st_mode) or not os.isatty(descriptor):
            raise PortError(PortFault.NOT_A_TTY, f"{path} is no serial port")
        _claim(path, descriptor)
        _set_up(descriptor, baudrate, rtscts)
    except termios.error as error:
        os.close(descriptor)
        raise PortError(PortFault.NOT_A_TTY, f"{path} refuses its settings: {error}") from error
    except OSError as error:
        os.close(descriptor)
        raise _port_error(path, error) from error
    except PortError:
        os.close(descriptor)
        raise
    return descriptor


def _claim(path: str, descriptor: int) -> None:
    """TIOCEXCL keeps later opens out, flock programs that ask, and tells who was first."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(path) from None
    if os.major(os.fstat(descriptor).st_rdev) not in _PTY_MAJORS:
        fcntl.ioctl(descriptor, termios.TIOCEXCL)


def _set_up(descriptor: int, baudrate: int, rtscts: bool) -> None:
    """Raw 8N1. DTR stays as it is: with AT&D2 its fall hangs up or resets, so HUPCL goes."""
    speed = getattr(termios, f"B{baudrate}", None)
    if speed is None:
        raise PortError(PortFault.NOT_A_TTY, f"{baudrate} is no speed of a serial port")
    _, _, cflag, _, _, _, control = termios.tcgetattr(descriptor)
    cflag &= ~(termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.HUPCL | termios.CRTSCTS)
    cflag |= termios.CS8 | termios.CREAD | termios.CLOCAL
    if rtscts:
        cflag |= termios.CRTSCTS
    control[termios.VMIN] = 1
    control[termios.VTIME] = 0
    # TCSANOW: TCSAFLUSH would throw away what has not been read.
    termios.tcsetattr(descriptor, termios.TCSANOW, [0, 0, cflag, 0, speed, speed, control])


def _port_error(path: str, error: OSError) -> PortError:
    if error.errno == errno.EBUSY:
        return _busy(path)
    fault, text = _FAULTS.get(
        error.errno or 0, (PortFault.LOST, "{path} does not open: " + str(error.strerror))
    )
    return PortError(fault, text.format(path=path))


def _busy(path: str) -> PortError:
    holder = _holder(path)
    who = f"by {holder}" if holder else "by another program (fuser tells which, as root)"
    return PortError(PortFault.BUSY, f"{path} is held {who}: stop it, or take the port from it")


def _holder(path: str) -> str | None:
    """Another process that has the file open, as far as /proc lets us see; who locked it first.

    Of a pty the program at the far end may have it open, too, which is not the one that drives it.
    """
    wanted = os.path.realpath(path)
    lockers = _lockers(wanted)
    holder = None
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            for entry in (process / "fd").iterdir():
                if str(entry.readlink()) == wanted:
                    name = (process / "comm").read_text(encoding="utf-8").strip()
                    words = f"process {process.name} ({name})"
                    if process.name in lockers:
                        return words
                    holder = holder or words
    return holder


def _lockers(path: str) -> set[str]:
    """The processes that hold an flock of a file."""
    with contextlib.suppress(OSError):
        number = Path(path).stat().st_ino
        device = Path(path).stat().st_dev
        wanted = f"{os.major(device):02x}:{os.minor(device):02x}:{number}"
        rows = (row.split() for row in Path("/proc/locks").read_text("ascii").splitlines())
        return {row[4] for row in rows if "FLOCK" in row and wanted in row}
    return set()


def _close_quietly(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)


async def _in_thread(work: Callable[[], T], limit_s: float, abandon: Callable[[T], None]) -> T:
    """Run in a thread of its own; what comes too late goes to `abandon`. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            if error is None:
                abandon(result)  # type: ignore[arg-type]
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except BaseException as error:
            failure = error
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:  # the loop has ended meanwhile
            if failure is None:
                abandon(result)  # type: ignore[arg-type]

    threading.Thread(target=run, name="modem-port", daemon=True).start()
    async with asyncio.timeout(limit_s):
        return await future
