"""What a row of the command table is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from modemgw.simulator.command_line import Form

if TYPE_CHECKING:
    from modemgw.simulator.command_line import Command
    from modemgw.simulator.modem import SimulatedModem


@dataclass(frozen=True, slots=True)
class Ask:
    """The command wants a text: a TPDU of `length` octets, without the service centre's address."""

    length: int


Reply: TypeAlias = Sequence[str] | Ask
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
