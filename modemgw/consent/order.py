"""Which was written later, the opt-out or the START: texts are not read in the order of writing.

A modem that was away, a sweep of several modems and the network itself change the order. What is
left is the time that a service centre put on each text (TP-SCTS, 23.040 §9.2.2.1), and those are
wrong by hours often enough: local time in the wrong zone, winter time in summer, two centres of one
operator that differ. So a START lifts an opt-out only where it is certain that it is the later one.

A STOP needs no such proof: however late it is read, it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# Clocks are told to be right, but in another zone: no two are farther apart than this.
ZONES_S: Final = 15 * 3_600.0
CLOCKS_S: Final = 2 * 86_400.0  # two such errors against each other, and a winter's hour
# A stamp that is so near to our own clock was put on just now.
FRESH_S: Final = 60.0
OLDEST_S: Final = 30 * 86_400.0  # a stamp before that may be a clock that was never set


@dataclass(frozen=True, slots=True)
class Sent:
    """When a text was sent, by the stamps of its parts; seconds of the epoch.

    `centre` is the service centre whose clock it is, None where it is not known or not one alone.
    """

    first_at: float | None = None
    last_at: float | None = None
    centre: str | None = None

    @classmethod
    def of(cls, stamps: Sequence[tuple[float | None, str | None]]) -> Sent:
        """Of the stamps and centres of all parts; one without a stamp leaves nothing known."""
        times = [at for at, _ in stamps if at is not None]
        if not times or len(times) < len(stamps):
            return UNKNOWN
        centres = {centre for _, centre in stamps}
        return cls(min(times), max(times), centres.pop() if len(centres) == 1 else None)


UNKNOWN: Final = Sent()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An opt-out: when it was sent, and by whose clock (None: ours, or not known)."""

    sent_at: float
    centre: str | None = None


def refusal(sent: Sent, now: float) -> Refusal:
    """The opt-out that a text read `now` makes: sent when its stamp says, where that can be."""
    at = sent.last_at
    if at is None or not now - OLDEST_S <= at <= now + ZONES_S:
        return Refusal(now)
    return Refusal(at, sent.centre)


def lifts(start: Sent, against: Refusal, now: float) -> bool:
    """Whether a START that is read `now` was certainly sent after an opt-out that was read before.

    By the same clock, later is later. By two, it is where the START was stamped just now, or where
    both clocks cannot be so wrong. Stamps are whole seconds, in which nobody writes both; programs
    that try us out do, and wait for our answer to the one before the other.
    """
    at = start.first_at
    if at is None or at > now + ZONES_S or at < against.sent_at:
        return False
    same_clock = start.centre is not None and start.centre == against.centre
    is_fresh = abs(now - at) <= FRESH_S
    if at == against.sent_at:
        return same_clock and is_fresh
    return same_clock or is_fresh or at - against.sent_at > CLOCKS_S
