"""The codec "gsm7" of Python: `text.encode("gsm7")`, `octets.decode("gsm7")` (23.038 §6.2.1).

The octets are septets, one to an octet and not packed: the default alphabet with its extension
table. Error handlers work as with any codec. With "strict" three things are errors: a character
that the alphabet lacks, an octet beyond 0x7F, and an escape with nothing behind it. An escape
that the extension table does not know is no error: the standard has it read from the main table.

Importing `modemgw.pdu` makes the codec known; there is nothing to call.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from modemgw.pdu.alphabet import septets_of, text_of

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

NAME: Final = "gsm7"

_WHOLE: Final = re.compile(rb"(?:[^\x1b\x80-\xff]|\x1b[\x00-\x7f])*")


def encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
    """The septets of `text` and its length. Raises UnicodeEncodeError as `errors` has it."""
    septets = septets_of(text)
    if septets is None:
        septets = _encode_with_handler(text, errors)
    return septets, len(text)


def _encode_with_handler(text: str, errors: str) -> bytes:
    pieces = []
    at = 0
    while at < len(text):
        septets = septets_of(text[at])
        if septets is not None:
            pieces.append(septets)
            at += 1
            continue
        error = UnicodeEncodeError(NAME, text, at, at + 1, "not in the GSM alphabet")
        replacement, after = codecs.lookup_error(errors)(error)
        if isinstance(replacement, str):
            substitute = septets_of(replacement)
            if substitute is None:
                raise error
            replacement = substitute
        pieces.append(replacement)
        at = _absolute(after, len(text))
    return b"".join(pieces)


def decode(buffer: ReadableBuffer, errors: str = "strict") -> tuple[str, int]:
    """What the octets of `buffer` say, and their number.

    Raises UnicodeDecodeError as `errors` has it.
    """
    octets = bytes(buffer)
    pieces = []
    at = 0
    while True:
        end = _end_of_whole(octets, at)
        pieces.append(text_of(octets[at:end]))
        if end == len(octets):
            return "".join(pieces), len(octets)
        reason = "an octet beyond 7F" if octets[end] > 0x7F else "an escape without a code"
        error = UnicodeDecodeError(NAME, octets, end, end + 1, reason)
        replacement, after = codecs.lookup_error(errors)(error)
        pieces.append(str(replacement))
        at = _absolute(after, len(octets))


def _end_of_whole(octets: bytes, at: int) -> int:
    """Where what cannot be read begins."""
    match = _WHOLE.match(octets, at)
    assert match is not None  # it matches nothing at all, too
    return match.end()


def _absolute(position: int, length: int) -> int:
    """Where an error handler wants to go on; it may count from the end."""
    absolute = position + length if position < 0 else position
    if not 0 <= absolute <= length:
        raise IndexError(f"position {position} from error handler out of bounds")
    return absolute


class _Codec(codecs.Codec):
    def encode(self, text: str, errors: str = "strict") -> tuple[bytes, int]:
        return encode(text, errors)

    def decode(self, buffer: ReadableBuffer, errors: str = "strict") -> tuple[str, int]:
        return decode(buffer, errors)


class _IncrementalEncoder(codecs.IncrementalEncoder):
    def encode(self, text: str, final: bool = False) -> bytes:
        return encode(text, self.errors)[0]


class _IncrementalDecoder(codecs.BufferedIncrementalDecoder):
    """Holds an escape back until its code has come."""

    def _buffer_decode(self, buffer: ReadableBuffer, errors: str, final: bool) -> tuple[str, int]:
        octets = bytes(buffer)
        if not final and octets[_end_of_whole(octets, 0) :] == b"\x1b":
            octets = octets[:-1]
        return decode(octets, errors)


class _StreamWriter(_Codec, codecs.StreamWriter):
    pass


class _StreamReader(_Codec, codecs.StreamReader):
    pass


_INFO: Final = codecs.CodecInfo(
    name=NAME,
    encode=encode,
    decode=decode,
    incrementalencoder=_IncrementalEncoder,
    incrementaldecoder=_IncrementalDecoder,
    streamwriter=_StreamWriter,
    streamreader=_StreamReader,
)


def _search(name: str) -> codecs.CodecInfo | None:
    return _INFO if name == NAME else None


def register() -> None:
    """Make the codec known to Python; once in a process is enough."""
    codecs.register(_search)
