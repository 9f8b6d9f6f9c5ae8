"""What one host at a time does now and then, among several on one database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from modemgw.clock import Clock
    from modemgw.store.turn import Turn

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 10.0


async def attend(
    turn: Turn, look: Callable[[], Awaitable[None]], clock: Clock, trouble: str
) -> None:
    """Look every ten seconds while it is our turn, until cancelled.

    A database that is away is waited for; `trouble` is the word for that in the log.
    """
    try:
        while True:
            try:
                if await asyncio.to_thread(turn.hold):
                    await look()
            except StoreUnavailableError as error:
                log.warning(trouble, error=str(error))
            await clock.pause(LOOK_EVERY_S)
    finally:
        await asyncio.to_thread(turn.release)
