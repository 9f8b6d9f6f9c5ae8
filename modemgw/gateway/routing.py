"""Routing: the pool of a text that names neither a pool nor a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import phonenumbers

from modemgw.gateway.countries import country_of

if TYPE_CHECKING:
    from collections.abc import Callable, Set


@dataclass(frozen=True, slots=True)
class Rule:
    """Texts for which all holds that is said here go to this pool; what is empty is not asked."""

    pool: str
    prefixes: tuple[str, ...] = ()
    countries: Set[str] = frozenset()
    operators: Set[str] = frozenset()
    kinds: Set[str] = frozenset()
    tags: Set[str] = frozenset()

    def __post_init__(self) -> None:
        if self.operators:  # no text should have to wait for this
            _load_operators()

    def fits(self, recipient: str, kind: str, tag: object) -> bool:
        """Whether a text to this recipient, E.164 or a short code, of this kind and tag does."""
        return (
            (not self.prefixes or recipient.startswith(self.prefixes))
            and (not self.kinds or kind in self.kinds)
            and (not self.tags or tag in self.tags)
            and (not self.countries or country_of(recipient) in self.countries)
            and (not self.operators or operator_of(recipient) in self.operators)
        )


def _load_operators() -> Callable[[phonenumbers.PhoneNumber, str], str]:
    """Whom numbers were given to: ten MiB, which only rules that name operators need."""
    from phonenumbers.carrier import name_for_number

    return name_for_number


@lru_cache(maxsize=10_000)
def operator_of(number: str) -> str | None:
    """The operator that a number was given to, by the number plan; None where that is not known.

    A number that its owner has taken to another operator still shows the first one.
    """
    try:
        name: str = _load_operators()(phonenumbers.parse(number), "en")
    except phonenumbers.NumberParseException:
        return None
    return name or None
