"""How many leading digits decide whether a number fits a pattern of a number plan.

The patterns of `phonenumbers` are regular expressions of digits, classes, groups and bounded
repeats. Such expressions are a finite machine, which a number is fed to until whatever may follow
makes no difference any more. So the answer holds for all numbers that begin so, and not for those
alone that somebody tried.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALL: Final = frozenset(range(10))
_TOKEN: Final = re.compile(r"\\d|\[([0-9-]+)\]|([0-9])", re.ASCII)
_REPEAT: Final = re.compile(r"\{([0-9]+)(?:,([0-9]+))?\}", re.ASCII)


class PatternError(ValueError):
    """A pattern of another kind than number plans have."""


@dataclass(frozen=True, slots=True)
class _One:
    """One digit of some."""

    digits: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Then:
    """One piece behind the other; neither is `_EMPTY`."""

    first: _Piece
    rest: _Piece


@dataclass(frozen=True, slots=True)
class _Any:
    """One of several pieces; none: what nothing fits."""

    pieces: frozenset[_Piece]


@dataclass(frozen=True, slots=True)
class _Word:
    """The empty word, or, with `and_more`, all words."""

    and_more: bool = False


_Piece: TypeAlias = "_One | _Then | _Any | _Word"
_EMPTY: Final = _Word()
_EVERYTHING: Final = _Word(and_more=True)
_NOTHING: Final = _Any(frozenset())


class State:
    """Where the machine stands behind some digits: what each pattern still asks for."""

    __slots__ = ("_known", "_machine", "_next", "_pieces")

    def __init__(self, machine: Machine, pieces: frozenset[_Piece]) -> None:
        self._machine, self._pieces = machine, pieces
        self._next: dict[str, State] = {}
        self._known: dict[int, bool] = {}

    def after(self, digit: str) -> State:
        """The state behind one more digit."""
        found = self._next.get(digit)
        if found is None:
            pieces = frozenset(_after(piece, int(digit)) for piece in self._pieces)
            found = self._next[digit] = self._machine.state(pieces)
        return found

    def is_decided(self, left: int) -> bool:
        """Whether all numbers with so many digits more fit the same patterns."""
        known = self._known.get(left)
        if known is None:
            known = all(_verdict(piece, left) is not None for piece in self._pieces)
            self._known[left] = known
        return known


class Machine:
    """Reads numbers for some patterns at once. It has as many states as digits can bring about,
    each made when it is needed first.
    """

    def __init__(self, patterns: Iterable[str], beginnings: Iterable[str] = ()) -> None:
        """A number has to fit a pattern as a whole, or begin with a beginning. Raises PatternError
        for one of another kind than number plans have.
        """
        self._states: dict[frozenset[_Piece], State] = {}
        whole = [_parsed(pattern) for pattern in patterns]
        begun = [_then(_parsed(pattern), _EVERYTHING) for pattern in beginnings]
        self._start = self.state(frozenset([*whole, *begun]))

    def state(self, pieces: frozenset[_Piece]) -> State:
        """The one state that asks for these."""
        asked = pieces - {_NOTHING, _EVERYTHING}
        found = self._states.get(asked)
        if found is None:
            found = self._states[asked] = State(self, asked)
        return found

    def decisive(self, number: str) -> int:
        """By how many leading digits of a number it is known which patterns it fits."""
        state, left = self._start, len(number)
        for digit in number:
            if state.is_decided(left):
                break
            state, left = state.after(digit), left - 1
        return len(number) - left


def _parsed(pattern: str) -> _Piece:
    piece, end = _alternatives(pattern, 0)
    if end != len(pattern):
        raise PatternError(pattern)
    return piece


@lru_cache(maxsize=100_000)
def _verdict(piece: _Piece, left: int) -> bool | None:
    """Whether all numbers with so many digits fit (True), or none (False); None: it depends."""
    if left == 0:
        return _may_end(piece)
    if piece == _NOTHING:
        return False
    verdicts = {_verdict(_after(piece, digit), left - 1) for digit in _ALL}
    return verdicts.pop() if len(verdicts) == 1 else None


@lru_cache(maxsize=100_000)
def _after(piece: _Piece, digit: int) -> _Piece:
    """What has to follow behind a digit (the derivative of Brzozowski)."""
    match piece:
        case _One(digits):
            return _EMPTY if digit in digits else _NOTHING
        case _Word(and_more):
            return piece if and_more else _NOTHING
        case _Any(pieces):
            return _any(_after(one, digit) for one in pieces)
        case _Then(first, rest):
            behind = _then(_after(first, digit), rest)
            return _any((behind, _after(rest, digit))) if _may_end(first) else behind


def _may_end(piece: _Piece) -> bool:
    match piece:
        case _One():
            return False
        case _Word():
            return True
        case _Any(pieces):
            return any(map(_may_end, pieces))
        case _Then(first, rest):
            return _may_end(first) and _may_end(rest)


def _then(first: _Piece, rest: _Piece) -> _Piece:
    if _NOTHING in (first, rest):
        return _NOTHING
    if first == _EMPTY:
        return rest
    return first if rest == _EMPTY else _Then(first, rest)


def _any(pieces: Iterable[_Piece]) -> _Piece:
    flat: set[_Piece] = set()
    for piece in pieces:
        flat |= piece.pieces if isinstance(piece, _Any) else {piece}
    if _EVERYTHING in flat:
        return _EVERYTHING
    return flat.pop() if len(flat) == 1 else _Any(frozenset(flat))


def _alternatives(pattern: str, at: int) -> tuple[_Piece, int]:
    pieces = []
    while True:
        piece, at = _sequence(pattern, at)
        pieces.append(piece)
        if pattern[at : at + 1] != "|":
            return _any(pieces), at
        at += 1


def _sequence(pattern: str, at: int) -> tuple[_Piece, int]:
    pieces: list[_Piece] = []
    while at < len(pattern) and pattern[at] not in "|)":
        piece, at = _one(pattern, at)
        piece, at = _repeated(piece, pattern, at)
        pieces.append(piece)
    found: _Piece = _EMPTY
    for piece in reversed(pieces):
        found = _then(piece, found)
    return found, at


def _one(pattern: str, at: int) -> tuple[_Piece, int]:
    if pattern.startswith("(?:", at):
        piece, at = _alternatives(pattern, at + 3)
        if pattern[at : at + 1] != ")":
            raise PatternError(pattern)
        return piece, at + 1
    token = _TOKEN.match(pattern, at)
    if token is None:
        raise PatternError(pattern)
    if token[1] is None:
        return _One(_ALL if token[2] is None else frozenset({int(token[2])})), token.end()
    fits = re.compile(token[0])
    return _One(frozenset(digit for digit in _ALL if fits.match(str(digit)))), token.end()


def _repeated(piece: _Piece, pattern: str, at: int) -> tuple[_Piece, int]:
    repeat = _REPEAT.match(pattern, at)
    if repeat is not None:
        least, at = int(repeat[1]), repeat.end()
        most = int(repeat[2] or least)
    elif pattern[at : at + 1] == "?":
        least, most, at = 0, 1, at + 1
    else:
        return piece, at
    found: _Piece = _EMPTY
    for times in range(most, 0, -1):
        found = _then(piece, found)
        if times > least:
            found = _any((found, _EMPTY))
    return found, at
