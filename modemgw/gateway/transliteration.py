"""Transliteration: what a sender may let us write for characters that force UCS-2."""

from __future__ import annotations

from modemgw.pdu import Alphabet, PduError, replaced, segment


def transliterated(text: str) -> str:
    """The text with what GSM-7 lacks replaced, where that lets it go as GSM-7; else as it is."""
    try:
        changed = replaced(text)
        return changed if segment(changed).encoding == Alphabet.GSM7 else text
    except PduError:
        return text  # it is refused for that
