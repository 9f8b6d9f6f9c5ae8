"""Routing: the pool of a text that names neither a pool nor a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

import phonenumbers

from modemgw.gateway.countries import country_of

if TYPE_CHECKING:
    from collections.abc import Set
    from types import ModuleType


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
        if self.operators:
            _number_plan()

    def fits(self, recipient: str, kind: str, tag: object) -> bool:
        """Whether a text to this recipient, E.164 or a short code, of this kind and tag does."""
        return (
            (not self.prefixes or recipient.startswith(self.prefixes))
            and (not self.kinds or kind in self.kinds)
            and (not self.tags or tag in self.tags)
            and (not self.countries or country_of(recipient) in self.countries)
            and (not self.operators or operator_of(recipient) in self.operators)
        )


@lru_cache(maxsize=10_000)
def operator_of(number: str) -> str | None:
    """The operator that a number was given to, by the number plan; None where that is not known.

    A number that its owner has taken to another operator still shows the first one.
    """
    try:
        name: str = _number_plan().name_for_number(phonenumbers.parse(number), "en")
    except phonenumbers.NumberParseException:
        return None
    return name or None


@cache
def _number_plan() -> ModuleType:
    """Whom every number was given to: ten MiB, which only rules that name operators need."""
    return import_module("phonenumbers.carrier")
