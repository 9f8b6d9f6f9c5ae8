"""Values of the codec, for hypothesis: only such as have exactly one coding."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from modemgw import pdu
from modemgw.pdu.alphabet import septets_of
from modemgw.pdu.national_locking import LOCKING

octet = st.integers(0, 255)

GSM_TEXT = st.text(st.sampled_from(LOCKING[0].replace("\ufffe", "") + "^{}\\[~]|€\f"))
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))

_digits = st.text("0123456789*#abc", max_size=20)


def _alphanumeric(text: str) -> bool:
    septets = septets_of(text)
    return septets is not None and len(septets) <= 11


addresses = st.one_of(
    st.builds(pdu.Address, _digits, st.sampled_from([0, 2, 3, 4, 6, 7]), st.integers(0, 15)),
    st.builds(
        pdu.Address, _digits.map(lambda d: "+" + d if d else ""), st.just(1), st.integers(0, 15)
    ),
    st.builds(pdu.Address, GSM_TEXT.filter(_alphanumeric), st.just(5), st.just(0)),
)

dialled = st.from_regex(r"\+?[0-9*#]{1,20}", fullmatch=True).filter(str.isascii)

times = st.datetimes(
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001
    max_value=datetime(2089, 12, 31, 23, 59, 59),  # noqa: DTZ001
    timezones=st.integers(-79, 79).map(lambda q: timezone(timedelta(minutes=15 * q))),
).map(lambda when: when.replace(microsecond=0))
