"""The inventory: which SIMs should be there, and which of them are missing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.gateway import views
from modemgw.gateway.duty import attend
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modemgw.clock import Clock
    from modemgw.gateway.registry import Registry
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

MISSING: Final = "line_missing"
DUTY: Final = "inventory"
PATIENCE_S: Final = 240.0  # a modem may need three minutes from cold
_NAMED: Final = 10  # ICCIDs in a sentence


@dataclass(frozen=True, slots=True)
class Inventory:
    """How many lines are expected, and the ICCIDs of those that are missing, in order."""

    expected: int
    missing: tuple[str, ...]

    @property
    def words(self) -> str:
        """Such as "38 of 40, missing: …"."""
        there = f"{self.expected - len(self.missing)} of {self.expected}"
        if not self.missing:
            return there
        more = len(self.missing) - _NAMED
        rest = f" and {more} more" if more > 0 else ""
        return f"{there}, missing: {', '.join(self.missing[:_NAMED])}{rest}"


def take_stock(expected: Iterable[str], registry: Registry) -> Inventory:
    """What is there of the ICCIDs that are expected. Nobody expects what is retired."""
    by_iccid = {row.iccid: row for row in registry.rows.values()}
    retired = {iccid for iccid, row in by_iccid.items() if row.retired_at is not None}
    present = {iccid for iccid, row in by_iccid.items() if registry.is_present(row.id)}
    wanted = set(expected) - retired
    return Inventory(len(wanted), tuple(sorted(wanted - present)))


class Stocktaker:
    """Raises an alert for each line that stays away, on one host of a database."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        expected: frozenset[str],
        registry: Registry,
        clock: Clock,
    ) -> None:
        self._writer, self._reader, self._expected = writer, reader, expected
        self._registry, self._clock = registry, clock
        self._missed_since: dict[str, float] = {}
        self._raised: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        if not self._expected:
            await asyncio.Event().wait()
        await attend(self._reader.turn(DUTY), self.look, self._clock, "inventory_not_taken")

    async def look(self) -> None:
        """Raise and clear alerts. Raises StoreUnavailableError."""
        now, missing = self._clock(), take_stock(self._expected, self._registry).missing
        self._missed_since = {iccid: self._missed_since.get(iccid, now) for iccid in missing}
        late = frozenset(
            iccid for iccid, since in self._missed_since.items() if now >= since + PATIENCE_S
        )
        if late == self._raised:
            return
        by_iccid = {row.iccid: row.id for row in self._registry.rows.values()}
        before = self._raised

        def operation(tx: Transaction) -> None:
            for kind, iccids in (("alert.raised", late - before), ("alert.cleared", before - late)):
                for iccid in sorted(iccids):
                    words = f"the SIM {iccid} is expected and sits in no modem that works"
                    data = views.missing_alert(MISSING, iccid, by_iccid.get(iccid), words)
                    tx.emit(Event(kind, now, data))

        await self._writer.run(operation)
        self._raised = late
