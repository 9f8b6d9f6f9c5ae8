"""What the simulator's journal tells of a run: how busy the radios were, and what became of texts.

A radio is busy from Ctrl-Z to the answer (`t_ctrl_z` to `t` of a `submit`); what lies between the
answer and the next Ctrl-Z of the same modem is a gap, and the sender's doing.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.measure import percentiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STEADY = (0.1, 0.9)  # of the answers, in the order of their times


@dataclass(frozen=True, slots=True)
class Span:
    """A time of CLOCK_MONOTONIC."""

    begin_ns: int
    end_ns: int

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.begin_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Radio:
    """`use` is the share of `whole` (first Ctrl-Z to last answer) in which the bank's radios were
    busy; what is steady is that of the middle four fifths of the submits, without the start and the
    end of the run."""

    whole: Span
    use: float
    steady: Span
    steady_use: float
    steady_submits: int
    gap_p50_ms: float
    gap_p99_ms: float

    @property
    def steady_per_s(self) -> float:
        return self.steady_submits / self.steady.seconds if self.steady.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of texts with a recipient each: at the network more than once (each further copy counts), and
    neither there nor where the sender shows what it did not send."""

    doubled: int
    lost: int


def radio(submits: Sequence[Mapping[str, Any]], modems: int) -> Radio:
    """What the rows `submit` of a journal, at least one, tell of a bank of so many radios."""
    by_modem: dict[int, list[Mapping[str, Any]]] = {}
    for row in submits:
        by_modem.setdefault(row["modem"], []).append(row)
    ends = sorted(row["t"] for row in submits)
    whole = Span(min(rows[0]["t_ctrl_z"] for rows in by_modem.values()), ends[-1])
    first, last = (int((len(ends) - 1) * part) for part in STEADY)
    steady = Span(ends[first], ends[last])
    gaps = [
        (after["t_ctrl_z"] - before["t"]) / 1e6
        for rows in by_modem.values()
        for before, after in itertools.pairwise(rows)
    ]
    return Radio(
        whole,
        _use(submits, whole, modems),
        steady,
        _use(submits, steady, modems),
        last - first,
        *(percentiles(gaps) if gaps else (0.0, 0.0)),
    )


def _use(submits: Iterable[Mapping[str, Any]], span: Span, modems: int) -> float:
    """The share of a span in which so many radios were busy."""
    busy_ns = sum(
        max(0, min(row["t"], span.end_ns) - max(row["t_ctrl_z"], span.begin_ns)) for row in submits
    )
    return busy_ns / ((span.end_ns - span.begin_ns) * modems) if span.seconds else 0.0


def outcome(submits: Iterable[Mapping[str, Any]], wanted: int, unsent: int = 0) -> Outcome:
    """Count, where `unsent` of those `wanted` wait at the sender or are shown as failed."""
    taken = Counter(row["to"] for row in submits if row["accepted"])
    return Outcome(taken.total() - len(taken), max(0, wanted - unsent - len(taken)))
