"""What an opt-out ends: its scope, and what it leaves."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from modemgw.config.fields import Section, Strings, as_list, check_region
from modemgw.consent.scopes import LENIENT_COUNTRIES, OptOutRules

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Left = Literal["conversational", "transactional"]


class OptOutsSection(Section):
    """What a STOP ends. STOP ALL, and a refusal in other words than a keyword, ends everything."""

    scope: Literal["all", "pool", "brand"] = Field(
        "all",
        description="Whose texts: of all pools, of the pool of the line that it came to, or of the "
        "brand that this pool belongs to. A line of no one pool or brand has the next wider scope.",
    )
    leaves: Annotated[list[Left], BeforeValidator(as_list)] = Field(
        [], description="Kinds of texts that it does not end, where the law lets it."
    )
    leaves_in: Annotated[
        list[Annotated[str, AfterValidator(check_region)]], BeforeValidator(as_list)
    ] = Field(
        sorted(LENIENT_COUNTRIES),
        description="Countries of recipients to whom `leaves` applies. Never US, where consent to "
        "every kind can be withdrawn.",
    )

    @model_validator(mode="after")
    def _is_lawful(self) -> Self:
        self.rules([], [])
        return self

    def rules(self, pools: Collection[str], brands: Sequence[BrandSection]) -> OptOutRules:
        """What an opt-out covers. Raises ValueError for what the law forbids."""
        return OptOutRules(
            self.scope,
            frozenset(pools),
            MappingProxyType({pool: brand.name for brand in brands for pool in brand.pools}),
            frozenset(self.leaves),
            frozenset(self.leaves_in),
        )


class BrandSection(Section):
    """Pools that people know as one sender."""

    name: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")] = Field(description="Its name.")
    pools: Annotated[Strings, Field(min_length=1)] = Field(
        description="Its pools; none is of two brands."
    )
