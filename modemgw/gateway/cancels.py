"""Canceling: one text, or all that fit a description.

Theory of operation
-------------------
Many are canceled a few at a time, so that nobody else waits long for the writer. Meanwhile lines go
on: a claim of this host that comes upon a text which fits a description that is being carried out
cancels it instead of taking it (`Cancels.catches`). So from the moment on when a cancel begins
nothing that fits begins, but for what another host claims before its turn comes.

Only what is scheduled or queued, and of which no part has gone or is going, is canceled.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modemgw.gateway import acts
from modemgw.gateway.acts import Reason
from modemgw.gateway.status import CANCELABLE, UNFINISHED, MessageStatus, PartStatus
from modemgw.store import messages, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modemgw.clock import Clock
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.waiting import Wanted
    from modemgw.store.writer import Writer

AT_ONCE = 50  # in one operation of the writer
LONGEST_S = 20.0  # of one request
ON_REQUEST = Reason("canceled", "Canceled on request.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many texts were canceled, and how many fit and were not: of those a part has begun, or,
    with `more`, the time was up before their turn came.
    """

    canceled: int
    left: int
    more: bool


@dataclass(slots=True)
class _Running:
    wanted: Wanted
    caught: set[str] = field(default_factory=set)  # by claims


class Cancels:
    """The cancels of many texts that are being carried out."""

    def __init__(self, writer: Writer, reader: Reader, clock: Clock) -> None:
        self._writer, self._reader, self._clock = writer, reader, clock
        self._running: tuple[_Running, ...] = ()

    async def cancel(self, wanted: Wanted, longest_s: float = LONGEST_S) -> Outcome:
        """Cancel all that fit. Raises StoreUnavailableError."""
        until = self._clock.elapsed() + longest_s
        with self._carried_out(wanted) as running:
            canceled = 0
            more = True
            while more and self._clock.elapsed() < until:
                found = await self._pass(running, until)
                canceled += found
                more = found > 0
            canceled += len(running.caught)
        left = await self._reader.run(lambda c: waiting.count(c, wanted, sorted(UNFINISHED)))
        return Outcome(canceled, left, more)

    @contextmanager
    def _carried_out(self, wanted: Wanted) -> Iterator[_Running]:
        running = _Running(wanted)
        self._running = (*self._running, running)
        try:
            yield running
        finally:
            self._running = tuple(other for other in self._running if other is not running)

    async def _pass(self, running: _Running, until: float) -> int:
        """Look once at all that fit; how many were canceled."""
        canceled = 0
        for status in sorted(CANCELABLE):
            last = ""
            while self._clock.elapsed() < until:
                ids = await self._find(running.wanted, status, last)
                if ids:
                    canceled += await self._cancel(running, ids)
                if len(ids) < AT_ONCE:
                    break
                last = ids[-1]
        return canceled

    async def _find(self, wanted: Wanted, status: str, last: str) -> Sequence[str]:
        return await self._reader.run(
            lambda c: waiting.find(c, wanted, status, after_id=last, limit=AT_ONCE)
        )

    async def _cancel(self, running: _Running, ids: Sequence[str]) -> int:
        now = self._clock()

        def operation(tx: Transaction) -> list[str]:
            rows = (messages.get(tx.connection, message_id, alone=True) for message_id in ids)
            fitting = [row for row in rows if row is not None and running.wanted.fits(row)]
            return [row.id for row in fitting if cancel(tx, row, now)]

        canceled = await self._writer.run(operation)
        running.caught.difference_update(canceled)  # whose claim was not committed
        return len(canceled)

    def catches(self, tx: Transaction, message_id: str, now: float) -> bool:
        """Whether a text that is about to be claimed is to be canceled; it is, then."""
        if not self._running:
            return False
        row = messages.get(tx.connection, message_id)
        for running in self._running:
            if row is not None and running.wanted.fits(row) and cancel(tx, row, now):
                running.caught.add(message_id)
                return True
        return False


def cancel(tx: Transaction, row: Record, now: float, reason: Reason = ON_REQUEST) -> bool:
    """Cancel a message, unless a part of it has gone or is on the air; whether it was."""
    if row.status not in CANCELABLE or row.restarts or has_begun(tx, row.id):
        return False
    acts.end(tx, row, MessageStatus.CANCELED, now, reason.code, reason.words)
    return True


def has_begun(tx: Transaction, message_id: str) -> bool:
    """Whether a part of a message has gone or may go at this moment."""
    parts = messages.get_parts(tx.connection, message_id)
    return any(part.status != PartStatus.QUEUED for part in parts)
