"""A recording fed to the dialogue of today: the same events, or where it departs.

Theory of operation
-------------------
A recording has all that a dialogue was told: what was read, what its owner began, sent, escaped
and gave up. Each entry becomes the same step of a new `Dialogue`. What our side wrote is the
witness: it was written because of what the dialogue had made of the bytes before. So where the
dialogue of today does not allow a step (the command before it is not over, the prompt was not
seen), or has ended what our side gave up, it has understood those bytes otherwise. Where the
recording has the events noted, they are compared too.

Behind a departure the replay goes on as if the dialogue were in step, to show what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from modemgw.at import commands
from modemgw.at.command import command, nothing
from modemgw.at.dialogue import (
    CTRL_Z,
    ESC,
    Dialogue,
    Event,
    Late,
    Noise,
    Prompt,
    Response,
    State,
    Unsolicited,
)
from modemgw.at.errors import AtError
from modemgw.modem.in_step import dialogue_in_step
from modemgw.modem.recorder import Direction
from modemgw.modem.recording import Moment, Recording

if TYPE_CHECKING:
    from modemgw.at.command import Command
    from modemgw.modem.recorder import Entry


@dataclass(frozen=True, slots=True)
class Step:
    """An entry, the events that it makes now, and in words where that departs; "" if nowhere."""

    entry: Entry
    events: tuple[str, ...] = ()
    departure: str = ""


def replay(recording: Recording) -> list[Step]:
    """Feed a recording to the dialogue. Never raises."""
    player = _Player()
    steps = []
    begun = not recording.heading.cut
    for moment in recording.moments:
        # A recording that begins in the middle is followed from the first whole exchange on.
        if not begun:
            begun = player.can_begin_with(moment.entry)
        steps.append(player.play(moment) if begun else Step(moment.entry))
    return steps


def with_events(recording: Recording) -> Recording:
    """The recording with the events that it makes now noted in it: a test from here on."""
    moments = tuple(
        Moment(step.entry, step.events if step.entry.direction is Direction.READ else None)
        for step in replay(recording)
    )
    return Recording(recording.heading, moments)


def words(event: Event) -> str:
    """An event on one line, as recordings note it."""
    match event:
        case Prompt():
            return "prompt"
        case Response(command, lines, final):
            return f"answer to {command.text}: " + " | ".join((*lines, str(final)))
        case Unsolicited(lines):
            return "announced: " + " | ".join(lines)
        case Late(line):
            return f"late: {line}"
        case Noise(line):
            return f"noise: {line}"


class _Player:
    """A dialogue, and the steps that its owner took."""

    def __init__(self) -> None:
        self._dialogue = Dialogue()

    def can_begin_with(self, entry: Entry) -> bool:
        """Whether everything before this entry is over; if so the dialogue is made ready for it."""
        if entry.direction is Direction.WRITTEN and _is_command(entry.data):
            self._dialogue = _in_step()
            return True
        return entry.direction is Direction.OPENED

    def play(self, moment: Moment) -> Step:
        entry = moment.entry
        try:
            events, departure = self._play(entry), ""
        except AtError as error:
            departure = f"this was written, but now the dialogue says: {error}"
            self._dialogue = _in_step(self._dialogue.state)
            events = self._again(entry)
        else:
            departure = self._early_end(entry)
        if entry.direction is Direction.GAVE_UP:
            self._dialogue.timed_out()
        seen = tuple(map(words, events))
        if not departure and moment.events is not None and seen != moment.events:
            departure = f"events were {list(moment.events)}, now they are {list(seen)}"
        return Step(entry, seen, departure)

    def _early_end(self, entry: Entry) -> str:
        if entry.direction is Direction.GAVE_UP and self._dialogue.state is State.IDLE:
            return "here a command was given up, but now its answer was complete before"
        return ""

    def _again(self, entry: Entry) -> list[Event]:
        try:
            return self._play(entry)
        except AtError:
            return []

    def _play(self, entry: Entry) -> list[Event]:
        """Take one step. Raises AtError where the dialogue does not allow it."""
        match entry.direction:
            case Direction.READ:
                return self._dialogue.receive(entry.data)
            case Direction.WRITTEN:
                self._write(entry.data)
            case Direction.OPENED:
                self._dialogue = Dialogue()
            case Direction.GAVE_UP | Direction.NOTE:
                pass
        return []

    def _write(self, data: bytes) -> None:
        if data.startswith(ESC):
            self._dialogue.escape()  # with CR behind it, or with a reset, which has no answer
        elif data.endswith(CTRL_Z):
            self._dialogue.payload(data[:-1].decode("latin-1"))
        else:
            self._dialogue.begin(command_of(data.decode("latin-1").rstrip("\r")))


def _is_command(data: bytes) -> bool:
    return data[:2].upper() == b"AT"


def _in_step(state: State = State.DIRTY) -> Dialogue:
    """A dialogue that is idle; or at its prompt, where one was due and was not seen."""
    dialogue = dialogue_in_step()
    if state is State.PROMPTING:
        dialogue.begin(commands.submit(0))
        dialogue.receive(b"\r\n> ")
    return dialogue


def command_of(text: str) -> Command[Any]:
    """The command that was written as `text`, a masked one too. Raises AtError for none."""
    return _MARKERS.get(text) or command(text, nothing)


_MARKERS: Final = {marker.text: marker for marker in commands.MARKERS}
