"""Regular expressions of the configuration, so bounded that no text can make them run for long.

Python's `re` tries one way after the other and knows no limit of time: `(a+)+b` takes longer than a
day over forty letters. So an expression is read here first, and its work counted: how many steps
all the ways take that begin at one place of a text, at the very worst. What may take more than
`MOST_WORK` is refused. Of the syntax there is what the count needs to be exact: characters,
classes, groups, alternatives, and repeats with an end; no `*` and `+`, no looking around and no
back-references.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 500  # characters of an expression
MOST_WORK: Final = 5_000  # steps from one place of a text
_MOST_REPEATS: Final = 255
_DEEPEST: Final = 20

_COUNTED: Final = re.compile(r"\{(?:(\d{1,3})|(\d{0,3}),(\d{1,3}))\}", re.ASCII)
_CLASS: Final = re.compile(r"\[\^?(?:\\[dDwWsS\W]|[^\]\[\\])+\]", re.ASCII)
_ESCAPE: Final = re.compile(r"\\(?:[dDwWsSbB]|[^\w\s])", re.ASCII)
_NO_WIDTH: Final = frozenset({"^", "$", r"\b", r"\B"})


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of a piece: the fewest characters that it fits, in how many ways it may fit at one place, and
    the steps that trying them all takes.
    """

    least: int
    ways: int
    work: int

    def then(self, other: _Cost) -> _Cost:
        """One behind the other: each way of the first tries all those of the second."""
        return _Cost(
            self.least + other.least,
            _capped(self.ways * other.ways),
            _capped(self.work + self.ways * other.work),
        )

    def or_else(self, other: _Cost) -> _Cost:
        """One or the other."""
        return _Cost(
            min(self.least, other.least),
            _capped(self.ways + other.ways),
            _capped(self.work + other.work),
        )

    def repeated(self, least: int, most: int) -> _Cost:
        """So many times."""
        ways = work = 0
        reached = 1  # the ways to have come so far
        for times in range(most + 1):
            ways += reached if times >= least else 0
            work += reached * self.work if times < most else 0
            reached = _capped(reached * self.ways)
        return _Cost(self.least * least, _capped(ways), _capped(work))


_NOTHING: Final = _Cost(0, 1, 0)
_CHARACTER: Final = _Cost(1, 1, 1)
_PLACE: Final = _Cost(0, 1, 1)


def _capped(count: int) -> int:
    """Beyond the bound it matters no more how far: numbers stay small."""
    return min(count, MOST_WORK + 1)


def compiled(expression: str) -> re.Pattern[str]:
    """An expression that never runs for long; upper and lower case are one.

    Raises ValueError, saying what is wrong and what to write instead.
    """
    if len(expression) > LONGEST:
        raise ValueError(f"an expression has at most {LONGEST} characters, not {len(expression)}")
    cost = _Reader(expression).whole()
    if cost.least == 0:
        raise ValueError("the expression fits nothing at all, too, so it would fit every text")
    if cost.work > MOST_WORK:
        raise ValueError(
            f"the expression may need more than {MOST_WORK} steps at one place of a text: make "
            "repeats shorter, and put none that varies into another"
        )
    try:
        return re.compile(expression, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, expression: str) -> None:
        self._text, self._at, self._depth = expression, 0, 0

    def whole(self) -> _Cost:
        """The cost of all of it."""
        cost = self._alternatives()
        if self._at < len(self._text):
            raise self._wrong("a ) that closes nothing")
        return cost

    def _alternatives(self) -> _Cost:
        cost = self._sequence()
        while self._take("|"):
            cost = cost.or_else(self._sequence())
        return cost

    def _sequence(self) -> _Cost:
        cost = _NOTHING
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            cost = cost.then(self._repeated(self._piece()))
        return cost

    def _piece(self) -> _Cost:
        if self._take("("):
            return self._group()
        for shape in (_CLASS, _ESCAPE):
            found = shape.match(self._text, self._at)
            if found is not None:
                self._at = found.end()
                return _PLACE if found[0] in _NO_WIDTH else _CHARACTER
        character = self._text[self._at]
        if character in "*+?{}[]\\":
            raise self._wrong(f"{character} does not belong there; {_REMEDY}")
        self._at += 1
        return _PLACE if character in _NO_WIDTH else _CHARACTER

    def _group(self) -> _Cost:
        self._take("?:")
        if self._text.startswith("?", self._at):
            raise self._wrong(f"of groups there are ( and (?: alone; {_REMEDY}")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._wrong(f"groups lie in each other {_DEEPEST} deep at most")
        cost = self._alternatives()
        self._depth -= 1
        if not self._take(")"):
            raise self._wrong("a ( is not closed")
        return cost

    def _repeated(self, cost: _Cost) -> _Cost:
        found = _COUNTED.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
            least = int(found[1] or found[2] or 0)
            most = int(found[1] or found[3])
        elif self._take("?"):
            least, most = 0, 1
        else:
            return cost
        if not least <= most <= _MOST_REPEATS:
            raise self._wrong(f"repeats go from fewer to more, {_MOST_REPEATS} at most")
        self._take("?")  # the shortest first: the ways are the same
        return cost.repeated(least, most)

    def _take(self, token: str) -> bool:
        if not self._text.startswith(token, self._at):
            return False
        self._at += len(token)
        return True

    def _wrong(self, words: str) -> ValueError:
        return ValueError(f"at character {self._at + 1}: {words}")


_REMEDY: Final = (
    "write {0,40} for *, {1,40} for +, and a backslash before a character that stands for itself"
)
