"""How much waits, for whoever asks: counting costs what there is to count, so it is not done for
every request, and never for more than a twentieth of the time.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from modemgw.store import queue

if TYPE_CHECKING:
    from modemgw.store.queue import Depth
    from modemgw.store.reader import Reader

SHARE = 20  # what took a second is good for so many
CHEAP_S = 0.02  # what took less is counted for every request


def good_for_s(took_s: float) -> float:
    """How long something is kept that took so long to count."""
    return took_s * SHARE if took_s > CHEAP_S else 0.0


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
            begun = time.monotonic()
            if self._kept is None or begun >= self._good_until:
                self._kept = await self._reader.run(queue.depth)
                now = time.monotonic()
                self._good_until = now + good_for_s(now - begun)
            return self._kept
