"""The desk at which consents are recorded and withdrawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modemgw.consent.replies import Reply
from modemgw.gateway import consenting, views
from modemgw.gateway.requests import RefusalError, SendRequest

if TYPE_CHECKING:
    from modemgw.clock import Clock
    from modemgw.consent.replies import Replies
    from modemgw.gateway.consenting import Consent
    from modemgw.gateway.outbound import Draft, Outbound
    from modemgw.gateway.requests import Caller
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.gateway.withdrawals import Withdrawals
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer


class ConsentDesk:
    """Records and withdraws consents."""

    def __init__(
        self,
        writer: Writer,
        settings: GatewaySettings,
        withdrawals: Withdrawals,
        outbound: Outbound,
        replies: Replies,
        clock: Clock,
    ) -> None:
        self._writer, self._settings, self._clock = writer, settings, clock
        self._withdrawals = withdrawals
        self._outbound, self._replies = outbound, replies

    def check_scope(self, scope: str) -> str:
        """A scope that there is. Raises RefusalError (`unknown-pool`)."""
        if self._settings.optouts.knows(scope):
            return scope
        known = ", ".join(self._settings.optouts.scopes)
        words = f"a scope is one of {known}; got {scope!r}"
        raise RefusalError("unknown-pool", words, field="scope")

    async def give(self, consent: Consent) -> dict[str, Any]:
        """Record a consent; how it stands then."""
        now, rules = self._clock(), self._settings.optouts
        return await self._writer.run(
            lambda tx: views.consent(consenting.give(tx, consent, now, rules))
        )

    async def record(
        self, consent: Consent, caller: Caller, *, double: bool | None, language: str | None = None
    ) -> dict[str, Any]:
        """Record a consent, or ask for it by text where that is wanted (None: by default).

        `language` is that of the question (ISO 639-1). Raises RefusalError where the question is
        refused, `asked-lately` where they were asked not long ago.
        """
        rules = self._settings.double_opt_in
        if not (rules.by_default if double is None else double):
            return await self.give(consent)
        question, asker, now = self._question(consent, caller, language)
        outcome = await self._writer.run(
            lambda tx: consenting.ask(
                tx, consent, now, rules, lambda tx: self._outbound.take(tx, question, asker, now)
            )
        )
        if isinstance(outcome, RefusalError):
            self._outbound.settled([outcome], [])
            raise outcome
        row, taken = outcome
        self._outbound.settled([], [] if taken is None else [taken])
        return views.consent(row)

    def _question(
        self, consent: Consent, caller: Caller, language: str | None
    ) -> tuple[Draft, Caller, float]:
        """The text that asks, of the kind that it asks for, who sends it, and when."""
        pools = self._settings.optouts.pools_in(consent.scope)
        pool = None if pools is None else min(pools)  # of a brand, whichever comes first
        replies = self._replies if pool is None else self._replies.of_pool(pool)
        request = SendRequest(
            to=consent.number,
            text=replies.text(Reply.CONSENT, language),
            pool=pool,
            kind=consent.kind,
        )
        # Who may record consents may ask for them, but at no other hours than all.
        asker = replace(caller, kinds=frozenset({consent.kind}), urgent=False)
        draft = self._outbound.check(request, asker)
        if isinstance(draft, RefusalError):
            raise draft
        return replace(draft, asks_consent=True), asker, self._clock()

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
