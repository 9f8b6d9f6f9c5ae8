"""The dialogue against a naive model: what the modem wrote for whom, and who was told what.

The model knows of every line whose it is, because the modem says so aside; the dialogue has only
the octets. Answers come late, in part, or never; announcements come between any two lines; the
octets are cut anywhere. Whatever happens, no response, line or prompt may be attributed to
another command than the one that it was for, no announcement may be lost, and every command ends.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from modemgw.at import commands
from modemgw.at.command import joined
from modemgw.at.dialogue import Prompt, Response, State, Unsolicited
from tests.at.driving import clean_dialogue
from tests.at.naive_modem import Kind, NaiveModem, Script, Written

if TYPE_CHECKING:
    from modemgw.at.command import Command

# As it comes out, octets above 127 in ISO 8859-1. It is nobody's, but an answer that may be any
# text cannot tell it from its own.
_GARBAGE = frozenset({"\xc3\xbf?", "x >", "+", "%"})
_LOST = [
    *[frozenset[Kind]()] * 4,
    frozenset({Kind.LINE}),
    frozenset({Kind.FINAL}),
    frozenset({Kind.PROMPT}),
    frozenset({Kind.LINE, Kind.FINAL}),
]
_LOSSES = st.sampled_from(_LOST)


def _pdu(turn: int) -> str:
    """Fifteen octets, of which the service centre's are one: all of one length, none equal."""
    return f"00{turn:028X}"


def _signal(turn: int) -> tuple[Command[Any], Script]:
    return commands.SIGNAL, Script((f"+CSQ: {turn},99",), "OK")


def _maker(turn: int) -> tuple[Command[Any], Script]:
    return commands.MAKER, Script((f"Maker {turn}",), "OK")


def _imei(turn: int) -> tuple[Command[Any], Script]:
    return commands.IMEI, Script((f"{350_000_000_000_000 + turn}",), "OK")


def _registration(turn: int) -> tuple[Command[Any], Script]:
    return commands.REGISTRATIONS[0], Script((f'+CREG: 2,1,"{turn:04X}","00AA"',), "OK")


def _text(turn: int) -> tuple[Command[Any], Script]:
    return commands.read_text(turn), Script(("+CMGR: 1,,14", _pdu(turn)), "OK")


def _listing(turn: int) -> tuple[Command[Any], Script]:
    lines = (f"+CMGL: {turn},1,,14", _pdu(turn), f"+CMGL: {turn + 1},1,,14", _pdu(turn + 5000))
    return commands.LIST_TEXTS, Script(lines, "OK")


def _deletion(turn: int) -> tuple[Command[Any], Script]:
    return commands.delete_text(turn), Script((), f"+CMS ERROR: {turn}")


def _submit(turn: int) -> tuple[Command[Any], Script]:
    return commands.submit(14), Script((f"+CMGS: {turn}",), "OK", prompts=True)


def _together(turn: int) -> tuple[Command[Any], Script]:
    command = joined(commands.SIGNAL, commands.OPERATOR)
    return command, Script((f"+CSQ: {turn},99", f'+COPS: 0,0,"{turn}"'), "OK")


_MAKERS = [_signal, _maker, _imei, _registration, _text, _listing, _deletion, _submit, _together]
_KINDS = st.sampled_from(_MAKERS)
_TOLD = ["cmti", "cmt", "split cmt", "creg", "ring", "end", "ussd"]
_ENDS = ["\r\n", "\r", "\n", "\r\r\n", "\x00\r\n"]
_AFTER_ESCAPE = ["", "OK", "+CMS ERROR: 9"]


