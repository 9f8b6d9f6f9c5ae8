"""What a network allows a SIM: so many texts a while, or none at all."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_HOUR_S: Final = 3600.0
_DAY_S: Final = 24 * _HOUR_S
PERIODS: Final = {"minute": 60.0, "hour": _HOUR_S, "day": _DAY_S}
COUNT_LIMIT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` texts in any `per_s` seconds. Beyond, `code` is the cause that the network refuses
    with (RP-Cause, 24.011 §8.2.5.4), None where it says OK and throws the text away. With
    `block_s`, the first one beyond blocks the SIM for so long.
    """

    count: int
    per_s: float
    code: int | None
    block_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """A SIM that may send nothing until a time of the clock; `code` as in a limit."""

    code: int | None
    until: float


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the network makes of a part: refuses it with `code`, `drops` it silently, or takes it.

    `reason` is a word for the journal; empty where it takes it.
    """

    code: int | None = None
    drops: bool = False
    reason: str = ""


TAKEN: Final = Ruling()


@dataclass(slots=True)
class _Record:
    limits: tuple[Limit, ...] | None = None  # None: what holds for all
    block: Block | None = None
    sent: tuple[deque[float], ...] = field(default=())


class Limits:
    """Those of all SIMs, by number. `now` tells seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._for_all: tuple[Limit, ...] = ()
        self._records: dict[str, _Record] = {}

    def set(self, limits: tuple[Limit, ...], number: str | None = None) -> None:
        """What holds for a SIM, or for all that have none of their own; they count anew."""
        if number is not None:
            self._record(number).limits = limits
            self._record(number).sent = ()
            return
        self._for_all = limits
        for record in self._records.values():
            if record.limits is None:
                record.sent = ()

    def block(self, number: str, code: int | None, seconds: float = inf) -> None:
        """Let a SIM send nothing for so long."""
        self._record(number).block = Block(code, self._now() + seconds)

    def unblock(self, number: str) -> None:
        self._record(number).block = None

    def ruling(self, number: str) -> Ruling:
        """May this SIM send one more now?"""
        record = self._records.get(number)
        if record is None:
            if not self._for_all:
                return TAKEN
            record = self._record(number)
        if record.block is not None:
            if self._now() < record.block.until:
                return _against(record.block.code, "blocked")
            record.block = None
        for limit, sent in zip(self._of(record), self._sent(record), strict=True):
            while sent and sent[0] <= self._now() - limit.per_s:
                sent.popleft()
            if len(sent) >= limit.count:
                if limit.block_s:
                    self.block(number, limit.code, limit.block_s)
                return _against(limit.code, "limit")
        return TAKEN

    def count(self, number: str) -> None:
        """The network took one from this SIM."""
        record = self._records.get(number)
        if record is not None:
            for sent in self._sent(record):
                sent.append(self._now())

    def _record(self, number: str) -> _Record:
        return self._records.setdefault(number, _Record())

    def _of(self, record: _Record) -> tuple[Limit, ...]:
        return self._for_all if record.limits is None else record.limits

    def _sent(self, record: _Record) -> tuple[deque[float], ...]:
        limits = self._of(record)
        if len(record.sent) != len(limits):
            record.sent = tuple(deque(maxlen=limit.count or 1) for limit in limits)
        return record.sent


def _against(code: int | None, reason: str) -> Ruling:
    return Ruling(code, code is None, reason)
