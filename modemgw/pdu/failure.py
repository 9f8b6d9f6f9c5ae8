"""TP-FCS: why a text was not taken (23.040 §9.2.3.22)."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    0x80: "telematic interworking not supported",
    0x81: "short message type 0 not supported",
    0x82: "short message cannot be replaced",
    0x8F: "unspecified TP-PID error",
    0x90: "alphabet not supported",
    0x91: "message class not supported",
    0x9F: "unspecified TP-DCS error",
    0xA0: "command cannot be carried out",
    0xA1: "command not supported",
    0xAF: "unspecified TP-Command error",
    0xB0: "TPDU not supported",
    0xC0: "service centre busy",
    0xC1: "no subscription with the service centre",
    0xC2: "service centre system failure",
    0xC3: "invalid address",
    0xC4: "destination barred",
    0xC5: "duplicate rejected",
    0xC6: "validity period format not supported",
    0xC7: "validity period not supported",
    0xD0: "SIM message storage full",
    0xD1: "no message storage in the SIM",
    0xD2: "error in the mobile station",
    0xD3: "memory capacity exceeded",
    0xD4: "SIM toolkit busy",
    0xD5: "SIM data download error",
    **dict.fromkeys(range(0xE0, 0xFF), "specific to an application"),
    0xFF: "unspecified error",
}

#: In words, by TP-FCS. What is reserved is to be handled like 0xFF.
FAILURES: Final = tuple(_WORDS.get(fcs, "reserved") for fcs in range(256))
