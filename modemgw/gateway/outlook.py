"""What waits, pool by pool, and when it will have gone with the lines that are here now.

What waits and what is used of the limits is read at most every `KEPT_S`, where much waits more
seldom; texts of batches that came since are added. Where pools share lines each gets its share, as
`turns` has it, whatever their priorities. See `forecast` for what is not counted.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

from modemgw.consent.gate import Block, Defer, decide
from modemgw.gateway import claims
from modemgw.gateway.depths import good_for_s
from modemgw.gateway.forecast import Sender, done_at
from modemgw.gateway.lanes import ANSWERS, Lane, is_of
from modemgw.gateway.limits import Account
from modemgw.gateway.line_state import pool_scope
from modemgw.gateway.status import CANCELABLE
from modemgw.store import messages, queue, usage
from modemgw.store.queue import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from modemgw.clock import Clock
    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.roster import Line
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.prepared import Record
    from modemgw.store.queue import Load
    from modemgw.store.reader import Reader

KEPT_S = 10.0
USUAL_PART_S = 4.0  # where no line has sent anything yet
AHEAD_LIMIT = 20_000  # messages that are counted one by one


@dataclass(frozen=True, slots=True)
class PoolOutlook:
    """What waits for the lines of a pool ("": the default pool).

    `lines` is how many of this host may send now, `done_at` when all has gone, seconds of the
    epoch; None: nothing waits, or that cannot be told, for want of a line or because it takes
    longer than a month.
    """

    pool: str
    messages: int
    parts: int
    lines: int
    done_at: float | None


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is known until a moment of the monotonic clock."""

    until: float
    loads: Mapping[str, Load]  # by lane
    lines: Sequence[tuple[Line, Sender]]
    pools: Mapping[str, Sender]  # of those that have a plan
    paused: frozenset[str]

    def serving(self, pool: str, line_id: str | None = None) -> dict[str, Sender]:
        """The lines that may send for a pool, or the one of them that alone may."""
        if pool in self.paused:
            return {}
        return {
            line.id: sender
            for line, sender in self.lines
            if is_of(pool, line.pools) and line_id in (None, line.id)
        }

    def competing(self, serving: Iterable[str], lanes: Iterable[str], most: float) -> float:
        """The parts of other lanes that these lines send meanwhile: of each as many as of ours."""
        ours, own = set(serving), set(lanes)
        shares: dict[tuple[str, str | None], float] = {}  # there are many lanes and few of these
        total = 0.0
        for name, load in self.loads.items():
            if name in own:
                continue
            lane = Lane.parse(name)
            who = lane.pool, lane.line
            if who not in shares:
                theirs = self.serving(*who).keys()
                shares[who] = len(ours & theirs) / len(theirs) if theirs else 0.0
            total += min(load.parts * shares[who], most)
        return total


