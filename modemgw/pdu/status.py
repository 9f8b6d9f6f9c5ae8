"""TP-ST: what a status report says of its text (23.040 §9.2.3.15)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from modemgw.pdu.value import value


class Outcome(StrEnum):
    """How far the service centre got."""

    COMPLETED = "completed"
    TRYING = "trying"  # a temporary error; another report follows
    PERMANENT = "permanent"
    GIVEN_UP = "given-up"  # a temporary error, and no further attempt
    RESERVED = "reserved"  # to be taken as GIVEN_UP

    @property
    def final(self) -> bool:
        """No other report follows."""
        return self is not Outcome.TRYING


@value
class Status:
    """What a TP-ST says: how far the service centre got, and why in words."""

    outcome: Outcome
    words: str


_ERRORS: Final = (
    "congestion",
    "recipient busy",
    "no answer from the recipient",
    "service rejected",
    "quality of service not available",
    "error in the recipient",
)

# By the upper three bits; a code beyond the words is reserved, from 10 on it is the service
# centre's own.
_GROUPS: Final = (
    (
        Outcome.COMPLETED,
        (
            "received by the recipient",
            "forwarded, without knowing whether it was received",
            "replaced by the service centre",
        ),
    ),
    (Outcome.TRYING, _ERRORS),
    (
        Outcome.PERMANENT,
        (
            "remote procedure error",
            "incompatible destination",
            "rejected by the recipient",
            "not obtainable",
            "quality of service not available",
            "no interworking available",
            "validity period expired",
            "deleted by the sender",
            "deleted by the service centre",
            "unknown to the service centre",
        ),
    ),
    (Outcome.GIVEN_UP, _ERRORS),
)


def _status(st: int) -> Status:
    if st >= 0x80:
        return Status(Outcome.RESERVED, "reserved")
    outcome, words = _GROUPS[st >> 5]
    code = st & 0x1F
    if code >= 0x10:
        return Status(outcome, "specific to the service centre")
    return Status(outcome, words[code] if code < len(words) else "reserved")


#: By TP-ST.
STATUSES: Final = tuple(_status(st) for st in range(256))
