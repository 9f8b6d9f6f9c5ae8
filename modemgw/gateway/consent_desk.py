"""The desk at which consents are recorded and withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modemgw.gateway import consenting, views
from modemgw.gateway.requests import RefusalError
from modemgw.store import consents

if TYPE_CHECKING:
    from modemgw.clock import Clock
    from modemgw.gateway.consenting import Consent
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.gateway.withdrawals import Withdrawals
    from modemgw.store.writer import Transaction, Writer


class ConsentDesk:
    """Records and withdraws consents."""

    def __init__(
        self, writer: Writer, settings: GatewaySettings, withdrawals: Withdrawals, clock: Clock
    ) -> None:
        self._writer, self._settings, self._clock = writer, settings, clock
        self._withdrawals = withdrawals

    def check_scope(self, scope: str) -> str:
        """A scope that there is. Raises RefusalError (`unknown-pool`)."""
        known = {consents.EVERYWHERE, *map(consents.pool_scope, self._settings.pools)}
        if scope in known:
            return scope
        words = f"a scope is one of {', '.join(sorted(known))}; got {scope!r}"
        raise RefusalError("unknown-pool", words, field="scope")

    async def give(self, consent: Consent) -> dict[str, Any]:
        """Record a consent; how it stands then."""
        now = self._clock()
        return await self._writer.run(lambda tx: views.consent(consenting.give(tx, consent, now)))

    async def withdraw(
        self, number: str, *, by: str, reason: str, kind: str | None, scope: str | None
    ) -> list[dict[str, Any]]:
        """Withdraw consents; which. Nothing that needs them begins from the commit on."""
        now = self._clock()

        def operation(tx: Transaction) -> list[dict[str, Any]]:
            rows = consenting.withdraw(
                tx, number, now, by=by, reason=reason, kind=kind, scope=scope
            )
            return [views.consent(row) for row in rows]

        with self._withdrawals.hold(number):
            ended = await self._writer.run(operation)
            if ended:
                self._withdrawals.note(number)
        return ended
