"""Which texts need the recipient's recorded consent: by kind, and by country."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from modemgw.consent.places import home_country

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Requirement:
    """The kinds of texts that need consent. What `countries` say of a country, by its ISO code,
    takes the place of `kinds` for numbers of that country.
    """

    kinds: frozenset[str] = frozenset()
    countries: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    def covers(self, recipient: str, kind: str) -> bool:
        """Whether texts of a kind to a recipient need consent."""
        if not self.countries or not recipient.startswith("+"):
            return kind in self.kinds
        return kind in self.countries.get(home_country(recipient), self.kinds)


NONE: Final = Requirement()
