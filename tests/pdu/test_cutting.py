"""Cuts spare clusters and words as far as that costs no part."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.clusters import inside_clusters
from modemgw.pdu.cutting import CutAt, least_harm

SPARING = st.sampled_from([CutAt.GRAPHEME, CutAt.WORD])


def _harm(text: str, at: int, spare: CutAt) -> tuple[int, int]:
    """Clusters cut, words cut."""
    if at in inside_clusters(text):
        return 1, 0
    inside_word = not (text[at - 1].isspace() or text[at].isspace())
    return 0, int(spare is CutAt.WORD and inside_word)


def _by_trial(text: str, ends: list[int], room: int, spare: CutAt) -> list[int]:
    """All ways into parts tried: fewest parts, least harm, first parts fullest."""

    @cache
    def best(start: int) -> tuple[int, int, int, tuple[int, ...]]:
        if ends[-1] - ends[start] <= room:
            return 0, 0, 0, ()
        ways = []
        for at in range(start + 1, len(text)):
            if ends[at] - ends[start] <= room:
                cuts, clusters, words, later = best(at)
                more = _harm(text, at, spare)
                ways.append((cuts + 1, clusters + more[0], words + more[1], (-at, *later)))
        return min(ways)

    return [-at for at in best(0)[3]]


@given(
    st.lists(
        st.sampled_from(["a", "ab", " ", "e\u0301", "👍🏽", "कि", "\r\n", "🇩🇪", "क्ष"]), min_size=1
    ),
    st.integers(2, 9),
    SPARING,
)
@example(["a"] * 4 + [" "] + ["a"] * 4, 5, CutAt.WORD)
def test_the_cuts_are_those_that_trying_all_of_them_finds(
    pieces: list[str], room: int, spare: CutAt
) -> None:
    """One backward pass over the windows is as good as every way into parts."""
    text = "".join(pieces)
    ends = [0]
    for character in text:
        ends.append(ends[-1] + (2 if character > "\uffff" else 1))
    assert least_harm(text, ends, room, spare) == _by_trial(text, ends, room, spare)


@given(
    st.lists(
        st.sampled_from(["word ", "a", "é", "€", "👨‍👩‍👧 ", "👍🏽", "я", "क्षि", "🇩🇪"]), max_size=300
    ),
    st.sampled_from(["grapheme", "word"]),
    st.sampled_from([(), (6,), (1, 6)]),
)
def test_sparing_costs_no_part(pieces: list[str], cut: str, allowed: tuple[int, ...]) -> None:
    """The parts are as many as if filled to the last unit, they fit, and they are the text."""
    text = "".join(pieces)
    filled = pdu.segment(text, allowed=allowed)
    spared = pdu.segment(text, allowed=allowed, cut=cut)
    assert len(spared.parts) == len(filled.parts)
    assert (spared.encoding, spared.national) == (filled.encoding, filled.national)
    assert "".join(spared.parts) == text
    assert all(spared.parts) or not text


def test_a_joined_emoji_goes_to_the_next_part_whole() -> None:
    """Two units before the end of a part stands a family; it needs eight."""
    text = "я" * 65 + "👨‍👩‍👧" + "я" * 20
    assert [len(part) for part in pdu.segment(text).parts] == [66, 24]
    assert [len(part) for part in pdu.segment(text, cut="grapheme").parts] == [65, 25]


def test_a_word_goes_to_the_next_part_whole() -> None:
    """Words keep together where the last part has room for them."""
    text = "a" * 145 + " Ausfahrt jetzt" + "!" * 20
    assert pdu.segment(text).parts[1].startswith("t jetzt")
    assert pdu.segment(text, cut="word").parts[1].startswith("Ausfahrt")


def test_a_word_is_cut_where_sparing_it_would_cost_a_part() -> None:
    """Two full parts have no room to choose."""
    text = "ab " * 102
    filled = pdu.segment(text).parts
    assert pdu.segment(text, cut="word").parts == filled
    assert [len(part) for part in filled] == [153, 153]


def test_a_cluster_longer_than_a_part_is_cut() -> None:
    """Nothing else can be done with a hundred marks on one letter."""
    text = "я" + "\u0301" * 100
    assert [len(part) for part in pdu.segment(text, cut="grapheme").parts] == [67, 34]


def test_line_ends_keep_together_in_septets_with_escapes() -> None:
    """Places are counted in characters, room in septets."""
    text = "€" * 60 + "x" * 32 + "\r\n" + "y" * 20
    assert [len(part) for part in pdu.segment(text).parts] == [93, 21]
    assert [len(part) for part in pdu.segment(text, cut="grapheme").parts] == [92, 22]


@pytest.mark.parametrize("cut", ["grapheme", "word"])
def test_a_text_of_255_full_parts_leaves_no_choice(cut: str) -> None:
    """The most that can be said is cut like any other text."""
    text = "ab cd " * (153 * 255 // 6)
    parts = pdu.segment(text, cut=cut).parts
    assert len(parts) == 255
    assert all(start for start, _ in pairwise(parts))
