"""What may stand in texts: patterns that must not go out, and what is masked of those that come in.

A pattern is looked for in the plain text (see `plain`), so that neither full width nor invisible
characters get a number past it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.consent.cards import card_numbers
from modemgw.consent.expressions import compiled
from modemgw.consent.plain import plain

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterator, Sequence

    from modemgw.consent.cards import Group

CARD_NUMBER: Final = "card_number"
MASKED: Final = "*"
_SHOWN_DIGITS: Final = 4  # of a card, as receipts show them (PCI DSS 3.4.1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What must not stand in texts of some kinds and pools; none named: of all.

    `blocks`: texts that hold it do not go out; else it is there to be masked alone.
    """

    name: str
    expression: re.Pattern[str]
    kinds: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    blocks: bool = True

    @classmethod
    def parse(
        cls,
        name: str,
        expression: str,
        kinds: Collection[str] = (),
        pools: Collection[str] = (),
        *,
        blocks: bool = True,
    ) -> Pattern:
        """Read a pattern as the configuration has it. Raises ValueError, see `compiled`."""
        return cls(name, compiled(expression), frozenset(kinds), frozenset(pools), blocks)

    def concerns(self, kind: str, pool: str | None) -> bool:
        """Whether it blocks texts of this kind and pool."""
        of_kind = not self.kinds or kind in self.kinds
        return self.blocks and of_kind and (not self.pools or pool in self.pools)


def blocking(patterns: Sequence[Pattern], text: str, kind: str, pool: str | None) -> str | None:
    """The name of the first pattern that keeps a text from going out; None: none does."""
    concerned = [pattern for pattern in patterns if pattern.concerns(kind, pool)]
    if not concerned:
        return None
    folded = plain(text).text
    return next((found.name for found in concerned if found.expression.search(folded)), None)


@dataclass(frozen=True, slots=True)
class Mask:
    """What is hidden of texts that come in: digits of cards but the last four, and every letter and
    digit of what a pattern fits, for of a secret that is short the last four may be all.
    """

    cards: bool = False
    expressions: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def of(cls, names: Collection[str], patterns: Sequence[Pattern]) -> Mask:
        """The one that hides what these names stand for. Raises ValueError for one that is none."""
        known = {pattern.name: pattern.expression for pattern in patterns}
        wrong = next((name for name in names if name not in {CARD_NUMBER, *known}), None)
        if wrong is not None:
            there = ", ".join([CARD_NUMBER, *known])
            raise ValueError(f"nothing is called {wrong!r} that could be masked; there is {there}")
        found = tuple(expression for name, expression in known.items() if name in names)
        return cls(CARD_NUMBER in names, found)

    def hidden(self, text: str) -> frozenset[int]:
        """Which characters of a text are to be hidden."""
        if not self.cards and not self.expressions:
            return frozenset()
        hidden = frozenset(self._patterned(text))
        # What stays of a card may, with digits behind it, be one again.
        while self.cards and (more := frozenset(_of_cards(starred(text, hidden)))):
            hidden |= more
        return hidden

    def applied(self, text: str) -> str:
        """The text with a star for each character that is to be hidden."""
        return starred(text, self.hidden(text))

    def _patterned(self, text: str) -> Iterator[int]:
        folded = plain(text)
        for expression in self.expressions:
            for found in expression.finditer(folded.text):
                places = folded.places(*found.span())
                yield from (place for place in places if not text[place].isspace())


NO_MASK: Final = Mask()


def starred(text: str, hidden: frozenset[int]) -> str:
    """A text with a star in these places."""
    if not hidden:
        return text
    return "".join(MASKED if place in hidden else c for place, c in enumerate(text))


def _of_cards(text: str) -> Iterator[int]:
    folded = plain(text)
    for number in card_numbers(folded.text):
        before = sum(len(group.digits) for group in number) - _SHOWN_DIGITS
        for group in number:
            yield from folded.places(*_covered(group, before))
            before -= len(group.digits)


def _covered(group: Group, count: int) -> tuple[int, int]:
    """From where to where the first digits of a group stand: a word is one digit."""
    if count <= 0:
        return group.start, group.start
    if group.end - group.start == len(group.digits):
        return group.start, min(group.start + count, group.end)
    return group.start, group.end
