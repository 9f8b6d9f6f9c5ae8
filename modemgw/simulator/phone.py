"""Phones: every number that no modem has belongs to one that accepts what comes."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field

_PHONES_LIMIT = 50_000
_INBOX_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Received:
    """A TPDU on a phone: the sender's number, an SMS-DELIVER in hex, `t` as in the journal."""

    sender: str
    pdu: str
    t: int


@dataclass(slots=True)
class Phone:
    """A phone and what it received, the newest 10,000."""

    number: str
    received: deque[Received] = field(default_factory=lambda: deque(maxlen=_INBOX_LIMIT))

    def take(self, sender: str, pdu: str) -> None:
        self.received.append(Received(sender, pdu, time.monotonic_ns()))


class Phones:
    """All phones; beyond 50,000 numbers the one that heard nothing for longest is forgotten."""

    def __init__(self) -> None:
        self._phones: OrderedDict[str, Phone] = OrderedDict()

    def __len__(self) -> int:
        return len(self._phones)

    def get(self, number: str) -> Phone | None:
        return self._phones.get(number)

    def reach(self, number: str) -> Phone:
        """The phone with this number, which comes into being by being called."""
        phone = self._phones.get(number)
        if phone is None:
            phone = self._phones[number] = Phone(number)
            if len(self._phones) > _PHONES_LIMIT:
                self._phones.popitem(last=False)
        else:
            self._phones.move_to_end(number)
        return phone
