"""Lines and the prompt, out of whatever bytes a serial port delivers.

V.250 §5.7.1 frames an answer as CR LF text CR LF, but CR CR LF, a bare LF or CR, blank lines and
NULs all occur, so any run of CR and LF ends a line and empty lines are nobody's.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

MAX_LINE: Final = 4096
"""Longest line in octets: a PDU takes 350, a long +COPS=? some 1,500; more is a port that spews."""

_END = re.compile(rb"[\r\n]+")
# Lines of nothing that prints, then `>` where a line begins, behind noise at most.
_PROMPT = re.compile(rb"(?:[ \t\x00\x11\x13\x1a\x1b]*[\r\n])*[^\x21-\x7e\r\n]*>")
# What is no part of a line wherever it stands: NULs, XON and XOFF.
_NOT_TEXT = b"\x00\x11\x13"
# What may stand around a line without being part of it: blanks, an echoed Ctrl-Z or ESC.
_EDGE = " \t\x1a\x1b"


class Mark(Enum):
    """What is found where a line might stand, and is none."""

    PROMPT = "prompt"
    OVERLONG = "over-long line"


class Framer:
    """A buffer that gives lines, one at a time, to whom asks.

    It is pulled, not pushed: whether a `>` is a prompt depends on what was read before it, so the
    dialogue asks for one thing after the other. How the bytes were cut makes no difference.
    """

    __slots__ = ("_buffer", "_scanned", "_skipping", "dropped")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0  # no terminator stands before this offset
        self._skipping = False
        self.dropped = 0
        """Octets of over-long lines thrown away so far."""

    def feed(self, data: bytes) -> None:
        """Take in bytes. Call `line` until it gives None before feeding again."""
        self._buffer += data

    def prompt(self) -> bool:
        """Take a prompt if one is next: `>` where a line begins, with or without what follows.

        The blank or line end behind it falls to the next line, which is stripped anyway
        (27.005 §3.5.1 has CR LF > blank; CR LF > CR LF occurs).
        """
        found = None if self._skipping else _PROMPT.match(self._buffer)
        if found is None:
            return False
        self._consume(found.end())
        return True

    def line(self) -> str | Mark | None:
        """Take the next line that is not empty; None: no whole line is there.

        Octets above 127 come out as ISO 8859-1, so that nothing is lost before it is judged.
        A line beyond `MAX_LINE` comes out as one mark, as soon as it is known to be one.
        """
        while (found := _END.search(self._buffer, self._scanned)) is not None:
            raw = self._buffer[: found.start()]
            self._consume(found.end())
            if self._skipping:
                self._skipping = False
                self.dropped += len(raw)
            elif len(raw) > MAX_LINE:
                self.dropped += len(raw)
                return Mark.OVERLONG
            elif text := _clean(raw):
                return text
        self._scanned = len(self._buffer)
        return self._drop_unended()

    def _drop_unended(self) -> Mark | None:
        if not self._skipping and len(self._buffer) <= MAX_LINE:
            return None
        begins = not self._skipping
        self._skipping = True
        self.dropped += len(self._buffer)
        self._consume(len(self._buffer))
        return Mark.OVERLONG if begins else None

    def _consume(self, count: int) -> None:
        del self._buffer[:count]
        self._scanned = 0


def _clean(raw: bytearray) -> str:
    return raw.translate(None, _NOT_TEXT).decode("latin-1").strip(_EDGE)
