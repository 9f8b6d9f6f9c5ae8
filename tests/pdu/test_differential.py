"""Other codecs read what we write, and we read what they write, but for what they get wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from gsmmodem import pdu as gsmmodem
from hypothesis import given
from hypothesis import strategies as st
from messaging.sms import SmsSubmit
from smspdudecoder.codecs import GSM
from smspdudecoder.elements import Date, Number

from modemgw import pdu
from modemgw.pdu.alphabet import septets_of
from modemgw.pdu.semioctets import semioctets_of
from modemgw.pdu.septets import pack
from modemgw.pdu.timestamp import timestamp_octets

from .peers import Case, Peer, gsmmodem_new, pdudecoder, python_messaging
from .strategies import ANY_TEXT, GSM_TEXT, addresses, octet, times

if TYPE_CHECKING:
    from collections.abc import Callable

PEERS = (gsmmodem_new.PEER, python_messaging.PEER, pdudecoder.PEER)

numbers = st.from_regex(r"\+?[1-9][0-9]{4,13}", fullmatch=True).filter(str.isascii)
# Longer than one part, too; the first has neither § nor form feed, which one peer cannot write.
gsm_7 = st.text(
    "ABCXYZabcxyz0123456789@ .,!?'()-/&%$£éèùìòÄÖÜäöü€{}[]~|^\\\n", min_size=1, max_size=400
)
basic_plane = st.text("приветЮ漢字 abc", min_size=1, max_size=200)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
@given(
    sender=addresses,
    text=GSM_TEXT | ANY_TEXT | gsm_7,
    scts=times,
    smsc=st.none() | numbers,
    ref=octet,
    ref_bits=st.sampled_from([8, 16]),
    national=st.builds(pdu.National, st.integers(0, 13), st.integers(0, 13)),
    message_class=st.none() | st.integers(0, 3),
)
def test_what_we_deliver_a_peer_reads(
    *,
    peer: Peer,
    sender: pdu.Address,
    text: str,
    scts: datetime,
    smsc: str | None,
    ref: int,
    ref_bits: int,
    national: pdu.National,
    message_class: int | None,
) -> None:
    """All fields of all parts, or a fault on the list says why not."""
    frames = pdu.encode_deliver(
        sender,
        text,
        scts=scts,
        smsc=smsc,
        ref=ref,
        ref_bits=ref_bits,
        national=national,
        message_class=message_class,
    )
    for frame in frames:
        assert peer.unexplained(Case(frame.hex, pdu.decode(frame.hex))) == {}


@pytest.mark.parametrize("peer", [gsmmodem_new.PEER, pdudecoder.PEER], ids=lambda peer: peer.name)
@given(
    to=numbers,
    text=GSM_TEXT | ANY_TEXT | gsm_7,
    ref_bits=st.sampled_from([8, 16]),
    vp_minutes=st.none() | st.integers(1, 635040),
    srr=st.booleans(),
    mr=octet,
)
def test_what_we_submit_a_peer_reads(
    *,
    peer: Peer,
    to: str,
    text: str,
    ref_bits: int,
    vp_minutes: int | None,
    srr: bool,
    mr: int,
) -> None:
    """All fields of all parts, or a fault on the list says why not."""
    frames = pdu.encode(
        to, text, ref=0xB5, ref_bits=ref_bits, vp_minutes=vp_minutes, srr=srr, mr=mr
    )
    for frame in frames:
        assert peer.unexplained(Case(frame.hex, pdu.decode(frame.hex, to_network=True))) == {}


@pytest.mark.parametrize(
    "peer", [gsmmodem_new.PEER, python_messaging.PEER], ids=lambda peer: peer.name
)
@given(mr=octet, recipient=addresses, scts=times, discharge=times, status=octet)
def test_what_we_report_a_peer_reads(
    *,
    peer: Peer,
    mr: int,
    recipient: pdu.Address,
    scts: datetime,
    discharge: datetime,
    status: int,
) -> None:
    """All fields, or a fault on the list says why not."""
    frame = pdu.encode_status_report(mr, recipient, scts=scts, discharge=discharge, st=status)
    assert peer.unexplained(Case(frame.hex, pdu.decode(frame.hex))) == {}


def _gsmmodem_submits(to: str, text: str) -> list[tuple[str, int]]:
    parts = gsmmodem.encodeSmsSubmitPdu(to, text, reference=7, requestStatusReport=True)
    return [(str(part), part.tpduLength) for part in parts]


def _messaging_submits(to: str, text: str) -> list[tuple[str, int]]:
    sms = SmsSubmit(to, text)
    sms.request_status = True
    return [(part.pdu, int(part.length)) for part in sms.to_pdu()]


@pytest.mark.parametrize(
    "submits", [_gsmmodem_submits, _messaging_submits], ids=["python-gsmmodem-new", "messaging"]
)
@given(to=numbers, text=gsm_7.filter(lambda text: len(text) < 77) | basic_plane)
def test_what_a_peer_submits_we_read(
    submits: Callable[[str, str], list[tuple[str, int]]], to: str, text: str
) -> None:
    """Recipient, flag, text and length of all parts; no text with an escape on the cut."""
    said = ""
    for octets, length in submits(to, text):
        submit = pdu.decode(octets, to_network=True)
        assert isinstance(submit, pdu.Submit)
        assert (submit.address.number, submit.srr) == (to, True)
        assert length == pdu.frame(submit).length
        said += submit.text or ""
    assert said == text


@given(to=numbers, text=gsm_7)
def test_long_gsm_7_texts_of_a_peer_we_read(to: str, text: str) -> None:
    """python-gsmmodem-new cuts before an escape."""
    parts = [pdu.decode(part, to_network=True) for part, _ in _gsmmodem_submits(to, text)]
    assert "".join(str(pdu.as_dict(part)["text"]) for part in parts) == text


@given(GSM_TEXT.filter(lambda text: len(text) <= 80))
def test_a_peer_packs_septets_as_we_do(text: str) -> None:
    """smspdudecoder, one bit string for all."""
    assert bytes.fromhex(GSM.encode(text)) == pack(septets_of(text) or b"")


@given(times)
def test_a_peer_writes_time_stamps_as_we_do(when: datetime) -> None:
    """smspdudecoder; offsets beyond 79 quarters no PDU can say."""
    assert bytes.fromhex(Date.encode(when)) == timestamp_octets(when, "scts")


@given(st.text("0123456789", min_size=1, max_size=20))
def test_a_peer_writes_digits_as_we_do(digits: str) -> None:
    """smspdudecoder, the filler too."""
    assert bytes.fromhex(Number.encode(digits)) == semioctets_of(digits)


class TestWhatPeersWriteWrongly:
    """One text for each fault in encoding; what it should have been, we say."""

    def test_gsmmodem_writes_a_backquote_as_a_section_sign(self) -> None:
        """23.038 §6.2.1: 5F hex is §; the backquote is in no table."""
        [(octets, _)] = _gsmmodem_submits("+491", "`")
        assert pdu.as_dict(pdu.decode(octets, to_network=True))["text"] == "§"
        assert pdu.segment("`").encoding is pdu.Alphabet.UCS2

    def test_gsmmodem_fails_on_y_with_diaeresis(self) -> None:
        """23.038 §6.2.1.1: no table has it; there it stands for a form feed, as a number."""
        with pytest.raises(TypeError):
            _gsmmodem_submits("+491", "ÿ")

    def test_gsmmodem_needs_ucs2_for_a_section_sign(self) -> None:
        """23.038 §6.2.1: § is a septet of the default alphabet."""
        [(octets, _)] = _gsmmodem_submits("+491", "§")
        assert pdu.as_dict(pdu.decode(octets, to_network=True))["alphabet"] == "ucs2"
        assert pdu.segment("§").encoding is pdu.Alphabet.GSM7

    def test_gsmmodem_cannot_write_an_emoji(self) -> None:
        """23.038 §6.2.3, UTF-16: two units."""
        with pytest.raises(ValueError, match="range"):
            _gsmmodem_submits("+491", "😀")

    def test_gsmmodem_calls_numbers_without_plus_national(self) -> None:
        """23.040 §9.1.2.5: a short code is no national number; type 0 leaves it to the network."""
        [(octets, _)] = _gsmmodem_submits("4711", "x")
        assert octets[4:10] == "0704A1"
        assert pdu.encode("4711", "x")[0].hex[4:10] == "000481"

    def test_gsmmodem_rounds_validity_down(self) -> None:
        """23.040 §9.2.3.12.1: nine minutes become five; ours is never shorter than asked."""
        [part] = gsmmodem.encodeSmsSubmitPdu("+491", "x", validity=timedelta(minutes=9))
        assert pdu.as_dict(pdu.decode(str(part), to_network=True))["vp"] == {
            "format": "relative",
            "octet": 0,
            "minutes": 5,
        }

    def test_messaging_cuts_escape_sequences(self) -> None:
        """23.040 §9.2.3.24.1: a receiver that shows parts alone has half a character."""
        parts = [
            pdu.decode(octets, to_network=True)
            for octets, _ in _messaging_submits("+49123", "a" * 152 + "€" + "b" * 20)
        ]
        assert (
            "".join(str(pdu.as_dict(part)["text"]) for part in parts) == "a" * 152 + "e" + "b" * 20
        )
        assert "€" in pdu.segment("a" * 152 + "€" + "b" * 20).parts[1]

    def test_messaging_gives_every_long_text_the_same_reference(self) -> None:
        """23.040 §9.2.3.24.1: the reference tells texts to one recipient apart."""
        references = set()
        for text in ("a" * 161, "b" * 161):
            part = pdu.decode(_messaging_submits("+49123", text)[0][0], to_network=True)
            assert isinstance(part, pdu.Submit)
            references.add(part.concat and part.concat.ref)
        assert references == {0}

    def test_messaging_writes_hex_of_three_digits_for_an_emoji(self) -> None:
        """23.038 §6.2.3: the PDU is no PDU."""
        [(octets, _)] = _messaging_submits("+49123", "😀a")
        with pytest.raises(pdu.PduError):
            pdu.decode(octets, to_network=True)
