"""Parts in, whole messages out (23.040 §9.2.3.24.1 and .8).

Theory of operation. A part belongs to a message that waits, found by its key: line, sender,
reference with its width, and total. References are short, wrap, and are used again while an
older message still waits; so several messages may wait under one key:

    the part is there already, with the same content     a repeat: nothing happens
    a message lacks this number                          it goes there
    several lack it                                      to that which the service centre got at
                                                         the nearest time; of these to that which
                                                         was fed last
    all have other content under this number             the reference came again: a new message

What the service centre got more than `spread_s` from a message's first part is no part of it,
however well it would fit: old and new must not mix. A part that stands alone, by its total of 1
or because its number is 0 or beyond its total, waits for nothing. All parts of a message state
its total; one that states another is of another message.

A whole message is remembered by its parts, for the window, so that those which the network
repeats after that do not open it again: same content, same time stamp.

A message waits for `window_s` after its first part. In that time it may be given out once as
partial (`expire`) and is still completed by what comes later; after it no part joins it any
more, and `expire` gives out what was not yet given out and forgets it.

Bounds: `max_open` messages in all, `max_per_sender` for one sender on one line. Beyond them the
one that was opened first makes room and, if it was not given out before, comes out of the next
`expire` as it is; at most `max_open` of those are kept, the latest. As many keys of whole
messages are remembered, the latest.

The machine has no clock and no state but its values: two machines that are fed the same parts
in the same order are the same, and so is one that `dump` wrote and `restored` read. Its clock
should not run backwards; if it does, a message is not given out before those opened earlier.
"""

from __future__ import annotations

import math
from collections import deque
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Self

from modemgw.pdu.address import Address
from modemgw.pdu.part import join, part_of
from modemgw.pdu.reassembler_state import State, read_state, state_octets
from modemgw.pdu.value import value
from modemgw.pdu.waiting import Waiting, WaitingRoom
from modemgw.pdu.wholes import Wholes

if TYPE_CHECKING:
    from datetime import datetime

    from modemgw.pdu.deliver import Deliver
    from modemgw.pdu.part import Part

DEFAULT_WINDOW_S: Final = 3 * 24 * 3600.0
DEFAULT_MAX_OPEN: Final = 100_000
DEFAULT_MAX_PER_SENDER: Final = 64
DEFAULT_SPREAD_S: Final = 24 * 3600.0

_NO_TIME: Final = timedelta()
_seq: Final = attrgetter("seq")
_fed: Final = attrgetter("fed")


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


