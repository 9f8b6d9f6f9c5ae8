"""The address field of a number to be dialled, the short way (23.040 §9.1.2.5).

Nearly every recipient is `+` and plain digits. For those this is what `address_octets` makes of
`Address.of`, without the value between; all else goes that way.
"""

from __future__ import annotations

from binascii import unhexlify
from typing import Final

from modemgw.pdu.address import (
    MAX_DIGITS,
    NPI_ISDN,
    TON_INTERNATIONAL,
    TON_UNKNOWN,
    Address,
    address_octets,
)
from modemgw.pdu.semioctets import SWAPPED


def _openings(ton: int) -> tuple[bytes, ...]:
    """How many digits there are, and their type, by their number."""
    return tuple(bytes((n, 0x80 | ton << 4 | NPI_ISDN)) for n in range(MAX_DIGITS + 1))


INTERNATIONAL: Final = _openings(TON_INTERNATIONAL)
_UNKNOWN: Final = _openings(TON_UNKNOWN)


def dialled_octets(number: str) -> bytes:
    """The address field of `number`. Raises PduError for what cannot be dialled."""
    if number[:1] == "+":
        digits, openings = number[1:], INTERNATIONAL
    else:
        digits, openings = number, _UNKNOWN
    try:
        # Decimal, and hexadecimal: what is both is ASCII.
        if digits.isdecimal():
            count = len(digits)
            semioctets = unhexlify(digits + "F" if count & 1 else digits).translate(SWAPPED)
            return openings[count] + semioctets
    except (ValueError, IndexError):
        pass
    return address_octets(Address.of(number), "to")
