"""What a modem says without being asked.

The tables name what is known. Beyond them any line with a prefix (`+X:`, `^X:` …) that no pending
command awaits counts as unsolicited too: makers invent faster than tables grow.
"""

from __future__ import annotations

import re
from typing import Final

from modemgw.at.parameters import prefix_of

TWO_LINES: Final = frozenset({"+CMT", "+CDS", "+CBM"})
"""Prefixes whose line announces a PDU on the next one (27.005 §3.4.1)."""

START_LINES: Final = frozenset(
    {"RDY", "^SYSSTART", "^SYSSTART AIRPLANE MODE", "MODEM STARTUP", "START"}
)
"""Lines, in capitals, that a modem prints first of all when it starts."""
BOOT_LINES: Final = START_LINES | {
    "APP RDY",
    "CALL READY",
    "SMS READY",
    "SMS DONE",
    "PB DONE",
    "+READY",
}
"""Lines, in capitals, that a modem prints when it has started: its settings are gone."""

_PLAIN: Final = BOOT_LINES | {
    "RING",
    "POWERED DOWN",
    "NORMAL POWER DOWN",
    "UNDER-VOLTAGE WARNNING",
    "UNDER-VOLTAGE POWER DOWN",
    "OVER-VOLTAGE WARNNING",
    "OVER-VOLTAGE POWER DOWN",
    "+SMS FULL",
    "NO CARRIER",
    "BUSY",
    "NO ANSWER",
    "^SHUTDOWN",
    "^EXIT",
}
_PLAIN_FORMS = re.compile(
    r"(DST|MISSED_CALL|\*PSUTTZ|\^SYSSTART|\+PACSP\d?|VOICE CALL|MO RING|CONNECT FAIL)\b.*",
    re.IGNORECASE,
)
_FULL = re.compile(r"(\+SMS FULL|\^SMMEMFULL\b)", re.IGNORECASE)
_HEAD_LENGTH = re.compile(r"\+(?:CMT|CDS|CBM)\s*:(?:.*,)?\s*(\d{1,3})\s*$", re.IGNORECASE)


def is_unsolicited(line: str) -> bool:
    """Whether a line that no command awaits is a modem's own announcement, not noise."""
    return (
        prefix_of(line) is not None
        or line.upper() in _PLAIN
        or _PLAIN_FORMS.fullmatch(line) is not None
    )


def is_head(line: str) -> bool:
    """Whether a line announces that the next one belongs to it (27.005 §3.4.1)."""
    return prefix_of(line) in TWO_LINES


def is_start(line: str) -> bool:
    """Whether a line is the first of a modem that starts: nothing set before it still holds."""
    return line.upper() in START_LINES


def is_full(line: str) -> bool:
    """Whether a line tells that a storage takes no more texts (`+SMS FULL`, `^SMMEMFULL: "SM"`)."""
    return _FULL.match(line) is not None


def is_boot(line: str) -> bool:
    """Whether a line tells that the modem has started anew.

    `+CFUN: 1` (27.007 §8.2) counts where nobody asked for it.
    """
    return line.upper() in BOOT_LINES or line.replace(" ", "") == "+CFUN:1"


def announced_octets(head: str) -> int | None:
    """The octets of the TPDU that a +CMT or +CDS line announces, without the SMSC's."""
    found = _HEAD_LENGTH.match(head)
    return int(found[1]) if found else None
