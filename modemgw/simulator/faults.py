"""Faults by name and probability, reproducible by the seed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


class FaultName(StrEnum):
    """What can be made to go wrong."""

    CMS_ERROR = "cms_error"  # the network refuses, with `code`
    LOST_OK = "lost_ok"  # the network accepted, the modem never answers
    LATE_OK = "late_ok"  # the network accepted, the modem answers `seconds` later
    NO_PROMPT = "no_prompt"  # AT+CMGS gets neither prompt nor answer
    SLOW_PROMPT = "slow_prompt"  # the prompt comes `seconds` later
    REBOOT_IN_SUBMIT = "reboot_in_submit"  # restarts at Ctrl-Z; every second one was on the air
    GARBAGE = "garbage"  # random bytes between and inside answers
    NUL = "nul"  # NUL octets inside what it prints
    ECHO = "echo"  # echo switches itself on again
    DROP_CMTI = "drop_cmti"  # a stored text is not announced
    DUP_CMTI = "dup_cmti"  # a stored text is announced twice


@dataclass(slots=True)
class Fault:
    """An armed fault.

    `p` is the probability, 0 to 1, of each occasion; `left` counts the strikes that remain, None
    for no end; `code` is the `+CMS ERROR`; `seconds` the delay of what comes
    late.
    """

    p: float
    code: int = 500
    seconds: float = 5.0
    left: int | None = None


class Faults:
    """The faults of one modem."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._armed: dict[FaultName, Fault] = {}

    def arm(self, name: FaultName, fault: Fault) -> None:
        """Arm a fault; a probability of 0 takes it away."""
        if fault.p > 0:
            self._armed[name] = fault
        else:
            self._armed.pop(name, None)

    def is_armed(self, name: FaultName) -> bool:
        return name in self._armed

    def strikes(self, name: FaultName) -> Fault | None:
        """The fault, if it strikes on this occasion; draws from the seeded source only if armed."""
        fault = self._armed.get(name)
        if fault is None or self._rng.random() >= fault.p:
            return None
        if fault.left is not None:
            fault.left -= 1
            if not fault.left:
                del self._armed[name]
        return fault
