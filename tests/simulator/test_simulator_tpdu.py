"""TPDUs that the network makes, read by the codec, which shares no code with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.simulator import tpdu

AT = datetime(2026, 11, 22, 21, 0, 5, tzinfo=UTC)


def submit_of(frame: pdu.Frame) -> tpdu.Submit:
    return tpdu.parse_submit(frame.hex, frame.length)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400))
def test_what_was_submitted_arrives_as_written(text: str) -> None:
    """Every part keeps its text and its place, whatever the alphabet."""
    parts = []
    for frame in pdu.encode("+15550001001", text, ref=9, srr=True, vp_minutes=60):
        raw = tpdu.deliver_of(submit_of(frame), sender="+15550100000", smsc="+15550009999", at=AT)
        message = pdu.decode(raw)
        assert isinstance(message, pdu.Deliver)
        assert (message.address.number, message.scts) == ("+15550100000", AT)
        parts.append(message)
    sent = [
        pdu.decode(frame.hex, to_network=True) for frame in pdu.encode("+15550001001", text, ref=9)
    ]
    assert [part.text for part in parts] == [
        part.text for part in sent if isinstance(part, pdu.Submit)
    ]
    assert [part.concat for part in parts] == [
        part.concat for part in sent if isinstance(part, pdu.Submit)
    ]


@pytest.mark.parametrize("number", ["+15550001001", "+491701234567", "12345", "123456"])
def test_the_destination_is_read_as_it_was_written(number: str) -> None:
    """Odd and even counts of digits, international or not."""
    submit = submit_of(pdu.encode(number, "x")[0])
    assert submit.destination == number
    assert not submit.wants_report


def test_the_modem_puts_its_own_reference_into_the_pdu() -> None:
    """TP-MR is overwritten, everything else stays."""
    frame = pdu.encode("+15550001001", "x", sca="+15550009999", srr=True)[0]
    sent = pdu.decode(submit_of(frame).hex(77), to_network=True)
    assert isinstance(sent, pdu.Submit)
    assert (sent.mr, sent.text, sent.srr) == (77, "x", True)
    assert sent.sca is not None
    assert sent.sca.number == "+15550009999"


def test_a_report_says_which_part_and_what_became_of_it() -> None:
    """Recipient, reference, both times and TP-ST."""
    submit = submit_of(pdu.encode("+15550001001", "x", srr=True)[0])
    done = AT + timedelta(seconds=9)
    raw = tpdu.report_on(submit, mr=5, st=0x41, smsc="", submitted=AT, done=done)
    report = pdu.decode(raw)
    assert isinstance(report, pdu.StatusReport)
    assert (report.mr, report.st, report.address.number) == (5, 0x41, "+15550001001")
    assert (report.scts, report.discharge) == (AT, done)
    assert tpdu.look(raw).is_report


@given(st.integers(-56, 56))
def test_time_stamps_bear_their_zone_in_quarter_hours(quarters: int) -> None:
    """23.040 §9.2.3.11: the sign stands in the fourth bit."""
    at = AT.astimezone(timezone(timedelta(minutes=15 * quarters)))
    submit = submit_of(pdu.encode("+15550001001", "x")[0])
    message = pdu.decode(tpdu.deliver_of(submit, sender="12345", smsc="", at=at))
    assert isinstance(message, pdu.Deliver)
    assert message.scts == at
    assert message.scts.utcoffset() == at.utcoffset()


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("zz", 1),
        ("", 1),
        ("00", 0),
        ("0021000B915155551032F400000441E19058", 16),
        ("0020000B915155551032F400000441E19058", 17),
        ("0021000B915155551032F400000541E19058FFFF", 19),
        ("0021000B9151", 5),
        ("00210000810000", 6),
        ("0021000081000000", 7),
    ],
)
def test_what_is_no_submit_is_refused(text: str, length: int) -> None:
    """The modem answers +CMS ERROR: 304."""
    with pytest.raises(tpdu.TpduError):
        tpdu.parse_submit(text, length)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_octets_are_a_submit_or_refused(octets: bytes, length: int) -> None:
    """Nothing else can come of them."""
    try:
        submit = tpdu.parse_submit(octets.hex(), length)
    except tpdu.TpduError:
        return
    assert submit.hex(0)


@given(st.binary(max_size=60))
def test_any_octets_can_be_looked_at(octets: bytes) -> None:
    """A modem stores what the network gives it, sense or not."""
    assert tpdu.look(octets.hex()).length >= 0


@pytest.mark.parametrize(
    ("dcs", "expected"), [(0x00, None), (0x10, 0), (0x1A, 2), (0xF1, 1), (0xC0, None), (0x50, 0)]
)
def test_the_message_class_is_where_23_038_puts_it(dcs: int, expected: int | None) -> None:
    """In the general group with bit 4, and in the class group."""
    assert tpdu.message_class(dcs) == expected


def test_the_same_moment_in_two_zones_keeps_its_zone() -> None:
    """Aware times that are equal are not written alike."""
    there = AT.astimezone(timezone(timedelta(hours=2)))
    assert tpdu.encode_timestamp(AT) == bytes.fromhex("62112212005000")
    assert tpdu.encode_timestamp(there) == bytes.fromhex("62112232005080")
