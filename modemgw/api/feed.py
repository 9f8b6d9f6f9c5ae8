"""The newest events, read once for all streams.

Theory of operation
-------------------
One task reads what was published behind the last position and keeps the newest events, ready to be
written, in a ring. A stream that is up to date is served from the ring; one that lags reads the
database until it has caught up. So a thousand streams cost one read an event, a slow one costs no
memory, because it holds a position and nothing else, and none at all costs nothing: then nobody
reads.

Positions follow the order of commits (see `store.writer`), so who has seen position n has seen all
before it, between hosts too. Events of other hosts are noticed by looking every `poll_s`.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from modemgw.api.respond import to_json
from modemgw.gateway import views
from modemgw.store import events
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from modemgw.store.events import Event
    from modemgw.store.reader import Reader

log = structlog.get_logger(__name__)

_DATA = b"\ndata: "
RING_SIZE = 2_000
BATCH = 500


@dataclass(frozen=True, slots=True)
class Frame:
    """An event as a stream writes it; `pool` of a message's, None where it is of no pool."""

    position: int
    type: str
    data: bytes
    pool: str | None


def frame_of(event: Event) -> Frame:
    """The event in the format of server-sent events: JSON has no line breaks."""
    lines = b"id: %b\nevent: %b\ndata: %b\n\n" % (
        event.id.encode(),
        event.type.encode(),
        to_json(views.event(event)),
    )
    pool = event.data.get("pool") if event.type.startswith("message.") else None
    return Frame(event.position, event.type, lines, pool)


def json_of(frame: Frame) -> bytes:
    """The event of a frame, without what surrounds it there."""
    return frame.data[frame.data.index(_DATA) + len(_DATA) : -2]


@dataclass(frozen=True, slots=True)
class Start:
    """Where a stream begins: behind `position`; `known` is false when what was asked for is gone.

    `event_id` is the event at that position, None where there is none yet.
    """

    position: int
    event_id: str | None
    known: bool = True


class Feed:
    """What every stream drinks from."""

    def __init__(self, reader: Reader, poll_s: float) -> None:
        self._reader, self._poll_s = reader, poll_s
        self._ring: deque[Frame] = deque(maxlen=RING_SIZE)
        self._from = 0  # the ring holds every event behind this position
        self._position = 0
        self._wake = asyncio.Event()
        self._bell = asyncio.Event()
        self._listeners = 0
        self.closed = False

    def wake(self) -> None:
        """Something was published."""
        if self._listeners:
            self._wake.set()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Be listened to: only then is anything read."""
        self._listeners += 1
        self._wake.set()
        try:
            yield
        finally:
            self._listeners -= 1

    def close(self) -> None:
        """Let every stream end."""
        self.closed = True
        self._ring_bell()

    @property
    def bell(self) -> asyncio.Event:
        """Rings at the next news. Take it before looking for frames, wait for it afterwards."""
        return self._bell

    def _ring_bell(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()

    async def run(self) -> None:
        """Follow what is published until cancelled. A database that is away is waited for."""
        following = False
        while True:
            if not self._listeners:
                following = False
                await self._wake.wait()
                self._wake.clear()
            try:
                if not following:
                    await self._begin()
                    following = True
                while await self._advance():
                    pass
            except StoreUnavailableError as error:
                log.warning("feed_waits", error=str(error))
            await self._pause()

    async def _pause(self) -> None:
        """Until there is news; other hosts' is looked for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._wake.wait()
        self._wake.clear()

    async def _begin(self) -> None:
        """Take the ring up at the newest event; who resumes from before it reads for himself."""
        last = await self._reader.run(events.last_position)
        self._ring.clear()
        self._from = self._position = last
        self._ring_bell()

    async def _advance(self) -> bool:
        """Take in one batch; whether there may be more."""
        position = self._position
        fresh = await self._reader.run(lambda c: events.after(c, position, BATCH))
        for event in fresh:
            if len(self._ring) == RING_SIZE:
                self._from = self._ring[0].position
            self._ring.append(frame_of(event))
            self._position = event.position
        if fresh:
            self._ring_bell()
        return len(fresh) == BATCH

    async def start(self, after: str | None) -> Start:
        """Where a stream begins that has seen the event `after`, or that wants only new ones."""

        def query(connection: Connection) -> Start:
            if after is not None:
                position = events.position_of(connection, after)
                if position is not None:
                    return Start(position, after)
            last = events.last_position(connection)
            newest = events.after(connection, last - 1, 1)
            return Start(last, newest[0].id if newest else None, known=after is None)

        return await self._reader.run(query)

    async def frames(self, position: int) -> Sequence[Frame]:
        """The next events behind a position, at most `BATCH`; none when there are none yet."""
        if position >= self._position:
            return ()
        if position >= self._from:
            index = bisect_right(self._ring, position, key=lambda frame: frame.position)
            return list(islice(self._ring, index, index + BATCH))
        found = await self._reader.run(lambda c: events.after(c, position, BATCH))
        return [frame_of(event) for event in found]
