"""Message storages: numbered places, full at their capacity (27.005 §3.1 `<mem1>`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

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
    """A message in its place: PDU in hex with the service centre's address, or a page of cell
    broadcast."""

    pdu: str
    length: int
    stat: Stat
    is_page: bool = False


class Places(Protocol):
    """What a `<mem>` name stands for."""

    @property
    def name(self) -> str: ...

    @property
    def capacity(self) -> int: ...

    def __len__(self) -> int: ...

    def add(self, pdu: str, length: int, stat: Stat = Stat.RECEIVED_UNREAD) -> int | None:
        """Put a message into the lowest free place; its index, or None when all are taken."""

    def get(self, index: int) -> Stored | None: ...

    def read(self, index: int) -> Stored | None:
        """The message as it is told, which from now on counts as read."""

    def sent(self, index: int) -> None:
        """A stored message went out."""

    def remove(self, index: int) -> Stored | None: ...

    def __iter__(self) -> Iterator[tuple[int, Stored]]:
        """Index and message of each taken place, in order of index, as of now."""


class Storage:
    """One storage: `ME` lives in the modem, `SM` on the SIM, `BM` holds broadcasts."""

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

    def resize(self, capacity: int) -> None:
        """Have room for so many from now on. ValueError where a place beyond is taken."""
        last = max(self._places, default=0)
        if last >= self.first_index + capacity:
            raise ValueError(f"there is a text at place {last}; delete it first")
        self.capacity = capacity

    def add(
        self,
        pdu: str,
        length: int,
        stat: Stat = Stat.RECEIVED_UNREAD,
        *,
        is_page: bool = False,
    ) -> int | None:
        """Put a message into the lowest free place; its index, or None when all are taken."""
        for index in range(self.first_index, self.first_index + self.capacity):
            if index not in self._places:
                self._places[index] = Stored(pdu, length, stat, is_page)
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

    def sent(self, index: int) -> None:
        """A stored message went out."""
        stored = self._places.get(index)
        if stored is not None:
            self._places[index] = replace(stored, stat=Stat.STORED_SENT)

    def remove(self, index: int) -> Stored | None:
        return self._places.pop(index, None)

    def __iter__(self) -> Iterator[tuple[int, Stored]]:
        """Index and message of each taken place, in order of index, as of now."""
        return iter(sorted(self._places.items()))


class Combined:
    """`MT`: the places of the modem and behind them those of the SIM, numbered in one row."""

    name = "MT"

    def __init__(self, first: Storage, second: Storage) -> None:
        self._first = first
        self._second = second

    @property
    def capacity(self) -> int:
        return self._first.capacity + self._second.capacity

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    @property
    def _shift(self) -> int:
        return self._first.first_index + self._first.capacity - self._second.first_index

    def _of(self, index: int) -> tuple[Storage, int]:
        if index < self._first.first_index + self._first.capacity:
            return self._first, index
        return self._second, index - self._shift

    def add(self, pdu: str, length: int, stat: Stat = Stat.RECEIVED_UNREAD) -> int | None:
        """As `Places` has it; the modem's places are taken first."""
        index = self._first.add(pdu, length, stat)
        if index is not None:
            return index
        index = self._second.add(pdu, length, stat)
        return None if index is None else index + self._shift

    def get(self, index: int) -> Stored | None:
        storage, at = self._of(index)
        return storage.get(at)

    def read(self, index: int) -> Stored | None:
        """As `Places` has it."""
        storage, at = self._of(index)
        return storage.read(at)

    def sent(self, index: int) -> None:
        """As `Places` has it."""
        storage, at = self._of(index)
        storage.sent(at)

    def remove(self, index: int) -> Stored | None:
        storage, at = self._of(index)
        return storage.remove(at)

    def __iter__(self) -> Iterator[tuple[int, Stored]]:
        """As `Places` has it."""
        yield from self._first
        for index, stored in self._second:
            yield index + self._shift, stored
