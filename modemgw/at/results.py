"""Final results: how a modem says that a command is over.

V.250 §5.7.1 and table 1; `+CMS ERROR` 27.005 §3.2.5, `+CME ERROR` 27.007 §9.2; the rest are
makers' own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The sort of a final result."""

    OK = "OK"
    ERROR = "ERROR"
    CMS_ERROR = "+CMS ERROR"
    CME_ERROR = "+CME ERROR"
    CONNECT = "CONNECT"
    NO_CARRIER = "NO CARRIER"
    BUSY = "BUSY"
    NO_ANSWER = "NO ANSWER"
    NO_DIALTONE = "NO DIALTONE"
    NOT_SUPPORTED = "COMMAND NOT SUPPORT"
    MODEM_ERROR = "MODEM ERROR"


@dataclass(frozen=True, slots=True)
class FinalResult:
    """A final result. `code` is the number of an error that has one, `text` its words if it had
    words instead (`+CMEE=2`)."""

    kind: Kind
    code: int | None = None
    text: str = ""

    @property
    def ok(self) -> bool:
        """Whether the command was done."""
        return self.kind is Kind.OK

    def __str__(self) -> str:
        detail = self.text if self.code is None else str(self.code)
        return f"{self.kind.value}: {detail}" if detail else self.kind.value


OK = FinalResult(Kind.OK)

_WORDS = {
    "OK": Kind.OK,
    "ERROR": Kind.ERROR,
    "NO CARRIER": Kind.NO_CARRIER,
    "BUSY": Kind.BUSY,
    "NO ANSWER": Kind.NO_ANSWER,
    "NO DIALTONE": Kind.NO_DIALTONE,
    "NO DIAL TONE": Kind.NO_DIALTONE,
    "COMMAND NOT SUPPORT": Kind.NOT_SUPPORTED,  # Huawei
    "TOO MANY PARAMETERS": Kind.NOT_SUPPORTED,
    "NA": Kind.NOT_SUPPORTED,  # Samsung
    "CONNECT": Kind.CONNECT,
}
# V.250 table 1, `ATV0`.
_DIGITS = {
    "0": Kind.OK,
    "1": Kind.CONNECT,
    "3": Kind.NO_CARRIER,
    "4": Kind.ERROR,
    "6": Kind.NO_DIALTONE,
    "7": Kind.BUSY,
    "8": Kind.NO_ANSWER,
}
CALL_RESULTS: Final = frozenset(
    {Kind.CONNECT, Kind.NO_CARRIER, Kind.BUSY, Kind.NO_ANSWER, Kind.NO_DIALTONE}
)
"""What ends a dialling command only. To any other it says that somebody's call has ended."""
ORDINARY: Final = frozenset(Kind) - CALL_RESULTS
"""What may end any command."""
DIALLED: Final = frozenset(Kind)
"""What may end a command that dials or answers."""
_CODED = re.compile(r"(\+CMS ERROR|\+CME ERROR|MODEM ERROR)\s*:\s*(.*)", re.IGNORECASE)
_CODED_BEGIN: Final = frozenset("+MmC")
_CONNECT = re.compile(r"CONNECT \S.*")


def final_result(line: str) -> FinalResult | None:
    """The final result that a line is, or None."""
    if kind := _WORDS.get(line):
        return FinalResult(kind)
    if line[:1] not in _CODED_BEGIN:
        return None
    if coded := _CODED.fullmatch(line):
        kind = Kind(coded[1].upper())
        detail = coded[2].strip()
        if detail.isascii() and detail.isdigit() and len(detail) < 7:
            return FinalResult(kind, code=int(detail))
        return FinalResult(kind, text=detail)
    if _CONNECT.fullmatch(line):
        return FinalResult(Kind.CONNECT, text=line[8:])
    return None


def numeric_result(line: str) -> FinalResult | None:
    """The final result that a line is under `ATV0`, or None."""
    kind = _DIGITS.get(line)
    return None if kind is None else FinalResult(kind)
