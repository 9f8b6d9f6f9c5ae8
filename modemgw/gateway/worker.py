"""A worker sends on one line: it claims, submits part after part, and records.

Theory of operation
-------------------
While a part is on the air the next message is claimed. When the answer comes, the next `AT+CMGS`
goes out without waiting; the record of the answer and the write-ahead of the next part go to the
writer together and share one commit, which runs behind the modem's prompt (`Clearance.obtain`).
Then the gate is asked once more, from memory, and the modem writes (`Clearance.verdict`). Where no
part follows at once, the record goes alone.

Nothing begins while the record of the part before is not committed: if it fails, the clearance is
denied, and the worker tries to record until the database is back.

Nor does anything begin once the worker is told to leave, because its line left a pool or its modem,
or the daemon stops: what it gets by a claim that is under way it gives back, no write-ahead is
begun, and the last look before the write says no.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from modemgw.gateway import claims, settle
from modemgw.gateway.clearance import Clearance
from modemgw.gateway.lanes import Lane
from modemgw.gateway.limits import Wait, holding, longest
from modemgw.gateway.load import Load, Tempo
from modemgw.gateway.pace import SLOWED
from modemgw.gateway.recording import Records, succeeded
from modemgw.gateway.settle import Step
from modemgw.gateway.turns import Turns
from modemgw.modem.interface import Outcome
from modemgw.pdu import PduError, encode
from modemgw.store import messages
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.gateway.claims import Claimed, Job
    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.roster import Line
    from modemgw.modem.interface import Modem, SubmitResult
    from modemgw.pdu import Frame
    from modemgw.store.transaction import Transaction

log = structlog.get_logger(__name__)

CLAIM_RETRY_S = 2.0
WALL_CLOCK_LOOK_S = 1.0
LONGEST_VALIDITY_MIN = 63 * 7 * 24 * 60  # 23.040 §9.2.3.12.1

NOTHING = claims.Claimed(None)


class LineWorker:
    """Sends what its line may send, one part at a time, for as long as its modem is ready."""

    def __init__(self, shared: Dispatcher, modem: Modem, modem_id: str, line: Line) -> None:
        self.shared, self.modem, self.modem_id, self.line = shared, modem, modem_id, line
        self._wake = asyncio.Event()
        self._next: asyncio.Task[Claimed] | None = None
        self.records = Records(shared.writer, line.id)
        self._urgent = -1
        self._rest_until = 0.0
        self._turns = Turns()
        self._wait: Wait | None = None  # a limit of the line
        self.load = Load()
        self.tempo = Tempo()
        self._pool_waits: dict[str, Wait] = {}  # what it may not take of what others can send, too
        self._unsure = True  # whether claims of the line may stand that nobody knows of
        self._leaving = False
        self._owes_a_look = False

    # -- what the dispatcher says ---------------------------------------------------------------

    def wake(self, priority: int) -> None:
        """Something of this priority waits in one of the line's lanes."""
        self._urgent = max(self._urgent, priority)
        if self._pool_waits:
            self._pool_waits = holding(self._pool_waits, priority)
        if self._wait is not None and not self._wait.holds(priority):
            self._wait = None
        if self.wait is None:
            self._wake.set()

    def clock_put_back(self, seconds: float) -> None:
        """The times that are waited for are so much earlier by the clock on the wall."""
        self._wait = self._wait and self._wait.earlier(seconds)
        self._pool_waits = {pool: wait.earlier(seconds) for pool, wait in self._pool_waits.items()}
        self._wake.set()

    def leave(self) -> None:
        """Finish the part on the air, give back what is claimed, and end."""
        if self._leaving:
            return
        self._owes_a_look = self._wake.is_set()
        self._leaving = True
        self.shared.idle.discard(self)  # or it would be woken in place of one that looks
        self._wake.set()

    @property
    def is_leaving(self) -> bool:
        """Whether it begins nothing more."""
        return self._leaving

    @property
    def owes_a_look(self) -> bool:
        """Whether it has left without looking for what it was woken for, or without an answer."""
        return self._owes_a_look or self._unsure

    def reconsider(self) -> None:
        """Something was paused: give back what is claimed ahead and may not go."""
        ahead = self._next
        if ahead is None or not self._has_claimed_ahead():
            return  # a claim that is under way is looked at when it is to go
        job = ahead.result().job
        if job is not None and self.shared.holds(self.line.id, job.lane):
            self._next = None
            self._hand_back(job)

    @property
    def rest_s(self) -> float:
        """For how many seconds the line still rests."""
        return max(self._rest_until - self.shared.clock.elapsed(), 0.0)

    @property
    def wait(self) -> Wait | None:
        """What the line waits for before it may send again."""
        if self._wait is not None and self._wait.until <= self.shared.clock():
            self._wait = None
        return self._wait

    async def run(self) -> None:
        """Send until told to leave."""
        try:
            while not self._leaving:
                if self._must_rest():
                    await self._rest()
                elif (job := await self._take()) is not None:
                    self.shared.claimed(job.lane)
                    await self._send(job)
                elif not self._must_rest():
                    await self._be_idle()
        except asyncio.CancelledError:  # no time is left: the next start settles what is open
            self.records.abandon()
            if self._next is not None:
                self._next.cancel()
            raise
        finally:
            await self._give_back()

    # -- claims ---------------------------------------------------------------------------------

    async def _take(self) -> Job | None:
        """The next message: the one claimed ahead, unless something more urgent came meanwhile."""
        ahead, self._next = self._next, None
        try:
            if self._unsure:
                await self._recover()
                if self._must_rest():
                    return None
            claimed = await (self._claim() if ahead is None else self._hurried(ahead))
            if claimed.job is not None and self._gives_way(claimed.job):
                self._hand_back(claimed.job)
                claimed = await self._claim()
            while claimed.job is None and (claimed.more or claimed.has_pool_waits):
                claimed = await self._claim(at_a_glance=False)
        except StoreUnavailableError as error:
            log.warning("no_claim", line=self.line.id, error=str(error))
            self._unsure = True
            self._rest_until = self.shared.clock.elapsed() + CLAIM_RETRY_S
            return None
        if claimed.job is not None and self._leaving:  # told so meanwhile
            self._hand_back(claimed.job)
            return None
        return claimed.job

    def _must_rest(self) -> bool:
        return self.shared.clock.elapsed() < self._rest_until or self.wait is not None

    def _gives_way(self, job: Job) -> bool:
        """Whether a claimed message may not go, or not before something else."""
        return job.priority < self._urgent or self.shared.holds(self.line.id, job.lane)

    async def _recover(self) -> None:
        """Settle what is claimed for the line and held by nobody: a worker died, a commit was lost.
        And keep the gap to what the line sent before, under whichever worker.

        Nothing is claimed ahead at this moment, and what was on the air is recorded first.
        """
        await self.records.written()
        settings, line_id, now = self.shared.settings, self.line.id, self.shared.clock()
        has_gap = self.line.plan.min_gap_s > 0

        def operation(tx: Transaction) -> float | None:
            settle.recover(tx, settings, now, line_id)
            return messages.last_sent_on(tx.connection, line_id) if has_gap else None

        last_at = await self.shared.writer.run(operation)
        self._unsure = False
        if last_at is not None:
            gap = Wait(min(last_at, now) + self._gap_s(), "min_gap")
            self._wait = longest((self._wait, gap))

    async def _claim(self, *, patient: bool = False, at_a_glance: bool = True) -> Claimed:
        if self._leaving:
            self._owes_a_look = True
            return NOTHING
        self._urgent = -1
        self._wake.clear()
        shared, line, turns = self.shared, self.line, self._turns
        settings, now, sight = shared.settings, shared.clock(), shared.lanes_of(line)
        cancels = shared.cancels
        lanes = self._without_waiting_pools(sight.lanes, now)
        if not lanes:
            return NOTHING
        claimed = await shared.writer.run(
            lambda tx: claims.claim(
                tx, lanes, line, turns, settings, now, cancels, at_a_glance=at_a_glance
            ),
            patient=patient,
            brief=at_a_glance,
        )
        urgent = self._urgent  # what came meanwhile may have room where this claim found none
        shared.looked(sight, claimed, urgent)
        self._pool_waits |= holding(claimed.line_pools_wait, urgent)
        if claimed.wait is not None and claimed.wait.holds(urgent):
            self._wait = claimed.wait
            if self.wait is None:  # it has ended while this was committed
                self._wake.set()
        if claimed.job is not None:
            self._turns = turns.charged(claimed.job.flow, len(claimed.job.todo))
        return claimed

    def _without_waiting_pools(self, lanes: Sequence[str], now: float) -> Sequence[str]:
        """The lanes but those of any line's, where this one has written to enough recipients."""
        if not self._pool_waits:
            return lanes
        waits = {pool: wait for pool, wait in self._pool_waits.items() if wait.until > now}
        self._pool_waits = waits
        found = ((lane, Lane.parse(lane)) for lane in lanes)
        return [name for name, lane in found if lane.line is not None or lane.pool not in waits]

    def _claim_ahead(self) -> None:
        # Where a plan counts, what is claimed is to go at once: it counts for this minute.
        if self._next is None and not self._leaving and not self._counts:
            claim = self._claim(patient=True)
            self._next = asyncio.create_task(claim, name=f"claim {self.line.id}")

    async def _hurried(self, ahead: asyncio.Task[Claimed]) -> Claimed:
        """What was claimed ahead, now that the line waits for it."""
        if not ahead.done():
            self.shared.writer.hurry()
        return await ahead

    @property
    def _counts(self) -> bool:
        settings, plan = self.shared.settings, self.line.plan
        pools = (settings.pool(name) for name in ("", *self.line.pools))
        of_pools = (pool.plan for pool in pools if pool is not None)
        return not plan.is_empty or plan.min_gap_s > 0 or any(of_pools)

    def _has_claimed_ahead(self) -> bool:
        ahead = self._next
        return ahead is not None and succeeded(ahead) and ahead.result().job is not None

    def _hand_back(self, job: Job) -> None:
        line, host = self.line, self.shared.settings.host
        self.shared.keep_trying(
            lambda tx: claims.put_back(tx, job, line, host),
            "claim not given back",
            then=lambda: self.shared.waiting(job.lane, job.priority),
        )

    async def _hand_back_next(self) -> None:
        """Give back what was claimed ahead."""
        ahead, self._next = self._next, None
        if ahead is None:
            return
        try:
            claimed = await self._hurried(ahead)
        except StoreUnavailableError:
            self._unsure = True
            return
        if claimed.job is not None:
            self._hand_back(claimed.job)

    async def _give_back(self) -> None:
        """At the end: return what was claimed ahead, finish recording."""
        await self._hand_back_next()
        await self.records.written()

    async def _rest(self) -> None:
        """Wait until the line may send again, or has to look sooner."""
        clock = self.shared.clock
        self._wake.clear()
        await self._hand_back_next()  # another line may take it meanwhile
        rest_s = self._rest_until - clock.elapsed()
        if (wait := self.wait) is not None:
            # By the clock on the wall, which may be set.
            rest_s = max(rest_s, min(wait.until - clock(), WALL_CLOCK_LOOK_S))
        if rest_s > 0 and not self._leaving:
            await clock.pause(rest_s, self._wake)

    async def _be_idle(self) -> None:
        """Wait until there may be something to send."""
        self.shared.idle.add(self)
        try:
            await self._wake.wait()
        finally:
            self.shared.idle.discard(self)

    # -- sending --------------------------------------------------------------------------------

    async def _send(self, job: Job) -> None:
        frames = self._frames(job)
        if frames is None:
            return
        for seq in job.todo:
            last = seq == job.todo[-1]
            frame, begun = frames[seq - 1], self.shared.clock.elapsed()
            on_go = self._claim_ahead if last else lambda: None
            clearance = Clearance(self, job, seq, frame.hex, on_go)
            result = await self.modem.submit(frame.hex, frame.length, clearance)
            self._note(result, self.shared.clock.elapsed() - begun)
            step = await self._record(job, seq, clearance, result)
            if step is Step.REST:
                rest_s = self.shared.settings.line_rest_s
                self._rest_until = self.shared.clock.elapsed() + rest_s
                self.shared.line_rests(self.line, result)
                await self._hand_back_next()  # another line may take it meanwhile
            if step is not Step.NEXT_PART:
                self._keep_gap()
                return
            if self._leaving:
                await self.records.written()  # or nobody would hold a part that is on the air
                self._hand_back_rest(job, behind=seq)
                return

    def _note(self, result: SubmitResult, took_s: float) -> None:
        """Learn from an answer how the line and its operator fare."""
        now = self.shared.clock()
        if result.outcome is Outcome.ACCEPTED:
            self.load.add(1, now)
            self.tempo.note(took_s)
        self.shared.pace.note(self.modem.status.operator, result, now)

    def _keep_gap(self) -> None:
        """Let the least time of the plan pass before the next message, or what its operator needs
        just now."""
        gap_s, now = self._gap_s(), self.shared.clock()
        slow_s = self.shared.pace.gap_s(self.modem.status.operator, now)
        if gap_s or slow_s:
            self._wait = Wait(now + max(gap_s, slow_s), "min_gap" if gap_s > slow_s else SLOWED)

    def _gap_s(self) -> float:
        plan = self.line.plan
        return plan.min_gap_s * (1 + plan.gap_jitter * random.random())

    def _hand_back_rest(self, job: Job, *, behind: int) -> None:
        rest = replace(job, todo=job.todo[job.todo.index(behind) + 1 :])
        line, host, now = self.line, self.shared.settings.host, self.shared.clock()
        self.shared.keep_trying(
            lambda tx: claims.put_back(tx, rest, line, host, ready_at=now),
            "rest of a message not given back",
        )

    def _frames(self, job: Job) -> list[Frame] | None:
        """The TPDUs of a message; None, and the message failed, where there can be none."""
        validity_min = None
        if job.expires_at is not None:
            left_min = int((job.expires_at - self.shared.clock()) / 60)
            validity_min = min(max(left_min, 5), LONGEST_VALIDITY_MIN)
        try:
            return encode(
                job.recipient,
                job.text,
                encoding=job.encoding,
                ref=job.reference_number,
                srr=job.want_report,
                vp_minutes=validity_min,
            )
        except PduError as error:  # it was segmented when it was accepted: a fault of ours
            log.exception("not_encoded", message=job.message_id, error=str(error))
            words, now = f"The text could not be encoded: {error}", self.shared.clock()
            self.shared.keep_trying(
                lambda tx: settle.fail(tx, job.message_id, now, "not_encodable", words),
                "failure not recorded",
            )
            return None

    async def _record(self, job: Job, seq: int, clearance: Clearance, result: SubmitResult) -> Step:
        """Record an answer. An accepted part is recorded behind the next prompt."""
        shared = self.shared
        now, settings = shared.clock(), shared.settings

        def operation(tx: Transaction) -> Step:
            return settle.record(tx, clearance.attempt(), result, settings, now)

        shared.counted(self.line, job, result, self.modem.status.operator)
        await self.records.add(operation)
        follows = seq != job.todo[-1] or self._has_claimed_ahead()
        if result.outcome is not Outcome.ACCEPTED or not follows or self._leaving:
            self.records.write()
        else:
            self.records.soon()
        if result.outcome is Outcome.ACCEPTED:
            return Step.NEXT_PART if seq != job.todo[-1] else Step.DONE
        log.info(
            "not_accepted",
            message=job.message_id,
            part=seq,
            line=self.line.id,
            outcome=result.outcome,
            code=result.code,
            detail=result.detail,
        )
        step = await self.records.step()
        if result.outcome is Outcome.UNKNOWN:
            # What was claimed ahead may be for the recipient that is in doubt now: ask again.
            await self._hand_back_next()
        return step
