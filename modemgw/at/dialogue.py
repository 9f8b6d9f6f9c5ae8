"""The dialogue with one modem, as a value machine.

Theory of operation
-------------------
One `Dialogue` stands for one AT port. Its owner hands over what was read (`receive`), which gives
events, and asks for what is to be written (`begin`, `payload`, `escape`), which gives bytes. The
dialogue never waits: that a command took too long is told to it (`timed_out`).

Every line is first given a `Sort`, which depends on nothing but the line, what the pending
command may answer (`modemgw.at.grammar`, a table) and what is still open of the lines before it
(below). Then `_TABLE` says for the present `State` what such a line does and which state follows.
All changes of state are in `_TABLE` (what the modem does) and `_STEPS` (what the owner does);
there are no others.

An announcement may come anywhere: before, inside and after an answer, between a prompt and its
final result, inside a listing, even between the two lines of another. So announcements
(`modemgw.at.unsolicited`, a table) are taken out first and never change the state. A line that
both tables know is the answer's as long as that lacks one.

*Open* are, at most one of each: the heading of an announcement whose PDU has not come (`+CMT`),
the heading of an entry of a listing whose PDU has not come (`+CMGL`), and the string of a `+CUSD`
that goes on over its line's end. A line of hex belongs to the heading opened last whose announced
length it has; a string takes what neither table knows, until its quotes are closed.

The prompt has no line end, so it is looked for before each line, and only where one is due.

*Dirty* is the state after a time-out, after ESC, of a port just opened, and after an OK without
the line that the answer must hold: an answer may be on its way that nobody waits for. If the next
command took it for its own, the two would be out of step for ever. So in this state nothing may
begin but a *marker*: a command whose answer holds a prefix that no late answer has (`AT+CMEE?`).
A modem answers in order; so once the marker's line was seen the next final result is the
marker's, and all before it was late. Late lines are events too: `+CMGS: 7` and `OK` after a
time-out are how a submit turns out to have succeeded. Whose answers are *owed* is remembered, so
a marker that timed out is not taken again (`marker_among`), nor one whose prefix a late answer
has.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from modemgw.at.answers.texts import HEADINGS
from modemgw.at.answers.ussd import MAX_CHARACTERS, closes_string, opens_string
from modemgw.at.errors import AtError
from modemgw.at.framing import Framer, Mark
from modemgw.at.parameters import prefix_of
from modemgw.at.results import ORDINARY, FinalResult, final_result, numeric_result
from modemgw.at.unsolicited import TWO_LINES, Topic, announced_octets, topic_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modemgw.at.command import Command

T = TypeVar("T")

CTRL_Z: Final = b"\x1a"
ESC: Final = b"\x1b"
MAX_ANSWER_LINES: Final = 4096
"""Lines kept of one answer; a listing of 255 texts has 510. What comes beyond is noise."""
MAX_ANSWER_CHARACTERS: Final = 524_288
"""Characters kept of one answer; a listing of 255 of the longest texts has 100,000."""


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
    the string of `+CUSD` has line ends. `modemgw.at.events` says what it means."""

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
    FINAL = auto()
    EMPTY = auto()  # an OK that ends an answer without the line that it must hold
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
        Sort.EMPTY: (_Do.FINISH, State.DIRTY),
        Sort.STRAY: (_Do.NOISE, State.RUNNING),
    },
    # A result in place of the prompt, or at it, ends the command; but a prompt may still open that
    # nobody waits for, if the result was not this command's. So the next one begins by ESC.
    State.PROMPTING: {
        Sort.INFO: (_Do.NOISE, State.PROMPTING),
        Sort.FINAL: (_Do.FINISH, State.DIRTY),
        Sort.EMPTY: (_Do.FINISH, State.DIRTY),
        Sort.PROMPT: (_Do.PROMPT, State.PROMPTED),
        Sort.STRAY: (_Do.NOISE, State.PROMPTING),
    },
    State.PROMPTED: {
        Sort.INFO: (_Do.NOISE, State.PROMPTED),
        Sort.FINAL: (_Do.FINISH, State.DIRTY),
        Sort.EMPTY: (_Do.FINISH, State.DIRTY),
        Sort.STRAY: (_Do.NOISE, State.PROMPTED),
    },
    State.SENT: {
        Sort.INFO: (_Do.KEEP, State.SENT),
        Sort.FINAL: (_Do.FINISH, State.IDLE),
        Sort.EMPTY: (_Do.FINISH, State.DIRTY),
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
        Sort.EMPTY: (_Do.LATE, State.MARKING),
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
_ECHO = re.compile(r"AT(?:[+^#$%*!].*|&?[A-Z]\d?|)$", re.IGNORECASE)
_ECHO_SHORTEST: Final = 4  # characters of an echo that has lost its beginning
_HEX = re.compile(r"[0-9A-Fa-f ]+")
_PAYLOAD = re.compile(r"[0-9A-Fa-f]+")
_DIRTYISH: Final = frozenset({State.DIRTY, State.MARKING, State.MARKED})
_PROMPT_MAY_LINGER: Final = _DIRTYISH | {State.PROMPTED, State.SENT}
_ONLY_ANSWERS: Final = frozenset({"+CMGS", "+CMGL", "+CMGR", "+CMSS", "+CMGW"})
_SMSC_OCTETS: Final = 12  # 24.011 §8.2.5.1: what a PDU may hold beyond the announced TPDU
_OWED_LIMIT: Final = 16
_STRING_LINES: Final = 64


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, with what is asked of it over and over."""

    text: str
    prefix: str | None
    final: FinalResult | None


class Dialogue:
    """The dialogue with one modem. A new one is dirty: nobody knows what the port still holds."""

    __slots__ = (
        "_characters",
        "_claimed",
        "_command",
        "_framer",
        "_head",
        "_head_is_newer",
        "_heading",
        "_lines",
        "_owed",
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
        self._characters = 0  # in _lines
        self._claimed = 0  # lines of the answer that had a prefix
        self._head = ""  # a two-line announcement whose second line has not come
        self._heading = ""  # the same for an entry of the answer
        self._head_is_newer = False  # of the two
        self._string: list[str] = []  # a +CUSD whose quotes are not closed
        self._owed: deque[Command[Any]] = deque(maxlen=_OWED_LIMIT)
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
        another command is pending, and while dirty for anything but a marker whose answer
        cannot be mistaken.
        """
        if command.marker and self._is_owed(command):
            raise AtError(f"a late answer may be mistaken for that of {command.text}")
        self._step(_step_for(command, self._state))
        if command.expects_prompt and not self._string:
            self._framer.prompt()  # one that is older than the command does not answer it
        self._take_up(command)
        self._written = command.text
        return command.text.encode("ascii") + b"\r"

    def marker_among(self, markers: Iterable[Command[T]]) -> Command[T] | None:
        """The first marker that no late answer can be mistaken for; None: all are spent."""
        return next((marker for marker in markers if not self._is_owed(marker)), None)

    def payload(self, text: str) -> bytes:
        """The bytes that answer the prompt: the text and Ctrl-Z, and no more (27.005 §3.5.1).

        Raises AtError where no prompt is open, and for anything but the hex of PDU mode.
        """
        if not _PAYLOAD.fullmatch(text):
            raise AtError("a payload is hex")
        self._step(Step.PAYLOAD)
        self._written = text
        return text.encode("ascii") + CTRL_Z

    def escape(self) -> bytes:
        """The bytes that take a prompt back (27.005 §3.5.1), also one from an earlier opening.

        Raises AtError where a command is pending that has no open prompt.
        """
        self._step(Step.ESCAPE)
        self._give_up()
        return ESC

    def timed_out(self) -> tuple[str, ...]:
        """The pending command took too long, or whoever waited for it has gone.

        Gives the lines that came so far: some modems forget the final result (`+CPIN?`).
        """
        self._step(Step.TIMED_OUT)
        lines = tuple(self._lines)
        self._give_up()
        return lines

    def receive(self, data: bytes) -> list[Event]:
        """What the bytes mean. Never raises; how they were cut makes no difference."""
        self._framer.feed(data)
        return [event for unit in self._units() for event in self._read(unit)]

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

    def _read(self, unit: str | Mark) -> Iterator[Event]:
        if unit is Mark.OVERLONG:
            yield Noise("")
            return
        if unit is Mark.PROMPT:
            yield from self._apply(Sort.PROMPT, _Line("", None, None))
            return
        text = self._without_prompt(unit)
        if not text or self._is_echo(text):
            return
        line = _Line(text, prefix_of(text), self._final(text))
        if self._string:
            if self._goes_on(line):
                yield from self._lengthen(line)
                return
            if line.prefix == "+CUSD" or line.final is not None:
                yield self._told_string()
        if line.final is not None or self._claims(line):
            yield from self._apply(self._sort(line), line)
        elif line.prefix is None:
            yield from self._read_bare(line)
        else:
            yield from self._read_announcement(line)

    def _read_announcement(self, line: _Line) -> Iterator[Event]:
        """A line with a prefix that no command awaits."""
        if line.prefix in TWO_LINES:
            if self._head:
                yield Unsolicited((self._head,))
            self._head, self._head_is_newer = line.text, True
        elif opens_string(line.text):
            self._string = [line.text]
        elif self._is_late(line):
            yield from self._apply(Sort.STRAY, line)
        else:
            yield self._announce(line)

    def _read_bare(self, line: _Line) -> Iterator[Event]:
        """A line without a prefix: an announcement in words, a PDU, an identity, or noise."""
        if topic_with(line.text, None) is not None:
            yield self._announce(line)
            return
        owner = self._heading_of(line.text)
        if owner and owner is self._head:
            self._head = ""
            yield Unsolicited((owner, line.text))
            return
        if owner:
            self._heading = ""
        yield from self._apply(self._sort(line), line)

    def _announce(self, line: _Line) -> Unsolicited:
        if topic_with(line.text, line.prefix) is Topic.START:
            self._verbose = False  # ATV is forgotten, too
        return Unsolicited((line.text,))

    def _without_prompt(self, text: str) -> str:
        """Some repeat the prompt in front of the answer; an escaped one may stand there too."""
        answer = self._command.answer if self._command is not None else None
        lingers = self._state in _PROMPT_MAY_LINGER or (answer is not None and not answer.free)
        return text.lstrip("> ") if lingers and not self._string else text

    def _is_echo(self, text: str) -> bool:
        if text == self._written:
            # An echo comes once: a payload of hex must not swallow an equal line later on.
            self._written = ""
            return True
        if self._string:
            return False  # its lines are a person's words: "AT&T", for one
        if text[0] in "Aa" and _ECHO.match(text):
            return True
        # One whose beginning was lost would be taken for an identity.
        free = self._command is not None and self._command.answer.free
        cut = free and len(text) >= _ECHO_SHORTEST and self._written.endswith(text)
        return cut and prefix_of(text) is None

    def _goes_on(self, line: _Line) -> bool:
        """Whether a line is part of the open string: neither table knows it."""
        if line.final is not None:
            return self._state is State.IDLE  # a text may say OK, but then nobody waits for one
        if self._claims(line) or self._heading_fitting(line.text):
            return False
        topic = topic_with(line.text, line.prefix)
        if line.prefix is None:  # a menu may have the entry "Start", but no modem says it so
            return topic is not Topic.START or not line.text.isupper()
        return topic is Topic.OTHER

    def _lengthen(self, line: _Line) -> Iterator[Event]:
        self._string.append(line.text)
        longest = sum(map(len, self._string)) > MAX_CHARACTERS
        if closes_string(line.text) or longest or len(self._string) >= _STRING_LINES:
            yield self._told_string()

    def _told_string(self) -> Unsolicited:
        lines, self._string = tuple(self._string), []
        return Unsolicited(lines)

    def _claims(self, line: _Line) -> bool:
        """Whether the answer that is awaited takes a line by its prefix."""
        if self._command is None or line.prefix is None:
            return False
        answer = self._command.answer
        return self._claimed < answer.most and answer.claims(line.text, line.prefix)

    def _is_late(self, line: _Line) -> bool:
        """While dirty, lines that only ever answer a command are late, not announced."""
        if self._state not in _DIRTYISH:
            return False
        return line.prefix in _ONLY_ANSWERS or any(
            owed.answer.claims(line.text, line.prefix) for owed in self._owed
        )

    def _heading_of(self, text: str) -> str:
        """The open heading that a line without prefix belongs to, "" for none.

        An identity of the same moment (an IMEI is hex digits too) is told by the length.
        """
        if fitting := self._heading_fitting(text):
            return fitting
        if self._command is not None and self._command.answer.free and not self._heading:
            return ""
        for heading in self._headings():
            if announced_octets(heading) is None or _HEX.fullmatch(text):
                return heading
        return ""

    def _heading_fitting(self, text: str) -> str:
        """The open heading opened last whose announced length a line has, "" for none."""
        fitting = (h for h in self._headings() if _has_length(text, announced_octets(h)))
        return next(fitting, "")

    def _headings(self) -> list[str]:
        """What is open, the newest first."""
        order = (self._head, self._heading) if self._head_is_newer else (self._heading, self._head)
        return [heading for heading in order if heading]

    def _sort(self, line: _Line) -> Sort:
        command = self._command
        if line.final is not None:
            empty = command is not None and command.answer.needed and not self._lines
            return Sort.EMPTY if empty and line.final.ok else Sort.FINAL
        if command is None:
            return Sort.STRAY
        if line.prefix is None:
            return Sort.INFO if command.answer.free else Sort.STRAY
        return Sort.INFO if self._claims(line) else Sort.STRAY

    def _final(self, text: str) -> FinalResult | None:
        final = final_result(text)
        if final is None and not self._verbose and self._command is not None:
            # Digits count only until the modem was heard to use words: `0` may be an answer's line.
            final = numeric_result(text)
        if final is None:
            return None
        finals = ORDINARY if self._command is None else self._command.answer.finals
        return final if final.kind in finals else None

    def _apply(self, sort: Sort, line: _Line) -> Iterator[Event]:
        action, state = _TABLE[self._state][sort]
        self._state = state
        match action:
            case _Do.KEEP:
                if not self._keep(line):
                    yield Noise(line.text)
            case _Do.FINISH:
                yield self._finish(line)
            case _Do.PROMPT:
                yield Prompt()
            case _Do.LATE:
                yield Late(line.text)
            case _:
                yield Noise(line.text)

    def _keep(self, line: _Line) -> bool:
        self._characters += len(line.text)
        if len(self._lines) >= MAX_ANSWER_LINES or self._characters > MAX_ANSWER_CHARACTERS:
            return False
        self._lines.append(line.text)
        if line.prefix is not None:
            self._claimed += 1
            self._heading = line.text if line.prefix in HEADINGS else ""
            self._head_is_newer = self._head_is_newer and not self._heading
        return True

    def _finish(self, line: _Line) -> Response:
        final, command = line.final, self._command
        assert final is not None
        assert command is not None
        self._verbose = self._verbose or final_result(line.text) is not None
        response = Response(command, tuple(self._lines), final)
        if self._state is State.DIRTY:
            self._give_up()
        else:
            self._owed.clear()
            self._take_up(None)
        return response

    def _give_up(self) -> None:
        """Stop waiting for the pending command; what it may still answer is owed."""
        if self._command is not None:
            self._owed.append(self._command)
        self._take_up(None)

    def _take_up(self, command: Command[Any] | None) -> None:
        self._command = command
        self._lines = []
        self._characters = self._claimed = 0
        self._heading = ""

    def _is_owed(self, marker: Command[Any]) -> bool:
        return any(owed.answer.prefixes & marker.answer.prefixes for owed in self._owed)

    def _step(self, step: Step) -> None:
        state = _STEPS[step].get(self._state)
        if state is None:
            raise AtError(f"{step.name.lower()} is out of turn while {self._state.name.lower()}")
        self._state = state


def _step_for(command: Command[Any], state: State) -> Step:
    if command.marker and state is State.DIRTY:
        return Step.BEGIN_MARKER
    return Step.BEGIN_PROMPTED if command.expects_prompt else Step.BEGIN


def _has_length(text: str, octets: int | None) -> bool:
    """Whether a line is a PDU of the octets announced, with the service centre's or without."""
    digits = len(text.replace(" ", ""))
    return (
        octets is not None
        and octets <= digits // 2 <= octets + _SMSC_OCTETS
        and digits % 2 == 0
        and _HEX.fullmatch(text) is not None
    )
