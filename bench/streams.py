"""Whether many streams of events hold, each broken and resumed again and again, and lose nothing.

Usage: python -m bench.streams [--streams 1000] [--resumes 100] [--rate 20]

Opt-outs are written all the time, so many a second; each is an event. Each stream reads one event,
closes its connection and resumes after that. One stream that is never broken is the measure: what
each of the others has read, over all its connections, must be a piece of it without a gap and
without a repeat.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import cpu_s, memory_mib, percentiles
from tests.e2e.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SPARE_FILES = 200
WAIT_S = 120.0


@dataclass(slots=True)
class Reader:
    """What one stream has read."""

    port: int
    key: str
    seen: list[str] = field(default_factory=list)
    resumed_ms: list[float] = field(default_factory=list)
    resets: int = 0

    async def events(self) -> AsyncGenerator[str, None]:
        """The ids of one connection's events, from after the last one seen. Raises OSError."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            last = f"Last-Event-ID: {self.seen[-1]}\r\n" if self.seen else ""
            head = f"GET /v1/events HTTP/1.0\r\nAuthorization: Bearer {self.key}\r\n{last}\r\n"
            writer.write(head.encode())
            status = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in status.split(b"\r\n", 1)[0]:
                raise OSError(status.split(b"\r\n", 1)[0].decode())
            while True:
                lines = (await reader.readuntil(b"\n\n")).decode().split("\n")
                fields = dict(line.split(": ", 1) for line in lines if ": " in line)
                self.resets += fields.get("event") == "reset"
                if "data" in fields and "id" in fields:
                    yield fields["id"]
        finally:
            writer.close()

    async def broken(self, resumes: int) -> None:
        """Read, break and resume."""
        for _ in range(resumes + 1):
            began = time.monotonic()
            async with asyncio.timeout(WAIT_S), aclosing(self.events()) as events:
                self.seen.append(await anext(events))
            self.resumed_ms.append((time.monotonic() - began) * 1000)

    async def whole(self) -> None:
        """Read until cancelled."""
        async with aclosing(self.events()) as events:
            async for event in events:
                self.seen.append(event)


async def publish(site: Site, rate: float) -> None:
    """Write opt-outs until cancelled."""
    number = 0
    while True:
        number += 1
        await asyncio.to_thread(site.call, "PUT", f"/v1/optouts/+1666{number:07}")
        await asyncio.sleep(1 / rate)


def gaps(measure: list[str], reader: Reader) -> int:
    """How many places of what was read differ from the measure."""
    if not reader.seen or reader.seen[0] not in measure:
        return len(reader.seen) or 1
    begin = measure.index(reader.seen[0])
    wanted = measure[begin : begin + len(reader.seen)]
    return sum(a != b for a, b in zip(wanted, reader.seen, strict=False)) + (
        len(reader.seen) - len(wanted)
    )


async def run(site: Site, streams: int, resumes: int, rate: float) -> list[str]:
    """The lines of the result."""
    assert site.daemon is not None
    whole = Reader(site.port, site.key)
    following = asyncio.create_task(whole.whole())
    publishing = asyncio.create_task(publish(site, rate))
    while not whole.seen:
        await asyncio.sleep(0.05)
    readers = [Reader(site.port, site.key) for _ in range(streams)]
    before, began = cpu_s(site.daemon.pid), time.monotonic()
    ends = await asyncio.gather(*(r.broken(resumes) for r in readers), return_exceptions=True)
    passed = time.monotonic() - began
    spent = cpu_s(site.daemon.pid) - before
    last = max(reader.seen[-1] for reader in readers if reader.seen)
    while whole.seen[-1] < last:
        await asyncio.sleep(0.05)
    for task in (publishing, following):
        task.cancel()
    await asyncio.gather(publishing, following, return_exceptions=True)
    failed = [end for end in ends if end is not None]
    p50, p99 = percentiles([ms for reader in readers for ms in reader.resumed_ms])
    read = sum(len(reader.seen) for reader in readers)
    wrong = sum(gaps(whole.seen, reader) for reader in readers)
    resets = sum(reader.resets for reader in readers)
    return [
        f"streams {streams}, resumes each {resumes}, {passed:.0f} s",
        f"daemon's CPU {spent:.0f} s, memory {memory_mib(site.daemon.pid):.0f} MiB",
        f"events read {read}, missing or repeated {wrong}, resets {resets}",
        f"streams that failed {len(failed)} {failed[:1]}",
        f"from connecting to the next event: p50 {p50:.0f} ms, p99 {p99:.0f} ms",
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--resumes", type=int, default=100)
    parser.add_argument("--rate", type=float, default=20)
    wanted = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # the daemon inherits it
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * wanted.streams + SPARE_FILES), hard))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        site = Site(Path(folder), f"sqlite:///{folder}/x.db", modems=1)
        try:
            site.start()
            print(*asyncio.run(run(site, wanted.streams, wanted.resumes, wanted.rate)), sep="\n")
        finally:
            site.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
