"""A text that was cut reads as if it had not been, wherever its sender cut it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.alphabet import text_of
from modemgw.pdu.national_locking import LOCKING
from modemgw.pdu.septets import pack
from modemgw.pdu.userdata import read_user_data

T0 = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
SENDER = pdu.Address.of("+31641600986")
GSM7, EIGHT_BIT, UCS2 = 0x00, 0x04, 0x08
TABLES = st.integers(0, 14)  # the last has none

septets = st.lists(st.one_of(st.just(0x1B), st.integers(0, 127)), max_size=60).map(bytes)


def _header(seq: int, total: int, locking: int, single: int) -> bytes:
    elements = bytes((0x00, 3, 9, total, seq, 0x24, 1, single, 0x25, 1, locking))
    return bytes((len(elements),)) + elements


def _part(dcs: int, length: int, octets: bytes) -> pdu.Deliver:
    user_data = read_user_data(bytes((length,)) + octets, 0, dcs, udhi=1)
    return pdu.Deliver(None, 0x40, SENDER, 0, dcs, T0, user_data)


def _in_septets(
    codes: bytes, seq: int, total: int, locking: int = 0, single: int = 0
) -> pdu.Deliver:
    header = _header(seq, total, locking, single)
    covered = (len(header) * 8 + 6) // 7
    packed = pack(bytes(covered) + codes)
    return _part(GSM7, covered + len(codes), header + packed[len(header) :])


def _in_octets(dcs: int, content: bytes, seq: int, total: int) -> pdu.Deliver:
    header = _header(seq, total, 0, 0)
    return _part(dcs, len(header) + len(content), header + content)


def _joined(parts: list[pdu.Deliver]) -> pdu.Joined:
    machine = pdu.Reassembler()
    found = [machine.add("line", part, now=0) for part in parts]
    assert found[:-1] == [None] * (len(parts) - 1)
    assert found[-1] is not None
    return found[-1]


@given(st.lists(septets, min_size=2, max_size=4), TABLES, TABLES)
@example([b"a\x1b", b"e"], 0, 0)  # the euro sign, cut
@example([b"\x1b\x1b", b"e"], 0, 0)  # nothing is cut here
@example([b"\x1b", b"", b"\x1b", b"e"], 0, 0)
@example([b"\x1b", b"\x0c"], 4, 4)  # in Bengali the locking table has nothing at that place
def test_septets_that_were_cut_anywhere_read_like_the_whole(
    pieces: list[bytes], locking: int, single: int
) -> None:
    """With any tables, holes in them, and escapes before, behind and across a cut."""
    total = len(pieces)
    parts = [_in_septets(codes, seq, total, locking, single) for seq, codes in enumerate(pieces, 1)]
    assert _joined(parts).text == text_of(b"".join(pieces), locking, single)


@given(st.text(max_size=30), st.integers(0, 60))
def test_utf_16_that_was_cut_anywhere_reads_like_the_whole(text: str, cut: int) -> None:
    """Between two units, be they the halves of a pair."""
    octets = text.encode("utf-16-be", "surrogatepass")
    pieces = octets[: 2 * cut], octets[2 * cut :]
    parts = [_in_octets(UCS2, piece, seq, 2) for seq, piece in enumerate(pieces, 1)]
    assert _joined(parts).text == octets.decode("utf-16-be", "surrogatepass")


def test_an_escape_does_not_reach_into_another_alphabet() -> None:
    """Nor into what comes behind it."""
    escape, letter = _in_septets(b"a\x1b", 1, 3), _in_septets(b"e", 3, 3)
    text = _in_octets(UCS2, "ж".encode("utf-16-be"), 2, 3)
    assert _joined([escape, text, letter]).text == "aжe"
    data = _joined([escape, _in_octets(EIGHT_BIT, b"\x01", 2, 3), letter])
    assert (data.text, data.data) == ("ae", b"\x01")


@pytest.mark.parametrize("identifier", LOCKING)
def test_no_locking_table_says_a_character_twice(identifier: int) -> None:
    """So the septets of a text without escapes can be found again from it."""
    said = LOCKING[identifier].replace("\ufffe", "")
    assert len(said) == len(set(said))


def test_a_part_with_another_time_stamp_is_another_part() -> None:
    """For every second of a month: the marks of the same octets never meet."""
    days = [datetime(2026, 1, day, 8, 0, 0, tzinfo=UTC) for day in range(1, 32)]
    machine = pdu.Reassembler()
    whole = 0
    for now, scts in enumerate(days):
        for seq in (1, 2):
            part = _in_septets(b"same", seq, 2)
            part = pdu.Deliver(None, part.first, SENDER, 0, GSM7, scts, part.user_data)
            whole += machine.add("line", part, now=now) is not None
    assert whole == len(days)
