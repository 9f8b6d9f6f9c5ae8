"""The right of one part to begin: its write-ahead behind the prompt, the last look at the gate."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from modemgw.gateway import claims
from modemgw.gateway.settle import Attempt
from modemgw.modem.interface import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.gateway.claims import Job
    from modemgw.gateway.worker import LineWorker
    from modemgw.store.transaction import Transaction


class Clearance:
    """The right of one part to begin."""

    def __init__(
        self, worker: LineWorker, job: Job, seq: int, tpdu: str, on_go: Callable[[], None]
    ) -> None:
        self._worker, self._job, self._seq = worker, job, seq
        self._tpdu, self._on_go = tpdu, on_go
        self._has_begun = False
        self._was_asked = False
        self._is_over = False
        self._asked_at = self._granted_at = float("-inf")

    async def obtain(self) -> bool:
        worker, job, seq, shared = self._worker, self._job, self._seq, self._worker.shared
        now = shared.clock()
        self._asked_at = time.monotonic()

        def begin(tx: Transaction) -> bool:
            if self._is_over or worker.is_leaving:
                return False
            self._has_begun = claims.begin_part(
                tx, job, seq, worker.line, worker.modem_id, shared.settings, now, self._tpdu
            )
            return self._has_begun

        def ask_again(tx: Transaction) -> bool:
            return claims.ask_again(tx, job, seq, shared.settings)

        operation = ask_again if self._was_asked else begin
        self._was_asked = True
        try:
            granted = await worker.records.write_behind(operation)
        except asyncio.CancelledError:
            # It took too long: the part is withdrawn, and soon claimed again. What still waits in
            # the writer's queue must not begin it then: nobody would send it.
            self._is_over = True
            raise
        if not worker.records.recorded():
            return False
        self._granted_at = time.monotonic()
        return granted

    def attempt(self) -> Attempt:
        """What its outcome is recorded of; to be asked for by the operation that does, behind the
        write-ahead."""
        worker, job = self._worker, self._job
        return Attempt(
            job.message_id, self._seq, worker.line.id, worker.modem_id, begun=self._has_begun
        )

    def verdict(self) -> Verdict:
        shared, job = self._worker.shared, self._job
        if self._worker.is_leaving:
            return Verdict.NO
        if job.permit is None and shared.refusals.refuses(job.recipient, job.kind, job.pool):
            return Verdict.NO
        if job.is_marketing and shared.refusals.review_due_at(job.recipient) is not None:
            return Verdict.NO
        if job.needs_consent and shared.refusals.withdrawals.since(job.recipient, self._asked_at):
            return Verdict.NO
        if self._seq == job.todo[0] and shared.holds(self._worker.line.id, job.lane):
            return Verdict.NO
        if job.expires_at is not None and shared.clock() >= job.expires_at:
            return Verdict.NO
        if time.monotonic() - self._granted_at > shared.settings.permit_age_s:
            return Verdict.STALE
        self._on_go()
        return Verdict.GO
