"""Message storages: numbered places, full at their capacity (27.005 §3.1 `<mem1>`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stat(IntEnum):
    """The `<stat>` of a stored message in PDU mode (27.005 §3.1)."""

    RECEIVED_UNREAD = 0
    RECEIVED_READ = 1
    STORED_UNSENT = 2
    STORED_SENT = 3


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in its place: PDU in hex with the service centre's address."""

    pdu: str
    length: int
    stat: Stat


class Storage:
    """One storage: `ME` lives in the modem, `SM` on the SIM."""

    def __init__(self, name: str, capacity: int, first_index: int = 1) -> None:
        self.name = name
        self.capacity = capacity
        self.first_index = first_index
        self._places: dict[int, Stored] = {}

    def __len__(self) -> int:
        return len(self._places)

    def renumber(self, first_index: int) -> None:
        """Count the places from another number on: modems differ, the card is the same."""
        shift = first_index - self.first_index
        self._places = {index + shift: stored for index, stored in self._places.items()}
        self.first_index = first_index

    def add(self, pdu: str, length: int, stat: Stat = Stat.RECEIVED_UNREAD) -> int | None:
        """Put a message into the lowest free place; its index, or None when all are taken."""
        for index in range(self.first_index, self.first_index + self.capacity):
            if index not in self._places:
                self._places[index] = Stored(pdu, length, stat)
                return index
        return None

    def get(self, index: int) -> Stored | None:
        return self._places.get(index)

    def read(self, index: int) -> Stored | None:
        """The message as it is told, which from now on counts as read."""
        stored = self._places.get(index)
        if stored is not None and stored.stat is Stat.RECEIVED_UNREAD:
            self._places[index] = replace(stored, stat=Stat.RECEIVED_READ)
        return stored

    def remove(self, index: int) -> Stored | None:
        return self._places.pop(index, None)

    def __iter__(self) -> Iterator[tuple[int, Stored]]:
        """Index and message of each taken place, in order of index, as of now."""
        return iter(sorted(self._places.items()))
