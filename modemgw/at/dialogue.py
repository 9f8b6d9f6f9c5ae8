"""The dialogue with one modem, as a value machine.

Theory of operation
-------------------
One `Dialogue` stands for one AT port. Its owner hands over what was read (`receive`), which gives
events, and asks for what is to be written (`begin`, `payload`, `escape`), which gives bytes. The
dialogue never waits: that a command took too long is told to it (`timed_out`).

Every line is first given a `Sort`, by `_sort`, which looks at nothing but the line, the pending
command and whether a two-line announcement lacks its second line. Then `_TABLE` says for the
present `State` what such a line does and which state follows. All changes of state are in
`_TABLE` (what the modem does) and `_STEPS` (what the owner does); there are no others.

An announcement may come anywhere: before, inside and after an answer, between a prompt and its
final result, inside a listing, even between the two lines of another. So announcements are taken
out first and never change the state.

The prompt has no line end, so it is looked for before each line, and only where one is due.

*Dirty* is the state after a time-out, after ESC, and of a port just opened: an answer may be on
its way that nobody waits for. If the next command took it for its own, the two would be out of
step for ever. So in this state nothing may begin but a *marker*: a command whose answer holds a
prefix that no late answer has (`AT+CMEE?`). A modem answers in order; so once the marker's line
was seen the next final result is the marker's, and all before it was late. Late lines are
events too: `+CMGS: 7` and `OK` after a time-out are how a submit turns out to have succeeded.
A marker that timed out may itself be late, so the owner takes another one for its next attempt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from modemgw.at import unsolicited
from modemgw.at.answers import MAX_CHARACTERS, closes_string, opens_string
from modemgw.at.errors import AtError
from modemgw.at.framing import Framer, Mark
from modemgw.at.parameters import prefix_of
from modemgw.at.results import CALL_RESULTS, FinalResult, final_result, numeric_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modemgw.at.command import Command

CTRL_Z: Final = b"\x1a"
ESC: Final = b"\x1b"
MAX_ANSWER_LINES: Final = 4096
"""Lines kept of one answer; a listing of 255 texts has 510. What comes beyond is noise."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The modem waits for a text: write the payload or escape."""


@dataclass(frozen=True, slots=True)
class Response:
    """A command is over."""

    command: Command[Any]
    lines: tuple[str, ...]
    final: FinalResult


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """An announcement: one line; two where the second is the PDU of `+CMT` or `+CDS`; more where
    the string of `+CUSD` has line ends."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Late:
    """A line that belongs to no command any more; see *dirty* above."""

    line: str


@dataclass(frozen=True, slots=True)
class Noise:
    """A line that is nobody's: an echo from before, garbage, or an over-long one (empty)."""

    line: str


Event: TypeAlias = Prompt | Response | Unsolicited | Late | Noise


class State(Enum):
    """Where the dialogue stands."""

    IDLE = auto()
    RUNNING = auto()  # a command is out, its final result is not there
    PROMPTING = auto()  # the same for one that has to be answered by a prompt first
    PROMPTED = auto()  # the modem waits for the payload
    SENT = auto()  # the payload is out, the final result is not there
    DIRTY = auto()
    MARKING = auto()  # a marker is out, its line is not there
    MARKED = auto()  # its line is there, its final result is not


class Sort(Enum):
    """What a line is, in the light of the pending command."""

    INFO = auto()  # part of the answer
    FINAL = auto()  # a final result that is not OK, or OK
    PROMPT = auto()
    STRAY = auto()  # nothing that is awaited


class Step(Enum):
    """What the owner does."""

    BEGIN = auto()
    BEGIN_PROMPTED = auto()
    BEGIN_MARKER = auto()
    PAYLOAD = auto()
    ESCAPE = auto()
    TIMED_OUT = auto()


class _Do(Enum):
    """What a line causes."""

    KEEP = auto()  # as a line of the answer
    FINISH = auto()  # the command with this final result
    PROMPT = auto()
    LATE = auto()
    NOISE = auto()


