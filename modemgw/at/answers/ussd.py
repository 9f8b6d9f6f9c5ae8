"""USSD: `+CUSD` (27.007 §7.15).

The string is given out as the modem printed it: what it means depends on `<dcs>` (23.038 §5), on
`+CSCS` and on the maker, and is read where the codec is at hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Final

from modemgw.at.errors import AtError
from modemgw.at.parameters import prefix_of

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines

MAX_CHARACTERS: Final = 2048
"""Longest announcement: 182 characters as hex of UCS-2 have 728 (23.038 §6.1.2.3)."""

_USSD = re.compile(
    r"""\+CUSD\s*:\s*(?P<m>\d)\s*
    (?:,\s*(?:"(?P<quoted>.*?)"?|(?P<bare>[^",]*?))\s*
       (?:,\s*(?P<dcs>\d{1,3})?\s*)?)?$""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE | re.ASCII,
)
_OPEN = re.compile(r'\+CUSD\s*:[^"]*"(?P<behind>.*)', re.IGNORECASE | re.DOTALL)
_CLOSED = re.compile(r'"\s*(?:,\s*\d{0,3}\s*)?$', re.ASCII)
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")


class UssdStatus(IntEnum):
    """27.007 §7.15 `<m>`: what becomes of the session."""

    DONE = 0
    ANSWER_WANTED = 1
    ENDED = 2
    OTHER_ANSWERED = 3
    NOT_SUPPORTED = 4
    TIMED_OUT = 5


class UssdForm(Enum):
    """What the string may be, by its shape alone."""

    EMPTY = "empty"
    HEX = "hex"  # of octets: packed septets, UCS-2 or 8-bit, as `dcs` has it
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class UssdString:
    """What the network said. `string` is as printed, lines joined by LF; None where there is
    none. `dcs` is the data coding scheme (23.038 §5), None where the modem left it out."""

    status: UssdStatus
    string: str | None
    dcs: int | None

    @property
    def form(self) -> UssdForm:
        """Hex that is really text (a menu "12 34"?) is told by nothing; short digits are text."""
        if not self.string:
            return UssdForm.EMPTY
        is_hex = _HEX.fullmatch(self.string) and (
            len(self.string) >= 8 or not self.string.isdigit()
        )
        return UssdForm.HEX if is_hex else UssdForm.TEXT


def ussd(lines: Lines) -> UssdString:
    """An announcement, of several lines where the string holds line ends. Raises AtError."""
    said = "\n".join(lines)
    found = _USSD.fullmatch(said) if len(said) <= MAX_CHARACTERS else None
    if found is None:
        raise AtError(f"no +CUSD: {lines[:1]!r}")
    try:
        status = UssdStatus(int(found["m"]))
    except ValueError:
        raise AtError(f"no such <m>: {lines[0][:40]!r}") from None
    dcs = int(found["dcs"]) if found["dcs"] else None
    if dcs is not None and dcs > 255:
        raise AtError(f"no such <dcs>: {dcs}")
    string = found["quoted"] if found["quoted"] is not None else found["bare"] or None
    return UssdString(status, string, dcs)


def opens_string(line: str) -> bool:
    """Whether the string of a `+CUSD` line goes on behind its end."""
    if prefix_of(line) != "+CUSD":
        return False
    found = _OPEN.match(line)
    return found is not None and not closes_string(found["behind"])


def closes_string(line: str) -> bool:
    """Whether the string of a `+CUSD` whose string is open ends on that line."""
    return _CLOSED.search(line) is not None
