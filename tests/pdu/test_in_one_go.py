"""What is read or written in one go is what the careful way makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.careful import decode_with_care
from modemgw.pdu.decoder import _CENTRES, _MAX_CENTRES

from .strategies import ANY_TEXT, GSM_TEXT, octet, times
from .vectors import load_lines

if TYPE_CHECKING:
    from collections.abc import Callable

CENTRE = "+31653131313"
international = st.from_regex(r"\+[0-9]{1,20}", fullmatch=True).filter(str.isascii)
some_text = st.one_of(
    GSM_TEXT, ANY_TEXT, st.text("ab€[@", max_size=400), st.text("ю😀", max_size=90)
)
WHEN = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def _outcome(way: Callable[[], object]) -> object:
    """The value, or the error; both are compared by content."""
    try:
        return way()
    except pdu.PduError as error:
        return error


def _check(digits: str) -> None:
    for options in ({}, {"lenient": True}):
        careful = _outcome(partial(decode_with_care, digits, **options))
        assert _outcome(partial(pdu.decode, digits, **options)) == careful


@st.composite
def usual_pdus(draw: st.DrawFn) -> bytes:
    """What nearly all traffic is."""
    if draw(st.booleans()):
        frame = pdu.encode_status_report(
            draw(octet),
            draw(international),
            scts=draw(times),
            discharge=draw(times),
            st=draw(octet),
            smsc=CENTRE,
        )
    else:
        frames = pdu.encode_deliver(
            draw(international),
            draw(some_text),
            scts=draw(times),
            smsc=CENTRE,
            ref_bits=draw(st.sampled_from([8, 16])),
        )
        frame = draw(st.sampled_from(frames))
    return bytes.fromhex(frame.hex)


@given(usual_pdus())
def test_usual_pdus(octets: bytes) -> None:
    """Reports, and parts of texts in the default alphabet and in UCS-2."""
    _check(octets.hex())


@given(usual_pdus(), st.data())
def test_pdus_with_something_unusual_about_them(octets: bytes, data: st.DataObject) -> None:
    """Any octet another, octets cut off or behind: the same value, the same error."""
    changed = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 2))):
        changed[data.draw(st.integers(0, len(octets) - 1))] = data.draw(octet)
    _check(changed.hex())
    _check(octets[: data.draw(st.integers(0, len(octets)))].hex())
    _check((octets + data.draw(st.binary(min_size=1, max_size=3))).hex())


@pytest.mark.parametrize("at", range(1, 60))
def test_a_pdu_that_ends_anywhere(at: int) -> None:
    """As if the serial line had lost the rest."""
    text = pdu.encode_deliver("+15550001001", "x" * 200, scts=WHEN, smsc=CENTRE)[0]
    report = pdu.encode_status_report(
        1, "+15550001001", scts=WHEN, discharge=WHEN, st=0, smsc=CENTRE
    )
    for frame in (text, report):
        pdu.decode(frame.hex)  # so that its service centre is known
        _check(frame.hex[: 2 * at])


@pytest.mark.parametrize("name", ["pdu-decode.jsonl", "pdu-invalid.jsonl"])
def test_every_vector(name: str) -> None:
    """What others collected has all that is unusual."""
    for vector in load_lines(name):
        _check(vector["pdu"])


def test_service_centres_are_remembered_up_to_a_bound() -> None:
    """More of them than a bank has do no harm."""
    for n in range(600):
        smsc = f"+3165313{n:04}"
        frame = pdu.encode_deliver("+15550001001", "x", scts=WHEN, smsc=smsc)[0]
        for _ in range(2):
            sca = pdu.decode(frame.hex).sca
            assert sca is not None
            assert sca.number == smsc
    assert len(_CENTRES) <= _MAX_CENTRES


@given(international | st.from_regex(r"\+?[0-9*#]{1,20}", fullmatch=True), some_text, st.booleans())
@example("+", "x", True)
@example("+1a", "x", True)
@example("+15550001001", "\0", True)
@example("+15550001001", "[" * 81, True)
@example("+15550001001", "1234567@", False)
def test_texts_that_go_out_whole(to: str, text: str, srr: bool) -> None:
    """Default tables that are asked for by name take the careful way."""

    def frames(national: pdu.National | None) -> list[pdu.Frame]:
        frames = pdu.encode(to, text, srr=srr, vp_minutes=60 if srr else None, national=national)
        return frames if len(frames) == 1 else []  # several have a random reference

    careful = _outcome(lambda: frames(pdu.National()))
    assert _outcome(lambda: frames(None)) == careful


def test_a_recipient_of_no_kind_is_a_mistake_of_the_caller() -> None:
    """And told as one: nothing of it is swallowed."""
    with pytest.raises((TypeError, AttributeError)):
        pdu.encode(15550001001, "x")  # type: ignore[arg-type]
