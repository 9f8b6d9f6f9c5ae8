"""The memory of messages that were completed, so that a repeat does not open them again."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modemgw.pdu.waiting import Key, Waiting

MAX_MARKS: Final = 255  # under one key: as many as a message can have parts


@value
class Whole:
    """What is remembered under a key: the marks of the parts of its whole messages, those of the
    latest message first, and when that was completed.
    """

    key: Key
    at: float
    marks: tuple[int, ...]


class Wholes:
    """The whole messages of the last `window_s`, under `limit` keys at most: the latest ones."""

    __slots__ = ("_by_key", "_limit", "_window_s")

    def __init__(self, window_s: float, limit: int) -> None:
        self._window_s = window_s
        self._limit = limit
        # In order of completion. Unlike a dict it has its first entry at hand.
        self._by_key: OrderedDict[Key, Whole] = OrderedDict()

    def __iter__(self) -> Iterator[Whole]:
        """In order of completion."""
        return iter(self._by_key.values())

    def have(self, key: Key, mark: int, now: float) -> bool:
        """Whether a part is one of a whole message."""
        whole = self._by_key.get(key)
        return whole is not None and mark in whole.marks and now <= whole.at + self._window_s

    def remember(self, message: Waiting, now: float) -> None:
        """Remember a whole message, and as many marks of those before it as there is room for."""
        marks = tuple([part.mark for part in message.parts])
        before = self._by_key.get(message.key)
        if before is not None:
            marks = (marks + before.marks)[:MAX_MARKS]
        self.put(Whole(message.key, now, marks))

    def put(self, whole: Whole) -> None:
        """Take this as the latest."""
        self._by_key[whole.key] = whole
        self._by_key.move_to_end(whole.key)
        if len(self._by_key) > self._limit:
            self._by_key.popitem(last=False)

    def forget(self, now: float) -> None:
        """Let go what is older than the window."""
        while self._by_key:
            first = next(iter(self._by_key.values()))
            if now <= first.at + self._window_s:
                return
            del self._by_key[first.key]
