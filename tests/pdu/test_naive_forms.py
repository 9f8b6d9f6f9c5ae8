"""What is done cleverly for speed gives what the standard's own words give, step by step.

Septets have such a test of their own. Here are the alphabet, half octets, time stamps, and the
grid on which text stands behind a header.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.alphabet import ESCAPE, septets_of, text_of
from modemgw.pdu.national_locking import LOCKING
from modemgw.pdu.national_single import SINGLE
from modemgw.pdu.semioctets import digits_of, semioctets_of
from modemgw.pdu.timestamp import read_timestamp
from modemgw.pdu.userdata import read_user_data

from .strategies import ANY_TEXT, GSM_TEXT

HOLE = "\ufffe"
DIGITS = "0123456789*#abc"

identifiers = st.integers(0, 15)
septets = st.binary(max_size=160).map(lambda octets: bytes(o & 0x7F for o in octets))
escapes = st.lists(st.sampled_from([ESCAPE, 0x0A, 0x41, 0x65, 0x00]), max_size=20).map(bytes)


def _naive_text(codes: bytes, locking: int, single: int) -> str:
    """Code by code, with a flag for the escape."""
    low = LOCKING.get(locking, LOCKING[0])
    high = SINGLE.get(single, SINGLE[0])
    text, escaped = "", False
    for code in codes:
        if code == ESCAPE and not escaped:
            escaped = True
            continue
        if escaped:
            text += " " if code == ESCAPE else high.get(code, low[code])
        else:
            text += low[code]
        escaped = False
    return text.replace(HOLE, "\ufffd")


def _naive_codes(text: str, locking: int, single: int) -> bytes | None:
    """Character by character: the locking table first."""
    low = LOCKING.get(locking, LOCKING[0])
    high = {character: code for code, character in SINGLE.get(single, SINGLE[0]).items()}
    codes = b""
    for character in text:
        if character in low and character != HOLE:
            codes += bytes((low.index(character),))
        elif character in high:
            codes += bytes((ESCAPE, high[character]))
        else:
            return None
    return codes


@given(septets | escapes, identifiers, identifiers)
def test_reading_septets_is_reading_them_one_by_one(
    codes: bytes, locking: int, single: int
) -> None:
    """With all tables, known and unknown, and escapes anywhere."""
    assert text_of(codes, locking, single) == _naive_text(codes, locking, single)


@given(GSM_TEXT | ANY_TEXT | st.text("aşığ€çÇ@\0\ufffe\u0c95"), identifiers, identifiers)
def test_writing_septets_is_writing_them_one_by_one(text: str, locking: int, single: int) -> None:
    """Or both say that the tables do not have a character."""
    assert septets_of(text, locking, single) == _naive_codes(text, locking, single)


@given(st.text(DIGITS, max_size=20))
def test_half_octets_are_written_one_by_one(digits: str) -> None:
    """The first digit in the lower half, a filler behind an odd number."""
    halves = [DIGITS.index(digit) for digit in digits] + [0xF] * (len(digits) % 2)
    naive = bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))
    assert semioctets_of(digits) == naive


@given(st.binary(max_size=10), st.integers(0, 20))
def test_half_octets_are_read_one_by_one(octets: bytes, count: int) -> None:
    """Up to the count, or to a filler."""
    halves = [half for octet in octets for half in (octet & 0xF, octet >> 4)][:count]
    naive = ""
    for half in halves:
        if half == 0xF:
            break
        naive += DIGITS[half]
    assert digits_of(octets, count) == naive


def _naive_time(octets: bytes) -> datetime | None:
    """Digit by digit."""
    halves = [(octet & 0xF, octet >> 4) for octet in octets]
    sign = -1 if halves[6][0] & 8 else 1
    halves[6] = (halves[6][0] & 7, halves[6][1])
    if any(tens > 9 or units > 9 for tens, units in halves):
        return None
    year, month, day, hour, minute, second, quarters = (t * 10 + u for t, u in halves)
    zone = timezone(timedelta(minutes=15 * quarters * sign))
    try:
        century = 1900 if year >= 90 else 2000
        return datetime(century + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None


_pairs = st.integers(0, 99).map(lambda number: number % 10 << 4 | number // 10)
_dates = st.tuples(
    _pairs, st.sampled_from([0x10, 0x20, 0x21]), st.sampled_from([0x10, 0x82, 0x92, 0x03, 0x13]),
    st.sampled_from([0x00, 0x32, 0x42]), _pairs, _pairs, st.integers(0, 255),
).map(bytes)  # fmt: skip


@given(st.binary(min_size=7, max_size=7) | _dates)
def test_time_stamps_are_read_digit_by_digit(octets: bytes) -> None:
    """Impossible ones are None either way; the zones are equal, not only the instants."""
    ours, naive = read_timestamp(octets, 0, "TP-SCTS"), _naive_time(octets)
    assert ours == naive
    assert (ours and ours.utcoffset()) == (naive and naive.utcoffset())


@given(st.binary(max_size=20), st.binary(min_size=1, max_size=100))
def test_text_behind_a_header_begins_at_the_next_septet_boundary(
    element: bytes, body: bytes
) -> None:
    """Bit by bit: past the header, past the fill bits, then seven by seven (§9.2.3.24)."""
    header = bytes((len(element) + 2, 0x70, len(element))) + element
    user_data = header + body
    length = len(user_data) * 8 // 7
    bits = "".join(f"{octet:08b}"[::-1] for octet in user_data)
    at = len(header) * 8
    at += -at % 7
    codes = bytes(int(bits[start : start + 7][::-1], 2) for start in range(at, length * 7, 7))
    read = read_user_data(bytes((length,)) + user_data, 0, 0, udhi=1)
    assert isinstance(read, pdu.UserData)
    assert read.text == _naive_text(codes, 0, 0)
