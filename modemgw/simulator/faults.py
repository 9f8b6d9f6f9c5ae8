"""Faults by name and probability, reproducible by the seed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random


class FaultName(StrEnum):
    """What can be made to go wrong. "Occasion" is what `p` is the probability of."""

    # Occasion: a submit.
    CMS_ERROR = "cms_error"  # the network refuses, with one of `codes`; 197: it has it already
    ACCEPTED_ERROR = "accepted_error"  # it accepted, the modem says one of `codes`; 0 is ERROR
    LOST_OK = "lost_ok"  # the network accepted, the modem never answers
    LATE_OK = "late_ok"  # the network accepted, the modem answers `seconds` later
    NO_ANSWER = "no_answer"  # it never reached the network; the modem is deaf for `seconds`
    REBOOT_IN_SUBMIT = "reboot_in_submit"  # restarts at Ctrl-Z; every second one was on the air
    UNPLUG_IN_SUBMIT = "unplug_in_submit"  # the same, and the port is gone for `seconds`

    # Occasion: an AT+CMGS.
    NO_PROMPT = "no_prompt"  # it gets neither prompt nor answer
    SLOW_PROMPT = "slow_prompt"  # the prompt comes `seconds` later
    STUCK = "stuck"  # it neither listens nor prints until AT+CFUN=1,1 restarts it
    SIM_REMOVED = "sim_removed"  # the SIM is out for `seconds`
    REGISTRATION_LOST = "registration_lost"  # there is no network for `seconds`

    # Occasion: any command line.
    ECHO = "echo"  # echo switches itself on again

    # Occasion: any command about texts (+CMGS, +CMGR, +CMGL, +CMGD).
    DEAD = "dead"  # neither listens nor prints for `seconds`; the port opens

    # Occasion: a listing that has texts, or a delete.
    UNPLUG_IN_LISTING = "unplug_in_listing"  # gone for `seconds`, half the list is printed
    UNPLUG_IN_DELETE = "unplug_in_delete"  # gone for `seconds`; every second one was deleted

    # Occasion: a text that came in.
    DROP_CMTI = "drop_cmti"  # a stored text is not announced
    DUP_CMTI = "dup_cmti"  # a stored text is announced twice

    # Occasion: a text that finds no room, or a submit while there is none.
    MEMORY_FULL = "memory_full"  # it says so, and takes no text to send

    # Occasion: whatever is printed at once: an answer, a prompt, an announcement.
    NUL = "nul"  # a NUL octet inside
    GARBLED = "garbled"  # some octets above 127 inside
    URC = "urc"  # announcements before, behind and between its lines
    TRICKLE = "trickle"  # octet by octet, `seconds` apart
    SLOW = "slow"  # `seconds` later

    # Occasion: each tenth of a second.
    GARBAGE = "garbage"  # random octets between answers


@dataclass(slots=True)
class Fault:
    """An armed fault.

    `p` is the probability, 0 to 1, of each occasion; `left` counts the strikes that remain, None
    for no end; `skip` occasions pass before the first that counts; `codes` are what its
    `+CMS ERROR` may say; `seconds` is how long it lasts, or the delay of what comes late.
    """

    p: float
    codes: tuple[int, ...] = (500,)
    seconds: float = 5.0
    left: int | None = None
    skip: int = 0


class Faults:
    """The faults of one modem."""

    def __init__(
        self, chance: Callable[[FaultName], Random], noted: Callable[[FaultName], None]
    ) -> None:
        """`chance` gives each fault its own seeded source; `noted` is told of each strike."""
        self._chance = chance
        self._sources: dict[FaultName, Random] = {}
        self._noted = noted
        self._armed: dict[FaultName, Fault] = {}

    def arm(self, name: FaultName, fault: Fault) -> None:
        """Arm a fault; a probability of 0 takes it away."""
        if fault.p > 0:
            self._armed[name] = fault
        else:
            self._armed.pop(name, None)

    @property
    def are_none(self) -> bool:
        """Whether nothing can go wrong now."""
        return not self._armed

    def armed(self) -> Mapping[FaultName, Fault]:
        """What is armed now."""
        return dict(self._armed)

    def is_armed(self, name: FaultName) -> bool:
        return name in self._armed

    def strikes(self, name: FaultName) -> Fault | None:
        """The fault, if it strikes on this occasion; draws from its source only if armed."""
        fault = self._armed.get(name)
        if fault is None:
            return None
        if fault.skip:
            fault.skip -= 1
            return None
        if self._source(name).random() >= fault.p:
            return None
        if fault.left is not None:
            fault.left -= 1
            if not fault.left:
                del self._armed[name]
        self._noted(name)
        return fault

    def _source(self, name: FaultName) -> Random:
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = self._chance(name)
        return source
