"""An AT command line, cut into commands (V.250 §5.2, §5.3, §5.4).

A line holds basic commands (`E0V1`, `&F`, `S3=13`) and extended ones (`+CMEE=1;+CREG=2`), which
a semicolon parts. Values in, values out; nothing here knows what a command means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Form(Enum):
    """What is asked of a command (V.250 §5.4)."""

    ACTION = "action"  # +CSQ
    SET = "set"  # +CMEE=1
    READ = "read"  # +CMEE?
    TEST = "test"  # +CMEE=?


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a line: name in capitals (`+CMGS`, `E`, `&F`), form, parameters as text.

    An omitted parameter is an empty text; quotation marks are taken off. `argument` is what
    stood behind the name, untouched, for those that read it their own way (`D`, `+CLCK`).
    """

    name: str
    form: Form = Form.ACTION
    params: tuple[str, ...] = ()
    argument: str = ""

    def number(self, position: int, default: int) -> int:
        """The parameter as a number; `default` where it is left out. ValueError if it is none."""
        if position >= len(self.params) or not self.params[position]:
            return default
        text = self.params[position]
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{self.name}: {text!r} is no number")
        return int(text)

    def text(self, position: int, default: str = "") -> str:
        """The parameter as text; `default` where it is left out."""
        return self.params[position] if position < len(self.params) else default


class BadLineError(ValueError):
    """A line that no modem could read."""


_EXTENDED = re.compile(r"[+^#$%*!_][A-Z][A-Z0-9!%./:_-]*", re.IGNORECASE)
_BASIC = re.compile(r"(S\d+|&?[A-Z])(=\?|[=?]?)(\d*)", re.IGNORECASE)
_BASIC_FORM = {"": Form.ACTION, "=": Form.SET, "?": Form.READ, "=?": Form.TEST}
_DIAL = ("D", "d")


def parse_line(body: str) -> list[Command]:
    """The commands of a line without its `AT`, in order; none for an empty line.

    Raises BadLineError where the line leaves the grammar, as a modem that answers ERROR.
    """
    commands: list[Command] = []
    rest = body.strip()
    while rest:
        if rest[0] == ";" or rest[0] == " ":
            rest = rest[1:]
        elif rest[0] in _DIAL:
            commands.append(Command("D", argument=rest[1:]))
            rest = ""
        elif match := _EXTENDED.match(rest):
            end = _unquoted_semicolon(rest, match.end())
            commands.append(_extended(match[0].upper(), rest[match.end() : end].strip()))
            rest = rest[end:]
        elif match := _BASIC.match(rest):
            form = _BASIC_FORM[match[2]]
            params = (match[3],) if match[3] else ()
            commands.append(Command(match[1].upper(), form, params, match[3]))
            rest = rest[match.end() :]
        else:
            raise BadLineError(f"no command starts with {rest[:8]!r}")
    return commands


def _extended(name: str, tail: str) -> Command:
    if not tail:
        return Command(name)
    if tail == "?":
        return Command(name, Form.READ)
    if tail == "=?":
        return Command(name, Form.TEST)
    if tail.startswith("="):
        return Command(name, Form.SET, split_params(tail[1:]), tail[1:])
    raise BadLineError(f"{name}: what is {tail[:8]!r}")


def _unquoted_semicolon(text: str, start: int) -> int:
    quoted = False
    for position in range(start, len(text)):
        if text[position] == '"':
            quoted = not quoted
        elif text[position] == ";" and not quoted:
            return position
    return len(text)


def split_params(text: str) -> tuple[str, ...]:
    """Parameters between commas; commas in quotation marks belong to the text in them."""
    params: list[str] = []
    current: list[str] = []
    quoted = False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            params.append("".join(current).strip())
            current = []
        else:
            current.append(character)
    if quoted:
        raise BadLineError("a quotation mark is not closed")
    params.append("".join(current).strip())
    return tuple(params)
