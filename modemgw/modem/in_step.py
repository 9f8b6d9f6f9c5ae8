"""A dialogue that is in step from the start: for who knows that nothing is on its way."""

from __future__ import annotations

from typing import Final

from modemgw.at import commands
from modemgw.at.dialogue import Dialogue

_MARKER: Final = commands.MARKERS[0]
_ANSWER: Final = f"\r\n{_MARKER.prefixes[0]}: 1\r\n\r\nOK\r\n".encode()


def dialogue_in_step() -> Dialogue:
    """A new dialogue, idle."""
    dialogue = Dialogue()
    dialogue.begin(_MARKER)
    dialogue.receive(_ANSWER)
    return dialogue