def _sensible(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(line for line in lines if line not in _GARBAGE)


class DialogueModel(RuleBasedStateMachine):
    """The dialogue, a naive modem, and what the model expects of both."""

    @initialize()
    def begin(self) -> None:
        self.dialogue = clean_dialogue()
        self.modem = NaiveModem()
        self.turn = 0
        self.current: tuple[int, Command[Any], Script] | None = None
        self.lines: list[str] = []
        self.marked = False
        self.announced: list[str] = []
        self.told: list[str] = []
        self.prompted = False

    # What the owner does.

    @precondition(lambda self: self.dialogue.state is State.IDLE)
    @rule(make=_KINDS, lost=_LOSSES)
    def a_command_begins(self, make: Any, lost: frozenset[Kind]) -> None:
        self.turn += 1
        command, script = make(self.turn)
        self._start(command, script, lost)

    @precondition(lambda self: self.dialogue.state is State.DIRTY)
    @rule(lost=_LOSSES, escaping=st.booleans(), answer=st.sampled_from(_AFTER_ESCAPE))
    def a_marker_begins(self, lost: frozenset[Kind], escaping: bool, answer: str) -> None:
        marker = self.dialogue.marker_among(commands.MARKERS)
        if marker is None:
            self._reopen()
            return
        if escaping:
            self.dialogue.escape()
            self.modem.escape(answer)
        self.turn += 1
        prefix = marker.text[2:-1]
        self._start(marker, Script((f"{prefix}: {self.turn}",), "OK"), lost)

    @precondition(lambda self: self.dialogue.state is State.PROMPTED)
    @rule(lost=_LOSSES)
    def the_payload_is_written(self, lost: frozenset[Kind]) -> None:
        assert self.current is not None
        turn, _, script = self.current
        self.dialogue.payload(_pdu(turn))
        self.modem.payload(turn, script, lost)

    @precondition(lambda self: self.dialogue.state is State.PROMPTED)
    @rule(answer=st.sampled_from(_AFTER_ESCAPE))
    def the_prompt_is_taken_back(self, answer: str) -> None:
        self.dialogue.escape()
        self.modem.escape(answer)
        self.current = None

    @precondition(lambda self: self.current is not None)
    @rule()
    def the_command_times_out(self) -> None:
        assert _sensible(self.dialogue.timed_out()) == tuple(self.lines)
        assert self.dialogue.state is State.DIRTY
        self.current = None

    # What the modem does.

    @precondition(lambda self: self.modem.busy)
    @rule()
    def the_modem_works(self) -> None:
        self.modem.work()

    @precondition(lambda self: self.modem.at_prompt)
    @rule()
    def the_modem_waits_no_longer_at_the_prompt(self) -> None:
        self.modem.lapse()

    @rule(what=st.sampled_from(_TOLD))
    def something_is_announced(self, what: str) -> None:
        self.turn += 1
        turn = self.turn
        lines = {
            "cmti": [f'+CMTI: "SM",{turn}'],
            "cmt": ["+CMT: ,14", _pdu(turn)],
            "split cmt": [f"+CDS: {14}", f'+CMTI: "ME",{turn}', _pdu(turn)],
            "creg": [f'+CREG: 1,"{turn:04X}","{turn:08X}",7'],
            "ring": ["RING"],
            "end": ["NO CARRIER"],
            "ussd": [f'+CUSD: 1,"Menu {turn}', "> 1. OK?", '2. no",15'],
        }[what]
        for line in lines:
            self.modem.say(Kind.ANNOUNCEMENT, line)

    @rule(garbage=st.sampled_from(sorted(_GARBAGE)))
    def garbage_comes(self, garbage: str) -> None:
        self.modem.say(Kind.OTHER, garbage)

    @rule(echo=st.booleans(), end=st.sampled_from(_ENDS))
    def the_modem_changes_its_ways(self, echo: bool, end: str) -> None:
        self.modem.echo, self.modem.end = echo, end

    @rule(count=st.integers(1, 60))
    def octets_arrive(self, count: int) -> None:
        self._receive(self.modem.send(count))

    @rule()
    def all_octets_arrive(self) -> None:
        self._receive(self.modem.send(len(self.modem.wire)))

    @invariant()
    def the_dialogue_is_busy_when_a_command_is_pending(self) -> None:
        if self.current is None:
            assert self.dialogue.state in (State.IDLE, State.DIRTY)

    def teardown(self) -> None:
        """Every command ends, and no announcement was lost."""
        if not hasattr(self, "dialogue"):
            return
        self._work_off()
        self._receive(self.modem.send(len(self.modem.wire)))
        if self.current is not None:
            self.the_command_times_out()
        assert sorted(self.told) == sorted(self.announced)
        self._settle()
        self.turn += 1
        command, script = _signal(self.turn)
        self._start(command, script, frozenset())
        self._work_off()
        self._receive(self.modem.send(len(self.modem.wire)))
        assert self.current is None
        assert self._state() is State.IDLE

    def _settle(self) -> None:
        """A modem that is well again is in step after one marker."""
        if self._state() is State.IDLE:
            return
        marker = self.dialogue.marker_among(commands.MARKERS)
        if marker is None:
            self._reopen()
            return
        self.a_marker_begins(frozenset(), escaping=True, answer="OK")
        self._work_off()
        self._receive(self.modem.send(len(self.modem.wire)))
        assert self.current is None
        assert self._state() is State.IDLE

    def _work_off(self) -> None:
        while self.modem.busy:
            self.modem.work()

    def _state(self) -> State:
        return self.dialogue.state

    def _start(self, command: Command[Any], script: Script, lost: frozenset[Kind]) -> None:
        written = self.dialogue.begin(command)
        assert written == command.text.encode() + b"\r"
        self.current = (self.turn, command, script)
        self.lines = []
        self.marked = self.prompted = False
        self.modem.command(self.turn, command.text, script, lost)

    def _reopen(self) -> None:
        """All markers are spent: the owner opens the port anew and waits until it is silent."""
        self._work_off()
        self._receive(self.modem.send(len(self.modem.wire)))
        self.modem.lapse()
        self.modem.send(len(self.modem.wire))
        self.modem.known()
        self.dialogue = clean_dialogue()
        self.current = None

    def _receive(self, data: bytes) -> None:
        events = self.dialogue.receive(data)
        expected: list[object] = []
        for written in self.modem.known():
            self._expect(written, expected)
        found: list[object] = []
        for event in events:
            if isinstance(event, Response):
                found.append((event.command.text, _sensible(event.lines), str(event.final)))
            elif isinstance(event, Prompt):
                found.append("prompt")
            elif isinstance(event, Unsolicited):
                self.told += event.lines
        assert found == expected

    def _expect(self, written: Written, expected: list[object]) -> None:
        """What a naive reader who knows whose each line is makes of one."""
        if written.kind is Kind.ANNOUNCEMENT:
            self.announced.append(written.text)
        if self.current is None or written.turn != self.current[0]:
            return
        _, command, _ = self.current
        if written.kind is Kind.LINE:
            self.lines.append(written.text)
        elif written.kind is Kind.PROMPT:
            expected.append("prompt")
        elif written.kind is Kind.FINAL and (not command.marker or self.lines):
            expected.append((command.text, tuple(self.lines), written.text))
            self.current = None


TestDialogueModel = DialogueModel.TestCase
TestDialogueModel.settings = settings(stateful_step_count=60, deadline=None)


@pytest.mark.parametrize("seed", range(400))
def test_a_long_life_of_a_bad_line(seed: int) -> None:
    """The same steps, a hundred at a time, more often where they hurt: late and lost answers."""
    source = random.Random(seed)
    model = DialogueModel()
    model.begin()
    for _ in range(100):
        _step(model, source)
    model.teardown()


def _step(model: DialogueModel, source: random.Random) -> None:
    state = model.dialogue.state
    chance = source.random()
    if state is State.IDLE:
        model.a_command_begins(source.choice(_MAKERS), source.choice(_LOST))
    elif state is State.DIRTY:
        answer = source.choice(_AFTER_ESCAPE)
        model.a_marker_begins(source.choice(_LOST), chance < 0.7, answer)
    elif state is State.PROMPTED and chance < 0.5:
        model.the_payload_is_written(source.choice(_LOST))
    elif state is State.PROMPTED and chance < 0.6:
        model.the_prompt_is_taken_back(source.choice(_AFTER_ESCAPE))
    elif chance < 0.2:
        model.the_command_times_out()
    for _ in range(source.randint(0, 4)):
        _happens(model, source)
    model.the_dialogue_is_busy_when_a_command_is_pending()


def _happens(model: DialogueModel, source: random.Random) -> None:
    chance = source.random()
    if chance < 0.45:
        model.modem.work()
    elif chance < 0.75:
        model.octets_arrive(source.randint(1, 80))
    elif chance < 0.9:
        model.something_is_announced(source.choice(_TOLD))
    elif chance < 0.94:
        model.garbage_comes(source.choice(sorted(_GARBAGE)))
    elif chance < 0.97:
        model.modem.lapse()
    else:
        model.the_modem_changes_its_ways(source.random() < 0.5, source.choice(_ENDS))
