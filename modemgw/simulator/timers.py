"""What is to happen later, of one owner: bounded, and over when the owner is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = 200_000


class Timers:
    """Use on the event loop's thread."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._running: set[asyncio.TimerHandle] = set()

    def __len__(self) -> int:
        return len(self._running)

    def now(self) -> float:
        """Seconds of the clock that runs here."""
        return self._loop.time()

    def after(self, seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle | None:
        """Act in so many seconds; None, and never, where too much is to happen already."""
        if len(self._running) >= self._limit:
            return None

        def act() -> None:
            self._running.discard(handle)
            action()

        handle = self._loop.call_later(seconds, act)
        self._running.add(handle)
        return handle

    def cancel(self, handle: asyncio.TimerHandle | None) -> None:
        """It is not to happen after all; nothing where it did, or was never to."""
        if handle is not None:
            handle.cancel()
            self._running.discard(handle)

    def close(self) -> None:
        """Nothing happens any more."""
        for handle in self._running:
            handle.cancel()
        self._running.clear()
