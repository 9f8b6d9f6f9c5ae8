"""Announcements as values."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at import answers
from modemgw.at.answers import Announcement, Registration
from modemgw.at.events import (
    Direct,
    Other,
    RegistrationChange,
    SignalChange,
    SimChange,
    Started,
    StorageFull,
    Stored,
    Time,
    Told,
    Zone,
    told,
)
from modemgw.at.unsolicited import (
    _PREFIXES,
    Topic,
    is_boot,
    is_full,
    is_start,
    is_unsolicited,
    topic_of,
)

PDU = "00040B911234567890F000000250100173832305C8329BFD06"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (('+CMTI: "SM",3',), Stored(Topic.TEXT_STORED, Announcement("SM", 3))),
        (('+CDSI: "sr",0',), Stored(Topic.REPORT_STORED, Announcement("SR", 0))),
        (('+CBMI: "BM",1',), Stored(Topic.BROADCAST_STORED, Announcement("BM", 1))),
        (("+CMTI: ,",), Other(("+CMTI: ,",))),
        (("+CMT: ,24", PDU), Direct(Topic.TEXT, answers.DirectText(24, PDU))),
        (("+CDS:24", PDU), Direct(Topic.REPORT, answers.DirectText(24, PDU))),
        (("+CMT: ,24",), Other(("+CMT: ,24",))),
        (('^SMMEMFULL: "SM"',), StorageFull("SM")),
        (("+SMS FULL",), StorageFull(None)),
        (("RING",), answers.Ring()),
        (("+CRING: VOICE",), answers.Ring("VOICE")),
        (("+CRING:",), answers.Ring()),
        (('+CLIP: "15550123",145',), answers.Caller("+15550123")),
        (('+CLIP: "",128,,,,1',), answers.Caller(None)),
        (('+CCWA: "0123",129,1',), answers.Caller("0123", waiting=True)),
        (("NO CARRIER",), answers.CallEnd("NO CARRIER")),
        (("BUSY",), answers.CallEnd("BUSY")),
        (("VOICE CALL: END: 000012",), answers.CallEnd("VOICE CALL: END: 000012")),
        (("^CEND:1,0,104,16",), answers.CallEnd("^CEND:1,0,104,16")),
        (
            ('+CLCC: 1,1,4,0,0,"0123",129',),
            answers.Call(1, True, answers.CallStatus.INCOMING, 0, False, "0123"),
        ),
        (("+CLCC: 1",), Other(("+CLCC: 1",))),
        (("VOICE CALL: BEGIN",), Other(("VOICE CALL: BEGIN",))),
        (
            ('+CEREG: 5,"00AA","00BB",7',),
            RegistrationChange(
                "+CEREG", answers.NetworkStatus(Registration.ROAMING, None, 0xAA, 0xBB, 7)
            ),
        ),
        (("+CREG:",), Other(("+CREG:",))),
        (("+CPIN: NOT INSERTED",), SimChange("NOT INSERTED")),
        (("^RSSI:17",), SignalChange(-79)),
        (("^RSSI: 99",), SignalChange(None)),
        (
            ("^NWTIME: 26/03/14,14:09:26+04,00",),
            Time(datetime(2026, 3, 14, 14, 9, 26, tzinfo=timezone(timedelta(hours=1)))),
        ),
        (
            ('*PSUTTZ: 2026,3,14,14,9,26,"+4",0',),
            Time(datetime(2026, 3, 14, 14, 9, 26, tzinfo=timezone(timedelta(hours=1)))),
        ),
        (("+CTZV: +04",), Zone(timedelta(hours=1))),
        (('+CTZV: "-32"',), Zone(timedelta(hours=-8))),
        (("+CTZV: 26/03/14,14:09:26,+04",), Zone(timedelta(hours=1))),
        (("+CTZV: x",), Other(("+CTZV: x",))),
        (("*PSUTTZ: x",), Other(("*PSUTTZ: x",))),
        (("+CIEV: 2,4",), answers.IndicatorEvent(2, None, 4, ("4",))),
        (("+CIEV: rssi,4",), answers.IndicatorEvent(None, "rssi", 4, ("4",))),
        (("+CIEV:",), Other(("+CIEV:",))),
        (
            ('+CUSD: 1,"a', 'b",15'),
            answers.UssdString(answers.UssdStatus.ANSWER_WANTED, "a\nb", 15),
        ),
        (("+CUSD: 9",), Other(("+CUSD: 9",))),
        (("RDY",), Started(first=True)),
        (("^SYSSTART AIRPLANE MODE",), Started(first=True)),
        (("SMS Ready",), Started(first=False)),
        (("+CFUN: 1",), Started(first=False)),
        (("+CFUN: 4",), Other(("+CFUN: 4",))),
        (("^DSFLOWRPT:0",), Other(("^DSFLOWRPT:0",))),
        (("POWERED DOWN",), Other(("POWERED DOWN",))),
        (("what?",), Other(("what?",))),
    ],
)
def test_an_announcement_says(lines: tuple[str, ...], expected: Told) -> None:
    """What the driver wants to know, or its lines."""
    assert told(lines) == expected


@given(
    prefix=st.sampled_from(sorted(_PREFIXES)),
    behind=st.text(st.characters(max_codepoint=255), max_size=30),
    more=st.lists(st.text(st.characters(max_codepoint=255), max_size=30), max_size=2),
)
def test_any_announcement_is_told(prefix: str, behind: str, more: list[str]) -> None:
    """Never an error."""
    told((f"{prefix}: {behind}", *more))


def test_what_makers_invent_is_told_too() -> None:
    """Any prefix that nobody asked for; a plus alone, or words, are noise."""
    assert topic_of("+WHATEVER: 1") is Topic.OTHER
    assert topic_of("DST: 0") is Topic.OTHER
    assert topic_of("+1555 calls") is None
    assert topic_of("START NOW") is None
    assert not is_unsolicited("Hello")


def test_starts_and_full_storages_are_recognised() -> None:
    """In any case of letters."""
    assert is_start("rdy")
    assert not is_start("SMS Ready")
    assert is_boot("SMS Ready")
    assert is_boot("+READY")
    assert is_boot("+CFUN:1")
    assert not is_boot("RING")
    assert is_full('^smmemfull: "SM"')
    assert is_full("+SMS FULL")
    assert not is_full("+CMTI: 1")


def test_a_time_without_a_zone_has_none() -> None:
    """The modem's clock may be right or not: nobody guesses."""
    found = told(("+CTZU: 26/03/14,14:09:26",))
    assert found == Time(datetime(2026, 3, 14, 14, 9, 26))  # noqa: DTZ001
    assert isinstance(found, Time)
    assert found.time.tzinfo is None
