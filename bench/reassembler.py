"""How fast parts are joined, and what a part that waits costs.

Usage: python -m bench.reassembler

Every message has its own sender and text. First so many messages are opened and stay open; then
messages of two to ten parts come in, out of order and interleaved, and are completed. What is timed
is `add` alone, joining included; the PDUs are decoded beforehand.
"""

from __future__ import annotations

import gc
import itertools
import random
import sys
import time
import tracemalloc
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from modemgw import pdu

T0 = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
LINE = "8931440000000000001"
OPEN = (10, 1_000, 100_000)
MESSAGES = 1_000
ROUNDS = 5
_sender = itertools.count()


def parts_of(parts: int, rng: random.Random) -> list[pdu.Deliver]:
    """The parts of one message from a sender of its own."""
    i = next(_sender)
    text = f"{i} " + "".join(rng.choices("abcdefgh ijklmnop", k=153 * parts - 20))
    frames = pdu.encode_deliver(f"+1555{i:07}", text, scts=T0, ref=i % 256)
    decoded = (pdu.decode(frame.hex) for frame in frames)
    return [part for part in decoded if isinstance(part, pdu.Deliver)]


def stream(rng: random.Random) -> list[pdu.Deliver]:
    """Parts of many messages, near their siblings but out of order."""
    placed = [
        (n + rng.uniform(0, 20), part)
        for n in range(MESSAGES)
        for part in parts_of(rng.randint(2, 10), rng)
    ]
    return [part for _, part in sorted(placed, key=lambda entry: entry[0])]


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
    for title in ("open messages", "parts/s, best", "median", "octets a held part"):
        table.add_column(title, justify="right")
    for count in OPEN:
        machine, octets = opened(count, rng)
        rates = sorted(rate(machine, stream(rng)) for _ in range(ROUNDS))
        median = rates[ROUNDS // 2]
        table.add_row(f"{count:,}", f"{rates[-1]:,.0f}", f"{median:,.0f}", f"{octets:,.0f}")
    Console(width=100).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
