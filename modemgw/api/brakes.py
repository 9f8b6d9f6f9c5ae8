"""Who tries keys is slowed down; who has a right one never is.

Nobody guesses 256 random bits: this keeps the database and the log from those who try. Each
neighbourhood is counted by itself, so nobody shuts out another. A right key is let in at once
whatever was counted. The same wrong key again is no guess: it is a client that was not told of a
revocation.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.api.problems import problem_error

if TYPE_CHECKING:
    from collections.abc import Callable

FREE = 5  # guesses that cost nothing: typing errors
DELAYED = 10  # guesses after which none is answered with 401 any more
FIRST_DELAY_S = 0.05  # doubled with each guess
FORGOTTEN_AFTER_S = 900.0
LONGEST_RETRY_S = 300.0
MOST_NEIGHBOURHOODS = 4_096
MOST_WAITING = 256


@dataclass(slots=True)
class _Guesses:
    count: int
    last: str  # the digest of the key
    at: float


class Brakes:
    """Wrong keys by neighbourhood; the one that was longest quiet is forgotten for a new one."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._guesses: OrderedDict[str, _Guesses] = OrderedDict()
        self._waiting = 0

    async def wrong(self, neighbourhood: str, digest: str) -> None:
        """Count a wrong key and slow down. Raises ProblemError (`too-many-guesses`)."""
        count = self._count(neighbourhood, digest)
        if count <= FREE:
            return
        if count > DELAYED or self._waiting >= MOST_WAITING:
            seconds = min(LONGEST_RETRY_S, 2.0 ** min(count - FREE, 20))
            raise problem_error(
                "too-many-guesses",
                f"{count} wrong keys came from {neighbourhood}",
                Retry_After=str(math.ceil(seconds)),
            )
        self._waiting += 1
        try:
            await asyncio.sleep(FIRST_DELAY_S * 2 ** (count - FREE - 1))
        finally:
            self._waiting -= 1

    def _count(self, neighbourhood: str, digest: str) -> int:
        now = self._monotonic()
        known = self._guesses.get(neighbourhood)
        if known is None or now - known.at > FORGOTTEN_AFTER_S:
            known = self._guesses[neighbourhood] = _Guesses(0, "", now)
        known.at = now
        if known.last != digest:
            known.count, known.last = known.count + 1, digest
        self._guesses.move_to_end(neighbourhood)
        if len(self._guesses) > MOST_NEIGHBOURHOODS:
            self._guesses.popitem(last=False)
        return known.count
