"""One dialogue over one port: commands are awaited, announcements are called back.

`lock` is the modem's turn: `execute` takes it for one command; who needs several in a row (a
submit, a sweep) takes it himself and uses `run` and `begin`. A command that was given up leaves
the dialogue dirty; the next one brings it into step first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from modemgw.alarm import Alarm
from modemgw.at import commands
from modemgw.at.dialogue import Dialogue, Late, Noise, Prompt, Response, State, Unsolicited
from modemgw.at.unsolicited import is_boot
from modemgw.modem.errors import (
    CommandError,
    CommandTimeoutError,
    PortError,
    PortFault,
    UnresponsiveError,
)
from modemgw.modem.exchange import Exchange
from modemgw.modem.port import PortEvents
from modemgw.modem.recorder import Direction

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.at.command import Command
    from modemgw.modem.port import Port
    from modemgw.modem.recorder import Recorder
    from modemgw.modem.settings import Timing

T = TypeVar("T")

_LATE_LINES = 64


class Channel:
    """A modem's port and the dialogue over it."""

    def __init__(self, port: Port, recorder: Recorder, timing: Timing) -> None:
        loop = asyncio.get_running_loop()
        self.lock = asyncio.Lock()
        self.late: deque[str] = deque(maxlen=_LATE_LINES)
        """Lines that came after their command was given up; whoever uses them clears them."""
        self.lost: asyncio.Future[PortError] = loop.create_future()
        self.noise = 0
        """Lines so far that were nobody's."""
        self.on_unsolicited: Callable[[tuple[str, ...]], None] = _ignore
        """Gets each announcement as its lines; must return at once."""
        self.is_boot: Callable[[str], bool] = is_boot
        """Whether a line tells that the modem has started anew; makers have their own words."""
        self.alarm = Alarm()
        """The limit of the exchange that is waited for."""
        self._port = port
        self._recorder = recorder
        self._timing = timing
        self._dialogue = Dialogue()
        self._exchange: Exchange | None = None
        self._received = asyncio.Event()
        recorder.record(Direction.OPENED)
        port.listen(PortEvents(self._read, self._lose))

    @property
    def dirty(self) -> bool:
        """Whether the dialogue has to be brought into step before the next command."""
        return self._dialogue.state is State.DIRTY

    async def execute(self, command: Command[T], limit_s: float | None = None) -> T:
        """Run one command in its turn and give its answer.

        Raises CommandError, CommandTimeoutError, UnresponsiveError, PortError, and AtError for
        an answer that cannot be read.
        """
        async with self.lock:
            return await self.run(command, limit_s)

    async def run(self, command: Command[T], limit_s: float | None = None) -> T:
        """As `execute`, for who holds `lock`."""
        if self.dirty:
            await self.synchronise()
        limit_s = limit_s or command.time_limit_s * self._timing.patience
        response = await self._exchange_with(command, limit_s)
        if not response.final.ok:
            raise CommandError(command, response.final)
        return command.parse(response.lines)

    def begin(self, command: Command[Any]) -> Exchange:
        """Write a command, now; for who holds `lock` and awaits the exchange.

        Who stops waiting must call `give_up`. Raises AtError where the dialogue is not idle.
        """
        data = self._dialogue.begin(command)
        if not command.marker:
            self._recorder.reveal()  # no answer of before is due any more, nor its echo
        self._exchange = exchange = Exchange(self, command)
        self._write(data, secret=command.secret)
        if self.lost.done():
            exchange.note_end(self.lost.result())
        return exchange

    def send_payload(self, payload: str) -> None:
        """See `Exchange.send`."""
        self._write(self._dialogue.payload(payload))

    def waits_at_prompt(self, exchange: Exchange) -> bool:
        """See `Exchange.open`."""
        alive = self._exchange is exchange and not self.lost.done()
        return alive and self._dialogue.state is State.PROMPTED

    def give_up(self, exchange: Exchange) -> tuple[str, ...]:
        """Stop waiting for an exchange; the dialogue is dirty then, unless it was over.

        Gives the lines of an answer that came without its final result.
        """
        if self._exchange is not exchange:
            return ()
        self._exchange = None
        return self._stop_waiting()

    async def withdraw(self, exchange: Exchange) -> None:
        """Take a prompt back by ESC and bring the dialogue into step.

        Raises UnresponsiveError or PortError where that fails: nothing was submitted even so.
        """
        if self._exchange is exchange:
            self._exchange = None
            if self._dialogue.state is not State.PROMPTED:
                self._stop_waiting()
            self._write(self._dialogue.escape())
            # OK, an error or nothing: all three occur.
            await self._quiet(self._timing.drain_s, self._timing.escape_s, at_least_one=True)
        if self.dirty:
            await self.synchronise()

    async def listen(self) -> None:
        """Read until the modem falls silent: what an earlier opening left is in `late` then."""
        await self._quiet(self._timing.listen_s, self._timing.listen_limit_s)

    async def await_boot(self) -> None:
        """Let a modem that has just restarted say all that it says then (`RDY` … `SMS Ready`)."""
        await self._quiet(self._timing.boot_quiet_s, self._timing.boot_s)

    async def synchronise(self) -> None:
        """Bring the dialogue into step. Raises UnresponsiveError, PortError.

        ESC CR first, which leaves a prompt and is nothing anywhere else; never Ctrl-Z, which
        would send a half-written text. Then markers, until one is answered.
        """
        limit_s = self._timing.marker_s
        for attempt in range(self._timing.synchronise_attempts):
            marker = self._dialogue.marker_among(commands.MARKERS)
            if marker is None:
                break  # each has been left unanswered
            if attempt % 2 == 0:
                self._write(self._dialogue.escape() + b"\r")
                await self._quiet(self._timing.drain_s, limit_s)
            try:
                await self._exchange_with(marker, limit_s)
            except CommandTimeoutError:
                continue
            if attempt > 0:
                # The markers before may still be answered; nothing is pending that could take it.
                await self._quiet(self._timing.listen_s, self._timing.listen_limit_s)
            return
        raise UnresponsiveError(
            f"no answer to AT commands in {self._timing.synchronise_attempts} attempts: "
            "no modem, the wrong one of its ports, or it hangs"
        )

    async def resynchronise(self) -> None:
        """As `synchronise`, of a dialogue that seems to be in step; for who holds `lock`."""
        if not self.dirty:
            self._stop_waiting()
        await self.synchronise()

    async def reset(self, command: str, limit_s: float) -> bool:
        """Write a command that makes the modem restart, and wait until it says that it has started
        or its port goes with it; false where neither comes within the limit. Raises PortError.
        """
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        listener = self.on_unsolicited

        def hear(lines: tuple[str, ...]) -> None:
            listener(lines)
            if self.is_boot(lines[0]) and not started.done():
                started.set_result(None)

        await self.listen()  # what it said at an earlier start is not meant
        self.on_unsolicited = hear
        self._write(self._dialogue.escape() + b"\r" + command.encode("ascii") + b"\r")
        ends: set[asyncio.Future[Any]] = {self.lost, started}
        await asyncio.wait(ends, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            await self.await_boot()
        return started.done() or self.lost.done()

    def abandon(self, reason: str) -> None:
        """Give the port up: whoever waits for an answer gets PortError, nothing is written more."""
        self._lose(PortError(PortFault.LOST, reason))

    async def close(self) -> None:
        """Close the port; whoever waits for an answer gets PortError."""
        self._lose(PortError(PortFault.LOST, "the port was closed to recover the modem"))
        await self._port.close()

    async def _exchange_with(self, command: Command[Any], limit_s: float) -> Response:
        exchange = self.begin(command)
        try:
            return await exchange.final(limit_s)
        except CommandTimeoutError:
            raise CommandTimeoutError(command, limit_s, self.give_up(exchange)) from None
        finally:
            self.give_up(exchange)  # whoever waited may have been cancelled

    async def _quiet(self, silence_s: float, limit_s: float, *, at_least_one: bool = False) -> None:
        """Wait until nothing was read for a while. Raises PortError where the port is lost."""
        deadline = asyncio.get_running_loop().time() + limit_s
        self._received.clear()
        patience = limit_s if at_least_one else silence_s
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            if self.lost.done():
                raise self.lost.result()
            try:
                async with asyncio.timeout(min(patience, left)):
                    await self._received.wait()
            except TimeoutError:
                return
            self._received.clear()
            patience = silence_s

    def _read(self, data: bytes) -> None:
        self._recorder.record(Direction.READ, data)
        for event in self._dialogue.receive(data):
            match event:
                case Unsolicited(lines):
                    self._announce(lines)
                case Response() as response:
                    self._answer(response)
                case Prompt():
                    if self._exchange is not None:
                        self._exchange.note_prompt()
                case Late(line) | Noise(line) if self.is_boot(line) and not is_boot(line):
                    # A maker's own words. `+CFUN: 1`, which is everybody's, may just be late.
                    self._announce((line,))
                case Late(line):
                    self.late.append(line)
                case Noise():
                    self.noise += 1
        self._received.set()

    def _announce(self, lines: tuple[str, ...]) -> None:
        if self._exchange is not None and self.is_boot(lines[0]):
            self._exchange.note_restart()
        self.on_unsolicited(lines)

    def _stop_waiting(self) -> tuple[str, ...]:
        self._recorder.record(Direction.GAVE_UP)
        return self._dialogue.timed_out()

    def _answer(self, response: Response) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.note_end(response)

    def _lose(self, error: PortError) -> None:
        self._recorder.record(Direction.NOTE, str(error).encode())
        if not self.lost.done():
            self.lost.set_result(error)
        self._received.set()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.note_end(error)
        self.alarm.close()

    def _write(self, data: bytes, *, secret: bool = False) -> None:
        if self.lost.done():
            return
        self._recorder.record(Direction.WRITTEN, data, secret=secret)
        self._port.write(data)


def _ignore(_lines: tuple[str, ...]) -> None:
    """For a channel that nobody listens to yet."""
