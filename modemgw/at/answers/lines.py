"""Picking an answer's lines, and the values that they share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from modemgw.at.errors import AtError
from modemgw.at.parameters import Information, Parameter, information, prefix_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Lines: TypeAlias = tuple[str, ...]

_INTERNATIONAL: Final = 145  # 24.008 §10.5.4.7: type of number 1, plan E.164
_DIGITS_LIMIT: Final = 20  # 24.008 lets a number have no more
_UCS2: Final = re.compile(r"(?:[0-9A-Fa-f]{4}){2,}")
_IRA: Final = re.compile(r"(?:2[BbAa3]|3[0-9])+")  # digits, `+`, `*` and `#`


def first(lines: Lines, prefix: str) -> Information:
    """The first line of an answer, which must have the prefix."""
    for found in every(lines, prefix):
        return found
    raise AtError(f"no {prefix} in the answer {lines[:2]!r}")


def every(lines: Lines, prefix: str) -> Iterator[Information]:
    """The lines of an answer that have the prefix, taken apart."""
    return (information(line) for line in lines if prefix_of(line) == prefix)


def text_in(value: Parameter) -> str | None:
    """A string; None where a list or nothing stands. Hex of UCS-2, as `+CSCS="UCS2"` makes it of
    every string, is read."""
    if not isinstance(value, str) or not value:
        return None
    if _UCS2.fullmatch(value) and value.startswith("00"):
        return bytes.fromhex(value).decode("utf-16-be", "replace")
    return value


def number_in(value: Parameter, type_of_address: int | None = None) -> str | None:
    """A telephone number, with + where its type says so; None where none stands.

    Some print it as hex of UCS-2, others as hex of IRA; the latter is known by its length alone.
    """
    number = text_in(value)
    if number is None:
        return None
    if len(number) > _DIGITS_LIMIT and _IRA.fullmatch(number):
        number = bytes.fromhex(number).decode("ascii")
    if type_of_address == _INTERNATIONAL and number.isascii() and number.isdigit():
        return f"+{number}"
    return number
