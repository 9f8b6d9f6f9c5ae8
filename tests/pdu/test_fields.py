"""Single fields: what the vectors do not reach, and every way to ask for the impossible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from modemgw.pdu.address import read_service_centre
from modemgw.pdu.timestamp import read_timestamp
from modemgw.pdu.validity import VPF_ABSOLUTE, read_validity

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
DELIVER = "07911326040000F0040B911346610089F600006230415190624005C8329BFD06"


def _refused(error: pytest.ExceptionInfo[pdu.PduError]) -> str:
    assert str(error.value)
    return error.value.field


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"to": "abc"}, "to"),
        ({"to": ""}, "to"),
        ({"to": "+"}, "to"),
        ({"to": "+١٢٣"}, "to"),
        ({"to": "1" * 21}, "to"),
        ({"to": pdu.Address("x", 1, 1)}, "to"),
        ({"sca": "none"}, "sca"),
        ({"message_class": 4}, "message_class"),
        ({"vp_minutes": 0}, "vp_minutes"),
        ({"vp_minutes": 635041}, "vp_minutes"),
        ({"ref": 256}, "ref"),
        ({"ref": -1}, "ref"),
        ({"mr": 256}, "mr"),
        ({"pid": -1}, "pid"),
        ({"text": "x", "data": b""}, "data"),
        ({"data": b"", "encoding": "ucs2"}, "data"),
        ({"ports": pdu.Ports(65536, 1)}, "ports"),
        ({"ports": pdu.Ports(256, 1, bits=8)}, "ports"),
        ({"national": pdu.National(locking=256)}, "national"),
    ],
)
def test_what_no_submit_can_carry_is_refused_by_name(options: dict[str, Any], field: str) -> None:
    """The error names the argument and has no octet offset."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode(**({"to": "+31641600986"} | options))
    assert _refused(caught) == field
    assert caught.value.at is None


@pytest.mark.parametrize(
    "scts",
    [
        datetime(2026, 3, 14),  # noqa: DTZ001
        NOW.replace(year=1989),
        NOW.replace(year=2090),
        NOW.astimezone(timezone(timedelta(minutes=20))),
        NOW.astimezone(timezone(timedelta(hours=20))),
    ],
    ids=["no offset", "1989", "2090", "20 minutes", "20 hours"],
)
def test_a_time_that_seven_octets_cannot_say_is_refused(scts: datetime) -> None:
    """Years 1990 to 2089, whole quarters of an hour below twenty hours."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode_deliver("+31641600986", "x", scts=scts)
    assert _refused(caught) == "scts"


@pytest.mark.parametrize("sender", ["Дом", "twelve chars", "€€€€€€"])
def test_an_alphanumeric_sender_is_eleven_septets_of_gsm7(sender: str) -> None:
    """Neither other alphabets nor longer names."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode_deliver(sender, "x", scts=NOW)
    assert _refused(caught) == "sender"


def test_an_alphanumeric_sender_comes_back_at_every_length() -> None:
    """Also the seven letters that spare bits make an eighth of elsewhere."""
    for length in range(12):
        sender = pdu.Address("ABCDEFGHIJK"[:length], 5, 0)
        (frame,) = pdu.encode_deliver(sender, "x", scts=NOW)
        deliver = pdu.decode(frame.hex)
        assert isinstance(deliver, pdu.Deliver)
        assert deliver.address == sender


def test_a_service_centre_is_digits_whatever_its_type() -> None:
    """Type 5 is dedicated access there, not text (24.008 §10.5.4.7), and comes back."""
    deliver = pdu.decode("05D021436587" + DELIVER[16:])
    assert deliver.sca == pdu.Address("12345678", 5, 0)
    assert pdu.decode(pdu.frame(deliver).hex) == deliver
    longest = pdu.decode("0C91" + "21" * 11 + DELIVER[16:])
    assert longest.sca == pdu.Address("+" + "12" * 11, 1, 1)
    assert pdu.decode(pdu.frame(longest).hex) == longest


def test_a_value_with_a_field_beyond_its_octet_is_refused() -> None:
    """By the one error, naming the type."""
    deliver = pdu.decode(DELIVER)
    assert isinstance(deliver, pdu.Deliver)
    impossible = pdu.Deliver(None, 300, deliver.address, 0, 0, NOW, deliver.user_data)
    with pytest.raises(pdu.PduError, match="deliver"):
        pdu.frame(impossible)
    nameless = pdu.Deliver(None, 4, pdu.Address("x", 1, 1), 0, 0, NOW, deliver.user_data)
    with pytest.raises(pdu.PduError, match="digits"):
        pdu.frame(nameless)


