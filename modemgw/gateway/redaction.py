"""Hiding what must not be kept of a text that came in: in its words, and in its TPDUs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from modemgw.consent.content import starred
from modemgw.pdu import PduError
from modemgw.pdu.hiding import hide

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modemgw.consent.content import Mask
    from modemgw.gateway.letters import Letter
    from modemgw.pdu import Deliver

UNREADABLE = ""  # what is kept of a TPDU that cannot be written without what is to be hidden


def redacted(letter: Letter, mask: Mask) -> tuple[Letter, Mapping[str, str]]:
    """A text as it may be kept, and of its parts whose TPDU is to be changed, by id, the PDUs."""
    data = letter.data
    # Data are read one octet to a character, though they are no text that could be shown.
    seen = letter.text if data is None else data.decode("latin-1")
    hidden = mask.hidden(seen)
    if not hidden:
        return letter, {}
    kept = replace(
        letter,
        text=starred(seen, hidden) if letter.text else "",
        data=None if data is None else starred(seen, hidden).encode("latin-1"),
    )
    return kept, dict(_pdus(letter, seen, hidden))


def _pdus(letter: Letter, seen: str, hidden: frozenset[int]) -> Iterator[tuple[str, str]]:
    texts = [_characters(tpdu) for tpdu in letter.tpdus]
    # A character that was cut between two parts counts in neither: then all of them is hidden.
    is_plain = "".join(texts) == seen
    start = 0
    for part_id, tpdu, text in zip(letter.part_ids, letter.tpdus, texts, strict=True):
        end = start + len(text)
        places = {place - start for place in hidden if start <= place < end}
        start = end
        if not is_plain or places:
            yield part_id, _hidden(tpdu, places if is_plain else None)


def _characters(tpdu: Deliver) -> str:
    return tpdu.text if tpdu.text is not None else (tpdu.data or b"").decode("latin-1")


def _hidden(tpdu: Deliver, places: set[int] | None) -> str:
    try:
        return hide(tpdu, places)
    except PduError:  # an address that was read and cannot be written
        return UNREADABLE
