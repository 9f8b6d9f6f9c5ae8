"""Registration: `+CREG` (27.007 §7.2), `+CGREG` (§10.1.20), `+CEREG` (§10.1.22), `+C5GREG`.

An answer is `<n>,<stat>[,<area>,<cell>[,<AcT>]]`, an announcement the same without `<n>`. Which
of the two a line is follows from where the area code stands: makers quote it or print it as
three or more digits of hex, and `<stat>` is neither. Two digits alone cannot be told apart by
anything but whether an answer is awaited.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from modemgw.at.answers.lines import first
from modemgw.at.errors import AtError
from modemgw.at.parameters import information, values

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines
    from modemgw.at.parameters import Value

PREFIXES: Final = frozenset({"+CREG", "+CGREG", "+CEREG", "+C5GREG"})

_STAT = re.compile(r"\d{1,3}", re.ASCII)
_PADDED_STAT = re.compile(r"00(?:0\d|1[01])", re.ASCII)
_AREA_DIGITS: Final = 2  # digits that a routing area or MME code has at most


class Registration(IntEnum):
    """27.007 §7.2 `<stat>`."""

    NOT_SEARCHING = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5
    HOME_SMS_ONLY = 6
    ROAMING_SMS_ONLY = 7
    EMERGENCY_ONLY = 8
    HOME_CSFB_NOT_PREFERRED = 9
    ROAMING_CSFB_NOT_PREFERRED = 10
    RESTRICTED_LOCAL = 11

    @property
    def usable(self) -> bool:
        """Whether texts can go and come."""
        return self in _USABLE


_USABLE = frozenset(
    {
        Registration.HOME,
        Registration.ROAMING,
        Registration.HOME_SMS_ONLY,
        Registration.ROAMING_SMS_ONLY,
    }
)


@dataclass(frozen=True, slots=True)
class NetworkStatus:
    """Registration with what else the line tells.

    `reporting` is `<n>`, None in an announcement. `area` is the LAC or TAC, `cell` the cell's
    identity, `access` `<AcT>` (27.007 §7.2: 0 GSM, 2 UTRAN, 7 E-UTRAN …), `routing_area` the RAC
    or MME code that some put between area and cell; None: not told.
    """

    registration: Registration
    reporting: int | None = None
    area: int | None = None
    cell: int | None = None
    access: int | None = None
    routing_area: int | None = None


def registration(lines: Lines, prefix: str) -> Registration:
    """`<stat>` of an answer; what no edition of the standard names is UNKNOWN."""
    return network_status(lines, prefix).registration


def network_status(lines: Lines, prefix: str) -> NetworkStatus:
    """An answer to a read command. Raises AtError where it holds no `<stat>`."""
    first(lines, prefix)
    for line in lines:
        if is_registration_answer(line):
            n, *rest = _values(line)
            return _status(rest, line, _int(n.text))
    raise AtError(f"no <stat> in the answer {lines[:2]!r}")


def registration_change(line: str) -> NetworkStatus:
    """An announcement. Raises AtError where it holds no `<stat>`.

    Some announce in the form of an answer, with an `<n>` in front that is never 0: nobody who
    asked for no announcements gets one. Of `0,1` the first is `<stat>`, and the other no area.
    """
    found = _values(line)
    if not is_registration_answer(line):
        return _status(found, line, None)
    if n := _int(found[0].text):
        return _status(found[1:], line, n)
    return _status(found[:1], line, None)


def is_registration_answer(line: str) -> bool:
    """Tell `+CREG: <n>,<stat>…` from the announcement `+CREG: <stat>[,<area>…]`."""
    found = _values(line)
    if len(found) < 2 or not _STAT.fullmatch(found[0].text):
        return False
    quoted = next((at for at, value in enumerate(found) if value.quoted), None)
    if quoted is not None:
        return quoted > 1
    return _STAT.fullmatch(found[1].text) is not None or (
        _PADDED_STAT.fullmatch(found[1].text) is not None and len(found) < 3
    )


def _values(line: str) -> list[Value]:
    information(line)  # raises AtError where it is none
    return values(line)


def _status(found: list[Value], line: str, reporting: int | None) -> NetworkStatus:
    stat = _int(found[0].text) if found else None
    if stat is None:
        raise AtError(f"no <stat> in {line[:40]!r}")
    try:
        state = Registration(stat)
    except ValueError:
        state = Registration.UNKNOWN
    texts = [value.text for value in found[1:]]
    routing_area = _int(texts.pop(1), 16) if _routing_area_inside(texts) else None
    area, cell, access = (*texts, "", "", "")[:3]
    return NetworkStatus(
        state, reporting, _int(area, 16), _int(cell, 16), _int(access), routing_area
    )


def _routing_area_inside(texts: list[str]) -> bool:
    """Whether the routing area stands between area and cell (`1F00,20,79D903,7`), as some print."""
    return len(texts) >= 4 and 0 < len(texts[1]) <= _AREA_DIGITS and len(texts[2]) > _AREA_DIGITS


def _int(text: str, base: int = 10) -> int | None:
    digits = r"[0-9A-Fa-f]{1,9}" if base == 16 else r"[0-9]{1,9}"
    return int(text, base) if re.fullmatch(digits, text) else None
