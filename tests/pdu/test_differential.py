"""We agree with python-gsmmodem-new where that library is right.

Left out are its known faults: texts beyond the BMP, form feed, 16-bit references, `*` and `#` in
numbers, national tables, and a text whose last septet is `@` at a full group of eight.
"""

from __future__ import annotations

from datetime import UTC, datetime

from gsmmodem import pdu as peer
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)

plain = st.text(
    "ABCXYZabcxyz0123456789 .,!?'()-/&%$£éèùìòÄÖÜäöü€{}[]~|^\\", min_size=1, max_size=400
)
cyrillic = st.text("приветЮ abc", min_size=1, max_size=200)
numbers = st.from_regex(r"\+?[1-9][0-9]{4,13}", fullmatch=True).filter(str.isascii)


@given(to=numbers, text=plain | cyrillic)
def test_what_the_peer_submits_we_read(to: str, text: str) -> None:
    """Number and text of all its parts."""
    said = ""
    for part in peer.encodeSmsSubmitPdu(to, text, reference=7, requestStatusReport=True):
        submit = pdu.decode(str(part), to_network=True)
        assert isinstance(submit, pdu.Submit)
        assert (submit.address.number, submit.srr) == (to, True)
        assert part.tpduLength == pdu.frame(submit).length
        said += submit.text or ""
    assert said == text


@given(sender=numbers, text=plain | cyrillic)
def test_what_we_encode_the_peer_reads(sender: str, text: str) -> None:
    """Number, text and time of all our parts."""
    said = ""
    for frame in pdu.encode_deliver(sender, text, scts=NOW, smsc="+31624000000", ref=7):
        theirs = peer.decodeSmsPdu(frame.hex)
        assert theirs["type"] == "SMS-DELIVER"
        assert (theirs["number"], theirs["smsc"]) == (sender, "+31624000000")
        assert theirs["time"] == NOW
        said += theirs["text"]
    assert said == text
