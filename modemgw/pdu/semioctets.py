"""Semi-octets: two digits an octet, the first in the lower half (23.040 §9.1.2.3)."""

from __future__ import annotations

from typing import Final

SWAPPED: Final = bytes((octet & 0x0F) << 4 | octet >> 4 for octet in range(256))
_DIGITS: Final = str.maketrans("abcde", "*#abc")
_CODES: Final = str.maketrans("*#abc", "abcde")

#: The digits of a number, beside 0 to 9 (23.040 §9.1.2.5).
EXTENSION_DIGITS: Final = "*#abc"


def digits_of(octets: bytes, count: int) -> str:
    """The first `count` digits; a filler (half octet F) ends them early."""
    digits = octets.translate(SWAPPED).hex()[:count]
    if digits.isdecimal():
        return digits
    return digits.partition("f")[0].translate(_DIGITS)


def semioctets_of(digits: str) -> bytes:
    """`digits` (0 to 9 and EXTENSION_DIGITS only), with a filler behind an odd number."""
    codes = digits if digits.isdecimal() else digits.translate(_CODES)
    if len(codes) & 1:
        codes += "f"
    return bytes.fromhex(codes).translate(SWAPPED)
