"""How much waits, for whoever asks: counting costs what there is to count, so it is not done for
every request where there is much.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from modemgw.store import queue

if TYPE_CHECKING:
    from modemgw.store.queue import Depth
    from modemgw.store.reader import Reader

FEW = 10_000  # messages; no more are counted for every request
COUNTED_PER_S = 50_000  # on average, at most


def good_for_s(messages: int) -> float:
    """How long it is kept that so many were counted."""
    return messages / COUNTED_PER_S if messages > FEW else 0.0


class Depths:
    """The depth of the queue, as it is now or was lately."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._kept: Depth | None = None
        self._good_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def look(self) -> Depth:
        """Raises StoreUnavailableError."""
        async with self._one_at_a_time:
            kept = self._kept
            if kept is None or time.monotonic() >= self._good_until:
                kept = self._kept = await self._reader.run(queue.depth)
                self._good_until = time.monotonic() + good_for_s(kept.waiting + kept.parked)
            return kept
