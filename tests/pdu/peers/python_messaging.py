"""python-messaging 0.5.13, as witness for decoding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from messaging.sms import SmsDeliver

from modemgw.pdu import Alphabet, Deliver, StatusReport, TpduType

from . import (
    RAISES,
    Case,
    Example,
    Fault,
    Fields,
    Peer,
    deliver,
    has_octets_behind,
    has_unknown_escape,
)
from .shared import (
    BREAKS_PAIRS,
    KNOWS_NO_NATIONAL_TABLE,
    OBEYS_IDLE_CONCAT,
    READS_A_DIGIT_TOO_MANY,
    READS_A_SEPTET_TOO_MANY,
    READS_THE_LAST_CENTURY,
    SHOWS_A_LONE_PLUS,
    SHOWS_COMPRESSED_DATA,
    SHOWS_SYMBOLS_AS_HEX,
)

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def read(case: Case) -> Fields:
    """What its `SmsDeliver` says."""
    said = SmsDeliver(case.hex)
    if said.sr is not None:
        return {
            "sca": said.csca,
            "address": said.sr["recipient"],
            "mr": said.udh.concat.ref,
            "st": said.sr["status"],
            "scts": _utc(said.sr["scts"]),
            "discharge": _utc(said.sr["dt"]),
        }
    concat, ports = (said.udh.concat, said.udh.ports) if said.udh else (None, None)
    return {
        "sca": said.csca,
        "address": said.number,
        "pid": said.pid,
        "dcs": said.dcs,
        "scts": _utc(said.date),
        "text": said.text,
        "concat": concat and (concat.ref, concat.cnt, concat.seq),
        "ports": ports and (ports.dest_port, ports.orig_port),
    }


def _utc(when: datetime | None) -> datetime | None:
    """Its times have no zone; those of texts are meant as UTC."""
    return when and when.replace(tzinfo=UTC)


def _other_alphabet(case: Case) -> bool:
    """Bits 2 and 3 of TP-DCS say something else than the octet as a whole."""
    bits = case.dcs >> 2 & 3
    taken = (Alphabet.GSM7, Alphabet.EIGHT_BIT, Alphabet.UCS2, Alphabet.EIGHT_BIT)[bits]
    return case.alphabet is not None and case.alphabet is not taken


def _empty(case: Case) -> bool:
    return case.user_data is not None and not case.user_data.octets


def _alphanumeric_recipient(case: Case) -> bool:
    return isinstance(case.tpdu, StatusReport) and case.tpdu.address.ton == 5


def _zone_of_report(case: Case) -> bool:
    return isinstance(case.tpdu, StatusReport) and any(when.utcoffset() for when in case.times)


def _impossible_time(case: Case) -> bool:
    return isinstance(case.tpdu, Deliver) and case.tpdu.scts is None


FAULTS = (
    Fault(
        "an escape before an unknown code is shown as a no-break space",
        "23.038 §6.2.1.1",
        has_unknown_escape,
        Example(deliver("02 9B20"), "text", "A", "\xa0A"),
    ),
    Fault(
        "the alphabet is taken from two bits of TP-DCS, whatever its coding group",
        "23.038 §4",
        _other_alphabet,
        Example(deliver("01 41", dcs=0x84), "text", "A", b"A"),
        ("text", RAISES),
    ),
    SHOWS_COMPRESSED_DATA,
    BREAKS_PAIRS,
    KNOWS_NO_NATIONAL_TABLE,
    Fault(
        "an empty text raises TypeError",
        "23.040 §9.2.3.16",
        _empty,
        Example(deliver("00"), RAISES, None, "TypeError"),
        (RAISES,),
    ),
    Fault(
        "octets behind the TPDU are read as text",
        "23.040 §9.2.3.16",
        has_octets_behind,
        Example(deliver("01 41 FFFF", dcs=0x04), "text", b"A", b"A\xff\xff"),
    ),
    SHOWS_SYMBOLS_AS_HEX,
    READS_A_DIGIT_TOO_MANY,
    SHOWS_A_LONE_PLUS,
    READS_A_SEPTET_TOO_MANY,
    Fault(
        "an alphanumeric recipient of a report is read as digits",
        "23.040 §9.1.2.5",
        _alphanumeric_recipient,
        Example(
            "0006000 7D0C2A073096230415190624062304151901340 00".replace(" ", ""),
            "address",
            "BANK",
            "2c0a3790",
        ),
        ("address",),
    ),
    Fault(
        "the zone of a report's times is ignored",
        "23.040 §9.2.3.11",
        _zone_of_report,
        Example(
            "00060002812162304121000040 62304121000040 00".replace(" ", ""),
            "scts",
            NOON - timedelta(hours=1),
            NOON,
        ),
        ("scts", "discharge"),
    ),
    OBEYS_IDLE_CONCAT,
    READS_THE_LAST_CENTURY,
    Fault(
        "a text whose time stamp is impossible is lost",
        "23.040 §9.2.3.11",
        _impossible_time,
        Example(deliver("01 41", scts="00000000000000"), RAISES, None, "ValueError"),
        (RAISES,),
    ),
)

PEER = Peer(
    "python-messaging",
    frozenset({TpduType.DELIVER, TpduType.STATUS_REPORT}),
    read,
    FAULTS,
)
