"""Feeding a dialogue, cut in any way."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from modemgw.at import commands
from modemgw.at.dialogue import Dialogue, Event, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

CRLF = b"\r\n"


def clean_dialogue() -> Dialogue:
    """A dialogue that has been brought into step."""
    dialogue = Dialogue()
    marker = commands.MARKERS[0]
    dialogue.begin(marker)
    events = dialogue.receive(b"\r\n+CMEE: 1\r\n\r\nOK\r\n")
    assert isinstance(events[-1], Response)
    return dialogue


def cut(data: bytes, seed: int | None) -> Iterator[bytes]:
    """The data byte by byte (None), or cut at random."""
    if seed is None:
        yield from (data[i : i + 1] for i in range(len(data)))
        return
    source = random.Random(seed)
    while data:
        size = source.randint(1, max(1, len(data)))
        yield data[:size]
        data = data[size:]


def feed(dialogue: Dialogue, data: bytes, seed: int | None) -> list[Event]:
    """All events of the data, cut so."""
    return [event for piece in cut(data, seed) for event in dialogue.receive(piece)]