class Outlook:
    """Looks ahead on behalf of the API."""

    def __init__(
        self, reader: Reader, settings: GatewaySettings, dispatcher: Dispatcher, clock: Clock
    ) -> None:
        self._reader, self._settings = reader, settings
        self._dispatcher, self._clock = dispatcher, clock
        self._sight: _Sight | None = None
        self._added: Counter[str] = Counter()  # parts by pool, since then
        self._looking = asyncio.Lock()

    async def pools(self) -> list[PoolOutlook]:
        """Of each pool; the default pool, whose name is empty, comes first.

        Raises StoreUnavailableError.
        """
        sight = await self._look()
        waiting = {Lane.parse(lane).pool for lane in sight.loads} - {ANSWERS}
        names = sorted({"", *self._settings.pools, *waiting})
        return await asyncio.to_thread(lambda: [self._of_pool(sight, name) for name in names])

    async def batch_done_at(self, parts: Mapping[str, int]) -> float | None:
        """When so many parts, by pool, that were accepted just now will have gone. None: it cannot
        be told. Raises StoreUnavailableError.
        """
        sight = await self._look()
        self._added.update(parts)
        found = await asyncio.to_thread(lambda: [self._of_pool(sight, name) for name in parts])
        times = [pool.done_at for pool in found]
        known = [at for at in times if at is not None]
        return max(known) if known and len(known) == len(times) else None

    async def expected_at(self, row: Record) -> float | None:
        """When a text that waits will have gone, in an hour of its recipient's; None: it does not
        wait, or it cannot be told, or its validity will be over. Raises StoreUnavailableError.
        """
        if row.status not in CANCELABLE or row.hold_reason == queue.UNDER_REVIEW:
            return None
        sight = await self._look()
        ahead, last_inbound = await self._reader.run(lambda c: _ahead(c, row))
        at = await asyncio.to_thread(self._of_message, sight, row, ahead)
        if at is None:
            return None
        line = next((line for line, _ in sight.lines if line.id == row.line_id), sight.lines[0][0])
        candidate = Candidate(
            row,
            opted_out=False,
            any_erased=False,
            in_doubt=False,
            last_inbound_at=last_inbound,
            review_due_at=None,
        )
        match decide(claims.question(row, candidate, line, self._settings, at)):
            case Block():
                return None
            case Defer(until, _, _):
                at = until.timestamp()
        return at if row.expires_at is None or at < row.expires_at else None

    async def candidates(self, row: Record) -> list[str]:
        """The ids of the lines of this host that may take a text, which need not be written yet.

        Raises StoreUnavailableError.
        """
        lane = Lane.parse(row.lane or row.home_lane)
        return sorted((await self._look()).serving(lane.pool, lane.line))

    # -- what is known --------------------------------------------------------------------------

    async def _look(self) -> _Sight:
        async with self._looking:
            sight, now = self._sight, self._clock.elapsed()
            if sight is None or now >= sight.until:
                self._added.clear()
                speeds, wall = self._dispatcher.speeds(), self._clock()
                paused = frozenset(
                    pool
                    for pool in ("", *self._settings.pools)
                    if pool_scope(pool) in self._dispatcher.pauses
                )
                sight = await self._reader.run(lambda c: self._read(c, wall, speeds, paused))
                waiting = sum(load.messages for load in sight.loads.values())
                until = self._clock.elapsed() + max(KEPT_S, good_for_s(waiting))
                self._sight = sight = replace(sight, until=until)
            return sight

    def _read(
        self,
        connection: Connection,
        wall: float,
        speeds: Sequence[tuple[Line, float | None]],
        paused: frozenset[str],
    ) -> _Sight:
        known = [part_s for _, part_s in speeds if part_s is not None]
        usual_s = median(known) if known else USUAL_PART_S
        lines = [
            (line, _sender(connection, Account.of_line(line), wall, part_s or usual_s))
            for line, part_s in speeds
        ]
        names = ("", *self._settings.pools)
        accounts = {name: Account.of_pool(name, self._settings) for name in names}
        pools = {
            name: _sender(connection, account, wall, 0.0)
            for name, account in accounts.items()
            if account is not None
        }
        return _Sight(math.inf, queue.loads(connection), lines, pools, paused)

    # -- what follows from it -------------------------------------------------------------------

    def _of_pool(self, sight: _Sight, pool: str) -> PoolOutlook:
        own = {lane: load for lane, load in sight.loads.items() if Lane.parse(lane).pool == pool}
        count = sum(load.messages for load in own.values())
        parts = sum(load.parts for load in own.values()) + self._added[pool]
        serving = sight.serving(pool)
        if not parts:
            return PoolOutlook(pool, 0, 0, len(serving), None)
        total = parts + sight.competing(serving, own, parts)
        at = done_at(total, list(serving.values()), self._clock(), sight.pools.get(pool))
        return PoolOutlook(pool, count, parts, len(serving), at)

    def _of_message(self, sight: _Sight, row: Record, ahead: int | None) -> float | None:
        now, lane = self._clock(), Lane.parse(row.lane or row.home_lane)
        serving = sight.serving(lane.pool, lane.line)
        name = row.lane or row.home_lane
        load = sight.loads.get(name)
        if ahead is None:  # too many to count, or it comes into its lane later
            ahead = load.parts if load is not None else 0
        parts = ahead + row.parts
        total = parts + sight.competing(serving, [name], parts)
        at = done_at(total, list(serving.values()), now, sight.pools.get(lane.pool))
        return None if at is None else max(at, row.ready_at or at)


def waiting_parts(views: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """The parts of messages by pool, but for those that wait for a time."""
    parts: Counter[str] = Counter()
    for view in views:
        if view["not_before"] is None:
            parts[view["pool"] or ""] += view["parts"]
    return parts


def _ahead(connection: Connection, row: Record) -> tuple[int | None, float | None]:
    """The parts before a message in its lane, and when its recipient last wrote to us."""
    conversation = messages.find_conversation(connection, row.recipient, row.pool or "")
    last_inbound = None if conversation is None else conversation.last_inbound_at
    if row.lane is None:
        return None, last_inbound
    return queue.ahead_of(connection, row, AHEAD_LIMIT), last_inbound


def _sender(connection: Connection, account: Account, now: float, part_s: float) -> Sender:
    """A line or a pool, with what is used of its limits."""
    used: dict[tuple[str, float], float] = {}
    for limit in account.plan.parts(now, account.since):
        span = limit.span
        for begins, parts in usage.counted(connection, account.scope, span.name, span.begins):
            used[span.name, begins] = parts
    return Sender(account.plan, account.since, part_s, used)
