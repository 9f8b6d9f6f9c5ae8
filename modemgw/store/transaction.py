"""What an operation of the one writer works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from modemgw.store.events import Event
    from modemgw.store.ledger import Ledger


class Transaction:
    """A connection, and the events that the operation emits.

    `ledger` is the audit to which its acts are added; None where there are none such.
    """

    def __init__(self, connection: Connection, ledger: Ledger | None = None) -> None:
        self.connection = connection
        self.ledger = ledger
        self.outbox: list[Event] = []

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
