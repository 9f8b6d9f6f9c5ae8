"""Who a modem is: maker, model, firmware, IMEI, IMSI (27.007 §5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modemgw.at.errors import AtError
from modemgw.at.parameters import prefix_of

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines


def identity(lines: Lines) -> str:
    """`+CGMI` and its like: the text, without a prefix or quotes that some put around it."""
    for line in lines:
        text = line.split(":", 1)[1] if prefix_of(line) and ":" in line else line
        if text := text.strip().strip('"'):
            return text
    raise AtError("an empty identity")


def description(lines: Lines) -> Lines:
    """`ATI` (V.250 §6.1.3): all lines that say something, as the maker likes it."""
    said = tuple(text for line in lines if (text := line.strip()))
    if not said:
        raise AtError("an empty identity")
    return said


def imei(lines: Lines) -> str:
    """`+CGSN`, `+GSN`: 14 to 16 digits (23.003 §6.2), with or without prefix and quotes."""
    return _digits(lines, r"\d{14,16}", "IMEI")


def imsi(lines: Lines) -> str:
    """`+CIMI`: up to 15 digits (23.003 §2.2)."""
    return _digits(lines, r"\d{6,15}", "IMSI")


def _digits(lines: Lines, pattern: str, what: str) -> str:
    for line in lines:
        found = re.search(rf"(?<!\d){pattern}(?!\d)", line, re.ASCII)
        if found:
            return found[0]
    raise AtError(f"no {what} in the answer {lines[:2]!r}")
