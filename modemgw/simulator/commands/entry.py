"""What a row of the command table is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from modemgw.simulator.command_line import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem


@dataclass(frozen=True, slots=True)
class Ask:
    """The command wants a text, which `take` gets when Ctrl-Z ends it.

    `typed`: words, in lines that can be corrected; else hex in one line.
    """

    take: Callable[[str], Reply]
    typed: bool = False


Reply: TypeAlias = "Sequence[str] | Ask | None"
"""Information lines; Ask for a text; None where the answer comes later, by the interpreter's
`done` or `failed`."""
Handler: TypeAlias = "Callable[[SimulatedModem, Command], Reply]"


@dataclass(frozen=True, slots=True)
class Entry:
    """The forms of a command that there are (V.250 §5.4). A text stands for a constant answer
    behind the command's name; an empty one for a bare OK.
    """

    action: Handler | str | None = None
    set: Handler | str | None = None
    read: Handler | str | None = None
    test: Handler | str | None = None

    def answer(self, form: Form) -> Handler | str | None:
        """What answers this form; None where there is none."""
        match form:
            case Form.ACTION:
                return self.action
            case Form.SET:
                return self.set
            case Form.READ:
                return self.read
            case Form.TEST:
                return self.test
