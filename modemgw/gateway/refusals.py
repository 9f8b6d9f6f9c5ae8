"""Who must not be texted, in memory: the opt-outs, and the holds while one is being written; and
who may get no marketing, for they may have refused.

The gate's last check asks here, between the commit and the write to the modem, where there is no
time for a database.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from modemgw.consent.scopes import EVERYTHING, OptOut, OptOutRules
from modemgw.gateway.withdrawals import Withdrawals
from modemgw.store.ledger import ERASED_MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

_NO_RULES: Final = OptOutRules()
_NO_REVIEWS: Mapping[str, float] = MappingProxyType({})


class Refusals:
    """The numbers that refuse our texts, and which.

    A hold refuses all of them, whatever the scope of the STOP will be: what is taken back for it
    goes back into its lane, and the next claim asks the database.
    """

    def __init__(
        self, rules: OptOutRules = _NO_RULES, erased_as: Callable[[str], str] | None = None
    ) -> None:
        """`erased_as` tells under what the opt-outs of a number stay when its data are erased."""
        self._rules, self._erased_as = rules, erased_as
        self._hashes: set[str] = set()  # those of the following that are no numbers
        self._everything: set[str] = set()  # as nearly all do
        self._narrower: dict[str, tuple[OptOut, ...]] = {}
        self._held: Counter[str] = Counter()
        self._reviews: dict[str, float] = {}  # when each ends by itself
        self.withdrawals = Withdrawals()

    def load(
        self,
        opt_outs: Iterable[tuple[str, OptOut]],
        reviews: Mapping[str, float] = _NO_REVIEWS,
    ) -> None:
        """Start with what the database knows: opt-outs, and open reviews with their ends."""
        self._everything, self._narrower, self._hashes = set(), {}, set()
        for number, opt_out in opt_outs:
            self._put(number, opt_out)
        self._reviews = dict(reviews)

    def erased_as(self, number: str) -> str:
        """Under what its opt-outs are kept where its data were erased; empty: nobody knows."""
        return "" if self._erased_as is None else self._erased_as(number)

    def opted_out(self, number: str) -> bool:
        """Whether an opt-out of this number is committed, of whatever scope."""
        return any(
            name in self._everything or name in self._narrower for name in self._names(number)
        )

    def refuses(self, number: str, kind: str, pool: str | None) -> bool:
        """Whether no text of this kind and pool may begin towards this number without a permit."""
        return number in self._held or self._is_covered(number, kind, pool)

    def held(self, number: str) -> bool:
        """Whether an opt-out of this number may be on its way into the database."""
        return number in self._held

    def review_due_at(self, number: str) -> float | None:
        """When the open review of this number ends at the latest; None: none is open."""
        return self._reviews.get(number)

    def __contains__(self, number: str) -> bool:
        """Whether there is an opt-out of this number, or may be one on its way."""
        return self.opted_out(number) or self.held(number)

    def __len__(self) -> int:
        return len(self._everything) + len(self._narrower.keys() - self._everything)

    def add(self, number: str, opt_out: OptOut = EVERYTHING) -> None:
        """Note a committed opt-out; one of all pools ends a review."""
        self._put(number, opt_out)
        if self._rules.is_of_all(opt_out):
            self._reviews.pop(number, None)

    def replace(self, number: str, opt_outs: Collection[OptOut]) -> None:
        """Note which opt-outs a number has now, and that this is committed."""
        self._drop(number)
        for opt_out in opt_outs:
            self.add(number, opt_out)

    def forget(self, number: str) -> None:
        """Note that nothing is kept about this number but what stands under its hash."""
        self._everything.discard(number)
        self._narrower.pop(number, None)
        self._reviews.pop(number, None)

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

    def _names(self, number: str) -> tuple[str, ...]:
        """Under what its opt-outs may stand."""
        return (number, self.erased_as(number)) if self._hashes else (number,)

    def _put(self, number: str, opt_out: OptOut) -> None:
        if number.startswith(ERASED_MARK):
            self._hashes.add(number)
        if opt_out == EVERYTHING:
            self._everything.add(number)
        else:
            others = (o for o in self._narrower.get(number, ()) if o.scope != opt_out.scope)
            self._narrower[number] = (*others, opt_out)

    def _drop(self, number: str) -> None:
        for name in self._names(number):
            self._everything.discard(name)
            self._narrower.pop(name, None)
            self._hashes.discard(name)

    def _is_covered(self, number: str, kind: str, pool: str | None) -> bool:
        return any(
            name in self._everything
            or any(
                self._rules.covers(opt_out, number, kind, pool)
                for opt_out in self._narrower.get(name, ())
            )
            for name in self._names(number)
        )
