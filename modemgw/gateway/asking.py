"""The gate asked about a text as at its acceptance, but for the writing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

from modemgw.consent.gate import Block, Defer, objections, zones
from modemgw.gateway.outbound import Draft, refusal_of
from modemgw.gateway.requests import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from modemgw.gateway.outbound import Outbound, Weighed
    from modemgw.gateway.requests import Caller, SendRequest
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader

_ANY_TEXT = "."
_NO_CONVERSATION = SimpleNamespace(id=None, line_id=None, spoken_at=None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What would become of a text if it were sent now.

    `weighed` has the gate's question and decision; None where the request itself is at fault.
    `row` is the message that it would become, not written; None where it would be refused, for
    which `refusal` gives the reason.
    """

    weighed: Weighed | None
    row: Record | None
    refusal: RefusalError | None

    @property
    def words(self) -> str | None:
        """Why it is refused, or must wait; None: the gate lets it go now."""
        if self.refusal is not None:
            return self.refusal.words
        decision = None if self.weighed is None else self.weighed.decision
        return decision.words if isinstance(decision, Defer) else None


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a recipient may be texted: what stands against it, all of it, and in which zones the
    hours are reckoned. `is_reply`: they wrote lately, so hours and caps do not bind an answer.
    """

    draft: Draft
    objections: tuple[Block | Defer, ...]
    zones: tuple[str, ...]
    is_reply: bool

    @property
    def outcome(self) -> str:
        """`allowed`, `deferred` or `blocked`."""
        if any(isinstance(objection, Block) for objection in self.objections):
            return "blocked"
        return "deferred" if self.objections else "allowed"


class Asking:
    """Answers "what if", by the code that accepts texts."""

    def __init__(self, outbound: Outbound, reader: Reader, clock: Callable[[], float]) -> None:
        self._outbound, self._reader, self._clock = outbound, reader, clock

    async def ask(self, request: SendRequest, caller: Caller) -> Asked:
        """What would become of this text now; nothing is written, nothing is counted.

        Raises StoreUnavailableError.
        """
        draft = self._outbound.check(request, caller)
        if isinstance(draft, RefusalError):
            return Asked(None, None, draft)
        now = self._clock()
        return await self._reader.run(lambda c: self._weigh(c, draft, caller, now))

    async def check(self, request: SendRequest, caller: Caller) -> Checked | RefusalError:
        """What each rule of the gate says of any text to this recipient, whatever its words.

        A RefusalError where the request itself is at fault. Raises StoreUnavailableError.
        """
        draft = self._outbound.check(replace(request, text=_ANY_TEXT), caller)
        if isinstance(draft, RefusalError):
            return draft
        now = self._clock()

        def query(connection: Connection) -> Checked | RefusalError:
            try:
                weighed = self._outbound.weigh(connection, draft, caller, now)
            except RefusalError as refusal:
                return refusal
            question = weighed.question
            return Checked(draft, objections(question), zones(question), question.is_reply)

        return await self._reader.run(query)

    def _weigh(self, connection: Connection, draft: Draft, caller: Caller, now: float) -> Asked:
        try:
            weighed = self._outbound.weigh(connection, draft, caller, now)
        except RefusalError as refusal:
            return Asked(None, None, refusal)
        if isinstance(weighed.decision, Block):
            return Asked(weighed, None, refusal_of(weighed.decision))
        conversation = weighed.conversation or _NO_CONVERSATION
        return Asked(weighed, self._outbound.row_of(weighed, conversation, caller, now), None)
