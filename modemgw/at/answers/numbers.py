"""Telephone numbers: the service centre's (27.005 §3.3.1) and the line's own (27.007 §7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.at.answers.lines import every, first, number_in, text_in

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines

_NUMBER = re.compile(r"\+?[0-9]{3,20}")


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """An entry of `+CNUM`; `alpha` is what the SIM calls it."""

    alpha: str | None
    number: str | None


def service_centre(lines: Lines) -> str | None:
    """`+CSCA?`; None where none is set."""
    line = first(lines, "+CSCA")
    return number_in(line.text(0), line.number(1))


def own_numbers(lines: Lines) -> tuple[OwnNumber, ...]:
    """`+CNUM`: all entries, the empty ones too."""
    return tuple(
        OwnNumber(text_in(line.text(0)), number_in(line.text(1), line.number(2)))
        for line in every(lines, "+CNUM")
    )


def own_number(lines: Lines) -> str | None:
    """`+CNUM`: the first number; None where the SIM holds none."""
    found = (entry.number for entry in own_numbers(lines))
    return next((number for number in found if number and _NUMBER.fullmatch(number)), None)
