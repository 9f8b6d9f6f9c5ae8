"""What may stand in texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from modemgw.config.fields import Kind, Section, Strings
from modemgw.consent.content import CARD_NUMBER, Mask, Pattern
from modemgw.consent.expressions import LONGEST, compiled

MOST_PATTERNS = 50


def _check_expression(value: str) -> str:
    compiled(value)
    return value


class PatternSection(Section):
    """What must not stand in texts that go out."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$",
        description="What the refusal, the audit and `inbound.mask` call it.",
    )
    pattern: Annotated[str, AfterValidator(_check_expression)] = Field(
        max_length=LONGEST,
        description="A regular expression without `*`, `+`, looks around and back-references; "
        "upper and lower case are one, digits of all scripts those of ASCII.",
    )
    kinds: list[Kind] = Field([], description="In texts of these kinds; else of all.")
    pools: Strings = Field([], description="In texts of these pools; else of all.")
    action: Literal["block", "mask"] = Field(
        "block",
        description="`block`: a text that holds it is refused. `mask`: it is there for "
        "`inbound.mask` alone.",
    )

    def as_pattern(self) -> Pattern:
        """The pattern itself."""
        blocks = self.action == "block"
        return Pattern.parse(self.name, self.pattern, self.kinds, self.pools, blocks=blocks)


Patterns = Annotated[list[PatternSection], Field(max_length=MOST_PATTERNS)]


class ContentSection(Section):
    """What may stand in texts."""

    block_cards: bool = Field(
        True,
        description="Refuse texts with the number of a payment card, however it is written: SMS "
        "may not carry it (PCI DSS 4.2.2).",
    )


class InboundSection(Section):
    """What becomes of texts that come in."""

    mask: Strings = Field(
        [],
        max_length=MOST_PATTERNS + 1,
        description=f"What is masked before a text is kept and told: `{CARD_NUMBER}` (all digits "
        "but the last four), and names of `gate.content` (everything that fits).",
    )

    def as_mask(self, patterns: list[PatternSection]) -> Mask:
        """What is hidden. Raises ValueError for a name that is none."""
        return Mask.of(self.mask, [pattern.as_pattern() for pattern in patterns])


def check_names(patterns: list[PatternSection]) -> list[PatternSection]:
    """Each name once."""
    names = [pattern.name for pattern in patterns]
    twice = next((name for name in names if names.count(name) > 1 or name == CARD_NUMBER), None)
    if twice is not None:
        raise ValueError(f"the name {twice!r} is taken")
    return patterns