def test_options_of_the_network_side_are_in_the_deliver() -> None:
    """Service centre, class, national tables, ports, type, flags."""
    (frame,) = pdu.encode_deliver(
        "BANK",
        "ş",
        scts=NOW,
        smsc="+31624000000",
        message_class=1,
        national=pdu.National(single=1),
        ports=pdu.Ports(5499, 1, bits=16),
        pid=0x41,
        more=True,
        sri=True,
    )
    deliver = pdu.decode(frame.hex)
    assert isinstance(deliver, pdu.Deliver)
    assert deliver.sca == pdu.Address("+31624000000", 1, 1)
    assert (deliver.text, deliver.single, deliver.locking) == ("ş", 1, None)
    assert (deliver.ports, deliver.pid, deliver.message_class) == (pdu.Ports(5499, 1), 0x41, 1)
    assert (deliver.mms, deliver.sri, deliver.rp, deliver.udhi) == (True, True, False, True)
    assert [element.iei for element in deliver.udh] == [0x05, 0x24]
    assert (deliver.coding.alphabet, deliver.data) == (pdu.Alphabet.GSM7, None)


def test_ports_of_8_bits_take_less_of_the_header() -> None:
    """Element 04 instead of 05."""
    (frame,) = pdu.encode("+31641600986", data=b"x", ports=pdu.Ports(1, 2, bits=8))
    submit = pdu.decode(frame.hex, to_network=True)
    assert isinstance(submit, pdu.Submit)
    assert (submit.ports, submit.data) == (pdu.Ports(1, 2, bits=8), b"x")


def test_a_status_report_is_as_it_was_asked_for() -> None:
    """Reference, recipient, both times, status, service centre."""
    frame = pdu.encode_status_report(
        7, "+31641600986", scts=NOW, discharge=NOW, st=0x46, smsc="+31624000000"
    )
    report = pdu.decode(frame.hex)
    assert isinstance(report, pdu.StatusReport)
    assert (report.mr, report.st, report.srq, report.mms) == (7, 0x46, False, False)
    assert (report.scts, report.discharge) == (NOW, NOW)
    with pytest.raises(pdu.PduError):
        pdu.encode_status_report(256, "+1", scts=NOW, discharge=NOW, st=0)
    with pytest.raises(pdu.PduError):
        pdu.encode_status_report(1, "+1", scts=NOW, discharge=NOW, st=-1)


def test_without_a_reference_each_message_has_a_random_one() -> None:
    """16 bits of it, where asked for; all parts of a message share it."""
    references = set()
    for _ in range(20):
        parts = pdu.encode("+31641600986", "x" * 200, ref_bits=16)
        submits = [pdu.decode(frame.hex, to_network=True) for frame in parts]
        concats = [s.concat for s in submits if isinstance(s, pdu.Submit)]
        refs = {concat.ref for concat in concats if concat is not None}
        assert len(refs) == 1
        references |= refs
    assert len(references) > 10


@pytest.mark.parametrize(
    ("octets", "seconds"),
    [
        ("00000000000000", None),
        ("01A70000000000", 24 * 3600),
        ("020A0000000000", 10),
        ("02000000000000", None),  # 0 is reserved
        ("03996000000000", 99 * 3600 + 6 * 60),
        ("03125000000000", 21 * 3600 + 5 * 60),
        ("03A1FF00000000", None),
        ("04000000000000", None),
        ("82000A00000000", 10),  # the indicator is extended by one octet
        ("83808080801250", None),
        ("81808080808000", None),
        ("82808080808080", None),
    ],
)
def test_an_enhanced_validity_is_read_as_far_as_it_makes_sense(
    octets: str, seconds: int | None
) -> None:
    """Seconds of minutes, seconds or a clock; none of what is reserved, absent or cut off."""
    assert pdu.EnhancedValidity(bytes.fromhex(octets)).seconds == seconds


def test_single_shot_is_a_bit_of_the_enhanced_validity() -> None:
    """The service centre shall try once."""
    assert pdu.EnhancedValidity(bytes.fromhex("40000000000000")).single_shot
    assert not pdu.EnhancedValidity(bytes(7)).single_shot


