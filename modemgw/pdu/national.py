"""Which national tables a text may use (23.038 §6.2.1.2.4), and which are worth a try."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from modemgw.pdu.errors import PduError
from modemgw.pdu.national_locking import LOCKING
from modemgw.pdu.national_single import SINGLE
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HOLE: Final = "\ufffe"  # stands in a locking table where it has nothing
_ELEMENT_OCTETS: Final = 3


@value
class National:
    """The national tables to use, by national language identifier; 0 is the default table."""

    locking: int = 0
    single: int = 0

    @property
    def octets(self) -> int:
        """What it takes in a header to announce them (23.040 §9.2.3.24.15, .16)."""
        return _ELEMENT_OCTETS * ((self.locking != 0) + (self.single != 0))


DEFAULT_TABLES: Final = National()


_LOCKING: Final = {key: frozenset(table) - {_HOLE} for key, table in LOCKING.items()}
_SINGLE: Final = {key: frozenset(table.values()) for key, table in SINGLE.items()}


def locking_characters(identifier: int) -> frozenset[str]:
    """What a locking-shift table says in one septet; an unknown identifier is the default one."""
    return _LOCKING.get(identifier, _LOCKING[0])


def single_characters(identifier: int) -> frozenset[str]:
    """What a single-shift table says in two septets; an unknown identifier is the default one."""
    return _SINGLE.get(identifier, _SINGLE[0])


def characters(tables: National) -> frozenset[str]:
    """All that can be said with `tables`."""
    return locking_characters(tables.locking) | single_characters(tables.single)


def combinations(allowed: Sequence[int]) -> list[National]:
    """Every combination of the allowed tables: the one to prefer first.

    First the default tables, then one single-shift table, one locking-shift table, one of each;
    within these in the caller's order, but two tables of one language before two of different
    ones. Raises PduError for an identifier that has no table.
    """
    languages = tuple(dict.fromkeys(allowed))
    for language in languages:
        if language == 0 or language not in SINGLE:
            raise PduError(
                f"no national tables for language {language!r} (1 to {max(SINGLE)})",
                field="allowed",
                clause="23.038 §6.2.1.2.4",
            )
    lockings = [language for language in languages if language in LOCKING]
    tables = [DEFAULT_TABLES]
    tables += [National(single=single) for single in languages]
    tables += [National(locking=locking) for locking in lockings]
    tables += [National(language, language) for language in lockings]
    tables += [
        National(locking, single)
        for locking in lockings
        for single in languages
        if single != locking
    ]
    return tables


def worth_trying(text: str, allowed: Sequence[int]) -> Iterator[National]:
    """Of the allowed combinations that can say `text` those one of which takes the fewest parts.

    How many septets it takes depends on the locking table alone: one for each character that it
    has, two for each other. So with each locking table the first single-shift table will do that
    has the others, the default one if it can, which needs no announcement.
    """
    used = frozenset(text)
    settled: set[int] = set()
    for tables in combinations(allowed):
        if tables.locking in settled:
            continue
        if used - locking_characters(tables.locking) <= single_characters(tables.single):
            settled.add(tables.locking)
            yield tables


def fewest_outside(text: str, allowed: Sequence[int]) -> National:
    """Of the allowed combinations the first that lacks the fewest characters of `text`."""
    counts = Counter(text)

    def lacks(tables: National) -> int:
        return sum(counts[character] for character in counts.keys() - characters(tables))

    return min(combinations(allowed), key=lacks)
