"""The channel of the alternative driver: python-gsmmodem-new holds the dialogue, in threads.

Theory of operation
-------------------
The library opens the port, sets the modem up in its own way, reads in a thread of its own, and
takes whatever comes behind a command for the answer to it. Each call of it blocks, so each has a
thread (`blocking`) and a time limit a little above its own. What it gives back is sorted by a
`Dialogue` of ours, so that announcements inside an answer are heard.

What cannot be promised here: between the gate's last word and the write lies a thread; an answer
that comes after its time is taken for the next command's, or gets lost. After a time-out markers
are asked until one is answered, which makes that unlikely and no more.

The library's reading thread ends within a second of `close`; a call that hangs in the kernel stays
behind in its thread, which ends with the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modemgw.at import commands
from modemgw.at.dialogue import CTRL_Z, Event, Prompt, Response, State, Unsolicited
from modemgw.at.errors import AtError
from modemgw.modem import blocking
from modemgw.modem.channel import Channel
from modemgw.modem.errors import (
    CommandError,
    CommandTimeoutError,
    ModemError,
    PortError,
    PortFault,
    UnresponsiveError,
)
from modemgw.modem.in_step import dialogue_in_step
from modemgw.modem.recorder import Direction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modemgw.at.command import Command
    from modemgw.modem.recorder import Recorder
    from modemgw.modem.settings import PortSettings, Timing

_log = logging.getLogger(__name__)
T = TypeVar("T")

_CONNECT_S: Final = 120.0  # some twenty commands, ten seconds each at worst
_GRACE_S: Final = 10.0  # what a call may take beyond its own limit: the library waits and repeats
_PROMPT: Final = "> "
_ESC: Final = "\x1b"
_PIN: Final = "AT+CPIN="
_FAULTS: Final = {
    errno.ENOENT: PortFault.MISSING,
    errno.ENXIO: PortFault.MISSING,
    errno.ENODEV: PortFault.MISSING,
    errno.EACCES: PortFault.NO_RIGHTS,
    errno.EPERM: PortFault.NO_RIGHTS,
    errno.EBUSY: PortFault.BUSY,
    errno.EAGAIN: PortFault.BUSY,  # from flock
}


class _NoAnswerError(Exception):
    """The library waited in vain; what came of the answer."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__()
        self.lines = lines


async def open_alternative_channel(
    path: str, settings: PortSettings, recorder: Recorder, timing: Timing
) -> AlternativeChannel:
    """Let the library open a port and set the modem up. Raises ModemError."""
    try:
        from gsmmodem.modem import GsmModem
    except ImportError:
        raise ModemError(
            "the driver gsmmodem needs python-gsmmodem-new: pip install 'modemgw[gsmmodem]'"
        ) from None
    # It would write PINs, numbers and texts into the log.
    logging.getLogger("gsmmodem").setLevel(logging.WARNING)
    library = GsmModem(path, settings.baudrate, exclusive=True, write_timeout=timing.write_s)
    channel = AlternativeChannel(path, library, recorder, timing)
    try:
        await channel.connect()
    except BaseException:
        await channel.close()
        raise
    return channel


