"""What an operation of the one writer works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modemgw.store.events import Event
    from modemgw.store.ledger import Ledger


class TakesLongError(Exception):
    """An operation that was to be brief has found much to do; the writer's thread runs it then."""


class Transaction:
    """A connection, and the events that the operation emits.

    `ledger` is the audit to which its acts are added; None where there are none such.
    """

    def __init__(
        self, connection: Connection, ledger: Ledger | None = None, *, at_once: bool = False
    ) -> None:
        self.connection = connection
        self.ledger = ledger
        self._at_once = at_once
        self.outbox: list[Event] = []

    def takes_long(self) -> None:
        """Say that there is much to do: who runs it may leave it to somebody who has the time.

        What was done so far is rolled back then, and the operation run again.
        """
        if self._at_once:
            raise TakesLongError

    def emit(self, event: Event) -> None:
        """Publish this event when the group commits."""
        self.outbox.append(event)

    def erased_as(self, number: str) -> str:
        """Under what the opt-out of a number stays when its data are erased; empty where there is
        no ledger, and so no key."""
        return "" if self.ledger is None else self.ledger.erased_as(number)

    def record(self, action: str, number: str | None, now: float, **detail: Any) -> None:
        """Add an entry to the audit, in this very transaction.

        Raises RuntimeError where the writer was given no ledger.
        """
        if self.ledger is None:
            raise RuntimeError(f"{action}: an act that the audit must know, and no ledger")
        self.ledger.append(self.connection, action, number, now, detail)
