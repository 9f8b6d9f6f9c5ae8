"""Indicators: `+CIND` (27.007 §8.9) and `+CIEV` (§8.10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.at.answers.lines import every, first
from modemgw.at.errors import AtError
from modemgw.at.parameters import flat, information, written_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.at.answers.lines import Lines
    from modemgw.at.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator that a modem has: its name (`signal`, `service`, `smsfull` …) and values."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IndicatorEvent:
    """`+CIEV`. By the standard `position` counts from 1 in the list of `+CIND=?`; Cinterion and
    Telit give the `name` instead, and SIMCom puts texts behind. One of the two is None."""

    position: int | None
    name: str | None
    value: int | None
    texts: Lines = ()

    def name_among(self, indicators: Sequence[Indicator]) -> str | None:
        """What it is called where `+CIND=?` gave those; None where that does not say."""
        if self.name is not None or self.position is None:
            return self.name
        inside = 1 <= self.position <= len(indicators)
        return indicators[self.position - 1].name if inside else None


def indicators(lines: Lines) -> tuple[Indicator, ...]:
    """`+CIND=?`: names in lower case, in the order of their positions."""
    found = tuple(
        Indicator(name.lower(), _numbers(value[1:]))
        for line in every(lines, "+CIND")
        for value in line.parameters
        if isinstance(value, tuple) and value and isinstance(name := value[0], str)
    )
    if not found:
        raise AtError(f"no indicator in the answer {lines[:1]!r}")
    return found


def indicator_values(lines: Lines) -> tuple[int | None, ...]:
    """`+CIND?`: one value for each, in their order."""
    line = first(lines, "+CIND")
    return tuple(line.number(position) for position in range(len(line.parameters)))


def indicator_event(line: str) -> IndicatorEvent:
    """`+CIEV`. Raises AtError where it names no indicator."""
    found = information(line)
    position, name = found.number(0), found.text(0)
    if name is None:
        raise AtError(f"no indicator in {line[:40]!r}")
    texts = tuple(found.text(at) or "" for at in range(1, len(found.parameters)))
    return IndicatorEvent(
        position, None if position is not None else name.lower(), found.number(1), texts
    )


def _numbers(values: Sequence[Parameter]) -> tuple[int, ...]:
    texts = (text for item in values for option in flat(item) for text in written_out(option))
    return tuple(int(text) for text in texts if text.isascii() and text.isdigit())