_TABLE: Final[dict[State, dict[Sort, tuple[_Do, State]]]] = {
    State.IDLE: {
        Sort.INFO: (_Do.NOISE, State.IDLE),
        Sort.FINAL: (_Do.NOISE, State.IDLE),
        Sort.STRAY: (_Do.NOISE, State.IDLE),
    },
    State.RUNNING: {
        Sort.INFO: (_Do.KEEP, State.RUNNING),
        Sort.FINAL: (_Do.FINISH, State.IDLE),
        Sort.STRAY: (_Do.NOISE, State.RUNNING),
    },
    # A result in place of the prompt, or at it, ends the command; but a prompt may still open that
    # nobody waits for, if the result was not this command's. So the next one begins by ESC.
    State.PROMPTING: {
        Sort.INFO: (_Do.NOISE, State.PROMPTING),
        Sort.FINAL: (_Do.FINISH, State.DIRTY),
        Sort.PROMPT: (_Do.PROMPT, State.PROMPTED),
        Sort.STRAY: (_Do.NOISE, State.PROMPTING),
    },
    State.PROMPTED: {
        Sort.INFO: (_Do.NOISE, State.PROMPTED),
        Sort.FINAL: (_Do.FINISH, State.DIRTY),
        Sort.STRAY: (_Do.NOISE, State.PROMPTED),
    },
    State.SENT: {
        Sort.INFO: (_Do.KEEP, State.SENT),
        Sort.FINAL: (_Do.FINISH, State.IDLE),
        Sort.STRAY: (_Do.NOISE, State.SENT),
    },
    State.DIRTY: {
        Sort.INFO: (_Do.LATE, State.DIRTY),
        Sort.FINAL: (_Do.LATE, State.DIRTY),
        Sort.STRAY: (_Do.LATE, State.DIRTY),
    },
    State.MARKING: {
        Sort.INFO: (_Do.KEEP, State.MARKED),
        Sort.FINAL: (_Do.LATE, State.MARKING),
        Sort.STRAY: (_Do.LATE, State.MARKING),
    },
    State.MARKED: {
        Sort.INFO: (_Do.KEEP, State.MARKED),
        Sort.FINAL: (_Do.FINISH, State.IDLE),
        Sort.STRAY: (_Do.LATE, State.MARKED),
    },
}

_STEPS: Final[dict[Step, dict[State, State]]] = {
    Step.BEGIN: {State.IDLE: State.RUNNING},
    Step.BEGIN_PROMPTED: {State.IDLE: State.PROMPTING},
    Step.BEGIN_MARKER: {State.DIRTY: State.MARKING},
    Step.PAYLOAD: {State.PROMPTED: State.SENT},
    # ESC may be answered by OK, by an error or not at all: what follows is late.
    Step.ESCAPE: {State.PROMPTED: State.DIRTY, State.DIRTY: State.DIRTY},
    Step.TIMED_OUT: dict.fromkeys(State, State.DIRTY),
}

# An echo of a command, also of one from before; no line of an answer begins like this.
_ECHO = re.compile(r"AT(?:[+^#$%*!&].*|[EVHIZ]\d?|)$", re.IGNORECASE)
_DIALLING = re.compile(r"AT[DAO]", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-Fa-f ]+")
_PROMPT_MAY_LINGER: Final = frozenset({State.PROMPTED, State.SENT, State.DIRTY, State.MARKING})
_DIRTYISH: Final = frozenset({State.DIRTY, State.MARKING, State.MARKED})
_ONLY_ANSWERS: Final = frozenset({"+CMGS", "+CMGL", "+CMGR", "+CMSS", "+CMGW"})
_STRING_LINES: Final = 64
_SMSC_OCTETS: Final = 12  # 24.011 §8.2.5.1: what a PDU may hold beyond the announced TPDU


