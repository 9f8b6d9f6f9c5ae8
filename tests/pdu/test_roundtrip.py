"""What is encoded is decoded to the same, and nothing that comes in does harm."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.coding import CODINGS
from modemgw.pdu.tpdu import UDHI
from modemgw.pdu.userdata import MAX_OCTETS, UserData, read_user_data

from .strategies import ANY_TEXT, addresses, dialled, octet, times

if TYPE_CHECKING:
    from datetime import datetime

elements = st.lists(
    st.builds(pdu.Element, octet, st.binary(max_size=12)), min_size=1, max_size=4
).map(tuple)
validities = st.one_of(
    st.none(),
    st.builds(pdu.RelativeValidity, octet),
    st.builds(pdu.AbsoluteValidity, times),
    st.builds(pdu.EnhancedValidity, st.binary(min_size=7, max_size=7)),
)
VPF = {
    type(None): 0,
    pdu.RelativeValidity: 0x10,
    pdu.AbsoluteValidity: 0x18,
    pdu.EnhancedValidity: 0x08,
}


def _header_octets(elements: tuple[pdu.Element, ...]) -> bytes:
    """UDHL, and each element with its identifier and length in front."""
    body = b"".join(bytes((e.iei, len(e.data))) + e.data for e in elements)
    return bytes((len(body),)) + body


@st.composite
def user_data(draw: st.DrawFn, *, dcs: int, udhi: bool) -> UserData:
    """User data of any content, understood as the decoder does."""
    header = _header_octets(draw(elements)) if udhi else b""
    most = MAX_OCTETS - len(header)
    body = header + draw(st.binary(max_size=most // 2)) * 2
    coding = CODINGS[dcs]
    septets = coding.alphabet is pdu.Alphabet.GSM7 and not coding.compressed
    # The header's last septet may reach into an octet of fill bits that is left out.
    length = max(len(body) * 8 // 7, (len(header) * 8 + 6) // 7) if septets else len(body)
    return read_user_data(bytes((length,)) + body, 0, dcs, udhi)


service_centres = st.none() | addresses.filter(lambda address: address.ton != 5)


@st.composite
def delivers(draw: st.DrawFn) -> pdu.Deliver:
    """Any DELIVER."""
    dcs = draw(st.sampled_from([0x00, 0x04, 0x08, 0x20, 0x48, 0xC8, 0xE3, 0xF5]))
    udhi = draw(st.booleans())
    return pdu.Deliver(
        sca=draw(service_centres),
        first=draw(st.sampled_from([0x00, 0x04, 0x08, 0x20, 0x80, 0xAC])) | (UDHI if udhi else 0),
        address=draw(addresses),
        pid=draw(octet),
        dcs=dcs,
        scts=draw(st.none() | times),
        user_data=draw(user_data(dcs=dcs, udhi=udhi)),
    )


@st.composite
def submits(draw: st.DrawFn) -> pdu.Submit:
    """Any SUBMIT."""
    dcs = draw(st.sampled_from([0x00, 0x04, 0x08, 0x18, 0xF5]))
    udhi = draw(st.booleans())
    vp = draw(validities)
    flags = draw(st.sampled_from([0x00, 0x04, 0x20, 0x80, 0xA4]))
    return pdu.Submit(
        sca=draw(service_centres),
        first=0x01 | flags | VPF[type(vp)] | (UDHI if udhi else 0),
        mr=draw(octet),
        address=draw(addresses),
        pid=draw(octet),
        dcs=dcs,
        vp=vp,
        user_data=draw(user_data(dcs=dcs, udhi=udhi)),
    )


@st.composite
def optionals(draw: st.DrawFn, *, udhi: bool = False) -> pdu.OptionalFields:
    """What may stand at the end of a report."""
    pi = draw(st.sampled_from([4, 5, 6, 7]) if udhi else st.integers(0, 7))
    dcs = draw(st.sampled_from([0x00, 0x04, 0x08])) if pi & 2 else None
    return pdu.OptionalFields(
        pi,
        draw(octet) if pi & 1 else None,
        dcs,
        draw(user_data(dcs=dcs or 0, udhi=udhi)) if pi & 4 else None,
    )


status_reports = st.builds(
    pdu.StatusReport,
    service_centres,
    st.sampled_from([0x02, 0x06, 0x0A, 0x26]),
    octet,
    addresses,
    st.none() | times,
    st.none() | times,
    octet,
    st.none() | optionals(),
) | st.builds(
    pdu.StatusReport,
    st.none(),
    st.just(0x02 | UDHI),
    octet,
    addresses,
    times,
    times,
    octet,
    optionals(udhi=True),
)
causes = st.none() | st.integers(0x80, 0xFF)
deliver_reports = st.builds(
    pdu.DeliverReport, service_centres, st.just(0), causes, optionals()
) | st.builds(pdu.DeliverReport, st.none(), st.just(UDHI), causes, optionals(udhi=True))
submit_reports = st.builds(
    pdu.SubmitReport, service_centres, st.just(1), causes, st.none() | times, optionals()
) | st.builds(pdu.SubmitReport, st.none(), st.just(1 | UDHI), causes, times, optionals(udhi=True))
commands = st.builds(
    pdu.Command,
    service_centres,
    st.sampled_from([0x02, 0x22]),
    octet,
    octet,
    octet,
    octet,
    addresses,
    st.binary(max_size=157),
)


@given(submits() | deliver_reports | commands)
def test_every_tpdu_towards_the_network_comes_back(tpdu: pdu.Tpdu) -> None:
    """All fields, addresses of every type, every format of validity, any header."""
    assert pdu.decode(pdu.frame(tpdu).hex, to_network=True) == tpdu


@given(delivers() | status_reports | submit_reports)
def test_every_tpdu_from_the_network_comes_back(tpdu: pdu.Tpdu) -> None:
    """All fields, whatever the optional ones; and a lenient reader finds nothing wrong."""
    assert pdu.decode(pdu.frame(tpdu).hex) == tpdu
    assert pdu.decode(pdu.frame(tpdu).hex, lenient=True) == tpdu


@given(
    st.one_of(delivers(), status_reports, submit_reports).map(lambda tpdu: (tpdu, False))
    | st.one_of(submits(), deliver_reports, commands).map(lambda tpdu: (tpdu, True))
)
def test_canonical_octets_come_back(case: tuple[pdu.Tpdu, bool]) -> None:
    """Read and written again they are the same, whatever stands behind them."""
    tpdu, to_network = case
    canonical = pdu.frame(tpdu).hex
    assert pdu.frame(pdu.decode(canonical, to_network=to_network)).hex == canonical
    behind = pdu.decode(canonical + "FFFF", to_network=to_network)
    assert pdu.frame(behind).hex.startswith(canonical)


@given(
    sender=addresses,
    text=ANY_TEXT,
    scts=times,
    ref=octet,
    ref_bits=st.sampled_from([8, 16]),
    more=st.booleans(),
    sri=st.booleans(),
)
def test_every_text_from_the_network_comes_back(
    *,
    sender: pdu.Address,
    text: str,
    scts: datetime,
    ref: int,
    ref_bits: int,
    more: bool,
    sri: bool,
) -> None:
    """In parts or whole; and each part encodes to the same octets again."""
    said = ""
    frames = pdu.encode_deliver(
        sender, text, scts=scts, ref=ref, ref_bits=ref_bits, more=more, sri=sri
    )
    for seq, frame in enumerate(frames, 1):
        part = pdu.decode(frame.hex)
        assert isinstance(part, pdu.Deliver)
        assert (part.address, part.scts, part.mms, part.sri) == (sender, scts, more, sri)
        assert part.concat == (
            pdu.Concat(ref, len(frames), seq, ref_bits) if len(frames) > 1 else None
        )
        assert pdu.frame(part) == frame
        said += part.text or ""
    assert said == text


@given(
    to=dialled,
    text=ANY_TEXT | st.text("ab€[", min_size=140, max_size=500),
    ref=octet,
    srr=st.booleans(),
    rd=st.booleans(),
    message_class=st.none() | st.integers(0, 3),
    vp_minutes=st.none() | st.integers(1, 635040),
    encoding=st.sampled_from(["auto", "ucs2"]),
)
def test_what_encode_was_asked_for_is_in_every_submit(
    *,
    to: str,
    text: str,
    ref: int,
    srr: bool,
    rd: bool,
    message_class: int | None,
    vp_minutes: int | None,
    encoding: Literal["auto", "ucs2"],
) -> None:
    """Recipient, flags, class, validity not shorter than asked; n is the length without SCA."""
    frames = pdu.encode(
        to,
        text,
        ref=ref,
        srr=srr,
        rd=rd,
        message_class=message_class,
        vp_minutes=vp_minutes,
        encoding=encoding,
    )
    parts = [pdu.decode(frame.hex, to_network=True) for frame in frames]
    said = ""
    for frame, part in zip(frames, parts, strict=True):
        assert isinstance(part, pdu.Submit)
        assert (part.srr, part.rd, part.message_class) == (srr, rd, message_class)
        assert part.address.number == to
        assert frame.length == len(frame.hex) // 2 - 1
        assert frame.encoding is part.alphabet
        if vp_minutes is None:
            assert part.vp is None
        else:
            assert isinstance(part.vp, pdu.RelativeValidity)
            assert part.vp.minutes >= vp_minutes
        said += part.text or ""
    assert said == text


def _decode_or_refuse(text: str, *, sca: bool, to_network: bool, lenient: bool) -> None:
    """Any other exception than PduError fails the test."""
    with suppress(pdu.PduError):
        pdu.as_dict(pdu.decode(text, sca=sca, to_network=to_network, lenient=lenient))


@given(st.binary(max_size=200), st.booleans(), st.booleans(), st.booleans())
def test_any_octets_are_a_value_or_the_one_error(
    octets: bytes, sca: bool, to_network: bool, lenient: bool
) -> None:
    """Hostile input raises PduError, and nothing else."""
    _decode_or_refuse(octets.hex(), sca=sca, to_network=to_network, lenient=lenient)


@given(st.text() | st.text("0123456789abcdefABCDEF \n\"'x"), st.booleans(), st.booleans())
def test_any_string_is_a_value_or_the_one_error(text: str, to_network: bool, lenient: bool) -> None:
    """What is no hex at all is refused by the same error."""
    _decode_or_refuse(text, sca=True, to_network=to_network, lenient=lenient)


@given(st.data())
def test_a_damaged_pdu_is_a_value_or_the_one_error(data: st.DataObject) -> None:
    """One octet changed or the end cut off: near misses reach further than noise."""
    octets = bytearray.fromhex(pdu.frame(data.draw(submits())).hex)
    octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(octet)
    cut = data.draw(st.integers(0, len(octets)))
    for lenient in (False, True):
        _decode_or_refuse(octets[:cut].hex(), sca=True, to_network=True, lenient=lenient)
