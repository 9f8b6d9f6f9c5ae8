"""The guard of the lines: what a line's answers and reports say of its SIM, and what follows.

A SIM that its operator has blocked is quarantined until a person releases it; one whose texts
arrive no longer rests for some hours. Both are told as alerts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from modemgw.gateway import decisions
from modemgw.gateway.blocking import Watch
from modemgw.gateway.silence import Shares
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from modemgw.clock import Clock
    from modemgw.gateway.blocking import Answer
    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.registry import Registry
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

JUDGE_EVERY_S = 30.0


class Guard:
    """Follows the lines of this host."""

    def __init__(
        self,
        writer: Writer,
        settings: GatewaySettings,
        registry: Registry,
        dispatcher: Dispatcher,
        pools_of: decisions.PoolsOf,
        clock: Clock,
    ) -> None:
        self._writer, self._settings, self._registry = writer, settings, registry
        self._dispatcher, self._pools_of, self._clock = dispatcher, pools_of, clock
        self._watch, self._shares = Watch(settings.blocked_after), Shares()
        dispatcher.answered = self.answered

    async def run(self) -> None:
        """Judge the shares and end rests, now and then, until cancelled."""
        while True:
            await self._clock.pause(JUDGE_EVERY_S)
            try:
                await self.judge()
            except StoreUnavailableError as error:
                log.warning("lines_not_judged", error=str(error))

    def answered(self, answer: Answer) -> None:
        """A network has answered a submit."""
        if answer.accepted and answer.want_report:
            self._shares.accepted(answer.line_id, answer.at)
        run = self._watch.told(answer)
        if run is not None:
            self._watch.forget(answer.line_id)
            self._quarantine(answer.line_id, run.words)

    def delivered(self, line_id: str, submitted_at: float) -> None:
        """A part that was submitted then was reported as delivered."""
        self._shares.delivered(line_id, submitted_at, self._clock())

    async def judge(self) -> None:
        """Let lines rest that have fallen silent; end the rests that are over. Raises
        StoreUnavailableError.
        """
        now, pools_of = self._clock(), self._pools_of
        if self._settings.drop_rest_s:
            for line_id, silence in self._shares.silent(now).items():
                self._let_rest(line_id, silence.words)
        if await self._writer.run(lambda tx: decisions.end_rests(tx, now, pools_of), patient=True):
            self._registry.soon()

    def _let_rest(self, line_id: str, words: str) -> None:
        self._shares.forget(line_id)
        now, pools_of = self._clock(), self._pools_of
        until = now + self._settings.drop_rest_s
        log.warning("line_silent", line=line_id, detail=words)
        self._dispatcher.keep_trying(
            lambda tx: decisions.rest(tx, line_id, words, until, now, pools_of),
            "rest not written",
            then=self._registry.soon,
        )

    def _quarantine(self, line_id: str, words: str) -> None:
        now, pools_of = self._clock(), self._pools_of
        log.warning("line_quarantined", line=line_id, detail=words)
        self._registry.bar(line_id)
        self._dispatcher.keep_trying(
            lambda tx: decisions.quarantine(tx, line_id, words, now, pools_of),
            "quarantine not written",
            then=lambda: self._registry.written(line_id),
        )
