"""Parts in, whole messages out (23.040 §9.2.3.24.1 and .8).

Theory of operation. A part belongs to an *open message*, found by its key: line, sender,
reference with its width, and total. References are short, wrap, and are used again while an
older message still waits; so there may be several open messages under one key:

    the part is there already, with the same content     a repeat: nothing happens
    an open message lacks this number                    it goes to the one that was fed last
    all have other content under this number             the reference came again: a new message

A whole message is remembered by its key, so that parts which the network repeats after that do
not open it again: same content, same time stamp.

An open message stays open for `window_s` after its first part. In that time it may be given out
once as partial (`expire`) and is still completed by what comes later; after it no part joins it
any more, and `expire` gives out what was not yet given out and forgets it.

Bounds: `max_open` messages in all, `max_per_sender` for one sender on one line. Beyond them the
one that was opened first makes room and comes out of the next `expire` as it is; at most
`max_open` of those are kept. As many whole messages are remembered, each for the window.

The machine has no clock and no state but its values: two machines that are fed the same parts
in the same order are the same.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from modemgw.pdu.userdata import UserData, join_texts
from modemgw.pdu.value import value

if TYPE_CHECKING:
    from modemgw.pdu.address import Address
    from modemgw.pdu.deliver import Deliver

DEFAULT_WINDOW_S: Final = 3 * 24 * 3600.0
DEFAULT_MAX_OPEN: Final = 100_000
DEFAULT_MAX_PER_SENDER: Final = 64

_Sender = tuple[str, "Address"]
_Key = tuple[str, "Address", int, int, int]


@value
class Joined:
    """A message, whole or as far as it has come.

    `text` is what the parts say in order, without marks for what is `missing`; `data` is the
    same for 8-bit messages, else None. `tokens` are those that were given with the parts, in
    order of their number; `total` is how many parts there are, `missing` the numbers that have
    not come, `first_at` when the first came, by the caller's clock.
    """

    line: str
    sender: Address
    text: str
    tokens: tuple[object, ...]
    total: int
    missing: tuple[int, ...]
    complete: bool
    first_at: float
    data: bytes | None = None


class _Open:
    """A message that waits for parts."""

    __slots__ = ("fed", "first_at", "given", "key", "parts", "prints", "serial")

    def __init__(self, key: _Key, serial: int, first_at: float) -> None:
        self.key = key
        self.serial = serial
        self.first_at = first_at
        self.fed = serial  # the number of the latest part, in order of arrival
        self.given = False  # was given out as partial
        self.parts: dict[int, tuple[UserData, object]] = {}
        self.prints: set[int] = set()

    @property
    def sender(self) -> _Sender:
        return self.key[:2]

    @property
    def total(self) -> int:
        return self.key[-1]


@value
class _Whole:
    """What is remembered of a message that was completed."""

    first_at: float
    prints: frozenset[int]


class Reassembler:
    """Joins the parts of long messages; see the top of this file.

    `window_s` is how long after its first part a message can be completed, in seconds of the
    clock that `now` is of. Not safe for several threads.
    """

    def __init__(
        self,
        *,
        window_s: float = DEFAULT_WINDOW_S,
        max_open: int = DEFAULT_MAX_OPEN,
        max_per_sender: int = DEFAULT_MAX_PER_SENDER,
    ) -> None:
        if window_s <= 0 or max_open < 1 or max_per_sender < 1:
            raise ValueError("a reassembler needs a window and room for one message")
        self._window_s = window_s
        self._max_open = max_open
        self._max_per_sender = max_per_sender
        self._serial = 0
        # All three in order of opening.
        self._open: dict[int, _Open] = {}
        self._by_key: dict[_Key, list[_Open]] = {}
        self._by_sender: dict[_Sender, dict[int, _Open]] = {}
        self._displaced: deque[_Open] = deque(maxlen=max_open)
        self._whole: dict[_Key, _Whole] = {}  # in order of completion

    def __len__(self) -> int:
        """How many messages are open."""
        return len(self._open)

    def add(
        self,
        line: str,
        deliver: Deliver,
        *,
        now: float,
        token: object = None,
        delivered_partial: bool = False,
    ) -> Joined | None:
        """Take in a part that came on `line`; the message if it is whole with it, else None.

        A text that is no part is whole by itself. `token` is the caller's name for the part.
        `delivered_partial` says that the part's message was given out as partial before (by an
        earlier machine), so that `expire` will not do so again.
        """
        concat = deliver.concat
        if concat is None or concat.total == 1:
            user_data = deliver.user_data
            return _joined(line, deliver.address, {1: (user_data, token)}, 1, now)
        self._serial += 1
        key = (line, deliver.address, concat.ref, concat.bits, concat.total)
        if self._repeats_whole(key, deliver, now):
            return None
        home = self._home_of(key, concat.seq, deliver.user_data, now)
        if home is None:
            return None
        home.parts[concat.seq] = (deliver.user_data, token)
        home.prints.add(_print_of(deliver))
        home.fed = self._serial
        home.given = home.given or delivered_partial
        if len(home.parts) < concat.total:
            return None
        self._close(home)
        self._remember(home)
        return _joined(line, deliver.address, home.parts, concat.total, home.first_at)

    def expire(self, now: float, older_than_s: float) -> list[Joined]:
        """Messages that have waited for longer than `older_than_s` and were not given out yet.

        They stay open for late parts until their window is over. Displaced messages come first,
        whatever their age. Cost: the messages that are old enough.
        """
        due = [waiting for waiting in self._displaced if not waiting.given]
        self._displaced.clear()
        over = []
        for waiting in self._open.values():
            age_s = now - waiting.first_at
            if age_s <= older_than_s and age_s <= self._window_s:
                break
            if not waiting.given:
                waiting.given = True
                due.append(waiting)
            if age_s > self._window_s:
                over.append(waiting)
        for waiting in over:
            self._close(waiting)
        return [
            _joined(*waiting.sender, waiting.parts, waiting.total, waiting.first_at)
            for waiting in due
        ]

    def _repeats_whole(self, key: _Key, deliver: Deliver, now: float) -> bool:
        whole = self._whole.get(key)
        if whole is None or now - whole.first_at > self._window_s:
            return False
        return _print_of(deliver) in whole.prints

    def _remember(self, done: _Open) -> None:
        self._whole.pop(done.key, None)
        if len(self._whole) >= self._max_open:
            del self._whole[next(iter(self._whole))]
        self._whole[done.key] = _Whole(done.first_at, frozenset(done.prints))

    def _home_of(self, key: _Key, seq: int, content: UserData, now: float) -> _Open | None:
        """The message that a part belongs to, a new one if need be; None for a repeat."""
        candidates = [
            waiting
            for waiting in self._by_key.get(key, ())
            if now - waiting.first_at <= self._window_s
        ]
        lacking = []
        for waiting in candidates:
            held = waiting.parts.get(seq)
            if held is None:
                lacking.append(waiting)
            elif held[0].octets == content.octets:
                return None
        if lacking:
            return max(lacking, key=lambda waiting: waiting.fed)
        return self._new(key, now)

    def _new(self, key: _Key, now: float) -> _Open:
        mine = self._by_sender.get(key[:2], {})
        if len(mine) >= self._max_per_sender:
            self._displace(next(iter(mine.values())))
        elif len(self._open) >= self._max_open:
            self._displace(next(iter(self._open.values())))
        waiting = _Open(key, self._serial, now)
        self._open[waiting.serial] = waiting
        self._by_key.setdefault(key, []).append(waiting)
        self._by_sender.setdefault(waiting.sender, {})[waiting.serial] = waiting
        return waiting

    def _displace(self, waiting: _Open) -> None:
        self._close(waiting)
        self._displaced.append(waiting)

    def _close(self, waiting: _Open) -> None:
        del self._open[waiting.serial]
        same_key = self._by_key[waiting.key]
        same_key.remove(waiting)
        if not same_key:
            del self._by_key[waiting.key]
        same_sender = self._by_sender[waiting.sender]
        del same_sender[waiting.serial]
        if not same_sender:
            del self._by_sender[waiting.sender]


def _print_of(deliver: Deliver) -> int:
    """A fingerprint of a part: 61 bits, so that a whole message costs little to remember."""
    return hash((deliver.scts, deliver.user_data.octets))


def _joined(
    line: str,
    sender: Address,
    parts: dict[int, tuple[UserData, object]],
    total: int,
    first_at: float,
) -> Joined:
    order = sorted(parts)
    contents = [parts[seq][0] for seq in order]
    missing = tuple(seq for seq in range(1, total + 1) if seq not in parts)
    data = [content.data for content in contents if content.data is not None]
    return Joined(
        line,
        sender,
        join_texts(contents),
        tuple(parts[seq][1] for seq in order),
        total,
        missing,
        not missing,
        first_at,
        b"".join(data) if data else None,
    )
