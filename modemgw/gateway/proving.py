"""What a host does for its chain of the audit: carries the old list over, notes changed rules, and
publishes the head, so that it shows when somebody cuts the end off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import structlog

from modemgw.gateway.views import timestamp
from modemgw.store import heads
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.events import Event

if TYPE_CHECKING:
    from modemgw.clock import Clock
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.chain import Head
    from modemgw.store.ledger import Ledger
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

EVERY_S: Final = 3_600.0
LOOK_EVERY_S: Final = 10.0
BATCH: Final = 200


class Proving:
    """The duties of one host towards its own chain; each host has its own."""

    def __init__(self, writer: Writer, settings: GatewaySettings, clock: Clock) -> None:
        self._writer, self._settings, self._clock = writer, settings, clock
        self._next_at = float("-inf")  # by what has elapsed
        self._unwritten: Head | None = None  # published, but not in the file yet

    async def prepare(self) -> None:
        """Before anything is sent: see to the key, carry the old list over, note the rules.

        Raises StoreError when the key is not the one that the database knows.
        """
        ledger, now = self._writer.ledger, self._clock()
        if ledger is None:
            return
        await self._writer.run(lambda tx: ledger.demand_key(tx.connection))
        carried = 0
        while taken := await self._writer.run(
            lambda tx: ledger.carry_over(tx.connection, now, BATCH)
        ):
            carried += taken
        rules = self._settings.rules
        if rules:
            await self._writer.run(lambda tx: ledger.note_rules(tx.connection, rules, now))
        if carried:
            log.info("audit_carried_over", entries=carried)

    async def run(self) -> None:
        """Publish the head at once and every hour, until cancelled."""
        while True:
            try:
                await self.look()
            except StoreUnavailableError as error:
                log.warning("audit_head_waits", error=str(error))
            await self._clock.pause(LOOK_EVERY_S)

    async def look(self) -> None:
        """Publish the head if it is time. Raises StoreUnavailableError.

        A file that cannot be written is tried again at the next look.
        """
        ledger = self._writer.ledger
        if ledger is not None and self._clock.elapsed() >= self._next_at:
            now = self._clock()
            head = await self._writer.run(lambda tx: _announce(tx, ledger, now))
            self._next_at = self._clock.elapsed() + EVERY_S
            if head is not None:
                log.info("audit_head", **_shown(head))
                self._unwritten = head
        await self._write()

    async def _write(self) -> None:
        path, head = self._settings.head_file, self._unwritten
        if path is None or head is None:
            return
        try:
            await asyncio.to_thread(heads.publish, path, head)
        except OSError as error:
            log.warning("audit_head_not_written", path=str(path), error=error.strerror)
        else:
            self._unwritten = None


def _announce(tx: Transaction, ledger: Ledger, now: float) -> Head | None:
    head = ledger.head(tx.connection, now)
    if head is not None:
        tx.emit(Event("audit.head", now, _shown(head)))
    return head


def _shown(head: Head) -> dict[str, Any]:
    return {
        "chain": head.chain,
        "sequence": head.sequence,
        "link": head.link,
        "at": timestamp(head.at),
        "mac": head.mac,
    }
