"""How fast parts are joined, and what a part that waits costs.

Usage: python -m bench.reassembler

First so many messages are opened, each with one part of two, and stay open; then messages of two to
ten parts come in, out of order and interleaved, and are completed: every one from a sender of its
own, or every part of them twice, or all from three senders whose references soon come again. What
is timed is `add` alone, joining included; the PDUs are decoded beforehand.
"""

from __future__ import annotations

import gc
import itertools
import random
import sys
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from modemgw import pdu

if TYPE_CHECKING:
    from collections.abc import Iterable

T0 = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
LINE = "8931440000000000001"
OPEN = (10, 1_000, 100_000)
MESSAGES = 1_000
ROUNDS = 5
LARGE = 10_000  # below that many, what a machine needs for itself would count
_sender = itertools.count()


def parts_of(
    parts: int, rng: random.Random, senders: int = 10_000_000, refs: int = 256
) -> list[pdu.Deliver]:
    """The parts of one message, from the next of so many senders."""
    i = next(_sender)
    text = f"{i} " + "".join(rng.choices("abcdefgh ijklmnop", k=153 * parts - 20))
    scts = T0 + timedelta(seconds=i % 3600)
    ref = i // senders % refs
    frames = pdu.encode_deliver(f"+1555{i % senders:07}", text, scts=scts, ref=ref)
    decoded = (pdu.decode(frame.hex) for frame in frames)
    return [part for part in decoded if isinstance(part, pdu.Deliver)]


def shuffled(messages: Iterable[list[pdu.Deliver]], rng: random.Random) -> list[pdu.Deliver]:
    """Parts near their siblings but out of order."""
    placed = [(n + rng.uniform(0, 20), part) for n, parts in enumerate(messages) for part in parts]
    return [part for _, part in sorted(placed, key=lambda entry: entry[0])]


def own_senders(rng: random.Random) -> list[pdu.Deliver]:
    """Every message from a sender of its own."""
    return shuffled((parts_of(rng.randint(2, 10), rng) for _ in range(MESSAGES)), rng)


def every_part_twice(rng: random.Random) -> list[pdu.Deliver]:
    """As a network repeats what was not acknowledged: some before the message is whole."""
    return shuffled((parts_of(rng.randint(2, 10), rng) * 2 for _ in range(MESSAGES)), rng)


def references_that_wrap(rng: random.Random) -> list[pdu.Deliver]:
    """Three senders, each of whom has sixteen references."""
    return shuffled((parts_of(rng.randint(2, 10), rng, 3, 16) for _ in range(MESSAGES)), rng)


def opened(count: int, rng: random.Random) -> tuple[pdu.Reassembler, float]:
    """A machine with so many open messages of one part each, and the octets that one costs."""
    machine = pdu.Reassembler(max_open=200_000)
    gc.collect()
    tracemalloc.start()
    for _ in range(count):
        machine.add(LINE, parts_of(2, rng)[0], now=0.0)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return machine, held / count


def rate(machine: pdu.Reassembler, parts: list[pdu.Deliver]) -> float:
    """Parts a second."""
    gc.collect()
    begin = time.perf_counter()
    whole = sum(machine.add(LINE, part, now=1.0) is not None for part in parts)
    spent = time.perf_counter() - begin
    assert whole == MESSAGES
    return len(parts) / spent


def main() -> int:
    """Measure and print."""
    rng = random.Random(1)
    table = Table(title="joining parts")
    for title in ("open messages", "what comes", "parts/s, best", "median", "octets a held part"):
        table.add_column(title, justify="right")
    for count in OPEN:
        machine, octets = opened(count, rng)
        for stream in (own_senders, every_part_twice, references_that_wrap):
            rates = sorted(rate(machine, stream(rng)) for _ in range(ROUNDS))
            table.add_row(
                f"{count:,}",
                stream.__name__.replace("_", " "),
                f"{rates[-1]:,.0f}",
                f"{rates[ROUNDS // 2]:,.0f}",
                f"{octets:,.0f}" if count >= LARGE else "",
            )
    Console(width=100).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
