"""How a line stands: whether it may send, why not, and until when. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from modemgw.store.pauses import modem_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modemgw.store.prepared import Record

EVERYTHING = "all"  # what can be paused, beside lines, modems and pools


class LineState(StrEnum):
    """What a line may do. It receives in all of them."""

    ACTIVE = "active"
    RESTING = "resting"  # sends nothing for a time; nobody has to do anything
    PAUSED = "paused"  # by a person
    QUARANTINED = "quarantined"  # its operator seems to have blocked it; until a person releases it
    RETIRED = "retired"  # for good


BARRED = frozenset({LineState.RESTING, LineState.QUARANTINED, LineState.RETIRED})
"""The states in which nobody waits for a line: what sticks to it goes another way."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A state, why, and until when (seconds of the epoch); None: until a person ends it, or for
    good.
    """

    state: LineState
    reason: str | None = None
    until: float | None = None


ACTIVE = Standing(LineState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept of a line that decides how it stands. Times are seconds of the epoch."""

    retired_at: float | None = None
    quarantined_at: float | None = None
    quarantine_reason: str | None = None
    resting_until: float | None = None
    rest_reason: str | None = None

    @classmethod
    def of(cls, row: Record) -> Facts:
        """Those of a line's row."""
        return cls(
            row.retired_at,
            row.quarantined_at,
            row.quarantine_reason,
            row.resting_until,
            row.rest_reason,
        )


@dataclass(frozen=True, slots=True)
class Pauses:
    """What people have paused, with their reasons, by scope."""

    reasons: Mapping[str, str] = field(default_factory=dict)

    def of_line(self, line_id: str) -> str | None:
        """Why a line is paused, by itself or with everything; None: it is not."""
        own = self.reasons.get(line_scope(line_id))
        return own if own is not None else self.reasons.get(EVERYTHING)

    def of_modem(self, modem_id: str) -> str | None:
        """Why a modem is paused, by itself; None: it is not."""
        return self.reasons.get(modem_scope(modem_id))


def line_scope(line_id: str) -> str:
    """A line, where something is said of a line, a pool or everything."""
    return f"line:{line_id}"


def paused_lines(scopes: Iterable[str]) -> frozenset[str]:
    """The lines among these scopes."""
    prefix = line_scope("")
    return frozenset(scope.removeprefix(prefix) for scope in scopes if scope.startswith(prefix))


def pool_scope(pool: str) -> str:
    """A pool, likewise."""
    return f"pool:{pool}"


def standing_of(line_id: str, facts: Facts, pauses: Pauses, now: float) -> Standing:
    """How a line stands at a moment. What lasts longest is told."""
    if facts.retired_at is not None:
        return Standing(LineState.RETIRED, "taken out of service")
    if facts.quarantined_at is not None:
        return Standing(LineState.QUARANTINED, facts.quarantine_reason)
    reason = pauses.of_line(line_id)
    if reason is not None:
        return Standing(LineState.PAUSED, reason)
    if facts.resting_until is not None and facts.resting_until > now:
        return Standing(LineState.RESTING, facts.rest_reason, facts.resting_until)
    return ACTIVE
