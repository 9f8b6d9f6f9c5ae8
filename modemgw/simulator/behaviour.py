"""What phones do: take texts or not, answer, say STOP; by their numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from modemgw import pdu
from modemgw.simulator.delay import AT_ONCE, Delay, read_delay
from modemgw.simulator.reports import ABSENT, NO_ROOM

if TYPE_CHECKING:
    from modemgw.simulator.control_fields import Fields

RULES_LIMIT: Final = 1000
_ANSWERS_LIMIT: Final = 100
_NOT_OBTAINABLE: Final = 0x43  # permanent (23.040 §9.2.3.15)
ALPHABETS: Final = ("auto", "gsm7", "ucs2")
_WILD: Final = frozenset("*?[")


class State(StrEnum):
    """Whether a phone takes texts."""

    ON = "on"
    OFF = "off"  # texts wait for it
    FULL = "full"  # texts wait until there is room
    UNKNOWN = "unknown"  # there is no such number: reported as undelivered for good


_WAITING_ST: Final = {State.OFF: ABSENT, State.FULL: NO_ROOM}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a phone does with a text.

    `answers` are said in turn, one for each text, `answer_after` it came, with the probability
    `answer_p`; {text} in them is what came, {n} which of its sender's texts it was. Behind the
    `stop_after`th text of a sender it says `stop_text` instead, and nothing more to that sender.
    `st` and `report_delay` are those of its reports, `waiting_st` that of the one which says that a
    text waits; `refuse` is the cause with which the network refuses texts to it at once.
    """

    state: State = State.ON
    answers: tuple[str, ...] = ()
    answer_after: Delay = AT_ONCE
    answer_p: float = 1.0
    alphabet: str = "auto"
    stop_after: int = 0
    stop_text: str = "STOP"
    st: int | None = None
    waiting_st: int | None = None
    report_delay: Delay | None = None
    refuse: int | None = None

    @property
    def talks(self) -> bool:
        """Whether it may say something."""
        return bool(self.answers or self.stop_after)

    @property
    def held_st(self) -> int:
        """TP-ST of the report on a text that waits for it."""
        return _WAITING_ST.get(self.state, ABSENT) if self.waiting_st is None else self.waiting_st

    @property
    def lost_st(self) -> int:
        """TP-ST of the report on a text to a number that there is not."""
        return _NOT_OBTAINABLE if self.st is None else self.st


ACCEPTS: Final = Behaviour()


@lru_cache(maxsize=RULES_LIMIT)
def _matcher(number: str) -> re.Pattern[str]:
    return re.compile(translate(number))


@dataclass(frozen=True, slots=True)
class Rule:
    """The phones whose numbers fit `number`, which may have the wildcards of a shell."""

    number: str
    behaviour: Behaviour

    @property
    def is_pattern(self) -> bool:
        return not _WILD.isdisjoint(self.number)

    def fits(self, number: str) -> bool:
        return _matcher(self.number).match(number) is not None

    def switched_on(self) -> Rule:
        """The same with its phones on."""
        return Rule(self.number, replace(self.behaviour, state=State.ON))


def read_behaviour(fields: Fields, old: Behaviour) -> Behaviour:
    """What is left out stays as it was. ControlError for what no phone can do."""
    answers = _texts(fields, "answer") if fields.has("answer") else old.answers
    stop_text = _texts(fields, "stop_text")[0] if fields.has("stop_text") else old.stop_text
    delay = fields.has("report_delay")
    return replace(
        old,
        state=State(fields.choice("state", tuple(State), old.state)),
        answers=answers,
        answer_after=read_delay(fields, "answer_after", old.answer_after),
        answer_p=fields.number("answer_p", 0, 1, old.answer_p),
        alphabet=fields.choice("alphabet", ALPHABETS, old.alphabet),
        stop_after=fields.integer("stop_after", 0, 1_000_000, old.stop_after),
        stop_text=stop_text,
        st=fields.integer("st", 0, 255) if fields.has("st") else old.st,
        waiting_st=(
            fields.integer("waiting_st", 0x20, 0x3F) if fields.has("waiting_st") else old.waiting_st
        ),
        report_delay=(read_delay(fields, "report_delay", AT_ONCE) if delay else old.report_delay),
        refuse=fields.integer("refuse", 1, 255) if fields.has("refuse") else old.refuse,
    )


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    """Texts that a phone can send. An empty one says nothing."""
    texts = fields.texts(name)
    if len(texts) > _ANSWERS_LIMIT:
        raise fields.error(name, f"{_ANSWERS_LIMIT} at most, not {len(texts)}")
    for text in texts:
        try:
            pdu.encode_deliver("+1", text, scts=datetime.now(UTC), ref=0)
        except pdu.PduError as problem:
            raise fields.error(name, f"this text cannot be sent: {problem}") from None
    return tuple(texts)
