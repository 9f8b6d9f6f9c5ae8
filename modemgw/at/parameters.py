"""The parameters of an information line: `+CPMS: "SM",3,20` and its many relatives.

V.250 §5.4.2.2 gives the values: decimal numbers, quoted strings, nothing; test commands answer
with lists in brackets. Modems leave out the colon, quotes and closing brackets as they please.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from modemgw.at.errors import AtError

Parameter: TypeAlias = "str | tuple[Parameter, ...] | None"
"""A value without its quotes, None where nothing stands, a tuple for a list in brackets."""

_PREFIX = re.compile(r"([+^*#!%$_][A-Za-z0-9_/]+)\s*(:?)\s*")


@dataclass(frozen=True, slots=True)
class Information:
    """One information line, taken apart."""

    prefix: str
    parameters: tuple[Parameter, ...]

    def text(self, position: int) -> str | None:
        """The string at a position; None where it is absent, empty or a list."""
        if not 0 <= position < len(self.parameters):
            return None
        value = self.parameters[position]
        return value if isinstance(value, str) and value else None

    def number(self, position: int, base: int = 10) -> int | None:
        """The number at a position; None where it is absent or not a number."""
        value = self.text(position)
        if value is None or len(value) > _NUMBER_LIMIT:
            return None
        try:
            return int(value, base)
        except ValueError:
            return None

    def options(self, position: int) -> tuple[str, ...]:
        """The values of a list of a test command, ranges (`0-3`) written out."""
        value = self.parameters[position] if position < len(self.parameters) else None
        return tuple(option for item in flat(value) for option in written_out(item))


def prefix_of(line: str) -> str | None:
    """The prefix (`+CMTI`) of an information line, in capitals; None for any other line."""
    found = _prefix(line)
    return None if found is None else found[1].upper()


def information(line: str) -> Information:
    """Take one line apart. Raises AtError where it is no information line."""
    found = _prefix(line)
    if found is None:
        raise AtError(f"no information line: {line[:40]!r}")
    return Information(found[1].upper(), parameters(line[found.end() :]))


def _prefix(line: str) -> re.Match[str] | None:
    found = _PREFIX.match(line)
    if found is None or not (found[2] or found.end() == len(line) or line[found.end()] in '("'):
        return None
    return found


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a line, and whether it stood in quotes."""

    text: str
    quoted: bool


def values(line: str) -> list[Value]:
    """The values of an information line, brackets not looked at. Never raises."""
    found = _PREFIX.match(line)
    text = line[found.end() :].strip() if found else ""
    return [
        Value(piece.replace('"', "").strip(), '"' in piece)
        for piece in (_pieces(text, brackets=False) if text else ())
    ]


def parameters(text: str) -> tuple[Parameter, ...]:
    """Cut at the commas outside of quotes and brackets. Never raises."""
    text = text.strip()
    if not text:
        return ()
    return tuple(_value(piece) for piece in _pieces(text))


def _pieces(text: str, *, brackets: bool = True) -> list[str]:
    """Cut at commas, and between lists that stand side by side: `(1,"a")(2,"b")`."""
    if '"' not in text and "(" not in text:
        return text.split(",")
    pieces: list[str] = []
    quoted = False
    depth = start = 0
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif quoted or (character in "()" and not brackets):
            continue
        elif character == "(":
            if depth == 0 and text[start:position].endswith(")"):
                pieces.append(text[start:position])
                start = position
            depth += 1
        elif character == ")":
            depth = max(0, depth - 1)
        elif character == "," and depth == 0:
            pieces.append(text[start:position])
            start = position + 1
    pieces.append(text[start:])
    return pieces


def _value(piece: str, depth: int = 0) -> Parameter:
    piece = piece.strip()
    if depth < _DEPTH_LIMIT and _is_list(piece):
        inner = piece[1:-1].strip()
        return tuple(_value(item, depth + 1) for item in _pieces(inner)) if inner else ()
    if '"' in piece:
        return piece.replace('"', "")
    return piece or None


def _is_list(piece: str) -> bool:
    """Whether the first bracket is closed by the last one: not so in `(0)|(1)`."""
    if not (piece.startswith("(") and piece.endswith(")")):
        return False
    depth = 0
    for bracket in re.sub(r'"[^"]*"|[^()]', "", piece)[:-1]:
        depth += 1 if bracket == "(" else -1
        if depth == 0:
            return False
    return True


def flat(value: Parameter) -> tuple[str, ...]:
    """All strings in a value, however deep in brackets."""
    if isinstance(value, tuple):
        return tuple(text for item in value for text in flat(item))
    return (value,) if value else ()


_DEPTH_LIMIT = 8
_NUMBER_LIMIT = 20  # digits; Python refuses to read very many
_RANGE_LIMIT = 256


def written_out(item: str) -> tuple[str, ...]:
    """A range (`0-3`) as its values; of anything else just that."""
    found = re.fullmatch(r"(\d{1,4})-(\d{1,4})", item)
    if found is None:
        return (item,)
    first, last = int(found[1]), int(found[2])
    return tuple(str(value) for value in range(first, min(last, first + _RANGE_LIMIT) + 1))
