"""smspdudecoder 2.2, as witness for decoding."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

from smspdudecoder.fields import SMSDeliver, SMSSubmit

from modemgw.pdu import Alphabet, Deliver, RelativeValidity, Submit, TpduType
from modemgw.pdu.alphabet import ESCAPE

from . import (
    RAISES,
    Case,
    Example,
    Fault,
    Fields,
    Peer,
    deliver,
    has_symbols,
    has_unknown_escape,
    is_compressed,
    is_reserved_type,
    submit,
)
from .shared import (
    KNOWS_NO_NATIONAL_TABLE,
    OBEYS_IDLE_CONCAT,
    READS_A_DIGIT_TOO_MANY,
    READS_A_SEPTET_TOO_MANY,
    SHOWS_A_LONE_PLUS,
)

PAST = datetime(1998, 12, 22, 12, 4, 41, tzinfo=UTC)
_MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60, "weeks": 7 * 24 * 60}


def read(case: Case) -> Fields:
    """What its `SMSDeliver` and `SMSSubmit` say."""
    codec = SMSDeliver if isinstance(case.tpdu, Deliver) else SMSSubmit
    said = codec.decode(StringIO(case.hex))
    fields: Fields = {
        "sca": _number(said["smsc"]),
        "address": _number(said["sender"] if "sender" in said else said["recipient"]),
        "pid": said["pid"],
        "text": said["user_data"]["data"],
        "concat": None,
    }
    fields |= {flag: said["header"][flag] for flag in ("rp", "udhi", "mms", "srr", "rd")
               if flag in said["header"]}  # fmt: skip
    if "scts" in said:
        fields["scts"] = said["scts"]
    if "message-ref" in said:
        fields["mr"] = said["message-ref"]
    for element in (said["user_data"]["header"] or {}).get("elements", ()):
        if element["iei"] in (0, 8):
            place = element["data"]
            fields["concat"] = (place["reference"], place["parts_count"], place["part_number"])
    for unit, minutes in _MINUTES.items():
        if f"validity-{unit}" in said:
            fields["vp"] = said[f"validity-{unit}"] * minutes
    if isinstance(said.get("vp"), datetime):
        fields["vp"] = said["vp"]
    return fields


def _number(address: dict[str, Any]) -> str | None:
    """With `+` as we have it; it names the type of number instead."""
    number: str | None = address["number"]
    international = number is not None and address["toa"]["ton"] == "international"
    return f"+{number}" if international else number


def _any_deliver(case: Case) -> bool:
    return isinstance(case.tpdu, Deliver)


def _off_by_five_or_thirty(case: Case) -> bool:
    vp = case.tpdu.vp if isinstance(case.tpdu, Submit) else None
    return isinstance(vp, RelativeValidity) and vp.octet <= 167


def _odd_type_of_address(case: Case) -> bool:
    types = [case.octets[case.address_at + 1]]
    if case.octets[0]:
        types.append(case.octets[1])
    reserved = {0b0010, 0b0111, 0b1011, 0b1100, 0b1101, 0b1110}
    return any(kind < 0x80 or kind & 0x0F in reserved for kind in types)


def _other_alphabet(case: Case) -> bool:
    """Bits 2 and 3 of TP-DCS say something else than the octet as a whole."""
    bits = case.dcs >> 2 & 3
    taken = (Alphabet.GSM7, Alphabet.EIGHT_BIT, Alphabet.UCS2, Alphabet.GSM7)[bits]
    return case.alphabet is not None and case.alphabet is not taken


def _half_a_pair(case: Case) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in case.text)


def _escapes_and_a_spare_septet(case: Case) -> bool:
    return ESCAPE in case.septets and len(case.grid) % 8 == 7


def _escape_in_header(case: Case) -> bool:
    return ESCAPE in case.grid[: case.covered]


def _nineties(case: Case) -> bool:
    return any(stamp.year < 2000 for stamp in case.times)


def _impossible_time(case: Case) -> bool:
    return isinstance(case.tpdu, Deliver) and case.tpdu.scts is None


FAULTS = (
    Fault(
        "more-messages-to-send is told the wrong way round",
        "23.040 §9.2.3.2",
        _any_deliver,
        Example(deliver("01 41", first=0x04), "mms", False, True),
        ("mms",),
    ),
    Fault(
        "a validity of up to a day is five minutes short, or loses its half hour",
        "23.040 §9.2.3.12.1",
        _off_by_five_or_thirty,
        Example(submit("01 41", first=0x11, vp="0B"), "vp", 60, 55, to_network=True),
        ("vp",),
    ),
    Fault(
        "a type of address without its extension bit, or with a reserved plan, is refused",
        "23.040 §9.1.2.5",
        _odd_type_of_address,
        Example(deliver("01 41", address="020121"), RAISES, None, "ValueError"),
        (RAISES,),
    ),
    Fault(
        "the alphabet is taken from two bits of TP-DCS, whatever its coding group",
        "23.038 §4",
        _other_alphabet,
        Example(deliver("01 41", dcs=0x84), "text", "A", b"A"),
        ("text", RAISES),
    ),
    Fault(
        "compressed user data is shown as text",
        "23.038 §4",
        is_compressed,
        Example(deliver("01 41", dcs=0x20), "text", b"A", "A"),
        ("text", RAISES),
    ),
    Fault(
        "half a surrogate pair, as senders cut them, raises UnicodeDecodeError",
        "23.038 §6.2.3",
        _half_a_pair,
        Example(deliver("02 D83D", dcs=0x08), RAISES, None, "UnicodeDecodeError"),
        (RAISES,),
    ),
    Fault(
        "an escape before an unknown code is a space, and the code is lost",
        "23.038 §6.2.1.1",
        has_unknown_escape,
        Example(deliver("02 9B20"), "text", "A", " "),
    ),
    Fault(
        "behind escapes, a text with seven spare bits gets an @",
        "23.038 §6.1.2.1.1",
        _escapes_and_a_spare_septet,
        Example(deliver("07 9B72381C0E8701"), "text", "€aaaaa", "€aaaaa@"),
    ),
    Fault(
        "a header whose bits look like an escape moves the text: 9 parts, reference B0 to BF",
        "23.040 §9.2.3.24",
        _escape_in_header,
        Example(deliver("08 050003B00901 82", first=0x44), "text", "A", ""),
    ),
    KNOWS_NO_NATIONAL_TABLE,
    Fault(
        "the reserved message type is refused",
        "23.040 §9.2.3.1",
        is_reserved_type,
        Example(deliver("01 41", first=0x07), RAISES, None, "ValueError"),
        (RAISES,),
    ),
    Fault(
        "digits beyond 9 are shown as hex",
        "23.040 §9.1.2.3",
        has_symbols,
        Example(deliver("01 41", address="04812A00"), "address", "*200", "A200"),
        ("address", "sca"),
    ),
    READS_A_DIGIT_TOO_MANY,
    SHOWS_A_LONE_PLUS,
    READS_A_SEPTET_TOO_MANY,
    OBEYS_IDLE_CONCAT,
    Fault(
        "years 90 to 99 are of this century",
        "23.040 §9.2.3.11",
        _nineties,
        Example(deliver("01 41", scts="89212221401400"), "scts", PAST, PAST.replace(year=2098)),
        ("scts",),
    ),
    Fault(
        "a text whose time stamp is impossible is lost",
        "23.040 §9.2.3.11",
        _impossible_time,
        Example(deliver("01 41", scts="00000000000000"), RAISES, None, "ValueError"),
        (RAISES,),
    ),
)

PEER = Peer("smspdudecoder", frozenset({TpduType.DELIVER, TpduType.SUBMIT}), read, FAULTS)
