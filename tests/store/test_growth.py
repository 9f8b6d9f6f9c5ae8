"""What is done all the time costs no more when there is a long history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from modemgw.gateway import upkeep
from modemgw.store import (
    deliveries,
    events,
    inbox,
    messages,
    optouts,
    queue,
    retention,
    tables,
    webhooks,
)
from modemgw.store.engine import writer_engine
from modemgw.store.schema import migrate
from modemgw.store.transaction import Transaction
from modemgw.store.webhooks import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

NOW, DAY_S = 1_700_000_000.0, 86_400.0
LINE, RECIPIENT = "lin_one", "+15550001"
SHORT, LONG = 100, 2_000
STEPS_AT_ONCE = 10  # of SQLite's machine, as fine as it is counted


def _fill(connection: Connection, count: int) -> None:
    """So many texts that were delivered, with all that is kept of them, and as many that wait."""
    hook = webhooks.add(connection, Endpoint("http://a/", ("*",), "whsec_a"), "api", NOW)
    usual = {
        **messages.EMPTY_MESSAGE, "direction": "outbound", "recipient": RECIPIENT, "text": "x",
        "encoding": "gsm7", "parts": 1, "created_at": NOW, "expires_at": NOW + 9 * DAY_S,
    }  # fmt: skip
    delivered = [
        {**usual, "id": f"msg_d{i}", "status": "delivered", "line_id": LINE} for i in range(count)
    ]
    parked = [
        {**usual, "id": f"msg_p{i}", "status": "queued", "ready_at": NOW + DAY_S}
        for i in range(count)
    ]
    connection.execute(insert(tables.messages), [*delivered, *parked])
    parts = [
        {
            "message_id": f"msg_d{i}", "seq": 1, "status": "delivered", "recipient": RECIPIENT,
            "line_id": LINE, "modem_id": "mod_one", "mr": i % 256, "attempts": 1,
            "submitting_at": NOW, "settled_at": NOW,
        }
        for i in range(count)
    ]  # fmt: skip
    connection.execute(insert(tables.parts), parts)
    arrived = [
        {
            "id": f"inb_{i}", "fingerprint": str(i), "line_id": LINE, "pdu": "00",
            "kind": "report", "received_at": NOW, "total": 1, "seq": 1,
        }
        for i in range(count)
    ]  # fmt: skip
    connection.execute(insert(tables.inbound_parts), arrived)
    events.publish(connection, [events.Event("message.status", NOW, {}) for _ in range(count)])
    for position in range(1, count + 1):
        webhooks.settle(connection, hook.id, position, status="delivered", settled_at=NOW)


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Connection, Connection]]:
    """A database with a short history and one with a long one."""
    folder: Path = tmp_path_factory.mktemp("growth")
    connections = []
    for count in (SHORT, LONG):
        url = f"sqlite:///{folder}/{count}.db"
        migrate(url)
        connections.append(writer_engine(url).connect())
        _fill(connections[-1], count)
    yield connections[0], connections[1]
    for connection in connections:
        connection.close()


def _hook(connection: Connection) -> str:
    return str(webhooks.all_endpoints(connection)[0].id)


WORK: dict[str, Callable[[Connection], object]] = {
    "end what waits past its validity": lambda c: upkeep.expire(Transaction(c), NOW),
    "end old doubts": lambda c: upkeep.end_doubts(Transaction(c), NOW, DAY_S),
    "end what is partly sent": lambda c: upkeep.end_partly_sent(Transaction(c), NOW, DAY_S),
    "forget old events": lambda c: events.prune(c, NOW - DAY_S, 50),
    "forget old texts": lambda c: retention.forget_messages(c, NOW - DAY_S, 50),
    "forget old reports": lambda c: (
        retention.forget_reports(c, NOW - DAY_S, 50),
        retention.forget_tpdus_of_reports(c, NOW - DAY_S, 50),
    ),
    "give out what is partial": lambda c: inbox.open_parts(c, NOW, 500),
    "match a report": lambda c: (
        messages.parts_awaiting_report(c, LINE, 999, RECIPIENT, NOW),
        messages.has_part_of_unknown_mr(c, LINE, RECIPIENT, NOW),
        messages.parts_in_doubt(c, LINE, RECIPIENT),
        inbox.early_reports(c, LINE, 999, RECIPIENT, NOW),
    ),
    "decide alone about some": lambda c: optouts.lock_all(c, (f"+1777000{i}" for i in range(50))),
    "let go what waited for a recipient": lambda c: queue.release_recipient(c, RECIPIENT, NOW),
    "bring what is due": lambda c: queue.due(c, NOW, 500),
    "find what an endpoint is owed": lambda c: webhooks.pending(c, _hook(c), limit=100),
    "count what endpoints are owed": webhooks.owed,
    "find what is posted late": lambda c: deliveries.late(c, _hook(c), NOW, 100),
}


@pytest.mark.parametrize("work", WORK)
def test_what_is_done_all_the_time_does_not_look_through_the_history(
    histories: tuple[Connection, Connection], work: str
) -> None:
    """SQLite takes about as many steps with twenty times the history."""
    short, long = (_steps(connection, WORK[work]) for connection in histories)
    assert long <= 2 * short + 20, f"{short} and {long} times {STEPS_AT_ONCE} steps"


def _steps(connection: Connection, work: Callable[[Connection], object]) -> int:
    taken = 0

    def count() -> None:
        nonlocal taken
        taken += 1

    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.set_progress_handler(count, STEPS_AT_ONCE)
    try:
        work(connection)
    finally:
        driver.set_progress_handler(None, 0)
    return taken
