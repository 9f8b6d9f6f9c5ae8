"""Lists of numbers that an operator denies or allows: whole ones, and beginnings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ENTRY: Final = re.compile(r"(\+[0-9]{1,15}|[0-9]{3,8})(\*?)")


@dataclass(frozen=True, slots=True)
class NumberList:
    """Numbers, E.164 or short codes, and beginnings of such; and those of another list."""

    numbers: frozenset[str] = frozenset()
    beginnings: frozenset[str] = frozenset()
    also: NumberList | None = None

    @classmethod
    def parse(cls, entries: Iterable[str]) -> NumberList:
        """Read "+4915112345678", "36111", and with a star behind, "+4915*", beginnings.

        Raises ValueError, saying what is expected.
        """
        numbers: set[str] = set()
        beginnings: set[str] = set()
        for entry in entries:
            match = _ENTRY.fullmatch(entry.strip())
            if match is None:
                raise ValueError(
                    f'a number is written like "+4915112345678" or "36111", the beginning of '
                    f'numbers like "+4915*"; got {entry!r}'
                )
            (beginnings if match[2] else numbers).add(match[1])
        return cls(frozenset(numbers), frozenset(beginnings))

    @staticmethod
    def is_entry(text: str) -> bool:
        """Whether `parse` takes it."""
        return _ENTRY.fullmatch(text) is not None

    def fit(self, number: str) -> int:
        """How exactly the list names a number: the digits of the longest entry; 0: not at all.

        A whole number counts for more than the same digits as a beginning.
        """
        others = 0 if self.also is None else self.also.fit(number)
        return max(others, self._own_fit(number))

    def _own_fit(self, number: str) -> int:
        if not self.numbers and not self.beginnings:  # as most lists are
            return 0
        if number in self.numbers:
            return len(number) + 1
        lengths = range(len(number), 0, -1) if self.beginnings else ()
        return next((size for size in lengths if number[:size] in self.beginnings), 0)


NOBODY: Final = NumberList()
