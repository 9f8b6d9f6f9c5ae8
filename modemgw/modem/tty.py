"""Opening and closing a tty for us alone, off the event loop.

What pyserial knows of speeds, parity and flow control is used as it stands. Its own `open` is not:
it would flush what waits (maybe the answer to a submit of an earlier life), move DTR and RTS, and
take five descriptors.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import termios
from typing import TYPE_CHECKING, Final

import serial

from modemgw.modem import blocking
from modemgw.modem.errors import PortError, PortFault
from modemgw.modem.settings import Parity
from modemgw.modem.tty_holder import holder, lock_file_holder

if TYPE_CHECKING:
    from modemgw.modem.settings import PortSettings

# The far end of a pty may keep the near one open: exclusiveness would outlive a killed holder.
_PTY_MAJORS: Final = range(136, 144)
_PARITIES: Final = {
    Parity.NONE: serial.PARITY_NONE,
    Parity.EVEN: serial.PARITY_EVEN,
    Parity.ODD: serial.PARITY_ODD,
}
_FAULTS: Final = {
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


async def open_tty(path: str, settings: PortSettings, limit_s: float) -> int:
    """The descriptor of a tty, raw, non-blocking and ours alone. Raises PortError.

    Nothing is flushed: what waits in the port may be the answer to a submit of an earlier life.
    """
    if (hanging_s := blocking.hanging_s(path)) is not None:
        raise PortError(
            PortFault.LOST,
            f"{path} hangs in the system's driver for {hanging_s:.0f} s: replug or power-cycle it",
        )
    try:
        return await blocking.call(path, lambda: _open(path, settings), limit_s, _close_quietly)
    except TimeoutError:
        raise PortError(
            PortFault.LOST, f"{path} did not open within {limit_s:g} s: replug or power-cycle it"
        ) from None


async def close_tty(path: str, descriptor: int, limit_s: float) -> None:
    """Close a descriptor; one that takes longer than the limit is left to its thread."""
    with contextlib.suppress(TimeoutError):
        await blocking.call(path, lambda: _discard_and_close(descriptor), limit_s, lambda _: None)


def _open(path: str, settings: PortSettings) -> int:
    try:
        # O_NONBLOCK, or an open waits for carrier on a port without CLOCAL.
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _port_error(path, error) from error
    try:
        if not stat.S_ISCHR(os.fstat(descriptor).st_mode) or not os.isatty(descriptor):
            raise PortError(PortFault.NOT_A_TTY, f"{path} is no serial port")
        _claim(path, descriptor)
        _set_up(descriptor, settings)
    except (termios.error, ValueError, serial.SerialException) as error:
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
    if (claimant := lock_file_holder(path)) is not None:
        raise _busy(path, claimant)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy(path, holder(path)) from None
    if os.major(os.fstat(descriptor).st_rdev) not in _PTY_MAJORS:
        fcntl.ioctl(descriptor, termios.TIOCEXCL)


class _Line(serial.Serial):
    """pyserial's settings, applied to a descriptor that it neither opened nor will close."""

    def apply(self, descriptor: int) -> None:
        """Raises termios.error, ValueError and SerialException for what the device refuses."""
        self.fd = descriptor
        # It uses TCSANOW, which flushes nothing.
        self._reconfigure_port(force_update=True)  # type: ignore[attr-defined]
        self.fd = None


def _set_up(descriptor: int, settings: PortSettings) -> None:
    """Raw, eight bits. DTR stays as it is: with AT&D2 its fall hangs up or resets."""
    _, _, cflag, _, in_speed, out_speed, control = termios.tcgetattr(descriptor)
    cflag &= ~(termios.HUPCL | termios.CSTOPB)  # HUPCL lets DTR fall at the last close
    raw = [0, 0, cflag, 0, in_speed, out_speed, control]
    # TCSANOW: TCSAFLUSH would throw away what has not been read.
    termios.tcsetattr(descriptor, termios.TCSANOW, raw)
    line = _Line(
        baudrate=settings.baudrate,
        parity=_PARITIES[settings.parity],
        xonxoff=settings.xonxoff,
        rtscts=settings.rtscts,
        inter_byte_timeout=0,  # VMIN 1: an empty port is EAGAIN, and end of file a lost one
    )
    line.apply(descriptor)


def _port_error(path: str, error: OSError) -> PortError:
    if error.errno == errno.EBUSY:
        return _busy(path, holder(path))
    fault, text = _FAULTS.get(
        error.errno or 0, (PortFault.LOST, "{path} does not open: " + str(error.strerror))
    )
    return PortError(fault, text.format(path=path))


def _busy(path: str, by: str | None) -> PortError:
    who = f"by {by}" if by else "by another program (fuser tells which, as root)"
    return PortError(PortFault.BUSY, f"{path} is held {who}: stop it, or take the port from it")


def _discard_and_close(descriptor: int) -> None:
    """What the device has not taken is thrown away, or closing waits for it to, up to 30 s."""
    with contextlib.suppress(termios.error):
        termios.tcflush(descriptor, termios.TCOFLUSH)
    _close_quietly(descriptor)


def _close_quietly(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        os.close(descriptor)
