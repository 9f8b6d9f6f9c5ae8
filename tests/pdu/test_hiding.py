"""A DELIVER of which parts were made unreadable is the same one else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.hiding import hide

AT = datetime(2026, 6, 10, 15, 0, tzinfo=UTC)


def delivers(text: str, **options: Any) -> list[pdu.Deliver]:
    """The text as the network delivers it."""
    frames = pdu.encode_deliver("+12025550111", text, scts=AT, smsc="+12025550000", **options)
    decoded = [pdu.decode(frame.hex) for frame in frames]
    assert all(isinstance(tpdu, pdu.Deliver) for tpdu in decoded)
    return decoded  # type: ignore[return-value]


def frame_of(deliver: pdu.Deliver) -> tuple[object, ...]:
    """All but the text."""
    header = deliver.user_data.header
    return (deliver.sca, deliver.first, deliver.address, deliver.pid, deliver.dcs, deliver.scts,
            header, deliver.user_data.length)  # fmt: skip


@given(
    st.text(st.sampled_from("ab1 4€[~é\n日😀ğ"), min_size=1, max_size=400),
    st.sets(st.integers(0, 450)),
)
def test_the_hidden_places_are_stars_and_the_rest_is_as_it_was(text: str, places: set[int]) -> None:
    """In GSM-7 with escapes and in UCS-2 with pairs, alone and in parts with a header."""
    for deliver in delivers(text):
        again = pdu.decode(hide(deliver, places))
        assert isinstance(again, pdu.Deliver)
        assert frame_of(again) == frame_of(deliver)
        assert deliver.text is not None
        shown = ""
        for place, character in enumerate(deliver.text):
            twice = (character in "€[~" and deliver.alphabet == "gsm7") or character > "\uffff"
            shown += ("**" if twice else "*") if place in places else character
        assert again.text == shown


@pytest.mark.parametrize("text", ["4111 € 1111", "日本 4111 😀"])
def test_all_of_a_text_can_be_hidden(text: str) -> None:
    """Where nobody can say which characters a part has."""
    (deliver,) = delivers(text)
    again = pdu.decode(hide(deliver, None))
    assert isinstance(again, pdu.Deliver)
    assert set(again.text or "") == {"*"}
    assert frame_of(again) == frame_of(deliver)


def test_of_data_octets_are_hidden() -> None:
    """Some write text so."""
    (deliver,) = delivers("", data=b"\x004111", encoding="8bit")
    again = pdu.decode(hide(deliver, {1, 2}))
    assert isinstance(again, pdu.Deliver)
    assert again.data == b"\x00**11"


def test_what_stood_behind_the_tpdu_is_gone() -> None:
    """Modems print whole SIM records, with what an earlier text left there."""
    (deliver,) = delivers("4111")
    longer = pdu.decode((hide(deliver, ()) + "34313131").upper())
    assert isinstance(longer, pdu.Deliver)
    assert hide(longer, ()) == hide(deliver, ())
