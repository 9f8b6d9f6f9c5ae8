"""Calls that may hang, off the event loop: a thread for each, a deadline, so many at once.

Opening a dead USB port can block for many seconds and closing one for thirty, in the kernel, where
nothing interrupts them. A pool of threads would be filled by a few dead ports, so each call has a
thread of its own; what is bounded is how many are *waited for* at once. A call that misses its
deadline gives its turn to the next and stays behind in its thread; `hanging_s` tells of it, so that
no second one is sent after it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
V = TypeVar("V")

_AT_ONCE: Final = 32

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
_late: dict[int, tuple[str, float]] = {}  # calls that still run: name, and when they began
_lock = threading.Lock()


async def call(name: str, work: Callable[[], T], limit_s: float, abandon: Callable[[T], None]) -> T:
    """Run `work` in a thread and give its result, or raise what it raises.

    The time limit counts from the call's turn. What comes too late, or to a caller that was
    cancelled, goes to `abandon`, off the event loop. Raises TimeoutError.
    """
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE)):
        errand = _Errand(name, work, abandon)
        threading.Thread(target=errand.run, name=f"port {name}", daemon=True).start()
        try:
            async with asyncio.timeout(limit_s):
                return await errand.result
        except TimeoutError:
            errand.late()
            raise


def hanging_s(name: str) -> float | None:
    """For how many seconds the oldest call of this name runs that has missed its deadline.

    None where there is none.
    """
    with _lock:
        since = [began for known, began in _late.values() if known == name]
    return time.monotonic() - min(since) if since else None


class _Errand(Generic[T]):
    """One call, between its thread and the loop that waits for it."""

    def __init__(self, name: str, work: Callable[[], T], abandon: Callable[[T], None]) -> None:
        self._name = name
        self._began = time.monotonic()
        self._work = work
        self._abandon = abandon
        self._loop = asyncio.get_running_loop()
        self._over = False
        self.result: asyncio.Future[T] = self._loop.create_future()

    def run(self) -> None:
        """The thread's part."""
        try:
            value = self._work()
        except BaseException as error:
            self._end(self._fail, error, lambda _: None)
        else:
            self._end(self._settle, value, self._abandon)

    def late(self) -> None:
        """It has missed its deadline."""
        with _lock:
            if not self._over:
                _late[id(self)] = (self._name, self._began)

    def _end(self, tell: Callable[[V], None], value: V, otherwise: Callable[[V], None]) -> None:
        with _lock:
            self._over = True
            _late.pop(id(self), None)
        try:
            self._loop.call_soon_threadsafe(tell, value)
        except RuntimeError:  # the loop has ended meanwhile
            otherwise(value)

    def _settle(self, value: T) -> None:
        if self.result.done():
            # Not here: to close what was opened too late may hang, too.
            threading.Thread(
                target=self._abandon, args=(value,), name=f"port {self._name}", daemon=True
            ).start()
        else:
            self.result.set_result(value)

    def _fail(self, error: BaseException) -> None:
        if not self.result.done():
            self.result.set_exception(error)
