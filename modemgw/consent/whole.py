"""Whether something is a keyword and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.consent.lexicon import everywhere

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modemgw.consent.lexicon import Language

# In words; no keyword of the lexicon is longer.
_LONGEST_KEYWORD: Final = 6
# A number behind STOP is a sender's short code from so many digits on, else a time or a count.
_SHORTEST_CODE: Final = 4


@dataclass(frozen=True, slots=True)
class Opening:
    """A keyword of some language that something begins with, and what follows it."""

    keyword: str
    others: tuple[str, ...]


def openings(said: tuple[str, ...]) -> list[Opening]:
    """The keywords that `said` begins with, the longest first; help words do not count."""
    known = everywhere()
    rest = tuple(word for word in said if word not in known.help)
    beginnings = (
        Opening(" ".join(rest[:length]), rest[length:])
        for length in range(min(len(rest), _LONGEST_KEYWORD), 0, -1)
    )
    return [opening for opening in beginnings if opening.keyword in known.refusals]


def whole_keyword(
    openings: Iterable[Opening], known: frozenset[str], tongue: Language
) -> str | None:
    """Give the keyword of `known` of which something consists; None if it does not.

    It may be repeated, and stand with a help word or with what it is to end.
    """
    for opening in openings:
        keyword = opening.keyword
        if keyword in known and _only_specifies(keyword, opening.others, known, tongue):
            return keyword
    return None


def _only_specifies(
    keyword: str, others: tuple[str, ...], known: frozenset[str], tongue: Language
) -> bool:
    """Say whether what follows a keyword only repeats it or names what it is to end."""
    if all(word in known for word in others):
        return True
    if keyword in tongue.with_sender and len(others) == 1:
        return True
    if " ".join(word for word in others if word not in everywhere().fillers) in known:
        return True
    harmless = everywhere().kinds | everywhere().fillers | known
    return keyword in tongue.strong and all(
        word in harmless or (word.isdigit() and len(word) >= _SHORTEST_CODE) for word in others
    )
