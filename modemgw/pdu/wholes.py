"""The memory of messages that were completed, so that a repeat does not open them again."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from modemgw.pdu.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modemgw.pdu.waiting import Key, Waiting

MAX_MARKS: Final = 255  # of one message: it cannot have more parts
_ROOM: Final = 32  # marks under one key, where its latest message does not need more


@value
class Whole:
    """What is remembered under a key: the marks of the parts of its whole messages, those of the
    latest message first, and when that was completed.
    """

    key: Key
    at: float
    marks: tuple[int, ...]


class Wholes:
    """The whole messages of the last `window_s`, under `limit` keys at most: the latest ones.

    `under(key)` is what is remembered under that key, or None; it may be older than the window.
    It is called for every part, so it is the dict's own `get`, with no function in between.
    """

    __slots__ = ("_by_key", "_limit", "_window_s", "under")

    def __init__(self, window_s: float, limit: int) -> None:
        self._window_s = window_s
        self._limit = limit
        # In order of completion. Unlike a dict it has its first entry at hand.
        self._by_key: OrderedDict[Key, Whole] = OrderedDict()
        self.under: Callable[[Key], Whole | None] = self._by_key.get

    def __iter__(self) -> Iterator[Whole]:
        """In order of completion."""
        return iter(self._by_key.values())

    def remember(self, message: Waiting, now: float) -> None:
        """Remember a whole message, with those before it under its key as far as there is room."""
        marks = tuple([part.mark for part in message.parts])
        before = self._by_key.pop(message.key, None)
        if before is not None and now <= before.at + self._window_s:
            marks = (marks + before.marks)[: max(len(marks), _ROOM)]
        self.put(Whole(message.key, now, marks))

    def put(self, whole: Whole) -> None:
        """Take in a whole message, the latest."""
        self._by_key[whole.key] = whole
        if len(self._by_key) > self._limit:
            self._by_key.popitem(last=False)

    def forget(self, now: float) -> None:
        """Let go what is older than the window."""
        while self._by_key:
            first = next(iter(self._by_key.values()))
            if now <= first.at + self._window_s:
                return
            del self._by_key[first.key]
