"""What an opt-out covers, or a consent: which pools' texts; the former, of which kinds, too.

A STOP ends everything that the bank sends, unless its operator configured a narrower meaning: one
pool, or one *brand*, a named set of pools that people know as one sender. Whatever is not certain
is read the wider way. A text that names no pool is covered by every opt-out of its recipient; an
opt-out whose pool or brand is no longer configured covers everything; a STOP to a line that is of
no one pool or brand has the next wider scope. Marketing is covered by every opt-out in its scope.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from modemgw.consent.places import home_country

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ALL: Final = "all"
MARKETING: Final = "marketing"
# Where texts that are no marketing need no way to opt out.
LENIENT_COUNTRIES: Final = frozenset({"AU", "FR", "IN", "ZA"})
# There consent can be withdrawn for every kind of text (47 CFR 64.1200(a)(10)).
STRICT_COUNTRIES: Final = frozenset({"US"})

Width: TypeAlias = Literal["all", "brand", "pool"]


@dataclass(frozen=True, slots=True)
class OptOut:
    """A standing refusal: its scope (`all`, `pool:NAME`, `brand:NAME`), and the kinds of texts
    that the configuration of its day left.
    """

    scope: str = ALL
    leaves: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, scope: str, leaves: str) -> OptOut:
        """As it is kept: kinds with a space between."""
        if scope == ALL and not leaves:
            return EVERYTHING
        return cls(scope, frozenset(leaves.split()))

    @property
    def kept_leaves(self) -> str:
        """The kinds as they are kept."""
        return " ".join(sorted(self.leaves))


EVERYTHING: Final = OptOut()


@dataclass(frozen=True, slots=True)
class OptOutRules:
    """What the operator configured of opt-outs, and of scopes.

    `width` is the scope of a STOP that comes in, `pools` are the names of all pools, `brands` the
    brand of each pool that has one. `leaves` are kinds that a STOP leaves to recipients in
    `leaves_in` (ISO 3166). Raises ValueError for marketing, and for a country whose law lets a STOP
    end all kinds.
    """

    width: Width = "all"
    pools: frozenset[str] = frozenset()
    brands: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    leaves: frozenset[str] = frozenset()
    leaves_in: frozenset[str] = LENIENT_COUNTRIES

    def __post_init__(self) -> None:
        if MARKETING in self.leaves:
            raise ValueError("a STOP always ends marketing; leave other kinds, or none")
        if strict := sorted(self.leaves_in & STRICT_COUNTRIES):
            raise ValueError(f"in {', '.join(strict)} a STOP ends all kinds of texts by law")

    def of_stop(self, number: str, pools: Collection[str], *, everything: bool) -> OptOut:
        """The opt-out that a STOP makes which came to a line of these pools.

        `everything`: its sender said that all is to end, and nothing narrows that.
        """
        if everything:
            return EVERYTHING
        return OptOut(self._scope_of(pools), self._left_to(number))

    def _scope_of(self, pools: Collection[str]) -> str:
        if self.width == "pool" and len(pools) == 1:
            return f"pool:{next(iter(pools))}"
        brands = {self.brands.get(pool) for pool in pools}
        brand = brands.pop() if len(brands) == 1 else None
        return ALL if self.width == "all" or brand is None else f"brand:{brand}"

    def covers(self, opt_out: OptOut, recipient: str, kind: str, pool: str | None) -> bool:
        """Whether a text of this kind and pool to the one who opted out may not go.

        What an opt-out left counts only while the configuration still leaves it.
        """
        left = kind in opt_out.leaves and kind in self._left_to(recipient)
        return not left and self._reaches(opt_out.scope, pool)

    @property
    def scopes(self) -> list[str]:
        """All there are."""
        brands = (f"brand:{brand}" for brand in self.brands.values())
        return sorted({ALL, *brands, *(f"pool:{pool}" for pool in self.pools)})

    def around(self, pool: str | None) -> tuple[str, str]:
        """The scopes of this pool alone and of its brand; where there is none, the next wider."""
        if not pool:
            return ALL, ALL
        brand = self.brands.get(pool)
        return f"pool:{pool}", ALL if brand is None else f"brand:{brand}"

    def pools_in(self, scope: str) -> frozenset[str] | None:
        """The pools of a scope; None: all, and texts of none. One that is not configured any more
        is like a pool that nobody sends by."""
        form, _, name = scope.partition(":")
        if form == "brand":
            pools = frozenset(pool for pool, brand in self.brands.items() if brand == name)
            return pools or frozenset({scope})
        return None if scope == ALL else frozenset({name})

    def includes(self, scope: str, other: str) -> bool:
        """Whether all of `other` lies in a scope."""
        pools, others = self.pools_in(scope), self.pools_in(other)
        return pools is None or (others is not None and others <= pools)

    def overlap(self, scope: str, other: str) -> bool:
        """Whether two scopes have texts in common."""
        pools, others = self.pools_in(scope), self.pools_in(other)
        return pools is None or others is None or not pools.isdisjoint(others)

    def is_lifted_at(self, opt_out: OptOut, pools: Collection[str]) -> bool:
        """Whether a START that came to a line of these pools lifts it: whether it covers them."""
        return self.is_of_all(opt_out) or any(self._reaches(opt_out.scope, pool) for pool in pools)

    def is_of_all(self, opt_out: OptOut) -> bool:
        """Whether it covers all pools, those included whose own opt-out nobody knows any more."""
        return opt_out.scope == ALL or not self.knows(opt_out.scope)

    def knows(self, scope: str) -> bool:
        """Whether it is `all`, or a pool or brand that is configured."""
        form, _, name = scope.partition(":")
        if form == "pool":
            return name in self.pools
        return scope == ALL or (form == "brand" and name in self.brands.values())

    def _reaches(self, scope: str, pool: str | None) -> bool:
        if not pool or scope == ALL or not self.knows(scope):
            return True
        form, _, name = scope.partition(":")
        return (pool if form == "pool" else self.brands.get(pool)) == name

    def _left_to(self, recipient: str) -> frozenset[str]:
        if not self.leaves or not recipient.startswith("+"):
            return frozenset()
        return self.leaves if home_country(recipient) in self.leaves_in else frozenset()
