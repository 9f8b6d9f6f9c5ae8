"""Messages that wait for parts, and how they are found.

A waiting room finds them by key, by sender, and in the order in which they were opened. No cost
grows with how many wait, only with how many of one sender do. The order is a chain through the
messages themselves, so that one leaves from the middle at once and is no longer thought of. (A
dict keeps an order too, but looks for its first entry through all the empty places in front.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from modemgw.pdu.part import Part

#: What parts of a message have in common: line; number, type of number and numbering plan of the
#: sender; reference, bits of the reference, total. A plain tuple: it is made and hashed for every
#: part, and a dataclass takes ten times as long.
Key: TypeAlias = tuple[str, str, int, int, int, int, int]


class Waiting:
    """A message that waits for parts.

    `parts` are in order of arrival, `held` has a bit for each number that is there. `scts` is the
    time stamp of the first part, `first_at` when it came by the caller's clock; `fed` orders
    messages by their latest part. `given`: it was given out as partial.
    """

    __slots__ = (
        "fed", "first_at", "given", "held", "key", "newer", "older", "parts", "scts", "twin"
    )  # fmt: skip

    def __init__(self, key: Key, part: Part, scts: datetime | None, first_at: float) -> None:
        self.key = key
        self.parts = [part]
        self.held = 1 << part.seq
        self.scts = scts
        self.first_at = first_at
        self.fed = 0
        self.given = False
        # The room's: neighbours in order of opening, and the next older message with this key.
        self.older: Waiting | None = None
        self.newer: Waiting | None = None
        self.twin: Waiting | None = None

    @property
    def total(self) -> int:
        """How many parts the message has."""
        return self.key[-1]

    def lacks(self, seq: int) -> bool:
        """No part has this number yet."""
        return not self.held >> seq & 1

    def holds(self, part: Part) -> bool:
        """A part with this number says the same."""
        return any(mine.seq == part.seq and mine.content == part.content for mine in self.parts)

    def take(self, part: Part) -> bool:
        """Add a part; false where it has one of this number."""
        bit = 1 << part.seq
        if self.held & bit:
            return False
        self.held |= bit
        self.parts.append(part)
        return True

    def missing(self) -> tuple[int, ...]:
        """The numbers that have not come."""
        if len(self.parts) == self.total:
            return ()
        return tuple([seq for seq in range(1, self.total + 1) if self.lacks(seq)])


class WaitingRoom:
    """All messages that wait. It keeps to no bounds: those are its owner's.

    `newest(key)` is the newest with that key, or None; the others follow by `twin`. It is called
    for every part, so it is the dict's own `get`, with no function in between.
    """

    __slots__ = ("_by_key", "_by_sender", "_newest", "_oldest", "_size", "_to_give", "newest")

    def __init__(self) -> None:
        self._size = 0
        self._by_key: dict[Key, Waiting] = {}  # the newest of its twins
        self.newest: Callable[[Key], Waiting | None] = self._by_key.get
        self._by_sender: dict[tuple[str, str], list[Waiting]] = {}  # in order of opening
        self._oldest: Waiting | None = None
        self._newest: Waiting | None = None
        self._to_give: Waiting | None = None  # all that are older were given out

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Waiting]:
        """In order of opening."""
        message = self._oldest
        while message is not None:
            yield message
            message = message.newer

    def oldest(self) -> Waiting | None:
        """The one that was opened first."""
        return self._oldest

    def to_give(self) -> Waiting | None:
        """The oldest that was not given out."""
        message = self._to_give
        while message is not None and message.given:
            message = message.newer
        self._to_give = message
        return message

    def enter(self, message: Waiting) -> Sequence[Waiting]:
        """Take in a message that was opened now; all of its sender on its line, it the last."""
        key, sender = message.key, message.key[:2]
        message.twin = self._by_key.get(key)
        self._by_key[key] = message
        mates = self._by_sender.get(sender)
        if mates is None:
            self._by_sender[sender] = mates = [message]
        else:
            mates.append(message)
        message.older = self._newest
        if self._newest is None:
            self._oldest = message
        else:
            self._newest.newer = message
        self._newest = message
        if self._to_give is None:
            self._to_give = message
        self._size += 1
        return mates

    def leave(self, message: Waiting) -> None:
        """Let a message go."""
        self._leave_twins(message)
        self._leave_sender(message)
        older, newer = message.older, message.newer
        if older is None:
            self._oldest = newer
        else:
            older.newer = newer
        if newer is None:
            self._newest = older
        else:
            newer.older = older
        if self._to_give is message:
            self._to_give = newer
        message.older = message.newer = None
        self._size -= 1

    def _leave_twins(self, message: Waiting) -> None:
        other = self._by_key[message.key]
        if other is not message:
            while other.twin is not message:
                assert other.twin is not None  # every message is among its twins
                other = other.twin
            other.twin = message.twin
        elif message.twin is not None:
            self._by_key[message.key] = message.twin
        else:
            del self._by_key[message.key]
        message.twin = None

    def _leave_sender(self, message: Waiting) -> None:
        sender = message.key[:2]
        mates = self._by_sender[sender]
        if len(mates) == 1:
            del self._by_sender[sender]
        else:
            mates.remove(message)
