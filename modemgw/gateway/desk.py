"""The desk at which people ask about lines and pools, and decide about them."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modemgw.gateway import decisions, views
from modemgw.gateway.holds import Holds
from modemgw.gateway.inventory import Inventory, take_stock
from modemgw.gateway.lanes import is_of
from modemgw.gateway.learning import LEARN, VALID_FOR_S, text_of
from modemgw.gateway.limits import Account
from modemgw.gateway.line_state import (
    ACTIVE,
    EVERYTHING,
    LineState,
    Standing,
    pool_scope,
)
from modemgw.gateway.requests import Caller, RefusalError, SendRequest
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from modemgw.gateway.depths import Depths
    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.outbound import Outbound
    from modemgw.gateway.registry import Registry
    from modemgw.gateway.roster import Roster
    from modemgw.gateway.settings import GatewaySettings, Pool
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

LEARN_PRIORITY = 9


class Desk:
    """Answers and acts. Every act is known to the dispatcher when it returns."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        settings: GatewaySettings,
        registry: Registry,
        roster: Roster,
        dispatcher: Dispatcher,
        outbound: Outbound,
        depths: Depths,
        clock: Callable[[], float],
    ) -> None:
        self._writer, self._reader, self._settings = writer, reader, settings
        self._registry, self._roster, self._outbound = registry, roster, outbound
        self._clock, self._dispatcher, self._depths = clock, dispatcher, depths
        self.holds = Holds(dispatcher, registry, roster, clock)

    # -- lines ------------------------------------------------------------------------------------

    async def lines(self) -> list[dict[str, Any]]:
        """Every line, oldest first."""
        await self._registry.refresh()
        return await self._line_views(list(self._registry.rows.values()))

    async def line(self, line_id: str) -> dict[str, Any]:
        """One line. Raises RefusalError (`not-found`)."""
        await self._registry.refresh()
        return (await self._line_views([self._row(line_id)]))[0]

    async def change(
        self, line_id: str, caller: Caller, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Set name, number, tags or cost of a line. Raises RefusalError."""
        now, told = self._clock(), dict(values)
        await self._act(lambda tx: decisions.change(tx, line_id, caller.key_id, now, told))
        return await self.line(line_id)

    async def pause_line(self, line_id: str, caller: Caller, reason: str) -> dict[str, Any]:
        """Let a line send nothing until it is resumed. Raises RefusalError."""
        now, pools_of = self._clock(), self._roster.pools_of
        await self._act(
            lambda tx: decisions.pause_line(tx, line_id, reason, caller.key_id, now, pools_of)
        )
        return await self.line(line_id)

    async def resume_line(self, line_id: str, caller: Caller) -> dict[str, Any]:
        """Let it send again. Raises RefusalError."""
        return await self._decide(decisions.resume_line, line_id, caller)

    async def release(self, line_id: str, caller: Caller) -> dict[str, Any]:
        """Put a line into service again. Raises RefusalError."""
        return await self._decide(decisions.release, line_id, caller)

    async def retire(self, line_id: str, caller: Caller) -> dict[str, Any]:
        """Take a line out of service for good. Raises RefusalError."""
        return await self._decide(decisions.retire, line_id, caller)

    async def learn_number(self, line_id: str, caller: Caller) -> dict[str, Any]:
        """Send a text from a line to another own one, whose sender will be its number; that text.

        Raises RefusalError (`not-found`, `no-other-line`, and what every text may be refused for).
        """
        await self._registry.refresh()
        row = self._row(line_id)
        other = self._counterpart(row)
        if other is None:
            words = "no other line is there, active, and has a number that it could be texted at"
            raise RefusalError("no-other-line", words)
        request = SendRequest(
            to=other.number,
            text=text_of(secrets.token_hex(8)),
            from_=line_id,
            kind="transactional",
            priority=LEARN_PRIORITY,
            valid_for_s=VALID_FOR_S,
            metadata={LEARN: line_id},
        )
        # Nobody is disturbed at night: it is our own line.
        itself = Caller(caller.key_id, caller.scopes, frozenset({"transactional"}), urgent=True)
        (outcome,) = await self._outbound.send([request], itself, None)
        if isinstance(outcome, RefusalError):
            raise outcome
        return outcome

    def _counterpart(self, row: Record) -> Record | None:
        others = (
            other
            for other in self._registry.rows.values()
            if other.id != row.id
            and other.number is not None
            and other.number != row.number
            and other.retired_at is None
            and self._registry.is_present(other.id)
        )
        return next(others, None)

    def _row(self, line_id: str) -> Record:
        row = self._registry.rows.get(line_id)
        if row is None:
            raise RefusalError("not-found", "there is no line with this id")
        return row

    async def _line_views(self, rows: Sequence[Record]) -> list[dict[str, Any]]:
        found = [self._line(row) for row in rows]
        used = await self._used([Account.of_line(self._roster.as_line(row)) for row in rows])
        return [{**view, "usage": usage} for view, usage in zip(found, used, strict=True)]

    def _line(self, row: Record) -> dict[str, Any]:
        line, standing = self._roster.as_line(row), self._standing(row.id)
        hold = self.holds.of_line(row.id)
        return {
            **views.line(row, line.pools, standing),
            "present": self._registry.is_present(row.id),
            "plan": line.plan.name,
            "waiting_for": hold.rule if hold else None,
            "not_before": views.timestamp(hold.until) if hold else None,
        }

    async def _used(self, accounts: Sequence[Account | None]) -> list[list[dict[str, Any]]]:
        """How far the limits of each are used; of None: nothing."""
        now = self._clock()

        def query(connection: Connection) -> list[list[dict[str, Any]]]:
            return [
                [views.used(item) for item in account.usage(connection, now)] if account else []
                for account in accounts
            ]

        return await self._reader.run(query)

    def _standing(self, line_id: str) -> Standing:
        """With the short rest after a refusal, which is kept by no row."""
        standing, rest_s = (
            self._registry.standing(line_id),
            self._dispatcher.line_rest_s(line_id),
        )
        if standing == ACTIVE and rest_s > 0:
            words = "its operator refused a text"
            return Standing(LineState.RESTING, words, self._clock() + rest_s)
        return standing

    # -- pools and the queue ----------------------------------------------------------------------

    async def pools(self) -> list[dict[str, Any]]:
        """The default pool, and those that have a name, by that."""
        await self._registry.refresh()
        named = sorted(self._settings.pools.values(), key=lambda pool: pool.name)
        return await self._pool_views([self._settings.default_pool, *named])

    async def pause_pool(self, name: str, caller: Caller, reason: str) -> dict[str, Any]:
        """Let no line begin a text of a pool; `name` is empty for the default pool.

        Raises RefusalError (`not-found`).
        """
        pool = self._pool(name)
        await self._pause(pool_scope(name), caller, reason)
        return (await self._pool_views([pool]))[0]

    async def resume_pool(self, name: str, caller: Caller) -> dict[str, Any]:
        """Let them go again. Raises RefusalError (`not-found`)."""
        pool = self._pool(name)
        await self._resume(pool_scope(name), caller)
        return (await self._pool_views([pool]))[0]

    async def pause_all(self, caller: Caller, reason: str) -> None:
        """Let no line begin a text."""
        await self._pause(EVERYTHING, caller, reason)

    async def resume_all(self, caller: Caller) -> None:
        """Let them go again; what is paused by itself stays so."""
        await self._resume(EVERYTHING, caller)

    @property
    def paused(self) -> str | None:
        """Why everything is paused; None: it is not."""
        return self._registry.pauses.reasons.get(EVERYTHING)

    @property
    def inventory(self) -> Inventory:
        """Which expected lines are there."""
        return take_stock(self._settings.expected, self._registry)

    def _pool(self, name: str) -> Pool:
        pool = self._settings.pool(name)
        if pool is None:
            raise RefusalError("not-found", f"there is no pool {name!r} in the configuration")
        return pool

    async def _pool_views(self, pools: Sequence[Pool]) -> list[dict[str, Any]]:
        depth = await self._depths.look()
        used = await self._used([Account.of_pool(pool.name, self._settings) for pool in pools])
        return [
            {**self._pool_view(pool), "usage": usage, "waiting": depth.of_pool(pool.name)}
            for pool, usage in zip(pools, used, strict=True)
        ]

    def _pool_view(self, pool: Pool) -> dict[str, Any]:
        hold = self.holds.of_pool(pool.name)
        return {
            "name": pool.name or None,
            "kind": pool.kind,
            "tags": sorted(pool.tags),
            "lines": [row.id for row in self._registry.rows.values() if self._has(pool, row)],
            "plan": pool.plan.name if pool.plan else None,
            "paused": self._registry.pauses.reasons.get(pool_scope(pool.name)),
            "waiting_for": hold.rule if hold else None,
            "not_before": views.timestamp(hold.until) if hold else None,
        }

    def _has(self, pool: Pool, row: Record) -> bool:
        """Whether a line is of a pool; the default pool, which has no name, has all."""
        return is_of(pool.name, self._roster.pools_of(row.iccid, row.number))

    # -- acts -------------------------------------------------------------------------------------

    async def _decide(
        self, decision: Callable[..., Record], line_id: str, caller: Caller
    ) -> dict[str, Any]:
        now, pools_of = self._clock(), self._roster.pools_of
        await self._act(lambda tx: decision(tx, line_id, caller.key_id, now, pools_of))
        return await self.line(line_id)

    async def _pause(self, scope: str, caller: Caller, reason: str) -> None:
        now, pools_of = self._clock(), self._roster.pools_of
        await self._act(lambda tx: decisions.pause(tx, scope, reason, caller.key_id, now, pools_of))

    async def _resume(self, scope: str, caller: Caller) -> None:
        now, pools_of = self._clock(), self._roster.pools_of
        await self._act(lambda tx: decisions.resume(tx, scope, caller.key_id, now, pools_of))

    async def _act(self, operation: Callable[[Transaction], object]) -> None:
        await self._writer.run(operation)
        with suppress(StoreUnavailableError):  # it is written: known within seconds
            await self._registry.refresh()
