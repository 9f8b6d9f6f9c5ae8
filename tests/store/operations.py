"""Small operations that tests hand to the writer, and rows that they write."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from modemgw.ids import new_id
from modemgw.store import messages, tables
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from modemgw.store.transaction import Transaction

NOW = 1_800_000_000.0


def count(name: str, value: int = 1) -> Callable[[Transaction], str]:
    """An operation that writes one row with this name."""

    def operation(tx: Transaction) -> str:
        tx.connection.execute(insert(tables.counters).values(name=name, value=value))
        return name

    return operation


def emit(name: str) -> Callable[[Transaction], None]:
    """An operation that emits one event."""
    return lambda tx: tx.emit(Event("call.received", NOW, {"name": name}))


def names(connection: Connection) -> set[str]:
    """The names that `count` has written."""
    counters = tables.counters.c.name
    return set(connection.execute(select(counters).where(counters != "events")).scalars())


class Gate:
    """An operation that keeps the writer busy until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()

    def __call__(self, _tx: Transaction) -> None:
        self.entered.set()
        assert self._open.wait(10)

    def open(self) -> None:
        """Let the writer go on."""
        self._open.set()


def write_text(connection: Connection, **values: Any) -> str:
    """Write a queued outbound message of one part; its identifier."""
    message_id = new_id("msg")
    row: dict[str, Any] = {
        "id": message_id,
        "direction": "outbound",
        "status": "queued",
        "recipient": "+12025550111",
        "kind": "transactional",
        "text": "Hello",
        "encoding": "gsm7",
        "parts": 1,
        "created_at": NOW,
        "lane": "*|||",
        "home_lane": "*|||",
        "priority": 5,
        **values,
    }
    messages.insert_queued(connection, [messages.new_message(row)])
    return message_id
