"""Who must not be texted, in memory: the opt-outs, and the holds while one is being written; and
who may get no marketing, for they may have refused.

The gate's last check asks here, between the commit and the write to the modem, where there is no
time for a database.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from modemgw.gateway.withdrawals import Withdrawals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NO_REVIEWS: Mapping[str, float] = MappingProxyType({})


class Refusals:
    """The numbers that refuse our texts."""

    def __init__(self) -> None:
        self._opted_out: set[str] = set()
        self._held: Counter[str] = Counter()
        self._reviews: dict[str, float] = {}  # when each ends by itself
        self.withdrawals = Withdrawals()

    def load(self, numbers: Iterable[str], reviews: Mapping[str, float] = _NO_REVIEWS) -> None:
        """Start with what the database knows: opt-outs, and open reviews with their ends."""
        self._opted_out = set(numbers)
        self._reviews = dict(reviews)

    def opted_out(self, number: str) -> bool:
        """Whether an opt-out of this number is committed."""
        return number in self._opted_out

    def held(self, number: str) -> bool:
        """Whether an opt-out of this number may be on its way into the database."""
        return number in self._held

    def review_due_at(self, number: str) -> float | None:
        """When the open review of this number ends at the latest; None: none is open."""
        return self._reviews.get(number)

    def __contains__(self, number: str) -> bool:
        """Whether nothing may begin towards this number without a permit."""
        return number in self._opted_out or number in self._held

    def __len__(self) -> int:
        return len(self._opted_out)

    def add(self, number: str) -> None:
        """Note a committed opt-out; it ends a review."""
        self._opted_out.add(number)
        self._reviews.pop(number, None)

    def discard(self, number: str) -> None:
        """Note that an opt-out was lifted and that this is committed."""
        self._opted_out.discard(number)

    def review(self, number: str, due_at: float) -> None:
        """Note that a review was opened and that this is committed."""
        self._reviews[number] = due_at

    def review_ended(self, number: str) -> None:
        """Note that a review was decided and that this is committed."""
        self._reviews.pop(number, None)

    @contextmanager
    def hold(self, number: str) -> Iterator[None]:
        """Let nothing begin towards this number; enter before the transaction is queued.

        Leave when its outcome is known; if that is an opt-out, `add` it before leaving.
        """
        self._held[number] += 1
        try:
            yield
        finally:
            self._held[number] -= 1
            if not self._held[number]:
                del self._held[number]
