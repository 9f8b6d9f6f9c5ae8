"""Addresses: who a text is from or for, and the service centre (23.040 §9.1.2.5)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from modemgw.pdu.alphabet import septets_of, text_of
from modemgw.pdu.errors import PduError, truncated
from modemgw.pdu.semioctets import digits_of, semioctets_of
from modemgw.pdu.septets import pack, unpack
from modemgw.pdu.value import value

_CLAUSE: Final = "23.040 §9.1.2.5"
_SCA_CLAUSE: Final = "24.011 §8.2.5.1"
MAX_DIGITS: Final = 20
_MAX_SCA_DIGITS: Final = 22  # two an octet, behind the type of address
MAX_SCA_OCTETS: Final = 12  # the type of address included; the length octet is not

TON_UNKNOWN: Final = 0
TON_INTERNATIONAL: Final = 1
TON_ALPHANUMERIC: Final = 5
NPI_UNKNOWN: Final = 0
NPI_ISDN: Final = 1

_DIALLED = re.compile(r"\+?[0-9*#]{1,20}", re.ASCII)
_DIGITS = re.compile(r"[0-9*#abc]*", re.ASCII)


@value
class Address:
    """An address field.

    `number` has `+` in front where `ton` is 1, and is the text itself where `ton` is 5
    (alphanumeric); its digits are 0 to 9 and `*#abc`, twenty at most. `ton` is the type of
    number, 0 to 7; `npi` the numbering plan, 0 to 15.
    """

    number: str
    ton: int
    npi: int

    @classmethod
    def of(cls, number: str, *, field: str = "to") -> Address:
        """The address that `number` means to a network: with `+` international, else unknown.

        Raises PduError for what cannot be dialled.
        """
        if not _DIALLED.fullmatch(number):
            raise PduError(
                f"not a number that can be dialled: {number[:40]!r} (up to 20 of 0-9, * and #)",
                field=field,
                clause=_CLAUSE,
            )
        return cls(number, TON_INTERNATIONAL if number[0] == "+" else TON_UNKNOWN, NPI_ISDN)

    @classmethod
    def of_sender(cls, sender: str) -> Address:
        """As `of`, but whatever is no number is an alphanumeric sender (eleven septets at most)."""
        if _DIALLED.fullmatch(sender):
            return cls.of(sender, field="sender")
        return cls(sender, TON_ALPHANUMERIC, NPI_UNKNOWN)


def read_address(octets: bytes, at: int, field: str) -> tuple[Address, int]:
    """The address at `at` and the offset behind it. The length octet counts useful half octets.

    Raises PduError for more than twenty digits and for a PDU that ends too early.
    """
    try:
        length, type_of_address = octets[at], octets[at + 1]
    except IndexError:
        raise truncated(octets, field, _CLAUSE) from None
    start = at + 2
    end = start + ((length + 1) >> 1)
    if length > MAX_DIGITS or end > len(octets):
        raise _no_address(octets, at, field)
    ton = type_of_address >> 4 & 7
    number = _number(octets[start:end], length, ton)
    return Address(number, ton, type_of_address & 0x0F), end


def _number(body: bytes, half_octets: int, ton: int) -> str:
    """What the value of an address says; half an octet is four sevenths of a septet."""
    if ton == TON_ALPHANUMERIC:
        return text_of(unpack(body, half_octets * 4 // 7))
    return _digits_said(body, half_octets, ton)


def _digits_said(body: bytes, half_octets: int, ton: int) -> str:
    digits = digits_of(body, half_octets)
    return "+" + digits if ton == TON_INTERNATIONAL and digits else digits


def _no_address(octets: bytes, at: int, field: str) -> PduError:
    if octets[at] <= MAX_DIGITS:
        return truncated(octets, field, _CLAUSE)
    return PduError(
        f"{field} of {octets[at]} digits, twenty at most", at=at, field=field, clause=_CLAUSE
    )


def address_octets(address: Address, field: str) -> bytes:
    """The address field, its length in useful half octets. Raises PduError if there is none."""
    if address.ton == TON_ALPHANUMERIC:
        return _alphanumeric_octets(address, field)
    digits = _digits(address, field)
    return bytes((len(digits), _type_of_address(address))) + semioctets_of(digits)


def read_service_centre(octets: bytes) -> tuple[Address | None, int]:
    """The service-centre address in front of a TPDU and the offset behind it (27.005 §3.1)."""
    if not octets:
        raise truncated(octets, "SCA", _SCA_CLAUSE)
    end = octets[0] + 1
    return service_centre_of(octets[:end]), end


# A line has one service centre, a bank a few dozen.
@lru_cache(maxsize=256)
def service_centre_of(field: bytes) -> Address | None:
    """The service-centre address of `field`, its length octet in front.

    Here that octet counts octets, type of address included; 0 means that none is given. It is
    always digits: type of number 5 is dedicated access here, not text (24.008 §10.5.4.7). Raises
    PduError for a field that is cut short, or longer than any.
    """
    length = field[0]
    if length > MAX_SCA_OCTETS:
        raise PduError(
            f"service-centre address of {length} octets, twelve at most",
            at=0,
            field="SCA",
            clause=_SCA_CLAUSE,
        )
    if len(field) <= length:
        raise truncated(field, "SCA", _SCA_CLAUSE)
    if not length:
        return None
    ton = field[1] >> 4 & 7
    return Address(_digits_said(field[2:], 2 * length - 2, ton), ton, field[1] & 0x0F)


def service_centre_octets(address: Address | None) -> bytes:
    """The service-centre address with its length octet; None is the one octet 0."""
    if address is None:
        return b"\0"
    body = bytes((_type_of_address(address),)) + semioctets_of(
        _digits(address, "sca", _MAX_SCA_DIGITS)
    )
    return bytes((len(body),)) + body


def _type_of_address(address: Address) -> int:
    return 0x80 | address.ton << 4 | address.npi


def _digits(address: Address, field: str, most: int = MAX_DIGITS) -> str:
    digits = address.number
    if address.ton == TON_INTERNATIONAL:
        digits = digits.removeprefix("+")
    if len(digits) > most or not _DIGITS.fullmatch(digits):
        raise PduError(
            f"not up to {most} digits: {address.number[:40]!r}", field=field, clause=_CLAUSE
        )
    return digits


def _alphanumeric_octets(address: Address, field: str) -> bytes:
    septets = septets_of(address.number)
    if septets is None:
        raise PduError(
            f"an alphanumeric address is GSM-7 only: {address.number[:40]!r}",
            field=field,
            clause=_CLAUSE,
        )
    half_octets = (len(septets) * 7 + 3) >> 2
    if half_octets > MAX_DIGITS:
        raise PduError(
            f"an alphanumeric address has eleven septets at most: {address.number[:40]!r}",
            field=field,
            clause=_CLAUSE,
        )
    return bytes((half_octets, _type_of_address(address))) + pack(septets)
