"""What an older version has left in the database is sent by this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic import command
from sqlalchemy import text

from modemgw.ids import new_id
from modemgw.store.engine import writer_engine
from modemgw.store.schema import migrate
from modemgw.store.upgrade import alembic_config
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import START, World

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEY = new_id("key")
DAY = 86_400.0


def put(connection: Connection, table: str, **values: Any) -> None:
    """Write a row as it is."""
    names, given = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({given})"), values)


def write(
    connection: Connection, number: int, statuses: tuple[str, ...] = ("queued",), **values: Any
) -> str:
    """A text of the first schema with parts of these statuses; its identifier."""
    message_id, recipient = new_id("msg"), f"+1202555{number:04}"
    defaults = {
        "id": message_id,
        "direction": "outbound",
        "status": "queued",
        "recipient": recipient,
        "kind": "transactional",
        "text": f"text {number}" if len(statuses) == 1 else "A long story. " * 25,
        "encoding": "gsm7",
        "parts": len(statuses),
        "reference_number": 7 if len(statuses) > 1 else None,
        "partial": False,
        "created_at": START - 60,
        "metadata": "{}",
        "urgent": False,
        "want_report": False,
        "expires_at": START + DAY,
        "if_in_doubt": "hold",
        "key_id": KEY,
        "priority": 5,
        "resends": 0,
    }
    put(connection, "messages", **{**defaults, **values})
    for seq, status in enumerate(statuses, 1):
        begun = {} if status == "queued" else {"submitting_at": START - 50}
        part = {"message_id": message_id, "seq": seq, "recipient": recipient, **begun}
        attempts = 0 if status == "queued" else 1
        put(connection, "parts", **part, status=status, attempts=attempts, line_id=None)
    return message_id


async def test_what_the_first_schema_held_is_sent_after_the_upgrade(
    empty_database_url: str,
) -> None:
    """Queued in every lane, scheduled, claimed, partly sent; what was on the air is in doubt."""
    modem, line = ScriptedModem(2), new_id("lin")  # of the pool `sales`
    engine, config = writer_engine(empty_database_url), alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        put(
            connection,
            "lines",
            id=line,
            iccid=modem.status.iccid,
            number="+12025550192",
            created_at=START - DAY,
            seen_at=START - 60,
        )
        lanes: dict[str, Any] = {"lane": f"line:{line}", "home_lane": f"line:{line}"}
        pool: dict[str, Any] = {"lane": "pool:sales", "home_lane": "pool:sales", "pool": "sales"}
        calm: dict[str, Any] = {
            "lane": "pool:sales/patient",
            "home_lane": "pool:sales/patient",
            "pool": "sales",
        }
        sticky: dict[str, Any] = {"lane": f"line:{line}", "home_lane": "pool:"}
        claimed: dict[str, Any] = {
            "lane": None,
            "home_lane": "pool:",
            "claimed_by": "here",
            "line_id": line,
        }
        sending = {**claimed, "status": "sending"}
        later: dict[str, Any] = {"lane": None, "home_lane": "pool:/patient", "ready_at": START + 60}
        rest = {**sending, "claimed_by": None, "ready_at": START - 1}
        sent = [
            write(connection, 1, lane="pool:", home_lane="pool:"),
            write(connection, 2, **lanes, line_id=line),
            write(connection, 3, **pool),
            write(connection, 4, **calm, kind="marketing"),
            write(connection, 5, **sticky),
            write(connection, 6, **claimed),
            write(connection, 7, **later, status="scheduled", send_at=START + 60),
            write(connection, 8, ("sent", "queued", "queued"), **rest),
            write(connection, 9, lane="pool:", home_lane="pool:", key_id=None),
        ]
        doubtful = write(connection, 10, ("submitting",), **sending)
    engine.dispose()
    migrate(empty_database_url)
    world = World(empty_database_url)
    await world.start(modem)
    await world.later(61)
    for message_id in sent:
        await world.becomes(message_id, "sent")
    assert await world.status(doubtful) == "in_doubt"
    assert len(modem.written) == len(sent) + 1  # one was of three parts, of which one had gone
    await world.stop()
