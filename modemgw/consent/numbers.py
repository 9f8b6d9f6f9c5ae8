"""Whose number it is: one key for one subscriber, however the number arrives.

An opt-out protects somebody only if every spelling of their number leads to it. So recipients,
as callers write them, and senders, as networks deliver them, become the same E.164 number here,
the look-alikes of Mexico, Argentina and Brazil included.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

from modemgw.consent.places import country_of

# Longer input is no number, whatever it is: 15 digits of E.164, a trunk or carrier prefix, and
# as many separators again.
_LONGEST_INPUT: Final = 48
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_SEPARATORS = re.compile(r"[\s().\-/\u2010-\u2015\u2212]")
_DIALLED = re.compile(r"\+?[0-9]+")
_EMERGENCY_ANYWHERE: Final = frozenset({"112", "911", "999", "000"})

_IMPOSSIBLE: Final = {
    ValidationResult.INVALID_COUNTRY_CODE: "its country code does not exist",
    ValidationResult.TOO_SHORT: "it is too short",
    ValidationResult.TOO_LONG: "it is too long",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
    ValidationResult.INVALID_LENGTH: "no number there has this length",
}


class NumberError(ValueError):
    """A recipient that cannot be texted; the words say why and what to write instead."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to text.

    `number` is E.164, or a short code as it was. `country` is an ISO code, None for a short code.
    `warnings` are sentences for the caller about a number that may be wrong.
    """

    number: str
    country: str | None
    warnings: tuple[str, ...] = ()

    @property
    def is_short_code(self) -> bool:
        """Whether this is a short code and no subscriber's number."""
        return not self.number.startswith("+")


