"""Where a chunked body ends (RFC 9112 §7.1), without keeping any of it."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

LINE_LIMIT: Final = 256  # octets of a chunk's size with its extensions, or of a trailer

# §7.1, §7.1.1: the size in hexadecimal; whatever else is an extension, which we ignore.
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
_TRAILER: Final = re.compile(rb"[^\r\n:]+:[^\r\n]*\r\n")
_END: Final = b"\r\n"


class ChunkError(ValueError):
    """What came is no chunked body, or lines in it are too long."""


class _Expects(Enum):
    SIZE = auto()
    DATA = auto()
    END_OF_DATA = auto()
    TRAILER = auto()
    NOTHING = auto()


class ChunkedEnd:
    """Reads a chunked body as it comes and says when it has ended."""

    def __init__(self) -> None:
        self._expects = _Expects.SIZE
        self._left = 0  # octets of the chunk
        self._line = bytearray()  # what has come of one

    @property
    def has_ended(self) -> bool:
        """Whether the last chunk and the trailers behind it are there."""
        return self._expects is _Expects.NOTHING

    def feed(self, data: bytes | bytearray) -> None:
        """Take in what came next. Raises ChunkError; also for what comes behind the end."""
        at = 0
        while at < len(data):
            if self._expects is _Expects.NOTHING:
                raise ChunkError("octets behind the end of a chunked body")
            if self._expects is _Expects.DATA:
                taken = min(self._left, len(data) - at)
                at += taken
                self._left -= taken
                if not self._left:
                    self._expects = _Expects.END_OF_DATA
                continue
            end = data.find(b"\n", at) + 1 or len(data)
            self._line += data[at:end]
            at = end
            if len(self._line) > LINE_LIMIT:
                raise ChunkError("a line in a chunked body is too long")
            if self._line.endswith(b"\n"):
                line = bytes(self._line)
                self._line.clear()
                self._expects = self._behind(line)

    def _behind(self, line: bytes) -> _Expects:
        """What comes behind this line."""
        if self._expects is _Expects.SIZE:
            size = _SIZE.fullmatch(line)
            if size is None:
                raise ChunkError("a chunk without its size")
            self._left = int(size[1], 16)
            return _Expects.DATA if self._left else _Expects.TRAILER
        if self._expects is _Expects.END_OF_DATA and line == _END:
            return _Expects.SIZE
        if self._expects is _Expects.TRAILER:
            if line == _END:
                return _Expects.NOTHING
            if _TRAILER.fullmatch(line):
                return _Expects.TRAILER
        raise ChunkError("a chunked body that is not as RFC 9112 has it")
