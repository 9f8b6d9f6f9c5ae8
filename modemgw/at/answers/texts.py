"""Texts in PDU mode: `+CMGL`, `+CMGR`, `+CMGS`, `+CMSS`, `+CMGW` (27.005 §4), `+CMT`, `+CDS`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.at.answers.lines import every, first
from modemgw.at.errors import AtError
from modemgw.at.parameters import information, prefix_of

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines
    from modemgw.at.parameters import Information

HEADINGS: Final = frozenset({"+CMGL", "+CMGR"})
"""Prefixes whose line has its PDU on the next one."""

_GLUED = re.compile(r"(?<=[0-9A-Fa-f])(?=\+CMGL:)")
_HEX = re.compile(r"[0-9A-Fa-f]+")
# The status of an entry in text mode (27.005 §3.1 <stat>), and what stands beside a PDU.
_TEXT_MODE = re.compile(r"(?:REC|STO) (?:UN)?(?:READ|SENT)", re.IGNORECASE)
_LENGTH_AND_PDU = re.compile(r"(\d{1,3})\s+([0-9A-Fa-f]+)")


@dataclass(frozen=True, slots=True)
class StoredText:
    """An entry of `+CMGL` or `+CMGR` in PDU mode (27.005 §3.4.2, §4.1).

    `status` is 0 or 1 for received ones (unread, read), 2 or 3 for own ones (unsent, sent); None
    where the modem left it out. `index` is -1 in an answer to `+CMGR`. `pdu` is as printed.
    """

    index: int
    status: int | None
    length: int | None
    pdu: str

    @property
    def received(self) -> bool:
        """Whether it came from the network, as far as the modem says."""
        return self.status not in (2, 3)


@dataclass(frozen=True, slots=True)
class DirectText:
    """A TPDU printed instead of stored (`+CMT`, `+CDS`, `+CBM`), with its service centre.

    `length` is what the modem said in octets, without the service centre's; None where it did not.
    """

    length: int | None
    pdu: str


def stored_texts(lines: Lines) -> tuple[StoredText, ...]:
    """`+CMGL` (27.005 §4.1).

    Some modems print an entry behind the last PDU without a line end between. An entry without
    a readable index is left out: nothing could be done with it. Raises AtError in text mode.
    """
    entries: list[StoredText] = []
    whole = tuple(
        piece
        for line in lines
        for piece in (_GLUED.split(line) if "+CMGL:" in line[1:] else (line,))
    )
    for position, line in enumerate(whole):
        if prefix_of(line) != "+CMGL":
            continue
        head = information(line)
        index = head.number(0)
        if index is not None and index >= 0:
            entries.append(_entry(index, head, 1, whole, position))
    return tuple(entries)


def stored_text(lines: Lines) -> StoredText | None:
    """`+CMGR` (27.005 §4.2); None: nothing lies at that index. Raises AtError in text mode."""
    for position, line in enumerate(lines):
        if prefix_of(line) == "+CMGR":
            found = _entry(-1, information(line), 0, lines, position)
            return found if found.pdu else None
    return None


def direct_text(lines: Lines) -> DirectText:
    """`+CMT`, `+CDS` or `+CBM` with its second line. Raises AtError where there is none."""
    head = information(lines[0])
    if len(lines) < 2:
        raise AtError(f"cut off behind {lines[0][:40]!r}")
    return DirectText(_number_in(head.text(len(head.parameters) - 1)), _joined(lines[1]))


def message_reference(lines: Lines) -> int | None:
    """`+CMGS`, `+CMSS` (27.005 §3.5.1): 0 to 255; None where the modem left it out."""
    for line in lines:
        if prefix_of(line) in ("+CMGS", "+CMSS"):
            mr = information(line).number(0)
            return mr if mr is not None and 0 <= mr <= 255 else None
    return None


def written_index(lines: Lines) -> int:
    """`+CMGW` (27.005 §4.4): where the text lies now."""
    index = first(lines, "+CMGW").number(0)
    if index is None or index < 0:
        raise AtError(f"no index in the answer {lines[:1]!r}")
    return index


def relay_link(lines: Lines) -> int:
    """`+CMMS?` (27.005 §3.5.6): 0 closed after each text, 1 kept once, 2 kept."""
    mode = first(lines, "+CMMS").number(0)
    if mode is None:
        raise AtError(f"no mode in the answer {lines[:1]!r}")
    return mode


def deletable(lines: Lines) -> tuple[int, ...]:
    """`+CMGD=?` (27.005 §3.5.4): the indexes that hold something, where the modem tells."""
    return tuple(
        int(index)
        for line in every(lines, "+CMGD")
        for index in line.options(0)
        if index.isascii() and index.isdigit()
    )


def _entry(index: int, head: Information, at: int, lines: Lines, position: int) -> StoredText:
    """`at` is where the status stands. The length is last: some print an alpha field, some not."""
    status = head.text(at)
    if status is not None and _TEXT_MODE.fullmatch(status):
        raise AtError("an answer in text mode: the modem has forgotten +CMGF=0")
    last = head.text(len(head.parameters) - 1)
    beside = _LENGTH_AND_PDU.fullmatch(last or "")
    if beside:
        return StoredText(index, head.number(at), int(beside[1]), beside[2])
    length = _number_in(last)
    return StoredText(index, head.number(at), length, _pdu_after(lines, position, length))


def _pdu_after(lines: Lines, position: int, length: int | None) -> str:
    """The PDU on the next line, and on those behind it where some maker cut it."""
    pdu = ""
    for line in lines[position + 1 :]:
        if prefix_of(line) or (pdu and not _HEX.fullmatch(_joined(line))):
            break
        pdu += _joined(line)
        if length is None or len(pdu) >= 2 * length:
            break
    return pdu


def _joined(line: str) -> str:
    return line.replace(" ", "")


def _number_in(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch("[0-9]{1,3}", text) else None
