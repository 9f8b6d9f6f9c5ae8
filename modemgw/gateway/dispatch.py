"""Dispatch: a worker for every line that is ready, woken when there is something for it."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import structlog

from modemgw.gateway.blocking import Answer
from modemgw.gateway.lanes import Lane, WaitingLanes, is_of
from modemgw.gateway.limits import holding
from modemgw.gateway.line_state import EVERYTHING, paused_lines, pool_scope
from modemgw.gateway.load import score
from modemgw.gateway.pace import Pace
from modemgw.gateway.roster import is_present
from modemgw.gateway.worker import LineWorker
from modemgw.modem.interface import ModemState
from modemgw.store import queue
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.pauses import modem_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from modemgw.clock import Clock
    from modemgw.gateway.cancels import Cancels
    from modemgw.gateway.claims import Claimed, Job
    from modemgw.gateway.limits import Wait
    from modemgw.gateway.refusals import Refusals
    from modemgw.gateway.roster import Line, Roster
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.gateway.tally import Tally
    from modemgw.modem.interface import Modem, SubmitResult
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

T = TypeVar("T")

RETRY_S = 1.0
BACKGROUND_LIMIT = 10_000
LANES_LIMIT = 64  # that a claim looks at


@dataclass(frozen=True, slots=True)
class Sight:
    """The lanes that a line may look at, and the moment."""

    lanes: tuple[str, ...]
    mark: int


class Dispatcher:
    """Owns the workers; what they share hangs here."""

    def __init__(
        self,
        writer: Writer,
        settings: GatewaySettings,
        refusals: Refusals,
        roster: Roster,
        tally: Tally,
        clock: Clock,
        cancels: Cancels,
    ) -> None:
        self.writer, self.settings, self.refusals, self.clock = writer, settings, refusals, clock
        self._roster, self._tally, self.cancels = roster, tally, cancels
        self._workers: dict[int, LineWorker] = {}
        self._by_line: dict[str, LineWorker] = {}
        self.idle: set[LineWorker] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._swept: set[int] = set()
        self._sweeps_awaited = True
        self._started = clock.elapsed()
        self._stopping = False
        self._lanes = WaitingLanes()
        self.pace = Pace()
        self._pool_waits: dict[str, Wait] = {}
        self._out_since: dict[str, float] = {}  # when each line that is away was first missed
        self._missed: frozenset[str] = frozenset()  # those of them that are of other hosts
        self.pauses: frozenset[str] = frozenset()
        self.barred: frozenset[str] = frozenset()  # lines that rest, are quarantined or retired
        # Those, those that are paused, and those that sit in a modem that is.
        self._held: frozenset[str] = frozenset()
        self.answered: Callable[[Answer], None] = lambda _answer: None

    # -- modems ---------------------------------------------------------------------------------

    def modem_noted(self, modem: Modem) -> None:
        """Its status is committed: start or end its worker."""
        self._count_sweeps()
        line, modem_id = self._roster.line_of(modem), self._roster.modem_id(modem)
        worker = self._workers.get(id(modem))
        ready = modem.status.state is ModemState.READY and line is not None
        if worker is not None and not (ready and worker.line == line):
            worker.leave()
            return  # when it has ended, `_ended` looks again
        if ready and worker is None and line and modem_id and not self._stopping:
            self._start(modem, modem_id, line)

    def _start(self, modem: Modem, modem_id: str, line: Line) -> None:
        worker = LineWorker(self, modem, modem_id, line)
        task = asyncio.create_task(worker.run(), name=f"worker {line.id}")
        self._workers[id(modem)], self._tasks[id(modem)] = worker, task
        self._by_line[line.id] = worker
        self._hold()
        task.add_done_callback(lambda done: self._ended(modem, done))

    def _ended(self, modem: Modem, task: asyncio.Task[None]) -> None:
        worker = self._workers.pop(id(modem), None)
        self._forget(worker)
        self._tasks.pop(id(modem), None)
        self._hold()
        if worker is not None and worker.owes_a_look and not self._stopping:
            self.wake_all()
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self.modem_noted(modem)
            return
        log.error("worker_died", port=modem.status.port, exc_info=error)
        self._tally.worker_deaths += 1
        asyncio.get_running_loop().call_later(RETRY_S, self.modem_noted, modem)

    def _forget(self, ended: LineWorker | None) -> None:
        if ended is None or self._by_line.get(ended.line.id) is not ended:
            return  # its SIM works in another modem by now
        del self._by_line[ended.line.id]
        for worker in self._workers.values():
            if worker.line.id == ended.line.id:
                self._by_line[worker.line.id] = worker

    def swept(self, modem: Modem) -> None:
        """Its storage has been read to the end."""
        held = self.start_hold
        self._swept.add(id(modem))
        self._count_sweeps()
        if held and not self.start_hold:
            self.wake_all()

    @property
    def start_hold(self) -> bool:
        """Whether marketing and scheduled texts still wait for the first sweeps."""
        if self.clock.elapsed() - self._started >= self.settings.start_hold_s:
            return False
        return self._sweeps_awaited

    def _count_sweeps(self) -> None:
        present = [modem for modem in self._roster.modems if is_present(modem)]
        self._sweeps_awaited = not present or any(id(modem) not in self._swept for modem in present)

    # -- waking ---------------------------------------------------------------------------------

    def lanes_of(self, line: Line) -> Sight:
        """The lanes in which something may wait that a line may send now."""
        mark = self._lanes.mark
        if self.holds_line(line.id):
            return Sight((), mark)
        now = self.clock()
        lanes = self._lanes.of(
            line.id,
            {"", *line.pools},
            lambda pool: self._is_open(pool, now),
            patient_too=not self.start_hold,
        )
        if len(lanes) > LANES_LIMIT:
            lanes = self._some_of(lanes)
        return Sight(tuple(lanes), mark)

    def _some_of(self, lanes: Sequence[str]) -> list[str]:
        """Of too many to look at: the most urgent ones, and some of the rest by chance, as workers
        that took turns could keep step and never see the same.
        """
        half = LANES_LIMIT // 2
        by_urgency = self._lanes.urgent_first(random.sample(lanes, len(lanes)))
        return by_urgency[:half] + random.sample(by_urgency[half:], half)

    def _is_open(self, pool: str, now: float) -> bool:
        wait = self._pool_waits.get(pool)
        if wait is not None and wait.until <= now:
            del self._pool_waits[pool]
            wait = None
        return wait is None and pool_scope(pool) not in self.pauses

    def looked(self, sight: Sight, claimed: Claimed, urgent: int) -> None:
        """What a claim has found out about lanes and pools, while something of a priority came."""
        self._lanes.emptied(claimed.empty, sight.mark)
        self._pool_waits |= holding(claimed.pool_waits, urgent)
        for lane, priority in claimed.moved:
            self.waiting(lane, priority)

    def pool_wait(self, pool: str) -> Wait | None:
        """What the lines of a pool wait for together."""
        return self._pool_waits.get(pool)

    def line_wait(self, line_id: str) -> Wait | None:
        """What a line waits for."""
        worker = self._by_line.get(line_id)
        return worker.wait if worker else None

    def speeds(self) -> list[tuple[Line, float | None]]:
        """The lines that may send now, but for their limits, and the seconds that a part took each
        lately, where that is known.
        """
        workers = self._workers.values()
        return [(w.line, w.tempo.part_s) for w in workers if not self.holds_line(w.line.id)]

    def line_rest_s(self, line_id: str) -> float:
        """For how many seconds a line still rests that its operator has refused."""
        worker = self._by_line.get(line_id)
        return worker.rest_s if worker else 0.0

    def is_live(self, line_id: str) -> bool:
        """Whether a line could send now, but for its limits."""
        return line_id in self._by_line

    def expect(self, line_ids: Iterable[str]) -> None:
        """These lines were here before the start, and may come back."""
        self._out_since.update(dict.fromkeys(line_ids, self.clock()))

    def miss(self, since: Mapping[str, float]) -> None:
        """These lines are of hosts that are away, each since a time, and no others are."""
        for line_id in self._missed - since.keys():
            self._out_since.pop(line_id, None)
        for line_id, at in since.items():
            self._out_since.setdefault(line_id, at)
        self._missed = frozenset(since)

    def stuck_lanes(self) -> list[str]:
        """The lanes of the lines that are stuck."""
        known = {*self._out_since, *self.barred, *(line.id for line in self._roster.lines)}
        stuck = [line_id for line_id in known if self.is_stuck(line_id)]
        return [lane for line_id in stuck for lane in self.lanes_of_line(line_id)]

    def lanes_of_line(self, line_id: str) -> list[str]:
        """The lanes in which something may wait for this line alone."""
        return self._lanes.of_line(line_id)

    def is_stuck(self, line_id: str) -> bool:
        """Whether a line cannot send for longer than a text waits for it: it has been gone or
        paused so long, or is at a limit that holds longer; a line's limits are known to its own
        host.
        """
        if line_id in self.barred:
            return True
        now, patience_s = self.clock(), self.settings.sticky_wait_s
        is_there = self.is_live(line_id) or self._is_there_elsewhere(line_id)
        if not is_there or line_id in self._held:
            return now >= self._out_since.setdefault(line_id, now) + patience_s
        self._out_since.pop(line_id, None)
        wait = self.line_wait(line_id)
        return wait is not None and wait.until > now + patience_s

    def sticks(self, line_id: str | None, pool: str | None, spoken_at: float | None) -> bool:
        """Whether a text for this pool waits for the line that the two last spoke on, and when."""
        if spoken_at is None or spoken_at < self.clock() - self.settings.sticky_for_s:
            return False
        line = None if line_id is None else self._roster.find(line_id)
        if line is None or not (pool is None or pool in line.pools):
            return False
        return not self.is_stuck(line.id)

    def _is_there_elsewhere(self, line_id: str) -> bool:
        """Whether a host that is there has it in a modem that could send, as far as is known here;
        should that change, it is that host which moves what waits for the line."""
        return line_id in self._roster.ready_elsewhere and line_id not in self._missed

    def pause(self, scopes: Iterable[str], barred: Iterable[str] = ()) -> None:
        """These scopes are paused, these lines barred, and nothing else is."""
        before, self.pauses = self.pauses, frozenset(scopes)
        barred_before, self.barred = self.barred, frozenset(barred)
        self._hold()
        if self.pauses - before or self.barred - barred_before:
            for worker in self._workers.values():
                worker.reconsider()
        if before - self.pauses or barred_before - self.barred:
            self.wake_all()

    def _hold(self) -> None:
        """Find out anew which lines may begin nothing. A modem's pause follows the modem: while a
        SIM moves out of one that is paused, the worker of neither begins anything.
        """
        in_paused = {
            worker.line.id
            for worker in self._workers.values()
            if modem_scope(worker.modem_id) in self.pauses
        }
        self._held = self.barred | paused_lines(self.pauses) | in_paused

    def holds_line(self, line_id: str) -> bool:
        """Whether a line may begin nothing, by anybody's decision."""
        return EVERYTHING in self.pauses or line_id in self._held

    def holds(self, line_id: str, lane: str) -> bool:
        """Whether a message of this lane may not begin on this line."""
        return self.holds_line(line_id) or pool_scope(Lane.parse(lane).pool) in self.pauses

    def waiting(self, name: str, priority: int) -> None:
        """A message of this priority waits in a lane: wake one idle line that serves it.

        That one wakes the next when it has claimed, so a lone text does not wake the whole bank.
        Busy lines are told too, so that they give way to something more urgent.
        """
        lane = self._lanes.add(name, priority)
        wait = self._pool_waits.get(lane.pool)
        if wait is not None and not wait.holds(priority):
            del self._pool_waits[lane.pool]
        idle = []
        for worker in self._that_serve(lane):
            if worker in self.idle:
                idle.append(worker)
            else:
                worker.wake(priority)
        if best := self._best(idle):
            best.wake(priority)

    def claimed(self, lane: str) -> None:
        """A line took a message from a lane; there may be more for another."""
        if not self.idle:  # as a rule while there is much to send
            return
        idle = [worker for worker in self._that_serve(Lane.parse(lane)) if worker in self.idle]
        if best := self._best(idle):
            best.wake(-1)

    def _that_serve(self, lane: Lane) -> Iterable[LineWorker]:
        """The workers that a text in this lane concerns now."""
        if pool_scope(lane.pool) in self.pauses or (lane.patient and self.start_hold):
            return []
        if lane.line is not None:
            worker = self._by_line.get(lane.line)
            found: Iterable[LineWorker] = () if worker is None else (worker,)
        else:
            found = (w for w in self._workers.values() if is_of(lane.pool, w.line.pools))
        return [worker for worker in found if not self.holds_line(worker.line.id)]

    def clock_put_back(self, seconds: float) -> None:
        """What is waited for is so much earlier by the clock on the wall."""
        self._pool_waits = {pool: wait.earlier(seconds) for pool, wait in self._pool_waits.items()}
        self._out_since = {line: at - seconds for line, at in self._out_since.items()}
        self.pace.clock_put_back(seconds)
        for worker in self._workers.values():
            worker.clock_put_back(seconds)

    def _best(self, workers: Iterable[LineWorker]) -> LineWorker | None:
        """Of lines that could all send, the one that should; see `load.score`."""
        now = self.clock()
        return min(
            workers,
            key=lambda w: score(w.line, w.load.parts(now), w.modem.status.rssi_dbm),
            default=None,
        )

    async def look(self) -> None:
        """Learn what waits and nobody told of: it was there before the start, it came by another
        host, or may go only now. Raises StoreUnavailableError.
        """
        lanes = await self.writer.run(lambda tx: queue.lanes(tx.connection), patient=True)
        for lane, priority in lanes:
            self.waiting(lane, priority)

    def wake_all(self) -> None:
        """Let every idle line look again."""
        for worker in self._workers.values():
            worker.wake(-1)

    # -- what workers report --------------------------------------------------------------------

    def counted(self, line: Line, job: Job, result: SubmitResult, operator: str | None) -> None:
        """Count the outcome of a submit."""
        self._tally.submits[line.id, result.outcome.value] += 1
        self.answered(Answer.of(line.id, operator, job, result, self.clock()))

    def line_rests(self, line: Line, result: SubmitResult) -> None:
        """A line was refused by its operator and rests."""
        self._tally.rests[line.id] += 1
        log.warning("line_rests", line=line.id, code=result.code, detail=result.detail)

    def keep_trying(
        self,
        operation: Callable[[Transaction], object],
        words: str,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Run an operation in the background until it is committed, and `then` what follows."""
        if len(self._background) >= BACKGROUND_LIMIT:
            log.error("too_much_in_the_background", what=words)
            return
        task = asyncio.create_task(self._insist(operation, words, then), name=words)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _insist(
        self,
        operation: Callable[[Transaction], object],
        words: str,
        then: Callable[[], None],
    ) -> None:
        while True:
            try:
                await self.writer.run(operation)
            except StoreUnavailableError as error:
                log.warning(words.replace(" ", "_"), error=str(error))
                await asyncio.sleep(RETRY_S)
            except Exception:
                log.exception(words.replace(" ", "_"))
                return
            else:
                then()
                return

    # -- the end --------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Let what is on the air end within the grace, give back the rest."""
        self._stopping = True
        for worker in self._workers.values():
            worker.leave()
        until = time.monotonic() + self.settings.stop_grace_s
        await _end(self._tasks.values(), until)
        await _end(self._background, until)  # among them what the workers have given back


async def _end(tasks: Iterable[asyncio.Task[None]], until: float) -> None:
    """Wait for tasks until a time of the monotonic clock, then cancel them."""
    waited_for = list(tasks)
    if not waited_for:
        return
    _, late = await asyncio.wait(waited_for, timeout=max(until - time.monotonic(), 0))
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