class Reassembler:
    """Joins the parts of long messages; see the top of this file.

    `window_s` is how long after its first part a message can be completed, in seconds of the
    clock that `now` is of; `spread_s` how far from its first part the service centre may have got
    another. Raises ValueError for bounds that leave no room. Not safe for several threads.
    """

    def __init__(
        self,
        *,
        window_s: float = DEFAULT_WINDOW_S,
        max_open: int = DEFAULT_MAX_OPEN,
        max_per_sender: int = DEFAULT_MAX_PER_SENDER,
        spread_s: float = DEFAULT_SPREAD_S,
    ) -> None:
        if window_s <= 0 or max_open < 1 or max_per_sender < 1 or spread_s < 0:
            raise ValueError("a reassembler needs a window and room for one message")
        self._window_s = window_s
        self._max_open = max_open
        self._max_per_sender = max_per_sender
        self._spread = timedelta(seconds=spread_s)
        self._fed = 0  # how many parts were taken in
        self._room = WaitingRoom()
        self._displaced: deque[Waiting] = deque(maxlen=max_open)
        self._wholes = Wholes(window_s, max_open)

    @classmethod
    def restored(
        cls,
        state: bytes,
        *,
        window_s: float = DEFAULT_WINDOW_S,
        max_open: int = DEFAULT_MAX_OPEN,
        max_per_sender: int = DEFAULT_MAX_PER_SENDER,
        spread_s: float = DEFAULT_SPREAD_S,
    ) -> Self:
        """The machine that `dump` wrote down, with these bounds; lesser ones displace at once.

        Raises PduError where `state` is damaged, or of a version that is not known.
        """
        machine = cls(
            window_s=window_s, max_open=max_open, max_per_sender=max_per_sender, spread_s=spread_s
        )
        known = read_state(state)
        machine._fed = known.fed
        machine._displaced.extend(known.displaced)
        for message in known.waiting:
            machine._admit(message)
        for whole in known.whole:
            machine._wholes.put(whole)
        return machine

    def dump(self) -> bytes:
        """All that this machine knows, for storage: a line that names it, and ASCII JSON.

        Its bounds are left to the configuration. Raises TypeError where a token is no str, int
        or None. Cost: all that waits and all that is remembered.
        """
        state = State(self._fed, list(self._room), list(self._displaced), list(self._wholes))
        return state_octets(state)

    def __len__(self) -> int:
        """How many messages are open."""
        return len(self._room)

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
        sender = deliver.address
        content = deliver.user_data
        concat = content.header.concat
        if concat is None or concat.total == 1:
            text = content.text or ""
            return Joined(line, sender, text, (token,), 1, (), True, now, content.data)
        key = (
            line, sender.number, sender.ton, sender.npi, concat.ref, concat.bits, concat.total
        )  # fmt: skip
        part = part_of(deliver, concat.seq, token)
        whole = self._wholes.under(key)
        if whole is not None and part.mark in whole.marks and now <= whole.at + self._window_s:
            return None
        newest = self._room.newest(key)
        home = None if newest is None else self._home_of(newest, part, deliver.scts, now)
        if home is None:
            home = Waiting(key, part, deliver.scts, now)
            self._admit(home)
        elif not home.take(part):
            return None
        self._fed += 1
        home.fed = self._fed
        if delivered_partial:
            home.given = True
        if len(home.parts) < concat.total:
            return None
        self._room.leave(home)
        self._wholes.remember(home, now)
        return _joined(home)

    def expire(self, now: float, older_than_s: float) -> list[Joined]:
        """Messages that have waited for longer than `older_than_s` and were not given out yet.

        They stay open for late parts until their window is over. Displaced messages come first,
        whatever their age. Cost: what it gives out and what it forgets.
        """
        due = list(self._displaced)
        self._displaced.clear()
        room = self._room
        patience_s = min(older_than_s, self._window_s)
        while (message := room.to_give()) is not None and now > message.first_at + patience_s:
            message.given = True
            due.append(message)
        while (message := room.oldest()) is not None and now > message.first_at + self._window_s:
            room.leave(message)
        self._wholes.forget(now)
        return [_joined(message) for message in due]

    def next_deadline(self, older_than_s: float) -> float | None:
        """The first `now` at which `expire(now, older_than_s)` gives out something; None: never.

        For an owner who sleeps until then. It lies in the past when a displaced message waits.
        Only `add` brings it forward.
        """
        if self._displaced:
            return self._displaced[0].first_at
        message = self._room.to_give()
        if message is None:
            return None
        return math.nextafter(message.first_at + min(older_than_s, self._window_s), math.inf)

    def _home_of(
        self, newest: Waiting, part: Part, scts: datetime | None, now: float
    ) -> Waiting | None:
        """The message that a part belongs to, or that has it already; None where it opens one.

        `newest` is the newest with its key.
        """
        home: Waiting | None = None
        message: Waiting | None = newest
        while message is not None:
            # Mostly they are the same second, and to find how far apart they are takes longer.
            near = message.scts == scts or not self._apart(message.scts, scts)
            if near and now <= message.first_at + self._window_s:
                if not message.held >> part.seq & 1:
                    home = message if home is None else _likelier(home, message, scts)
                elif message.holds(part):
                    return message
            message = message.twin
        return home

    def _apart(self, one: datetime | None, other: datetime | None) -> bool:
        return one is not None and other is not None and abs(one - other) > self._spread

    def _admit(self, message: Waiting) -> None:
        """Let a message wait; the oldest one of its sender, or of all, makes room for it."""
        mates = self._room.enter(message)
        if len(mates) > self._max_per_sender:
            self._displace(mates[0])
        elif len(self._room) > self._max_open:
            self._displace(next(iter(self._room)))

    def _displace(self, message: Waiting) -> None:
        self._room.leave(message)
        if not message.given:
            self._displaced.append(message)


def _likelier(one: Waiting, other: Waiting, scts: datetime | None) -> Waiting:
    """Which of two messages that lack a part is the one that it is of."""
    far, farther = _distance(one.scts, scts), _distance(other.scts, scts)
    if far == farther:
        return max(one, other, key=_fed)
    return one if far < farther else other


def _distance(one: datetime | None, other: datetime | None) -> timedelta:
    """How far apart the service centre got two parts; none where it does not say."""
    return _NO_TIME if one is None or other is None else abs(one - other)


def _joined(message: Waiting) -> Joined:
    line, number, ton, npi, _, _, total = message.key
    parts = sorted(message.parts, key=_seq)
    text, data = join(parts)
    missing = message.missing()
    tokens = tuple([part.token for part in parts])
    sender = Address(number, ton, npi)
    return Joined(line, sender, text, tokens, total, missing, not missing, message.first_at, data)