class Dialogue:
    """The dialogue with one modem. A new one is dirty: nobody knows what the port still holds."""

    __slots__ = (
        "_command",
        "_framer",
        "_head",
        "_lines",
        "_state",
        "_string",
        "_verbose",
        "_written",
    )

    def __init__(self) -> None:
        self._framer = Framer()
        self._state = State.DIRTY
        self._command: Command[Any] | None = None
        self._lines: list[str] = []
        self._head = ""  # a two-line announcement whose second line has not come
        self._string: list[str] = []  # a +CUSD whose quotes are not closed
        self._written = ""
        self._verbose = False

    @property
    def state(self) -> State:
        """Where the dialogue stands."""
        return self._state

    @property
    def dropped(self) -> int:
        """Octets of over-long lines thrown away so far."""
        return self._framer.dropped

    def begin(self, command: Command[Any]) -> bytes:
        """The bytes that start a command: its line and CR, no LF (V.250 §5.2.1).

        An LF behind `AT+CMGS` would land in the text on some modems. Raises AtError while
        another command is pending, and for anything but a marker while dirty.
        """
        self._step(_step_for(command, self._state))
        if command.expects_prompt:
            self._framer.prompt()  # one that is older than the command does not answer it
        self._command = command
        self._lines = []
        self._written = command.text
        return command.text.encode("ascii") + b"\r"

    def payload(self, text: str) -> bytes:
        """The bytes that answer the prompt: the text and Ctrl-Z, and no more (27.005 §3.5.1).

        Raises AtError where no prompt is open.
        """
        self._step(Step.PAYLOAD)
        self._written = text
        return text.encode("ascii") + CTRL_Z

    def escape(self) -> bytes:
        """The bytes that take a prompt back (27.005 §3.5.1), also one from an earlier opening.

        Raises AtError where a command is pending that has no open prompt.
        """
        self._step(Step.ESCAPE)
        self._command = None
        return ESC

    def timed_out(self) -> tuple[str, ...]:
        """The pending command took too long, or whoever waited for it has gone.

        Gives the lines that came so far: some modems forget the final result (`+CPIN?`).
        """
        self._step(Step.TIMED_OUT)
        lines = tuple(self._lines)
        self._command = None
        self._lines = []
        return lines

    def receive(self, data: bytes) -> list[Event]:
        """What the bytes mean. Never raises; how they were cut makes no difference."""
        self._framer.feed(data)
        return [event for unit in self._units() for event in self._told(unit)]

    def _told(self, unit: str | Mark) -> Iterator[Event]:
        """What one line means, behind a `+CUSD` whose string may go on over its line's end."""
        if self._string and isinstance(unit, str):
            if not self._is_awaited(unit):
                self._string.append(unit)
                longest = sum(map(len, self._string)) > MAX_CHARACTERS
                if closes_string(unit) or longest or len(self._string) >= _STRING_LINES:
                    yield self._told_string()
                return
            yield self._told_string()  # its quotes were lost: what is awaited counts for more
        if (event := self._read(unit)) is not None:
            yield event

    def _told_string(self) -> Unsolicited:
        lines, self._string = tuple(self._string), []
        return Unsolicited(lines)

    def _units(self) -> Iterator[str | Mark]:
        """Prompts and lines; lazily, because what was read decides whether a prompt is due."""
        while True:
            due = self._state is State.PROMPTING and not self._string
            if due and self._framer.prompt():
                yield Mark.PROMPT
            elif (unit := self._framer.line()) is not None:
                yield unit
            else:
                return

    def _read(self, unit: str | Mark) -> Event | None:
        if unit is Mark.OVERLONG:
            return Noise("")
        if unit is Mark.PROMPT:
            return self._apply(Sort.PROMPT, "")
        # Some repeat the prompt in front of the answer; an escaped one may stand there too.
        line = unit.lstrip("> ") if self._state in _PROMPT_MAY_LINGER else unit
        if not line or self._is_echo(line):
            return None
        if self._is_awaited(line):
            return self._apply(self._sort(line), line)
        if opens_string(line):
            self._string = [line]
            return None
        if unsolicited.is_head(line):
            orphan, self._head = self._head, line
            return Unsolicited((orphan,)) if orphan else None
        if unsolicited.is_unsolicited(line) and not self._is_late(line):
            return Unsolicited((line,))
        if self._head and prefix_of(line) is None and self._completes(self._head, line):
            head, self._head = self._head, ""
            return Unsolicited((head, line))
        return self._apply(self._sort(line), line)

    def _is_echo(self, line: str) -> bool:
        if line == self._written:
            # An echo comes once: a payload of hex must not swallow an equal line later on.
            self._written = ""
            return True
        return _ECHO.match(line) is not None

    def _is_awaited(self, line: str) -> bool:
        command = self._command
        return (command is not None and command.claims(line)) or self._final(line) is not None

    def _is_late(self, line: str) -> bool:
        """While dirty, lines that only ever answer a command are late, not announced."""
        return self._state in _DIRTYISH and prefix_of(line) in _ONLY_ANSWERS

    def _completes(self, head: str, line: str) -> bool:
        """Whether a line without prefix is the second one of an announcement.

        An identity of the same moment (an IMEI is hex digits too) is told by the announced length.
        """
        if self._command is None or not self._command.bare:
            return True
        octets = unsolicited.announced_octets(head)
        digits = len(line.replace(" ", ""))
        return (
            _HEX.fullmatch(line) is not None
            and digits % 2 == 0
            and (octets is None or octets <= digits // 2 <= octets + _SMSC_OCTETS)
        )

    def _sort(self, line: str) -> Sort:
        if self._final(line) is not None:
            return Sort.FINAL
        command = self._command
        if command is None:
            return Sort.STRAY
        if command.claims(line) or (command.bare and prefix_of(line) is None):
            return Sort.INFO
        return Sort.STRAY

    def _final(self, line: str) -> FinalResult | None:
        final = final_result(line)
        if final is None and not self._verbose and self._command is not None:
            # Digits count only until the modem was heard to use words: `0` may be an answer's line.
            final = numeric_result(line)
        if final is not None and final.kind in CALL_RESULTS and not self._dials():
            return None
        return final

    def _dials(self) -> bool:
        return self._command is not None and _DIALLING.match(self._command.text) is not None

    def _apply(self, sort: Sort, line: str) -> Event | None:
        action, state = _TABLE[self._state][sort]
        self._state = state
        match action:
            case _Do.KEEP:
                if len(self._lines) >= MAX_ANSWER_LINES:
                    return Noise(line)
                self._lines.append(line)
                return None
            case _Do.FINISH:
                return self._finish(line)
            case _Do.PROMPT:
                return Prompt()
            case _Do.LATE:
                return Late(line)
            case _Do.NOISE:
                return Noise(line)

    def _finish(self, line: str) -> Response:
        final, command = self._final(line), self._command
        assert final is not None
        assert command is not None
        self._verbose = self._verbose or final_result(line) is not None
        response = Response(command, tuple(self._lines), final)
        self._command = None
        self._lines = []
        return response

    def _step(self, step: Step) -> None:
        state = _STEPS[step].get(self._state)
        if state is None:
            raise AtError(f"{step.name.lower()} is out of turn while {self._state.name.lower()}")
        self._state = state


def _step_for(command: Command[Any], state: State) -> Step:
    if command.marker and state is State.DIRTY:
        return Step.BEGIN_MARKER
    return Step.BEGIN_PROMPTED if command.expects_prompt else Step.BEGIN
