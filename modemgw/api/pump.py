"""Webhooks: what is owed to endpoints is posted, in order, until it is delivered or dead.

Theory of operation
-------------------
What is owed are rows, written in the transaction of the event; so nothing is forgotten in a crash,
and what was posted but not yet recorded is posted again, with the same id: at least once.

Each endpoint has a *lane*, which takes up what is owed in the order of positions, at most `WINDOW`
ahead. Mostly it knows all up to a commit and is given that commit's events directly; where it does
not (a start, another host's events, a full window), it reads them from the database. Within a lane
each conversation (or what else the carrier names: `Carrier.strand`) has a *strand*: a task that
posts its events one after the other and does not
begin the next before the outcome of the last is committed; the outcomes of all strands that come
together are committed together. Events without a conversation share one strand. So order holds
where it matters, and neither endpoints nor conversations wait for each other (a strand of which
more than `WINDOW` events wait excepted).

    pending ──2xx──► delivered
       │  ╲──410──► the endpoint is disabled; what is owed to it stays pending
       └── anything else: again after a backoff; after `webhook_dead_after_s` ──► dead

The dead time counts from the first attempt in this run of the daemon, so that a receiver that
starts together with us, after hours without power, is not given up at once.

What is dead, or is to be posted again because somebody asks, is *late*: when it is due it joins its
conversation's strand for one attempt, and holds up nothing longer than that. `verdicts` says when.

Among several hosts on one database one pumps: whoever holds the turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from modemgw.api import verdicts
from modemgw.api.courier import Destination
from modemgw.api.respond import to_json
from modemgw.gateway import views
from modemgw.store import deliveries, events, webhooks
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from modemgw.api.courier import Carrier, Receipt
    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.events import Published
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

log = structlog.get_logger(__name__)

Outcome: TypeAlias = tuple[str, int, "Mapping[str, Any]"]  # of which webhook, where, what to set

WINDOW = 2_000
BRIEF_ROWS = 100  # whose outcomes are written within a millisecond
LATE_AT_ONCE = 50
DUTY = "webhooks"
TURN_CHECKED_EVERY_S = 5.0
RECORD_RETRY_S = 1.0


@dataclass(slots=True)
class Owed:
    """An event that an endpoint waits for."""

    position: int
    event_id: str
    body: bytes
    attempts: int
    wait_s: float
    first_tried_at: float | None
    failing_since: float | None = None  # in this run
    late: bool = False  # posted once more, whatever comes of it


@dataclass(slots=True, eq=False)
class Lane:
    """An endpoint, and what was read of what is owed to it."""

    id: str
    destination: Destination
    permits: asyncio.Semaphore
    read_to: int = 0
    waiting: int = 0
    more: bool = False  # more may be owed than was read
    strands: dict[str | None, deque[Owed]] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    closed: bool = False
    disabling: bool = False  # what says so is on its way into the database
    late: set[int] = field(default_factory=set)  # positions that wait to be posted late

    @property
    def room(self) -> int:
        """How many more may be read; none until half of the window is free, to read in batches."""
        return WINDOW - self.waiting if self.waiting <= WINDOW // 2 else 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read for a lane: all that is owed of the events up to `committed`, unless there was
    `more` than it had room for.
    """

    rows: Sequence[Record]
    committed: int
    more: bool
    late: Sequence[Record] = ()


