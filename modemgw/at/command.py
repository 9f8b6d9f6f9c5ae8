"""What a command is: a value that knows its line, its answer and its patience."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from modemgw.at.errors import AtError
from modemgw.at.grammar import answer_of, keys_of, rule_for
from modemgw.at.parameters import prefix_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.at.grammar import Answer

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

_LINE = re.compile(r"[Aa][Tt][ -~]{0,500}")


def nothing(_lines: tuple[str, ...]) -> None:
    """The parser of a command that answers nothing but a final result."""


@dataclass(frozen=True, slots=True)
class Command(Generic[T_co]):
    """One AT command, or several joined by `;`.

    `text` is the line without CR. `parse` turns the lines of its `answer` into a value and raises
    AtError. `time_limit_s` is how long the final result may take. `marker`: no late answer can
    be mistaken for its own, see `modemgw.at.dialogue`. `secret` keeps the line out of every
    record.
    """

    text: str
    parse: Callable[[tuple[str, ...]], T_co]
    answer: Answer
    time_limit_s: float
    marker: bool = False
    secret: bool = False

    def __post_init__(self) -> None:
        """Nobody gets a second line into it. Raises AtError for what is no command line."""
        if not _LINE.fullmatch(self.text):
            raise AtError("no command line" if self.secret else f"no command line: {self.text!r}")

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What lines of its answer may begin with."""
        return tuple(sorted(self.answer.prefixes))

    @property
    def expects_prompt(self) -> bool:
        """Whether the modem asks for a text first."""
        return self.answer.prompt


def command(
    text: str,
    parse: Callable[[tuple[str, ...]], T],
    *,
    time_limit_s: float | None = None,
    marker: bool = False,
    secret: bool = False,
) -> Command[T]:
    """A command with the answer and the time limit that the table has for it.

    Raises AtError for what is no command line: not printable ASCII, too long, not beginning with
    AT.
    """
    rules = [rule_for(key) for key in keys_of(text)]
    if time_limit_s is None:
        time_limit_s = sum(rule.limit.seconds for rule in rules)
    answer = answer_of(tuple(rule.answer for rule in rules))
    return Command(text, parse, answer, time_limit_s, marker, secret)


def joined(*commands: Command[Any]) -> Command[tuple[Any, ...]]:
    """Several commands in one line (V.250 §5.2.1), their values in order.

    A modem that refuses one does none behind it, and says so once for all. Raises AtError for a
    command that asks for a text, which nothing may follow, and for two whose answers have no
    prefix, which could not be told apart.
    """
    if any(one.expects_prompt for one in commands):
        raise AtError("a command that asks for a text stands alone")
    if sum(one.answer.free for one in commands) > 1:
        raise AtError("two answers without prefixes cannot be told apart")
    return command(
        "AT" + ";".join(one.text[2:] for one in commands),
        _Shares(commands),
        time_limit_s=sum(one.time_limit_s for one in commands),
        secret=any(one.secret for one in commands),
    )


@dataclass(frozen=True, slots=True)
class _Shares:
    """Reads the answers of joined commands, each in its own lines."""

    commands: tuple[Command[Any], ...]

    def __call__(self, lines: tuple[str, ...]) -> tuple[Any, ...]:
        return tuple(
            one.parse(tuple(line for line in lines if _is_of(one.answer, line)))
            for one in self.commands
        )


def _is_of(answer: Answer, line: str) -> bool:
    prefix = prefix_of(line)
    return answer.claims(line, prefix) or (answer.free and prefix is None)
