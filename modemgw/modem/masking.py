"""A recording without people's numbers and texts, of which a replay still makes the same events.

Every octet stays one octet and keeps its sort: a digit becomes 0, a letter x, what is hex stays
hex, while line ends, prefixes, indexes, results and the words of modems stay as they are. Long
numbers keep two digits at either end, so that an ICCID is still told from an IMEI.

What was read is masked as one stream, because a number may be cut by any two reads. What is not
known to be harmless is masked: a bare line is somebody's text unless a command asked for it that
makes modems speak of themselves.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modemgw.at.parameters import prefix_of
from modemgw.at.results import final_result
from modemgw.at.unsolicited import is_head, is_unsolicited
from modemgw.modem.recorder import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.modem.recorder import Entry

_END: Final = re.compile(r"[\r\n]")
_LINE: Final = re.compile(r"[^\r\n]+")
_QUOTED: Final = re.compile(r'"[^"]*"?')
_LONG_HEX: Final = re.compile(r"[0-9A-Fa-f]{16,}")
_NUMBER: Final = re.compile(r"(?<![0-9A-Fa-f])\d{5,}")
_HEX: Final = re.compile(r"[0-9A-Fa-f ]{2,}")
_EDGE: Final = "> \t\x1a\x1b"  # what may stand around a line (see `at.framing`), and a prompt
_ENDS_KEPT: Final = 2
_LONG: Final = 9
# Quoted strings behind these are numbers, names or texts; behind others (storages, operators,
# character sets) they are not.
_PRIVATE: Final = frozenset(
    {"+CMT", "+CDS", "+CMGL", "+CMGR", "+CLIP", "+CCWA", "+CLCC", "+COLP", "+CNUM", "+CUSD"}
    | {"+CPBR", "+CPBF", "+CPBW", "+CMGS", "+CMGW", "+CPIN", "+CPIN2", "+CLCK", "+CPWD", "^CPBR"}
)
_TEXT_HEADS: Final = frozenset({"+CMGL", "+CMGR"})
_OF_ITSELF: Final = re.compile(
    r"AT(I\d?|\+C?GM[IMR]|\+C?GSN|\+CIMI|\+GCAP|\+CLAC|[+^#]\w*CCID\??)\s*$", re.IGNORECASE
)
_COMMAND: Final = re.compile(r"AT([+^#$%*!&][A-Za-z0-9]+)?", re.IGNORECASE)


def masked(entries: Sequence[Entry], *, cut: bool = False) -> list[Entry]:
    """The same entries, masked. `cut`: older ones are gone; the first line may be half of one."""
    shown = [replace(entry, data=_masked_alone(entry)) for entry in entries]
    reads = [at for at, entry in enumerate(entries) if entry.direction is Direction.READ]
    stream = "".join(entries[at].data.decode("latin-1") for at in reads)
    stream = _Reader(entries, reads).masked(stream, cut=cut)
    position = 0
    for at in reads:
        length = len(entries[at].data)
        piece = stream[position : position + length].encode("latin-1")
        shown[at] = replace(entries[at], data=piece)
        position += length
    return shown


def _masked_alone(entry: Entry) -> bytes:
    text = entry.data.decode("latin-1")
    if entry.direction is Direction.NOTE:
        # Notes are words of ours in UTF-8; the digits in them are ASCII.
        text = _without_numbers(text)
    elif entry.direction is Direction.WRITTEN:
        text = _LINE.sub(lambda line: _written(line[0]), text)
    return text.encode("latin-1")


def _written(line: str) -> str:
    """A command, or a payload."""
    return _echoed(line) if _COMMAND.match(line) else _text(line)


class _Reader:
    """Goes through what was read, line by line, knowing what was asked before each."""

    def __init__(self, entries: Sequence[Entry], reads: Sequence[int]) -> None:
        self._starts: list[int] = []  # of each read, in the stream
        self._asked: list[str] = []  # the last command written before it
        asked, position = "", 0
        following = iter(reads)
        upcoming = next(following, None)
        for at, entry in enumerate(entries):
            if entry.direction is Direction.WRITTEN and entry.data[:2].upper() == b"AT":
                asked = entry.data.decode("latin-1")
            if at == upcoming:
                self._starts.append(position)
                self._asked.append(asked)
                position += len(entry.data)
                upcoming = next(following, None)
        self._text_follows = False  # the line before announced somebody's
        self._quote_is_open = False

    def masked(self, stream: str, *, cut: bool) -> str:
        """The stream, masked, of the same length."""
        begin = 0
        head = ""
        if cut and stream:
            end = _END.search(stream)
            begin = end.start() if end else len(stream)
            head = _text(stream[:begin])
        return head + _LINE.sub(lambda line: self._line(line[0], line.start()), stream[begin:])

    def _line(self, raw: str, start: int) -> str:
        """One line; NULs, which a dialogue drops, stay where they are."""
        clean = raw.replace("\0", "")
        masked = iter(self._clean_line(clean, self._asked_before(start)))
        return "".join(char if char == "\0" else next(masked) for char in raw)

    def _asked_before(self, position: int) -> str:
        at = bisect_right(self._starts, position) - 1
        return self._asked[at] if at >= 0 else ""

    def _clean_line(self, line: str, asked: str) -> str:
        bare = line.strip(_EDGE)
        if not bare:
            return line
        is_final = final_result(bare) is not None or len(bare) == 1  # a digit is one under ATV0
        belongs_to_text, self._text_follows = self._text_follows and not is_final, False
        if self._quote_is_open and not is_final:
            words, quote, behind = line.partition('"')
            self._quote_is_open = not quote
            return _text(words) + quote + behind
        self._quote_is_open = False
        if belongs_to_text:
            return _text(line)
        if is_final:
            return _without_numbers(line)
        if _COMMAND.match(bare):
            return _echoed(line)
        if (prefix := prefix_of(bare)) is not None:
            self._text_follows = is_head(bare) or prefix in _TEXT_HEADS
            self._quote_is_open = prefix == "+CUSD" and bare.count('"') % 2 == 1
            return _information(line, prefix)
        if is_unsolicited(bare) or _OF_ITSELF.match(asked.strip()):
            return _without_numbers(line)
        return _text(line)


def _information(line: str, prefix: str) -> str:
    if prefix in _PRIVATE:
        line = _QUOTED.sub(lambda quoted: _text(quoted[0]), line)
    return _without_numbers(line)


def _echoed(line: str) -> str:
    """A command line, as it was written or came back."""
    found = _COMMAND.search(line)
    name = found[1] if found else None
    if name is None or name.upper() in _PRIVATE:
        line = _QUOTED.sub(lambda quoted: _text(quoted[0]), line)
    if re.match(r"\W*ATD", line, re.IGNORECASE):
        return re.sub(r"\d", "0", line)
    return _without_numbers(line)


def _without_numbers(text: str) -> str:
    text = _LONG_HEX.sub(lambda found: _number(found[0]), text)
    return _NUMBER.sub(lambda found: _number(found[0]), text)


def _number(text: str) -> str:
    if not text.isdigit():
        return "0" * len(text)
    if len(text) < _LONG:
        return "0" * (len(text) - _ENDS_KEPT) + text[-_ENDS_KEPT:]
    return text[:_ENDS_KEPT] + "0" * (len(text) - 2 * _ENDS_KEPT) + text[-_ENDS_KEPT:]


def _text(text: str) -> str:
    """Somebody's words: letters x, digits 0, what is all hex stays hex."""
    core = text.strip(_EDGE + '"')
    if _HEX.fullmatch(core):
        return re.sub(r"[0-9A-Fa-f]", "0", text)
    return "".join(map(_hidden, text))


def _hidden(character: str) -> str:
    if not character.isascii():
        return "?"
    if character.isdigit():
        return "0"
    if character.isalpha():
        return "X" if character.isupper() else "x"
    return character