def test_the_error_says_what_where_and_which_clause() -> None:
    """A person can find the octet and read the clause."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.decode(DELIVER[:-2])
    assert str(caught.value) == (
        "the PDU ends after 31 octets, inside or before TP-UD (octet 31, TP-UD, 23.040 §9.2.3.16)"
    )
    assert str(pdu.PduError("no more to say")) == "no more to say"


def test_a_text_whose_septets_end_inside_its_header_is_refused() -> None:
    """Five octets of header take six septets."""
    with pytest.raises(pdu.PduError, match="shorter than its header") as caught:
        pdu.decode("07911326040000F0440B911346610089F6000062304151906240050470020000")
    assert caught.value.at == 26


@pytest.mark.parametrize(
    ("octets", "to_network"),
    [
        ("00", False),
        ("0001", True),
        ("000100", True),
        ("000100028121", True),
        ("00010002812100", True),
        ("001900028121000062304151", True),
        ("000900028121000062304151", True),
        ("0011000281210000", True),
        ("0000", True),
        ("000001", True),
        ("000002", True),
        ("000003", False),
        ("0006", False),
        ("0006010281216230415190624062304151906240", False),
        ("00060102812162304151906240623041519062400001", False),
        ("00060102812162304151906240623041519062400002", False),
        ("00020700", True),
        ("000207000006028121", True),
        ("00020700000602812105AA", True),
    ],
)
def test_a_tpdu_that_is_cut_anywhere_is_refused(octets: str, to_network: bool) -> None:
    """In every field of every type."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.decode(octets, to_network=to_network)
    assert caught.value.field != "hex"


@pytest.mark.parametrize(
    "read",
    [
        lambda octets: read_service_centre(octets[:0]),
        lambda octets: read_timestamp(octets, 0, "TP-SCTS"),
        lambda octets: read_validity(octets, 0, VPF_ABSOLUTE),
    ],
    ids=["SCA", "TP-SCTS", "TP-VP"],
)
def test_a_field_that_is_cut_is_refused_by_its_own_reader(read: Callable[[bytes], object]) -> None:
    """Whoever reads fields one by one learns where the octets end."""
    with pytest.raises(pdu.PduError, match="the PDU ends"):
        read(bytes(6))


def test_fields_of_reports_and_commands_are_shown() -> None:
    """Flags that only some types have."""
    command = pdu.decode("0022070000060B911346610089F601AA", to_network=True)
    assert isinstance(command, pdu.Command)
    assert (command.srr, command.udhi, command.data) == (True, False, b"\xaa")
    report = pdu.decode("000001" + "41", to_network=True)
    assert isinstance(report, pdu.DeliverReport)
    assert pdu.as_dict(report) == {
        "type": "deliver-report",
        "sca": None,
        "udhi": False,
        "pi": 1,
        "pid": 0x41,
        "protocol": {"kind": "replace", "number": 1},
    }


def test_loop_prevention_is_shown_by_deliver_and_status_report() -> None:
    """The bit that says: do not answer this by machine."""
    forwarded = pdu.decode(DELIVER[:16] + "08" + DELIVER[18:])
    assert isinstance(forwarded, pdu.Deliver)
    assert forwarded.lp
    plain = pdu.decode(DELIVER)
    assert isinstance(plain, pdu.Deliver)
    assert not plain.lp
    for first, lp in (("02", False), ("0A", True)):
        report = pdu.decode("00" + first + "070B911346610089F6" + "6230415190624000" * 2)
        assert isinstance(report, pdu.StatusReport)
        assert report.lp is lp


def test_a_report_has_room_for_more_than_a_text() -> None:
    """A TPDU has 164 octets, of which the shortest report leaves 159 to user data (§9.2.2.1a)."""
    octets = "4B" * 159
    report = pdu.decode("000006049F" + octets, to_network=True)
    assert isinstance(report, pdu.DeliverReport)
    assert report.optional.user_data is not None
    assert report.optional.user_data.data == bytes.fromhex(octets)
    text = pdu.decode("000004B5" + octets, to_network=True)
    assert isinstance(text, pdu.DeliverReport)
    assert text.optional.user_data is not None
    assert len(text.optional.user_data.text or "") == 181
    for longer in ("00000604A0" + octets + "4B", "000004B6" + octets + "4B"):
        with pytest.raises(pdu.PduError, match="at most"):
            pdu.decode(longer, to_network=True)


def test_a_tpdu_without_service_centre_is_not_taken_for_one_with() -> None:
    """No type of address begins with a 0 bit: refused, with a word on what may be wrong."""
    with pytest.raises(pdu.PduError, match="without service centre") as caught:
        pdu.decode("040B911346610089F60000623041519062400CCE3768DA9C0E41E8B2BC0C")
    assert (caught.value.at, caught.value.field) == (1, "SCA")


def test_values_are_compared_by_content_and_hashable() -> None:
    """Two readings of one PDU are equal and one key."""
    assert pdu.decode(DELIVER) == pdu.decode(DELIVER.lower())
    assert len({pdu.decode(DELIVER), pdu.decode(DELIVER)}) == 1
