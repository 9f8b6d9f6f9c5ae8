"""The names of all information elements (23.040 §9.2.3.24, the table of identifiers)."""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    0x00: "concatenation, 8-bit reference",
    0x01: "special SMS message indication",
    0x03: "value not used, it could be taken for a line feed",
    0x04: "application ports, 8 bits",
    0x05: "application ports, 16 bits",
    0x06: "SMSC control parameters",
    0x07: "UDH source indicator",
    0x08: "concatenation, 16-bit reference",
    0x09: "wireless control message protocol",
    0x0A: "text formatting",
    0x0B: "predefined sound",
    0x0C: "user-defined sound",
    0x0D: "predefined animation",
    0x0E: "large animation",
    0x0F: "small animation",
    0x10: "large picture",
    0x11: "small picture",
    0x12: "variable picture",
    0x13: "user prompt indicator",
    0x14: "extended object",
    0x15: "reused extended object",
    0x16: "compression control",
    0x17: "object distribution indicator",
    0x18: "standard WVG object",
    0x19: "character size WVG object",
    0x1A: "extended object data request command",
    0x20: "e-mail header",
    0x21: "hyperlink format",
    0x22: "reply address",
    0x23: "enhanced voice mail information",
    0x24: "national language single shift",
    0x25: "national language locking shift",
    0x70: "command packet identifier",
    0x71: "response packet identifier",
}

_RANGES: Final = (
    (range(0x1B, 0x20), "reserved for enhanced messaging"),
    (range(0x70, 0x80), "(U)SIM toolkit security header"),
    (range(0x80, 0xA0), "specific to the senders and receivers"),
    (range(0xC0, 0xE0), "specific to the service centre"),
)


def element_name(iei: int) -> str:
    """What the standard calls the element with this identifier, 0 to 255."""
    name = _NAMES.get(iei)
    if name is not None:
        return name
    return next((name for values, name in _RANGES if iei in values), "reserved")
