"""A chunked body ends where RFC 9112 says, in whatever pieces it comes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.api.chunks import LINE_LIMIT, ChunkedEnd, ChunkError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Much of it looks like what chunks are made of.
_DATA = st.lists(
    st.one_of(st.sampled_from([b"0", b"\r\n", b"0\r\n\r\n", b";", b"A: b"]), st.binary(max_size=9)),
    min_size=1,
    max_size=6,
).map(b"".join)
_SIZES = st.sampled_from(["{:x}", "{:X}", "{:05x}", "{:x} ", "{:x};a=b", '{:x};a="0"'])


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A whole body, written as a server may."""
    chunks = [data for data in draw(st.lists(_DATA, max_size=5)) if data]
    body = b""
    for data in chunks:
        body += draw(_SIZES).format(len(data)).encode() + b"\r\n" + data + b"\r\n"
    trailers = draw(
        st.lists(st.sampled_from([b"A: b\r\n", b"Digest:0\r\n", b"X:\r\n"]), max_size=2)
    )
    return body + draw(_SIZES).format(0).encode() + b"\r\n" + b"".join(trailers) + b"\r\n"


def pieces_of(octets: bytes, cuts: Sequence[int]) -> list[bytes]:
    ends = sorted({cut % (len(octets) + 1) for cut in cuts} | {len(octets)})
    return [octets[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(bodies(), st.lists(st.integers(0, 10_000), max_size=8))
def test_it_ends_with_its_last_octet_and_not_before(body: bytes, cuts: list[int]) -> None:
    """However it is cut, whatever the data look like, with extensions and trailers."""
    end = ChunkedEnd()
    for piece in pieces_of(body[:-1], cuts):
        end.feed(piece)
    ended = [end.has_ended]
    end.feed(body[-1:])
    assert [*ended, end.has_ended] == [False, True]
    with pytest.raises(ChunkError):
        end.feed(b"H")


@given(st.binary(max_size=60))
def test_octets_of_any_kind_raise_nothing_else(octets: bytes) -> None:
    """And what goes wrong goes wrong octet by octet, too."""
    outcomes = set()
    for pieces in ([octets], [octets[i : i + 1] for i in range(len(octets))]):
        end = ChunkedEnd()
        failed = True
        with suppress(ChunkError):
            for piece in pieces:
                end.feed(piece)
            failed = False
        outcomes.add((failed, not failed and end.has_ended))
    assert len(outcomes) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"2\nOK\r\n",
        b"2\r\nOKAY",
        b"2\r\nOK0\r\n",
        b"123456789\r\n",
        b"0\r\nno trailer\r\n",
        b"0\r\n\n",
        b"0;" + b"x" * LINE_LIMIT,
        b"0\r\nA:" + b"x" * LINE_LIMIT,
    ],
)
def test_what_is_no_chunked_body_is_refused(body: bytes) -> None:
    """Sizes that are none, ends that are missing, lines without end."""
    with pytest.raises(ChunkError):
        ChunkedEnd().feed(body + b"\n")
