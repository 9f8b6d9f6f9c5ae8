"""A lenient reading gives what is there, says what is not, and makes nothing up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.errors import Fixed, completed

from .test_roundtrip import (
    commands,
    deliver_reports,
    delivers,
    status_reports,
    submit_reports,
    submits,
)

DELIVER = "07911326040000F0040B911346610089F600006230415190624005C8329BFD06"
SUBMIT = "0011070B911346610089F60000A705C8329BFD06"
REPORT = "0006070B911346610089F66230415190624062304151906240000700000548656C6C6F"
SUBMIT_REPORT = "0001D507623041519062400000024869"


def _deliver(text: str) -> pdu.Deliver:
    deliver = pdu.decode(text, lenient=True)
    assert isinstance(deliver, pdu.Deliver)
    return deliver


def _submit(text: str) -> pdu.Submit:
    submit = pdu.decode(text, to_network=True, lenient=True)
    assert isinstance(submit, pdu.Submit)
    return submit


def _fields(tpdu: pdu.Tpdu) -> list[str]:
    return [defect.field for defect in tpdu.defects]


def test_what_is_wrong_is_said_as_the_strict_error_would_be() -> None:
    """The first defect is the error that a strict reading raises."""
    cut = DELIVER[:-2]
    with pytest.raises(pdu.PduError) as caught:
        pdu.decode(cut)
    assert _deliver(cut).defects == (caught.value,)
    assert hash(_deliver(cut)) == hash(_deliver(cut))
    assert caught.value != str(caught.value)
    assert pdu.decode(DELIVER).defects == ()


@pytest.mark.parametrize(
    ("octets", "field"),
    [(17, "TP-PID"), (18, "TP-DCS"), *((at, "TP-SCTS") for at in range(19, 26)), (26, "TP-UDL")],
)
def test_a_text_cut_short_behind_its_sender_still_has_a_sender(octets: int, field: str) -> None:
    """Half a time stamp is none, and there is one defect: the end."""
    whole = pdu.decode(DELIVER)
    cut = _deliver(DELIVER[: 2 * octets])
    assert isinstance(whole, pdu.Deliver)
    assert cut.address == whole.address
    assert cut.scts == (whole.scts if field == "TP-UDL" else None)
    assert (cut.text, cut.pid, cut.dcs) == ("", 0, 0)
    assert _fields(cut) == [field]


def test_a_sender_that_is_cut_short_is_no_sender() -> None:
    """A number with digits missing is a wrong number."""
    for octets in range(17):
        with pytest.raises(pdu.PduError):
            pdu.decode(DELIVER[: 2 * octets], lenient=True)


def test_text_is_given_as_far_as_it_goes() -> None:
    """In GSM-7 septet by septet, no more than the standard allows."""
    assert _deliver(DELIVER[:-2]).text == "Hell"
    assert _deliver(DELIVER[:56]).text == "H"
    longer = _deliver(DELIVER[:52] + "AA" + "C8" * 150)
    assert len(longer.text or "") == 160
    assert _fields(longer) == ["TP-UDL"]
    octets = _deliver(DELIVER[:36] + "04" + DELIVER[38:52] + "FF" + "C8" * 100)
    assert octets.data == b"\xc8" * 100
    assert _fields(octets) == ["TP-UDL", "TP-UD"]
    whole = _deliver(DELIVER[:36] + "04" + DELIVER[38:52] + "FF" + "C8" * 255)
    assert whole.data == b"\xc8" * 140
    assert _fields(whole) == ["TP-UDL"]


def test_half_a_character_of_ucs2_is_dropped() -> None:
    """And the characters before it stand."""
    cut = _deliver(DELIVER[:36] + "08" + DELIVER[38:52] + "04" + "041F04")
    assert cut.text == "П"
    assert _fields(cut) == ["TP-UD", "TP-UD"]


def test_the_elements_before_a_broken_one_stand() -> None:
    """And so does the text behind the header, whose length is known."""
    head = "00440B911346610089F6000862304151906240"
    broken = _deliver(head + "0B" + "08" + "0003070201" + "0109AA" + "041F")
    assert broken.concat == pdu.Concat(7, 2, 1)
    assert [element.iei for element in broken.udh] == [0]
    assert broken.text == "П"
    assert _fields(broken) == ["IEI 01"]


@pytest.mark.parametrize("alphabet", ["00", "08", "04"])
def test_a_header_that_runs_past_the_end_leaves_no_text(alphabet: str) -> None:
    """What would be text is header; its elements so far stand."""
    head = f"00440B911346610089F600{alphabet}62304151906240"
    long = _deliver(head + "07" + "1E000307020109")
    assert (long.text or "", long.data or b"") == ("", b"")
    assert long.concat == pdu.Concat(7, 2, 1)
    assert _fields(long) == ["TP-UDHL", "IEI 09"]
    none = _deliver(head + "00")
    assert _fields(none) == ["TP-UDHL"]
    assert none.user_data.header.length == 0


def test_a_text_that_ends_inside_its_header_is_empty() -> None:
    """TP-UDL counts fewer septets than the header takes; nothing of it is a letter."""
    short = _deliver("00440B911346610089F6000062304151906240" + "05" + "0470020000")
    assert short.text == ""
    assert _fields(short) == ["TP-UDL"]


def test_a_submit_keeps_a_validity_that_is_whole() -> None:
    """And has none where it is cut short: five minutes must not be made up."""
    assert _submit(SUBMIT).defects == ()
    for octets, vp, field in (
        (14, pdu.RelativeValidity(0xA7), "TP-UDL"),
        (13, None, "TP-VP"),
        (12, None, "TP-DCS"),
        (11, None, "TP-PID"),
    ):
        cut = _submit(SUBMIT[: 2 * octets])
        assert (cut.vp, cut.text, cut.address.number) == (vp, "", "+31641600986")
        assert _fields(cut) == [field]
    absolute = _submit("0019" + SUBMIT[4:22] + "0000" + "623041519062")
    assert (absolute.vp, _fields(absolute)) == (None, ["TP-VP"])


def test_a_status_is_never_made_up() -> None:
    """A report that is cut short before TP-ST is refused."""
    for octets in range(26):
        with pytest.raises(pdu.PduError):
            pdu.decode(REPORT[: 2 * octets], lenient=True)


def test_the_optional_fields_of_a_report_are_given_as_far_as_they_go() -> None:
    """Whatever is cut off is None, but that it was announced can be seen."""
    for octets, optional, field in (
        (27, pdu.OptionalFields(7), "TP-PID"),
        (28, pdu.OptionalFields(7, 0), "TP-DCS"),
        (29, pdu.OptionalFields(7, 0, 0, pdu.UserData(pdu.Alphabet.GSM7, 0, b"", "")), "TP-UDL"),
    ):
        report = pdu.decode(REPORT[: 2 * octets], lenient=True)
        assert isinstance(report, pdu.StatusReport)
        assert (report.optional, report.st) == (optional, 0)
        assert _fields(report) == [field]


def test_damage_behind_a_report_on_nobody_is_refused() -> None:
    """A service centre whose length counts digits makes a text look like that."""
    with pytest.raises(pdu.PduError):
        pdu.decode("0B" + DELIVER[2:], lenient=True)


def test_an_acknowledgement_is_never_made_up() -> None:
    """What is cut off may be the cause of an error; a cause without more stands."""
    for text, to_network in (("0000", True), ("0001", False)):
        with pytest.raises(pdu.PduError):
            pdu.decode(text, to_network=to_network, lenient=True)
    failed = pdu.decode("0000D5", to_network=True, lenient=True)
    assert failed == pdu.DeliverReport(None, 0, 0xD5, pdu.OptionalFields(0), defects=failed.defects)
    assert _fields(failed) == ["TP-PI"]
    for octets, field in ((3, "TP-PI"), (4, "TP-SCTS"), (9, "TP-SCTS")):
        report = pdu.decode(SUBMIT_REPORT[: 2 * octets], lenient=True)
        assert isinstance(report, pdu.SubmitReport)
        assert (report.fcs, report.scts) == (0xD5, None)
        assert _fields(report) == [field]


def test_the_data_of_a_command_is_given_as_far_as_it_goes() -> None:
    """Of its other fields none can be missing."""
    command = "000207000006" + "0B911346610089F6" + "03AABBCC"
    for octets, data, field in ((14, b"", "TP-CDL"), (16, b"\xaa", "TP-CD")):
        cut = pdu.decode(command[: 2 * octets], to_network=True, lenient=True)
        assert isinstance(cut, pdu.Command)
        assert (cut.data, _fields(cut)) == (data, [field])


@pytest.mark.parametrize("around", [" {}", "{}\r\n", '"{}"', "'{}' ", "\t{}\u00a0"])
def test_white_space_and_quotes_around_the_hex_are_passed_over(around: str) -> None:
    """A person pasted it; a strict reader refuses it."""
    pasted = around.format(DELIVER)
    assert _deliver(pasted).text == "Hello"
    assert _fields(_deliver(pasted)) == ["hex"]
    with pytest.raises(pdu.PduError):
        pdu.decode(pasted)


def test_half_an_octet_at_the_end_is_dropped() -> None:
    """It is half of something: no letter, no digit."""
    assert _deliver(DELIVER + "4").text == "Hello"
    assert _fields(_deliver(DELIVER[:-1])) == ["hex", "TP-UD"]
    with pytest.raises(pdu.PduError):
        pdu.decode(DELIVER[:-2] + "x6", lenient=True)


def test_a_service_centre_that_cannot_be_one_is_a_defect() -> None:
    """For a text must not be lost because of it."""
    odd = _deliver("0711" + DELIVER[4:])
    assert odd.text == "Hello"
    assert _fields(odd) == ["SCA"]


def test_nothing_is_added_to_fields_that_are_there() -> None:
    """Only what is missing has a stand-in."""
    fields = (Fixed("A", 2, b"\0"), Fixed("B", 1, b"\xff"))
    assert completed(b"abc", 0, fields, "", None) == b"abc"
    defects: list[pdu.PduError] = []
    assert completed(b"abc", 1, fields, "", defects) == b"abc\xff"
    assert completed(b"abc", 2, fields, "", defects) == b"ab\0\xff"
    assert [defect.field for defect in defects] == ["B", "A"]


@given(
    tpdu=st.one_of(
        delivers(), submits(), status_reports, submit_reports, deliver_reports, commands
    ),
    data=st.data(),
)
def test_a_pdu_cut_anywhere_gives_nothing_that_was_not_there(
    tpdu: pdu.Tpdu, data: st.DataObject
) -> None:
    """Numbers and times are those of the whole PDU or none, text and data its beginning."""
    to_network = isinstance(tpdu, pdu.Submit | pdu.DeliverReport | pdu.Command)
    whole = pdu.frame(tpdu).hex
    cut = whole[: data.draw(st.integers(0, len(whole) - 1), label="digits")]
    try:
        part = pdu.decode(cut, to_network=to_network, lenient=True)
    except pdu.PduError:
        return
    assert type(part) is type(tpdu)
    assert part.defects or isinstance(tpdu, pdu.StatusReport)  # optional fields may be gone
    assert part.sca == tpdu.sca
    if not isinstance(tpdu, pdu.DeliverReport | pdu.SubmitReport):
        assert not isinstance(part, pdu.DeliverReport | pdu.SubmitReport)
        assert part.address == tpdu.address
    if isinstance(tpdu, pdu.Deliver | pdu.SubmitReport):
        assert isinstance(part, pdu.Deliver | pdu.SubmitReport)
        assert part.scts in (tpdu.scts, None)
    if isinstance(tpdu, pdu.Submit):
        assert isinstance(part, pdu.Submit)
        assert part.vp in (tpdu.vp, None)
    if isinstance(tpdu, pdu.Deliver | pdu.Submit):
        assert isinstance(part, pdu.Deliver | pdu.Submit)
        assert tpdu.user_data.octets.startswith(part.user_data.octets)
