"""What it costs to say what an incoming text asks of us.

Usage: python -m bench.recognition [--rounds 20] [--file tests/data/optout-development.tsv]

All texts of the file in turn, *first* in a process that has read the lexicon but no text yet, then
*again* for each round, with the garbage collector off as `timeit` has it; p50, p90 and p99 over
the texts of each text's median over the rounds, µs a text. *longest* is the dearest of some
hostile texts of the greatest length that is read at all, ms. *load* is reading the lexicon, ms.
"""

from __future__ import annotations

import argparse
import gc
import statistics
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from modemgw.consent.keywords import classify
from tests.consent.tables import DEVELOPMENT, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence

_HOSTILE: Final = (
    "stop " * 1_000,
    "not want no more stop text me " * 150,
    "a " * 2_000,
    "s t o p " * 500,
    "stop, " * 800,
    "don't not never no nein nie не " * 150,
    "x" * 5_000,
    "unsubscrib " * 400,
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Time the recognition of opt-outs.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--file", type=Path, default=DEVELOPMENT)
    asked = parser.parse_args()
    texts = [row["text"] for row in read_table(asked.file)]
    load_s = _seconds("hello")
    gc.disable()
    first = [_seconds(text) for text in texts]
    rounds = [[_seconds(text) for text in texts] for _ in range(asked.rounds)]
    again = [statistics.median(times) for times in zip(*rounds, strict=True)]
    longest_s = max(_seconds(text) for text in _HOSTILE)
    table = Table("", "p50", "p90", "p99", title=f"{len(texts)} texts, µs a text")
    table.add_row("first", *_percentiles(first))
    table.add_row("again", *_percentiles(again))
    console = Console()
    console.print(table)
    console.print(f"longest {longest_s * 1e3:.1f} ms, load {load_s * 1e3:.0f} ms")


def _seconds(text: str) -> float:
    began = perf_counter()
    classify(text)
    return perf_counter() - began


def _percentiles(times_s: Sequence[float]) -> list[str]:
    cuts = statistics.quantiles(times_s, n=100)
    return [f"{cuts[percent - 1] * 1e6:.0f}" for percent in (50, 90, 99)]


if __name__ == "__main__":
    main()
