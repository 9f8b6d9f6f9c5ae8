"""The codec "gsm7" behaves as Python's own codecs do."""

from __future__ import annotations

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.alphabet import septets_of

from .strategies import ANY_TEXT, GSM_TEXT


def test_text_becomes_septets_one_to_an_octet() -> None:
    """Not packed; the extension has its escapes."""
    assert "Hi @£€".encode("gsm7") == b"Hi \x00\x01\x1b\x65"
    assert b"Hi \x00\x01\x1b\x65".decode("gsm7") == "Hi @£€"
    assert codecs.lookup("GSM7").name == "gsm7"
    assert "".encode("gsm7") == b""


def test_other_names_stay_unknown() -> None:
    """Nobody else's codec is taken over."""
    with pytest.raises(LookupError):
        codecs.lookup("gsm8")


@given(GSM_TEXT)
def test_what_was_encoded_is_decoded_to_the_same(text: str) -> None:
    """Everything the alphabet has."""
    assert text.encode("gsm7").decode("gsm7") == text


@pytest.mark.parametrize(
    ("errors", "septets"),
    [
        ("ignore", b"ac"),
        ("replace", b"a??c"),
        ("backslashreplace", "a\\u0436\\U0001f600c".encode("gsm7")),
        ("xmlcharrefreplace", b"a&#1078;&#128512;c"),
    ],
)
def test_the_handler_says_what_becomes_of_a_foreign_character(errors: str, septets: bytes) -> None:
    """As with any codec; what the handler gives is encoded in turn."""
    assert "aж😀c".encode("gsm7", errors) == septets


def test_a_foreign_character_is_an_error_with_its_place() -> None:
    """And an error too where a handler's substitute is foreign itself."""
    with pytest.raises(UnicodeEncodeError) as caught:
        "aж".encode("gsm7")
    assert (caught.value.encoding, caught.value.start, caught.value.end) == ("gsm7", 1, 2)
    codecs.register_error("cyrillic", lambda error: ("я", 1))
    with pytest.raises(UnicodeEncodeError):
        "ж".encode("gsm7", "cyrillic")


def test_a_handler_may_give_septets_and_count_from_the_end() -> None:
    """But not point beyond the text."""
    codecs.register_error("from-the-end", lambda error: (b"\x02", -1))
    assert "жжb".encode("gsm7", "from-the-end") == b"\x02b"
    codecs.register_error("beyond", lambda error: ("", 99))
    with pytest.raises(IndexError):
        "ж".encode("gsm7", "beyond")
    with pytest.raises(IndexError):
        b"\x80".decode("gsm7", "beyond")


@pytest.mark.parametrize(
    ("octets", "at", "ignored", "replaced"),
    [
        (b"a\x80b", 1, "ab", "a\ufffdb"),
        (b"a\x1b", 1, "a", "a\ufffd"),
        (b"\x1b\x80a", 0, "a", "\ufffd\ufffda"),
        (b"\x1b\x1b\x1b", 2, " ", " \ufffd"),
        (b"\xff\xff", 0, "", "\ufffd\ufffd"),
    ],
)
def test_what_is_no_septet_or_half_an_escape_is_the_handlers(
    octets: bytes, at: int, ignored: str, replaced: str
) -> None:
    """Each octet for itself."""
    assert octets.decode("gsm7", "ignore") == ignored
    assert octets.decode("gsm7", "replace") == replaced
    with pytest.raises(UnicodeDecodeError) as caught:
        octets.decode("gsm7")
    assert (caught.value.encoding, caught.value.start, caught.value.end) == ("gsm7", at, at + 1)


def test_an_escape_that_the_extension_lacks_is_no_error() -> None:
    """It means the main table, and twice it is a space (23.038 §6.2.1.1)."""
    assert b"\x1ba\x1b\x1b".decode("gsm7") == "a "


@given(st.lists(GSM_TEXT), st.data())
def test_a_stream_may_be_cut_anywhere(texts: list[str], data: st.DataObject) -> None:
    """Octet by octet or in any pieces, a cut escape is whole again."""
    text = "".join(texts)
    octets = text.encode("gsm7")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=5)))
    pieces = [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    assert "".join(codecs.iterdecode(pieces, "gsm7")) == text
    assert b"".join(codecs.iterencode(texts, "gsm7")) == octets


def test_a_stream_that_ends_in_an_escape_is_an_error_at_its_end_only() -> None:
    """While more may come, it waits; it stands in the decoder's state."""
    decoder = codecs.getincrementaldecoder("gsm7")()
    assert decoder.decode(b"a\x1b") == "a"
    assert decoder.getstate() == (b"\x1b", 0)
    assert decoder.decode(b"\x65") == "€"
    assert decoder.decode(b"\x1b\x1b") == " "
    with pytest.raises(UnicodeDecodeError):
        decoder.decode(b"\x1b", final=True)


def test_files_can_be_written_and_read_with_it() -> None:
    """Through Python's stream classes, old and new."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="gsm7", newline="") as writer:
        writer.write("[@]\n")
        writer.flush()
        octets = raw.getvalue()
    assert octets == b"\x1b\x3c\x00\x1b\x3e\n"
    old = io.BytesIO()
    codecs.getwriter("gsm7")(old).write("[@]\n")
    assert old.getvalue() == octets
    assert codecs.getreader("gsm7")(io.BytesIO(octets)).read() == "[@]\n"
    assert io.TextIOWrapper(io.BytesIO(octets), encoding="gsm7").read() == "[@]\n"


@given(ANY_TEXT)
def test_replacing_leaves_what_can_be_said(text: str) -> None:
    """Every character is itself or a question mark."""
    said = text.encode("gsm7", "replace").decode("gsm7")
    assert said == "".join(c if septets_of(c) is not None else "?" for c in text)


@given(st.binary())
def test_any_octets_decode_or_raise_unicode_errors_alone(octets: bytes) -> None:
    """Never another exception; with a handler, none."""
    octets.decode("gsm7", "replace")
    try:
        text = octets.decode("gsm7")
    except UnicodeDecodeError:
        return
    assert text.encode("gsm7").decode("gsm7") == text
