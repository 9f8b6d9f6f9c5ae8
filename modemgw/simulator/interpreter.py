"""Carries out command lines: one command after the other, to the first that fails (V.250 §5.3).

Theory of operation. A line becomes a queue of commands. Each answers at once, or asks for a text
(`Ask`), or later (None): then the line rests until the text is there, or until `done` or `failed`
is called. The information of all and one final result code are printed together.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from modemgw.simulator import accent
from modemgw.simulator.command_line import BadLineError, parse_line
from modemgw.simulator.commands import Ask, execute
from modemgw.simulator.errors import AtError
from modemgw.simulator.faults import FaultName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.simulator.command_line import Command
    from modemgw.simulator.commands import Reply
    from modemgw.simulator.modem import SimulatedModem


class Interpreter:
    """The command lines of one modem."""

    def __init__(self, modem: SimulatedModem) -> None:
        self._modem = modem
        self._line: list[Command] = []
        self._commands: deque[Command] = deque()
        self._blocks: list[Sequence[str]] = []
        self._asked: Ask | None = None

    def run(self, line: str) -> None:
        """A line came, from its AT on."""
        modem = self._modem
        if modem.faults.strikes(FaultName.ECHO):
            modem.settings.echo = True
        try:
            commands = parse_line(line[2:])
        except BadLineError:
            modem.terminal.answer([], "ERROR")
            return
        if modem.mishaps.before(commands):
            self._line, self._commands, self._blocks = commands, deque(commands), []
            self._go_on()

    def text(self, text: str | None) -> None:
        """The text that was asked for came; None: the user gave it up, which is no error."""
        asked, self._asked = self._asked, None
        if asked is None or text is None:
            self._modem.terminal.answer([], "OK")
            return
        try:
            reply = asked.take(text)
        except AtError as error:
            self._end(error)
            return
        if self._has_come(reply):
            self._go_on()

    def done(self, lines: Sequence[str]) -> None:
        """What a command was to answer later."""
        self._blocks.append(lines)
        self._go_on()
        self._modem.terminal.resume()

    def failed(self, error: AtError) -> None:
        """A command that was to answer later fails."""
        self._end(error)
        self._modem.terminal.resume()

    def _go_on(self) -> None:
        try:
            while self._commands:
                if not self._has_come(execute(self._modem, self._commands.popleft())):
                    return
        except AtError as error:
            self._end(error)
            return
        self._end(None)

    def _has_come(self, reply: Reply) -> bool:
        """Note a reply; false where it is still to come."""
        if reply is None:
            return False
        if isinstance(reply, Ask):
            self._asked = reply
            self._modem.ask(typed=reply.typed)
            return False
        self._blocks.append(reply)
        return True

    def _end(self, error: AtError | None) -> None:
        modem = self._modem
        final = "OK" if error is None else accent.final(modem, error)
        blocks, self._blocks = self._blocks, []
        self._commands.clear()
        if not modem.mishaps.answered():
            return
        unfinished = modem.personality.unfinished
        if unfinished and any(accent.written(command) in unfinished for command in self._line):
            for block in blocks:
                modem.announce(*block)
            modem.terminal.idle()
        elif any(line.startswith("+CMGL") for block in blocks for line in block):
            modem.terminal.answer(blocks, final, cut=modem.mishaps.in_listing())
        else:
            modem.terminal.answer(blocks, final)
        modem.indicators.check()
