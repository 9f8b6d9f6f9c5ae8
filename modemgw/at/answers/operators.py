"""Operators: `+COPS?` and `+COPS=?` (27.007 §7.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from modemgw.at.answers.lines import first, text_in
from modemgw.at.parameters import information, parameters, prefix_of

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines
    from modemgw.at.parameters import Parameter

_NUMERIC = re.compile(r"[0-9]{5,7}")  # MCC and MNC, which some print with a digit too many


@dataclass(frozen=True, slots=True)
class Operator:
    """`+COPS?`. `name` is None while there is none; `access` is `<AcT>`, None where not told.

    `format` says what `name` is: 0 long, 1 short, 2 MCC and MNC.
    """

    mode: int | None
    name: str | None
    format: int | None = None
    access: int | None = None


class Availability(IntEnum):
    """`<stat>` of an operator that a scan has found."""

    UNKNOWN = 0
    AVAILABLE = 1
    CURRENT = 2
    FORBIDDEN = 3


@dataclass(frozen=True, slots=True)
class Network:
    """An operator that a scan has found; `code` is MCC and MNC."""

    availability: Availability
    long: str | None
    short: str | None
    code: str
    access: int | None


def operator(lines: Lines) -> Operator:
    """`+COPS?`."""
    line = first(lines, "+COPS")
    return Operator(line.number(0), text_in(line.text(2)), line.number(1), line.number(3))


def networks(lines: Lines) -> tuple[Network, ...]:
    """`+COPS=?`: what was found, on one line or several, of which some have the prefix on the
    first alone. Raises AtError for no such line.

    Lists of what `<mode>` and `<format>` may be stand behind them, and brackets are lost.
    """
    first(lines, "+COPS")
    found = (
        information(line).parameters if prefix_of(line) else parameters(line) for line in lines
    )
    return tuple(
        network for values in found for value in values if (network := _network(value)) is not None
    )


def _network(value: Parameter) -> Network | None:
    if not isinstance(value, tuple) or len(value) < 4:
        return None
    stat, long, short, numeric, *rest = value
    code = text_in(numeric)
    if code is None or not _NUMERIC.fullmatch(code) or stat not in ("0", "1", "2", "3"):
        return None
    access = rest[0] if rest else None
    return Network(
        Availability(int(stat)),
        text_in(long),
        text_in(short),
        code,
        int(access) if isinstance(access, str) and re.fullmatch("[0-9]{1,2}", access) else None,
    )
