"""What is kept for a time alone, and forgotten after it: in pieces, and nobody waits for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog

from modemgw.store import events, idempotency, retention, usage
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modemgw.clock import Clock
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.transaction import Transaction
    from modemgw.store.usage import Place
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

# Forgets what is older than a time, of so many behind a place; up to where, None when all is done.
Forget: TypeAlias = "Callable[..., Any | None]"

EVERY_S = 10.0
PIECE = 500
PIECES = 20  # of each kind at a time
LOOKED_THROUGH = 2_000  # rows of usage at a time


class Forgetting:
    """Forgets in the background."""

    def __init__(self, writer: Writer, settings: GatewaySettings, clock: Clock) -> None:
        self._writer, self._settings, self._clock = writer, settings, clock
        self._usage_places: Mapping[str, Place] = {}  # up to which old usage is forgotten
        self._places: dict[Forget, Any] = {}  # as far as what is old was looked at

    async def run(self) -> None:
        """Forget until cancelled. A database that is away is waited for."""
        while True:
            try:
                await self.forget()
            except StoreUnavailableError as error:
                log.warning("forgetting_waits", error=str(error))
            except Exception:
                log.exception("forgetting_failed")
            await self._clock.pause(EVERY_S)

    async def forget(self) -> None:
        """Forget what is older than it is kept; where there is much, the rest the next time."""
        now, kept = self._clock(), self._settings
        await self._pieces(events.prune, now - kept.keep_events_s)
        await self._pieces(retention.forget_reports, now - kept.keep_reports_s)
        await self._pieces(retention.forget_tpdus_of_reports, now - kept.keep_reports_s)
        if kept.keep_messages_s is not None:
            await self._pieces(retention.forget_messages, now - kept.keep_messages_s)
        while await self._answers(now - kept.keep_idempotency_s):
            pass
        places = self._usage_places
        self._usage_places = await self._writer.run(
            lambda tx: usage.prune(tx.connection, now, places, LOOKED_THROUGH), patient=True
        )

    async def _pieces(self, forget: Forget, before: float) -> None:
        for _ in range(PIECES):
            place = self._places.pop(forget, None)
            behind = () if place is None else (place,)
            piece = partial(_piece, forget, before, behind)
            place = await self._writer.run(piece, patient=True)
            if place is None:
                return
            self._places[forget] = place

    async def _answers(self, before: float) -> bool:
        """Forget some that are kept under an Idempotency-Key; whether there may be more."""
        forgotten = await self._writer.run(
            lambda tx: idempotency.prune(tx.connection, before, PIECE), patient=True
        )
        return forgotten == PIECE


def _piece(forget: Forget, before: float, behind: tuple[Any, ...], tx: Transaction) -> Any | None:
    return forget(tx.connection, before, PIECE, *behind)
