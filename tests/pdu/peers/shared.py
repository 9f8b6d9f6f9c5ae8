"""Faults that several peers have, with the conditions that only they need."""

from __future__ import annotations

from datetime import UTC, datetime

from . import (
    Case,
    Example,
    Fault,
    deliver,
    has_idle_concat,
    has_national_table,
    has_no_digits,
    has_odd_half_octet,
    has_pair,
    has_symbols,
    is_compressed,
)

LATE = datetime(2069, 11, 30, 10, 20, 30, tzinfo=UTC)


def _year_2069_on(case: Case) -> bool:
    return any(stamp.year >= 2069 for stamp in case.times)


def _seven_septets(case: Case) -> bool:
    address = case.address
    return address is not None and address.ton == 5 and case.octets[case.address_at] in (13, 14)


SHOWS_COMPRESSED_DATA = Fault(
    "compressed user data is shown as text",
    "23.038 §4",
    is_compressed,
    Example(deliver("01 41", dcs=0x20), "text", b"A", "A"),
)
BREAKS_PAIRS = Fault(
    "a character beyond U+FFFF becomes two surrogates",
    "23.038 §6.2.3",
    has_pair,
    Example(deliver("04 D83DDE00", dcs=0x08), "text", "😀", "\ud83d\ude00"),
)
KNOWS_NO_NATIONAL_TABLE = Fault(
    "national language tables are unknown",
    "23.038 §6.2.1.2",
    has_national_table,
    Example(deliver("06 03250101 2000", first=0x44), "text", "€", "è"),
)
SHOWS_SYMBOLS_AS_HEX = Fault(
    "digits beyond 9 are shown as hex",
    "23.040 §9.1.2.3",
    has_symbols,
    Example(deliver("01 41", address="04812A00"), "address", "*200", "a200"),
    ("address", "sca"),
)
READS_A_DIGIT_TOO_MANY = Fault(
    "of an odd number of digits, the half octet behind is taken for one more",
    "23.040 §9.1.2.5",
    has_odd_half_octet,
    Example(deliver("01 41", address="018101"), "address", "1", "10"),
    ("address",),
)
OBEYS_IDLE_CONCAT = Fault(
    "a concatenation with number 0, or one beyond the total, is obeyed",
    "23.040 §9.2.3.24.1",
    has_idle_concat,
    Example(deliver("08 050003090200 82", first=0x44), "concat", None, (9, 2, 0)),
    ("concat",),
)
READS_THE_LAST_CENTURY = Fault(
    "years 69 to 89 are of the last century",
    "23.040 §9.2.3.11",
    _year_2069_on,
    Example(deliver("01 41", scts="96110301020300"), "scts", LATE, LATE.replace(year=1969)),
    ("scts", "discharge"),
)
SHOWS_A_LONE_PLUS = Fault(
    "an international address without digits is a plus sign",
    "23.040 §9.1.2.5",
    has_no_digits,
    Example(deliver("01 41", address="0091"), "address", "", "+"),
    ("address",),
)
READS_A_SEPTET_TOO_MANY = Fault(
    "an alphanumeric address of seven septets gets an @ from its spare bits",
    "23.040 §9.1.2.5",
    _seven_septets,
    Example(deliver("01 41", address="0DD041E19058341E01"), "address", "ABCDEFG", "ABCDEFG@"),
    ("address",),
)
