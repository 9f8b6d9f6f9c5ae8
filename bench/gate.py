"""What a decision of the gate costs with a million opt-outs in memory, and what they weigh.

Usage: python -m bench.gate [--optouts 1000000] [--rounds 20000] [--markdown]

*First* decides about numbers that were not seen before, *again* about a thousand others in turn;
the p50 and p99 over single decisions, µs. Each decision looks the recipient up among the opt-outs,
as the last check does, and goes through all rules with a text of 150 characters. The weight is
that of the set and its numbers, as `tracemalloc` counts it, MB.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import tracemalloc
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Final

from rich.box import HEAVY_HEAD, MARKDOWN
from rich.console import Console
from rich.table import Table

from modemgw.consent.country_hours import CountryHours
from modemgw.consent.gate import Kind, Policy, Question, decide
from modemgw.consent.scopes import EVERYTHING
from modemgw.gateway.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NOON: Final = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)
_NIGHT: Final = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
_POLICY: Final = Policy.parse("08:00-21:00", ["own"], CountryHours.of())
_TEXT: Final = (
    "Dear Ms Example, your appointment at the clinic is on Monday 12 October at 14:30. Please "
    "bring your card. To change it call us or reply. Reply STOP to end."
)
_AREAS: Final = (212, 305, 415, 512, 617, 702, 808)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Time the gate.")
    parser.add_argument("--optouts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20_000)
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    dice = random.Random(1)
    weight_mb = _weight(asked.optouts)
    refusals = _loaded(asked.optouts)
    title = f"{asked.optouts:,} opt-outs: {weight_mb:.0f} MB; µs a decision"
    box = MARKDOWN if asked.markdown else HEAVY_HEAD
    table = Table("", "first p50", "p99", "again p50", "p99", title=title, box=box)
    gc.disable()
    for name, kind, now in (
        ("marketing at noon", Kind.MARKETING, _NOON),
        ("transactional at noon", Kind.TRANSACTIONAL, _NOON),
        ("marketing at night", Kind.MARKETING, _NIGHT),
    ):
        few = [_number(dice) for _ in range(1_000)]
        first = [_seconds(refusals, _number(dice), kind, now) for _ in range(asked.rounds)]
        for number in few:
            _seconds(refusals, number, kind, now)
        again = [_seconds(refusals, few[i % 1_000], kind, now) for i in range(asked.rounds)]
        table.add_row(name, *_percentiles(first), *_percentiles(again))
    Console().print(table)


def _weight(count: int) -> float:
    tracemalloc.start()
    refusals = _loaded(count)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(refusals) == count
    return grown / 1e6


def _loaded(count: int) -> Refusals:
    refusals = Refusals()
    refusals.load((number, EVERYTHING) for number in _opted_out(count))
    return refusals


def _opted_out(count: int) -> Iterator[str]:
    """Different numbers."""
    return (f"+1{_AREAS[i % len(_AREAS)]}{2_000_000 + i // len(_AREAS)}" for i in range(count))


def _number(dice: random.Random) -> str:
    """Hardly ever one of those."""
    return f"+1{dice.choice(_AREAS)}{dice.randrange(5_000_000, 9_999_999)}"


def _seconds(refusals: Refusals, number: str, kind: Kind, now: datetime) -> float:
    began = perf_counter()
    decide(
        Question(
            recipient=number,
            kind=kind,
            default_region="US",
            now=now,
            policy=_POLICY,
            opted_out=refusals.refuses(number, kind, None),
            held=refusals.held(number),
            line_country="US",
            message_id=number,
            text=_TEXT,
        )
    )
    return perf_counter() - began


def _percentiles(times: Sequence[float]) -> list[str]:
    cuts = statistics.quantiles(times, n=100)
    return [f"{cuts[i - 1] * 1e6:.1f}" for i in (50, 99)]


if __name__ == "__main__":
    main()
