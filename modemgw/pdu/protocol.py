"""TP-PID: what a text is to whoever gets it (23.040 §9.2.3.9)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from modemgw.pdu.value import value


class ProtocolKind(StrEnum):
    """What a protocol identifier is about."""

    PLAIN = "plain"
    SM_AL = "sm-al"  # a protocol between the two ends, by its number
    TELEMATIC = "telematic"
    SILENT = "silent"  # short message type 0: acknowledged, and neither shown nor kept
    REPLACE = "replace"  # takes the place of the last one of its number from the same sender
    DEVICE_TRIGGER = "device-trigger"
    ENHANCED = "enhanced"  # obsolete
    RETURN_CALL = "return-call"
    ANSI_136 = "ansi-136"
    ME_DOWNLOAD = "me-download"
    ME_DEPERSONALIZATION = "me-depersonalization"
    SIM_DOWNLOAD = "sim-download"
    SERVICE_CENTRE = "service-centre"  # as the service centre defines it
    RESERVED = "reserved"


@value
class Protocol:
    """What a TP-PID says.

    `number` is the SM-AL protocol, the telematic device (0 to 31), the type to replace (1 to 7)
    or the service centre's own value (0 to 63), and None for what has no number. `device` is a
    telematic device in words.
    """

    kind: ProtocolKind
    number: int | None = None
    device: str | None = None


_DEVICES: Final = {
    0x00: "device by the service centre or the address",
    0x01: "telex",
    0x02: "group 3 fax",
    0x03: "group 4 fax",
    0x04: "voice telephone",
    0x05: "ERMES pager",
    0x06: "national paging system",
    0x07: "videotex",
    0x08: "teletex",
    0x09: "teletex in PSPDN",
    0x0A: "teletex in CSPDN",
    0x0B: "teletex in analogue PSTN",
    0x0C: "teletex in digital ISDN",
    0x0D: "UCI",
    0x10: "message handling facility",
    0x11: "X.400 message handling system",
    0x12: "internet e-mail",
    **dict.fromkeys(range(0x18, 0x1F), "device by mutual agreement with the service centre"),
    0x1F: "mobile station",
}

_SINGLE: Final = {
    0x00: ProtocolKind.SILENT,
    0x08: ProtocolKind.DEVICE_TRIGGER,
    0x1E: ProtocolKind.ENHANCED,
    0x1F: ProtocolKind.RETURN_CALL,
    0x3C: ProtocolKind.ANSI_136,
    0x3D: ProtocolKind.ME_DOWNLOAD,
    0x3E: ProtocolKind.ME_DEPERSONALIZATION,
    0x3F: ProtocolKind.SIM_DOWNLOAD,
}


def _protocol(pid: int) -> Protocol:
    """One octet, by its upper two bits."""
    group, low = pid >> 6, pid & 0x3F
    if group == 0b00:
        return _interworking(low)
    if group == 0b01:
        if 1 <= low <= 7:
            return Protocol(ProtocolKind.REPLACE, low)
        return Protocol(_SINGLE.get(low, ProtocolKind.RESERVED))
    if group == 0b10:
        return Protocol(ProtocolKind.RESERVED)
    return Protocol(ProtocolKind.SERVICE_CENTRE, low)


def _interworking(low: int) -> Protocol:
    number = low & 0x1F
    if low & 0x20:
        return Protocol(ProtocolKind.TELEMATIC, number, _DEVICES.get(number, "reserved"))
    return Protocol(ProtocolKind.SM_AL, number) if number else Protocol(ProtocolKind.PLAIN)


#: By TP-PID.
PROTOCOLS: Final = tuple(_protocol(pid) for pid in range(256))
