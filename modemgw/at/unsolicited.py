"""What a modem says without being asked, in a table.

Beyond the table any line with a prefix (`+X:`, `^X:` …) that no pending command awaits counts as
unsolicited too: makers invent faster than tables grow.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from modemgw.at.parameters import prefix_of


class Topic(Enum):
    """What an announcement is about."""

    TEXT_STORED = auto()
    REPORT_STORED = auto()
    BROADCAST_STORED = auto()
    TEXT = auto()  # the TPDU itself, on the next line, and so the next two
    REPORT = auto()
    BROADCAST = auto()
    FULL = auto()  # a storage takes no more texts
    USSD = auto()
    RING = auto()
    CALLER = auto()
    WAITING_CALLER = auto()
    CALL = auto()
    CALL_END = auto()
    REGISTRATION = auto()
    SIM = auto()
    SIGNAL = auto()
    TIME = auto()
    ZONE = auto()
    INDICATOR = auto()
    START = auto()  # the first that a modem says when it starts: its settings are gone
    BOOT = auto()  # how far its start has come
    FUNCTION = auto()
    POWER = auto()
    OTHER = auto()


_PREFIXES: Final[dict[str, Topic]] = {
    "+CMTI": Topic.TEXT_STORED,
    "+CDSI": Topic.REPORT_STORED,
    "+CBMI": Topic.BROADCAST_STORED,
    "+CMT": Topic.TEXT,
    "+CDS": Topic.REPORT,
    "+CBM": Topic.BROADCAST,
    "^SMMEMFULL": Topic.FULL,
    "+CUSD": Topic.USSD,
    "+CRING": Topic.RING,
    "+CLIP": Topic.CALLER,
    "+CCWA": Topic.WAITING_CALLER,
    "+CLCC": Topic.CALL,
    "^CEND": Topic.CALL_END,
    "+CREG": Topic.REGISTRATION,
    "+CGREG": Topic.REGISTRATION,
    "+CEREG": Topic.REGISTRATION,
    "+C5GREG": Topic.REGISTRATION,
    "+CPIN": Topic.SIM,
    "^RSSI": Topic.SIGNAL,
    "+CSQ": Topic.SIGNAL,
    "^NWTIME": Topic.TIME,
    "*PSUTTZ": Topic.TIME,
    "+CTZU": Topic.TIME,
    "+CTZE": Topic.TIME,
    "+CTZV": Topic.ZONE,
    "+CIEV": Topic.INDICATOR,
    "^SYSSTART": Topic.START,
    "+READY": Topic.BOOT,
    "+CFUN": Topic.FUNCTION,
    "^SHUTDOWN": Topic.POWER,
    "^EXIT": Topic.POWER,
}

# Whole lines, in capitals.
_LINES: Final[dict[str, Topic]] = {
    "RING": Topic.RING,
    "NO CARRIER": Topic.CALL_END,
    "BUSY": Topic.CALL_END,
    "NO ANSWER": Topic.CALL_END,
    "NO DIALTONE": Topic.CALL_END,
    "NO DIAL TONE": Topic.CALL_END,
    "RDY": Topic.START,
    "MODEM STARTUP": Topic.START,
    "START": Topic.START,
    "APP RDY": Topic.BOOT,
    "CALL READY": Topic.BOOT,
    "SMS READY": Topic.BOOT,
    "SMS DONE": Topic.BOOT,
    "PB DONE": Topic.BOOT,
    "+SMS FULL": Topic.FULL,
    "POWERED DOWN": Topic.POWER,
    "NORMAL POWER DOWN": Topic.POWER,
    "UNDER-VOLTAGE WARNNING": Topic.POWER,
    "UNDER-VOLTAGE POWER DOWN": Topic.POWER,
    "OVER-VOLTAGE WARNNING": Topic.POWER,
    "OVER-VOLTAGE POWER DOWN": Topic.POWER,
}

# What lines begin with for which the other two tables have nothing.
_BEGINNINGS: Final[dict[Topic, str]] = {
    Topic.START: r"\^SYSSTART",
    Topic.CALL_END: r"VOICE CALL: END|MISSED_CALL|CONNECT FAIL",
    Topic.CALL: r"VOICE CALL|MO RING|MO CONNECTED",
    Topic.FULL: r"\^SMMEMFULL",
    Topic.TIME: r"\*PSUTTZ",
    Topic.OTHER: r"DST|\+PACSP\d?",
}
_BEGINNING = re.compile(
    "|".join(rf"(?P<{topic.name}>(?:{begins})\b)" for topic, begins in _BEGINNINGS.items()),
    re.IGNORECASE,
)

TWO_LINES: Final = frozenset({"+CMT", "+CDS", "+CBM"})
"""Prefixes whose line announces a PDU on the next one (27.005 §3.4.1)."""

_HEAD_LENGTH = re.compile(r"\+[A-Z]+\s*:(?:.*,)?\s*(\d{1,3})\s*$", re.IGNORECASE | re.ASCII)


def topic_of(line: str) -> Topic | None:
    """What a line announces; None where it is no announcement at all, but noise."""
    return topic_with(line, prefix_of(line))


def topic_with(line: str, prefix: str | None) -> Topic | None:
    """As `topic_of`, for who knows the prefix already."""
    if prefix is not None and (topic := _PREFIXES.get(prefix)):
        return topic
    if topic := _LINES.get(line.upper()):
        return topic
    if begins := _BEGINNING.match(line):
        return Topic[begins.lastgroup or Topic.OTHER.name]
    return Topic.OTHER if prefix is not None else None


def is_unsolicited(line: str) -> bool:
    """Whether a line that no command awaits is a modem's own announcement, not noise."""
    return topic_of(line) is not None


def is_head(line: str) -> bool:
    """Whether a line announces that the next one belongs to it (27.005 §3.4.1)."""
    return prefix_of(line) in TWO_LINES


def is_start(line: str) -> bool:
    """Whether a line is the first of a modem that starts: nothing set before it still holds."""
    return topic_of(line) is Topic.START


def is_full(line: str) -> bool:
    """Whether a line tells that a storage takes no more texts (`+SMS FULL`, `^SMMEMFULL: "SM"`)."""
    return topic_of(line) is Topic.FULL


def is_boot(line: str) -> bool:
    """Whether a line tells that the modem has started anew.

    `+CFUN: 1` (27.007 §8.2) counts where nobody asked for it.
    """
    topic = topic_of(line)
    if topic is Topic.FUNCTION:
        return line.replace(" ", "").upper() == "+CFUN:1"
    return topic in (Topic.START, Topic.BOOT)


def announced_octets(head: str) -> int | None:
    """The octets of the TPDU that a heading announces, without the SMSC's; None: it does not."""
    found = _HEAD_LENGTH.match(head)
    return int(found[1]) if found else None
