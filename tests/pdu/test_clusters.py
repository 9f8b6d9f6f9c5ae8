"""Grapheme clusters are found as UAX #29 has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.clusters import inside_clusters, may_be_inside

# All kinds of characters that have a say in where a cluster ends.
MIXED = st.text(
    st.sampled_from(
        "\r\n\ta \u0301\u0308\u200d\u200c\ufe0f\u00ad©❤👍🏽😀🇩🇪\u0600\u0903कषஃ\u094dᄀ가각ᅡᆨ"
        "\U000e0067ำﾞ\U0001faff\ud83d\u2028"
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("clusters", "kind"),
    [
        (["a", "b", "\r\n", "\n", "\r", "c"], "line ends"),
        (["e\u0301\u0308", "x"], "combining marks"),
        (["❤️", "☺︎", "!"], "variation selectors"),
        (["👍🏽", "👍", "a🏽"], "modifiers stay with what they follow"),
        (["👨‍👩‍👧‍👦", "👩🏽‍🚀", "🏳️‍🌈"], "joined emoji"),
        (["🇩🇪", "🇫🇷", "🇬"], "flags by pairs"),
        (["🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "x"], "tags"),
        (["각", "가", "각", "한", "글"], "Hangul syllables, whole and in letters"),
        (["ᄀᄀ가", "x", "ᆨ", "ᅡᆨ"], "Hangul letters that make no whole syllable"),
        (["क्ष", "म", "कि"], "a Devanagari conjunct, and a vowel sign"),
        (["क्‍ष", "ক্ষ", "ৰ্ক", "ક્ષ", "କ୍ଷ", "క్ష", "ക്ഷ"], "conjuncts of other scripts"),
        (["ன்", "க"], "Tamil has none"),
        (["กำ", "ກຳ"], "Thai and Lao AM"),
        (["\u06001", "x"], "a sign that is put in front"),
        (["ｶﾞ", "ℹ️", "ß"], "half-width voice marks; letters that are pictures"),
        (
            ["a\u200d", "b", "\u00ad", "\u2028", "c"],
            "joiners join pictures only; controls stand alone",
        ),
    ],
)
def test_what_a_reader_takes_for_one_character_is_one_cluster(
    clusters: list[str], kind: str
) -> None:
    """The positions inside clusters are all but those where they begin."""
    text = "".join(clusters)
    begins = {len("".join(clusters[:n])) for n in range(len(clusters))}
    assert inside_clusters(text) == set(range(len(text))) - begins, kind


@given(MIXED)
def test_two_characters_never_rule_out_what_the_whole_text_shows(text: str) -> None:
    """The quick look may suspect a cluster where there is none, not the other way round."""
    for at in inside_clusters(text):
        assert may_be_inside(text, at)


@pytest.mark.parametrize("unit", ["\u094d", "क\u094d", "❤\u200d", "\u0301", "ᄀ", "\u0600", "🇩"])
def test_long_runs_of_what_joins_are_read_in_one_pass(unit: str) -> None:
    """Forty thousand characters that might all belong together take no time to speak of."""
    text = "क" + unit * (40_000 // len(unit))
    assert len(inside_clusters(text)) <= len(text)
