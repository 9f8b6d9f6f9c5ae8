"""How many connections are open: in all, of each client, and how many of them are streams."""

from __future__ import annotations

import contextlib
import enum
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(enum.Enum):
    """What a connection counts as."""

    CONNECTION = "connection"
    STREAM = "stream"
    GONE = "gone"


@dataclass(slots=True)
class Places:
    """Those that are taken."""

    of_kind: Counter[Kind] = field(default_factory=Counter)
    of_client: Counter[str] = field(default_factory=Counter)  # streams apart

    def take(self, client: str | None) -> Place:
        """One more. `client`: with whom it is counted; None: with nobody."""
        return Place(self, client)


class Place:
    """One that is taken, until it is left; then it stays so."""

    __slots__ = ("_client", "_kind", "_places")

    def __init__(self, places: Places, client: str | None) -> None:
        self._places, self._client = places, client
        self._kind = Kind.CONNECTION
        self._count(1)

    def leave(self) -> None:
        """Give it back. May be called twice."""
        self._become(Kind.GONE)

    @contextlib.contextmanager
    def streaming(self) -> Iterator[None]:
        """Count as one of the streams meanwhile."""
        self._become(Kind.STREAM)
        try:
            yield
        finally:
            self._become(Kind.CONNECTION)

    def _become(self, kind: Kind) -> None:
        if self._kind is not Kind.GONE:
            self._count(-1)
            self._kind = kind
            self._count(1)

    def _count(self, by: int) -> None:
        if self._kind is not Kind.GONE:
            self._places.of_kind[self._kind] += by
        if self._kind is Kind.CONNECTION and self._client is not None:
            clients = self._places.of_client
            clients[self._client] += by
            if not clients[self._client]:
                del clients[self._client]
