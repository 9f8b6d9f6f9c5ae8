"""The modem's side of the line discipline: octets to command lines and texts, answers to octets.

Theory of operation. Three modes: COMMAND collects up to the character of S3 and hands the line
over; TEXT, after a prompt, collects up to Ctrl-Z or ESC (27.005 §3.5.1); BUSY reads nothing until
the answer is there and keeps what arrives, as a UART's receive buffer does. The owner is called
back with a whole line or text and replies by `answer`, `prompt` or `busy`. Announcements may come
at any time but after a prompt, where they wait for the answer.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modemgw.simulator.settings import Settings

_CTRL_Z = 0x1A
_ESC = 0x1B
_CR = 0x0D
_FIRST_PRINTABLE = 0x20
_INPUT_LIMIT = 4096
_TEXT_LIMIT = 2048
LINE_LIMIT = 1024
_WAITING_LIMIT = 256
_REPEAT = re.compile(rb"[\s\0]*[Aa]/")
_PREFIX = re.compile(r"AT|at")  # V.250 §5.2.1: both of one case
_RESULT_DIGITS = {
    "OK": "0",
    "CONNECT": "1",
    "RING": "2",
    "NO CARRIER": "3",
    "ERROR": "4",
    "NO DIALTONE": "6",
    "BUSY": "7",
    "NO ANSWER": "8",
}


class Mode(Enum):
    """What the next octet means."""

    COMMAND = "command"
    TEXT = "text"
    BUSY = "busy"


class Terminal:
    """One line discipline; `settings` is asked anew each time, since a restart replaces it.

    `came_early` is whether the last line was sent before the answer to the one in front of it.
    """

    def __init__(
        self,
        *,
        settings: Callable[[], Settings],
        write: Callable[[bytes], None],
        line: Callable[[str], None],
        text: Callable[[str | None], None],
        prompt: bytes = b"\r\n> ",
    ) -> None:
        """`line` gets a command line from its AT on; `text` a text, None where ESC ended it.

        `prompt` is how it asks for a text (27.005 §3.5.1).
        """
        self._prompt = prompt
        self._settings = settings
        self._write = write
        self._line = line
        self._text = text
        self._input = bytearray()
        self._echoed = 0
        self._early = 0
        self._too_long = False
        self._is_typed = False
        self._waiting: list[bytes] = []
        self._last_line = ""
        self.came_early = False
        self.mode = Mode.COMMAND

    def feed(self, data: bytes) -> None:
        """Octets from the user; beyond 4 KiB that were not yet read, the newest are lost."""
        self._input += data[: _INPUT_LIMIT - len(self._input)]
        while self._input and self._step():
            pass
        if self.mode is Mode.BUSY:
            self._early = len(self._input)

    def _step(self) -> bool:
        if self.mode is Mode.COMMAND:
            return self._read_line()
        if self.mode is Mode.TEXT:
            return self._read_text()
        return False

    def _read_line(self) -> bool:
        if b"/" in self._input and (repeat := _REPEAT.match(self._input)):
            self._echo(repeat.end())
            self._take(repeat.end())
            self._line(self._last_line)
            return True
        end = self._input.find(self._settings().registers[3]) + 1
        self._echo(end or len(self._input))
        if not end:
            self._bound_line()
            return False
        self.came_early = end <= self._early
        raw = self._take(end)
        line = self._edited(raw[:-1], control=False)
        start = _PREFIX.search(line)
        if self._too_long or (start and len(raw) > LINE_LIMIT):
            self._too_long = False
            self.answer([], "ERROR")
        elif start:
            self._last_line = line[start.start() :].rstrip(" ")
            self._line(self._last_line)
        return True

    def _bound_line(self) -> None:
        """A line that has no end yet: beyond the limit it is forgotten, and refused at its end."""
        if len(self._input) > LINE_LIMIT:
            start = _PREFIX.search(self._take(len(self._input)).decode("latin-1"))
            self._too_long = self._too_long or start is not None

    def _read_text(self) -> bool:
        ends = [at + 1 for at in (self._input.find(_CTRL_Z), self._input.find(_ESC)) if at >= 0]
        self._echo_text(min(ends, default=len(self._input)))
        if not ends:
            del self._input[_TEXT_LIMIT:]  # what is cut off makes the text a wrong one
            self._echoed = len(self._input)
            return False
        text = self._take(min(ends))
        escaped = text[-1] == _ESC
        self.mode = Mode.COMMAND
        content = text[:-1]
        typed = self._edited(content, control=True) if self._is_typed else content.decode("latin-1")
        self._text(None if escaped else typed)
        return True

    def _edited(self, octets: bytes, *, control: bool) -> str:
        """The characters that remain where S5 takes the one in front of it back.

        Without `control` the other control characters are left out (V.250 §5.2.2).
        """
        back = self._settings().registers[5]
        if back not in octets and (control or min(octets, default=255) >= _FIRST_PRINTABLE):
            return octets.decode("latin-1")
        kept = bytearray()
        for octet in octets:
            if octet == back:
                del kept[-1:]
            elif control or octet >= _FIRST_PRINTABLE:
                kept.append(octet)
        return kept.decode("latin-1")

    def _echo_text(self, end: int) -> None:
        """Echo, and ask for the next line of a text behind each CR (27.005 §3.5.1)."""
        start = self._echoed
        while self._is_typed and (at := self._input.find(_CR, start, end)) >= 0:
            start = at + 1
            self._echo(start)
            self._write(self._prompt)
        self._echo(end)

    def _echo(self, end: int) -> None:
        if end > self._echoed and self._settings().echo:
            self._write(bytes(self._input[self._echoed : end]))
        self._echoed = end

    def _take(self, count: int) -> bytes:
        taken = bytes(self._input[:count])
        del self._input[:count]
        self._echoed = 0
        self._early = max(0, self._early - count)
        return taken

    def prompt(self, *, typed: bool = False) -> None:
        """Ask for a text: hex in one line or, `typed`, words in lines that can be corrected."""
        self.mode = Mode.TEXT
        self._is_typed = typed
        self._write(self._prompt)

    def busy(self) -> None:
        """Read nothing until `answer` or `idle`."""
        self.mode = Mode.BUSY

    def answer(self, blocks: Sequence[Sequence[str]], final: str, *, cut: bool = False) -> None:
        """Print information lines, a block for each command, and the final result code
        (V.250 §5.7.1, §6.2.6).

        `cut`: only the first half of it.
        """
        settings = self._settings()
        end = settings.line_end
        before = end if settings.verbose else ""
        body = "".join(before + end.join(block) + end for block in blocks if block)
        answer = body if settings.quiet else body + self._result(final, end)
        octets = answer.encode("latin-1", "replace")
        self._write(octets[: len(octets) // 2] if cut else octets)
        self.idle()

    def _result(self, words: str, end: str) -> str:
        """A result code as V has it: words between line ends, or a digit and the end of S3."""
        if self._settings().verbose:
            return f"{end}{words}{end}"
        return _RESULT_DIGITS.get(words, words) + end[0]

    def idle(self) -> None:
        """Be ready for the next line, and go on with what arrived meanwhile."""
        self.mode = Mode.COMMAND
        waiting, self._waiting = self._waiting, []
        for announcement in waiting:
            self._write(announcement)

    def resume(self) -> None:
        """Read what arrived while busy."""
        self.feed(b"")

    def announce(self, *lines: str) -> None:
        """Print an unsolicited result code of one or two lines; Q1 silences it (V.250 §6.2.5)."""
        end = self._settings().line_end
        self._announce(self._result(end.join(lines), end))

    def announce_together(self, *codes: str) -> None:
        """Print several unsolicited result codes as one piece."""
        end = self._settings().line_end
        self._announce("".join(self._result(code, end) for code in codes))

    def _announce(self, printed: str) -> None:
        if self._settings().quiet:
            return
        data = printed.encode("latin-1", "replace")
        if self.mode is not Mode.TEXT:
            self._write(data)
        elif len(self._waiting) < _WAITING_LIMIT:
            self._waiting.append(data)

    def reset(self) -> None:
        """Forget everything that is half said."""
        self._input.clear()
        self._echoed = self._early = 0
        self._too_long = False
        self._waiting.clear()
        self.mode = Mode.COMMAND
