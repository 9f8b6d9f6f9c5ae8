"""Of the allowed national tables those are taken that need the fewest parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.alphabet import septets_of
from modemgw.pdu.national import characters, combinations
from modemgw.pdu.national_locking import LOCKING
from modemgw.pdu.national_single import SINGLE

LANGUAGES = st.lists(st.sampled_from([1, 2, 3, 6, 13]), unique=True, max_size=3)
TEXTS = st.text(
    st.sampled_from("aé€^şğİçáÁêõÃक।ি٤پ’")
    | st.sampled_from(sorted(characters(pdu.National(6, 13)))),
    max_size=340,
)


def _parts_with(text: str, tables: pdu.National | None) -> int | None:
    """How many parts `text` takes with these tables, None if they cannot say it; UCS-2 is None."""
    try:
        if tables is None:
            return len(pdu.segment(text, encoding="ucs2").parts)
        return len(pdu.segment(text, encoding="gsm7", national=tables).parts)
    except pdu.PduError:
        return None


def _kind(tables: pdu.National | None) -> int:
    """What comes first of equally few parts."""
    if tables is None:
        return 4
    return 2 * bool(tables.locking) + bool(tables.single)


@given(TEXTS, LANGUAGES)
def test_no_other_allowed_way_takes_fewer_parts(text: str, allowed: list[int]) -> None:
    """Every combination and UCS-2 tried, the simplest of the shortest is what is chosen."""
    ways: list[pdu.National | None] = [
        pdu.National(locking, single)
        for locking in (0, *allowed)
        if locking in LOCKING
        for single in (0, *allowed)
    ]
    ways.append(None)
    found = {
        (parts, _kind(tables))
        for tables in ways
        if (parts := _parts_with(text, tables)) is not None
    }
    chosen = pdu.segment(text, allowed=allowed)
    tables = chosen.national if chosen.encoding is pdu.Alphabet.GSM7 else None
    assert (len(chosen.parts), _kind(tables)) == min(found)
    assert "".join(chosen.parts) == text


@given(TEXTS, LANGUAGES)
def test_encode_and_segment_choose_alike(text: str, allowed: list[int]) -> None:
    """What was counted is what is sent, and the phone reads the text."""
    shown = pdu.segment(text, allowed=allowed)
    sent = [
        pdu.decode(frame.hex, to_network=True)
        for frame in pdu.encode("+1555", text, allowed=allowed)
    ]
    assert [pdu.as_dict(tpdu)["text"] for tpdu in sent] == list(shown.parts)
    for tpdu in sent:
        assert isinstance(tpdu, pdu.Submit)
        assert pdu.National(tpdu.locking or 0, tpdu.single or 0) == shown.national


@pytest.mark.parametrize(
    ("text", "allowed", "locking", "single"),
    [
        ("plain", [1], 0, 0),
        ("bir şey", [1], 0, 1),
        ("ş" * 155, [1], 1, 0),
        ("ığşİĞŞ" * 25, [3, 1], 1, 0),
        ("ãõ" * 70 + "Ê" * 10, [3], 3, 0),
        ("ş" * 100 + "ê" * 20, [1, 3], 1, 3),
        ("€" * 100, [1], 1, 0),
    ],
)
def test_the_tables_fit_the_text(text: str, allowed: list[int], locking: int, single: int) -> None:
    """A rare letter is worth a single shift, a common one a locking shift, at times both."""
    assert pdu.segment(text, allowed=allowed).national == pdu.National(locking, single)
    assert len(pdu.segment(text, allowed=allowed).parts) == 1


def test_without_allowed_tables_none_is_used() -> None:
    """A phone might not know them."""
    assert pdu.segment("ş").encoding is pdu.Alphabet.UCS2


def test_gsm7_alone_can_be_asked_for() -> None:
    """Then what the allowed tables lack is an error, and not UCS-2."""
    assert pdu.segment("ş", encoding="gsm7", allowed=[1]).national == pdu.National(single=1)
    with pytest.raises(pdu.PduError) as caught:
        pdu.segment("ю", encoding="gsm7", allowed=[1])
    assert caught.value.field == "text"


def test_tables_that_find_no_room_are_out_of_the_race() -> None:
    """With 134 octets reserved a part has room for tables or for its place, not for both."""
    assert pdu.segment("ş", allowed=[1], reserved=134).encoding is pdu.Alphabet.GSM7
    assert pdu.segment("ş", allowed=[1], reserved=137).encoding is pdu.Alphabet.UCS2
    with pytest.raises(pdu.PduError) as caught:
        pdu.segment("ş", encoding="gsm7", allowed=[1], reserved=137)
    assert caught.value.field == "header"


def test_ucs2_asked_for_needs_no_tables() -> None:
    """They are allowed, not wanted."""
    assert pdu.segment("ş", encoding="ucs2", allowed=[1]).national == pdu.National()


@pytest.mark.parametrize("allowed", [[0], [14], [-1], [1, 99]])
def test_languages_without_tables_are_refused(allowed: list[int]) -> None:
    """Identifiers are 1 to 13."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.segment("x", allowed=allowed)
    assert caught.value.field == "allowed"


def test_tables_are_given_or_chosen_but_not_both() -> None:
    """What is given leaves nothing to choose."""
    with pytest.raises(pdu.PduError) as caught:
        pdu.segment("x", national=pdu.National(1), allowed=[1])
    assert caught.value.field == "allowed"


def test_thirteen_languages_make_every_combination_once() -> None:
    """Thirteen single-shift tables and none, twelve locking ones and none."""
    tables = combinations([*range(1, 14), *range(1, 14)])
    assert len(tables) == len(set(tables)) == 14 * 13


@pytest.mark.parametrize("locking", sorted(LOCKING))
@pytest.mark.parametrize("single", sorted(SINGLE))
def test_what_tables_have_is_what_they_can_say(locking: int, single: int) -> None:
    """The sets that choose and the maps that encode agree."""
    tables = pdu.National(locking, single)
    for character in characters(tables):
        septets = septets_of(character, locking, single)
        assert septets is not None
        assert len(septets) == (1 if character in LOCKING[locking] else 2)
    assert septets_of("\ufffe", locking, single) is None
    assert septets_of("ю", locking, single) is None
