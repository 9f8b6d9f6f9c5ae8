"""What a phone received, put together as its owner would read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw import pdu

if TYPE_CHECKING:
    from modemgw.simulator.phone import Phone, Received


@dataclass(frozen=True, slots=True)
class Text:
    """A text on a phone; `complete` is false while parts are missing."""

    sender: str
    text: str
    complete: bool


def texts(phone: Phone) -> list[Text]:
    """The texts on a phone in the order in which their last part came; unfinished ones behind."""
    reassembler = pdu.Reassembler(window_s=float("inf"), max_open=10_000, max_per_sender=10_000)
    read: list[Text] = []
    for received in phone.received:
        text = _read(reassembler, phone.number, received)
        if text is not None:
            read.append(text)
    read += [
        Text(joined.sender.number, joined.text, complete=False)
        for joined in reassembler.expire(float("inf"), 0.0)
    ]
    return read


def _read(reassembler: pdu.Reassembler, number: str, received: Received) -> Text | None:
    try:
        message = pdu.decode(received.pdu)
    except pdu.PduError as problem:
        return Text(received.sender, f"(not readable: {problem})", complete=False)
    if not isinstance(message, pdu.Deliver):
        return None
    joined = reassembler.add(number, message, now=received.t / 1e9)
    if joined is None:
        return None
    return Text(received.sender, joined.text, complete=joined.complete)
