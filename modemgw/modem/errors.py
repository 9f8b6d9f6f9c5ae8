"""What can go wrong between us and a modem, in words for the person who has to act."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modemgw.at.command import Command
    from modemgw.at.results import FinalResult


class ModemError(Exception):
    """Anything that keeps a modem from doing what it was asked."""


class PortFault(StrEnum):
    """Why a port cannot be had or was lost."""

    MISSING = "missing"
    NO_RIGHTS = "no_rights"
    BUSY = "busy"
    NOT_A_TTY = "not_a_tty"
    UNREACHABLE = "unreachable"
    LOST = "lost"


class PortError(ModemError):
    """The port cannot be opened, or was lost. The text says which, why and what to do."""

    def __init__(self, fault: PortFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class ProfileError(ModemError):
    """A profile cannot be used, or there is none of that name. The text names file and key."""


class CommandError(ModemError):
    """The modem answered with an error."""

    def __init__(self, command: Command[Any], final: FinalResult) -> None:
        super().__init__(f"{_shown(command)} was answered by {final}")
        self.final = final


class CommandTimeoutError(ModemError):
    """The modem did not answer in time. `lines` is what came of the answer."""

    def __init__(self, command: Command[Any], limit_s: float, lines: tuple[str, ...]) -> None:
        super().__init__(f"{_shown(command)} was not answered within {limit_s:g} s")
        self.lines = lines


class UnresponsiveError(ModemError):
    """The dialogue could not be brought into step: no modem, or one that hangs."""


class NoTextsError(ModemError):
    """A modem answers, but not for texts: it may be the wrong one of its ports."""


class SamePortError(ModemError):
    """The modem on this port is driven through another of its ports already."""


def _shown(command: Command[Any]) -> str:
    return command.text.split("=", 1)[0] + "=…" if command.secret else command.text
