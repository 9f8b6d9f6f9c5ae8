"""What the values of single fields mean, in a few words each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.pdu.coding import CODINGS, Alphabet, Indication
from modemgw.pdu.failure import FAILURES
from modemgw.pdu.protocol import PROTOCOLS, ProtocolKind
from modemgw.pdu.status import STATUSES, Outcome
from modemgw.pdu.validity import EnhancedValidity, RelativeValidity

if TYPE_CHECKING:
    from datetime import datetime

    from modemgw.pdu.coding import Coding
    from modemgw.pdu.validity import Validity

_TON: Final = (
    "unknown type",
    "international",
    "national",
    "network-specific",
    "subscriber number",
    "alphanumeric",
    "abbreviated",
    "reserved type",
)
_NPI: Final = {
    0: "unknown plan",
    1: "E.164 plan",
    3: "X.121 plan",
    4: "telex plan",
    5: "plan of the service centre",
    6: "plan of the service centre",
    8: "national plan",
    9: "private plan",
    10: "ERMES plan",
}

_ALPHABETS: Final = {
    Alphabet.GSM7: "GSM-7",
    Alphabet.EIGHT_BIT: "8-bit data",
    Alphabet.UCS2: "UCS-2",
}
_CLASSES: Final = (
    "class 0 (shown at once)",
    "class 1 (for the phone)",
    "class 2 (for the SIM)",
    "class 3 (for the terminal equipment)",
)
WAITING: Final = {
    Indication.VOICE: "voice mail",
    Indication.FAX: "fax",
    Indication.EMAIL: "e-mail",
    Indication.OTHER: "other messages",
}
_PROTOCOLS: Final = {
    ProtocolKind.PLAIN: "plain text",
    ProtocolKind.SM_AL: "SM-AL protocol",
    ProtocolKind.TELEMATIC: "telematic",
    ProtocolKind.SILENT: "type 0: acknowledged, never shown",
    ProtocolKind.REPLACE: "replaces the last text of type",
    ProtocolKind.DEVICE_TRIGGER: "device triggering",
    ProtocolKind.ENHANCED: "enhanced message service (obsolete)",
    ProtocolKind.RETURN_CALL: "return call",
    ProtocolKind.ANSI_136: "ANSI-136 R-DATA",
    ProtocolKind.ME_DOWNLOAD: "data for the phone",
    ProtocolKind.ME_DEPERSONALIZATION: "depersonalization of the phone",
    ProtocolKind.SIM_DOWNLOAD: "data for the SIM",
    ProtocolKind.SERVICE_CENTRE: "of the service centre: value",
    ProtocolKind.RESERVED: "reserved",
}
_OUTCOMES: Final = {
    Outcome.COMPLETED: "done",
    Outcome.TRYING: "still trying",
    Outcome.PERMANENT: "failed for good",
    Outcome.GIVEN_UP: "given up",
    Outcome.RESERVED: "given up",
}
_COMMANDS: Final = (
    "enquiry about a text",
    "no status report on a text",
    "deletion of a text",
    "status report on a text",
)
_UNITS: Final = ((7 * 86400, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def counted(count: int, unit: str) -> str:
    """`1 octet`, `2 octets`."""
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def type_of_address(octet: int) -> str:
    """Type of number and numbering plan (23.040 §9.1.2.5)."""
    words = f"{_TON[octet >> 4 & 7]}, {_NPI.get(octet & 15, 'reserved plan')}"
    return words if octet & 0x80 else f"{words}; bit 7 should be 1"


def time(when: datetime | None) -> str:
    """A time with its offset."""
    return "no time that ever was" if when is None else when.isoformat(" ")


def coding(dcs: int) -> str:
    """TP-DCS (23.038 §4)."""
    known = CODINGS[dcs]
    words = [_alphabet(dcs, known)]
    if known.message_class is not None:
        words.append(_CLASSES[known.message_class])
    if known.autodelete:
        words.append("deleted when read")
    if known.waiting is not None:
        is_there = "" if known.waiting.active else "no "
        words.append(f"{is_there}{WAITING[known.waiting.type]} waiting")
        words.append("text to be kept" if known.waiting.store else "text to be thrown away")
    return ", ".join(words)


def _alphabet(dcs: int, known: Coding) -> str:
    words = _ALPHABETS[known.alphabet]
    if known.compressed:
        words = f"compressed {words}"
    # Reserved are the groups 8 to B, and in the general ones the fourth alphabet.
    if dcs >> 6 == 0b10 or (dcs >> 7 == 0 and dcs & 0x0C == 0x0C):
        words += " (a reserved coding)"
    return words


def duration(seconds: int) -> str:
    """`2 days 12 hours`."""
    words = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            words.append(counted(count, unit))
    return " ".join(words) or "no time at all"


def validity(period: Validity | None) -> str:
    """TP-VP (23.040 §9.2.3.12)."""
    match period:
        case RelativeValidity():
            return duration(period.minutes * 60)
        case EnhancedValidity():
            return _enhanced(period)
        case _:
            return "until " + time(None if period is None else period.time)


def _enhanced(period: EnhancedValidity) -> str:
    once = "one attempt only, " if period.single_shot else ""
    form = period.octets[0] & 7
    if form == 0:
        return once + "no period"
    if period.seconds is None:
        return once + ("no time that ever was" if form == 3 else "a reserved format")
    return once + duration(period.seconds)


def command_type(ct: int) -> str:
    """TP-CT (23.040 §9.2.3.19)."""
    if ct < len(_COMMANDS):
        return _COMMANDS[ct]
    return "reserved" if ct < 0xE0 else "for the service centre"


def protocol(pid: int) -> str:
    """TP-PID (23.040 §9.2.3.9)."""
    known = PROTOCOLS[pid]
    words = _PROTOCOLS[known.kind]
    if known.device is not None:
        return f"{words}: {known.device}"
    return words if known.number is None else f"{words} {known.number}"


def status(st: int) -> str:
    """TP-ST (23.040 §9.2.3.15)."""
    known = STATUSES[st]
    return f"{_OUTCOMES[known.outcome]}: {known.words}"


def cause(fcs: int) -> str:
    """TP-FCS (23.040 §9.2.3.22)."""
    return FAILURES[fcs]
