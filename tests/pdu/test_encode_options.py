"""Whatever a SUBMIT or a DELIVER can say can be asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.address import address_octets
from modemgw.pdu.dialled import dialled_octets

from .strategies import ANY_TEXT, GSM_TEXT, dialled, times

if TYPE_CHECKING:
    from collections.abc import Callable

RECIPIENT = "+15550001001"
UNTIL = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)


def _submits(text: str, **options: Any) -> list[pdu.Submit]:
    """What `encode` says, read again."""
    submits = []
    for frame in pdu.encode(RECIPIENT, text, **options):
        submit = pdu.decode(frame.hex, to_network=True)
        assert isinstance(submit, pdu.Submit)
        submits.append(submit)
    return submits


@given(
    dialled,
    ANY_TEXT | GSM_TEXT | st.text("a€ю😀", max_size=200),
    st.sampled_from(["auto", "gsm7", "ucs2", "8bit"]),
    st.none() | st.integers(0, 255),
)
def test_the_short_way_of_usual_texts_ends_where_the_long_one_does(
    to: str, text: str, encoding: str, ref: int | None
) -> None:
    """Default tables that are asked for by name take the long way."""

    def frames(national: pdu.National | None) -> list[pdu.Frame] | str:
        try:
            return pdu.encode(to, text, encoding=encoding, ref=ref or 0, national=national)
        except pdu.PduError as error:
            return error.field

    assert frames(None) == frames(pdu.National())


@given(dialled | st.text("+0123456789*#a١", max_size=24))
def test_the_short_way_of_a_number_ends_where_the_long_one_does(number: str) -> None:
    """Plain digits are written at once, all else by way of an address."""

    def octets(way: Callable[[str], bytes]) -> bytes | str:
        try:
            return way(number)
        except pdu.PduError as error:
            return error.field

    assert octets(dialled_octets) == octets(lambda to: address_octets(pdu.Address.of(to), "to"))


def test_a_recipient_may_be_an_address() -> None:
    """Of any type, alphanumeric ones included."""
    address = pdu.Address("abc", 5, 0)
    tpdu = pdu.decode(pdu.encode(address, "x")[0].hex, to_network=True)
    assert isinstance(tpdu, pdu.Submit)
    assert tpdu.address == address


@pytest.mark.parametrize(
    "vp",
    [
        pdu.RelativeValidity(167),
        pdu.AbsoluteValidity(UNTIL),
        pdu.EnhancedValidity(bytes((0x42, 30, 0, 0, 0, 0, 0))),
    ],
)
def test_every_form_of_validity_can_be_said(vp: pdu.Validity) -> None:
    """One octet, a time, the enhanced form."""
    assert [submit.vp for submit in _submits("x" * 200, vp=vp)] == [vp, vp]


def test_a_validity_is_said_once() -> None:
    """Minutes or a value."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode(RECIPIENT, "x", vp_minutes=5, vp=pdu.RelativeValidity(0))
    assert caught.value.field == "vp"


def test_flags_protocol_and_reference_are_said_as_asked() -> None:
    """In every part."""
    for submit in _submits("x" * 161, srr=True, rd=True, rp=True, pid=0x41, mr=7, message_class=1):
        assert (submit.srr, submit.rd, submit.rp) == (True, True, True)
        assert (submit.pid, submit.mr, submit.message_class) == (0x41, 7, 1)


@given(times)
def test_a_deliver_says_its_flags(scts: datetime) -> None:
    """More messages, a report to the sender, a reply path, through which service centre."""
    (frame,) = pdu.encode_deliver(
        "Bank", "x", scts=scts, smsc="+1555", more=True, sri=True, rp=True
    )
    deliver = pdu.decode(frame.hex)
    assert isinstance(deliver, pdu.Deliver)
    assert (deliver.mms, deliver.sri, deliver.rp) == (True, True, True)
    assert deliver.sca == pdu.Address("+1555", 1, 1)
    assert deliver.scts == scts


@given(
    st.lists(
        st.builds(
            pdu.Element,
            st.integers(0x70, 0x9F),
            st.binary(max_size=20),
        ),
        max_size=5,
    ),
    st.text("aю", max_size=300),
    st.booleans(),
)
def test_further_elements_stand_in_every_header(
    elements: list[pdu.Element], text: str, with_ports: bool
) -> None:
    """Behind the others, and the parts are those of `segment` with their octets reserved."""
    ports = pdu.Ports(2948, 9200) if with_ports else None
    reserved = sum(2 + len(element.data) for element in elements) + 6 * with_ports
    submits = _submits(text, elements=elements, ports=ports)
    assert tuple(s.text for s in submits) == pdu.segment(text, reserved=reserved).parts
    for submit in submits:
        assert [element for element in submit.udh if element.iei >= 0x70] == elements
        assert submit.ports == ports
        assert (submit.concat is None) == (len(submits) == 1)


def test_elements_stand_behind_concatenation_ports_and_tables() -> None:
    """The order that the vectors fix, and then what else there is."""
    submit = _submits(
        "ş" * 200,
        national=pdu.National(1, 1),
        ports=pdu.Ports(1, 2, 8),
        elements=[pdu.Element(0x70, b"")],
    )[0]
    assert [element.iei for element in submit.udh] == [0x00, 0x04, 0x25, 0x24, 0x70]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"elements": [pdu.Element(0x00, b"\x01\x02\x01")]}, "elements"),
        ({"elements": [pdu.Element(0x24, b"\x01")]}, "elements"),
        ({"elements": [pdu.Element(256, b"")]}, "elements"),
        ({"elements": [pdu.Element(0x70, bytes(256))]}, "elements"),
        ({"elements": [pdu.Element(0x70, bytes(138))]}, "header"),
        ({"national": pdu.National(300)}, "national"),
        ({"cut": "sentence"}, "cut"),
        ({"ref": 256}, "ref"),
        ({"ref": 65536, "ref_bits": 16}, "ref"),
        ({"ref_bits": 9}, "ref_bits"),
        ({"data": b"x", "ref_bits": 9}, "ref_bits"),
        ({"data": b"x", "encoding": "gsm7"}, "data"),
        ({"text": "xю", "encoding": "gsm7"}, "text"),
        ({"text": "x\ud83d"}, "text"),
        ({"encoding": "latin1"}, "encoding"),
        ({"mr": 256}, "mr"),
        ({"pid": -1}, "pid"),
        ({"message_class": 4}, "message_class"),
        ({"sca": "nobody"}, "sca"),
        ({"vp_minutes": 0}, "vp_minutes"),
    ],
)
def test_options_that_make_no_sense_are_refused_by_name(
    options: dict[str, Any], field: str
) -> None:
    """The error names the argument."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode(RECIPIENT, **({} if "data" in options else {"text": "xx"}) | options)
    assert caught.value.field == field


@pytest.mark.parametrize("pid", [256, -1])
def test_a_deliver_refuses_what_is_no_octet(pid: int) -> None:
    """As a SUBMIT does."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.encode_deliver("Bank", "x", scts=UNTIL, pid=pid)
    assert caught.value.field == "pid"


def test_a_reference_that_is_not_given_is_drawn_for_all_parts() -> None:
    """Two messages at a time shall not look like one; the parts of one shall."""
    drawn = {
        tuple({submit.concat.ref for submit in _submits("x" * 400, ref_bits=16) if submit.concat})
        for _ in range(20)
    }
    assert all(len(refs) == 1 for refs in drawn)
    assert len(drawn) > 1
