"""What a text is for the network: how long, why, and how it would be shorter."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from modemgw.gateway.outbound import LONGEST_TEXT
from modemgw.gateway.requests import RefusalError
from modemgw.gateway.transliteration import transliterated
from modemgw.pdu import PduError, count

if TYPE_CHECKING:
    from modemgw.gateway.requests import SendRequest
    from modemgw.pdu import Outsider, Preview


def size_up(request: SendRequest, max_parts: int) -> dict[str, Any]:
    """The text of a request as it would go out, its size, and what makes it need UCS-2.

    Raises RefusalError for a text that is too long to be looked at, or cannot be encoded.
    """
    text = request.text
    if len(text) > LONGEST_TEXT:
        words = f"the text has {len(text)} characters; {LONGEST_TEXT} are allowed"
        raise RefusalError("text-too-long", words, field="text")
    close = transliterated(text)
    going = close if request.transliterate else text
    try:
        written, cost = count(text), count(going)
    except PduError as error:
        raise RefusalError("invalid-text", str(error), field="text") from None
    return {
        "text": going,
        "transliterated": going != text,
        "size": {**_size(cost), "max_parts": max_parts, "characters": len(going)},
        "forcing_ucs2": [_costly(outsider) for outsider in written.outsiders],
        "transliteration": None if close == text else close,
    }


def _size(cost: Preview) -> dict[str, Any]:
    return {
        "encoding": cost.encoding,
        "parts": cost.parts,
        "capacity": cost.capacity,
        "used": cost.used,
        "left": cost.free,
    }


def _costly(outsider: Outsider) -> dict[str, Any]:
    return {
        "character": outsider.text,
        "name": " + ".join(_name(character) for character in outsider.text),
        "count": outsider.times,
        "positions": list(outsider.positions),
        "replacement": outsider.replacement,
    }


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}")