class AlternativeChannel(Channel):
    """See the module. Fulfils what the session asks of a `Channel`."""

    def __init__(self, path: str, library: Any, recorder: Recorder, timing: Timing) -> None:
        super().__init__(_NoPort(), recorder, timing)
        self._dialogue = dialogue_in_step()
        self._path = path
        self._library = library
        self._loop = asyncio.get_running_loop()
        self._out_of_step = False
        self._write_through = library.write
        # Its own commands pass here too; what it does not await is given to us, not to new threads.
        library.write = self._recorded_write
        library.notifyCallback = partial(self._from_thread, self._announced)
        library.fatalErrorCallback = partial(self._from_thread, self._failed)

    @property
    def dirty(self) -> bool:
        """See `Channel.dirty`."""
        return self._out_of_step

    async def connect(self) -> None:
        """Let the library open the port and set the modem up. Raises ModemError."""
        from gsmmodem.exceptions import GsmModemException, PinRequiredError

        def connect() -> None:
            # A PIN is entered by the session, which knows whether it was tried before.
            with contextlib.suppress(PinRequiredError):
                self._library.connect()

        try:
            await self._call(connect, _CONNECT_S)
        except GsmModemException as error:
            words = f"python-gsmmodem-new could not set the modem up: {error!r}"
            raise UnresponsiveError(words) from None

    async def run(self, command: Command[T], limit_s: float | None = None) -> T:
        """See `Channel.run`."""
        if self.dirty:
            await self.synchronise()
        limit_s = limit_s or command.time_limit_s * self._timing.patience
        response = await self._exchange_lines(command, limit_s)
        if not response.final.ok:
            raise CommandError(command, response.final)
        return command.parse(response.lines)

    async def prompt(self, command: Command[Any], limit_s: float) -> None:
        """Begin a submit, and wait for its prompt.

        Raises CommandError for a final result instead of it, CommandTimeoutError, ModemError.
        """
        lines = await self._ask(command, limit_s, expectedResponseTermSeq=_PROMPT)
        self._begin(command)
        for event in self._told("\r\n" + "\r\n".join(lines) + "\r\n"):
            if isinstance(event, Prompt):
                return
            if isinstance(event, Response):
                raise CommandError(command, event.final)
        raise CommandTimeoutError(command, limit_s, lines)

    async def answer_prompt(self, command: Command[Any], payload: str, limit_s: float) -> Response:
        """Write a text and Ctrl-Z, soon: a thread does it. Raises ModemError, AtError."""
        self._dialogue.payload(payload)
        lines = await self._ask(command, limit_s, payload, writeTerm=CTRL_Z.decode())
        return self._response(command, lines)

    async def escape(self) -> None:
        """Take a prompt back. Raises ModemError."""
        self._out_of_step = True
        write = partial(self._library.write, _ESC, waitForResponse=False, writeTerm="")
        await self._call(write, self._timing.write_s + _GRACE_S)
        await asyncio.sleep(self._timing.escape_s)

    async def listen(self) -> None:
        """See `Channel.listen`; the library has read, and thrown away, what was waiting."""

    async def await_boot(self) -> None:
        """See `Channel.await_boot`."""
        await asyncio.sleep(self._timing.boot_quiet_s)

    async def synchronise(self) -> None:
        """Ask markers until one is answered by its own answer. Raises UnresponsiveError."""
        for marker in commands.MARKERS:
            with contextlib.suppress(CommandTimeoutError, AtError):
                response = await self._exchange_lines(marker, self._timing.marker_s)
                if response.lines:
                    return
            # What is still on its way comes now, while nobody takes it for an answer.
            self._out_of_step = True
            await asyncio.sleep(self._timing.listen_s)
        raise UnresponsiveError("no answer to AT commands by way of python-gsmmodem-new")

    async def close(self) -> None:
        """See `Channel.close`."""
        self._lose(PortError(PortFault.LOST, "the port was closed to recover the modem"))

        def close() -> None:
            with contextlib.suppress(Exception):
                if hasattr(self._library, "rxThread"):
                    self._library.close()

        try:
            await blocking.call(self._path, close, self._timing.close_s, lambda _: None)
        except TimeoutError:
            _log.warning("%s: python-gsmmodem-new does not let go of the port", self._path)

    # Commands.

    def _begin(self, command: Command[Any]) -> None:
        """With the same dialogue as before, if it can: it may wait for the PDU of a `+CMT`."""
        if self._dialogue.state is not State.IDLE:
            self._dialogue = dialogue_in_step()
        self._dialogue.begin(command)

    async def _exchange_lines(self, command: Command[Any], limit_s: float) -> Response:
        self._begin(command)
        return self._response(command, await self._ask(command, limit_s))

    def _response(self, command: Command[Any], lines: Sequence[str]) -> Response:
        for event in self._told("\r\n" + "\r\n".join(lines) + "\r\n"):
            if isinstance(event, Response):
                return event
        self._out_of_step = True
        raise AtError(f"no final result of {command.text.split('=')[0]} in {len(lines)} lines")

    async def _ask(
        self, command: Command[Any], limit_s: float, data: str = "", **how: Any
    ) -> tuple[str, ...]:
        """The lines that the library takes for the answer. Raises ModemError."""
        if self.lost.done():
            raise self.lost.result()
        write = partial(
            self._library.write, data or command.text, timeout=limit_s, parseError=False, **how
        )
        self._out_of_step = True  # until the answer is there: whoever waits may be cancelled
        try:
            lines = tuple(await self._call(partial(_lines_of, write), limit_s + _GRACE_S))
        except _NoAnswerError as error:
            raise CommandTimeoutError(command, limit_s, error.lines) from None
        self._out_of_step = False
        return lines

    async def _call(self, work: Callable[[], T], limit_s: float) -> T:
        """One blocking call. Raises PortError, and what the library raises that is no OSError."""
        try:
            return await blocking.call(self._path, work, limit_s, lambda _: None)
        except TimeoutError:
            words = f"python-gsmmodem-new hangs on {self._path} for {limit_s:g} s"
            self._lose(PortError(PortFault.LOST, words))
            raise self.lost.result() from None
        except OSError as error:  # pyserial's are such
            self._lose(self._port_error(error))
            raise self.lost.result() from None

    def _port_error(self, error: OSError) -> PortError:
        fault = _FAULTS.get(error.errno or 0, PortFault.LOST)
        return PortError(fault, f"{self._path} by way of python-gsmmodem-new: {error}")

    # What its threads tell.

    def _recorded_write(self, data: str, *arguments: Any, **how: Any) -> Any:
        """The library's `write`, in whatever thread."""
        end = how.get("writeTerm", "\r")
        written = (data + end).encode("latin-1", "replace")
        self._from_thread(self._record, Direction.WRITTEN, written, data.startswith(_PIN))
        lines = self._write_through(data, *arguments, **how)
        if lines:
            read = ("\r\n" + "\r\n".join(lines) + "\r\n").encode("latin-1", "replace")
            self._from_thread(self._record, Direction.READ, read, False)
        return lines

    def _from_thread(self, act: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            self._loop.call_soon_threadsafe(act, *arguments)

    def _record(self, direction: Direction, data: bytes, secret: bool) -> None:
        if direction is Direction.WRITTEN and not secret:
            self._recorder.reveal()
        self._recorder.record(direction, data, secret=secret)

    def _announced(self, lines: Sequence[str]) -> None:
        data = "\r\n" + "\r\n".join(lines) + "\r\n"
        self._recorder.record(Direction.READ, data.encode("latin-1", "replace"))
        if not self.lost.done():
            self._told(data)

    def _told(self, data: str) -> list[Event]:
        """Sort what came; announcements are passed on here."""
        events = self._dialogue.receive(data.encode("latin-1", "replace"))
        for event in events:
            if isinstance(event, Unsolicited):
                self.on_unsolicited(event.lines)
        return events

    def _failed(self, error: OSError) -> None:
        self._lose(self._port_error(error))


def _lines_of(write: Callable[[], Any]) -> tuple[str, ...]:
    from gsmmodem.exceptions import TimeoutException

    try:
        return tuple(write() or ())
    except TimeoutException as error:
        raise _NoAnswerError(tuple(error.data or ())) from None


class _NoPort:
    """The library has the port."""

    def listen(self, events: object) -> None:
        """It is the library that listens."""

    def write(self, data: bytes) -> None:
        """Nothing is written past the library."""

    async def close(self) -> None:
        """It is the library that closes."""
