"""What a command is: a value that knows its line, its answers and its patience."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from modemgw.at.parameters import prefix_of

if TYPE_CHECKING:
    from collections.abc import Callable

T_co = TypeVar("T_co", covariant=True)


def nothing(_lines: tuple[str, ...]) -> None:
    """The parser of a command that answers nothing but a final result."""


@dataclass(frozen=True, slots=True)
class Command(Generic[T_co]):
    """One AT command.

    `text` is the line without CR. `prefixes` may begin lines of the answer; `bare` says that
    lines without any prefix belong to it too (a PDU, an identity). `is_answer` tells a line of
    the answer from an announcement with the same prefix (`+CREG:`). `time_limit_s` is how long
    the final result may take. `parse` turns the lines into a value and raises AtError.
    `secret` keeps the line out of every record.
    """

    text: str
    parse: Callable[[tuple[str, ...]], T_co]
    prefixes: tuple[str, ...] = ()
    bare: bool = False
    time_limit_s: float = 5.0
    is_answer: Callable[[str], bool] | None = None
    expects_prompt: bool = False
    marker: bool = False
    secret: bool = False

    def claims(self, line: str) -> bool:
        """Whether a line with a prefix is part of this command's answer."""
        prefix = prefix_of(line)
        if prefix is None or prefix not in self.prefixes:
            return False
        return self.is_answer is None or self.is_answer(line)
