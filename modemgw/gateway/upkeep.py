"""What time alone brings: due messages, ended validity, parts that stay away, old doubts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

import structlog

from modemgw.gateway import acts, causes, newcomers, settle
from modemgw.gateway.acts import own_lane
from modemgw.gateway.lanes import is_patient
from modemgw.gateway.status import MessageStatus, moved
from modemgw.store import inbox, messages, queue, usage
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.inbox import PartKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modemgw.clock import Clock
    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.inbound import Inbound
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

Sticks: TypeAlias = "Callable[[str | None, str | None, float | None], bool]"

TICK_S = 0.5
SLOW_TICKS = 20  # what can wait ten seconds
BATCH = 500
LOOKED_THROUGH = 2_000  # rows that are looked at in one operation of the writer
PUT_BACK_S = 2.0  # what has come to be so much less ahead was put back


class Upkeep:
    """Does on time what no event brings about."""

    def __init__(
        self,
        writer: Writer,
        settings: GatewaySettings,
        dispatcher: Dispatcher,
        inbound: Inbound,
        clock: Clock,
    ) -> None:
        self._writer, self._settings = writer, settings
        self._dispatcher, self._inbound, self._clock = dispatcher, inbound, clock
        self._ahead = float("-inf")  # by how much the clock is ahead of what has elapsed

    async def run(self) -> None:
        """Tick until cancelled. A database that is away is waited for."""
        next_look = next_slow = 0.0
        clock, real = self._clock.elapsed, asyncio.get_running_loop().time
        while True:
            try:
                await self._follow_clock()
                while await self._promote():
                    pass
                if real() >= next_look:
                    next_look = real() + self._settings.idle_recheck_s
                    await self._dispatcher.look()
                if clock() >= next_slow:
                    next_slow = clock() + SLOW_TICKS * TICK_S
                    await self._slow()
            except StoreUnavailableError as error:
                log.warning("upkeep_waits", error=str(error))
            except Exception:  # one message that fails must not stop the clock for all
                log.exception("upkeep_failed")
            await self._clock.pause(TICK_S)

    async def _follow_clock(self) -> None:
        """What waits for a time by a clock that was put back since is looked at anew."""
        now = self._clock()
        ahead = now - self._clock.elapsed()
        if ahead < self._ahead - PUT_BACK_S:
            put_back_s = self._ahead - ahead
            log.warning("clock_put_back", seconds=round(put_back_s, 1))
            await self._look_anew(now)
            self._dispatcher.clock_put_back(put_back_s)
        self._ahead = ahead

    async def _promote(self) -> bool:
        """Bring due messages into their lanes; whether there may be more."""
        held, now = self._dispatcher.start_hold, self._clock()
        sticks = self._dispatcher.sticks
        promoted = await self._writer.run(lambda tx: promote(tx, now, sticks, hold_patient=held))
        for lane, priority in set(promoted):
            self._dispatcher.waiting(lane, priority)
        return len(promoted) == BATCH

    async def _look_anew(self, now: float) -> None:
        """Bring what the clock said before it was put back to what it says now."""
        await self._writer.run(lambda tx: usage.bring_back(tx.connection, now))
        for status in (MessageStatus.QUEUED, MessageStatus.SENDING):
            last: str | None = ""
            while last is not None:
                last = await self._look_again(now, status, last)

    async def _look_again(self, now: float, status: str, after_id: str) -> str | None:
        return await self._writer.run(
            lambda tx: queue.look_again(tx.connection, now, status, after_id, LOOKED_THROUGH)
        )

    async def _slow(self) -> None:
        now, settings = self._clock(), self._settings
        await self._writer.run(lambda tx: expire(tx, now))
        await self._writer.run(lambda tx: newcomers.clear(tx, now))
        await self.move_home(self._dispatcher.stuck_lanes())
        await self._writer.run(lambda tx: end_doubts(tx, now, settings.in_doubt_timeout_s))
        await self._writer.run(lambda tx: end_partly_sent(tx, now, settings.part_wait_s))
        await self._give_out_partials(now)

    async def move_home(self, lanes: Iterable[str]) -> None:
        """Let others send what has waited in these lanes for its line for long enough."""
        for lane in lanes:
            while await self._move_home(lane):
                pass

    async def _move_home(self, lane: str) -> bool:
        """Some of a lane; whether there may be more."""
        rows = await self._writer.run(lambda tx: queue.move_home(tx.connection, lane, BATCH))
        for home, priority in {(row.lane, row.priority) for row in rows}:
            self._dispatcher.waiting(home, priority)
        return len(rows) == BATCH

    async def _give_out_partials(self, now: float) -> None:
        after_s = self._settings.partial_after_s
        rows = await self._writer.run(
            lambda tx: inbox.open_parts(tx.connection, now - after_s, BATCH)
        )
        oldest_at: dict[PartKey, float] = {}
        for row in rows:  # the oldest come first
            key = PartKey(row.line_id, row.sender, row.ref, row.ref_bits, row.total)
            oldest_at.setdefault(key, row.received_at)
        for key, since in oldest_at.items():
            await self._inbound.give_out_partial(key, after_s, since)


def promote(
    tx: Transaction,
    now: float,
    sticks: Sticks,
    *,
    hold_patient: bool,
) -> list[tuple[str, int]]:
    """Bring messages whose time has come into their lanes; which lanes and priorities.

    `sticks` is `Dispatcher.sticks`.
    With `hold_patient` what waits for the first sweeps is left where it is a little longer.
    """
    promoted = []
    for row in queue.due(tx.connection, now, BATCH):
        if hold_patient and is_patient(row.kind, row.send_at):
            queue.park(tx.connection, row.id, now + 1, "start_hold")
            continue
        # Which line refused it for itself nobody asks: it may be the one that it would stick to.
        may_stick = row.sticky is None and row.hold_reason not in causes.OF_LINES
        sticky = may_stick and sticks(row.last_line_id, row.pool, row.spoken_at)
        lane = own_lane(row, row.last_line_id if sticky else None)
        changes = {"lane": lane, "ready_at": None, "hold_reason": None}
        if row.status == MessageStatus.SCHEDULED:
            changes["status"] = moved(MessageStatus.SCHEDULED, MessageStatus.QUEUED)
        messages.change(tx.connection, row.id, **changes)
        promoted.append((lane, row.priority))
    return promoted


def expire(tx: Transaction, now: float) -> None:
    """End what waits past its validity."""
    for row in queue.overdue(tx.connection, now, BATCH):
        if row.status in (
            MessageStatus.SCHEDULED,
            MessageStatus.QUEUED,
            MessageStatus.SENDING,
        ):
            acts.end(tx, row, MessageStatus.EXPIRED, now, "expired", "Its validity ended unsent.")


def end_doubts(tx: Transaction, now: float, timeout_s: float) -> None:
    """Settle the doubts that nothing has settled in time: their timeout, at most the validity."""
    for part in queue.in_doubt(tx.connection, BATCH):
        row = messages.get(tx.connection, part.message_id)
        assert row is not None
        until = part.submitting_at + timeout_s
        if row.expires_at is not None:
            until = min(until, row.expires_at)
        if until <= now:
            settle.give_up_doubt(tx, part, now)


def end_partly_sent(tx: Transaction, now: float, wait_s: float) -> None:
    """End messages whose line has not come back in time for the rest of their parts, or let them
    begin anew."""
    for row in queue.waiting_for_line(tx.connection, now - wait_s, BATCH):
        if settle.may_restart(row, now):
            settle.restart(tx, row, now)
            continue
        words = "Its line did not come back in time for the remaining parts."
        acts.end(tx, row, MessageStatus.FAILED, now, "partly_sent", words)
