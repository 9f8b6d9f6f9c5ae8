"""The modem's side of the line discipline: octets to command lines and texts, answers to octets.

Theory of operation. Three modes: COMMAND collects up to CR and hands the line over; TEXT, after a
prompt, collects up to Ctrl-Z or ESC (27.005 §3.5.1); BUSY reads nothing until the answer is there
and keeps what arrives, as a UART's receive buffer does. The owner is called back with a whole line
or text and replies by `answer`, `prompt` or `busy`. Announcements may come at any time but after
a prompt, where they wait for the answer.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modemgw.simulator.settings import Settings

_CR = b"\r"
_CTRL_Z = 0x1A
_ESC = 0x1B
_INPUT_LIMIT = 4096
_LINE_LIMIT = 1024
_WAITING_LIMIT = 256
_RESULT_DIGITS = {"OK": "0", "RING": "2", "NO CARRIER": "3", "ERROR": "4"}


class Mode(Enum):
    """What the next octet means."""

    COMMAND = "command"
    TEXT = "text"
    BUSY = "busy"


class Terminal:
    """One line discipline; `settings` is asked anew each time, since a restart replaces it."""

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
        self._waiting: list[bytes] = []
        self._last_line = ""
        self.mode = Mode.COMMAND

    def feed(self, data: bytes) -> None:
        """Octets from the user; beyond 4 KiB that were not yet read, the newest are lost."""
        self._input += data[: _INPUT_LIMIT - len(self._input)]
        while self._input and self._step():
            pass

    def _step(self) -> bool:
        if self.mode is Mode.COMMAND:
            return self._read_line()
        if self.mode is Mode.TEXT:
            return self._read_text()
        return False

    def _read_line(self) -> bool:
        if self._input[:2].upper() == b"A/":
            self._echo(2)
            self._take(2)
            self._line(self._last_line)
            return True
        end = self._input.find(_CR) + 1
        self._echo(end or len(self._input))
        if not end:
            if len(self._input) > _LINE_LIMIT:
                self._take(len(self._input))
            return False
        line = self._take(end).decode("latin-1")
        start = line.upper().find("AT")
        if start >= 0:
            self._last_line = line[start:].strip("\r\n\0 ").replace("\0", "")
            self._line(self._last_line)
        return True

    def _read_text(self) -> bool:
        ends = [at + 1 for at in (self._input.find(_CTRL_Z), self._input.find(_ESC)) if at >= 0]
        self._echo(min(ends, default=len(self._input)))
        if not ends:
            return False
        text = self._take(min(ends))
        escaped = text[-1] == _ESC
        self.mode = Mode.COMMAND
        self._text(None if escaped else text[:-1].decode("latin-1"))
        return True

    def _echo(self, end: int) -> None:
        if end > self._echoed and self._settings().echo:
            self._write(bytes(self._input[self._echoed : end]))
        self._echoed = end

    def _take(self, count: int) -> bytes:
        taken = bytes(self._input[:count])
        del self._input[:count]
        self._echoed = 0
        return taken

    def prompt(self) -> None:
        """Ask for a text."""
        self.mode = Mode.TEXT
        self._write(self._prompt)

    def busy(self) -> None:
        """Read nothing until `answer` or `idle`."""
        self.mode = Mode.BUSY

    def answer(self, blocks: Sequence[Sequence[str]], final: str, *, cut: bool = False) -> None:
        """Print information lines, a block for each command, and the final result code.

        `cut`: only the first half of it.
        """
        settings = self._settings()
        if settings.verbose:
            body = "".join("\r\n" + "\r\n".join(block) + "\r\n" for block in blocks if block)
            end = f"\r\n{final}\r\n"
        else:
            body = "".join(line + "\r\n" for block in blocks for line in block)
            end = _RESULT_DIGITS.get(final, final) + "\r"
        answer = (body + ("" if settings.quiet else end)).encode("latin-1", "replace")
        self._write(answer[: len(answer) // 2] if cut else answer)
        self.idle()

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
        """Print an unsolicited result code of one or two lines."""
        data = ("\r\n" + "\r\n".join(lines) + "\r\n").encode("latin-1", "replace")
        if self.mode is not Mode.TEXT:
            self._write(data)
        elif len(self._waiting) < _WAITING_LIMIT:
            self._waiting.append(data)

    def reset(self) -> None:
        """Forget everything that is half said."""
        self._input.clear()
        self._echoed = 0
        self._waiting.clear()
        self.mode = Mode.COMMAND
