"""A modem for the model test: it answers in order, or late, or in part, or not at all.

What it writes is kept with what it is, so that a test knows of every octet whose it was.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Kind(Enum):
    """What the modem wrote."""

    LINE = auto()  # of an answer
    FINAL = auto()
    PROMPT = auto()
    ANNOUNCEMENT = auto()
    OTHER = auto()  # echo and garbage


@dataclass(frozen=True, slots=True)
class Written:
    """Something that the modem wrote, by the turn of the command that it was for.

    It is known as soon as `known_at` octets of the wire were read.
    """

    kind: Kind
    turn: int
    text: str
    known_at: int


@dataclass(frozen=True, slots=True)
class Script:
    """What a command is answered by: its lines, its final result; `prompts` first."""

    lines: tuple[str, ...]
    final: str
    prompts: bool = False


class NaiveModem:
    """Reads commands, payloads and ESC in order; each is done when `work` is called."""

    def __init__(self) -> None:
        self.wire = bytearray()
        self.written: deque[Written] = deque()
        self.echo = True
        self.end = "\r\n"
        self._read: deque[Callable[[], None]] = deque()
        self._turn_at_prompt: tuple[int, Script] | None = None
        self._sent = 0

    @property
    def busy(self) -> bool:
        """Whether something that it has read is not done."""
        return bool(self._read)

    @property
    def at_prompt(self) -> bool:
        """Whether it waits for a text."""
        return self._turn_at_prompt is not None

    def command(self, turn: int, text: str, script: Script, lost: frozenset[Kind]) -> None:
        """Take a command line, to be answered but for what gets lost."""
        self._read.append(lambda: self._do_command(turn, text, script, lost))

    def payload(self, turn: int, script: Script, lost: frozenset[Kind]) -> None:
        """Take a text and Ctrl-Z, unless that gets lost: then it goes on waiting for it."""
        if Kind.PROMPT not in lost:
            self._read.append(lambda: self._do_payload(turn, script, lost))

    def escape(self, answer: str) -> None:
        """Take ESC; `answer` is what it says if it waits for a text, "" for nothing."""
        self._read.append(lambda: self._do_escape(answer))

    def work(self) -> None:
        """Do the next thing that it has read."""
        if self._read:
            self._read.popleft()()

    def lapse(self) -> None:
        """Wait no longer for a text."""
        if self._turn_at_prompt is not None:
            turn, script = self._turn_at_prompt
            self._turn_at_prompt = None
            self._write(Kind.FINAL, turn, script.final)

    def say(self, kind: Kind, text: str, turn: int = 0) -> None:
        """Write a line of its own accord."""
        self._write(kind, turn, text)

    def send(self, count: int) -> bytes:
        """The next octets of the wire."""
        data = bytes(self.wire[:count])
        del self.wire[:count]
        self._sent += len(data)
        return data

    def known(self) -> list[Written]:
        """What was written and is wholly sent by now, once."""
        done = []
        while self.written and self.written[0].known_at <= self._sent:
            done.append(self.written.popleft())
        return done

    def _do_command(self, turn: int, text: str, script: Script, lost: frozenset[Kind]) -> None:
        if self.echo:
            self._write(Kind.OTHER, turn, text)
        if self._turn_at_prompt is not None:
            return  # it is text now
        if script.prompts:
            self._turn_at_prompt = (turn, script)
            if Kind.PROMPT not in lost:
                self._write(Kind.PROMPT, turn, "> ")
            return
        self._answer(turn, script, lost)

    def _do_payload(self, turn: int, script: Script, lost: frozenset[Kind]) -> None:
        if self._turn_at_prompt is not None:
            self._turn_at_prompt = None
            self._answer(turn, script, lost)

    def _do_escape(self, answer: str) -> None:
        if self._turn_at_prompt is not None:
            self._turn_at_prompt = None
            if answer:
                self._write(Kind.OTHER, 0, answer)

    def _answer(self, turn: int, script: Script, lost: frozenset[Kind]) -> None:
        """Line by line, so that something else may come between."""
        rest = [(Kind.LINE, line) for line in script.lines] + [(Kind.FINAL, script.final)]
        for kind, text in reversed([part for part in rest if part[0] not in lost]):
            self._read.appendleft(partial(self._write, kind, turn, text))

    def _write(self, kind: Kind, turn: int, text: str) -> None:
        start = self._sent + len(self.wire)
        if kind is Kind.PROMPT:
            self.wire += f"{self.end}> ".encode()
            known_at = start + len(self.end) + 1
        else:
            self.wire += f"{self.end}{text}{self.end}".encode("latin-1")
            # The line ends with the first CR or LF; a NUL may stand before it.
            known_at = (
                start + len(self.end) + len(text) + len(self.end) - len(self.end.lstrip("\0"))
            )
            known_at += 1
        self.written.append(Written(kind, turn, text, known_at))