class Pump:
    """Owns the lanes."""

    def __init__(
        self, gateway: Gateway, carrier_to: Callable[[str], Carrier], settings: ApiSettings
    ) -> None:
        """`carrier_to` says who brings events to an address."""
        self._gateway, self._carrier_to, self._settings = gateway, carrier_to, settings
        self._clock = gateway.clock
        self._lanes: dict[str, Lane] = {}
        self._wake = asyncio.Event()
        self._ending = asyncio.Event()
        self._outcomes: list[tuple[Outcome, asyncio.Future[None]]] = []
        self._in_a_hurry = False
        self._settling: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """An endpoint was made or removed."""
        self._wake.set()

    def published(self, published: Published) -> None:
        """Events were committed: lanes that know all before them take them up at once."""
        for webhook_id, owed in published.owed.items():
            lane = self._lanes.get(webhook_id)
            if lane is None or lane.closed or lane.read_to != published.first - 1:
                self._wake.set()
            elif len(owed) > lane.room:
                lane.more = True
                self._wake.set()
            else:
                lane.read_to = published.last
                strand = self._carrier_to(lane.destination.url).strand
                for position, event in owed:
                    of = strand(event.type, event.conversation_id, event.data)
                    self._enqueue(lane, of, _fresh(position, event))
        if not published.owed:
            self._wake.set()

    async def run(self) -> None:
        """Pump while it is our turn, until cancelled."""
        turn = self._gateway.reader.turn(DUTY)
        loop, checked_at, ours = asyncio.get_running_loop(), -TURN_CHECKED_EVERY_S, False
        try:
            while True:
                if loop.time() - checked_at >= TURN_CHECKED_EVERY_S:
                    checked_at, ours = loop.time(), await asyncio.to_thread(turn.hold)
                if not ours:
                    self._drop(list(self._lanes.values()))
                elif not self._ending.is_set():
                    await self._refresh()
                await self._pause()
        finally:
            self._drop(list(self._lanes.values()))
            await asyncio.to_thread(turn.release)

    async def stop(self) -> None:
        """Begin no further request; let those on their way end within the grace."""
        self._ending.set()
        tasks = [task for lane in self._lanes.values() for task in lane.tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=self._settings.stop_grace_s)
        self._drop(list(self._lanes.values()))

    async def _pause(self) -> None:
        await _wait(self._wake, self._settings.poll_s)  # what other hosts published is found so
        self._wake.clear()

    # -- reading --------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        """Bring the lanes to the endpoints that there are, and read what is owed to them."""
        read = {lane.id: (lane.read_to, lane.room) for lane in self._lanes.values()}
        now = self._clock()

        def query(connection: Connection) -> list[tuple[Record, _Reading]]:
            found: list[tuple[Record, _Reading]] = []
            committed = events.counted(connection)  # first: what is read then holds all up to it
            for endpoint in webhooks.all_endpoints(connection):
                if endpoint.enabled:
                    after, room = read.get(endpoint.id, (0, WINDOW))
                    rows: Sequence[Record] = ()
                    if room:
                        rows = webhooks.pending(connection, endpoint.id, after=after, limit=room)
                    late = deliveries.late(connection, endpoint.id, now, LATE_AT_ONCE)
                    more = len(rows) >= room
                    found.append((endpoint, _Reading(rows, committed, more, late)))
            return found

        try:
            found = await self._gateway.reader.run(query)
        except StoreUnavailableError as error:
            log.warning("webhooks_wait", error=str(error))
            return
        there = {endpoint.id for endpoint, _ in found}
        over = [lane for lane in self._lanes.values() if lane.closed and not lane.disabling]
        self._drop(over + [lane for lane in self._lanes.values() if lane.id not in there])
        for endpoint, reading in found:
            if endpoint.id in self._lanes or endpoint.id not in read:
                lane = self._lane(endpoint)
                if not lane.closed:
                    self._fill(lane, reading)

    def _lane(self, endpoint: Record) -> Lane:
        lane, destination = self._lanes.get(endpoint.id), Destination.of(endpoint)
        if lane is None:
            permits = asyncio.Semaphore(self._settings.webhook_concurrency)
            lane = self._lanes[endpoint.id] = Lane(endpoint.id, destination, permits)
        lane.destination = destination  # it may have changed
        return lane

    def _fill(self, lane: Lane, reading: _Reading) -> None:
        """Take up what was read, but for what was given to the lane while it was read."""
        lane.more = reading.more
        strand = self._carrier_to(lane.destination.url).strand
        for row in reading.rows:
            if row.position > lane.read_to:
                lane.read_to = row.position
                of = strand(row.type, row.conversation_id, row.data)
                self._enqueue(lane, of, self._owed(row))
        if not reading.more:
            lane.read_to = max(lane.read_to, reading.committed)
        for row in reading.late[: LATE_AT_ONCE - len(lane.late)]:
            if row.position not in lane.late:
                lane.late.add(row.position)
                owed = replace(self._owed(row), wait_s=0.0, late=True)
                self._enqueue(lane, strand(row.type, row.conversation_id, row.data), owed)

    def _enqueue(self, lane: Lane, conversation: str | None, owed: Owed) -> None:
        lane.waiting += 1
        strand = lane.strands.setdefault(conversation, deque())
        strand.append(owed)
        if len(strand) == 1:
            self._start(lane, conversation)

    def _owed(self, row: Record) -> Owed:
        event = Event(
            type=row.type,
            created_at=row.created_at,
            data=row.data,
            sequence=row.sequence,
            id=row.event_id,
        )
        longest = self._settings.webhook_backoff_s[-1]
        wait_s = 0.0 if row.next_at is None else row.next_at - self._clock()
        return Owed(
            position=row.position,
            event_id=row.event_id,
            body=_body(event),
            attempts=row.attempts,
            wait_s=min(max(wait_s, 0.0), longest),  # the clock may have been set
            first_tried_at=row.first_tried_at,
        )

    def _start(self, lane: Lane, conversation: str | None) -> None:
        task = asyncio.create_task(self._strand(lane, conversation), name=f"webhook {lane.id}")
        lane.tasks.add(task)
        task.add_done_callback(lambda done: self._ended(lane, done))

    def _ended(self, lane: Lane, task: asyncio.Task[None]) -> None:
        lane.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("webhook_strand_died", webhook=lane.id, error=type(error).__name__)
            lane.closed = True  # the next look drops the lane and reads it anew
            return  # and comes in its own time: what killed the strand may do so again
        if lane.closed or (lane.more and lane.room):
            self.wake()

    def _drop(self, lanes: Sequence[Lane]) -> None:
        """End them; one that is named twice ends once."""
        for lane in lanes:
            lane.closed = True
            self._lanes.pop(lane.id, None)
            for task in lane.tasks:
                task.cancel()

    # -- posting --------------------------------------------------------------------------------

    async def _strand(self, lane: Lane, conversation: str | None) -> None:
        """Post the events of one conversation to one endpoint, one after the other."""
        strand = lane.strands[conversation]
        while strand and not lane.closed and not self._ending.is_set():
            if await self._attempt(lane, conversation, strand[0]):
                strand.popleft()
                lane.waiting -= 1
        if not strand:
            del lane.strands[conversation]

    async def _attempt(self, lane: Lane, conversation: str | None, owed: Owed) -> bool:
        """Wait until it is time, post, record; whether the event is done with."""
        if owed.wait_s:
            await self._clock.pause(owed.wait_s, self._ending)
        async with lane.permits:
            if lane.closed or self._ending.is_set():
                return False
            carrier = self._carrier_to(lane.destination.url)
            receipt = await carrier.post(lane.destination, owed.event_id, owed.body)
        if receipt.gone:
            await self._disable(lane)
            return False
        values = self._late(owed, receipt) if owed.late else self._judge(owed, receipt)
        # Until it is recorded, whoever asks for a late one once more is not heard.
        hurry = owed.late or len(lane.strands[conversation]) > 1
        await self._settled((lane.id, owed.position, values), in_a_hurry=hurry)
        lane.late.discard(owed.position)
        if values["status"] == "dead":
            log.warning("webhook_dead", webhook=lane.id, event_id=owed.event_id)
        return bool(values["status"] != "pending")

    def _late(self, owed: Owed, receipt: Receipt) -> Mapping[str, Any]:
        """What one attempt more means for an event that holds up nothing, as columns."""
        return verdicts.late(
            receipt,
            attempts=owed.attempts,
            first_tried_at=owed.first_tried_at,
            settings=self._settings,
            now=self._clock(),
        )

    def _judge(self, owed: Owed, receipt: Receipt) -> Mapping[str, Any]:
        """What the attempt means for the event, as columns."""
        now = self._clock()
        owed.attempts += 1
        owed.first_tried_at = owed.first_tried_at or now
        owed.failing_since = owed.failing_since or now
        status, wait_s = verdicts.in_order(
            receipt,
            attempts=owed.attempts,
            failing_since=owed.failing_since,
            settings=self._settings,
            now=now,
        )
        owed.wait_s, next_at = wait_s or 0.0, None
        if status != "delivered":
            late_at = verdicts.late_at(owed.first_tried_at, self._settings, now)
            next_at = late_at if wait_s is None else now + wait_s
        return {
            "attempts": owed.attempts,
            "first_tried_at": owed.first_tried_at,
            "last_status": receipt.status,
            "last_error": receipt.error,
            "status": status,
            "settled_at": None if status == "pending" else now,
            "next_at": next_at,
        }

    async def _disable(self, lane: Lane) -> None:
        """Post nothing more; the lane stays, or what is not disabled yet would get another one."""
        lane.closed = lane.disabling = True
        log.warning("webhook_disabled", webhook=lane.id, reason="it answered 410 Gone")
        await self._record(
            lambda tx: webhooks.disable(tx.connection, lane.id, "it answered 410 Gone")
        )
        lane.disabling = False
        self.wake()

    async def _settled(self, outcome: Outcome, *, in_a_hurry: bool) -> None:
        """Wait until an outcome is committed, together with those that come meanwhile.

        `in_a_hurry`: somebody waits for it, as the next event of the strand does.
        """
        committed = asyncio.get_running_loop().create_future()
        self._outcomes.append((outcome, committed))
        self._in_a_hurry = self._in_a_hurry or in_a_hurry
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle(), name="webhook outcomes")
        elif in_a_hurry:
            self._gateway.writer.hurry()  # those of before go first
        await committed

    async def _settle(self) -> None:
        try:
            while self._outcomes:
                batch, self._outcomes = self._outcomes, []
                patient, self._in_a_hurry = not self._in_a_hurry, False
                rows = [outcome for outcome, _ in batch]
                fault: Exception | None = None
                try:
                    await self._record(
                        partial(_write, rows=rows), patient=patient, brief=len(rows) <= BRIEF_ROWS
                    )
                except (
                    Exception
                ) as error:  # of ours: the strands end, and their lanes are read anew
                    fault = error
                for _, committed in batch:
                    if committed.done():
                        continue
                    if fault is None:
                        committed.set_result(None)
                    else:
                        committed.set_exception(fault)
        finally:
            self._settling = None

    async def _record(
        self,
        operation: Callable[[Transaction], None],
        *,
        patient: bool = False,
        brief: bool = False,
    ) -> None:
        """Write until it is committed: the next event of the strand must not overtake."""
        while True:
            try:
                await self._gateway.writer.run(operation, patient=patient, brief=brief)
            except StoreUnavailableError as error:
                log.warning("webhook_outcome_not_recorded", error=str(error))
                await asyncio.sleep(RECORD_RETRY_S)
            else:
                return


def _write(tx: Transaction, *, rows: Sequence[Outcome]) -> None:
    webhooks.settle_all(tx.connection, rows)


def _fresh(position: int, event: Event) -> Owed:
    return Owed(position, event.id, _body(event), 0, 0.0, None)


def _body(event: Event) -> bytes:
    """The event as `views.event` has it, in JSON; its data is encoded once and for all."""
    head = to_json({**views.event(event), "data": 0})
    return head[:-2] + event.encoded.encode() + b"}"


async def _wait(event: asyncio.Event, longest_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(longest_s):
            await event.wait()