class SenderKind(StrEnum):
    """What sort of address a text came from."""

    PHONE = "phone"
    SHORT_CODE = "short_code"
    ALPHANUMERIC = "alphanumeric"
    UNREADABLE = "unreadable"  # digits, but no possible number


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a text.

    `address` is the key for opt-outs and conversations: E.164 where it is a phone number, else
    the address as it came, trimmed. `raw` is what the network delivered.
    """

    address: str
    kind: SenderKind
    raw: str
    country: str | None = None

    @property
    def can_be_texted(self) -> bool:
        """Whether somebody is there to answer and to opt out.

        False for services (short codes, names): an answer to them goes astray or in circles.
        """
        return self.kind is SenderKind.PHONE


def normalise_recipient(raw: str, region: str) -> Recipient:
    """Read whom a caller wants to text; numbers without + are read as in `region`.

    A *possible* number suffices, because number plans change faster than libraries; one that is
    not *valid* bears a warning. Three to eight digits that are no valid number of the region are
    a short code and stay as they are.

    Raises NumberError for anything else, for emergency numbers included.
    """
    key, number = _recipient(raw, region)
    if not key.startswith("+"):
        return Recipient(key, None, _short_code_warnings(number))
    assert number is not None
    valid = phonenumbers.is_valid_number(number)
    warnings = () if valid else ("the number is possible, but in no number plan known here",)
    return Recipient(key, country_of(number), warnings)


def recipient_key(raw: str, region: str) -> str:
    """As `normalise_recipient`, but the number alone, for half the time."""
    return _recipient(raw, region)[0]


def _recipient(raw: str, region: str) -> tuple[str, PhoneNumber | None]:
    text = _plain(raw)
    if not text:
        raise NumberError("the number is empty")
    if len(text) > _LONGEST_INPUT:
        raise NumberError(f"the number is longer than {_LONGEST_INPUT} characters")
    dialled = _SEPARATORS.sub("", text)
    if _DIALLED.fullmatch(dialled) is None:
        raise NumberError(
            f"{raw!r} is no phone number: write digits, with + and the country code in front"
        )
    if _is_emergency(dialled, region):
        raise NumberError(f"{dialled} is an emergency number, which is never texted")
    number = _parse(dialled, region)
    if _SHORT_CODE.fullmatch(dialled) and (
        number is None or not phonenumbers.is_valid_number(number)
    ):
        return dialled, number
    if number is None:
        raise NumberError(f"{raw!r} is no phone number of any country: {_hint(region)}")
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict != ValidationResult.IS_POSSIBLE:
        raise NumberError(f"{raw!r} is no possible number, {_IMPOSSIBLE[verdict]}: {_hint(region)}")
    return _e164(number), number


def normalise_sender(raw: str, region: str) -> Sender:
    """Read who sent a text, as the network delivered the address; never raises.

    `region` is the country of the line that it came in on: networks leave out + and country code.
    """
    text = _plain(raw)
    dialled = _SEPARATORS.sub("", text)
    if len(text) > _LONGEST_INPUT or not _DIALLED.fullmatch(dialled):
        digits = re.fullmatch(r"[+0-9*#abc]*", dialled)
        kind = SenderKind.UNREADABLE if digits else SenderKind.ALPHANUMERIC
        return Sender(text, kind, raw)
    number = _parse(dialled, region)
    if number is not None and _is_subscriber(dialled, number):
        return Sender(_e164(number), SenderKind.PHONE, raw, country_of(number))
    if _SHORT_CODE.fullmatch(dialled):
        return Sender(dialled, SenderKind.SHORT_CODE, raw)
    return Sender(dialled, SenderKind.UNREADABLE, raw)


def _is_subscriber(dialled: str, number: PhoneNumber) -> bool:
    if _SHORT_CODE.fullmatch(dialled):
        return phonenumbers.is_valid_number(number)
    return phonenumbers.is_possible_number(number)


def _plain(raw: str) -> str:
    """Bring full-width and foreign digits to ASCII and drop what is invisible."""
    if raw.isascii() and raw.isprintable():
        return raw[: 4 * _LONGEST_INPUT].strip()
    folded = unicodedata.normalize("NFKC", raw[: 4 * _LONGEST_INPUT])
    visible = (c for c in folded if unicodedata.category(c) not in ("Cf", "Cc"))
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in visible).strip()


def _parse(dialled: str, region: str) -> PhoneNumber | None:
    number = _subscriber(dialled, region)
    abroad = dialled.startswith("00")
    if abroad and (number is None or not phonenumbers.is_possible_number(number)):
        # 00 is what most of the world dials for +, and networks deliver it everywhere.
        return _subscriber(f"+{dialled[2:]}", region) or number
    return number


def _subscriber(dialled: str, region: str) -> PhoneNumber | None:
    try:
        read = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return None
    number = _one_subscriber(read)
    if number is read and _e164(number) == dialled:
        return number  # it would be read again as what it is
    return _settled(number)


def _settled(number: PhoneNumber) -> PhoneNumber | None:
    """The number that stays the same when it is read again; None where nothing is left of it.

    Reading takes one trunk prefix away, and what is no number of any plan may bear several
    (+27 0000 0000). The key of an opt-out must be the key of itself.
    """
    for _ in range(_LONGEST_INPUT):
        try:
            again = _one_subscriber(phonenumbers.parse(_e164(number)))
        except phonenumbers.NumberParseException:
            return None
        if again == number:
            return number
        number = again
    return None


def _one_subscriber(number: PhoneNumber) -> PhoneNumber:
    """Choose one number where a plan has two for the same handset.

    Mexico (52) dropped the 1 after the country code in 2019. Argentina (54) writes 9 before
    mobiles, and only mobiles text. Brazil (55) put 9 before eight-digit mobiles, which begin with
    6 to 9, behind the two digits of the area, until 2016.
    """
    digits = str(number.national_number)
    match number.country_code:
        case 52 if len(digits) == 11 and digits.startswith("1"):
            return PhoneNumber(52, int(digits[1:]))
        case 54 if len(digits) == 10 and not digits.startswith("9"):
            return PhoneNumber(54, int(f"9{digits}"))
        case 55 if len(digits) == 10 and digits[2] in "6789":
            return PhoneNumber(55, int(f"{digits[:2]}9{digits[2:]}"))
        case _:
            return number


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _is_emergency(dialled: str, region: str) -> bool:
    if dialled.startswith("+"):  # nobody dials them so
        return False
    return dialled in _EMERGENCY_ANYWHERE or phonenumbers.is_emergency_number(dialled, region)


def _short_code_warnings(number: PhoneNumber | None) -> tuple[str, ...]:
    if number is None:
        return ()
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict not in (ValidationResult.IS_POSSIBLE, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        return ()
    return ("read as a short code: a phone number needs its area code, or + and country code",)


def _hint(region: str) -> str:
    return f"write + and the country code, or a full number of {region}"
