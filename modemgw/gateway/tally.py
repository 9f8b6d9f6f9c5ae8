"""What the gateway counts since its start, for the metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counters that only grow. Their keys are identifiers and fixed words, never numbers."""

    accepted: Counter[str] = field(default_factory=Counter)  # messages taken, by kind
    refused: Counter[str] = field(default_factory=Counter)  # messages not taken, by rule
    submits: Counter[tuple[str, str]] = field(default_factory=Counter)  # by line, outcome
    rests: Counter[str] = field(default_factory=Counter)  # by line
    incoming: Counter[str] = field(default_factory=Counter)  # TPDUs, by kind
    repeats: int = 0
    opt_outs: int = 0
    worker_deaths: int = 0
